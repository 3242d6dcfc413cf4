"""H.264 parameter sets, sound frames and ID3 tags, as segments without an initialization segment carry them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_transport import PPS, SPS, START, adts, picture

from ingest.packaging.annexb import BitstreamError, Sps, count_delimiters, head, read_sps, units
from ingest.packaging.audio_frames import Frame, frames, id3_timestamp

# By x264: 720x404 in BT.709, High@3.0; 1920x1080 in fields, High@4.0.
CROPPED = bytes.fromhex("6764001eacd940b435f9f016a0202028000003000800000301e078b16cb0")
FIELDS = bytes.fromhex("67640028acd94078044fde0220000003002000000643e2c5b2c0")


def test_a_sequence_parameter_set_gives_profile_and_size() -> None:
    assert read_sps(SPS) == Sps(77, 0x40, 30, 640, 360, False, None, False)


def test_cropping_fields_and_colour_are_read() -> None:
    assert CROPPED.count(b"\0\0\3") == 2
    assert read_sps(CROPPED) == Sps(100, 0, 30, 720, 404, False, (1, 1, 1), False)
    assert read_sps(FIELDS) == Sps(100, 0, 40, 1920, 1080, True, None, False)


@given(st.binary(max_size=64))
def test_arbitrary_parameter_sets_are_read_or_refused(data: bytes) -> None:
    try:
        found = read_sps(data)
    except BitstreamError:
        return
    assert 0 < found.width <= 1 << 15
    assert 0 < found.height <= 1 << 15


def test_units_and_the_first_slice_are_found() -> None:
    data = picture(idr=True)
    assert [u.kind for u in units(data)] == [9, 7, 8, 5]
    before, kind = head(data)
    assert [data[u.start : u.end].rstrip(b"\0") for u in before[1:]] == [SPS, PPS]
    assert kind == 5
    assert head(picture(idr=False))[1] == 1
    assert head(START + SPS) == (tuple(units(START + SPS)), None)
    assert count_delimiters(data + picture(idr=False)) == 2


def test_adts_frames_are_counted() -> None:
    found = frames(adts() + adts(rate_index=4, channels=1, size=50), "mp4a")
    assert found == (
        Frame(0, 107, 1024, 48000, 2, "mp4a", bytes.fromhex("1190")),
        Frame(107, 164, 1024, 44100, 1, "mp4a", bytes.fromhex("1208")),
    )


def test_ac3_frames_are_counted() -> None:
    # 48 kHz, frmsizecod 0x1c: 384 kbit/s, 1536 bytes; bsid 8; 3/2 with LFE.
    frame = bytes((0x0B, 0x77, 0, 0, 0x1C, 8 << 3, 0b111_00_00_1)) + bytes(1529)
    assert frames(frame * 2, "ac-3") == (
        Frame(0, 1536, 1536, 48000, 6, "ac-3"),
        Frame(1536, 3072, 1536, 48000, 6, "ac-3"),
    )
    # 44.1 kHz, 128 kbit/s: 557 bytes, or a word more where the code is odd; 2/0 without LFE.
    stereo = bytes((0x0B, 0x77, 0, 0, 0x50, 8 << 3, 0b010_00_0_00))
    odd = bytes((0x0B, 0x77, 0, 0, 0x51, 8 << 3, 0b010_00_0_00))
    assert [f.end - f.start for f in frames(stereo + bytes(549), "ac-3")] == [556]
    assert [f.end - f.start for f in frames(odd + bytes(551), "ac-3")] == [558]
    assert frames(stereo + bytes(549), "ac-3")[0].channels == 2


def test_eac3_frames_are_counted() -> None:
    # Independent, 768 bytes, 48 kHz, six blocks, 3/2 with LFE; bsid 16.
    frame = bytes((0x0B, 0x77, 0x01, 0x7F, 0b00_11_111_1, 16 << 3, 0)) + bytes(761)
    dependent = bytes((0x0B, 0x77, 0x41, 0x7F)) + frame[4:]
    assert frames(frame + dependent + frame, "ec-3") == (
        Frame(0, 768, 1536, 48000, 6, "ec-3"),
        Frame(1536, 2304, 1536, 48000, 6, "ec-3"),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xf1", "no ADTS frame at 0"),
        (adts() + b"\0", "no ADTS frame at 107"),
        (adts()[:-1], "a sound frame at 0 is cut off"),
        (adts(rate_index=13), "reserved sampling frequency"),
        (b"\xff\xf1\x4c\x80\x00\xbf\xfc", "has 5 bytes"),
    ],
)
def test_broken_adts_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BitstreamError, match=message):
        frames(data, "mp4a")


@given(st.binary(max_size=64), st.sampled_from(["mp4a", "ac-3", "ec-3"]))
def test_arbitrary_sound_is_read_or_refused(data: bytes, codec: str) -> None:
    try:
        found = frames({"mp4a": b"\xff\xf1", "ac-3": b"\x0b\x77", "ec-3": b"\x0b\x77"}[codec] + data, codec)
    except BitstreamError:
        return
    assert all(f.start < f.end for f in found)


def id3(payload: bytes) -> bytes:
    size = len(payload)
    return b"ID3\4\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + payload


def test_the_time_of_packed_audio_is_read_from_its_tag() -> None:
    owner = b"com.apple.streaming.transportStreamTimestamp\0"
    frame = b"PRIV" + (len(owner) + 8).to_bytes(4, "big") + b"\0\0" + owner
    tag = id3(frame + (0x1_2345_6789).to_bytes(8, "big"))
    assert id3_timestamp(tag + adts()) == (len(tag), 0x1_2345_6789)
    assert id3_timestamp(id3(b"TIT2") + tag) == (len(tag) + 14, 0x1_2345_6789)
    assert id3_timestamp(adts()) == (0, None)
    with pytest.raises(BitstreamError, match="cut off"):
        id3_timestamp(tag[:-1])
