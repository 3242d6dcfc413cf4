"""Where pictures, key pictures and segments lie: constant rates, uneven times, too many pictures, very few."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import m3u8
import pytest
from helpers_media import hiss
from measuring import cuts, key_times, likeness, packet_times, pictures, probe

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p")
MICROSECOND = Fraction(1, 1_000_000)
# Two rungs of one tiny picture; the shipped presets would leave the second one out.
RUNGS = ("small", "large")
PRESET = """
name = "{name}"
title = "{name}"
box = [{width}, {height}]
[video]
codec = "h264"
profile = "high"
speed = "ultrafast"
crf = 18
max_bitrate = "4000k"
buffer = "8000k"
gop = "2s"
segment = "6s"
max_frame_rate = 60
[audio]
stereo_bitrate = "64k"
surround_bitrate = "128k"
"""


@pytest.fixture(scope="module")
def two_rungs(ingested: Ingest) -> Ingest:
    for name, width, height in (("small", 64, 36), ("large", 128, 72)):
        text = PRESET.format(name=name, width=width, height=height)
        (ingested.presets / f"{name}.toml").write_text(text, "utf-8")
    return ingested


def constant(clips: Clips, rate: str, seconds: float, name: str) -> Path:
    source = f"testsrc2=size=128x72:rate={rate}:duration={seconds}"
    return clips.make(name, "-f", "lavfi", "-i", source, *hiss(seconds), *X264, "-c:a", "aac")


def extinf(package: Package, rung: str) -> list[Fraction]:
    return [Fraction(str(s.duration)) for s in m3u8.load(str(package.playlist(f"video/{rung}"))).segments]


@pytest.mark.parametrize(
    ("rate", "seconds", "pictures_shown"),
    [
        ("30000/1001", 70, 2098),
        ("25", 13, 325),
        ("24000/1001", 13, 312),
        ("60000/1001", 7, 420),
        ("12.5", 13, 163),
    ],
)
def test_constant_rates(
    clips: Clips, two_rungs: Ingest, rate: str, seconds: float, pictures_shown: int
) -> None:
    exact = Fraction(rate)
    gop = round(2 * exact) / exact
    segment = 3 * gop
    source = constant(clips, rate, seconds, f"constant-{exact.numerator}-{exact.denominator}.mp4")
    package = two_rungs(source, "small,large")
    length = pictures_shown / exact
    whole = int(length // segment)
    for rung in RUNGS:
        joined = package.joined(f"video/{rung}")
        assert packet_times(joined) == [i / exact for i in range(pictures_shown)]
        keys = key_times(joined)
        assert keys == [i * gop for i in range(len(keys))]
        assert 0 < length - keys[-1] <= gop
        found = extinf(package, rung)
        assert [abs(d - segment) <= MICROSECOND for d in found[:whole]] == [True] * whole
        assert len(found) == whole + (length > whole * segment)
        assert abs(sum(found) - length) <= MICROSECOND * len(found)


def test_ntsc_segments_last_6_006_seconds(clips: Clips, two_rungs: Ingest) -> None:
    source = constant(clips, "30000/1001", 70, "constant-30000-1001.mp4")
    found = extinf(two_rungs(source, "small,large"), "large")
    assert [float(d) for d in found] == [6.006] * 11 + [pytest.approx(2098 * 1.001 / 30 - 66.066, abs=1e-5)]


def uneven(clips: Clips, name: str, choose: str, seconds: int = 30) -> Path:
    source = rf"testsrc2=size=128x72:rate=30:duration={seconds},select={choose}"
    return clips.make(
        *(name, "-f", "lavfi", "-i", source, *hiss(seconds)),
        *(*X264, "-fps_mode", "vfr", "-c:a", "aac"),
    )


UNEVEN = {
    "random.mp4": r"gt(random(7)\,0.5)",
    "random.mkv": r"gt(random(7)\,0.5)",
    "hole-of-9s.mp4": r"not(between(t\,7.01\,16))*gt(random(7)\,0.3)",
    "still-for-13s.mp4": r"lt(t\,2)+gt(t\,15)",
    "one-each-3s.mp4": r"not(mod(n\,90))",
}


@pytest.mark.parametrize("name", UNEVEN)
def test_uneven_times_are_kept_and_cut_alike(clips: Clips, two_rungs: Ingest, name: str) -> None:
    source = uneven(clips, name, UNEVEN[name])
    times = packet_times(source)
    times = [t - times[0] for t in times]
    assert len({b - a for a, b in pairwise(times)}) > (0 if name.startswith("one-each") else 1)
    package = two_rungs(source, "small,large")
    assert package.rungs == RUNGS
    # One key picture for each two seconds that have a picture: the first of them.
    keys = [min(t for t in times if t // 2 == n) for n in sorted({t // 2 for t in times})]
    found: dict[str, list[Fraction]] = {}
    for rung in RUNGS:
        joined = package.joined(f"video/{rung}")
        assert packet_times(joined) == times
        assert key_times(joined) == keys
        found[rung] = cuts(package.playlist(f"video/{rung}"))
        # Each cut is at a key picture, and no segment could have been cut in two.
        assert min(min(abs(c - k) for k in keys) for c in [Fraction(0), *found[rung][:-1]]) < MICROSECOND * 10
        assert all(min(abs(c - k) for k in keys) < MICROSECOND * 10 for c in found[rung][:-1])
        slowest = max([Fraction(1, 25), *(b - a for a, b in pairwise(times))])
        assert times[-1] < found[rung][-1] <= times[-1] + slowest + MICROSECOND * 10
    assert found["small"] == found["large"]


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("near.mkv", r"if(eq(mod(N\,30)\,7)\,PTS-31\,PTS)"),
        ("burst.mp4", r"floor(N/10)*333+mod(N\,10)*5"),
    ],
)
def test_pictures_a_few_milliseconds_apart(clips: Clips, two_rungs: Ingest, name: str, times: str) -> None:
    source = clips.make(
        *(name, "-f", "lavfi", "-i", f"testsrc2=size=128x72:rate=30:duration=3,settb=1/1000,setpts={times}"),
        *("-enc_time_base", "1/1000", "-fps_mode", "passthrough", *X264),
    )
    expected = packet_times(source)
    assert min(b - a for a, b in pairwise(expected)) <= Fraction(5, 1000)
    package = two_rungs(source, "small,large")
    for rung in RUNGS:
        assert packet_times(package.joined(f"video/{rung}")) == [t - expected[0] for t in expected]


def test_120_pictures_a_second_become_60(clips: Clips, two_rungs: Ingest) -> None:
    package = two_rungs(constant(clips, "120", 3, "fast.mp4"), "small,large")
    source = pictures(package.source, matrix="bt601")
    assert len(source) == 360
    for rung in RUNGS:
        made = package.pictures(rung)
        assert [p.time for p in made] == [Fraction(i, 60) for i in range(180)]
    assert likeness(package.pictures("large"), source[::2]).in_place


def test_an_odd_count_of_120_keeps_its_first(clips: Clips, two_rungs: Ingest) -> None:
    source = clips.make(
        "fast-odd.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=128x72:rate=120:duration=1", "-frames:v", "101", *X264),
    )
    package = two_rungs(source, "small,large")
    assert [p.time for p in package.pictures("small")] == [Fraction(i, 60) for i in range(51)]


@pytest.mark.parametrize("sounding", [False, True], ids=["silent", "with-sound"])
@pytest.mark.parametrize("count", [1, 2, 9])
def test_very_short_videos(clips: Clips, two_rungs: Ingest, count: int, sounding: bool) -> None:
    """One picture, two, and 0.3 s."""
    sound = (*hiss(count / 30), "-c:a", "aac") if sounding else ()
    source = clips.make(
        f"short-{count}-{sounding}.mp4",
        *(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=128x72:rate=30",
            *sound[:4],
            *X264,
            *sound[4:],
            "-frames:v",
            str(count),
        ),
    )
    package = two_rungs(source, "small,large")
    for rung in RUNGS:
        assert [p.time for p in package.pictures(rung)] == [Fraction(i, 30) for i in range(count)]
        assert abs(cuts(package.playlist(f"video/{rung}"))[-1] - Fraction(count, 30)) <= Fraction(1, 30)
    assert (package.folder / "poster.jpg").stat().st_size > 0
    assert package.sounds == (("und-stereo",) if sounding else ())
    for name in package.sounds:
        heard = package.sound(name)
        assert abs(heard.duration - Fraction(count, 30)) <= Fraction(1, 30) + Fraction(2048, 48000)


def starting_at(clips: Clips, start: str, name: str) -> Path:
    return clips.make(
        *(name, "-i", str(constant(clips, "25", 13, "constant-25-1.mp4")), "-c", "copy"),
        *("-output_ts_offset", start),
    )


@pytest.mark.parametrize(("start", "name"), [("10", "late.ts"), ("95440", "wrapping.ts")])
def test_transport_streams_that_do_not_start_at_zero(
    clips: Clips, two_rungs: Ingest, start: str, name: str
) -> None:
    """95440 s: the 33-bit clock (95443.7 s) begins anew in the middle."""
    source = starting_at(clips, start, name)
    package = two_rungs(source, "small,large")
    for rung in RUNGS:
        assert [p.time for p in package.pictures(rung)] == [Fraction(i, 25) for i in range(325)]
    assert abs(package.sound("und-stereo").duration - 13) < Fraction(1, 20)


def cut_without_encoding(clips: Clips) -> Path:
    """The pictures before the cut are in the file, and its edit list hides them."""
    return clips.make(
        "cut.mp4",
        *("-ss", "1.2", "-i", str(constant(clips, "25", 13, "constant-25-1.mp4")), "-t", "5", "-c", "copy"),
    )


def test_the_first_picture_is_at_zero_where_the_file_begins_with_an_edit(
    clips: Clips, two_rungs: Ingest
) -> None:
    source = cut_without_encoding(clips)
    shown = pictures(source)
    package = two_rungs(source, "small,large")
    for rung in RUNGS:
        assert [p.time for p in package.pictures(rung)] == [p.time - shown[0].time for p in shown]
    (stream,) = probe(source, "-select_streams", "v:0", "-show_streams")["streams"]
    assert int(stream["nb_frames"]) > len(shown) == 125


@pytest.mark.parametrize("rate", ["24000/1001", "30", "30000/1001", "60000/1001"])
def test_times_that_matroska_rounds_to_milliseconds_are_exact_again(
    clips: Clips, two_rungs: Ingest, rate: str
) -> None:
    source = constant(clips, rate, 4, f"rounded-{rate.replace('/', '-')}.mkv")
    count = len(packet_times(source))
    made = [p.time for p in two_rungs(source, "small,large").pictures("large")]
    assert made == [i / Fraction(rate) for i in range(count)]


@pytest.mark.parametrize("b_pictures", ["0", "2"])
def test_avi_knows_only_decoding_times(clips: Clips, two_rungs: Ingest, b_pictures: str) -> None:
    source = clips.make(
        f"old-{b_pictures}.avi",
        *("-f", "lavfi", "-i", "testsrc2=size=128x72:rate=25:duration=4"),
        *hiss(4),
        *("-c:v", "mpeg4", "-q:v", "3", "-bf", b_pictures, "-c:a", "libmp3lame"),
    )
    shown = pictures(source, matrix="bt601")
    assert len(shown) == 100
    made = two_rungs(source, "small,large").pictures("large")
    assert [p.time for p in made] == [p.time - shown[0].time for p in shown]
    assert likeness(made, shown).in_place
