"""A part of the film: which pictures, for how long, and what of the commands chooses them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from made_facts import HD, SD, clip, portrait_vfr, track
from test_command import graph

from ingest.job.errors import UsageError
from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.facts import Timing, VideoFacts
from ingest.media.options import Options
from ingest.media.packet_order import packet_order
from ingest.media.packets import Packet, PacketTable
from ingest.media.plan import make_plan
from ingest.media.plan.chapters import ChapterPlan
from ingest.media.plan.copying import verdict
from ingest.media.plan.describe import rows
from ingest.media.plan.trim import Trimmed, TrimPlan, trim, within
from ingest.media.text_facts import Chapter
from ingest.media.timing import measure

SOURCE = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)


def table(times: list[int], *, key_every: int = 50, step: int = 1, reordered: bool = False) -> PacketTable:
    """Pictures shown at these ticks, decoded in the same order; `reordered`: every other pair the other way round."""
    order = list(range(len(times)))
    if reordered:
        for i in range(1, len(order) - 1, 2):
            if (i + 1) % key_every and i % key_every:
                order[i], order[i + 1] = order[i + 1], order[i]
    return PacketTable(
        Packet(times[n], times[0] + i * step, step, 1000, n % key_every == 0, False)
        for i, n in enumerate(order)
    )


def film(start: int = 0, **options: bool) -> tuple[VideoFacts, PacketTable]:
    """Twelve seconds at 25 a second in ticks of 1/12800, a key picture every two seconds."""
    packets = table([start + 512 * n for n in range(300)], step=512, **options)
    timing = measure(packets, Fraction(1, 12800))
    return clip(1280, 720, timing=timing), packets


def part(start: float, end: float | None, *, at: int = 0, **options: bool) -> Trimmed:
    found = trim(*film(at, **options), start, end)
    assert found is not None
    return found


def test_the_whole_film_is_no_part() -> None:
    assert trim(*film(), 0.0, None) is None
    assert trim(*film(), 0.0, 12.0) is None
    assert trim(*film(), 0.0, 99.0) is None


def test_on_a_steady_clock_pictures_are_numbers() -> None:
    found = part(2.0, 5.0, at=6400)
    assert found.plan == TrimPlan(
        Fraction(2), Fraction(5), Fraction(12), first=6400 + 50 * 512, until=6400 + 125 * 512
    )
    assert found.video.timing == Timing(
        time_base=Fraction(1, 12800),
        start=Fraction(5, 2),
        duration=Fraction(3),
        frames=75,
        rate=Fraction(25),
        mean_rate=Fraction(25),
        longest_gap=Fraction(1, 25),
        key_frames=2,
        longest_key_distance=Fraction(2),
        bytes=75_000,
        key_bytes=2_000,
        last=Fraction(1, 25),
    )
    assert list(found.packets.pts) == [6400 + 512 * n for n in range(50, 125)]
    assert found.apart


@pytest.mark.parametrize(
    ("start", "end", "first", "count"),
    [
        (0.001, 0.041, 1, 1),  # pictures are at 0, 0.04, 0.08
        (0.04, 0.08, 1, 1),
        (0.0404, 0.0804, 1, 1),  # a person's digits may be half a millisecond off
        (0.0406, 0.0806, 2, 1),
        (0.0, 0.01, 0, 1),
        (11.96, 99.0, 299, 1),
        (0.0, 11.97, 0, 300),
    ],
)
def test_the_first_picture_at_or_behind_start_and_the_last_one_before_end(
    start: float, end: float, first: int, count: int
) -> None:
    found = trim(*film(), start, end)
    assert found is not None
    assert (found.plan.first // 512, found.video.timing.frames) == (first, count)
    assert found.plan.until == (None if first + count == 300 else (first + count) * 512)


def test_29_97_in_milliseconds_keeps_its_grid() -> None:
    ticks = [round(n * Fraction(1001, 30)) for n in range(300)]
    packets = table(ticks, step=33)
    timing = measure(packets, Fraction(1, 1000), hints=(Fraction(30000, 1001),))
    found = trim(clip(timing=timing), packets, 3.337, 6.673)
    assert found is not None
    assert found.video.timing.rate == Fraction(30000, 1001)
    assert (found.plan.first, found.video.timing.frames) == (ticks[100], 100)
    assert found.plan.start == Fraction(ticks[100], 1000)


def test_on_uneven_times_the_last_picture_stays_to_the_end() -> None:
    ticks = [0, 100, 250, 300, 700, 900, 1000]
    packets = table(ticks, key_every=2)
    timing = replace(measure(packets, Fraction(1, 100)), duration=Fraction(11))
    assert timing.rate is None
    video = replace(portrait_vfr(), timing=timing)
    found = trim(video, packets, 1.5, 8.0)
    assert found is not None
    assert found.plan == TrimPlan(Fraction(5, 2), Fraction(8), Fraction(11), first=250, until=900)
    shown = found.video.timing
    assert (shown.frames, shown.start, shown.duration) == (3, Fraction(5, 2), Fraction(11, 2))
    assert (shown.mean_rate, shown.longest_gap) == (Fraction(6, 11), Fraction(4))
    to_the_end = trim(video, packets, 8.0, None)
    assert to_the_end is not None
    assert to_the_end.plan == TrimPlan(Fraction(9), Fraction(11), Fraction(11), first=900, until=None)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (12.0, None, "--start 12 is not in the film, which lasts 12.000 s"),
        (99.5, 100.0, "--start 99.5 is not in the film, which lasts 12.000 s"),
        (0.01, 0.03, "no picture is first shown from 0.01 s on and before 0.03 s"),
        (11.98, None, "no picture is first shown from 11.98 s on"),
    ],
)
def test_where_there_is_no_picture(start: float, end: float | None, said: str) -> None:
    with pytest.raises(UsageError) as error:
        trim(*film(), start, end)
    assert error.value.message == said


def test_a_film_of_one_picture_is_not_trimmed() -> None:
    packets = table([0])
    with pytest.raises(UsageError, match="single picture"):
        trim(clip(timing=measure(packets, Fraction(1, 25))), packets, 0.0, 0.01)


def test_sound_is_what_lies_in_the_part() -> None:
    timing = part(2.0, 5.0).video.timing
    tracks = (
        track(1, start=Fraction(0), duration=Fraction(12)),
        track(2, start=Fraction(4), duration=Fraction(8)),
        track(3, start=Fraction(8), duration=Fraction(1)),
        track(4, start=None),
        track(5, duration=None),
    )
    assert [(t.start, t.duration) for t in within(tracks, timing)] == [
        (Fraction(2), Fraction(3)),
        (Fraction(4), Fraction(1)),
        (Fraction(8), Fraction(0)),
        (None, Fraction(10)),
        (Fraction(2), None),
    ]


def commanded(found: Trimmed, *presets: object) -> str:
    plan = make_plan(
        found.video,
        (track(),),
        (SD,),
        preview_interval=Fraction(1),
        tile=(160, 90),
        trim=found.plan,
        chapters=(Chapter(Fraction(0), Fraction(3), "one"), Chapter(Fraction(3), Fraction(12), "two")),
    )
    assert plan.chapters == (
        ChapterPlan(Fraction(0), Fraction(1), "one"),
        ChapterPlan(Fraction(1), Fraction(3), "two"),
    )
    assert ("trim", "from 2 to 5 s of 12 s") in rows(plan)
    arguments = encode_arguments("/f", plan, SOURCE)
    return graph(arguments[arguments.index("-filter_complex") + 1])


def test_pictures_and_sound_are_chosen_by_time() -> None:
    filters = commanded(part(2.0, 5.0)).split(";")
    at = next(i for i, f in enumerate(filters) if "trim=" in f)
    assert [f.split("]")[1].split("[")[0] for f in filters[at - 2 : at + 1]] == [
        "setpts=PTS-(25600)",
        "settb=1/25",
        "trim=end_pts=75:start_pts=0",
    ]


def test_sound_begins_with_the_part() -> None:
    found = part(2.0, 5.0)
    plan = make_plan(
        found.video, (track(),), (SD,), preview_interval=Fraction(1), tile=(160, 90), trim=found.plan
    )
    sound = encode_arguments("/f", plan, SOURCE)
    chain = next(a for a in sound if "atrim=start=0[" in a)
    assert chain.startswith("[0:1]asetpts=PTS-(2/1)/TB[") and "]atrim=start=0[" in chain


def test_uneven_pictures_are_chosen_between_two_ticks() -> None:
    ticks = [0, 3000, 7000, 12000, 20000]
    packets = table(ticks)
    timing = measure(packets, Fraction(1, 1000))
    found = trim(replace(portrait_vfr(), timing=timing), packets, 3.0, 10.0)
    assert found is not None
    plan = make_plan(found.video, (), (SD,), preview_interval=Fraction(1), tile=(90, 160), trim=found.plan)
    arguments = encode_arguments("/f", plan, SOURCE)
    assert "]trim=end=8.9995:start_pts=0[" in arguments[arguments.index("-filter_complex") + 1]


def refusals(found: Trimmed) -> str:
    video = replace(found.video, profile="High", bit_rate=1_000_000)
    plan = make_plan(
        video,
        (),
        (HD,),
        preview_interval=Fraction(1),
        tile=(160, 90),
        trim=found.plan,
        options=Options(),
    )
    order = packet_order(found.packets, found.video.timing) if found.apart else None
    refusal = verdict(plan, video, order, (HD,), Options(), damaged=False).refusals["hd"]
    return refusal.why if refusal else ""


def test_copied_where_a_key_picture_begins() -> None:
    assert refusals(part(2.0, 6.0, reordered=True)) == ""


@pytest.mark.parametrize(("start", "end"), [(2.04, 6.0), (2.0, 5.12)])
def test_not_copied_elsewhere_or_where_pictures_are_needed_that_go(start: float, end: float) -> None:
    why = "no key frame is where it is trimmed, or pictures are needed that are cut away"
    assert refusals(part(start, end, reordered=True)) == why
