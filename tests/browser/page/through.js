// One viewer's whole evening: plays a package from its first picture to its end, seeks and plays on, changes the
// language, and listens to what comes out.
import { Ear } from "./ear.js";
import { play, postPicture, ranges, seek, seen, shownCues, switchTo, until, video } from "./screen.js";

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

async function fromStartToEnd(result) {
  result.first = seen.frame.time;
  const watch = new Watch();
  const gained = await play(Infinity, video.duration * 3);
  result.through = {
    gained,
    ...watch.stop(),
    ended: video.ended,
    time: video.currentTime,
    duration: video.duration,
    size: [video.videoWidth, video.videoHeight],
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

/** Asked for: `audio` is what plays from the start, `then` what is changed to, `rate` how fast the first time. */
export async function playThrough(player, result, query) {
  await until("first picture", () => seen.frame !== null);
  result.offered = player.variants().map(({ width, height, range, codec, audio }) => ({ size: [width, height], range, codec, audio }));
  result.languages = player.texts();
  result.chosen = player.active();
  if (query.has("text")) player.chooseText(query.get("text"));
  video.playbackRate = Number(query.get("rate") ?? 1);
  await fromStartToEnd(result);
  video.playbackRate = 1;
  await seekAbout(result);

  const ear = new Ear(video);
  result.heard = [await hear(player, ear, 1)];
  const then = query.get("then");
  if (then) {
    const [width, height] = result.through.size;
    await switchTo(player, player.variants().find((v) => v.width === width && v.height === height && v.audio === then));
    result.heard.push(await hear(player, ear, 3));
  }
}
