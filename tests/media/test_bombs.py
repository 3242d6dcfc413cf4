"""Small files that ask for much: each ends in a package or in one line, inside stated limits.

The peak is the largest resident set of any single process of the run, pytest's own (as it forks) included.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed, assert_failed, names
from helpers_media import X264, box_at, picture

from ingest.job import codes

if TYPE_CHECKING:
    from helpers_cli import Cli, Finished
    from helpers_media import Clips

pytestmark = pytest.mark.media
PROBE = codes.PROBING_VIDEO_CODEC
MB = 2**20


def assert_within(done: Finished, *, seconds: float, peak: int) -> None:
    """`seconds` of CPU, of all its programs together."""
    assert done.cpu_seconds < seconds
    assert done.peak_rss < peak


def test_picture_of_8192_by_8192_in_200_kilobytes(cli: Cli, clips: Clips) -> None:
    huge = "color=black:size=8192x8192:rate=25:duration=0.04"
    source = clips.make("huge.mp4", "-f", "lavfi", "-i", huge, *X264)
    assert source.stat().st_size < 200_000
    done = cli.ingest(source, "-o", "out")
    assert_failed(
        cli,
        done,
        codes.SOURCE_OVER_LIMIT,
        exit_code=3,
        step=PROBE,
        says=("pictures of 8192x8192, above the limit of 36000000 pixels", "INGEST_MAX_PIXELS"),
        output=cli.cwd / "out",
    )
    assert_within(done, seconds=30, peak=400 * MB)


def test_picture_that_grows_to_8192_by_8192(cli: Cli, clips: Clips) -> None:
    """The header and the first seconds are small; the limit holds for every picture."""
    huge = "color=black:size=8192x8192:rate=25:duration=0.04"
    parts = (
        clips.make("small.h264", *picture("64x64", 1), *X264),
        clips.make("huge.h264", "-f", "lavfi", "-i", huge, *X264),
    )
    (clips.folder / "growing.h264").write_bytes(b"".join(part.read_bytes() for part in parts))
    source = clips.make("growing.ts", "-f", "h264", "-r", "25", "-i", "growing.h264", "-c", "copy")
    done = cli.ingest(source, "-o", "out")
    assert_failed(
        cli,
        done,
        codes.SOURCE_TOO_DAMAGED,
        exit_code=3,
        step=codes.TRANSCODING_WITH_CPU,
        says="0.04 s of 1.04 s are lost",
        output=cli.cwd / "out",
    )
    assert_within(done, seconds=40, peak=400 * MB)


def test_memory_limit_of_programs(cli: Cli, clips: Clips) -> None:
    source = clips.make("wide.mp4", *picture("4096x4096", 0.04), *X264)
    done = cli.ingest(source, "-o", "out", env={"INGEST_MAX_MEMORY": "64M"})
    assert_failed(
        cli,
        done,
        codes.SOURCE_OVER_LIMIT,
        exit_code=3,
        step=PROBE,
        says=("needs more than 64 MiB of memory", "INGEST_MAX_MEMORY"),
        output=cli.cwd / "out",
    )
    assert_within(done, seconds=30, peak=300 * MB)


def test_sample_entry_that_lies_about_its_size(cli: Cli, clips: Clips) -> None:
    """16384x16384 in the container, 320x180 in the bitstream: the decoded size is the true one."""
    data = bytearray(clips.small().read_bytes())
    entry = data.index(b"avc1", data.index(b"stsd")) + 4
    assert struct.unpack_from(">HH", data, entry + 24) == (320, 180)
    struct.pack_into(">HH", data, entry + 24, 16384, 16384)
    header = data.index(b"tkhd") + 4 + 76
    assert struct.unpack_from(">II", data, header) == (320 << 16, 180 << 16)
    struct.pack_into(">II", data, header, 16384 << 16, 16384 << 16)
    (cli.cwd / "lie.mp4").write_bytes(data)
    done = cli.ingest("lie.mp4", "-o", "out")
    record = assert_completed(done, cli.cwd / "out")
    assert [(o.width, o.height) for o in record.outputs] == [(320, 180)]
    assert_within(done, seconds=40, peak=400 * MB)


def test_table_that_lies_about_its_samples(cli: Cli, clips: Clips) -> None:
    """400 million samples of one byte in three boxes of a small file."""
    data = bytearray(clips.small().read_bytes())
    track = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    count = 400_000_000
    struct.pack_into(">II", data, box_at(data, *track, b"stsz") + 4, 1, count)
    struct.pack_into(">I", data, box_at(data, *track, b"stts") + 8, count)
    struct.pack_into(">I", data, box_at(data, *track, b"stsc") + 12, count)
    (cli.cwd / "lie.mp4").write_bytes(data)
    done = cli.ingest("lie.mp4", "-o", "out")
    assert_failed(
        cli,
        done,
        codes.SOURCE_NOT_MEDIA,
        exit_code=3,
        step=PROBE,
        says="lie.mp4 declares a picture but holds no data for it",
        output=cli.cwd / "out",
    )
    assert_within(done, seconds=30, peak=300 * MB)


def test_index_that_names_the_same_bytes_ten_million_times(cli: Cli, clips: Clips) -> None:
    """5 000 chunks at one place, 2 000 samples of one byte in each: a file of 30 kB with 10 million packets."""
    # Without its edit list, which shows 0.2 s and no more.
    data = clips.make("one.mp4", *picture("64x64", 0.2), *X264).read_bytes().replace(b"edts", b"free")
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    chunks, samples = 5_000, 2_000
    offset = box_at(data, b"mdat")
    tables = {
        b"stts": struct.pack(">IIII", 0, 1, chunks * samples, 1),
        b"stsz": struct.pack(">III", 0, 1, chunks * samples),
        b"stsc": struct.pack(">IIIII", 0, 1, 1, samples, 1),
        b"stco": struct.pack(">II", 0, chunks) + struct.pack(">I", offset) * chunks,
        b"ctts": None,
        b"stss": None,
    }
    (cli.cwd / "bomb.mp4").write_bytes(_with_boxes(data, path, tables))
    assert (cli.cwd / "bomb.mp4").stat().st_size < 40_000
    done = cli.ingest("bomb.mp4", "-o", "out")
    assert_failed(
        cli,
        done,
        codes.SOURCE_OVER_LIMIT,
        exit_code=3,
        step=PROBE,
        says="the index of bomb.mp4 names more data than the file holds",
        output=cli.cwd / "out",
    )
    assert_within(done, seconds=10, peak=700 * MB)


def _with_boxes(data: bytes, path: tuple[bytes, ...], contents: dict[bytes, bytes | None]) -> bytes:
    """The boxes in `data`, those in the box `path` with new contents, or left out where that is None."""
    made, start = b"", 0
    while start < len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        inner: bytes | None = data[start + 8 : start + size]
        start += size
        if path and kind == path[0]:
            inner = _with_boxes(inner or b"", path[1:], contents)
        elif not path and kind in contents:
            inner = contents[kind]
        if inner is not None:
            made += struct.pack(">I4s", len(inner) + 8, kind) + inner
    return made


def _many_streams(clips: Clips, name: str, count: int) -> Path:
    """One picture, nine tracks of sound, and more pictures up to `count` streams."""
    maps = ["-map", "0:v", *["-map", "0:a"] * 9, *["-map", "0:v"] * (count - 10)]
    return clips.make(name, "-i", str(clips.tiny()), *maps, "-c", "copy")


def test_120_streams(cli: Cli, clips: Clips) -> None:
    done = cli.ingest(_many_streams(clips, "many.mp4", 120), "-o", "out")
    record = assert_completed(done, cli.cwd / "out")
    assert len([p for p in (cli.cwd / "out/audio").iterdir() if p.is_dir()]) == 8
    left_out = record.custom_attributes.message_codes.count(codes.STREAM_LEFT_OUT.number)
    assert left_out == 120 - 1 - 8
    assert_within(done, seconds=60, peak=1200 * MB)


@pytest.mark.parametrize("name", ["toomany.mp4", "toomany.mkv"])
def test_more_streams_than_the_limit(name: str, cli: Cli, clips: Clips) -> None:
    """Matroska's demuxer goes on without the streams above the limit; we do not."""
    done = cli.ingest(_many_streams(clips, name, 126), "-o", "out", env={"INGEST_MAX_STREAMS": "120"})
    assert_failed(
        cli,
        done,
        codes.SOURCE_OVER_LIMIT,
        exit_code=3,
        step=PROBE,
        says=(f"{name} has more than 120 streams", "INGEST_MAX_STREAMS"),
        output=cli.cwd / "out",
    )
    assert_within(done, seconds=30, peak=300 * MB)


