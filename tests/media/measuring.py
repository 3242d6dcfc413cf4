"""Measures media with ffmpeg and ffprobe alone: nothing of ingest decides what is seen here, save which programs.

Times are exact fractions of a second on the file's own clock (`-copyts`), as they are presented.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING, Any

import m3u8
from PIL import Image, ImageChops

from ingest.media.toolchain import find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THUMBNAIL = (32, 18)
SQUARES = [difference * difference for difference in range(256)]
_SHOWN = re.compile(rb"showinfo.* n: *\d+ pts: *(-?\d+) ")
_CLOCK = re.compile(rb"showinfo.*config in time_base: (\d+)/(\d+)")
_HEARD = re.compile(rb"ashowinfo.* pts:(-?\d+) .* rate:(\d+) nb_samples:(\d+)")


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture made small: when it is shown, and its bytes."""

    time: Fraction
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound: when its first sample is heard, samples a second, 16-bit samples of one channel."""

    start: Fraction
    rate: int
    samples: array[int]

    @property
    def duration(self) -> Fraction:
        return Fraction(len(self.samples), self.rate)

    def onsets(self, *, quiet: float = 0.3) -> list[Fraction]:
        """When sound begins after at least `quiet` seconds without: the first sample above half the peak."""
        threshold = max(map(abs, self.samples)) // 2
        gap, found, last = quiet * self.rate, [], -math.inf
        for index, sample in enumerate(self.samples):
            if abs(sample) >= threshold:
                if index - last > gap:
                    found.append(self.start + Fraction(index, self.rate))
                last = index
        return found

    def level(self, start: Fraction, end: Fraction) -> float:
        """RMS of the samples from `start` to `end` in dB of full scale; silence is -120."""
        first, last = (round((t - self.start) * self.rate) for t in (start, end))
        part = self.samples[max(0, first) : last]
        return 10 * math.log10(max(1e-12, sum(s * s for s in part) / len(part) / 32768**2))


@cache
def ffmpeg() -> str:
    return str(find().ffmpeg.path)


@cache
def ffprobe() -> str:
    return str(find().ffprobe.path)


def run(*argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return done


def probe(path: Path, *question: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        run(ffprobe(), "-v", "error", *question, "-of", "json", str(path)).stdout
    )
    return document


def pictures(
    path: Path,
    *,
    stream: str = "v:0",
    filters: str = "",
    matrix: str = "bt709",
    signal: str = "tv",
    size: tuple[int, int] = THUMBNAIL,
    pixel_format: str = "rgb24",
    options: Sequence[str] = (),
) -> tuple[Picture, ...]:
    """Every picture that the file shows, through `filters`, then averaged down to `size`.

    `matrix` and `signal` (range: tv or pc) say how its YCbCr is meant, whatever its tags say.
    """
    width, height = size
    flags = "area+accurate_rnd+full_chroma_int+full_chroma_inp"
    scale = f"scale={width}:{height}:flags={flags}:in_color_matrix={matrix}:in_range={signal}"
    chain = ",".join(filter(None, (filters, scale, f"format={pixel_format}")))
    done = run(
        *(
            ffmpeg(),
            "-nostdin",
            "-hide_banner",
            "-nostats",
            "-v",
            "info",
            "-copyts",
            *options,
            "-i",
            str(path),
        ),
        *("-map", f"0:{stream}", "-vf", f"{chain},showinfo=checksum=0", "-fps_mode", "passthrough"),
        *("-f", "rawvideo", "-"),
    )
    clock = _CLOCK.search(done.stderr)
    assert clock, done.stderr[-2000:]
    tick = Fraction(int(clock[1]), int(clock[2]))
    times = [int(t) * tick for t in _SHOWN.findall(done.stderr)]
    length = width * height * {"rgb24": 3, "gray": 1}[pixel_format]
    assert len(done.stdout) == length * len(times)
    return tuple(Picture(t, done.stdout[i * length : (i + 1) * length]) for i, t in enumerate(times))


def flat(path: Path) -> tuple[bytes, ...]:
    """The one picture of an image file, small: JPEG is BT.601 in full range (JFIF), the rest is RGB."""
    options = ("-f", "jpeg_pipe") if path.suffix == ".jpg" else ()
    return tuple(p.pixels for p in pictures(path, matrix="bt601", signal="pc", options=options))


def sound(path: Path, *, stream: str = "a:0", filters: str = "", options: Sequence[str] = ()) -> Sound:
    """The whole sound on the clock of its times, mixed to one channel unless `filters` choose one."""
    chain = f"{filters or 'aformat=channel_layouts=mono'},asettb=1/sr"
    done = run(
        *(
            ffmpeg(),
            "-nostdin",
            "-hide_banner",
            "-nostats",
            "-v",
            "info",
            "-copyts",
            *options,
            "-i",
            str(path),
        ),
        *("-map", f"0:{stream}", "-af", f"{chain},ashowinfo", "-f", "s16le", "-"),
    )
    heard = [tuple(map(int, found)) for found in _HEARD.findall(done.stderr)]
    decoded = array("h")
    decoded.frombytes(done.stdout)
    if sys.byteorder == "big":
        decoded.byteswap()
    assert heard
    assert len(decoded) == sum(count for _, _, count in heard)
    # Frames go where their times say, in samples: a hole in the times is silence.
    first, rate, _ = heard[0]
    samples, taken = array("h"), 0
    for pts, _, count in heard:
        hole = pts - first - len(samples)
        if hole > rate // 1000:
            samples.frombytes(bytes(2 * hole))
        samples += decoded[taken : taken + count]
        taken += count
    return Sound(Fraction(first, rate), rate, samples)


def join(playlist: Path, target: Path) -> Path:
    """The initialization segment and all segments of a media playlist, in one file."""
    parsed = m3u8.load(str(playlist))
    names = [parsed.segment_map[0].uri, *(s.uri for s in parsed.segments)]
    with target.open("wb") as file:
        for name in names:
            file.write((playlist.parent / name).read_bytes())
    return target


def packet_times(path: Path, stream: str = "v:0") -> list[Fraction]:
    """When the container says that each coded picture is shown, ascending; those that an edit list hides left out."""
    document = probe(path, "-select_streams", stream, "-show_entries", "stream=time_base:packet=pts,flags")
    tick = Fraction(document["streams"][0]["time_base"])
    return sorted(int(p["pts"]) * tick for p in document["packets"] if "D" not in p["flags"])


def key_times(path: Path) -> list[Fraction]:
    """Presentation times of the key pictures, ascending."""
    document = probe(
        path,
        *("-select_streams", "v:0", "-show_entries", "stream=time_base:packet=pts,flags"),
    )
    tick = Fraction(document["streams"][0]["time_base"])
    return sorted(int(p["pts"]) * tick for p in document["packets"] if "K" in p["flags"])


def error(one: bytes, other: bytes) -> float:
    """Mean squared error of two pictures, exact: from how often each difference occurs."""
    assert len(one) == len(other)
    row = (len(one), 1)
    apart = ImageChops.difference(Image.frombytes("L", row, one), Image.frombytes("L", row, other))
    return sum(map(mul, apart.histogram(), SQUARES)) / len(one)


def psnr(mean_squared_error: float) -> float:
    """Decibels; 100 for pictures that are the same."""
    return min(100.0, 10 * math.log10(255**2 / mean_squared_error)) if mean_squared_error else 100.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a rung's pictures compare with the source's, each with its own: PSNR in dB of the worst, and shifts.

    `poor` is what all but one in fifty pictures reach: an encoder held to very few bits spoils one now and then.

    `by_shift` is the mean squared error against the source's pictures so many places later. `misplaced` are the
    pictures that differ much from a neighbour in the source, and are more like that neighbour.
    """

    worst: float
    poor: float
    by_shift: dict[int, float]
    told_apart: int
    misplaced: tuple[int, ...]

    @property
    def in_place(self) -> bool:
        """No picture stands where its neighbour should, and all together fit best as they stand."""
        best = self.by_shift[0]
        return not self.misplaced and all(e > 1.2 * best for s, e in self.by_shift.items() if s)


