"""Presets: how each resolution is encoded. The files in `presets/`, and a folder of the user's own over them.

The types here are plain and free of pydantic, so that the planner and its tests can make them by hand; what a
file may say is checked in `preset_schema`.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ingest.job import codes
from ingest.job.errors import UsageError

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.codec_names import Codec
    from ingest.media.preset_schema import Av1Table, HevcTable, PresetTable

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
MAX_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Box:
    """The largest picture of a resolution, in pixels, whichever way it is turned; both sides even."""

    long: int
    short: int

    def __str__(self) -> str:
        return f"{self.long}x{self.short}"


@dataclass(frozen=True, slots=True)
class CodecPreset:
    """Capped CRF of one codec: `speed` is its encoder's preset, `max_bitrate` bits/s, `buffer` bits."""

    speed: str
    crf: int
    max_bitrate: int
    buffer: int


# What the encoders beside x264 need where a preset has no table of theirs: for the same picture HEVC needs about
# seven tenths of the bits of H.264 and AV1 six; their quality scales differ.
_SVT_SPEEDS: dict[str, str] = {
    **dict.fromkeys(("ultrafast", "superfast", "veryfast"), "9"),
    "faster": "8",
    "fast": "7",
    "medium": "6",
    "slow": "4",
    "slower": "3",
    "veryslow": "2",
    "placebo": "0",
}


@dataclass(frozen=True, slots=True)
class VideoPreset:
    """Capped CRF: quality `crf`, never above `max_bitrate` bits/s over a VBV of `buffer` bits.

    `speed` is x264's preset; `gop` (closed) and `segment` are seconds, `segment` a whole multiple of `gop`;
    `max_frame_rate` is frames per second, 1 to 60; `deinterlace` is how (see `plan.fields`): `auto`, or always one
    picture for each field or for each frame, or not at all. All this is for H.264; `hevc` and `av1` are what the
    preset says of these codecs, None where it says nothing: `of` then derives it.
    """

    codec: Literal["h264"]
    profile: Literal["baseline", "main", "high"]
    speed: str
    crf: int
    max_bitrate: int
    buffer: int
    gop: Fraction
    segment: Fraction
    max_frame_rate: Fraction
    deinterlace: Literal["auto", "field", "frame", "off"] = "auto"
    hevc: CodecPreset | None = None
    av1: CodecPreset | None = None

    def of(self, codec: Codec) -> CodecPreset:
        """The settings of one codec."""
        match codec:
            case "h264":
                return CodecPreset(self.speed, self.crf, self.max_bitrate, self.buffer)
            case "hevc":
                return self.hevc or self._derived(self.speed, min(51, self.crf + 3), 7)
            case "av1":
                return self.av1 or self._derived(_SVT_SPEEDS[self.speed], min(63, self.crf + 11), 6)

    def _derived(self, speed: str, crf: int, tenths: int) -> CodecPreset:
        return CodecPreset(speed, crf, self.max_bitrate * tenths // 10, self.buffer * tenths // 10)


@dataclass(frozen=True, slots=True)
class AudioPreset:
    """AAC-LC, bits/s for a whole stereo and a whole 5.1 track."""

    stereo_bitrate: int
    surround_bitrate: int


@dataclass(frozen=True, slots=True)
class Preset:
    """One resolution, as the user names it; `origin` is the file it was read from.

    `max_width` and `max_height`, pixels, bound the picture as it is seen: unlike the box, they do not turn with it.
    """

    name: str
    title: str
    box: Box
    video: VideoPreset
    audio: AudioPreset
    origin: Path
    max_width: int | None = None
    max_height: int | None = None


class PresetBook(Mapping[str, Preset]):
    """All known presets by name, in ladder order: by short side, then long side, then name."""

    def __init__(self, presets: Sequence[Preset]) -> None:
        ordered = sorted(presets, key=lambda p: (p.box.short, p.box.long, p.name))
        self._presets = {p.name: p for p in ordered}

    def __getitem__(self, name: str) -> Preset:
        return self._presets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._presets)

    def __len__(self) -> int:
        return len(self._presets)

    def select(self, names: Sequence[str]) -> tuple[Preset, ...]:
        """The presets of one ladder, small to large, each once.

        Raises:
            UsageError: USAGE for no name at all, UNKNOWN_RESOLUTION for one that is not in the book,
                PRESET_INVALID when they do not share one GOP and segment length (players switch only where
                the grids meet).
        """
        if not names:
            raise UsageError(codes.USAGE, "no resolution given", remedy="add --res, for example --res fhd")
        for name in names:
            if name not in self._presets:
                raise self._unknown(name)
        chosen = tuple(p for p in self._presets.values() if p.name in set(names))
        for other in chosen[1:]:
            _check_same_grid(chosen[0], other)
        return chosen

    def _unknown(self, name: str) -> UsageError:
        near = difflib.get_close_matches(name.lower(), self._presets, n=1)
        return UsageError(
            codes.UNKNOWN_RESOLUTION,
            f"unknown resolution {name!r}: known are {', '.join(self._presets)}",
            remedy=f"did you mean {near[0]}?" if near else "",
        )


