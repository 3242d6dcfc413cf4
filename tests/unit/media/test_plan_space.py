"""How much disk a plan needs: each part by itself, and all of them at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from made_facts import FHD, HD, SD, clip, constant, portrait_vfr, track

from ingest.media.plan import Plan, make_plan
from ingest.media.plan.space import Beside, Space, space_of

MIB = 2**20


def planned(seconds: int = 10) -> Plan:
    """1080p30 in sd and hd with 5.1 and stereo: a preview a second, 160x90."""
    timing = constant(Fraction(30), 30 * seconds, Fraction(1, 15360))
    return make_plan(
        clip(timing=timing), (track(1, 6),), (SD, HD), preview_interval=Fraction(1), tile=(160, 90)
    )


def test_each_part() -> None:
    sd, hd = (2_000_000 * 10 + 4_000_000) // 8, (4_500_000 * 10 + 9_000_000) // 8
    pictures = 2 * 300 * 24
    sound = (128_000 + 320_000) * 10 // 8 + 2 * 469 * 24
    winding = 10 * (720 * 404 // 8 + 24)
    renditions = sd + hd + pictures + sound + winding
    poster = 254 * 4096  # 1920 x 1080 / 2, in blocks
    sheets = 10 * 160 * 90 // 4
    package = renditions + poster + sheets + 16 * MIB
    stills = 13 * poster + 10 * 2 * 4096  # twelve candidates and one more, previews of 7200 bytes
    references = 5 * 4096 + 2 * 1000
    assert space_of(planned()) == Space(working=renditions + stills + references + package, package=package)


def test_sound_that_may_change_is_held_once_without_compression() -> None:
    """5.1 in 32 bits; in the place of the package, which is made when it is gone."""
    plan = planned(3600)
    changing = replace(plan, beside=Beside(sound_may_change=True))
    usual, more = space_of(plan), space_of(changing)
    assert more.package == usual.package
    assert more.working - usual.working == 6 * 48_000 * 4 * 3600 - usual.package
    silent = replace(changing, audio=())
    assert space_of(silent) == space_of(replace(plan, audio=()))


def test_two_hours_of_telemetry() -> None:
    """Ten sets of 277 bytes a second: documents of all sets (twice), cues, a table, maps."""
    plan = planned(7200)
    with_sets = replace(plan, beside=Beside(sets=72_000, set_bytes=72_000 * 277, lines=True))
    usual, more = space_of(plan), space_of(with_sets)
    text = 72_000 * (16 * 277 + 1024)
    assert more.package - usual.package == 3 * text + 72_000 * 400 + 10_000 * 2500
    assert more.working - usual.working == 4 * text + 72_000 * 400 + 10_000 * 2500 + 72_000 * 277
    # A side file's lines have no bytes of their own kept.
    lines = space_of(replace(plan, beside=Beside(sets=10)))
    assert lines.package - usual.package == 2 * 10 * (1024 + 16 * 200) + 10 * (400 + 2500)


def test_an_hour_needs_twice_its_renditions() -> None:
    hour, two = space_of(planned(3600)), space_of(planned(7200))
    per_hour = (2_000_000 + 4_500_000 + 128_000 + 320_000) * 3600 // 8
    assert 2 * per_hour < two.working - hour.working < 2.15 * per_hour
    assert per_hour < two.package - hour.package < 1.1 * per_hour


def test_another_resolution_needs_more_and_uneven_times_are_counted() -> None:
    video = clip()
    one, more = (
        make_plan(video, (), presets, preview_interval=Fraction(1), tile=(160, 90))
        for presets in ((SD,), (SD, FHD))
    )
    cost = (7_800_000 * 10 + 15_600_000) // 8 + 300 * 24
    assert space_of(more).working - space_of(one).working == 2 * cost
    uneven = make_plan(portrait_vfr(), (), (SD,), preview_interval=Fraction(1), tile=(90, 160))
    counted = replace(uneven, video=replace(uneven.video, grid=replace(uneven.video.grid, frames=None)))
    assert uneven.video.grid.frames == 144  # in 5 s, 28.8 a second
    assert space_of(counted) == space_of(uneven)