def likeness(made: Sequence[Picture], source: Sequence[Picture]) -> Likeness:
    """Compare picture by picture, in order; both must have the same number, at least four."""
    assert len(made) == len(source) > 3
    errors = {
        shift: [
            error(made[i].pixels, source[i + shift].pixels) if 0 <= i + shift < len(source) else None
            for i in range(len(made))
        ]
        for shift in (-1, 0, 1)
    }
    moves = [error(a.pixels, b.pixels) for a, b in pairwise(source)]
    told_apart, misplaced = 0, []
    for i in range(len(made)):
        clear = [s for s in (-1, 1) if 0 <= i + min(s, 0) < len(moves) and moves[i + min(s, 0)] > 30]
        told_apart += bool(clear)
        if any(errors[s][i] <= errors[0][i] for s in clear):
            misplaced.append(i)
    inner = slice(1, len(made) - 1)
    levels = sorted(map(psnr, errors[0]))
    return Likeness(
        worst=levels[0],
        poor=levels[len(levels) // 50],
        by_shift={shift: sum(found[inner]) / (len(made) - 2) for shift, found in errors.items()},
        told_apart=told_apart,
        misplaced=tuple(misplaced),
    )


def quality(
    rungs: Sequence[tuple[Path, int, int]],
    source: Path,
    folder: Path,
    *,
    stream: str = "v:0",
    filters: str = "null",
    matrix: str = "bt709",
    signal: str = "tv",
    options: Sequence[str] = (),
) -> list[list[float]]:
    """PSNR (dB, all planes) of every picture of each rung (file, width, height), against the source at its size."""
    same = "settb=1/25,setpts=N"
    scale = f"in_color_matrix={matrix}:in_range={signal}:out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd"
    graph = [
        f"[0:{stream}]{filters},{same},split={len(rungs)}" + "".join(f"[s{i}]" for i in range(len(rungs)))
    ]
    for i, (_, width, height) in enumerate(rungs):
        graph.append(f"[s{i}]scale={width}:{height}:{scale},format=yuv420p,setsar=1[t{i}]")
        graph.append(f"[{i + 1}:v:0]{same},setsar=1[r{i}];[r{i}][t{i}]psnr=stats_file=psnr{i}.log[o{i}]")
    run(
        *(ffmpeg(), "-nostdin", "-v", "error", *options, "-i", str(source)),
        *(part for path, _, _ in rungs for part in ("-i", str(path))),
        *("-filter_complex", ";".join(graph)),
        *(part for i in range(len(rungs)) for part in ("-map", f"[o{i}]", "-f", "null", "-")),
        cwd=folder,
    )
    logs = [(folder / f"psnr{i}.log").read_text() for i in range(len(rungs))]
    return [[min(100.0, float(v)) for v in re.findall(r"psnr_avg:(\S+)", log)] for log in logs]


def lag(
    made: Sound, source: Sound, source_zero: Fraction, *, length: float = 1.0, reach: float = 0.06
) -> float:
    """Seconds by which `made` is late against `source`, whose time `source_zero` is `made`'s 0.

    The peak of the normalised cross-correlation over the loudest `length` seconds; both must have the same sample rate.
    """
    assert made.rate == source.rate
    rate = made.rate
    window, far = int(length * rate), int(reach * rate)
    # Index in the source of made's sample 0.
    shift = round((made.start + source_zero - source.start) * rate)
    low = max(far + 2048, far - shift)
    high = min(len(made.samples), len(source.samples) - shift) - far
    window = min(window, high - low)
    assert window > rate // 8, "too little sound in common"
    starts = range(low, high - window + 1, max(1, window // 2))
    at = max(starts, key=lambda s: sum(abs(v) for v in made.samples[s : s + window : 64]))
    mine = made.samples[at : at + window : 11]

    def alike(move: int) -> float:
        begin = at + shift - move
        theirs = source.samples[begin : begin + window : 11]
        return sum(map(mul, mine, theirs)) / math.sqrt(sum(map(mul, theirs, theirs)) + 1)

    coarse = max(range(-far, far + 1, 6), key=alike)
    return max(range(coarse - 6, coarse + 7), key=alike) / rate


def flashes(shown: Sequence[Picture]) -> list[Fraction]:
    """When the picture turns white."""
    lights = [sum(p.pixels) / len(p.pixels) > 128 for p in shown]
    return [
        p.time for p, now, before in zip(shown, lights, [False, *lights], strict=False) if now and not before
    ]


def cuts(playlist: Path) -> list[Fraction]:
    """Sums of EXTINF: where the segments end, by the playlist."""
    total, found = Fraction(0), []
    for segment in m3u8.load(str(playlist)).segments:
        total += Fraction(str(segment.duration))
        found.append(total)
    return found
