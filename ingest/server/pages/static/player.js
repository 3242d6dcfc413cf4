// Plays a job's package: hls.js where it works, else the browser's own HLS. The controls are plain elements, so that
// keyboard and screen readers work as everywhere: the seek bar is a range, the menus are selects.
import { loadPreviews, pieceAt, show } from "./previews.js";
import { showSet } from "./telemetry.js";

const NO_LANGUAGE = "zxx"; // of the rendition that holds KLV and no words
let waiting;
const get = (id) => document.getElementById(id);

/** Start the player of the page, if it has one that has not been started. */
export async function startPlayer() {
  const place = get("player");
  if (!place || place.dataset.started) return;
  place.dataset.started = "true";
  const video = get("video");
  const media = place.dataset.media;
  controls(video, place);
  texts(video);
  previews(video, `${media}previews/previews.vtt`);
  try {
    await addScript(place.dataset.hls);
    if (globalThis.Hls?.isSupported()) return byHls(video, `${media}ABR.m3u8`);
  } catch (error) {
    console.warn(error);
  }
  if (video.canPlayType("application/vnd.apple.mpegurl")) video.src = `${media}ABR.m3u8`;
  else trouble("This browser cannot play HLS.");
  return undefined;
}

function addScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} does not load`));
    document.head.append(script);
  });
}

function trouble(words) {
  get("trouble").textContent = words;
  get("trouble").hidden = false;
}

function byHls(video, url) {
  const { Hls } = globalThis;
  const hls = new Hls({ startPosition: 0 });
  let healed = false;
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !healed) {
      healed = true;
      hls.recoverMediaError();
    } else trouble(`The film cannot be played: ${data.details}`);
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => qualities(hls, Hls));
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => sounds(hls));
  hls.loadSource(url);
  hls.attachMedia(video);
}

function qualities(hls, Hls) {
  const menu = get("quality");
  const several = new Set(hls.levels.map((level) => level.videoCodec?.split(".")[0])).size > 1;
  const levels = hls.levels.map((level, index) => {
    const words = [`${Math.min(level.width, level.height)}p`, `${(level.bitrate / 1e6).toFixed(1)} Mbit/s`];
    if (several) words.push(level.videoCodec.split(".")[0]);
    return new Option(words.join(", "), String(index));
  });
  menu.append(...levels.reverse());
  menu.disabled = false;
  menu.addEventListener("change", () => {
    const level = Number(menu.value);
    // Chosen by hand it is to be seen now, also where all of the film is loaded already.
    if (level < 0) hls.loadLevel = level;
    else hls.currentLevel = level;
    name();
  });
  const name = () => {
    const now = hls.levels[hls.currentLevel];
    menu.options[0].text = now && hls.autoLevelEnabled ? `auto (${Math.min(now.width, now.height)}p)` : "auto";
  };
  hls.on(Hls.Events.LEVEL_SWITCHED, name);
}

function sounds(hls) {
  const menu = get("sound");
  menu.replaceChildren(...hls.audioTracks.map((track, index) => new Option(track.name, String(index))));
  menu.value = String(Math.max(0, hls.audioTrack));
  menu.closest("label").hidden = hls.audioTracks.length < 2;
  menu.onchange = () => (hls.audioTrack = Number(menu.value));
}

/** The menu of text tracks, which are the browser's own: hls.js, too, loads the one whose mode is not `disabled`. */
function texts(video) {
  const menu = get("words");
  const tracks = video.textTracks;
  const isKlv = (track) => track?.language === NO_LANGUAGE;
  const klv = () => [...tracks].find(isKlv);
  const look = () => showSet(klv(), video.currentTime, get("klv"));
  const choose = () => {
    const chosen = tracks[Number(menu.value)];
    for (const track of tracks) {
      // Its cues are JSON: read, not shown.
      const mode = track !== chosen ? "disabled" : isKlv(track) ? "hidden" : "showing";
      if (track.mode !== mode) track.mode = mode;
    }
    get("telemetry").hidden = !isKlv(chosen);
    clearInterval(waiting);
    // The cues of the first picture come a little after it.
    if (isKlv(chosen)) waiting = setInterval(() => look() && clearInterval(waiting), 250);
  };
  const fill = () => {
    const before = menu.selectedOptions[0]?.text;
    menu.replaceChildren(new Option("off", "-1"), ...[...tracks].map((track, index) => new Option(track.label || track.language, String(index))));
    menu.closest("label").hidden = tracks.length < 1;
    const kept = [...menu.options].find((option) => option.text === before && option.value !== "-1");
    menu.value = kept?.value ?? String([...tracks].findIndex(isKlv));
    choose();
  };
  for (const kind of ["addtrack", "removetrack"]) tracks.addEventListener(kind, fill);
  menu.addEventListener("change", choose);
  for (const kind of ["timeupdate", "seeked"]) video.addEventListener(kind, look);
}

function controls(video, place) {
  const [play, seek, mute, full] = ["play", "seek", "mute", "full"].map(get);
  const toggle = () => (video.paused ? video.play() : video.pause());
  play.addEventListener("click", toggle);
  video.addEventListener("click", toggle);
  for (const kind of ["play", "pause", "ended"]) {
    video.addEventListener(kind, () => {
      play.classList.toggle("is-on", !video.paused);
      play.setAttribute("aria-label", video.paused ? "Play" : "Pause");
    });
  }
  mute.addEventListener("click", () => (video.muted = !video.muted));
  video.addEventListener("volumechange", () => {
    mute.setAttribute("aria-pressed", String(video.muted));
    mute.classList.toggle("is-on", video.muted);
  });
  full.hidden = !document.fullscreenEnabled;
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : place.requestFullscreen()));

  let dragging = false;
  const tell = () => {
    if (!dragging) seek.value = String(video.currentTime);
    const words = `${clock(video.currentTime)} / ${clock(video.duration || 0)}`;
    get("clock").textContent = words;
    seek.setAttribute("aria-valuetext", words.replace("/", "of"));
  };
  video.addEventListener("loadedmetadata", () => (video.style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`));
  video.addEventListener("durationchange", () => {
    if (!Number.isFinite(video.duration)) return;
    seek.max = String(video.duration);
    seek.step = video.duration > 100 ? "1" : "0.1";
    seek.disabled = play.disabled = false;
    tell();
  });
  for (const kind of ["timeupdate", "seeked"]) video.addEventListener(kind, tell);
  seek.addEventListener("input", () => {
    dragging = true;
    video.currentTime = Number(seek.value);
  });
  seek.addEventListener("change", () => (dragging = false));
}

async function previews(video, url) {
  const [seek, preview] = ["seek", "preview"].map(get);
  const pieces = await loadPreviews(url).catch(() => []);
  const showAt = (time, x) => {
    if (!pieces.length || !Number.isFinite(time)) return;
    show(pieceAt(pieces, time), get("picture"));
    get("preview-time").textContent = clock(time);
    preview.hidden = false;
    const most = seek.parentElement.clientWidth - preview.offsetWidth;
    preview.style.transform = `translateX(${Math.max(0, Math.min(most, x - preview.offsetWidth / 2))}px)`;
  };
  const hide = () => (preview.hidden = true);
  const atValue = () => {
    const box = seek.getBoundingClientRect();
    const share = Number(seek.value) / (Number(seek.max) || 1);
    showAt(Number(seek.value), seek.offsetLeft + share * box.width);
  };
  seek.addEventListener("pointermove", (event) => {
    const box = seek.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    showAt(share * Number(seek.max), seek.offsetLeft + share * box.width);
  });
  seek.addEventListener("input", atValue);
  for (const kind of ["pointerleave", "blur", "pointercancel"]) seek.addEventListener(kind, hide);
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}
