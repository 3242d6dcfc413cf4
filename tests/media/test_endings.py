"""Pictures on uneven times: the last one ends when it should, in every rendition, with B-frames."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import m3u8
import pytest
from helpers_media import hiss, picture
from measuring import packet_times, probe
from test_segment_grid import RUNGS, X264, two_rungs
from tiny_rung import TINY, with_tiny

from ingest.packaging.ending import end_at
from ingest.packaging.measure import measure_track
from ingest.packaging.rules_source import difference

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest

__all__ = ["two_rungs"]

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

FRAME = Fraction(1, 30)


def screen(clips: Clips, seed: int, *options: str, name: str = "") -> Path:
    """Half of the pictures of 4 s at 30 a second, chosen by chance, as screen recorders do."""
    kept = sorted(random.Random(seed).sample(range(120), 60))
    chosen = "+".join(rf"eq(n\,{n})" for n in kept)
    return clips.make(
        name or f"screen-{seed}.mp4",
        *("-f", "lavfi", "-i", f"testsrc2=size=128x72:rate=30:duration=4,select={chosen}"),
        *("-fps_mode", "passthrough", *options),
    )


@pytest.mark.parametrize("seed", range(24))
def test_an_encoded_file_ends_at_any_planned_end(clips: Clips, seed: int, tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-preset", "superfast", "-forced-idr", "1")
    keys = ("-force_key_frames", "expr:gte(t,n_forced*2)", "-enc_time_base", "1/15360")
    made = screen(clips, seed, *options, *keys, "-video_track_timescale", "15360")
    path = tmp_path / "made.mp4"
    path.write_bytes(made.read_bytes())
    times = packet_times(path)
    end = times[-1] + FRAME * (1 + seed % 3)
    assert end_at(path, end)
    assert packet_times(path) == times
    found = probe(path, "-show_entries", "stream=time_base,has_b_frames:packet=pts,dts,duration")
    (stream,) = found["streams"]
    assert stream["has_b_frames"] == 2
    tick = Fraction(stream["time_base"])
    packets = [(int(p["pts"]), int(p["dts"]), int(p["duration"])) for p in found["packets"]]
    assert max(pts + duration for pts, _, duration in packets) * tick == end
    assert all(a < b for (_, a, _), (_, b, _) in pairwise(packets))
    assert all(dts <= pts for pts, dts, _ in packets)


@pytest.mark.parametrize(
    "name", ["first.mp4", "second.mp4", "third.mkv", "fourth.mkv", "fifth.mp4", "sixth.mp4"]
)
def test_every_rendition_ends_with_the_last_picture(clips: Clips, two_rungs: Ingest, name: str) -> None:
    source = screen(clips, sum(name.encode()), *X264, name=name)
    times = packet_times(source)
    package = two_rungs(source, "small,large")
    for rung in RUNGS:
        track = measure_track(package.playlist(f"video/{rung}"))
        # Matroska has whole milliseconds.
        assert abs(track.last_presentation - (times[-1] - times[0] + FRAME)) <= Fraction(1, 1000)
        assert list(track.sample_times()) == [t - times[0] for t in times]


def test_two_pictures_whose_declared_rate_makes_them_last_for_nothing(clips: Clips, ingested: Ingest) -> None:
    """The trick play rendition has the first one alone, whose length says all that it has."""
    film = clips.make(
        "two.ts", *picture("128x72", 0.2, 10), *X264, "-bsf:v", "h264_metadata=tick_rate=180000"
    )
    package = with_tiny(ingested)(film, TINY)
    assert measure_track(package.playlist(f"video/{TINY}")).last_presentation == Fraction(1, 5)
    trick = m3u8.load(str(package.folder / "trick/iframes.m3u8"))
    assert [s.duration for s in trick.segments] == [0.2]


def test_one_picture_stays_while_the_sound_goes_on(clips: Clips, ingested: Ingest) -> None:
    source = clips.make(
        *("cover.mp4", *picture("128x72", 0.04), *hiss(7.1)),
        *("-map", "0", "-map", "1", *X264, "-c:a", "aac"),
    )
    package = with_tiny(ingested)(source, TINY)
    assert package.record["warnings"] == []
    assert (
        "Picture Held: the only picture is shown for 7.2 s, as long as there is sound"
        in package.record["messages"]
    )
    track = measure_track(package.playlist(f"video/{TINY}"))
    assert list(track.sample_times()) == [Fraction(n, 5) for n in range(36)]
    (first, *others) = package.pictures(TINY)
    assert len(others) == 35
    assert max(difference(p.pixels, first.pixels) for p in others) < 2
    sound = measure_track(package.playlist("audio/und-stereo"))
    assert abs(sound.last_presentation - Fraction(36, 5)) < Fraction(1, 40)


def test_sheets_of_previews_end_with_the_picture(clips: Clips, ingested: Ingest) -> None:
    """The sound's last frame ends behind 200 seconds, which are two sheets: there is no third one to ask for."""
    silence = ("-f", "lavfi", "-i", "anullsrc=duration=200", "-c:a", "aac")
    film = clips.make("sheet.mp4", *picture("128x72", 200, 2), *silence, *X264)
    package = with_tiny(ingested)(film, TINY)
    assert len(list((package.folder / "previews").glob("sheet-*.jpg"))) == 2
    assert 'endNumber="2"' in (package.folder / "manifest.mpd").read_text("utf-8")