def test_header_of_27_hours_over_2_seconds_in_mp4(cli: Cli, clips: Clips) -> None:
    """Movie, track and media headers all lie; the packets decide."""
    data = bytearray(clips.small().read_bytes())
    movie = box_at(data, b"moov", b"mvhd")
    struct.pack_into(">II", data, movie + 12, 1, 100_000)
    for header in re.finditer(b"tkhd", bytes(data)):
        struct.pack_into(">I", data, header.end() + 20, 100_000)
    for header in re.finditer(b"mdhd", bytes(data)):
        struct.pack_into(">I", data, header.end() + 16, 2**32 - 1)
    for edits in re.finditer(b"elst", bytes(data)):
        struct.pack_into(">I", data, edits.end() + 8, 100_000)
    (cli.cwd / "long.mp4").write_bytes(data)
    done = cli.ingest("long.mp4", "-o", "out")
    record = assert_completed(done, cli.cwd / "out")
    assert [o.details["durationSeconds"] for o in record.outputs] == [2.0]
    assert_within(done, seconds=40, peak=400 * MB)


def test_header_of_27_hours_over_2_seconds_in_matroska(cli: Cli, clips: Clips) -> None:
    data = bytearray(clips.make("short.mkv", "-i", str(clips.small()), "-c", "copy").read_bytes())
    duration = (
        data.index(b"\x44\x89\x88") + 3
    )  # Segment/Info/Duration, a float of 8 bytes (RFC 9559, 5.1.2.10)
    struct.pack_into(">d", data, duration, 100_000e3)
    (cli.cwd / "long.mkv").write_bytes(data)
    done = cli.ingest("long.mkv", "-o", "out")
    record = assert_completed(done, cli.cwd / "out")
    assert [o.details["durationSeconds"] for o in record.outputs] == [2.0]
    assert [w.message for w in record.warnings] == [
        "Source Misdeclared: the header says 100000.0 s, the picture lasts 2.0 s"
    ]
    assert_within(done, seconds=40, peak=400 * MB)


