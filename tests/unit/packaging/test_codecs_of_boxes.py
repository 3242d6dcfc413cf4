from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_boxes import AVCC, IDR, SLICE, audio_entry, box, esds, full, init, track, video_entry, words

from ingest.packaging.boxes import BoxError, TrackInit, read_init
from ingest.packaging.codecs import AacConfig, aac_config, audio_config, random_access, rfc6381, same_codec


def video(kind: str, *configs: bytes) -> TrackInit:
    return read_init(init(track(video_entry(kind, b"".join(configs), 64, 64)))).tracks[0]


def sound(kind: str, config: bytes) -> TrackInit:
    return read_init(init(track(audio_entry(kind, config, 2, 48000), handler="soun"))).tracks[0]


def nclx(primaries: int, transfer: int, matrix: int, *, full: int = 0) -> bytes:
    codes = b"".join(n.to_bytes(2, "big") for n in (primaries, transfer, matrix))
    return box("colr", b"nclx" + codes + bytes([full << 7]))


# x265 Main10 HDR10: profile 2, compatibility bit 2, Main tier, level 2.1, constraints 0x90.
HVCC_MAIN10 = bytes.fromhex("0102200000009000000000003f") + bytes(8) + b"\x03\x00"
HVCC_MAIN = bytes.fromhex("0101600000009000000000005d") + bytes(8) + b"\x03\x00"


@pytest.mark.parametrize(
    ("entry", "codec"),
    [
        (video("avc1", box("avcC", AVCC)), "avc1.64001e"),
        (video("avc3", box("avcC", bytes.fromhex("014d401fff"))), "avc3.4d401f"),
        (video("hvc1", box("hvcC", HVCC_MAIN)), "hvc1.1.6.L93.90"),
        (video("hvc1", box("hvcC", HVCC_MAIN10)), "hvc1.2.4.L63.90"),
        (
            video("hev1", box("hvcC", bytes.fromhex("01a1600000000000000000b099"))),
            "hev1.B1.6.H153.0.0.0.0.0.B0",
        ),
        (video("av01", box("av1C", bytes.fromhex("81080c00"))), "av01.0.08M.08"),
        (video("av01", box("av1C", bytes.fromhex("812dcc00"))), "av01.1.13H.10"),
        (video("av01", box("av1C", bytes.fromhex("814d6000"))), "av01.2.13M.12"),
        (
            video("av01", box("av1C", bytes.fromhex("81084c00")), nclx(9, 16, 9)),
            "av01.0.08M.10.0.110.09.16.09.0",
        ),
        (
            video("av01", box("av1C", bytes.fromhex("81084c00")), nclx(9, 18, 9)),
            "av01.0.08M.10.0.110.09.18.09.0",
        ),
        (video("av01", box("av1C", bytes.fromhex("81080c00")), nclx(1, 1, 1)), "av01.0.08M.08"),
        (video("av01", box("av1C", bytes.fromhex("81080c00")), nclx(2, 2, 2)), "av01.0.08M.08"),
        (
            video("av01", box("av1C", bytes.fromhex("81080c00")), nclx(1, 1, 1, full=1)),
            "av01.0.08M.08.0.110.01.01.01.1",
        ),
        (video("vp09", full("vpcC", 1, 0, bytes.fromhex("021fa2010101"), b"\0\0")), "vp09.02.31.10"),
        (sound("mp4a", esds(bytes.fromhex("1190"))), "mp4a.40.2"),
        (sound("mp4a", esds(bytes.fromhex("2b118800"))), "mp4a.40.5"),
        (sound("mp4a", esds(bytes.fromhex("f94340"))), "mp4a.40.42"),
        (sound("mp4a", esds(b"", 0x6B)), "mp4a.6b"),
        (sound("ac-3", box("dac3", b"\x10\x3d\xc0")), "ac-3"),
        (sound("Opus", box("dOps", bytes(11))), "Opus"),
    ],
)
def test_rfc6381(entry: TrackInit, codec: str) -> None:
    assert rfc6381(entry) == codec


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (video("avc1"), "the sample entry 'avc1' has no usable avcC box"),
        (video("hvc1", box("hvcC", bytes(12))), "the sample entry 'hvc1' has no usable hvcC box"),
        (sound("mp4a", full("esds", 0, 0, b"\x05\x00")), "the esds box holds no ES descriptor"),
        (sound("mp4a", full("esds", 0, 0, b"\x03\x7f\0\0\0")), "a descriptor of the esds box is cut off"),
        (
            sound("mp4a", full("esds", 0, 0, b"\x03\x80\x80\x80\x80\x01")),
            "length of the esds box does not end",
        ),
        (sound("mp4a", esds(b"\x11")), "the AudioSpecificConfig is too short"),
    ],
)
def test_rfc6381_refuses(entry: TrackInit, message: str) -> None:
    with pytest.raises(BoxError, match=message):
        rfc6381(entry)


