"""What is particular to single clips of shared/media; what all must show is in test_main_job.py."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from operator import mul
from typing import TYPE_CHECKING

import m3u8
import pytest
from main_job import SHARED, SHARED_CLIPS, Clip
from measuring import key_times, likeness, packet_times, pictures, probe, sound

if TYPE_CHECKING:
    from main_job import Ingest
    from measuring import Sound

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media


def named(file: str) -> Clip:
    (clip,) = (c for c in SHARED_CLIPS if c.file == file)
    clip.present()
    return clip


def alike(one: Sound, other: Sound) -> float:
    """The correlation of two sounds as they stand, -1 to 1, after the priming that AAC begins with."""
    count = min(len(one.samples), len(other.samples))
    a, b = one.samples[4096:count:3], other.samples[4096:count:3]
    return sum(map(mul, a, b)) / math.sqrt(sum(map(mul, a, a)) * sum(map(mul, b, b)) + 1)


def test_every_clip_of_the_folder_is_tested() -> None:
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is not there")
    there = {p.name for p in SHARED.iterdir() if p.suffix in {".mp4", ".ts"}}
    assert {c.file for c in SHARED_CLIPS} == there


def test_each_channel_of_surround_is_the_sources_own(ingested: Ingest) -> None:
    clip = named("bbb-720p-aac51.mp4")
    package = ingested(clip.path)
    made = [package.sound("und-51", filters=f"pan=mono|c0=c{i}") for i in range(6)]
    source = [sound(clip.path, filters=f"pan=mono|c0=c{i}") for i in range(6)]
    for channel in (0, 1, 2, 4, 5):
        assert alike(made[channel], source[channel]) > 0.9
        length = min(made[channel].duration, source[channel].duration)
        assert made[channel].level(Fraction(1), length) == pytest.approx(
            source[channel].level(Fraction(1), length), abs=0.5
        )


def test_both_tracks_and_the_larger_picture_of_the_many_track_clip_are_taken(ingested: Ingest) -> None:
    clip = named("nasa-2video-2audio-2subs.mp4")
    package = ingested(clip.path)
    master = m3u8.load(str(package.folder / "ABR.m3u8"))
    assert [(m.uri, m.language, m.name, m.default) for m in master.media if m.type == "AUDIO"] == [
        ("audio/en-stereo/index.m3u8", "en", "English", "YES"),
        ("audio/en-stereo-2/index.m3u8", "en", "English 2", "NO"),
    ]
    for name, stream in (("en-stereo", "a:0"), ("en-stereo-2", "a:1")):
        source = sound(clip.path, stream=stream, filters="aformat=channel_layouts=mono,aresample=48000")
        assert alike(package.sound(name), source) > 0.9
    assert "picture, 320x180; stream 3 is larger" in " ".join(package.record["messages"])


@pytest.mark.parametrize("file", ["room-phone-rot180-vfr.mp4", "portrait-phone-4k60-rot90.mp4"])
def test_phone_clips_are_turned(ingested: Ingest, file: str) -> None:
    clip = named(file)
    package = ingested(clip.path)
    as_stored = pictures(clip.path, matrix=clip.matrix, signal=clip.signal, options=("-noautorotate",))
    for rung in clip.rungs:
        assert likeness(package.pictures(rung), as_stored).worst < 26
        assert "side_data_list" not in probe(package.joined(f"video/{rung}"), "-show_streams")["streams"][0]


@pytest.mark.parametrize(
    "file", ["room-phone-rot180-vfr.mp4", "portrait-phone-4k60-rot90.mp4", "street-portrait-hevc.mp4"]
)
def test_uneven_times_are_kept_to_the_tick(ingested: Ingest, file: str) -> None:
    clip = named(file)
    package = ingested(clip.path)
    times = packet_times(clip.path, clip.stream)
    for rung in clip.rungs:
        clip.check_times(packet_times(package.joined(f"video/{rung}")), [t - times[0] for t in times])
        assert key_times(package.joined(f"video/{rung}"))[0] == 0


def test_every_rung_of_the_hdr_clip_is_eight_bit_sdr(ingested: Ingest) -> None:
    clip = named("portrait-hdr10-av1.mp4")
    package = ingested(clip.path)
    for rung in clip.rungs:
        document = probe(
            package.joined(f"video/{rung}"), "-show_streams", "-show_frames", "-read_intervals", "%+#1"
        )
        text = json.dumps(document)
        assert "Mastering" not in text
        assert "Content light" not in text
        assert "2084" not in text
