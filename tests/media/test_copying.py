"""Copied renditions: the source's own pictures bit by bit, cut like the others, in a package that verifies."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_failed, read_record
from helpers_media import hiss, picture
from main_job import ROOT
from measuring import join

import ingest
from ingest.job import codes
from ingest.job.status import Status
from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

    from ingest.job.record import Record
    from ingest.packaging.measure import Track

pytestmark = pytest.mark.media
SIZE = "320x180"
NAMED = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
X264 = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-profile:v", "high", *NAMED)
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1", *NAMED)
# Cut at 0 and at 6.2 s, as the packager counts; 2.6 s between two of them.
UNEVEN = (*X264, "-g", "999", "-sc_threshold", "0", "-forced-idr", "1", "-bf", "3")
UNEVEN += ("-force_key_frames", "0,1.2,3.4,3.6,6.2")


def closed(seconds: float) -> tuple[str, ...]:
    """A key picture every so many seconds, groups closed, at 25 pictures a second."""
    return "-g", str(round(25 * seconds)), "-keyint_min", "1", "-sc_threshold", "0", "-flags", "+cgop"


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sizes: that of the clips, and half of it."""
    folder = tmp_path_factory.mktemp("presets")
    text = (ROOT / "presets" / "sd.toml").read_text("utf-8")
    for name, box in (("whole", "[320, 180]"), ("half", "[160, 90]")):
        made = re.sub(r'name = "sd"', f'name = "{name}"', text)
        made = re.sub(r"box = \[[^]]*\]", f"box = {box}", made)
        (folder / f"{name}.toml").write_text(re.sub(r'speed = "\w+"', 'speed = "superfast"', made), "utf-8")
    return folder


def hashes(path: Path) -> list[str]:
    """Of each picture, in the order of showing."""
    command = (str(find().ffmpeg.path), "-v", "error", "-i", str(path), "-map", "0:v:0")
    command += ("-fps_mode", "passthrough", "-f", "framemd5", "-")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def checked(folder: Path, work: Path) -> tuple[dict[str, Track], list[str]]:
    """The renditions of the picture, and what a full verification says."""
    work.mkdir()
    report = verify(folder, decode=make_decoder(find().ffmpeg, work), full=True)
    found = [f"{f.level} {f.rule} {f.place}: {f.found}" for f in report.findings]
    return {t.folder.name: t for t in report.tracks if t.kind == "video"}, found


def codes_of(record: Record) -> list[int]:
    return [n for n in record.custom_attributes.message_codes if n in {9001, 9004, 9145}]


