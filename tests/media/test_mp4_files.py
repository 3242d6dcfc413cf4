"""One MP4 file of each rendition with its sound: what plays in it, and what verification says where it is touched."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from flash_and_beep import X264, beeping, flashing
from helpers_cli import assert_completed
from measuring import packet_times, pictures, probe, sound
from tiny_rung import TINY, with_tiny

from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

COPYABLE = ("-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-flags", "+cgop", "-bf", "2")
COPYABLE += ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-profile:v", "high")


@pytest.fixture(scope="module")
def film(clips: Clips) -> Path:
    """Three seconds with a white picture at N + 0.48 s and a beep with it; two sounds, the second is the default."""
    return clips.make(
        "flashes.mp4",
        *("-f", "lavfi", "-i", flashing(seconds=3), "-f", "lavfi", "-i", beeping(48000, "stereo", 3)),
        *("-f", "lavfi", "-i", "anullsrc=d=3", "-map", "0:v", "-map", "2:a", "-map", "1:a"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", "-metadata:s:a:1", "language=ger"),
        *(*X264[:3], "medium", *X264[4:], *COPYABLE, "-c:a", "aac"),
    )


def faults(package: Path, work: Path) -> list[str]:
    work.mkdir(exist_ok=True)
    report = verify(package, decode=make_decoder(find().ffmpeg, work))
    return [f"{f.rule} {f.place}: {f.found}" for f in report.must]


def boxes(path: Path) -> list[str]:
    """The kinds of those at the top."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        found.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return found


def assert_plays(path: Path, tag: str) -> None:
    streams = probe(path, "-show_entries", "stream=codec_tag_string,codec_type,duration:stream_tags=language")
    said = [(s["codec_type"], s["codec_tag_string"], s["tags"]["language"]) for s in streams["streams"]]
    assert said == [("video", tag, "und"), ("audio", "mp4a", "deu")]
    assert boxes(path).index("moov") < boxes(path).index("mdat")
    shown = pictures(path)
    assert [p.time for p in shown] == [Fraction(n, 25) for n in range(75)]
    white = [p.time for p in shown if min(p.pixels) > 128]
    assert white[::3] == [Fraction(n * 25 + 12, 25) for n in range(3)]
    heard = sound(path)
    assert abs(heard.start) < Fraction(1, 1000)
    assert abs(heard.duration - 3) < Fraction(1, 40)
    for beep, flash in zip(heard.onsets(), white[::3], strict=True):
        assert abs(beep - flash) < Fraction(1, 200)


def test_every_codec(ingested: Ingest, film: Path, tmp_path: Path) -> None:
    made = with_tiny(ingested)(film, TINY, codecs="h264,hevc,av1", mp4=True)
    for name, tag in ((TINY, "avc1"), (f"{TINY}-hevc", "hvc1"), (f"{TINY}-av1", "av01")):
        assert_plays(made.folder / "mp4" / f"{name}.mp4", tag)
        assert packet_times(made.folder / "mp4" / f"{name}.mp4") == packet_times(made.joined(f"video/{name}"))
    files = [f"mp4/{TINY}-av1.mp4", f"mp4/{TINY}-hevc.mp4", f"mp4/{TINY}.mp4"]
    assert [f for f in made.record["files"] if f.startswith("mp4/")] == files
    assert [f for f in made.record["outputs"][0]["files"] if f.startswith("mp4/")] == files
    assert "Generating MP4 Files" in made.record["messages"]
    assert "Generating MP4 Files" in made.record["outputs"][0]["messages"]
    assert faults(made.folder, tmp_path / "work") == []


def test_copied_and_in_transport_streams(ingested: Ingest, film: Path, tmp_path: Path) -> None:
    made = with_tiny(ingested)(film, TINY, format="ts", mp4=True)
    assert_plays(made.folder / "mp4" / f"{TINY}.mp4", "avc1")
    copied = with_tiny(ingested)(film, TINY, copy="require", mp4=True)
    assert_plays(copied.folder / "mp4" / f"{TINY}.mp4", "avc1")
    assert faults(copied.folder, tmp_path / "work") == []


