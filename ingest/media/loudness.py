"""Loudness as EBU R 128 and ITU-R BS.1770 define it, read from what ffmpeg's ebur128 filter wrote.

The figures come from files of our own that hold nothing else: ffmpeg's log also carries texts of the source.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEYS = ("lavfi.r128.I", "lavfi.r128.LRA", "lavfi.r128.true_peak")
GATE = -70.0  # LUFS, BS.1770's absolute gate; the filter's figure where nothing is above it
CEILING = -1.0  # dBTP, the highest true peak that EBU R 128 allows
_TAIL = 4096  # bytes; a line has at most a hundred


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness in LUFS, loudness range in LU, true peak in dBTP.

    `integrated` is None where no 400 ms are above the gate (silence, or too short), `true_peak` where all is 0.
    """

    integrated: float | None
    range: float
    true_peak: float | None


@dataclass(frozen=True, slots=True)
class Levelling:
    """What was done to reach a loudness: the gain in dB, and by how much (LU) it stays below what was asked for."""

    gain: float
    short_by: float = 0.0


def last_figure(text: str, key: str) -> float | None:
    """The last value of `key` in what ffmpeg's `ametadata` filter printed; None where there is none.

    >>> last_figure("frame:9 pts:1 pts_time:1\\nlavfi.r128.I=-23.012\\n", "lavfi.r128.I")
    -23.012
    """
    found = re.findall(rf"^{re.escape(key)}=(-?[0-9]{{1,6}}\.[0-9]{{1,6}})$", text, re.MULTILINE)
    return float(found[-1]) if found else None


def read(files: Sequence[Path]) -> Loudness:
    """The final figures in the files for `KEYS`; a file that is missing says nothing."""
    integrated, spread, peak = (last_figure(_tail(f), key) for f, key in zip(files, KEYS, strict=True))
    return Loudness(
        integrated=integrated if integrated is not None and integrated > GATE else None,
        range=spread or 0.0,
        # The filter's figure is a factor of full scale.
        true_peak=round(20 * math.log10(peak), 2) if peak else None,
    )


def levelling(found: Loudness, target: float) -> Levelling:
    """The gain that brings a sound to `target` (LUFS), or as near as its true peak allows; none for silence."""
    if found.integrated is None:
        return Levelling(0.0)
    wanted = target - found.integrated
    room = CEILING - found.true_peak if found.true_peak is not None else wanted
    gain = min(wanted, room)
    return Levelling(round(gain, 2), round(wanted - gain, 2))


def _tail(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read(_TAIL).decode("ascii", "replace")
