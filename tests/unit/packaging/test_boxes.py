from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_boxes import AVCC, audio_init, box, esds, full, init, track, video_entry, video_init, words

from ingest.packaging.boxes import Box, BoxError, Defaults, Edit, Init, TrackInit, children, read_init


def test_children_lists_boxes_with_32_bit_64_bit_and_open_sizes() -> None:
    data = box("free", b"ab") + b"\0\0\0\1mdat" + (18).to_bytes(8, "big") + b"xy" + b"\0\0\0\0skip" + b"rest"
    assert list(children(data)) == [Box("free", 0, 8, 10), Box("mdat", 10, 26, 28), Box("skip", 28, 36, 40)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0\0", "3 stray bytes at 0 where a box should start"),
        (words(7) + b"free", "box 'free' at 0 says it has 7 bytes, less than its header"),
        (words(9) + b"free", "box 'free' at 0 says it has 9 bytes, but 8 are left"),
        (
            words(1) + b"mdat" + b"\xff" * 8,
            "box 'mdat' at 0 says it has 18446744073709551615 bytes, but 16 are left",
        ),
        (words(1) + b"mdat" + b"\0\0", "box 'mdat' at 0 is cut off in its header"),
    ],
)
def test_children_refuses_what_does_not_fit(data: bytes, message: str) -> None:
    with pytest.raises(BoxError) as caught:
        list(children(data))
    assert str(caught.value) == message


def test_read_init_of_video() -> None:
    data = video_init(640, 360, edits=[(500, -1), (0, 2000)])
    assert read_init(data) == Init(
        brands=("iso8", "cmfc"),
        movie_timescale=1000,
        tracks=(
            TrackInit(
                track_id=1,
                handler="vide",
                timescale=24000,
                language="eng",
                entry="avc1",
                boxes={"avcC": AVCC},
                edits=(Edit(500, -1), Edit(0, 2000)),
                defaults=Defaults(1000, 0, 0),
                width=640,
                height=360,
            ),
        ),
    )


def test_read_init_of_sound() -> None:
    (sound,) = read_init(audio_init()).tracks
    assert (sound.handler, sound.entry, sound.timescale) == ("soun", "mp4a", 48000)
    assert (sound.channels, sound.sample_rate, sound.width) == (2, 48000, None)
    assert sound.boxes == {"esds": esds(bytes.fromhex("1190"))[8:]}


def test_an_encrypted_entry_is_named_after_its_original_format() -> None:
    inner = box("avcC", AVCC) + box("sinf", box("frma", b"avc1"))
    (video,) = read_init(init(track(video_entry("encv", inner, 16, 16)))).tracks
    assert video.entry == "avc1"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no box 'moov' in 'file' at 0"),
        (init(), "the movie has no track"),
        (init(track(video_entry("avc1", b"", 16, 16), timescale=0)), "track 1 has the timescale 0"),
        (init(track(b"")), "track 1 has no sample entry"),
        (init(track(box("avc1", bytes(20)))), "box 'avc1' at [0-9]+ is too short"),
    ],
)
def test_read_init_refuses(data: bytes, message: str) -> None:
    with pytest.raises(BoxError, match=message):
        read_init(data)


def test_an_edit_list_cannot_claim_more_entries_than_it_holds() -> None:
    good = video_init(edits=[(0, 2000)])
    at = good.index(b"elst") + 8
    with pytest.raises(BoxError, match="says 4294967295 entries, more than it holds"):
        read_init(good[:at] + b"\xff\xff\xff\xff" + good[at + 4 :])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_init(data)
    except BoxError:
        return
    raise AssertionError("400 random bytes were taken for a movie")


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_init_is_read_or_refused(data: st.DataObject) -> None:
    good = bytearray(video_init(edits=[(0, 2000)]) if data.draw(st.booleans()) else audio_init())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    for piece in (bytes(good), bytes(good[:cut])):
        with contextlib.suppress(BoxError):
            assert read_init(piece).tracks


def test_full_box_versions_are_honoured() -> None:
    long = full("mvhd", 1, 0, bytes(16), words(90000), bytes(88))
    data = box("moov", long, track(video_entry("avc1", box("avcC", AVCC), 16, 16)))
    assert read_init(data).movie_timescale == 90000
