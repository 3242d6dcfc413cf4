// Plays, seeks and switches through one package and posts what happened; judging is the test's work.
import { players, sourceBuffers } from "./players.js";

const video = document.getElementById("video");
const query = new URLSearchParams(location.search);
const SECONDS_PER_WAIT = 15;

const ranges = (list) => Array.from({ length: list.length }, (_, i) => [list.start(i), list.end(i)]);
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function until(what, condition) {
  const deadline = performance.now() + SECONDS_PER_WAIT * 1000;
  while (!condition()) {
    if (video.error) throw new Error(`${what}: media error ${video.error.code}: ${video.error.message}`);
    if (performance.now() > deadline) throw new Error(`${what}: not within ${SECONDS_PER_WAIT} s; ${describe()}`);
    await sleep(0.01);
  }
}

function describe() {
  return JSON.stringify({
    at: video.currentTime,
    size: [video.videoWidth, video.videoHeight],
    readyState: video.readyState,
    seeking: video.seeking,
    paused: video.paused,
    buffered: ranges(video.buffered),
    frame,
    text: Array.from(video.textTracks, (track) => ({
      mode: track.mode,
      language: track.language,
      cues: Array.from(track.cues ?? [], ({ startTime, endTime, text }) => [startTime, endTime, text]),
    })),
  });
}

// The frame on the screen: its presentation time and size.
let frame = null;
function watchFrames() {
  video.requestVideoFrameCallback((_, metadata) => {
    frame = { time: metadata.mediaTime, width: metadata.width, height: metadata.height };
    watchFrames();
  });
}

let stalls = 0;
video.addEventListener("waiting", () => {
  if (!video.seeking && !video.paused) stalls += 1;
});

const counters = () => {
  const quality = video.getVideoPlaybackQuality();
  return {
    time: video.currentTime,
    wall: performance.now() / 1000,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount,
    stalls,
  };
};

/** Plays `seconds` of media from where it stands, at most to the end; what the counters gained. */
async function play(seconds) {
  const before = counters();
  await video.play();
  await until(`play ${seconds} s from ${before.time}`, () => video.ended || video.currentTime >= before.time + seconds);
  video.pause();
  const after = counters();
  return Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]));
}

const inVariant = (player, { width, height, audio }) =>
  width === undefined || (video.videoWidth === width && video.videoHeight === height && player.active() === audio);

/** Switches while playing, as a viewer's player does, until pictures of the variant's size arrive. */
async function switchTo(player, variant) {
  if (inVariant(player, variant)) return;
  const before = counters();
  await video.play();
  player.force(variant);
  await until(`switch to ${variant.width}x${variant.height} ${variant.audio}`, () => inVariant(player, variant));
  // A player may still be replacing what it had buffered.
  await until("play on after the switch", () => video.ended || video.currentTime > before.time + 0.3);
  video.pause();
}

/** Seeks, paused, and waits for the frame of that time. */
async function seek(target) {
  frame = null;
  video.currentTime = target;
  const shown = () =>
    !video.seeking &&
    video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA &&
    frame !== null &&
    Math.abs(frame.time - target) < 0.2;
  await until(`seek to ${target}`, shown);
}

async function picture(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, width, height);
  return { canvas, context };
}

async function postPicture() {
  const { canvas } = await picture(video.videoWidth, video.videoHeight);
  await fetch("/screenshot", { method: "POST", body: await canvas.convertToBlob({ type: "image/png" }) });
}

/** The seeks that a variant is worth: all for a new rung, one for a new audio rendition, none for the rest. */
function* itinerary(variants, duration) {
  const rungs = new Set();
  const audios = new Set();
  for (const variant of variants) {
    const rung = `${variant.width}x${variant.height}`;
    const inTheMiddle = duration * 0.43;
    if (!rungs.has(rung)) yield [variant, [inTheMiddle, duration - 0.8, 0]];
    else if (!audios.has(variant.audio)) yield [variant, [inTheMiddle]];
    rungs.add(rung);
    audios.add(variant.audio);
  }
}

