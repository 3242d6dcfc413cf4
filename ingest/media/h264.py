"""H.264 level limits (ITU-T H.264, Table A-1), to declare the lowest level that holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Level:
    """`macroblocks_per_second`, `frame_macroblocks`, `buffer_macroblocks` (decoded picture buffer), `kbits`
    (MaxBR of the Baseline and Main profiles; High has 1.25 times as much)."""

    name: str
    macroblocks_per_second: int
    frame_macroblocks: int
    buffer_macroblocks: int
    kbits: int


LEVELS: tuple[Level, ...] = (
    Level("1.0", 1485, 99, 396, 64),
    Level("1.1", 3000, 396, 900, 192),
    Level("1.2", 6000, 396, 2376, 384),
    Level("1.3", 11880, 396, 2376, 768),
    Level("2.0", 11880, 396, 2376, 2000),
    Level("2.1", 19800, 792, 4752, 4000),
    Level("2.2", 20250, 1620, 8100, 4000),
    Level("3.0", 40500, 1620, 8100, 10000),
    Level("3.1", 108000, 3600, 18000, 14000),
    Level("3.2", 216000, 5120, 20480, 20000),
    Level("4.0", 245760, 8192, 32768, 20000),
    Level("4.1", 245760, 8192, 32768, 50000),
    Level("4.2", 522240, 8704, 34816, 50000),
    Level("5.0", 589824, 22080, 110400, 135000),
    Level("5.1", 983040, 36864, 184320, 240000),
    Level("5.2", 2073600, 36864, 184320, 240000),
    Level("6.0", 4177920, 139264, 696320, 240000),
    Level("6.1", 8355840, 139264, 696320, 480000),
    Level("6.2", 16711680, 139264, 696320, 800000),
)
REFERENCE_FRAMES = 4


def level_for(width: int, height: int, rate: Fraction, max_bitrate: int) -> str:
    """The lowest level for High profile at `rate` pictures a second and `max_bitrate` bits a second."""
    wide, high = -(-width // 16), -(-height // 16)
    blocks = wide * high
    for level in LEVELS:
        if (
            blocks <= level.frame_macroblocks
            and max(wide, high) ** 2 <= 8 * level.frame_macroblocks
            and blocks * rate <= level.macroblocks_per_second
            and blocks * REFERENCE_FRAMES <= level.buffer_macroblocks
            and max_bitrate <= level.kbits * 1250
        ):
            return level.name
    return LEVELS[-1].name
