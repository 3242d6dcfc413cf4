"""AV1 level limits (AV1 Bitstream and Decoding Process Specification, Annex A.3), up to 5.1.

5.1 takes 3840x2160 at 60 pictures a second; decoders for more are rare.
"""

from __future__ import annotations

from ingest.media.levels import Level

# Rates are MaxDisplayRate; bit rates MainMbps and HighMbps.
LEVELS: tuple[Level, ...] = (
    Level("2.0", 147_456, 2_048, 1_152, 4_423_680, (1_500, 0)),
    Level("2.1", 278_784, 2_816, 1_584, 8_363_520, (3_000, 0)),
    Level("3.0", 665_856, 4_352, 2_448, 19_975_680, (6_000, 0)),
    Level("3.1", 1_065_024, 5_504, 3_096, 31_950_720, (10_000, 0)),
    Level("4.0", 2_359_296, 6_144, 3_456, 70_778_880, (12_000, 30_000)),
    Level("4.1", 2_359_296, 6_144, 3_456, 141_557_760, (20_000, 50_000)),
    Level("5.0", 8_912_896, 8_192, 4_352, 267_386_880, (30_000, 100_000)),
    Level("5.1", 8_912_896, 8_192, 4_352, 534_773_760, (40_000, 160_000)),
)