async function playPackage(player, result) {
  const variants = player.variants();
  result.variants = variants.map(({ width, height, audio }) => ({ size: [width, height], audio }));

  player.force(variants[0]);
  await until("first picture", () => frame !== null && inVariant(player, variants[0]));
  const firstFrame = frame;
  const gained = await play(2);
  result.start = {
    at: firstFrame.time,
    gained,
    size: [video.videoWidth, video.videoHeight],
    buffered: ranges(video.buffered),
    tracks: sourceBuffers.map(({ mime, buffer }) => ({
      kind: mime.split("/")[0],
      buffered: ranges(buffer.buffered),
      timestampOffset: buffer.timestampOffset,
    })),
  };
  await postPicture();

  result.duration = video.duration;
  result.visits = [];
  for (const [variant, targets] of itinerary(variants, video.duration)) {
    await switchTo(player, variant);
    for (const target of targets) {
      await seek(target);
      const shown = frame.time;
      const toTheEnd = target > video.duration - 1;
      result.visits.push({
        wanted: { size: [variant.width, variant.height], audio: variant.audio },
        target,
        frame: shown,
        gained: await play(toTheEnd ? Infinity : 0.35),
        size: [video.videoWidth, video.videoHeight],
        audio: player.active(),
        toTheEnd,
        ended: video.ended,
        time: video.currentTime,
      });
    }
  }
}

async function loadCues(url) {
  const track = document.createElement("track");
  track.kind = "metadata";
  track.src = url;
  track.default = true;
  const loaded = new Promise((resolve, reject) => {
    track.addEventListener("load", resolve);
    track.addEventListener("error", () => reject(new Error(`${url} does not load as a text track`)));
  });
  video.append(track);
  track.track.mode = "hidden";
  await loaded;
  return Array.from(track.track.cues, ({ startTime, endTime, text }) => ({ startTime, endTime, text }));
}

function luma(context, width, height) {
  const { data } = context.getImageData(0, 0, width, height);
  return Float32Array.from({ length: width * height }, (_, i) => 0.2126 * data[4 * i] + 0.7152 * data[4 * i + 1] + 0.0722 * data[4 * i + 2]);
}

const difference = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;

/** Loads the previews and holds each tile against the frame that the player shows at its cue's start. */
async function lookAtPreviews(player, result) {
  const url = query.get("previews");
  const cues = await loadCues(url);
  const sheets = new Map();
  const tiles = [];
  for (const cue of cues) {
    const [file, fragment] = cue.text.split("#xywh=");
    if (!sheets.has(file)) {
      const image = new Image();
      image.crossOrigin = "anonymous";
      image.src = new URL(file, url);
      await image.decode();
      sheets.set(file, image);
    }
    const [x, y, w, h] = fragment.split(",").map(Number);
    const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true });
    context.drawImage(sheets.get(file), x, y, w, h, 0, 0, w, h);
    tiles.push({ x, y, w, h, file, luma: luma(context, w, h) });
  }
  result.sheets = Object.fromEntries(Array.from(sheets, ([file, image]) => [file, [image.naturalWidth, image.naturalHeight]]));
  result.cues = [];
  const [variant] = player.variants();
  player.force(variant);
  await until("first picture", () => frame !== null && inVariant(player, variant));
  for (const [i, cue] of cues.entries()) {
    const { w, h } = tiles[i];
    await seek(cue.startTime);
    const { context } = await picture(w, h);
    const shown = luma(context, w, h);
    result.cues.push({ ...cue, frameTime: frame.time, differences: tiles.map((tile) => difference(tile.luma, shown)) });
  }
}

const shownCues = () =>
  Array.from(video.textTracks)
    .filter((track) => track.mode !== "disabled")
    .flatMap((track) => Array.from(track.activeCues ?? [], ({ startTime, endTime, text }) => ({ startTime, endTime, text })));

/** Chooses a language of the text, seeks, and waits for a cue; tells it and what there was to choose. */
async function showText(player, result) {
  const [variant] = player.variants();
  player.force(variant);
  await until("first picture", () => frame !== null);
  result.languages = player.texts();
  player.chooseText(query.get("text"));
  await seek(Number(query.get("at")));
  await until("a cue", () => shownCues().length > 0);
  result.shown = shownCues();
}

async function main() {
  const result = { failure: null };
  const player = new players[query.get("player")]();
  try {
    watchFrames();
    await player.load(video, query.get("manifest"), query.get("text"));
    const visit = query.has("previews") ? lookAtPreviews : query.has("text") ? showText : playPackage;
    await visit(player, result);
  } catch (error) {
    result.failure = `${error.message}\n${error.stack}`;
  }
  Object.assign(result, { version: player.version, errors: player.errors, stalls, mediaError: video.error?.message ?? null });
  await fetch("/result", { method: "POST", body: JSON.stringify(result) });
}

main();
