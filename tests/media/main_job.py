"""What the main job's tests share: packages, each made once, and the real clips with what is known of them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import pickle
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from measuring import Picture, Sound, join, packet_times, pictures, sound

import ingest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_media"
SHARED = ROOT.parent / "shared" / "media"


class Package:
    """A published package, with what was measured of it so far."""

    def __init__(self, source: Path, folder: Path, work: Path) -> None:
        self.source = source
        self.folder = folder
        self._work = work
        self._pictures: dict[str, tuple[Picture, ...]] = {}

    @property
    def record(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "job.json").read_bytes())
        return document

    @property
    def rungs(self) -> tuple[str, ...]:
        """The resolutions that were made, from small to large."""
        made = [o for o in self.record["outputs"] if o["status"] == "COMPLETED"]
        return tuple(o["resolution"] for o in sorted(made, key=lambda o: (o["width"], o["resolution"])))

    @property
    def sounds(self) -> tuple[str, ...]:
        return tuple(sorted(p.name for p in (self.folder / "audio").glob("*")))

    def playlist(self, rendition: str) -> Path:
        """`video/sd` or `audio/en-stereo`."""
        return self.folder / rendition / "index.m3u8"

    def joined(self, rendition: str) -> Path:
        """A rendition's initialization segment and segments in one file."""
        target = self._work / (rendition.replace("/", "-") + ".mp4")
        return target if target.exists() else join(self.playlist(rendition), target)

    def pictures(self, rung: str) -> tuple[Picture, ...]:
        """The pictures of a rung, small, as RGB."""
        if rung not in self._pictures:
            self._pictures[rung] = pictures(self.joined(f"video/{rung}"))
        return self._pictures[rung]

    def sound(self, name: str, *, filters: str = "", options: tuple[str, ...] = ()) -> Sound:
        return sound(self.joined(f"audio/{name}"), filters=filters, options=options)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Makes packages. The presets are the shipped ones at x264's fastest speed with B-frames and CABAC.

    Not `ultrafast`: under a tight cap its rate control now and then spoils a picture (26 dB once in ten runs).

    Attributes:
        shared: where packages are; other processes that run tests may be making theirs there at the same time.
        folder: for what is made of them.
    """

    shared: Path
    folder: Path
    presets: Path
    made: dict[tuple[str, str], Package]

    def __call__(
        self, source: Path, resolutions: str = "sd,hd,fhd", *, fast: bool = True, **options: Any
    ) -> Package:
        """The package of a source, made when it is first asked for; encoded, where it is not said otherwise."""
        options.setdefault("copy", "never")
        key = (hashlib.sha256(source.read_bytes()).hexdigest(), f"{resolutions} {fast} {options}")
        if key not in self.made:
            asked = [
                p.read_text("utf-8") for n in resolutions.split(",") for p in self.presets.glob(f"{n}.toml")
            ]
            name = hashlib.sha256("\0".join((*key, *asked)).encode()).hexdigest()[:16]
            with (self.shared / f"{name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not (self.shared / name / "ABR.m3u8").exists():
                    self._make(source, resolutions, self.shared / name, fast=fast, **options)
            (self.folder / name).mkdir()
            self.made[key] = Package(source, self.shared / name, self.folder / name)
        return self.made[key]

    def shown(self, clip: Clip) -> tuple[Picture, ...]:
        """The source's pictures, looked at once by all: `Clip.shown`."""
        kept = self.shared / f"{clip.file}.pictures"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                shown = [(p.time, p.pixels) for p in clip.shown()]
                kept.with_suffix(".part").write_bytes(pickle.dumps(shown))
                kept.with_suffix(".part").rename(kept)
            return tuple(Picture(*found) for found in pickle.loads(kept.read_bytes()))

    def _make(self, source: Path, resolutions: str, output: Path, *, fast: bool, **options: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("INGEST_HOME", str(self.folder / "home"))
            presets = self.presets if fast else None
            record = ingest.run(source, resolutions, output, preset_dir=presets, **options)
        assert record.status == "COMPLETED", record.error


@dataclass(frozen=True, slots=True)
class Clip:
    """A real clip and what is known of it by looking, not by probing.

    Attributes:
        pictures: how many it shows. Counted by decoding.
        rungs: width and height of each resolution that must be made of `sd,hd,fhd`.
        upright: the filters that turn the stored pictures as they are to be seen.
        matrix, signal: how its YCbCr is meant (range: tv or pc), tagged or by the rule for untagged video.
        sounds: channels of each audio rendition that must be made.
        notes: codes of the notes that follow a step's message.
        rate: pictures a second where it is constant.
        still: so little moves that pictures cannot be told from their neighbours.
        contradicting: pictures whose time falls back behind that of the picture before.
        texts: the text renditions that must be made.
        recommendations: rule and finding of each SHOULD that its length or its rate does not allow to keep.
        sound_streams: where each rendition comes from, in the order of their names.
    """

    file: str
    pictures: int
    rungs: dict[str, tuple[int, int]]
    sounds: dict[str, int]
    notes: dict[int, tuple[int, ...]]
    stream: str = "v:0"
    sound_streams: tuple[str, ...] = ("a:0",)
    rate: Fraction | None = None
    upright: str = ""
    matrix: str = "bt709"
    signal: str = "tv"
    hdr: bool = False
    still: bool = False
    contradicting: int = 0
    recommendations: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()

    def check_times(self, found: list[Fraction], expected: list[Fraction]) -> None:
        """Equal, but for contradicting pictures: these are moved just behind the one before."""
        assert len(found) == len(expected)
        assert len(set(found) ^ set(expected)) == 2 * self.contradicting
        assert found == sorted(found)
        assert self.contradicting or found == expected

    @property
    def path(self) -> Path:
        return (SAMPLES if self.file in {"park.mp4", "sintel.mp4"} else SHARED) / self.file

    def present(self) -> Path:
        """The file; skips where the shared clips are not beside the repository."""
        if not self.path.exists():
            pytest.skip(f"{self.file} is not in {SHARED}")
        return self.path

    def shown(self, **options: Any) -> tuple[Picture, ...]:
        """The source's pictures, decoded without ingest; turned upright by us and not by ffmpeg.

        Times are the container's: a decoder may guess others where the file's order and its times disagree.
        """
        decoded = pictures(
            self.present(),
            stream=self.stream,
            filters=self.upright,
            matrix=self.matrix,
            signal=self.signal,
            options=("-noautorotate",),
            **options,
        )
        times = packet_times(self.path, self.stream)
        return tuple(Picture(t, p.pixels) for t, p in zip(times, decoded, strict=True))


# An independent way from PQ to BT.709: Hable's curve on the light itself, as the zscale documentation shows.
TONE_MAPPED = (
    "zscale=tin=smpte2084:pin=bt2020:min=bt2020nc:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,"
    "tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)
_SMALL = {"hd": (1280, 720), "sd": (720, 404)}
_ALL = _SMALL | {"fhd": (1920, 1080)}
_TALL = {"sd": (404, 720), "hd": (720, 1280)}
_NTSC = Fraction(30000, 1001)

SAMPLE_CLIPS = (
    Clip("park.mp4", 171, _ALL, {"en-stereo": 2}, {9001: (9104,)}, rate=Fraction(30)),
    # Its end was cut between B pictures: two of the 316 are not there, so its rate is not constant.
    Clip("sintel.mp4", 314, _SMALL, {"und-stereo": 2}, {9002: (9101,), 9001: (9104,)}),
)
SHARED_CLIPS = (
    Clip(
        *("sintel-trailer-720p.mp4", 1253, _SMALL, {"und-stereo": 2}, {9002: (9101,), 9001: (9104,)}),
        rate=Fraction(24),
    ),
    Clip("park-1080p-h264-aac.mp4", 171, _ALL, {"en-stereo": 2}, {9001: (9104,)}, rate=Fraction(30)),
    Clip(
        *("street-portrait-hevc.mp4", 146),
        {"sd": (480, 642), "hd": (720, 962), "fhd": (1080, 1444)},
        *({"und-stereo": 2}, {9001: (9104,)}),
        contradicting=1,
    ),
    Clip(
        *("room-phone-rot180-vfr.mp4", 25, _SMALL, {"en-stereo": 2}, {9002: (9101,), 9001: (9104,)}),
        upright="hflip,vflip",
        recommendations=(("Apple 1.18", "10.505 pictures/s"),) * 2,
    ),
    Clip(
        *("portrait-phone-4k60-rot90.mp4", 18, _TALL | {"fhd": (1080, 1920)}, {"en-stereo": 2}),
        {9001: (9104,)},
        upright="transpose=clock",
        matrix="bt601",
        signal="pc",
        still=True,
    ),
    Clip(
        *("portrait-hdr10-av1.mp4", 127, _TALL, {"en-stereo": 2}, {9002: (9101,), 9001: (9104,)}),
        rate=_NTSC,
        upright=TONE_MAPPED,
        hdr=True,
    ),
    Clip(
        *("nasa-2video-2audio-2subs.mp4", 390, {"sd": (480, 270)}, {"en-stereo": 2, "en-stereo-2": 2}),
        {154: (9107,), 9002: (9102, 9101, 9101), 9001: (9104,), 9010: (9129, 9129)},
        texts=("en", "en-2"),
        stream="v:1",
        sound_streams=("a:0", "a:1"),
        rate=_NTSC,
    ),
    Clip(
        *("bbb-720p-aac51.mp4", 132, _SMALL, {"und-51": 6, "und-stereo": 2}, {9002: (9101,), 9001: (9104,)}),
        sound_streams=("a:0", "a:0"),
        rate=Fraction(25),
    ),
    Clip(
        *("gopro-karma-gpmf.mp4", 362, {"sd": (720, 404)}, {"en-stereo": 2}),
        {154: (9107, 9107), 156: (9141,), 9002: (9101, 9101), 160: (), 9020: (9129,)},
        rate=_NTSC,
        signal="pc",
        # Two pictures more than two segments of 6.006 s.
        recommendations=(
            ("ingest scrap", "a last segment of 0.067 s"),
            ("ingest scrap", "a last segment of 0.043 s"),
        ),
    ),
    Clip(
        *("klv-sync-foreman.ts", 300, {"sd": (352, 288)}, {}),
        {155: (9103,), 156: (9141,), 9002: (9102, 9101, 9101), 160: (), 9020: (9129,)},
        sound_streams=(),
        rate=Fraction(25),
        matrix="bt601",
    ),
)
