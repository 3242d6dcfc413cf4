from __future__ import annotations

import json
import re
import tempfile
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.images.frames import Frame
from ingest.images.previews import write_preview_json, write_vtt
from ingest.images.sprites import Previews, Sheet, Tile, build_sheets
from ingest.job.errors import OutputError, ProcessingError

F = Fraction
SHEET = Sheet("sheet-001.jpg", 160, 100, 10, 10)
CUE = re.compile(
    r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})\n"
    r"(sheet-\d{3}\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)"
)


def previews_of(*boundaries: Fraction) -> Previews:
    """Previews that begin at all but the last of `boundaries`, at most 100."""
    tiles = tuple(
        Tile(start, end, 0, i % 10 * 16, i // 10 * 10, 16, 10)
        for i, (start, end) in enumerate(pairwise(boundaries))
    )
    return Previews((SHEET,), tiles, 16, 10, 10, 10, F(1))


def build(folder: Path, times: list[Fraction], duration: Fraction, interval: Fraction) -> Previews:
    """Real sheets of 16x16 frames (one JPEG block each); the i-th is one grey of level `2 * i`, i < 128."""
    frames = []
    for index, at in enumerate(times):
        path = folder / f"{index}.jpg"
        Image.new("RGB", (16, 16), (2 * index,) * 3).save(path)
        frames.append(Frame(path, at))
    return build_sheets(frames, duration, interval, folder)


def parse_vtt(text: str) -> list[tuple[int, int, str, tuple[int, ...]]]:
    """A strict reader of what `write_vtt` may write: (start ms, end ms, sheet, (x, y, width, height))."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    cues = []
    for block in blocks:
        match = CUE.fullmatch(block)
        assert match, block
        h1, m1, s1, ms1, h2, m2, s2, ms2 = (int(part) for part in match.groups()[:8])
        start, end = ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
        cues.append((start, end, match[9], tuple(int(match[i]) for i in range(10, 14))))
    return cues


# WebVTT


def test_the_whole_track(tmp_path: Path) -> None:
    write_vtt(previews_of(F(0), F(1), F(2002, 1000), F(5, 2)), tmp_path / "previews.vtt")
    assert (tmp_path / "previews.vtt").read_text() == (
        "WEBVTT\n"
        "\n"
        "00:00:00.000 --> 00:00:01.000\n"
        "sheet-001.jpg#xywh=0,0,16,10\n"
        "\n"
        "00:00:01.000 --> 00:00:02.002\n"
        "sheet-001.jpg#xywh=16,0,16,10\n"
        "\n"
        "00:00:02.002 --> 00:00:02.500\n"
        "sheet-001.jpg#xywh=32,0,16,10\n"
    )


def test_times_beyond_hours(tmp_path: Path) -> None:
    write_vtt(previews_of(F(0), F(3661001, 1000), F(100 * 3600)), tmp_path / "previews.vtt")
    assert (tmp_path / "previews.vtt").read_text().splitlines()[2::3] == [
        "00:00:00.000 --> 01:01:01.001",
        "01:01:01.001 --> 100:00:00.000",
    ]


def test_the_second_sheet_is_named(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(i) for i in range(102)], F(102), F(1))
    write_vtt(previews, tmp_path / "previews.vtt")
    assert parse_vtt((tmp_path / "previews.vtt").read_text())[99:] == [
        (99_000, 100_000, "sheet-001.jpg", (144, 144, 16, 16)),
        (100_000, 101_000, "sheet-002.jpg", (0, 0, 16, 16)),
        (101_000, 102_000, "sheet-002.jpg", (16, 0, 16, 16)),
    ]


def test_a_preview_too_short_for_a_millisecond_has_no_cue(tmp_path: Path) -> None:
    write_vtt(previews_of(F(0), F(1), F(10004, 10000), F(2), F(20003, 10000)), tmp_path / "previews.vtt")
    assert parse_vtt((tmp_path / "previews.vtt").read_text()) == [
        (0, 1000, "sheet-001.jpg", (0, 0, 16, 10)),
        (1000, 2000, "sheet-001.jpg", (32, 0, 16, 10)),
    ]


def test_a_video_of_a_tenth_of_a_millisecond_has_one_cue(tmp_path: Path) -> None:
    write_vtt(previews_of(F(0), F(1, 10000)), tmp_path / "previews.vtt")
    assert parse_vtt((tmp_path / "previews.vtt").read_text()) == [(0, 1, "sheet-001.jpg", (0, 0, 16, 10))]


@given(
    st.sets(
        st.fractions(min_value=F(1, 10000), max_value=10, max_denominator=10_000), min_size=1, max_size=99
    )
)
def test_cues_follow_one_another_from_0_to_the_end(ends: set[Fraction]) -> None:
    boundaries = sorted({F(0)} | ends)
    with tempfile.TemporaryDirectory() as name:
        write_vtt(previews_of(*boundaries), Path(name) / "previews.vtt")
        cues = parse_vtt((Path(name) / "previews.vtt").read_text())
    assert cues[0][0] == 0
    assert cues[-1][1] == max(1, round(boundaries[-1] * 1000))
    assert all(start < end for start, end, *_ in cues)
    assert all(before[1] == after[0] for before, after in pairwise(cues))


def test_an_unwritable_track_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"previews\.vtt cannot be written"):
        write_vtt(previews_of(F(0), F(1)), tmp_path / "missing" / "previews.vtt")


# preview.json


def read(folder: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((folder / "preview.json").read_text())
    return document


def levels(folder: Path) -> list[int]:
    """The frame number (grey level / 2) each tile of the described sprite shows, found as a client would."""
    document = json.loads((folder / "preview.json").read_text())
    with Image.open(folder / document["preview"]) as image:
        sprite = image.convert("L")
    width, height = document["width"], document["height"]
    assert sprite.size == (document["nCol"] * width, document["nRow"] * height)
    return [
        round(
            sprite.getpixel(
                (i % document["nCol"] * width + width // 2, i // document["nCol"] * height + height // 2)
            )
            / 2
        )
        for i in range(document["frameCount"])
    ]


def test_a_single_sheet_is_described_as_it_is(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(0), F(1, 2), F(1001, 1000)], F(13, 10), F(1, 2))
    assert write_preview_json(previews, tmp_path) == "sheet-001.jpg"
    assert read(tmp_path) == {
        "preview": "sheet-001.jpg",
        "frameCount": 3,
        "frameInterval": 500,
        "frames": [{"offset": 0}, {"offset": 500}, {"offset": 1001}],
        "width": 16,
        "height": 16,
        "nCol": 3,
        "nRow": 1,
    }
    assert not (tmp_path / "overview.jpg").exists()
    assert levels(tmp_path) == [0, 1, 2]


def test_the_sprite_can_be_given_a_place(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(0), F(1)], F(2), F(1))
    assert write_preview_json(previews, tmp_path, prefix="preview/") == "sheet-001.jpg"
    assert read(tmp_path)["preview"] == "preview/sheet-001.jpg"


def test_two_sheets_get_an_overview_of_every_second_preview(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(5 * i) for i in range(125)], F(623), F(5))
    assert write_preview_json(previews, tmp_path) == "overview.jpg"
    assert read(tmp_path) == {
        "preview": "overview.jpg",
        "frameCount": 63,
        "frameInterval": 10_000,
        "frames": [{"offset": 10_000 * i} for i in range(63)],
        "width": 16,
        "height": 16,
        "nCol": 10,
        "nRow": 7,
    }
    assert levels(tmp_path) == [2 * i for i in range(63)]


def test_frames_a_little_late_still_stand_for_their_interval(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(1001 * i, 1000) for i in range(120)], F(120), F(1))
    write_preview_json(previews, tmp_path)
    assert levels(tmp_path) == [2 * i for i in range(60)]


def test_a_gap_gets_an_overview_that_keeps_the_interval(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(0), F(1), F(5), F(6)], F(7), F(1))
    assert write_preview_json(previews, tmp_path) == "overview.jpg"
    assert read(tmp_path) == {
        "preview": "overview.jpg",
        "frameCount": 7,
        "frameInterval": 1000,
        "frames": [{"offset": 1000 * i} for i in range(7)],
        "width": 16,
        "height": 16,
        "nCol": 7,
        "nRow": 1,
    }
    assert levels(tmp_path) == [0, 1, 1, 1, 1, 2, 3]


def test_a_missing_last_fraction_of_an_interval_needs_no_overview(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(0), F(1), F(2)], F(31, 10), F(1))
    assert write_preview_json(previews, tmp_path) == "sheet-001.jpg"


def test_a_missing_end_gets_an_overview(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(0), F(1), F(2)], F(5), F(1))
    write_preview_json(previews, tmp_path)
    assert levels(tmp_path) == [0, 1, 2, 2, 2]


def test_a_lost_sheet_is_named(tmp_path: Path) -> None:
    previews = build(tmp_path, [F(i) for i in range(101)], F(101), F(1))
    lost = replace(previews, sheets=(previews.sheets[0], replace(previews.sheets[1], name="sheet-009.jpg")))
    with pytest.raises(ProcessingError, match=r"sheet-009\.jpg cannot be read"):
        write_preview_json(lost, tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.integers(0, 60_000), min_size=1, max_size=230, unique=True),
    duration=st.integers(1, 60_000),
    interval=st.sampled_from([F(1, 2), F(1), F(2), F(20)]),
)
def test_the_description_fits_the_sprite(times: list[int], duration: int, interval: Fraction) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.new("RGB", (4, 2)).save(folder / "0.jpg")
        frames = [Frame(folder / "0.jpg", F(ms, 1000)) for ms in times]
        previews = build_sheets(frames, F(duration, 1000), interval, folder)
        write_preview_json(previews, folder)
        document = json.loads((folder / "preview.json").read_text())
        with Image.open(folder / document["preview"]) as sprite:
            assert sprite.size == (document["nCol"] * 4, document["nRow"] * 2)
    offsets = [frame["offset"] for frame in document["frames"]]
    step = document["frameInterval"]
    assert 1 <= document["frameCount"] == len(offsets) <= 100
    assert (
        document["nCol"] * (document["nRow"] - 1)
        < document["frameCount"]
        <= document["nCol"] * document["nRow"]
    )
    assert offsets[0] == 0
    assert all(before < after < duration for before, after in pairwise(offsets))
    assert all(abs(offset - i * step) * 2 <= step for i, offset in enumerate(offsets))
    assert (duration - 1) // step - (len(offsets) - 1) <= 1
