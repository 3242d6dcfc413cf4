"""A part of the film is exactly its pictures, with the sound, the text, the chapters and the telemetry of that time."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from flash_and_beep import X264, beeping, clip, flashing
from helpers_cli import assert_completed
from klv_film import film as klv_film
from measuring import likeness, packet_times, pictures
from test_copying import X264 as COPYABLE
from test_copying import closed, hashes
from test_klv_package import missions
from tiny_rung import TINY, with_tiny

from ingest.packaging.webvtt_reader import read_webvtt

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips
    from main_job import Ingest

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "late.mkv"])
def test_pictures_and_sound_of_that_time(name: str, ingested: Ingest, clips: Clips) -> None:
    """The source's clock begins at 0, at 1.4 s or at 5 s: seconds count from the first picture."""
    late = ("-output_ts_offset", "5") if name == "late.mkv" else ()
    source = clip(clips, name, "-bf", "2", *late)
    made = with_tiny(ingested)(source, TINY, start=1.48, end=4.2)
    shown = made.pictures(TINY)
    assert [p.time for p in shown] == [Fraction(n, 25) for n in range(68)]
    white = [n for n, p in enumerate(shown) if min(p.pixels) > 128]
    assert white == [0, 1, 2, 25, 26, 27, 50, 51, 52]
    (name,) = made.sounds
    heard = made.sound(name)
    assert heard.level(Fraction(2, 100), Fraction(6, 100)) > -15  # the beep that the part begins with
    assert [round(float(t), 2) for t in heard.onsets()][-2:] == [1.0, 2.0]
    assert abs(heard.duration - Fraction(68, 25)) < Fraction(1, 40)
    assert made.record["messages"].count("Trimmed: from 1.480 to 4.200 s of 6.000 s") == 1


def test_uneven_times_in_chunks_and_whole(
    ingested: Ingest, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = "select='not(eq(mod(n,7),3))'"
    path = clips.make(
        "uneven.mkv",
        *("-f", "lavfi", "-i", f"testsrc2=size=128x72:rate=25:duration=16,{kept}", "-fps_mode", "vfr"),
        *(*X264, "-g", "10", "-bf", "2"),
    )
    times = [t for t in packet_times(path) if 2 <= t < 15]
    tiny = with_tiny(ingested)
    whole = tiny(path, TINY, start=2.0, end=15.0)
    monkeypatch.setenv("INGEST_CHUNK_SECONDS", "6")
    pieces = tiny(path, TINY, start=2.0, end=15.0, jobs=2)
    assert [m for m in pieces.record["messages"] if m.startswith("Encoded In Chunks: 2")]
    source = tuple(p for p in pictures(path) if 2 <= p.time < 15)
    for made in (whole, pieces):
        assert packet_times(made.joined(f"video/{TINY}")) == [t - times[0] for t in times]
        found = likeness(made.pictures(TINY), source)
        assert found.misplaced == () and found.worst > 25


def test_copied_from_a_key_picture_on(ingested: Ingest, clips: Clips) -> None:
    source = clips.make(
        "copied.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=128x72:rate=25:duration=6", *COPYABLE, *closed(2)),
    )
    tiny = with_tiny(ingested)
    copied = tiny(source, TINY, start=2.0, end=4.0, copy="require")
    assert hashes(copied.joined(f"video/{TINY}")) == hashes(source)[50:100]
    encoded = tiny(source, TINY, start=1.0, end=4.0, copy="auto")
    assert encoded.record["outputs"][0]["details"]["copied"] is False
    assert encoded.record["outputs"][0]["details"]["frames"] == 75
    assert any(
        m.startswith("Not Copied: no key frame is where it is trimmed") for m in encoded.record["messages"]
    )


def test_text_and_chapters_of_that_time(ingested: Ingest, clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,500 --> 00:00:01,000\ngone\n\n2\n00:00:01,500 --> 00:00:02,500\ncut in\n\n"
        "3\n00:00:03,000 --> 00:00:09,000\ncut off\n\n4\n00:00:05,000 --> 00:00:05,500\ngone too\n"
    )
    (tmp_path / "meta").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=3\ntitle=one\n"
        "[CHAPTER]\nTIMEBASE=1/1\nSTART=3\nEND=6\ntitle=two\n"
    )
    source = clips.make(
        "text.mkv",
        *("-f", "lavfi", "-i", flashing(), "-f", "lavfi", "-i", beeping(48000, "stereo")),
        *("-i", str(tmp_path / "a.srt"), "-i", str(tmp_path / "meta"), "-map", "0", "-map", "1", "-map", "2"),
        *("-map_metadata", "3", *X264, "-c:a", "aac", "-c:s", "srt"),
    )
    made = with_tiny(ingested)(source, TINY, start=2.0, end=4.0)
    (text,) = (made.folder / "text").glob("*/whole.vtt")
    cues = read_webvtt(text.read_text("utf-8")).cues
    assert [(float(c.start), float(c.end), c.text) for c in cues] == [(0, 0.5, "cut in"), (1, 2, "cut off")]
    chapters = json.loads((made.folder / "info/chapters.json").read_bytes())
    assert "one" in json.dumps(chapters) and "two" in json.dumps(chapters)
    vtt = read_webvtt((made.folder / "text/chapters.vtt").read_text("utf-8")).cues
    assert [(float(c.start), float(c.end), c.text) for c in vtt] == [(0, 1, "one"), (1, 2, "two")]


def test_telemetry_of_that_time(ingested: Ingest, tmp_path: Path) -> None:
    made = ingested(klv_film(tmp_path / "klv.ts"), "sd", start=0.4, end=1.2)
    assert missions(made) == [(f"set {k}", pytest.approx(40 * (k - 10), abs=1)) for k in range(10, 30)]
    (stream,) = json.loads((made.folder / "info/klv.json").read_bytes())["streams"]
    assert sum(stream["sets"].values()) == 20
    assert stream["firstMilliseconds"] == 0
    coverage = json.loads((made.folder / "telemetry/coverage.json").read_bytes())
    assert [p[3] for p in coverage["sensorPoints"]["points"]] == [40.0 * k for k in range(20)]


def test_bad_values_are_one_line(cli: Cli, clips: Clips) -> None:
    source = clips.tiny()
    for arguments, said in (
        (("--start", "-1"), "start at -1 s"),
        (("--start", "nan"), "start at nan s"),
        (("--start", "0.5", "--end", "0.5"), "an end at 0.5 s is not behind a start at 0.5 s"),
        (("--start", "2"), "--start 2 is not in the film, which lasts 1.000 s"),
        (("--end", "soon"), "'soon' is not a valid float"),
    ):
        done = cli.run("run", source, "--res", "sd", "-o", "out", *arguments)
        assert done.exit_code == 2
        assert said in done.stderr.strip().splitlines()[-1]


def test_what_a_job_was_asked_for_is_kept(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "-o", "out", "--start", "0.2", "--end", "7")
    record = assert_completed(done, cli.cwd / "out")
    assert record.request is not None
    assert (record.request.options["start"], record.request.options["end"]) == (0.2, 7.0)
    assert record.outputs[0].details["frames"] == 20