def test_uneven_times_end_where_the_package_does(ingested: Ingest, clips: Clips) -> None:
    """No sound; the job's own verification compares times and bytes."""
    kept = "select='not(eq(mod(n,7),3))'"
    path = clips.make(
        "uneven.mkv",
        *("-f", "lavfi", "-i", f"testsrc2=size=128x72:rate=30:duration=4,{kept}", "-fps_mode", "vfr", *X264),
    )
    made = with_tiny(ingested)(path, TINY, mp4=True)
    file = made.folder / "mp4" / f"{TINY}.mp4"
    assert packet_times(file) == packet_times(made.joined(f"video/{TINY}"))
    assert [s["codec_type"] for s in probe(file, "-show_streams")["streams"]] == ["video"]


@pytest.fixture
def package(ingested: Ingest, film: Path, tmp_path: Path) -> Path:
    """A copy of one that may be harmed."""
    made: Package = with_tiny(ingested)(film, TINY, copy="require", mp4=True)
    subprocess.run(["cp", "-r", made.folder, tmp_path / "harmed"], check=True)
    return tmp_path / "harmed"


def test_a_changed_byte_is_found(package: Path, tmp_path: Path) -> None:
    file = package / "mp4" / f"{TINY}.mp4"
    data = bytearray(file.read_bytes())
    data[-50] ^= 1
    file.write_bytes(data)
    (found,) = faults(package, tmp_path / "work")
    assert re.fullmatch(rf"ingest mp4 mp4/{TINY}\.mp4: other samples of the (picture|sound)", found), found


def test_a_cut_file_is_found(package: Path, tmp_path: Path) -> None:
    file = package / "mp4" / f"{TINY}.mp4"
    file.write_bytes(file.read_bytes()[:-100])
    (found,) = faults(package, tmp_path / "work")
    assert found.startswith(f"ingest mp4 mp4/{TINY}.mp4: ")
    assert "of a file of" in found or "are left" in found


def test_one_more_resolution_has_both_files(cli: Cli, film: Path, ingested: Ingest) -> None:
    chosen = ("--preset-dir", with_tiny(ingested).presets, "--copy", "never", "--mp4", "-o", "out")
    more = (ingested.presets / f"{TINY}.toml").read_text("utf-8").replace(TINY, "less").replace("[128", "[96")
    (ingested.presets / "less.toml").write_text(more.replace(TINY.upper(), "LESS"), "utf-8")
    cli.run("run", film, "--res", TINY, *chosen)
    record = assert_completed(cli.run("run", film, "--res", "less", *chosen), cli.cwd / "out")
    assert any(m.startswith(f"Rendition Taken Over: {TINY}") for m in record.messages)
    assert sorted(p.name for p in (cli.cwd / "out" / "mp4").iterdir()) == ["less.mp4", f"{TINY}.mp4"]


def test_a_turned_film_stands_upright(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """The encoder's file still says how the source was turned, though its pictures are upright."""
    flat = clips.make("flat.mp4", "-f", "lavfi", "-i", "testsrc2=size=128x72:rate=25:duration=1", *X264)
    turned = clips.make("turned.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy")
    assert_completed(cli.run("run", turned, "--res", "sd", "-o", "out", "--mp4"), cli.cwd / "out")
    made = cli.cwd / "out/mp4/sd.mp4"
    (stream,) = probe(made, "-show_entries", "stream=width,height:stream_side_data=rotation")["streams"]
    assert (stream["width"], stream["height"]) == (72, 128)
    assert "side_data_list" not in stream
    assert faults(cli.cwd / "out", tmp_path / "work") == []
    data = bytearray(made.read_bytes())
    # ISO/IEC 14496-12, 8.3.2: the matrix of a track's header, here of version 0.
    at = data.index(b"tkhd") + 44
    assert data[at : at + 4] == (0x10000).to_bytes(4)
    data[at : at + 20] = b"".join(n.to_bytes(4, signed=True) for n in (0, 0x10000, 0, -0x10000, 0))
    made.write_bytes(data)
    assert faults(cli.cwd / "out", tmp_path / "work") == [
        "ingest mp4 mp4/sd.mp4: its picture is shown turned or mirrored"
    ]