def black(clips: Clips) -> Path:
    """3 h of black."""
    dark = "color=black:size=64x64:rate=1/2:duration=10800"
    return clips.make("black.mp4", "-f", "lavfi", "-i", dark, *X264, "-g", "1000")


def test_three_hours_of_black(cli: Cli, clips: Clips) -> None:
    """Few previews, little disk. Long segments keep the test short: reading back takes its time for each."""
    source = black(clips)
    assert source.stat().st_size < 250_000
    shipped = (Path(__file__).parents[2] / "presets/sd.toml").read_text("utf-8")
    changed = shipped.replace('gop = "2s"', 'gop = "10s"').replace('segment = "6s"', 'segment = "30s"')
    assert (changed.count('"10s"'), changed.count('"30s"')) == (1, 1)
    (cli.cwd / "presets").mkdir()
    (cli.cwd / "presets/sd.toml").write_text(changed, "utf-8")
    done = cli.ingest(source, "-o", "out", "--preset-dir", "presets")
    record = assert_completed(done, cli.cwd / "out")
    assert [o.details["durationSeconds"] for o in record.outputs] == [10800.0]
    assert len(names(cli.cwd / "out/previews")) < 20
    assert sum(p.stat().st_size for p in (cli.cwd / "out").rglob("*")) < 20 * MB
    assert_within(done, seconds=90, peak=400 * MB)


def test_longer_than_the_limit(cli: Cli, clips: Clips) -> None:
    done = cli.ingest(black(clips), "-o", "out", env={"INGEST_MAX_SECONDS": "7200"})
    assert_failed(
        cli,
        done,
        codes.SOURCE_OVER_LIMIT,
        exit_code=3,
        step=PROBE,
        says=("black.mp4 lasts 3.0 h, the limit is 2.0 h", "INGEST_MAX_SECONDS"),
        output=cli.cwd / "out",
    )
