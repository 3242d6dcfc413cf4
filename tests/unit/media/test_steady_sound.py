"""The two commands for sound that changes in the middle."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from made_facts import SD, clip, track

from ingest.media.command.steady_sound import sound_arguments, steady_arguments, steady_plan
from ingest.media.facts import Jump
from ingest.media.plan import Plan, make_plan
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts

FILTERS = (
    "[0:1]asetpts=PTS-(0/1)/TB[s0]",
    "[s0]atrim=start=0[s1]",
    "[s1]aformat=channel_layouts=5.1:sample_fmts=flt:sample_rates=48000[s2]",
    "[0:4]asetpts=PTS-(0/1)/TB[s3]",
    "[s3]atrim=start=0[s4]",
    "[s4]pan=stereo|FL<FL+FC+0.707107*BL+0.707107*SL|FR<FR+FC+0.707107*BR+0.707107*SR[s5]",
    "[s5]aformat=channel_layouts=stereo:sample_fmts=flt:sample_rates=44100[s6]",
)


def planned(*audio: AudioFacts) -> Plan:
    return make_plan(clip(), audio, (SD,), preview_interval=Fraction(1), tile=(160, 90))


def test_whole_command_that_brings_sound_to_one_form() -> None:
    plan = planned(track(1, 6, layout="5.1(side)"), track(4, 1, language="de", sample_rate=44_100))
    assert steady_arguments("/tools/ffmpeg", plan, "file:/proc/self/fd/7", 128) == (
        "/tools/ffmpeg",
        *("-codec_whitelist", CODEC_WHITELIST, "-copyts", "-format_whitelist", FORMAT_WHITELIST),
        *("-max_streams", "128", "-protocol_whitelist", PROTOCOL_WHITELIST, "-i", "file:/proc/self/fd/7"),
        "-filter_complex",
        ";".join(FILTERS),
        *("-map", "[s2]", "-map", "[s6]", "-f", "matroska", "-c:a", "pcm_f32le"),
        *("-map_chapters", "-1", "-map_metadata", "-1", "audio/steady.mkv"),
        *("-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1"),
        *("-stats_period", "1", "-max_error_rate", "1", "-y"),
    )


def test_stereo_may_be_mono_for_a_while() -> None:
    (graph,) = [a for a in steady_arguments("/tools/ffmpeg", planned(track()), "file:f", 9) if "pan" in a]
    assert graph.startswith("[0:1]asetpts=PTS-(0/1)/TB[s0];[s0]atrim=start=0[s1];[s1]pan=stereo|FL<FL+FC")


def test_the_renditions_are_then_read_by_number() -> None:
    plan = planned(track(1, 6, layout="5.1(side)"), track(4, 1, language="de"))
    audio = tuple(replace(a, gain=-3.0) for a in plan.audio)
    plan = replace(plan, video=replace(plan.video, start=Fraction(5, 2)), audio=audio)
    steady = steady_plan(plan)
    assert steady.video.start == 0
    assert {a.gain for a in steady.audio} == {0.0}
    assert [(a.name, a.indexes, a.take, a.source_layout, len(a.positions)) for a in steady.audio] == [
        ("und-stereo", (0,), "mapped", "5.1", 6),
        ("und-51", (0,), "mapped", "5.1", 6),
        ("de-stereo", (1,), "mapped", "stereo", 2),
    ]
    made = sound_arguments("/tools/ffmpeg", steady, "audio/steady.mkv")
    assert made[made.index("-i") + 1] == "audio/steady.mkv"
    assert [a for a in made if a.endswith(".mp4")] == [f"audio/{a.name}.mp4" for a in plan.audio]


def test_jumps_of_the_clock_are_taken_out_once() -> None:
    plan = planned(track())
    jumps = ((0, (Jump(50, 9000),)), (1, (Jump(84, 9000),)))
    plan = replace(plan, video=replace(plan.video, jumps=jumps))
    made = steady_arguments("/tools/ffmpeg", plan, "file:f", 9)
    before = made[: made.index("-i")]
    assert before[before.index("-bsf:1") + 1] == (
        r"setts=pts=if(eq(PTS\,NOPTS)\,NOPTS\,PTS+gte(N\,84)*(9000))"
        r":dts=if(eq(DTS\,NOPTS)\,NOPTS\,DTS+gte(N\,84)*(9000))"
    )
    assert steady_plan(plan).video.jumps == ()


def test_mono_tracks_that_make_a_pair_stay_tracks() -> None:
    pair = [replace(track(i, 1), codec="pcm_s24le") for i in (3, 5)]
    steady = steady_plan(planned(*pair))
    assert [(a.indexes, a.take, a.positions) for a in steady.audio] == [
        ((0, 1), "joined", ((0, "FL"), (1, "FR")))
    ]
