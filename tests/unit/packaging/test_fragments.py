from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_boxes import box, fragment, full, pictures, words

from ingest.packaging.boxes import BoxError, Defaults
from ingest.packaging.fragments import Fragment, read_media

TRACKS = {1: Defaults(1000, 7, 0x10000)}


def moof(*trafs: bytes) -> bytes:
    return box("moof", full("mfhd", 0, 0, words(1)), *trafs)


def test_two_fragments_are_read_sample_by_sample() -> None:
    data = (
        box("styp", b"msdh")
        + fragment(48000, [(1000, b"abc", True, 2000), (1001, b"de", False, -500)])
        + fragment(50001, [(999, b"f", True, 0)])
    )
    media = read_media(data, TRACKS)
    first_end = len(data) - len(fragment(50001, [(999, b"f", True, 0)]))
    assert media.data_bytes == 6
    assert media.fragments == (
        Fragment(
            track_id=1,
            moof_start=12,
            moof_end=first_end - 13,
            decode_time=48000,
            durations=(1000, 1001),
            sizes=(3, 2),
            offsets=(2000, -500),
            sync=(True, False),
            data=((first_end - 5, first_end),),
        ),
        Fragment(
            1, first_end, len(data) - 9, 50001, (999,), (1,), (0,), (True,), ((len(data) - 1, len(data)),)
        ),
    )


def test_defaults_come_from_tfhd_then_trex_and_the_first_sample_has_flags_of_its_own() -> None:
    head = full("tfhd", 0, 0x20008, words(1, 500))
    run = full("trun", 0, 0x5, words(3, 0, 0))
    short = box("traf", head, full("tfdt", 0, 0, words(9)), run)
    offset = len(moof(short)) + 8
    run = full("trun", 0, 0x5, words(3, offset, 0))
    data = moof(box("traf", head, full("tfdt", 0, 0, words(9)), run)) + box("mdat", bytes(21))
    (found,) = read_media(data, TRACKS).fragments
    assert (found.decode_time, found.durations, found.sizes) == (9, (500,) * 3, (7,) * 3)
    assert found.sync == (True, False, False)
    assert found.data == ((offset, offset + 21),)


def test_a_byte_range_is_read_on_its_own_and_a_file_object_works() -> None:
    one, two = pictures(0, 2, 2), pictures(2000, 2, 2)
    media = read_media(io.BytesIO(one + two), TRACKS, start=len(one), end=len(one + two))
    assert [f.decode_time for f in media.fragments] == [2000]
    assert [f.moof_start for f in media.fragments] == [len(one)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (fragment(0, [(1, b"abc", True, 0)])[:-1], "box 'mdat' at 104 says it has 11 bytes, but 10 are left"),
        (fragment(0, [(1, b"abc", True, 0)])[:-11], "samples of track 1 at 112-115 lie outside the mdat"),
        (fragment(0, [(1, b"", True, 0)], track_id=2), "a fragment of track 2, which the initialization"),
        (
            moof(box("traf", full("tfhd", 0, 0, words(1)), full("trun", 0, 0, words(0xFFFFFFFF)))),
            "a run of 4294967295 samples is above the bound",
        ),
        (
            moof(box("traf", full("tfhd", 0, 0, words(1)), full("trun", 0, 0x100, words(3, 1, 1)))),
            "says 3 samples, more than it holds",
        ),
        (moof(box("traf")), "no box 'tfhd' in 'traf'"),
    ],
)
def test_read_media_refuses(data: bytes, message: str) -> None:
    with pytest.raises(BoxError, match=message):
        read_media(data, TRACKS)


def test_a_range_beyond_the_file_is_refused() -> None:
    with pytest.raises(BoxError, match="the byte range ends at 999, but the file has 8 bytes"):
        read_media(box("free"), TRACKS, end=999)


def test_many_samples_without_fields_stay_bounded() -> None:
    runs = [full("trun", 0, 0, words(900_000)) for _ in range(3)]
    with pytest.raises(BoxError, match="above the bound"):
        read_media(moof(box("traf", full("tfhd", 0, 0x10, words(1, 0)), *runs)), TRACKS)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1 << 31),
            st.binary(max_size=9),
            st.booleans(),
            st.integers(-(1 << 31), (1 << 31) - 1),
        ),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, 1 << 63),
)
def test_what_is_written_is_read_back(samples: list[tuple[int, bytes, bool, int]], time: int) -> None:
    (found,) = read_media(fragment(time, samples), TRACKS).fragments
    assert found.decode_time == time
    rows = list(zip(found.durations, found.sizes, found.sync, found.offsets, strict=True))
    assert rows == [(d, len(b), s, c) for d, b, s, c in samples]


@settings(max_examples=300)
@given(st.data())
def test_damage_is_read_or_refused_within_bounds(data: st.DataObject) -> None:
    good = bytearray(pictures(0, 5, 2, size=3) + pictures(5000, 3, 2))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(good) - 4))
        good[at : at + 4] = struct.pack(">I", data.draw(st.integers(0, 0xFFFFFFFF)))
    try:
        media = read_media(bytes(good), TRACKS)
    except BoxError:
        return
    assert media.data_bytes <= len(good)
    assert all(
        0 <= start <= end <= len(good) for f in media.fragments for start, end in f.data if start < end
    )
