"""Where long films are cut, and how many pieces are made side by side."""

from __future__ import annotations

import itertools
from array import array
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_facts import FHD, HD, SD, clip, constant

from ingest.media.facts import Jump, VideoFacts
from ingest.media.packets import Instants, Packet, PacketTable, instants
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.at_once import at_once, encode_memory
from ingest.media.plan.chunks import Chunk, Cutting, cut, lengths
from ingest.media.plan.copying import CopyPlan
from ingest.media.plan.rungs import COPY

F = Fraction
NTSC = F(30000, 1001)


def plan_of(video: VideoFacts) -> Plan:
    return make_plan(video, (), (SD,), preview_interval=F(10), tile=(160, 90))


def even(frames: int, step: int, per_key: int, *, first: int = 0) -> Instants:
    times = array("q", range(first, first + frames * step, step))
    keys = times[::per_key]
    return Instants(times, keys, array("q", (k - 2 * step for k in keys)))


def test_ntsc_in_whole_segments_each_from_a_key_picture_before_its_window() -> None:
    video = clip(timing=constant(NTSC, 5400, F(1, 30000), start=F(1001, 30000)))
    plan = plan_of(video)
    segment = F(180) / NTSC
    cutting = cut(plan, video, even(5400, 1001, 60, first=1001), F(60))
    assert cutting.why == ""
    assert cutting.chunks == (
        Chunk(
            number=0,
            start=F(0),
            end=10 * segment,
            first=0,
            last=1800,
            time_base=1 / NTSC,
            origin=0,
            seek=None,
            window=8,
            frames=1800,
            begins=F(0),
            ends=1799 / NTSC,
            previous=None,
            reaches=1799 / NTSC,
        ),
        Chunk(
            number=1,
            start=10 * segment,
            end=20 * segment,
            first=1800,
            last=3600,
            time_base=1 / NTSC,
            origin=1800,
            # The picture at 1740 is the last key picture before eight pictures before 1800; it is decoded two earlier.
            seek=F((1740 + 1 - 2) * 1001 - 1, 30000),
            window=8,
            frames=1800,
            begins=F(0),
            ends=1799 / NTSC,
            previous=1799 / NTSC,
            reaches=3599 / NTSC,
        ),
        Chunk(
            number=2,
            start=20 * segment,
            end=None,
            first=3600,
            last=None,
            time_base=1 / NTSC,
            origin=3600,
            seek=F((3540 + 1 - 2) * 1001 - 1, 30000),
            window=8,
            frames=1800,
            begins=F(0),
            ends=1799 / NTSC,
            previous=3599 / NTSC,
            reaches=5399 / NTSC,
        ),
    )
    assert lengths(cutting.chunks, plan.duration) == [10 * segment, 10 * segment, 1800 / NTSC]


def test_uneven_pictures_belong_where_they_are_first_shown() -> None:
    times = array("q", [0, 400, 990, 1400, 2100, 2600, 3050, 3900, 4000, 4500, 5020, 5900])
    timing = replace(
        constant(F(2), 12, F(1, 1000)), rate=None, mean_rate=F(2), longest_gap=F(9, 10), duration=F(6)
    )
    video = clip(timing=timing)
    short = replace(SD, video=replace(SD.video, gop=F(1), segment=F(1)))
    plan = make_plan(video, (), (short,), preview_interval=F(10), tile=(160, 90))
    # Eight mean pictures are four seconds, so that it can be cut at 5 s and no earlier.
    known = Instants(times, array("q", [0, 400, 990]), array("q", [0, 400, 990]))
    cutting = cut(plan, video, known, F(2))
    assert [(c.start, c.frames) for c in cutting.chunks] == [(F(0), 10), (F(5), 2)]
    quick = replace(video, timing=replace(timing, mean_rate=F(100), longest_gap=F(9, 10)))
    made = cut(plan, quick, Instants(times, times, times), F(2)).chunks
    assert [(c.start, c.end, c.first, c.last, c.origin) for c in made] == [
        (F(0), F(2), 0, 2000, 0),
        (F(2), F(4), 2000, 4000, 2000),
        (F(4), None, 4000, None, 4000),
    ]
    assert [(c.frames, c.begins, c.ends, c.previous) for c in made] == [
        (4, F(0), F(14, 10), None),
        (4, F(1, 10), F(19, 10), F(14, 10)),
        (4, F(0), F(19, 10), F(39, 10)),
    ]


@pytest.mark.parametrize(
    ("changes", "known", "why"),
    [
        ({}, None, "the source does not say when its pictures are shown"),
        ({"jumps": ((0, (Jump(9, 1),)),)}, "even", "its clock begins anew in the middle"),
        ({}, "one key", "its key pictures are up to 2.0 s apart"),
    ],
)
def test_why_a_long_film_is_not_cut(changes: dict[str, object], known: str | None, why: str) -> None:
    video = replace(clip(timing=constant(F(25), 5000, F(1, 25))), **changes)
    times = {"even": even(5000, 1, 50), "one key": even(5000, 1, 5000)}
    assert cut(plan_of(video), video, times[known] if known else None, F(60)) == Cutting((), why)


def test_sparse_pictures_are_not_cut() -> None:
    timing = replace(constant(F(25), 5000, F(1, 25)), longest_gap=F(64, 10))
    video = clip(timing=timing)
    assert cut(plan_of(video), video, even(5000, 1, 50), F(60)).why == "its pictures are up to 6.4 s apart"


def test_a_film_of_less_than_one_and_a_half_chunks_is_not_even_looked_at() -> None:
    video = clip(timing=constant(F(25), 2249, F(1, 25)))
    assert cut(plan_of(video), video, None, F(60)) == Cutting()


