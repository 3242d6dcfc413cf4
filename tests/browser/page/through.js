// One viewer's whole evening: plays a package from its first picture to its end, seeks and plays on, changes the
// language, and listens to what comes out.
import { Ear } from "./ear.js";
import { counters, play, postPicture, ranges, seek, seen, shownCues, switchTo, until, video } from "./screen.js";

const PLACES = [0.31, 0.66, 0.12];

/** Looks at the buffer and the text again and again: what was wrong for a moment only is seen, too. */
class Watch {
  mostRanges = 0;
  latestStart = 0;
  cues = new Map();

  constructor() {
    this.timer = setInterval(() => this.#look(), 20);
  }

  stop() {
    clearInterval(this.timer);
    return { mostRanges: this.mostRanges, latestStart: this.latestStart, cues: [...this.cues.values()] };
  }

  #look() {
    const buffered = ranges(video.buffered);
    this.mostRanges = Math.max(this.mostRanges, buffered.length);
    if (buffered.length) this.latestStart = Math.max(this.latestStart, buffered[0][0]);
    for (const cue of shownCues()) {
      const key = `${cue.startTime} ${cue.text}`;
      if (!this.cues.has(key)) this.cues.set(key, { ...cue, seenAt: video.currentTime });
    }
  }
}

async function fromStartToEnd(player, result) {
  result.first = seen.frame.time;
  const watch = new Watch();
  await play(Infinity, video.duration * 3);
  const { frames, dropped } = counters(); // those before the first play(), too
  result.through = {
    frames,
    dropped,
    ...watch.stop(),
    ended: video.ended,
    time: video.currentTime,
    duration: video.duration,
    size: [video.videoWidth, video.videoHeight],
    playing: player.playing(),
    buffered: ranges(video.buffered),
    rate: video.playbackRate,
  };
}

async function seekAbout(result) {
  result.seeks = [];
  for (const place of PLACES) {
    const target = place * video.duration;
    await seek(target);
    const shown = seen.frame.time;
    if (place === PLACES[0]) await postPicture();
    result.seeks.push({ target, shown, gained: await play(0.5), buffered: ranges(video.buffered).length });
  }
}

/** Plays from `at` with the ear on; which rendition it was, and the loudest frequency of each channel. */
async function hear(player, ear, at) {
  await seek(at);
  const gained = await play(1.2);
  const heard = await ear.during(play(0.8));
  return { audio: player.active(), heard, gained };
}

/** Listens, changes to the rendition `then` where there is one, and listens again. */
async function hearAndChange(player, result, then) {
  const ear = new Ear(video);
  result.heard = [await hear(player, ear, 1)];
  if (!then) return;
  const { videoWidth: width, videoHeight: height } = video;
  const same = (variant) => variant.width === width && variant.height === height && variant.audio === then;
  await switchTo(player, player.variants().find(same));
  result.heard.push(await hear(player, ear, 3));
}

/** Only what is heard before and after a change of the sound. */
export async function changeSound(player, result, query) {
  await until("first picture", () => seen.frame !== null);
  await hearAndChange(player, result, query.get("then"));
}

/** Asked for: `audio` is what plays from the start, `then` what is changed to, `rate` how fast the first time. */
export async function playThrough(player, result, query) {
  await until("first picture", () => seen.frame !== null);
  result.offered = player.variants().map(({ width, height, range, codec, audio }) => ({ size: [width, height], range, codec, audio }));
  result.languages = player.texts();
  result.chosen = player.active();
  if (query.has("text")) player.chooseText(query.get("text"));
  video.playbackRate = Number(query.get("rate") ?? 1);
  await fromStartToEnd(player, result);
  video.playbackRate = 1;
  await seekAbout(result);

  await hearAndChange(player, result, query.get("then"));
}
