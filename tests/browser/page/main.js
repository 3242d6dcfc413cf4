// Plays, seeks and switches through one package and posts what happened; judging is the test's work.
import { players, sourceBuffers } from "./players.js";
import { inVariant, loadedCues, picture, play, postPicture, ranges, seek, seen, shownCues, switchTo, until, video, watchFrames } from "./screen.js";
import { changeSound, playThrough } from "./through.js";

const query = new URLSearchParams(location.search);

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
  await until("first picture", () => seen.frame !== null && inVariant(player, variants[0]));
  const firstFrame = seen.frame;
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
      const shown = seen.frame.time;
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
  await until("first picture", () => seen.frame !== null && inVariant(player, variant));
  for (const [i, cue] of cues.entries()) {
    const { w, h } = tiles[i];
    await seek(cue.startTime);
    const { context } = await picture(w, h);
    const shown = luma(context, w, h);
    result.cues.push({ ...cue, frameTime: seen.frame.time, differences: tiles.map((tile) => difference(tile.luma, shown)) });
  }
}

/** Chooses a language of the text, seeks, and waits for a cue; tells it and what there was to choose. */
async function showText(player, result) {
  const [variant] = player.variants();
  player.force(variant);
  await until("first picture", () => seen.frame !== null);
  result.languages = player.texts();
  player.chooseText(query.get("text"));
  await seek(Number(query.get("at")));
  await until("a cue", () => shownCues().length > 0);
  result.shown = shownCues();
}

/** Chooses the KLV, seeks to each of the times, and tells the frame on the screen and the cues that are active. */
async function followKlv(player, result) {
  await until("first picture", () => seen.frame !== null);
  result.languages = player.texts();
  player.chooseText("zxx");
  result.seen = [];
  for (const at of query.get("klv").split(",").map(Number)) {
    await seek(at);
    await until("an active cue", () => shownCues().some(({ startTime, endTime }) => startTime <= at && at < endTime));
    result.seen.push({ frame: seen.frame.time, cues: shownCues() });
  }
  await until("the cues of all segments", () => loadedCues().at(-1)?.endTime > video.duration - 0.1);
  result.cues = loadedCues();
}

async function main() {
  const result = { failure: null };
  const player = new players[query.get("player")]();
  try {
    watchFrames();
    const [language, channels] = (query.get("audio") ?? "").split("/");
    await player.load(video, query.get("manifest"), {
      text: query.get("text"),
      audio: channels && { language, channels: Number(channels) },
      range: query.get("range"),
      best: query.has("through"),
    });
    const visits = { through: playThrough, then: changeSound, previews: lookAtPreviews, text: showText, klv: followKlv };
    const asked = Object.keys(visits).find((name) => query.has(name));
    await (visits[asked] ?? playPackage)(player, result, query);
  } catch (error) {
    result.failure = `${error.message}\n${error.stack}`;
  }
  Object.assign(result, { version: player.version, errors: player.errors, stalls: seen.stalls, mediaError: video.error?.message ?? null });
  await fetch("/result", { method: "POST", body: JSON.stringify(result) });
}

main();