@given(
    frames=st.integers(2000, 9000),
    per_key=st.integers(1, 700),
    length=st.integers(6, 90),
    first=st.integers(-5000, 100_000),
)
def test_chunks_are_the_film_without_a_gap(frames: int, per_key: int, length: int, first: int) -> None:
    video = clip(timing=constant(F(25), frames, F(1, 25), start=F(first, 25)))
    plan, known = plan_of(video), even(frames, 1, per_key, first=first)
    chunks = cut(plan, video, known, F(length)).chunks
    if not chunks:
        return
    assert sum(c.frames or 0 for c in chunks) == frames
    assert chunks[0].first == 0
    assert all(a.last == b.first and a.end == b.start for a, b in itertools.pairwise(chunks))
    assert chunks[-1].last is None
    for chunk in chunks[1:]:
        assert chunk.start % plan.video.grid.segment == 0
        assert chunk.seek is not None
        # The last key picture that is shown before the window is decoded after the place sought.
        key = max(k for k in known.keys if k < chunk.first - chunk.window + first)
        assert chunk.seek < F(key, 25)
        assert F(chunk.first - key + first, 25) - F(chunk.window, 25) <= (chunk.start) * F(15, 100)


def test_instants_need_a_time_for_every_picture() -> None:
    packets = PacketTable(
        [
            Packet(10, 8, 2, 100, True, False),
            Packet(16, 10, 2, 50, False, False),
            Packet(12, 12, 2, 50, False, False),
            Packet(4, 2, 2, 50, True, True),
            Packet(20, None, 2, 100, True, False),
        ]
    )
    assert instants(packets, 10) == Instants(
        array("q", [10, 12, 16, 20]), array("q", [10, 20]), array("q", [8, 20])
    )
    assert instants(PacketTable([Packet(None, 0, 1, 1, True, False)]), 0) is None


def test_which_stills_a_chunk_has() -> None:
    video = clip(timing=constant(F(25), 5000, F(1, 25)))
    chunks = cut(plan_of(video), video, even(5000, 1, 50), F(60)).chunks
    assert [(c.start, c.reaches) for c in chunks] == [
        (F(0), F(1499, 25)),
        (F(60), F(2999, 25)),
        (F(120), F(4999, 25)),
    ]
    assert [c.begins_an(F(130)) for c in chunks] == [True, False, True]
    assert [c.begins_an(F(60)) for c in chunks] == [True, True, True]


def beside_a_copy(video: VideoFacts, keys: tuple[int, ...], starts: tuple[int, ...]) -> Plan:
    """`sd` is encoded, `hd` copied; segments begin at the pictures `starts`."""
    plan = make_plan(video, (), (SD, HD), preview_interval=F(10), tile=(160, 90))
    grid = plan.video.grid
    return replace(
        plan,
        rungs=(plan.rungs[0], replace(plan.rungs[1], encoder=COPY)),
        video=replace(plan.video, grid=replace(grid, keys=keys, starts=starts, segment=F(6))),
        copies=CopyPlan(delay=0, start=F(0), bytes=1, apart=F(2), grid=grid),
    )


def test_beside_a_copied_rendition_chunks_begin_where_its_segments_do() -> None:
    video = clip(1280, 720, timing=constant(F(25), 1000, F(1, 25)))
    starts = (0, 140, 290, 415, 560, 700, 830, 960)
    plan = beside_a_copy(video, starts, starts)
    chunks = cut(plan, video, even(1000, 1, 5), F(10)).chunks
    assert [(c.first, c.last, c.frames, c.start, c.seek) for c in chunks] == [
        (0, 290, 290, F(0), None),
        # Eight pictures before 290 is 282; the key picture at 280 is decoded two earlier.
        (290, 560, 270, F(290, 25), F(277, 25)),
        (560, 830, 270, F(560, 25), F(547, 25)),
        (830, None, 170, F(830, 25), F(817, 25)),
    ]
    assert lengths(chunks, plan.duration) == [F(58, 5), F(54, 5), F(54, 5), F(34, 5)]


def test_a_chunk_beside_a_copy_has_a_picture_for_trick_play() -> None:
    """The GOPs that these are counted by do not begin where the segments do."""
    video = clip(1280, 720, timing=constant(F(25), 1000, F(1, 25)))
    plan = beside_a_copy(video, tuple(range(0, 1000, 27)), tuple(range(0, 1000, 27)))
    found = cut(plan, video, even(1000, 1, 1), F(1)).chunks
    assert len(found) == 9
    assert min(lengths(found, plan.duration)) >= 2


def test_side_by_side_by_cores_and_memory() -> None:
    video = clip(timing=constant(F(25), 50_000, F(1, 25)))
    plan = make_plan(video, (), (SD, HD, FHD), preview_interval=F(10), tile=(160, 90))
    plan = replace(plan, chunks=cut(plan, video, even(50_000, 1, 50), F(60)).chunks)
    assert len(plan.chunks) == 33
    memory = encode_memory(plan)
    assert memory == 300 * (2 * 1920 * 1080 + 1280 * 720 + 720 * 404)
    assert at_once(plan, cores=2, memory=100 * memory) == 1
    assert at_once(plan, cores=31, memory=100 * memory) == 3
    assert at_once(plan, cores=31, memory=2 * memory) == 2
    assert at_once(plan, cores=31, memory=memory // 2) == 1
    assert at_once(plan, cores=1000, memory=100 * memory) == 33
    assert at_once(plan, cores=1, memory=1, asked=5) == 5
    assert at_once(plan, cores=1, memory=1, asked=50) == 33
