"""Cues in the order of time, whatever the order of their arrival; and their segments."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ingest.packaging.klv_rendition import write_klv_rendition
from ingest.packaging.webvtt_reader import read_webvtt
from ingest.telemetry.cue_store import LONGEST, CueStore, JsonCue

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def stored(path: Path, times: list[float]) -> CueStore:
    store = CueStore(path)
    with path.open("wb") as file:
        for k, time in enumerate(times):
            store.add(file, time, f'{{"set": {k}}}')
    return store


def test_each_lasts_until_the_next_one_and_the_last_one_to_the_end(tmp_path: Path) -> None:
    store = stored(tmp_path / "cues", [0, 160, 80, 40, 120])
    assert len(store) == 5
    assert list(store.cues(200)) == [
        JsonCue(0, 40, '{"set": 0}'),
        JsonCue(40, 80, '{"set": 3}'),
        JsonCue(80, 120, '{"set": 2}'),
        JsonCue(120, 160, '{"set": 4}'),
        JsonCue(160, 200, '{"set": 1}'),
    ]


def test_before_the_first_picture_after_the_last_and_in_one_millisecond(tmp_path: Path) -> None:
    store = stored(tmp_path / "cues", [-80, -40, 10.2, 9.8, 500, 600])
    assert [(c.start, c.end, c.text[8]) for c in store.cues(500)] == [(0, 10, "1"), (10, 500, "3")]


def test_a_gap_is_not_covered_for_ever(tmp_path: Path) -> None:
    store = stored(tmp_path / "cues", [0, 60_000])
    assert [(c.start, c.end) for c in store.cues(100_000)] == [(0, LONGEST), (60_000, 60_000 + LONGEST)]


@given(st.lists(st.integers(-1000, 20_000)), st.integers(1, 15_000))
def test_any_times_give_cues_one_after_the_other_inside_the_film(
    tmp_path_factory: pytest.TempPathFactory, times: list[int], duration: int
) -> None:
    store = stored(tmp_path_factory.getbasetemp() / "any-cues", [float(t) for t in times])
    cues = list(store.cues(duration))
    assert all(0 <= c.start < c.end <= duration for c in cues)
    assert all(a.end <= b.start for a, b in pairwise(cues))
    assert {c.start for c in cues} >= {t for t in times if 0 <= t < duration}


def test_the_rendition_s_segments(tmp_path: Path) -> None:
    cues = [JsonCue(0, 900, "A"), JsonCue(900, 1100, "B"), JsonCue(1100, 2000, "C"), JsonCue(2000, 2400, "D")]
    edges = [Fraction(0), Fraction(1), Fraction(2), Fraction("2.4")]
    count, peak, average = write_klv_rendition(tmp_path, iter(cues), edges, 1, mpegts=900_000)
    assert count == 4
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n"
    files = [(tmp_path / f"seg-0000{k}.vtt").read_text("ascii") for k in (1, 2, 3)]
    assert files == [
        f"{head}\n00:00:00.000 --> 00:00:00.900\nA\n\n00:00:00.900 --> 00:00:01.100\nB\n",
        f"{head}\n00:00:00.900 --> 00:00:01.100\nB\n\n00:00:01.100 --> 00:00:02.000\nC\n",
        f"{head}\n00:00:02.000 --> 00:00:02.400\nD\n",
    ]
    sizes = [len(f) for f in files]
    assert average == -(-8 * sum(sizes) * 10 // 24)
    assert peak >= average
    assert (tmp_path / "index.m3u8").read_text("utf-8").splitlines()[-7:] == [
        *("#EXTINF:1.000000,", "seg-00001.vtt", "#EXTINF:1.000000,", "seg-00002.vtt"),
        *("#EXTINF:0.400000,", "seg-00003.vtt", "#EXT-X-ENDLIST"),
    ]
    assert all(read_webvtt(f).shift == 10 for f in files)
