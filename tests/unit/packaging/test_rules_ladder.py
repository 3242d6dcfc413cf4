"""Rules for how renditions stand together, on tracks made by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from made_boxes import box, init, track, video_entry
from made_transport import PPS, SPS

from ingest.packaging.boxes import TrackInit, read_init
from ingest.packaging.findings import Checks
from ingest.packaging.playlists import Master, Reference
from ingest.packaging.rules_ladder import check_ladder

if TYPE_CHECKING:
    from ingest.packaging.measure import Track

ROOT = Path("/package")
HIGH = bytes.fromhex("6764001eacd940b435f9f016a0202028000003000800000301e078b16cb0")
FIELDS = bytes.fromhex("67640028acd94078044fde0220000003002000000643e2c5b2c0")


def avcc(sps: bytes) -> bytes:
    return b"\1" + sps[1:4] + b"\xff\xe1" + len(sps).to_bytes(2, "big") + sps + b"\1\0\4" + PPS


class _Track:
    """What these rules look at of a measured rendition."""

    def __init__(
        self,
        name: str,
        size: tuple[int, int] = (720, 404),
        *,
        sps: bytes = HIGH,
        entry: str = "avc1",
        rate: Fraction = Fraction(25),
        average: int = 1_000_000,
        timescale: int = 12800,
        colour: int = 1,
    ) -> None:
        colr = b"nclx" + colour.to_bytes(2, "big") * 3 + b"\0"
        boxes = box("avcC", avcc(sps)) + box("colr", colr)
        self.header = read_init(init(track(video_entry(entry, boxes, *size)))).tracks[0]
        self.kind = "video"
        self.width, self.height = size
        self.playlist = ROOT / name
        self.frame_rate, self.average_bandwidth, self.timescale = rate, average, timescale
        self.sounds: tuple[_Sound, ...] = ()


class _Sound:
    def __init__(self, entry: str, channels: int, average: int, language: str = "und") -> None:
        self.header = TrackInit(1, "soun", 48000, language, entry, {})
        self.kind, self.channels, self.average_bandwidth = "audio", channels, average
        self.codec = entry
        self.playlist = ROOT / f"{entry}{channels}.m3u8"


def found(*tracks: _Track | _Sound, rates: tuple[int, ...] = ()) -> list[tuple[str, str, str]]:
    """The findings of a package of these, in this order, each declared at its rate (or as measured)."""
    variants = [t for t in tracks if isinstance(t, _Track)]
    declared = rates or tuple(t.average_bandwidth for t in variants)
    references = tuple(
        Reference("EXT-X-STREAM-INF", t.playlist.name, {"AVERAGE-BANDWIDTH": str(rate)})
        for t, rate in zip(variants, declared, strict=True)
    )
    master = Master(ROOT / "ABR.m3u8", ("#EXTM3U",), 6, True, references, (), ())
    checks = Checks()
    check_ladder(master, {t.playlist.name: cast("Track", t) for t in tracks}, ROOT, checks)
    return [(f.level, f.rule, f.found) for f in checks.findings]


SD, HD = _Track("sd"), _Track("hd", (1280, 720), average=3_000_000)


def test_a_usual_ladder_is_clean() -> None:
    assert found(SD, HD, _Sound("mp4a", 2, 140_000), _Sound("mp4a", 6, 330_000)) == []


def test_what_one_rendition_breaks_is_found() -> None:
    odd = _Track("odd", sps=SPS, rate=Fraction(10))
    assert found(odd) == [
        ("SHOULD", "Apple 1.18", "10.000 pictures/s"),
        ("SHOULD", "Apple 1.4", "profile 77"),
    ]
    assert found(_Track("f", sps=FIELDS)) == [("SHOULD", "Apple 1.14", "the bitstream may hold fields")]
    vp9 = _Track("v", entry="vp09")
    assert ("MUST", "Apple 1.1", "vp09 pictures") in found(vp9)


def test_a_broken_parameter_set_is_no_exception() -> None:
    assert found(_Track("b", sps=HIGH[:6])) == []


def test_what_renditions_break_together_is_found() -> None:
    square = _Track("square", (720, 720))
    fine = _Track("fine", (1280, 720), timescale=90000)
    wide = _Track("wide", (1280, 720), colour=9)
    assert found(SD, square) == [("SHOULD", "Apple 1.33", "720x720 beside 720x404")]
    assert found(SD, fine) == [("SHOULD", "ISO/IEC 23000-19 7.3.4", "timescales [12800, 90000]")]
    assert found(SD, wide) == [("SHOULD", "Apple 1.21", "2 colour spaces in SDR")]
    uhd = _Track("uhd", (3840, 2160), average=20_000_000)
    assert ("SHOULD", "Apple 1.34", "no UHD variant below 20000000 bit/s") in found(uhd)


def test_the_first_variant_fits_what_playback_begins_with() -> None:
    low = _Track("low", average=300_000)
    assert found(SD, low, HD) == []
    assert found(low, SD, HD) == [("SHOULD", "Apple 1.32", "the first variant has 300000 bit/s")]
    assert found(HD, low, SD, rates=(2_100_000, 300_000, 1_000_000)) == []


def test_costly_sound_and_muxed_surround_are_found() -> None:
    assert found(_Sound("mp4a", 2, 256_000)) == [
        ("SHOULD", "Apple 2.9", "256000 bit/s for 2 channels of mp4a")
    ]
    muxed = _Track("m")
    muxed.sounds = (_Sound("mp4a", 6, 1, "en"),)
    assert found(muxed) == [("MUST", "Apple 9.5", "1 sounds of 6 channels in the picture's segments")]
    muxed.sounds = (_Sound("mp4a", 2, 1, "en"), _Sound("mp4a", 2, 1, "fr"))
    assert found(muxed) == [("MUST", "Apple 9.5", "2 sounds of 2 channels in the picture's segments")]