def test_aac_config_reads_channels_and_rate() -> None:
    assert aac_config(bytes.fromhex("1190")) == AacConfig(2, 48000, 2)
    assert aac_config(bytes.fromhex("1230")) == AacConfig(2, 44100, 6)
    assert aac_config(bytes.fromhex("1180")) == AacConfig(2, 48000, None)
    assert aac_config(bytes.fromhex("17805dc010")) == AacConfig(2, 48000, 2)
    assert audio_config(sound("ac-3", b"")) is None
    with pytest.raises(BoxError, match="reserved sampling frequency index 13"):
        aac_config(bytes.fromhex("1690"))


@pytest.mark.parametrize(
    ("declared", "measured", "same"),
    [
        ("avc1.64001E", "avc1.64001e", True),
        (" mp4a.40.2 ", "mp4a.40.2", True),
        ("avc1.64001f", "avc1.64001e", False),
        ("av01.0.08M.08.0.110.01.01.01.0", "av01.0.08M.08", True),
        ("av01.0.08M.10", "av01.0.08M.08", False),
        ("av01.0.08M.10", "av01.0.08M.10.0.110.09.16.09.0", True),
        ("av01.0.08M.10.0.110.09.18.09.0", "av01.0.08M.10.0.110.09.16.09.0", False),
        ("av01", "av01.0.08M.10.0.110.09.16.09.0", False),
        ("mp4a.40.29", "mp4a.40.2", False),
    ],
)
def test_same_codec(declared: str, measured: str, same: bool) -> None:
    assert same_codec(declared, measured) is same


def test_random_access_looks_past_sei_and_parameter_sets() -> None:
    avc = video("avc1", box("avcC", AVCC))
    sei = words(3) + b"\x06ab"
    assert random_access(avc, IDR) is True
    assert random_access(avc, sei + IDR) is True
    assert random_access(avc, sei + SLICE) is False
    assert random_access(avc, sei) is None
    hevc = video("hvc1", box("hvcC", HVCC_MAIN))
    assert random_access(hevc, words(2) + b"\x40\x01" + words(2) + b"\x26\x01") is True
    assert random_access(hevc, words(2) + b"\x2a\x01") is False


@pytest.mark.parametrize(
    ("obus", "key"),
    [
        ("1200 0a01 00 3202 10ff", True),  # temporal delimiter, sequence header, OBU_FRAME: key, shown
        ("1200 3201 10", True),
        ("1200 1a01 10", True),  # OBU_FRAME_HEADER
        ("1200 3600 01 10", True),  # with an extension byte
        ("1200 30 10", True),  # without a size: to the end
        ("1200 2a03 010203 3202 10", True),  # metadata before it
        ("1200 3201 30", False),  # an inter frame
        ("1200 3201 00", False),  # a key frame that is not shown
        ("1200 3201 90", False),  # an earlier frame shown again
        ("1200 0a01 08 3201 ff", True),  # reduced_still_picture_header
        ("1200", None),
        ("1200 32", None),
        ("1200 0aff", None),
        ("", None),
    ],
)
def test_random_access_of_av1(obus: str, key: bool | None) -> None:
    assert random_access(video("av01", box("av1C", bytes(4))), bytes.fromhex(obus)) is key


@given(st.binary(max_size=64))
def test_any_decoder_configuration_is_read_or_refused(payload: bytes) -> None:
    for entry in (sound("mp4a", box("esds", payload)), video("hvc1", box("hvcC", payload))):
        with contextlib.suppress(BoxError):
            assert rfc6381(entry).startswith(entry.entry)
    for entry in (video("avc1", box("avcC", AVCC)), video("av01", box("av1C", bytes(4)))):
        assert random_access(entry, payload) in (True, False, None)
