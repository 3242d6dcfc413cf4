"""What a chunk's command has that the whole film's has not, and how chunks are joined."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from made_facts import SD, clip, constant
from test_plan_chunks import beside_a_copy, even

from ingest.media.command import EncodeInput, encode_arguments, sound_arguments
from ingest.media.command.chunks import joining_arguments, joining_list
from ingest.media.command.expressions import first_of_each
from ingest.media.plan import make_plan
from ingest.media.plan.chunks import cut
from ingest.media.whitelists import FORMAT_WHITELIST

SOURCE = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
VIDEO = clip(1280, 720, timing=constant(Fraction(25), 5000, Fraction(1, 12800)))
PLAN = make_plan(VIDEO, (), (SD,), preview_interval=Fraction(90), tile=(160, 90))
CHUNKS = cut(PLAN, VIDEO, even(5000, 512, 50), Fraction(60)).chunks


def graph(arguments: tuple[str, ...]) -> str:
    return arguments[arguments.index("-filter_complex") + 1]


def test_the_second_chunk_is_read_from_before_it_and_keeps_its_own_pictures() -> None:
    arguments = encode_arguments("/f", PLAN, SOURCE, CHUNKS[1])
    # The key picture at 1450 is decoded at 1448.
    assert arguments[arguments.index("-ss") + 1] == f"{(1448 * 512 - 1) / 12800:.6f}"
    assert arguments[arguments.index("-seek_timestamp") + 1] == "1"
    assert "-noaccurate_seek" in arguments
    filters = graph(arguments)
    assert "split=3" in filters
    assert "trim=end_pts=3000:start_pts=1500" in filters
    assert "trim=end_pts=1500:start_pts=1492" in filters
    assert "trim=end_pts=3000:start_pts=2992" in filters
    assert "setpts=PTS-1500" in filters
    assert [a for a in arguments if a in {"before.txt", "at-end.txt"}] == ["before.txt", "at-end.txt"]
    # The picture before it is at 59.96 s, so that none of the poster's candidates (every 16.67 s) is taken twice.
    assert r"if(isnan(prev_selected_t)\,59.96\,prev_selected_t)" in filters


def test_the_first_chunk_is_read_from_the_beginning_and_the_last_one_to_the_end() -> None:
    first, last = (encode_arguments("/f", PLAN, SOURCE, CHUNKS[n]) for n in (0, 2))
    assert "-ss" not in first
    assert "trim=end_pts=1500" in graph(first)
    assert "before.txt" not in first
    assert "trim=start_pts=3000" in graph(last)
    assert "at-end.txt" not in last


def test_a_chunk_without_a_still_has_no_output_for_it() -> None:
    assert [("previews/%d.jpg" in encode_arguments("/f", PLAN, SOURCE, c)) for c in CHUNKS] == [
        True,
        True,
        True,
    ]
    fewer = replace(PLAN, stills=replace(PLAN.stills, preview_interval=Fraction(130)))
    assert [("previews/%d.jpg" in encode_arguments("/f", fewer, SOURCE, c)) for c in CHUNKS] == [
        True,
        False,
        True,
    ]


def test_no_sound_in_a_chunk_and_no_picture_in_the_sound() -> None:
    assert not [a for a in encode_arguments("/f", PLAN, SOURCE, CHUNKS[0]) if a.startswith("audio/")]
    assert not [a for a in sound_arguments("/f", PLAN, SOURCE) if a.startswith("rungs/")]


def test_key_pictures_beside_a_copy_are_counted_from_the_chunk_s_first_picture() -> None:
    """Those of trick play and of the reference stay where they are in an undivided run: pictures 0, 25, 50, ..."""
    video = clip(1280, 720, timing=constant(Fraction(25), 1000, Fraction(1, 25)))
    plan = beside_a_copy(video, (0, 140, 190, 290, 300, 415, 560, 700, 830, 960), (0, 290, 560, 830))
    chunks = cut(plan, video, even(1000, 1, 5), Fraction(10)).chunks
    commands = [encode_arguments("/f", plan, SOURCE, chunk) for chunk in chunks]
    assert [c[c.index("-force_key_frames") + 1] for c in commands] == [
        "0,5.6,7.6",
        "0,0.4,5",
        "0,5.6",
        "0,5.2",
    ]
    assert [c.count("rungs/sd.mp4") + c.count("rungs/hd.mp4") for c in commands] == [1, 1, 1, 1]
    chosen = [r"lt(mod(n*2\,50)\,2)", *(rf"lt(mod((n+{n})*2\,50)\,2)" for n in (40, 10, 30))]
    for command, numbers in zip(commands, chosen, strict=True):
        assert f"select={numbers}" in graph(command)
        assert f"select=key+{numbers}" in graph(command)


def test_joining() -> None:
    assert joining_list(
        [("00000/rungs/sd.mp4", Fraction(60060, 1000)), ("00001/rungs/sd.mp4", Fraction(1, 3))]
    ) == (
        "ffconcat version 1.0\n"
        "file '00000/rungs/sd.mp4'\ninpoint 0\nduration 60.060000\n"
        "file '00001/rungs/sd.mp4'\ninpoint 0\nduration 0.333333\n"
    )
    assert joining_arguments("/f", "file:chunks/rungs-sd.mp4.txt", "rungs/sd.mp4", 12800, "hvc1") == (
        "/f",
        *("-f", "concat", "-format_whitelist", f"concat,{FORMAT_WHITELIST}", "-protocol_whitelist", "file"),
        *("-i", "file:chunks/rungs-sd.mp4.txt", "-map", "0:v:0", "-f", "mp4"),
        *("-bsf:v", r"setts=pts=PTS:dts=max(DTS\,PREV_OUTDTS+1)", "-c", "copy"),
        *("-map_chapters", "-1", "-map_metadata", "-1", "-tag:v", "hvc1", "-video_track_timescale", "12800"),
        *("rungs/sd.mp4", "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1"),
        *("-stats_period", "1", "-max_error_rate", "1", "-y"),
    )


def test_key_pictures_of_a_chunk_whose_first_picture_comes_late() -> None:
    """ffmpeg's expression for forced key pictures counts from the first picture."""
    assert first_of_each(Fraction(2), "prev_forced_t", begins=Fraction(1, 10)) == (
        "isnan(prev_forced_t)+gte(t+0.1+0.000001,(floor((prev_forced_t+0.1+0.000001)/2)+1)*2)"
    )