def load(preset_dir: Path | None = None) -> PresetBook:
    """The shipped presets, with those of `preset_dir` in place of theirs or beside them.

    Every file is checked, also those that are not asked for.

    Raises:
        UsageError: PRESET_INVALID, naming the folder, or `<file>: <key>: <reason>`.
    """
    from ingest.media import preset_schema

    return PresetBook(
        [_preset(preset_schema.parse(path, read_text(path)), path) for path in find(preset_dir).values()]
    )


def parse_texts(texts: Mapping[str, str]) -> dict[str, Preset]:
    """Presets that are no files: their TOML texts by name.

    Raises:
        UsageError: PRESET_INVALID, as `load` says it of a file `<name>.toml`.
    """
    from ingest.media import preset_schema

    found = {}
    for name, text in texts.items():
        origin = Path(f"{name}.toml")
        if not NAME.fullmatch(name):
            raise _bad_name(origin)
        if len(text.encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
            raise _unusable(origin, "file", f"is larger than {MAX_FILE_BYTES // 1024} KiB")
        found[name] = _preset(preset_schema.parse(origin, text), origin)
    return found


def find(preset_dir: Path | None = None) -> dict[str, Path]:
    """The file of each preset by name, not read yet; hidden files are passed over.

    Raises:
        UsageError: PRESET_INVALID, the folder cannot be read or a file's name is not a preset's name.
    """
    files = _toml_files(shipped_dir())
    if preset_dir is not None:
        files |= _toml_files(preset_dir)
    return files


def shipped_dir() -> Path:
    """Where the shipped presets lie: in the installed package, else beside it in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "presets"
    return inside if inside.is_dir() else package.parent / "presets"


def read_text(path: Path) -> str:
    """The text of a preset file.

    Raises:
        UsageError: PRESET_INVALID, not a readable regular file, larger than 64 KiB, or not UTF-8.
    """
    try:
        # Non-blocking: opening a named pipe would otherwise wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", closefd=True) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _unusable(path, "file", "is not a regular file")
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unusable(path, "file", _os_reason(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise _unusable(path, "file", f"is larger than {MAX_FILE_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(path, "file", f"is not UTF-8 at byte {error.start}") from error


def _toml_files(folder: Path) -> dict[str, Path]:
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix == ".toml" and not p.name.startswith("."))
    except OSError as error:
        raise UsageError(
            codes.PRESET_INVALID,
            f"{folder}: preset folder: {_os_reason(error)}",
            remedy="check --preset-dir and INGEST_PRESET_DIR",
        ) from error
    for path in paths:
        if not NAME.fullmatch(path.stem):
            raise _bad_name(path)
    return {path.stem: path for path in paths}


def _preset(table: PresetTable, origin: Path) -> Preset:
    video, audio = table.video, table.audio
    return Preset(
        name=table.name,
        title=table.title,
        box=Box(*table.box),
        video=VideoPreset(
            codec=video.codec,
            profile=video.profile,
            speed=video.speed,
            crf=video.crf,
            max_bitrate=video.max_bitrate,
            buffer=video.buffer,
            gop=video.gop,
            segment=video.segment,
            max_frame_rate=video.max_frame_rate,
            deinterlace=video.deinterlace,
            hevc=_codec_preset(video.hevc),
            av1=_codec_preset(video.av1),
        ),
        audio=AudioPreset(audio.stereo_bitrate, audio.surround_bitrate),
        origin=origin,
        max_width=table.max_width,
        max_height=table.max_height,
    )


def _codec_preset(table: HevcTable | Av1Table | None) -> CodecPreset | None:
    return CodecPreset(str(table.speed), table.crf, table.max_bitrate, table.buffer) if table else None


def _check_same_grid(first: Preset, other: Preset) -> None:
    def shown(value: object, unit: str) -> str:
        return value if isinstance(value, str) else f"{float(value):g}{unit}"  # type: ignore[arg-type]

    for key, unit in (("gop", "s"), ("segment", "s"), ("max_frame_rate", ""), ("deinterlace", "")):
        one, two = getattr(first.video, key), getattr(other.video, key)
        if one != two:
            raise UsageError(
                codes.PRESET_INVALID,
                f"{first.name} and {other.name} cannot share a ladder: "
                f"{key} is {shown(one, unit)} in {first.origin} and {shown(two, unit)} in {other.origin}",
                remedy=f"give both the same {key}",
            )


def _unusable(path: Path, key: str, reason: str) -> UsageError:
    return UsageError(codes.PRESET_INVALID, f"{path}: {key}: {reason}")


def _bad_name(path: Path) -> UsageError:
    return _unusable(path, "name", "must be 1 to 32 of a-z, 0-9, _ and -, a letter or digit first")


def _os_reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