SOURCES = {
    "mp4, uneven groups": ("a.mp4", *picture(SIZE, 8), *hiss(8), *UNEVEN, "-c:a", "aac"),
    "transport stream": ("a.ts", *picture(SIZE, 8), *X264, *closed(2)),
    "29.97 in milliseconds": (
        "a.mkv",
        *("-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate=30000/1001:duration=8", *X264),
        *("-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-flags", "+cgop"),
    ),
    "every picture a key picture": ("b.mp4", *picture(SIZE, 2), *X264, "-g", "1"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_copy_beside_an_encoded_rendition(source: str, clips: Clips, presets: Path, tmp_path: Path) -> None:
    path, out = clips.make(*SOURCES[source]), tmp_path / "out"
    record = ingest.run(path, "half,whole", out, preset_dir=presets)
    assert record.status is Status.COMPLETED, record.error
    assert codes_of(record) == [9004, 9001]
    assert [(o.resolution, o.details["copied"]) for o in record.outputs] == [("half", False), ("whole", True)]
    tracks, found = checked(out, tmp_path / "work")
    if "uneven" in source:
        assert found == ["SHOULD Apple 1.13 video/whole/index.m3u8: 2.600 s between IDR pictures"]
        assert [float(s.presentation_start) for s in tracks["whole"].segments] == [0, 6.2]
        assert max(tracks["half"].sync_distances) < 2
    else:
        assert found == []
    half, whole = tracks["half"], tracks["whole"]
    assert [s.presentation_start for s in half.segments] == [s.presentation_start for s in whole.segments]
    assert set(whole.sync_times) <= set(half.sync_times)
    assert hashes(join(whole.playlist, tmp_path / "copied.mp4")) == hashes(path)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_long_film_in_chunks(
    damaged: bool, clips: Clips, presets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a copy, and where that is given up for damage in its last second."""
    monkeypatch.setenv("INGEST_CHUNK_SECONDS", "4")
    keys = "0,0.6,1.2,2,2.6,3.4,3.6,4.2,5,5.6,6.2,6.8,7.2,8,8.6,9.4,10,10.6,11,11.6"
    forced = (*UNEVEN[:-1], keys)
    made = clips.make("long.mp4", *picture(SIZE, 12), *hiss(12), *forced, "-qp", "20", "-c:a", "aac")
    path, out = tmp_path / "long.mp4", tmp_path / "out"
    data = bytearray(made.read_bytes())
    if damaged:
        end = data.index(b"mdat") + (len(data) - data.index(b"mdat")) * 95 // 100
        data[end : end + 3000] = bytes(3000)
    path.write_bytes(data)
    record = ingest.run(path, "half,whole", out, preset_dir=presets, allow_damage=True)
    assert record.status is Status.COMPLETED, record.error
    # A picture is lost: the pieces, of a grid of their own, are seen not to be whole.
    said = (
        "Encoded In One Piece: 150 pictures from 6.0 s on" if damaged else "Encoded In Chunks: 2 of about 6 s"
    )
    assert [m for m in record.messages if m.startswith(said)], "\n".join(record.messages)
    assert [o.details["copied"] for o in record.outputs] == [False, not damaged]
    tracks, found = checked(out, tmp_path / "work")
    assert damaged or found == []
    half, whole = tracks["half"], tracks["whole"]
    starts = [s.presentation_start for s in whole.segments]
    assert [s.presentation_start for s in half.segments] == starts
    assert set(whole.sync_times) <= set(half.sync_times)
    if not damaged:
        assert [float(s) for s in starts] == [0, 6.2]
        assert hashes(join(whole.playlist, tmp_path / "copied.mp4")) == hashes(path)


def test_hevc_alone(clips: Clips, presets: Path, tmp_path: Path) -> None:
    """Nothing of the picture is encoded: no message of transcoding; poster and previews are there all the same."""
    # Key pictures as dense as previews: no other is decoded.
    parameters = "log-level=error:keyint=25:min-keyint=25:scenecut=0:open-gop=0"
    path = clips.make("c.mp4", *picture(SIZE, 7), *X265, "-x265-params", parameters)
    out = tmp_path / "out"
    record = ingest.run(path, "whole", out, preset_dir=presets, codecs="hevc", copy="require")
    assert record.status is Status.COMPLETED, record.error
    assert codes_of(record) == [9004]
    tracks, found = checked(out, tmp_path / "work")
    assert (
        found
        == [
            "SHOULD Apple 9.9 ABR.m3u8: one variant",
            "SHOULD Apple 1.3a ABR.m3u8: no H.264 at 4.1",
        ][:1]
    )
    track = tracks["whole-hevc"]
    assert (track.header.entry, track.frames) == ("hvc1", 175)
    assert hashes(join(track.playlist, tmp_path / "copied.mp4")) == hashes(path)
    assert (out / "poster.jpg").is_file()
    assert len((out / "previews" / "previews.vtt").read_text().split("-->")) == 7 + 1


REFUSED = {
    "open groups": (
        ("d.mp4", *picture(SIZE, 4), *X264, "-bf", "2", "-x264-params", "open-gop=1:keyint=50:scenecut=0"),
        "open groups",
    ),
    "far apart": (("e.mp4", *picture(SIZE, 8), *X264, "-g", "999"), "key frames up to 8.0 s apart, limit 6"),
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_cannot_be_copied_is_encoded(source: str, clips: Clips, presets: Path, tmp_path: Path) -> None:
    arguments, why = REFUSED[source]
    record = ingest.run(clips.make(*arguments), "whole", tmp_path / "out", preset_dir=presets)
    assert record.status is Status.COMPLETED, record.error
    assert codes_of(record) == [9145, 9001]
    (output,) = record.outputs
    assert not output.details["copied"]
    assert why in next(m for m in output.messages if m.startswith("Not Copied: "))


def test_parameter_sets_that_change(clips: Clips, presets: Path, tmp_path: Path) -> None:
    """Two films in one: a sample entry has room for one film's parameter sets."""
    one = clips.make("one.ts", *picture(SIZE, 2), *X264, *closed(1))
    other = clips.make("other.ts", *picture(SIZE, 2), *X264, *closed(1), "-x264-params", "ref=1:cabac=0")
    listed = tmp_path / "list"
    listed.write_text(f"file '{one}'\nfile '{other}'\n")
    both = clips.make("both.ts", "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy")
    record = ingest.run(both, "whole", tmp_path / "out", preset_dir=presets)
    assert record.status is Status.COMPLETED, record.error
    assert codes_of(record) == [9145, 9001]
    assert "Not Copied: its parameter sets change" in record.messages


def test_damage_is_not_copied(clips: Clips, presets: Path, tmp_path: Path) -> None:
    """Of bytes in the middle only a decoder can tell: what was copied is encoded as well."""
    path = tmp_path / "f.mp4"
    data = bytearray(clips.make("f.mp4", *picture(SIZE, 4), *X264, *closed(2), "-qp", "20").read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 3
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    record = ingest.run(path, "half,whole", tmp_path / "out", preset_dir=presets, allow_damage=True)
    assert record.status is Status.COMPLETED, record.error
    assert codes_of(record) == [9004, 9001, 9145]
    assert "Not Copied: some of its pictures are damaged" in record.messages
    assert [o.details["copied"] for o in record.outputs] == [False, False]


def test_insisting_on_a_copy(cli: Cli, clips: Clips, presets: Path) -> None:
    path = clips.make("e.mp4", *picture(SIZE, 8), *X264, "-g", "999")
    done = cli.run(
        "run", path, "--res", "half,whole", "--copy", "require", "--preset-dir", presets, "-o", "out"
    )
    assert_failed(
        cli,
        done,
        codes.COPY_IMPOSSIBLE,
        exit_code=1,
        step=codes.PLANNING_RESOLUTIONS,
        says="whole cannot be copied: key frames up to 8.0 s apart, limit 6",
        output=cli.cwd / "out",
    )


def test_never_is_never(clips: Clips, presets: Path, tmp_path: Path) -> None:
    path = clips.make(*SOURCES["every picture a key picture"])
    record = ingest.run(path, "whole", tmp_path / "out", preset_dir=presets, copy="never")
    assert codes_of(record) == [9001]
    assert read_record(tmp_path / "out").outputs[0].details["copied"] is False
