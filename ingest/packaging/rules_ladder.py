"""Rules for what renditions are made of and how they stand together (Apple 1, 2 and 9; RFC 8216bis 4.4.6.2)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.annexb import BitstreamError, Sps, read_sps
from ingest.packaging.findings import APPLE, CMAF
from ingest.packaging.playlists import place_of
from ingest.packaging.rules_codecs import video_range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track
    from ingest.packaging.playlists import Master, Reference

PICTURES = ("avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "dva1", "dvav", "av01")
FIRST = 2_000_000
"""bit/s of the variant that a player begins with (Apple 1.32)."""
_SLOWEST = Fraction(24000, 1001) - Fraction(1, 10)
_UHD = 2160
_UHD_MOST = 15_000_000
# bit/s at most (Apple 2.9) by sample entry and channels; a tenth more for containers.
_SOUND_MOST = {("mp4a", 2): 160_000, ("mp4a", 6): 320_000, ("ac-3", 6): 384_000, ("ec-3", 6): 192_000}


def check_ladder(master: Master, tracks: Mapping[str, Track], root: Path, checks: Checks) -> None:
    """All renditions together; `tracks` are those that could be measured, by their URI."""
    named = [(v, t) for v in master.variants if (t := tracks.get(v.uri or "")) and t.kind == "video"]
    videos = list({t.playlist: t for _, t in named}.values())
    place = place_of(master.path, root)
    for track in videos:
        _check_picture(track, place_of(track.playlist, root), checks)
        _check_muxed(track, place_of(track.playlist, root), checks)
    for sound in {t.playlist: t for t in tracks.values() if t.kind == "audio"}.values():
        _check_sound(sound, place_of(sound.playlist, root), checks)
    if not named:
        return
    _check_levels(videos, place, checks)
    _check_shapes(videos, place, checks)
    _check_first(named, place, checks)


def _check_picture(track: Track, where: str, checks: Checks) -> None:
    entry = track.header.entry
    checks.must(
        entry in PICTURES, f"{APPLE} 1.1", where, f"{entry} pictures", "H.264, HEVC, Dolby Vision or AV1"
    )
    rate = track.frame_rate
    found = f"{float(rate):.3f} pictures/s"
    checks.should(rate >= _SLOWEST, f"{APPLE} 1.18", where, found, "23.976 to 60")
    said = _sps(track)
    if said:
        checks.should(said.profile >= 100, f"{APPLE} 1.4", where, f"profile {said.profile}", "High")
        found = "the bitstream may hold fields"
        checks.should(not said.interlaced, f"{APPLE} 1.14", where, found, "progressive pictures")


def _sps(track: Track) -> Sps | None:
    """The first sequence parameter set of an `avcC` box (ISO/IEC 14496-15, 5.3.3.1)."""
    config = track.header.boxes.get("avcC", b"")
    if len(config) < 8 or not config[5] & 31:
        return None
    try:
        return read_sps(config[8 : 8 + int.from_bytes(config[6:8], "big")])
    except BitstreamError:
        return None


def _check_muxed(track: Track, where: str, checks: Checks) -> None:
    many = len({s.header.language for s in track.sounds}) > 1 or any(
        (s.channels or 0) > 2 for s in track.sounds
    )
    found = (
        f"{len(track.sounds)} sounds of {max((s.channels or 0 for s in track.sounds), default=0)} channels"
    )
    wanted = "surround sound and languages in renditions of their own"
    checks.must(not many, f"{APPLE} 9.5", where, f"{found} in the picture's segments", wanted)


def _check_sound(track: Track, where: str, checks: Checks) -> None:
    most = _SOUND_MOST.get((track.header.entry, track.channels or 0))
    if most:
        found = f"{track.average_bandwidth} bit/s for {track.channels} channels of {track.codec}"
        good = track.average_bandwidth * 10 <= most * 11
        checks.should(good, f"{APPLE} 2.9", where, found, f"at most {most}")


def _check_levels(videos: Sequence[Track], place: str, checks: Checks) -> None:
    avc = [t.header.boxes["avcC"] for t in videos if len(t.header.boxes.get("avcC", b"")) > 3]
    common = any(config[1] <= 100 and config[3] <= 41 for config in avc)
    checks.should(common or not avc, f"{APPLE} 1.3a", place, "no H.264 at 4.1", "some at most High@4.1")
    large = [t.average_bandwidth for t in videos if min(t.width or 0, t.height or 0) >= _UHD]
    found = f"no UHD variant below {min(large, default=0)} bit/s"
    checks.should(
        min(large, default=0) <= _UHD_MOST, f"{APPLE} 1.34", place, found, f"one at most {_UHD_MOST}"
    )


def _check_shapes(videos: Sequence[Track], place: str, checks: Checks) -> None:
    first = videos[0]
    for other in videos[1:]:
        width, height = first.width or 1, first.height or 1
        across, down = other.width or 1, other.height or 1
        # Even sizes: each side may be off by up to two pixels.
        near = abs(width * down - height * across) <= 2 * (width + height + across + down)
        found = f"{across}x{down} beside {width}x{height}"
        checks.should(near, f"{APPLE} 1.33", place, found, "one aspect ratio")
    for entry in dict.fromkeys(t.header.entry for t in videos):
        scales = sorted({t.timescale for t in videos if t.header.entry == entry})
        checks.should(
            len(scales) == 1, f"{CMAF} 7.3.4", place, f"timescales {scales}", "one for all that switch"
        )
    colours = {t.header.boxes.get("colr", b"")[4:10] for t in videos if video_range(t) == "SDR"}
    found = f"{len(colours)} colour spaces in SDR"
    checks.should(len(colours) <= 1, f"{APPLE} 1.21", place, found, "one")


def _check_first(named: Sequence[tuple[Reference, Track]], place: str, checks: Checks) -> None:
    """Of the variants like the first, none fits the rate that playback should begin with better."""
    variant, track = named[0]

    def like(other: Reference, its: Track) -> bool:
        same = (its.header.entry, video_range(its)) == (track.header.entry, video_range(track))
        return same and other.attributes.get("AUDIO") == variant.attributes.get("AUDIO")

    rates = [v.number("AVERAGE-BANDWIDTH") or 0 for v, t in named if like(v, t)]
    below = [rate for rate in rates if rate <= FIRST]
    best = max(below, default=min(rates))
    nearest = min(rates, key=lambda rate: abs(rate - FIRST))
    found = f"the first variant has {rates[0]} bit/s"
    checks.should(rates[0] in (best, nearest), f"{APPLE} 1.32", place, found, f"about {FIRST}: {best}")
