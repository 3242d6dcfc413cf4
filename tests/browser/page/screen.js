// The video element: what it shows, and waiting, playing and seeking with it.
export const video = document.getElementById("video");
const SECONDS_PER_WAIT = 15;

export const ranges = (list) => Array.from({ length: list.length }, (_, i) => [list.start(i), list.end(i)]);
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export async function until(what, condition, patience = SECONDS_PER_WAIT) {
  const deadline = performance.now() + patience * 1000;
  while (!condition()) {
    if (video.error) throw new Error(`${what}: media error ${video.error.code}: ${video.error.message}`);
    if (performance.now() > deadline) throw new Error(`${what}: not within ${patience} s; ${describe()}`);
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
    frame: seen.frame,
    text: Array.from(video.textTracks, (track) => ({
      mode: track.mode,
      language: track.language,
      cues: Array.from(track.cues ?? [], ({ startTime, endTime, text }) => [startTime, endTime, text]),
    })),
  });
}

/** The frame on the screen, its presentation time and size, and how often playing had to wait. */
export const seen = { frame: null, stalls: 0 };

export function watchFrames() {
  video.requestVideoFrameCallback((_, metadata) => {
    seen.frame = { time: metadata.mediaTime, width: metadata.width, height: metadata.height };
    watchFrames();
  });
}

video.addEventListener("waiting", () => {
  if (!video.seeking && !video.paused) seen.stalls += 1;
});

export const counters = () => {
  const quality = video.getVideoPlaybackQuality();
  return {
    time: video.currentTime,
    wall: performance.now() / 1000,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    audioBytes: video.webkitAudioDecodedByteCount,
    stalls: seen.stalls,
  };
};

/** Plays `seconds` of media from where it stands, at most to the end; what the counters gained. */
export async function play(seconds, patience) {
  const before = counters();
  await video.play();
  const played = () => video.ended || video.currentTime >= before.time + seconds;
  await until(`play ${seconds} s from ${before.time}`, played, patience);
  video.pause();
  const after = counters();
  return Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]));
}

export const inVariant = (player, { width, height, audio }) =>
  width === undefined || (video.videoWidth === width && video.videoHeight === height && player.active() === audio);

/** Switches while playing, as a viewer's player does, until pictures of the variant's size arrive. */
export async function switchTo(player, variant) {
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
export async function seek(target) {
  seen.frame = null;
  video.currentTime = target;
  const shown = () =>
    !video.seeking &&
    video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA &&
    seen.frame !== null &&
    Math.abs(seen.frame.time - target) < 0.2;
  await until(`seek to ${target}`, shown);
}

export async function picture(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, width, height);
  return { canvas, context };
}

export async function postPicture() {
  const { canvas } = await picture(video.videoWidth, video.videoHeight);
  await fetch("/screenshot", { method: "POST", body: await canvas.convertToBlob({ type: "image/png" }) });
}

export const shownCues = () =>
  Array.from(video.textTracks)
    .filter((track) => track.mode !== "disabled")
    .flatMap((track) => Array.from(track.activeCues ?? [], ({ startTime, endTime, text }) => ({ startTime, endTime, text })));

/** Every cue that the player has loaded, of the tracks that are not disabled. */
export const loadedCues = () =>
  Array.from(video.textTracks)
    .filter((track) => track.mode !== "disabled")
    .flatMap((track) => Array.from(track.cues ?? [], ({ startTime, endTime, text }) => ({ startTime, endTime, text })));
