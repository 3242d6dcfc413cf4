"""The plan as data: whole plans, then the rules one by one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_facts import ALL_PRESETS, FHD, HD, QHD, SD, UHD, clip, constant, hdr10, portrait_vfr, track

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media.facts import AudioFacts, Shape, Timing, VideoFacts
from ingest.media.ladder import fit
from ingest.media.options import Options
from ingest.media.plan import Plan, StillsPlan, VideoPlan, make_plan
from ingest.media.plan.audio import AudioRendition
from ingest.media.plan.canvas import Canvas
from ingest.media.plan.colour import ColourPlan
from ingest.media.plan.fields import FieldsPlan
from ingest.media.plan.grid import Grid, make_grid
from ingest.media.plan.rungs import Rung, make_rung
from ingest.media.plan.trick import TrickPlan
from ingest.media.presets import Box

if TYPE_CHECKING:
    from ingest.media.codec_names import Codec
    from ingest.media.presets import Preset

F = Fraction
CLOCK = F(1, 90_000)
THIRTY = F(30)


def planned(video: VideoFacts, *presets: Preset, audio: tuple[AudioFacts, ...] = ()) -> Plan:
    return make_plan(video, audio, presets, preview_interval=F(1), tile=(160, 90))


def h264(
    name: str,
    width: int,
    height: int,
    level: str,
    crf: int,
    cap: int,
    buffer: int,
    rate: Fraction = THIRTY,
) -> Rung:
    return Rung(
        name=name,
        resolution=name,
        width=width,
        height=height,
        codec="h264",
        profile="high",
        level=level,
        tier="main",
        speed="veryfast",
        crf=F(crf),
        max_bitrate=cap,
        buffer=buffer,
        rate=rate,
        encoder="libx264",
        video_range="SDR",
    )


# --- whole plans ---


def test_whole_plan_of_a_1080p30_clip_with_stereo() -> None:
    assert planned(clip(), SD, HD, FHD, QHD, audio=(track(language="en"),)) == Plan(
        video=VideoPlan(
            index=0,
            start_ticks=0,
            time_base=F(1, 15_360),
            start=F(0),
            fields=FieldsPlan(),
            canvas=Canvas(1920, 1080, Shape(1920, 1080, F(1))),
            rotation=0,
            mirrored=False,
            colour=ColourPlan(
                tone_map=False, transfer="bt709", primaries="bt709", matrix="bt709", full_range=False
            ),
            grid=Grid(
                rate=F(30),
                time_base=F(1, 30),
                timescale=15360,
                gop=F(2),
                segment=F(6),
                gop_frames=60,
                frame_step=1,
                resample=False,
                frames=300,
                duration=F(10),
            ),
            display_width=1920,
            display_height=1080,
        ),
        rungs=(
            h264("sd", 720, 404, "3.0", 21, 2_000_000, 4_000_000),
            h264("hd", 1280, 720, "3.1", 22, 4_500_000, 9_000_000),
            h264("fhd", 1920, 1080, "4.0", 22, 7_800_000, 15_600_000),
        ),
        audio=(
            AudioRendition(
                name="en-stereo",
                indexes=(1,),
                language="en",
                label="English",
                role="main",
                take="mixed",
                positions=(),
                source_layout="stereo",
                layout="stereo",
                channels=2,
                mixed_down=False,
                sample_rate=48_000,
                bitrate=128_000,
                samples=468 * 1024,  # 10 s are 468.75 AAC frames: 469, one of them priming
                default=True,
                autoselect=True,
            ),
        ),
        stills=StillsPlan(poster_interval=F(5, 6), preview_interval=F(1), tile_width=160, tile_height=90),
        trick=TrickPlan(720, 404, per_gop=2, level="3.0", speed="veryfast", crf=F(29)),
        left_out=(("qhd", "qhd is above the source (1920x1080)"),),
        at_source_size=(),
        unused_audio=(),
        assumed_audio=(),
    )


def test_whole_plan_of_a_portrait_clip_on_uneven_times_with_mono() -> None:
    assert planned(portrait_vfr(), FHD, SD, audio=(track(2, 1),)) == Plan(
        video=VideoPlan(
            index=0,
            start_ticks=15_000,
            time_base=F(1, 30_000),
            start=F(1, 2),
            fields=FieldsPlan(),
            canvas=Canvas(1376, 1840, Shape(1376, 1840, F(1))),
            rotation=0,
            mirrored=False,
            colour=ColourPlan(
                tone_map=False, transfer="bt709", primaries="bt709", matrix="bt709", full_range=False
            ),
            grid=Grid(
                rate=None,
                time_base=F(1, 30_000),
                timescale=30_000,
                gop=F(2),
                segment=F(6),
                gop_frames=None,
                frame_step=1,
                resample=False,
                frames=144,
                duration=F(5),
            ),
            display_width=1376,
            display_height=1840,
        ),
        rungs=(
            h264("sd", 480, 642, "3.0", 21, 2_000_000, 4_000_000, F(144, 5)),
            h264("fhd", 1080, 1444, "4.0", 22, 7_800_000, 15_600_000, F(144, 5)),
        ),
        audio=(
            AudioRendition(
                name="und-stereo",
                indexes=(2,),
                language="und",
                label="Audio",
                role="main",
                take="single",
                positions=(),
                source_layout="stereo",
                layout="stereo",
                channels=2,
                mixed_down=False,
                sample_rate=48_000,
                bitrate=128_000,
                samples=233 * 1024,
                default=True,
                autoselect=True,
            ),
        ),
        stills=StillsPlan(poster_interval=F(5, 12), preview_interval=F(1), tile_width=160, tile_height=90),
        trick=TrickPlan(480, 642, per_gop=2, level="3.1", speed="veryfast", crf=F(29)),
        left_out=(),
        at_source_size=(),
        unused_audio=(),
        assumed_audio=(),
    )


def test_all_above_the_source() -> None:
    plan = planned(clip(352, 288), HD, FHD)
    assert [(r.name, r.width, r.height) for r in plan.rungs] == [("hd", 352, 288)]
    assert plan.at_source_size == ("hd",)
    assert plan.left_out == (("fhd", "fhd is above the source (352x288)"),)


def test_the_same_facts_give_the_same_plan() -> None:
    audio = (track(1, 6, language="en"), track(2, language="de"))
    one, other = (planned(portrait_vfr(), *ALL_PRESETS, audio=audio) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


# --- the grid ---


def grid_of(rate: Fraction, frames: int = 1000) -> Grid:
    return make_grid(clip(timing=constant(rate, frames, F(1, 90_000))), FHD)


@pytest.mark.parametrize(
    ("source", "rate", "gop_frames", "gop", "segment", "timescale", "step"),
    [
        (F(24), F(24), 48, F(2), F(6), 12288, 1),
        (F(24000, 1001), F(24000, 1001), 48, F(1001, 500), F(3003, 500), 24000, 1),
        (F(25), F(25), 50, F(2), F(6), 12800, 1),
        (F(30000, 1001), F(30000, 1001), 60, F(1001, 500), F(3003, 500), 30000, 1),
        (F(50), F(50), 100, F(2), F(6), 12800, 1),
        (F(60000, 1001), F(60000, 1001), 120, F(1001, 500), F(3003, 500), 60000, 1),
        (F(60), F(60), 120, F(2), F(6), 15360, 1),
        (F(12), F(12), 24, F(2), F(6), 12288, 1),
        (F(25, 2), F(25, 2), 25, F(2), F(6), 12800, 1),
        (F(1), F(1), 2, F(2), F(6), 16384, 1),
        (F(1, 5), F(1, 5), 1, F(5), F(5), 16384, 1),  # a GOP cannot be shorter than a picture
        # Above 60 pictures a second every second, third, fourth one is kept.
        (F(120000, 1001), F(60000, 1001), 120, F(1001, 500), F(3003, 500), 60000, 2),
        (F(120), F(60), 120, F(2), F(6), 15360, 2),
        (F(100), F(50), 100, F(2), F(6), 12800, 2),
        (F(144), F(48), 96, F(2), F(6), 12288, 3),
        (F(240), F(60), 120, F(2), F(6), 15360, 4),
        # Half a percent too fast is not too fast, and twice as fast is twice.
        (F(6006, 100), F(3003, 50), 120, F(2000, 1001), F(6000, 1001), 12012, 1),
        (F(12012, 100), F(3003, 50), 120, F(2000, 1001), F(6000, 1001), 12012, 2),
        (F(61), F(61, 2), 61, F(2), F(6), 15616, 2),
    ],
)
def test_grid_of_a_constant_rate(
    source: Fraction,
    rate: Fraction,
    gop_frames: int,
    gop: Fraction,
    segment: Fraction,
    timescale: int,
    step: int,
) -> None:
    frames = -(-1000 // step)
    assert grid_of(source) == Grid(
        rate=rate,
        time_base=1 / rate,
        timescale=timescale,
        gop=gop,
        segment=segment,
        gop_frames=gop_frames,
        frame_step=step,
        resample=False,
        frames=frames,
        duration=frames / rate,
    )


def test_an_odd_picture_at_the_end_is_kept_by_frame_steps() -> None:
    """Pictures 0, 2, 4 of five."""
    assert (grid_of(F(120), 5).frames, grid_of(F(120), 4).frames, grid_of(F(120), 1).frames) == (3, 2, 1)


def uneven(mean: Fraction, time_base: Fraction = CLOCK) -> Timing:
    frames = 600
    return replace(constant(mean, frames, time_base), rate=None, longest_gap=F(1), duration=frames / mean)


@pytest.mark.parametrize(
    ("time_base", "used", "timescale"),
    [
        (F(1, 90_000), F(1, 90_000), 90_000),
        (F(1, 600), F(1, 600), 19_200),
        (F(1, 1000), F(1, 1000), 16_000),
        (F(1, 1_000_000), F(1, 1_000_000), 1_000_000),
        (F(1, 10_000_000), F(1, 90_000), 90_000),
        (F(1001, 30_000), F(1, 90_000), 30_000),  # whole ticks of 1/30000 in either
    ],
)
def test_grid_of_uneven_times_keeps_the_sources_clock(
    time_base: Fraction, used: Fraction, timescale: int
) -> None:
    assert make_grid(clip(timing=uneven(F(24), time_base)), FHD) == Grid(
        rate=None,
        time_base=used,
        timescale=timescale,
        gop=F(2),
        segment=F(6),
        gop_frames=None,
        frame_step=1,
        resample=False,
        frames=600,
        duration=F(25),
        reorder=False,  # a gap of 24 mean pictures
    )


@pytest.mark.parametrize(("gap", "reorder"), [(F(4, 24), True), (F(5, 24), False)])
def test_no_picture_is_coded_out_of_order_across_a_long_gap(gap: Fraction, reorder: bool) -> None:
    timing = replace(uneven(F(24)), longest_gap=gap)
    assert make_grid(clip(timing=timing), FHD).reorder is reorder


def test_uneven_times_that_are_much_too_fast_are_made_even() -> None:
    assert make_grid(clip(timing=uneven(F(64))), FHD) == Grid(
        rate=F(60),
        time_base=F(1, 60),
        timescale=15360,
        gop=F(2),
        segment=F(6),
        gop_frames=120,
        frame_step=1,
        resample=True,
        frames=None,
        duration=F(600, 64),
    )


@pytest.mark.parametrize("mean", [F(60), F(61), F(63)])
def test_uneven_times_a_little_too_fast_are_kept(mean: Fraction) -> None:
    assert make_grid(clip(timing=uneven(mean)), FHD).rate is None


@given(st.fractions(min_value=F(1, 10), max_value=480, max_denominator=1001), st.integers(1, 10_000))
def test_any_constant_grid_is_exact(rate: Fraction, frames: int) -> None:
    grid = make_grid(clip(timing=constant(rate, frames, F(1, 90_000))), FHD)
    assert grid.rate is not None
    assert grid.gop_frames is not None
    assert grid.frames is not None
    assert grid.rate * grid.frame_step == rate
    assert grid.rate <= 60 * F(201, 200)
    assert grid.time_base * grid.rate == 1
    assert grid.gop == grid.gop_frames * grid.time_base
    assert grid.segment == max(1, round(F(6) / grid.gop)) * grid.gop
    assert grid.duration == grid.frames * grid.time_base
    assert 0 <= grid.frames * grid.frame_step - frames < grid.frame_step
    assert (grid.timescale * grid.time_base).denominator == 1
    assert 10_000 <= grid.timescale <= 1_000_000


# --- rungs ---


def rung_of(preset: Preset = HD, made_in: Codec = "h264", **facts: Any) -> Rung:
    video = clip(1280, 720, **facts)
    return make_rung(fit(preset, 1280, 720), made_in, video, make_grid(video, preset))


@pytest.mark.parametrize(
    ("codec", "bit_rate", "cap", "buffer"),
    [
        ("h264", None, 4_500_000, 9_000_000),
        ("h264", 20_000_000, 4_500_000, 9_000_000),
        ("h264", 1_500_000, 1_500_000, 3_000_000),
        ("hevc", 1_500_000, 2_250_000, 4_500_000),
        ("vp9", 1_000_001, 1_500_001, 3_000_002),
        ("av1", 1_500_000, 3_000_000, 6_000_000),
        ("av1", 2_250_000, 4_500_000, 9_000_000),
        ("mpeg2video", 1_500_000, 1_500_000, 3_000_000),
        ("h264", 10_000, 64_000, 128_000),
        ("h264", 0, 4_500_000, 9_000_000),
    ],
)
def test_no_rung_costs_more_than_its_source(codec: str, bit_rate: int | None, cap: int, buffer: int) -> None:
    rung = rung_of(codec=codec, bit_rate=bit_rate)
    assert (rung.max_bitrate, rung.buffer) == (cap, buffer)


@pytest.mark.parametrize(
    ("key_frames", "key_bytes", "cap"), [(5, 50_000, 100_000), (1, 50_000, 260_000), (0, 0, 100_000)]
)
def test_a_source_of_few_key_pictures_leaves_room_for_ours(key_frames: int, key_bytes: int, cap: int) -> None:
    """Ten seconds: five groups. One key picture of 50 kB, and four more of them: 160 kbit/s."""
    timing = replace(constant(F(30), 300, F(1, 90_000)), key_frames=key_frames, key_bytes=key_bytes)
    assert rung_of(timing=timing, bit_rate=100_000).max_bitrate == cap


def test_the_level_follows_the_output_rate() -> None:
    assert rung_of(timing=constant(F(60), 600, F(1, 90_000))).level == "3.2"
    assert rung_of(timing=constant(F(120), 600, F(1, 90_000))).level == "3.2"
    assert rung_of(timing=uneven(F(28))).level == "3.1"
    assert rung_of(timing=uneven(F(31))).level == "3.2"


# --- colour, fields, start ---


def test_the_start_becomes_zero() -> None:
    video = clip(timing=constant(F(25), 300, F(1, 90_000), start=F(133_200, 90_000)))
    plan = planned(video, HD)
    assert (plan.video.start_ticks, plan.video.start, plan.duration) == (133_200, F(37, 25), F(12))


def test_tone_mapping_is_left_out_where_ffmpeg_cannot() -> None:
    plan = make_plan(hdr10(), (), (HD,), preview_interval=F(1), tile=(160, 90), can_tone_map=False)
    assert plan.video.colour.tone_map is False


def test_presets_at_the_edge() -> None:
    assert [r.name for r in planned(clip(3840, 2160), *ALL_PRESETS).rungs] == [
        "sd",
        "hd",
        "fhd",
        "qhd",
        "uhd",
    ]
    assert planned(clip(3840, 2160), UHD).rungs[0].level == "5.1"


# --- several codecs ---


def in_codecs(
    *codecs: Codec, video: VideoFacts | None = None, presets: tuple[Preset, ...] = (SD, HD)
) -> Plan:
    return make_plan(
        video or clip(1280, 720),
        (),
        presets,
        preview_interval=F(1),
        tile=(160, 90),
        options=Options(codecs=codecs),
    )


def test_each_codec_has_its_whole_ladder() -> None:
    plan = in_codecs("h264", "hevc", "av1")
    assert [(r.name, r.resolution, r.codec, r.encoder) for r in plan.rungs] == [
        ("sd", "sd", "h264", "libx264"),
        ("hd", "hd", "h264", "libx264"),
        ("sd-hevc", "sd", "hevc", "libx265"),
        ("hd-hevc", "hd", "hevc", "libx265"),
        ("sd-av1", "sd", "av1", "libsvtav1"),
        ("hd-av1", "hd", "av1", "libsvtav1"),
    ]
    assert plan.resolutions == ("sd", "hd")
    assert in_codecs("av1").resolutions == ("sd", "hd")


def test_whole_rungs_of_other_codecs() -> None:
    """1280x720 at 30 pictures a second; these presets say nothing of HEVC and AV1."""
    assert in_codecs("hevc", "av1", presets=(HD,)).rungs == (
        Rung(
            name="hd-hevc",
            resolution="hd",
            width=1280,
            height=720,
            codec="hevc",
            profile="main",
            level="3.1",
            tier="main",
            speed="veryfast",
            crf=F(25),
            max_bitrate=3_150_000,
            buffer=6_300_000,
            rate=F(30),
            encoder="libx265",
        ),
        Rung(
            name="hd-av1",
            resolution="hd",
            width=1280,
            height=720,
            codec="av1",
            profile="main",
            level="3.1",
            tier="main",
            speed="9",
            crf=F(33),
            max_bitrate=2_700_000,
            buffer=5_400_000,
            rate=F(30),
            encoder="libsvtav1",
        ),
    )


@pytest.mark.parametrize(
    ("source", "made", "cap"),
    [
        ("h264", "hevc", 1_000_000),
        ("h264", "av1", 750_000),
        ("hevc", "hevc", 1_500_000),
        ("hevc", "av1", 1_125_000),
        ("av1", "hevc", 2_000_000),
        ("av1", "av1", 1_500_000),
    ],
)
def test_no_rung_of_any_codec_costs_more_than_its_source(source: str, made: Codec, cap: int) -> None:
    rung = rung_of(codec=source, bit_rate=1_500_000, made_in=made)
    assert (rung.max_bitrate, rung.buffer) == (cap, 2 * cap)


def test_the_encoder_s_rate_is_a_usable_fraction() -> None:
    """The level hangs on the exact rate; the encoder gets one that it can hold, at least one picture a second."""
    slow = replace(portrait_vfr().timing, mean_rate=F(1, 10))
    rates = [
        in_codecs("hevc", video=replace(portrait_vfr(), timing=timing), presets=(SD,)).rungs[0].rate
        for timing in (replace(slow, mean_rate=F(2_879_017, 100_003)), slow)
    ]
    assert rates == [F(2_879_017, 100_003).limit_denominator(1001), F(1)]


def test_two_renditions_of_one_name_are_refused() -> None:
    twin = replace(HD, name="sd-hevc")
    with pytest.raises(UsageError) as caught:
        in_codecs("h264", "hevc", presets=(SD, twin))
    assert caught.value.line == ("h264 of sd-hevc and hevc of sd would both be sd-hevc; rename the preset")


def test_a_preset_above_a_codec_s_levels_is_refused() -> None:
    large = replace(UHD, name="dci", box=Box(4096, 2304))
    with pytest.raises(UsageError) as caught:
        in_codecs("av1", video=clip(4096, 2304), presets=(large,))
    assert caught.value.code == codes.PRESET_INVALID
    assert caught.value.line == (
        "dci cannot be made in av1: 4096x2304 at 30 pictures a second is above level 5.1; "
        "leave av1 or dci out, or make its box smaller"
    )


def test_what_losses_change_in_a_grid() -> None:
    steady = make_grid(clip(), FHD)
    assert steady.with_losses() == replace(steady, fill=True)
    loose = make_grid(clip(timing=replace(uneven(F(24)), longest_gap=F(1, 24))), FHD)
    assert loose.reorder
    assert loose.with_losses() == replace(loose, reorder=False)


def test_a_picture_of_five_seconds_is_a_segment() -> None:
    grid = make_grid(clip(timing=constant(F(1, 5), 6, CLOCK)), FHD)
    assert (grid.gop_frames, grid.gop, grid.segment) == (1, 5, 5)


def test_pictures_too_small_for_other_encoders_are_made_in_h264() -> None:
    plan = in_codecs("hevc", "av1", video=clip(120, 62), presets=(SD,))
    assert [(r.name, r.codec) for r in plan.rungs] == [("sd", "h264")]
    assert plan.unused_codecs == ("hevc", "av1")
    assert in_codecs("h264", "hevc", video=clip(120, 62), presets=(SD,)).unused_codecs == ("hevc",)
    assert in_codecs("hevc", video=clip(64, 64), presets=(SD,)).unused_codecs == ()


@pytest.mark.parametrize(
    ("rate", "gop", "segment"),
    [
        (F(1, 2), 2, 6),
        (F(1, 3), 3, 6),
        (F(1, 4), 4, 8),
        (F(1, 7), 7, 7),
        (F(1, 10), 10, 10),
        (F(1, 60), 60, 60),
    ],
)
def test_pictures_of_many_seconds_do_not_make_longer_segments_than_they_must(
    rate: F, gop: int, segment: int
) -> None:
    grid = make_grid(clip(timing=constant(rate, 60, F(1, 1000))), FHD)
    assert (grid.gop, grid.segment) == (gop, segment)


def test_few_pictures_on_uneven_times_are_not_reordered() -> None:
    """There would be no room for the decoding times that let the last one end where it should."""
    timing = replace(constant(F(25), 32, F(1, 1000)), rate=None)
    assert make_grid(clip(timing=timing), FHD).reorder
    assert not make_grid(clip(timing=replace(timing, frames=31)), FHD).reorder


@pytest.mark.parametrize(
    ("presets", "size"), [((SD, FHD), (720, 404)), ((HD, FHD), (854, 480)), ((FHD,), (854, 480))]
)
def test_fast_winding_needs_no_more_than_480_lines(
    presets: tuple[Preset, ...], size: tuple[int, int]
) -> None:
    trick = make_plan(clip(1920, 1080), (), presets, preview_interval=F(1), tile=(160, 90)).trick
    assert (trick.width, trick.height) == size
