"""Rules for profiles, levels and ladders, on tracks made by hand."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from made_boxes import box, init, track, video_entry

from ingest.packaging.boxes import read_init
from ingest.packaging.findings import Checks
from ingest.packaging.rules_codecs import check_ladders, check_profile, video_range
from ingest.packaging.rules_dash import check_transfer

if TYPE_CHECKING:
    from ingest.packaging.measure import Track

ROOT = Path("/package")


class _Track:
    """What these rules look at of a measured rendition."""

    def __init__(
        self, entry: str, config: str, size: tuple[int, int], rate: int = 30, transfer: int | None = None
    ) -> None:
        kind = {"avc1": "avcC", "hvc1": "hvcC", "hev1": "hvcC", "av01": "av1C"}[entry]
        boxes = box(kind, bytes.fromhex(config))
        if transfer is not None:
            boxes += box("colr", b"nclx\0\x09" + transfer.to_bytes(2, "big") + b"\0\x09\0")
        self.header = read_init(init(track(video_entry(entry, boxes, *size)))).tracks[0]
        self.width, self.height = size
        self.playlist = ROOT / f"video/{entry}/index.m3u8"
        self.frames = 10 * rate
        self.last_presentation = Fraction(10)


def made(*arguments: object, **more: object) -> Track:
    return cast("Track", _Track(*arguments, **more))  # type: ignore[arg-type]


def hvcc(profile: int, level: int) -> str:
    return f"01{profile:02x}60000000900000000000{level:02x}" + "00" * 8 + "0300"


def av1c(level: int, profile: int = 0) -> str:
    return f"81{profile << 5 | level:02x}0c00"


def broken(checks: Checks) -> list[tuple[str, str, str]]:
    return [(f.level, f.rule, f.found) for f in checks.findings]


HD, FHD, UHD = (1280, 720), (1920, 1080), (3840, 2160)


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (made("avc1", "0164001f", HD), []),
        (made("avc1", "01640035", HD), [("MUST", "Apple 1.3b", "profile 100 level 53")]),
        (made("avc1", "016e001f", HD), [("MUST", "Apple 1.3b", "profile 110 level 31")]),
        (made("hvc1", hvcc(1, 93), HD), []),
        (made("hvc1", hvcc(2, 153), UHD, 60), []),
        (made("hvc1", hvcc(1, 156), UHD, 60), [("MUST", "Apple 1.6b", "profile 1 level 156")]),
        (made("hvc1", hvcc(4, 93), HD), [("MUST", "Apple 1.6b", "profile 4 level 93")]),
        (
            made("hvc1", hvcc(1, 93), FHD),
            [("MUST", "H.265 A.4.1", "level 3.1 for 1920x1080 at 30.00 pictures a second")],
        ),
        (
            made("hvc1", hvcc(1, 120), FHD, 60),
            [("MUST", "H.265 A.4.1", "level 4.0 for 1920x1080 at 60.00 pictures a second")],
        ),
        (made("hev1", hvcc(1, 93), HD), [("SHOULD", "Apple 1.10", "sample entry hev1")]),
        (made("av01", av1c(5), HD), []),
        (made("av01", av1c(13), UHD, 60), []),
        (made("av01", av1c(16), UHD, 60), []),  # 6.0: more than it needs
        (
            made("av01", av1c(4), HD),
            [("MUST", "AV1 A.3", "level 3.0 for 1280x720 at 30.00 pictures a second")],
        ),
        (made("av01", av1c(5, 1), HD), [("MUST", "ingest av1", "profile 1")]),
    ],
)
def test_profile_and_level(found: Track, wrong: list[tuple[str, str, str]]) -> None:
    checks = Checks()
    check_profile(found, "ABR.m3u8", checks)
    assert broken(checks) == wrong


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG"), (1, "SDR"), (None, "SDR")])
def test_video_range(transfer: int | None, name: str) -> None:
    assert video_range(made("hvc1", hvcc(2, 93), HD, transfer=transfer)) == name


def test_whole_ladders_of_each_codec() -> None:
    avc, low = "0164001f", hvcc(1, 93)
    checks = Checks()
    check_ladders(
        [made("avc1", avc, HD), made("avc1", avc, FHD), made("hvc1", low, HD), made("hvc1", low, FHD)],
        ROOT,
        checks,
    )
    assert broken(checks) == []
    check_ladders([made("avc1", avc, HD), made("avc1", avc, FHD), made("hvc1", low, HD)], ROOT, checks)
    assert broken(checks) == [("SHOULD", "Apple 1.23", "hvc1 SDR without 1920x1080")]


def test_hdr_needs_sdr_beside_it() -> None:
    checks = Checks()
    check_ladders([made("hvc1", hvcc(2, 93), HD, transfer=16)], ROOT, checks)
    assert broken(checks) == [("MUST", "Apple 1.24", "only PQ")]


def manifest(*descriptors: tuple[str, str]) -> ET.Element:
    group = ET.Element("{urn:mpeg:dash:schema:mpd:2011}AdaptationSet")
    for kind, value in descriptors:
        scheme = "urn:mpeg:mpegB:cicp:TransferCharacteristics"
        ET.SubElement(group, f"{{urn:mpeg:dash:schema:mpd:2011}}{kind}", schemeIdUri=scheme, value=value)
    return group


@pytest.mark.parametrize(
    ("transfer", "descriptors", "wrong"),
    [
        (16, [("SupplementalProperty", "16")], None),
        (18, [("EssentialProperty", "18")], None),
        (16, [("SupplementalProperty", "18")], "TransferCharacteristics ['18']"),
        (16, [], "TransferCharacteristics []"),
        (1, [], None),
        (1, [("SupplementalProperty", "1")], None),
        (None, [("SupplementalProperty", "16")], "TransferCharacteristics ['16']"),
    ],
)
def test_dash_tells_the_transfer_of_hdr(
    transfer: int | None, descriptors: list[tuple[str, str]], wrong: str | None
) -> None:
    checks = Checks()
    nodes = (ET.Element("Period"), manifest(*descriptors), ET.Element("Representation"))
    check_transfer(nodes, made("hvc1", hvcc(2, 93), HD, transfer=transfer), "manifest.mpd 0", checks)
    assert [f.found for f in checks.findings] == ([wrong] if wrong else [])


def test_some_hevc_should_be_for_small_decoders() -> None:
    checks = Checks()
    check_ladders([made("hvc1", hvcc(1, 150), UHD)], ROOT, checks)
    assert broken(checks) == [("SHOULD", "Apple 1.6a", "no HEVC at 4.0")]
