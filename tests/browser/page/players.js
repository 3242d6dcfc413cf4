// One face for three players: load(), variants(), force(variant), active(), playing(), errors.
// A variant is {width, height, range, codec, audio}: one video rung together with one audio rendition.
// What is wished for at load() is chosen before the first request: a text's language, an audio rendition, a range
// (SDR, PQ, HLG), the best rung instead of the first.

/** Every SourceBuffer that a player makes, in order: {mime, buffer}. */
export const sourceBuffers = [];

const addSourceBuffer = MediaSource.prototype.addSourceBuffer;
MediaSource.prototype.addSourceBuffer = function (mime) {
  const buffer = addSourceBuffer.call(this, mime);
  sourceBuffers.push({ mime, buffer });
  return buffer;
};

function addScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} does not load`));
    document.head.append(script);
  });
}

export const audioName = (language, channels) => `${language || "und"}/${channels}`;

class HlsJs {
  errors = [];

  async load(video, url, { audio, range, best }) {
    await addScript("/players/hls.js");
    this.version = Hls.version;
    const lang = audio?.language === "und" ? undefined : audio?.language;
    const audioPreference = audio ? { lang, channels: String(audio.channels) } : undefined;
    this.hls = new Hls({ autoStartLoad: false, audioPreference });
    this.hls.on(Hls.Events.ERROR, (_, data) => {
      this.errors.push({ fatal: data.fatal, name: data.details, text: String(data.error?.message ?? data.reason ?? "") });
    });
    const parsed = new Promise((resolve) => this.hls.once(Hls.Events.MANIFEST_PARSED, resolve));
    this.hls.loadSource(url);
    this.hls.attachMedia(video);
    await parsed;
    // Chosen before the first request: to choose later is to abort requests.
    this.hls.currentLevel = best ? this.hls.levels.findLastIndex((level) => !range || level.videoRange === range) : 0;
    this.hls.startLoad();
  }

  variants() {
    return this.hls.levels.flatMap((level, index) =>
      this.hls.allAudioTracks
        .filter((track) => level.audioGroups?.includes(track.groupId))
        .map((track) => ({
          width: level.width,
          height: level.height,
          range: level.videoRange,
          codec: level.videoCodec,
          audio: audioName(track.lang, track.channels),
          level: index,
          track: track.url,
        })),
    );
  }

  force(variant) {
    if (this.hls.manualLevel !== variant.level) this.hls.currentLevel = variant.level;
    this.#selectAudio(variant.track);
    // The list of audio tracks follows the level's group, which changes when the level has been loaded.
    this.hls.once(Hls.Events.AUDIO_TRACKS_UPDATED, () => this.#selectAudio(variant.track));
  }

  texts() {
    return this.hls.allSubtitleTracks.map((track) => track.lang);
  }

  chooseText(language) {
    this.hls.subtitleTrack = this.hls.subtitleTracks.findIndex((track) => track.lang === language);
    this.hls.subtitleDisplay = true;
  }

  #selectAudio(url) {
    const index = this.hls.audioTracks.findIndex((track) => track.url === url);
    if (index >= 0 && index !== this.hls.audioTrack) this.hls.audioTrack = index;
  }

  active() {
    const track = this.hls.audioTracks[this.hls.audioTrack];
    return track ? audioName(track.lang, track.channels) : null;
  }

  /** Range and codec of the rung that is loaded. */
  playing() {
    const { videoRange, videoCodec } = this.hls.levels[this.hls.currentLevel];
    return { range: videoRange, codec: videoCodec };
  }
}

class Shaka {
  errors = [];

  async load(video, url, { text, audio, range, best }) {
    await addScript("/players/shaka.js");
    this.version = shaka.Player.version;
    shaka.polyfill.installAll();
    this.player = new shaka.Player();
    this.player.addEventListener("error", (event) => {
      const { severity, category, code, data } = event.detail;
      this.errors.push({ fatal: severity === 2, name: `${category}/${code}`, text: String(data) });
    });
    this.player.configure({ abr: { enabled: false }, streaming: { bufferingGoal: 60 } });
    // Chosen before the first request: shaka-player 5.2 puts HLS text aside until pictures of the same discontinuity
    // arrive, which is never where the pictures of a short film are all there already.
    if (text) this.player.configure({ preferredText: [{ language: text }] });
    if (audio) this.player.configure({ preferredAudio: [{ language: audio.language, channelCount: audio.channels }] });
    if (range) this.player.configure({ preferredVideo: [{ hdrLevel: range }] });
    if (best) this.player.configure({ abr: { defaultBandwidthEstimate: 1e9, useNetworkInformation: false } });
    await this.player.attach(video);
    await this.player.load(url);
  }

  variants() {
    return this.player.getVariantTracks().map((track) => ({
      width: track.width,
      height: track.height,
      range: track.hdr,
      codec: track.videoCodec,
      audio: audioName(track.language, track.channelsCount),
      track,
    }));
  }

  force(variant) {
    // Without a margin shaka-player 5.2 waits for ever, on any DASH stream, when sound and picture change together.
    this.player.selectVariantTrack(variant.track, true, 0.5);
  }

  texts() {
    return this.player.getTextTracks().map((track) => track.language);
  }

  chooseText(language) {
    this.player.selectTextTrack(this.player.getTextTracks().find((track) => track.language === language));
  }

  active() {
    const track = this.#active();
    return track ? audioName(track.language, track.channelsCount) : null;
  }

  playing() {
    const { hdr, videoCodec } = this.#active();
    return { range: hdr, codec: videoCodec };
  }

  #active() {
    return this.player.getVariantTracks().find((candidate) => candidate.active);
  }
}

/** Chromium's own HLS: it chooses the rung itself. */
class Native {
  errors = [];
  version = navigator.userAgent.match(/Chrome\/([\d.]+)/)[1];

  async load(video, url) {
    video.src = url;
    await new Promise((resolve, reject) => {
      video.addEventListener("loadedmetadata", resolve, { once: true });
      video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
    });
  }

  variants() {
    return [{}];
  }

  force() {}

  active() {
    return null;
  }
}

export const players = { "hls.js": HlsJs, "shaka-player": Shaka, native: Native };
