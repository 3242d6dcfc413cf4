"""`--format ts`: a whole package of transport streams and packed audio, played by ffmpeg's HLS reader and measured."""

from __future__ import annotations

import shutil
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import flash_and_beep
import m3u8
import pytest
from measuring import cuts, flashes, key_times, packet_times, pictures, sound

from ingest.packaging.annexb import IDR, head
from ingest.packaging.transport import TICKS, read_transport
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

HLS = ("-allowed_extensions", "ALL", "-allowed_segment_extensions", "ALL", "-extension_picky", "0")


@pytest.fixture(scope="module", params=["25", "30000/1001"])
def package(request: pytest.FixtureRequest, clips: Clips, ingested: Ingest) -> Package:
    """Eight seconds of flashes and beeps with two languages of text, in two sizes."""
    name = f"{request.param.split('/')[0]}.mkv"
    words = clips.folder / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:07,000\nHello\n", encoding="utf-8")
    source = clips.make(
        name,
        *("-f", "lavfi", "-i", f"{flash_and_beep.flashing(request.param, 8)},scale=640:360"),
        *("-f", "lavfi", "-i", flash_and_beep.beeping(48000, "stereo", 8)),
        *("-i", str(words), "-map", "0:v", "-map", "1:a", "-map", "2:s"),
        *flash_and_beep.X264,
        *("-c:a", "pcm_s16le", "-c:s", "srt", "-metadata:s:s:0", "language=eng"),
    )
    return ingested(source, "sd", format="ts")


def test_the_package_is_what_was_asked_for(package: Package) -> None:
    report = verify(package.folder)
    assert report.must == ()
    assert [(t.folder.name, t.container, t.codecs) for t in report.tracks] == [
        ("sd", "ts", ("avc1.64001e",)),
        ("und-stereo", "packed", ("mp4a.40.2",)),
    ]
    names = {p.name for p in package.folder.rglob("*") if p.is_file()}
    assert {"seg-00001.ts", "seg-00002.ts", "seg-00001.aac", "seg-00002.aac", "ABR.m3u8"} <= names
    assert names & {"manifest.mpd", "init.mp4"} == set()
    assert 9115 in package.record["customAttributes"]["messageCodes"]


def test_flash_and_beep_coincide_in_a_player(package: Package) -> None:
    """ffmpeg reads the master playlist: both clocks come from the segments alone."""
    master = package.folder / "ABR.m3u8"
    light = flashes(pictures(master, pixel_format="gray", size=(2, 2), options=HLS))
    heard = sound(master, options=HLS).onsets()
    assert len(light) == len(heard) == 8
    frame = Fraction(1, 25)
    assert max(abs(h - f) for f, h in zip(light, heard, strict=True)) < frame
    # The onset lies between two pictures where the rate is no divisor of its time.
    exact = package.source.name == "25.mkv"
    assert max(abs(h - f) for f, h in zip(light, heard, strict=True)) < (0.002 if exact else frame)


def test_segments_are_cut_where_the_playlist_says(package: Package) -> None:
    playlist = package.playlist("video/sd")
    ends = cuts(playlist)
    starts = [key_times(playlist.parent / s.uri)[0] for s in m3u8.load(str(playlist)).segments]
    assert [s - starts[0] for s in starts[1:]] == pytest.approx([float(e) for e in ends[:-1]], abs=2 / TICKS)
    assert float(ends[-1]) == pytest.approx(8, abs=1 / 25)


def test_key_pictures_stand_by_themselves(package: Package) -> None:
    """Each range of the I-frame playlist is one whole picture, behind the PAT and PMT of its file."""
    folder = package.folder / "video/sd"
    entries = m3u8.load(str(folder / "iframes.m3u8")).segments
    assert len(entries) == 4
    for entry in entries:
        size, start = map(int, entry.byterange.split("@"))
        data = (folder / entry.uri).read_bytes()
        whole = read_transport(data)
        part = read_transport(data[: whole.head] + data[start : start + size])
        (picture,) = part.packets[whole.streams[0].pid]
        assert head(picture.data)[1] == IDR
        assert (picture.start, picture.end) == (whole.head, whole.head + size)
        assert picture.data in [p.data for p in whole.packets[whole.streams[0].pid]]


