"""Rules for profiles and levels, and for the ladders of several codecs (Apple 1.3 to 1.11, 1.23, 1.24)."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media import av1, hevc
from ingest.packaging.findings import APPLE, OURS
from ingest.packaging.playlists import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.media.levels import Level
    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track

_TRANSFERS = {16: "PQ", 18: "HLG"}
_ROUNDED = Fraction(102, 100)  # a rate that was measured over a short film


def video_range(track: Track) -> str:
    """SDR, PQ or HLG from the sample entry's `colr` box (ISO/IEC 14496-12, 12.1.5)."""
    colour = track.header.boxes.get("colr", b"")
    if colour[:4] != b"nclx" or len(colour) < 8:
        return "SDR"
    return _TRANSFERS.get(int.from_bytes(colour[6:8], "big"), "SDR")


def check_profile(track: Track, where: str, checks: Checks) -> None:
    """Apple 1.3b and 1.6b: what all variants may use at most; and a level that the picture keeps to."""
    boxes, entry = track.header.boxes, track.header.entry
    avc, hvc, av01 = boxes.get("avcC", b""), boxes.get("hvcC", b""), boxes.get("av1C", b"")
    if entry.startswith("avc") and len(avc) > 3:
        good = avc[1] in (66, 77, 88, 100) and avc[3] <= 52
        found = f"profile {avc[1]} level {avc[3]}"
        checks.must(good, f"{APPLE} 1.3b", where, found, "at most High@5.2, 8 bit")
    elif entry in ("hvc1", "hev1") and len(hvc) > 12:
        good = hvc[1] & 31 in (1, 2, 3) and hvc[12] <= 153
        found = f"profile {hvc[1] & 31} level {hvc[12]}"
        checks.must(good, f"{APPLE} 1.6b", where, found, "at most Main10@5.1")
        _check_level(track, hevc.LEVELS, Fraction(hvc[12], 30), "H.265 A.4.1", where, checks)
    elif entry == "av01" and len(av01) > 3:
        profile, level = av01[1] >> 5, av01[1] & 31
        checks.must(profile == 0, f"{OURS} av1", where, f"profile {profile}", "Main: others are not decoded")
        number = 2 + level // 4 + Fraction(level % 4, 10)
        _check_level(track, av1.LEVELS, number, "AV1 A.3", where, checks)
    checks.should(
        entry not in ("avc3", "hev1", "dvhe"),
        f"{APPLE} 1.10",
        where,
        f"sample entry {entry}",
        "parameter sets in the sample description (avc1, hvc1, dvh1)",
    )


def _check_level(
    track: Track, levels: Sequence[Level], number: Fraction, rule: str, where: str, checks: Checks
) -> None:
    """The level that the bitstream declares holds its size and its rate."""
    level = next((lv for lv in levels if Fraction(lv.name) == number), None)
    if level is None:  # above 5.1, or one that holds nothing of these
        return
    width, height = track.width or 0, track.height or 0
    rate = track.frames / track.last_presentation if track.last_presentation > 0 else Fraction(0)
    good = width * height <= level.pixels and width <= level.widest and height <= level.highest
    good = good and width * height * rate <= level.pixels_per_second * _ROUNDED
    found = f"level {level.name} for {width}x{height} at {float(rate):.2f} pictures a second"
    checks.must(good, rule, where, found, "a level that holds them")


def check_ladders(videos: Sequence[Track], root: Path, checks: Checks) -> None:
    """All variants together: each codec has its whole ladder, and where there is HDR there is SDR."""
    if not videos:
        return
    place = place_of(videos[0].playlist.parent.parent, root)
    ranges = {video_range(t) for t in videos}
    found = f"only {' and '.join(sorted(ranges))}"
    checks.must("SDR" in ranges, f"{APPLE} 1.24", place, found, "SDR beside HDR")
    sizes: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for track in videos:
        sizes[f"{track.header.entry} {video_range(track)}"].add((track.width or 0, track.height or 0))
    every = set().union(*sizes.values())
    for name, own in sizes.items():
        lacking = ", ".join(f"{w}x{h}" for w, h in sorted(every - own))
        checks.should(not lacking, f"{APPLE} 1.23", place, f"{name} without {lacking}", "the whole ladder")
    hvc = [t.header.boxes["hvcC"] for t in videos if len(t.header.boxes.get("hvcC", b"")) > 12]
    common = any(c[12] <= 120 and not c[1] & 0x20 for c in hvc)
    checks.should(common or not hvc, f"{APPLE} 1.6a", place, "no HEVC at 4.0", "some at most Main10@4.0")