def test_subtitles_are_on_the_clock_of_the_pictures(package: Package) -> None:
    first = read_transport((package.folder / "video/sd/seg-00001.ts").read_bytes())
    start = min(p.pts or 0 for p in first.packets[first.streams[0].pid])
    assert start > 0
    texts = sorted((package.folder / "text/en").glob("seg-*.vtt"))
    assert len(texts) == 2
    for text in texts:
        assert f"X-TIMESTAMP-MAP=MPEGTS:{start},LOCAL:00:00:00.000" in text.read_text(encoding="utf-8")


def test_counters_and_times_go_on_from_segment_to_segment(package: Package) -> None:
    one, two = (read_transport((package.folder / f"video/sd/seg-0000{n}.ts").read_bytes()) for n in (1, 2))
    (stream,) = one.streams
    assert two.streams == one.streams
    assert (one.counters[stream.pid][1] + 1) % 16 == two.counters[stream.pid][0]
    times = [p.dts or 0 for t in (one, two) for p in t.packets[stream.pid]]
    steps = {b - a for a, b in pairwise(times)}
    assert steps == {3600 if package.source.name == "25.mkv" else 3003}


def test_pictures_on_their_own_times_come_out_on_them(clips: Clips, ingested: Ingest) -> None:
    """Reordered pictures up to 400 ms apart: the first is decoded long before it is shown."""
    uneven = r"select=not(between(mod(n\,30)\,5\,13))"
    source = clips.make(
        "uneven.mkv",
        *("-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration=7,{uneven}"),
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=7"),
        *(*flash_and_beep.X264, "-c:a", "pcm_s16le", "-fps_mode", "vfr"),
    )
    made = ingested(source, "sd", format="ts")
    report = verify(made.folder)
    assert report.must == ()
    (track,) = (t for t in report.tracks if t.kind == "video")
    found, wanted = track.sample_times(), packet_times(source)
    assert len(found) == len(wanted) == 121
    assert max(abs(f - w) for f, w in zip(sorted(found), wanted, strict=True)) <= Fraction(1, 1000)


def silent(clips: Clips, name: str, picture: str) -> Path:
    return clips.make(
        name,
        *("-f", "lavfi", "-i", f"testsrc2=size=320x180:{picture}"),
        *(*flash_and_beep.X264, "-fps_mode", "vfr"),
    )


@pytest.mark.parametrize(
    ("name", "picture", "frames", "end"),
    [
        ("pause.mp4", r"rate=30:duration=9,select=not(between(t\,5.8\,6.2))", 257, 9),
        ("slides.mp4", "rate=1/5:duration=25", 5, 25),
        ("slide.mp4", "rate=1/5:duration=5", 1, 5),
    ],
)
def test_what_stays_across_a_segment_s_end_is_no_hole(
    clips: Clips, ingested: Ingest, name: str, picture: str, frames: int, end: int
) -> None:
    """A transport stream cannot say how long a picture stays: a pause looks like pictures that are lost."""
    report = verify(ingested(silent(clips, name, picture), "sd", format="ts").folder)
    assert report.must == ()
    (track,) = (t for t in report.tracks if t.kind == "video")
    assert (track.frames, track.last_presentation) == (frames, end)
    assert all(a.end == b.start for a, b in pairwise(track.segments))


@pytest.mark.parametrize(
    ("name", "picture"), [("film.mp4", "rate=30:duration=13"), ("slides.mp4", "rate=1/5:duration=25")]
)
def test_a_segment_that_is_missing_is_a_hole(
    clips: Clips, ingested: Ingest, tmp_path: Path, name: str, picture: str
) -> None:
    folder = tmp_path / "package"
    shutil.copytree(ingested(silent(clips, name, picture), "sd", format="ts").folder, folder)
    path = folder / "video/sd/index.m3u8"
    playlist = m3u8.load(str(path))
    (missing,) = (s for s in playlist.segments if s.uri == "seg-00002.ts")
    playlist.segments.remove(missing)
    path.write_text(playlist.dumps(), encoding="utf-8")
    (found,) = (f.found for f in verify(folder).must if f.rule == "Apple 7.3")
    assert found.startswith("DTS ")


def test_one_picture_with_two_frames_of_sound_is_decoded(clips: Clips, ingested: Ingest) -> None:
    """By itself ffmpeg takes ADTS for sound only where several frames follow each other."""
    source = clips.make(
        "one.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=duration=3"),
        *(*flash_and_beep.X264, "-c:a", "aac", "-frames:v", "1", "-t", "0.04"),
    )
    report = verify(ingested(source, "sd", format="ts").folder)
    assert report.must == ()
    assert [(t.container, t.frames) for t in report.tracks] == [("ts", 1), ("packed", 2)]
