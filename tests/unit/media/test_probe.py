"""The questions put to ffprobe and ffmpeg, and what their answers lead to; no program runs."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media.packets import Packet
from ingest.media.probe import ProbeLimits, Prober, not_media
from ingest.media.process import Command, Completed, Confinement, Limits
from ingest.media.source import Source, open_source
from ingest.media.toolchain import Tool
from ingest.media.whitelists import (
    AUDIO_DECODERS,
    CODEC_WHITELIST,
    FORMAT_WHITELIST,
    LISTING,
    PROTOCOL_WHITELIST,
    VIDEO_DECODERS,
    accepted,
)

# --- commands ---


@pytest.fixture
def source(tmp_path: Path) -> Any:
    path = tmp_path / "-i clip, 'odd' %d.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42")
    with open_source(path) as opened:
        yield opened


def prober(source: Source, folder: Path) -> Prober:
    return Prober(
        ffprobe=Tool("ffprobe", Path("/tools/ffprobe"), "9.0", "test"),
        ffmpeg=Tool("ffmpeg", Path("/tools/ffmpeg"), "9.0", "test"),
        source=source,
        folder=folder,
        limits=ProbeLimits(pixels=1000, streams=7, stall_seconds=9.0, memory_bytes=5),
    )


def test_whole_ffprobe_command(source: Source, tmp_path: Path) -> None:
    command = prober(source, tmp_path).command("-show_format", "-of", "json")
    assert command.argv == (
        "/tools/ffprobe",
        *("-v", "error", "-hide_banner"),
        *("-protocol_whitelist", PROTOCOL_WHITELIST),
        *("-format_whitelist", FORMAT_WHITELIST),
        *("-codec_whitelist", CODEC_WHITELIST),
        *("-max_streams", "7"),
        *("-codec_whitelist:v", LISTING["v"], "-codec_whitelist:a", LISTING["a"]),
        *("-codec_whitelist:s", LISTING["s"]),
        *("-show_format", "-of", "json"),
        *("-i", f"file:/proc/self/fd/{source.descriptor}"),
    )
    assert command.cwd == tmp_path
    assert command.confinement == Confinement(descriptors=(source.descriptor,))
    assert command.limits == Limits(memory_bytes=5, stall_seconds=9.0)


def test_whole_decode_command(source: Source, tmp_path: Path) -> None:
    command = prober(source, tmp_path)._decode_command(3, Fraction(1001, 30000), "c0ffee")
    assert command.argv == (
        "/tools/ffmpeg",
        *("-nostdin", "-hide_banner", "-nostats"),
        *("-protocol_whitelist", PROTOCOL_WHITELIST),
        *("-format_whitelist", FORMAT_WHITELIST),
        *("-codec_whitelist", CODEC_WHITELIST),
        *("-max_streams", "7"),
        *("-v", "info", "-noautorotate", "-copyts", "-max_pixels", "1000", "-threads", "1"),
        *("-i", f"file:/proc/self/fd/{source.descriptor}"),
        *("-map", "0:3", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", "sidedata=mode=delete,showinfo@c0ffee=checksum=0"),
        *("-frames:v", "8", "-fps_mode", "passthrough", "-threads", "1"),
        *("-enc_time_base", "1001/30000", "-f", "framecrc", "-"),
    )
    assert command.confinement == Confinement(descriptors=(source.descriptor,))


def test_whitelists_hold_nothing_that_opens_other_files() -> None:
    formats = set(FORMAT_WHITELIST.split(","))
    assert PROTOCOL_WHITELIST == "file"
    assert formats.isdisjoint(
        {"hls", "dash", "concat", "concatf", "sdp", "rtsp", "image2", "svg_pipe", "lavfi"}
    )
    assert formats.isdisjoint({"ffmetadata", "tty", "subviewer", "srt", "webvtt_image", "imf"})


def test_what_may_be_listed_is_more_than_what_may_be_decoded() -> None:
    decoded = set(CODEC_WHITELIST.split(","))
    listed = {name for names in LISTING.values() for name in names.split(",")}
    assert decoded < listed
    # Decoders that read other files, fonts or scripts, or draw text, are not even opened.
    assert listed.isdisjoint(
        {"ansi", "bintext", "xbin", "idf", "libaribcaption", "libaribb24", "libzvbi_teletextdec"}
    )


@pytest.mark.parametrize(
    "codec", ["h264", "msmpeg4v3", "flv1", "tscc", "dvvideo", "vp6f", "theora", "wmv3", "vp3"]
)
def test_pictures_that_are_accepted(codec: str) -> None:
    assert accepted(codec, VIDEO_DECODERS)


@pytest.mark.parametrize(
    "codec", ["dts", "amr_nb", "amr_wb", "adpcm_g722", "pcm_s24le", "ra_144", "wavpack", "opus"]
)
def test_sound_that_is_accepted(codec: str) -> None:
    assert accepted(codec, AUDIO_DECODERS)


def test_what_is_not_accepted() -> None:
    assert not accepted("tak", AUDIO_DECODERS)
    assert not accepted("h264", AUDIO_DECODERS)
    assert not accepted("unknown", VIDEO_DECODERS)


# --- what is not media ---


def refused(path: Path, content: bytes, stderr: str) -> tuple[int, str, str]:
    path.write_bytes(content)
    with open_source(path) as source:
        error = not_media(source, stderr)
    assert error.detail in stderr
    return error.code.number, error.message, error.remedy


def test_not_media(tmp_path: Path) -> None:
    remedy = "give a video container such as mp4, mov, mkv, webm, ts, avi or mxf"
    path = tmp_path / "a\nb.mp4"
    assert refused(path, b"\x89PNG\r\n\x1a\n", "Invalid data") == (
        codes.SOURCE_NOT_MEDIA.number,
        "a\\nb.mp4 is a PNG picture, not a video file",
        remedy,
    )
    assert refused(path, b"\x01\x02\x03\xff", "Invalid data") == (
        9306,
        "a\\nb.mp4 is not a video file that ingest knows",
        remedy,
    )
    assert refused(path, b"....ftyp", "[mov @ 0x1] moov atom not found\n") == (
        9306,
        "a\\nb.mp4 is cut short: its index (moov) is missing",
        "copy or upload the whole file again",
    )
    assert refused(
        path, b"\0\0\0\x18ftypisom\xff", "contradictionary STSC and STCO\n[mov @ 0x1] error reading header\n"
    ) == (
        9306,
        "a\\nb.mp4 is damaged: its index (moov) cannot be read",
        "copy or upload the whole file again",
    )
    assert refused(path, b"....moof", "[mov @ 0x1] trun track id unknown, no tfhd was found\n") == (
        9306,
        "a\\nb.mp4 is a segment of a fragmented MP4 without the beginning (init segment) that all of them need",
        "put the beginning and the segments into one file, one behind the other",
    )
    assert (
        refused(path, b"....ftypavif", "Invalid data")[1]
        == "a\\nb.mp4 is a HEIF or AVIF picture, not a video file"
    )
    assert refused(path, b"....ftyp", "[ansi @ 0x1] Codec (ansi) not on whitelist 'h264'\n") == (
        9306,
        "a\\nb.mp4 has a stream in the codec ansi, which ingest does not accept",
        "leave that stream out (for example by remuxing), or convert the file first",
    )


def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"clip\xff.mp4")
    assert refused(path, b"GIF", "x")[1].startswith("clip\\xff.mp4 is ")


# --- answers ---


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the next program says."""

    def told(stdout: bytes = b"", stderr: str = "", returncode: int = 0) -> None:
        def run(command: Command, *, on_stdout_line: Any = None, **_: object) -> Completed:
            for line in stdout.decode().splitlines() if on_stdout_line else ():
                on_stdout_line(line)
            return Completed(
                command=command,
                returncode=returncode,
                stdout=stdout,
                stderr=stderr,
                seconds=0.1,
                cpu_seconds=0.1,
                limit=None,
            )

        monkeypatch.setattr("ingest.media.probe.process.run", run)

    return told


def error_of(ask: Any) -> tuple[int, str, str]:
    with pytest.raises(SourceError) as caught:
        ask()
    return caught.value.code.number, caught.value.message, caught.value.remedy


def test_streams(source: Source, tmp_path: Path, answer: Any) -> None:
    answer(b'{"streams": [], "format": {"format_name": "avi"}}')
    assert prober(source, tmp_path).streams() == {"streams": [], "format": {"format_name": "avi"}}


@pytest.mark.parametrize(
    ("stdout", "returncode"),
    [
        (b"", 1),
        (b"", 0),
        (b"{", 0),
        (b"[]", 0),
        (b"null", 0),
        (b'{"streams": []}', 0),
        (b'{"format": {}}', 0),
        (b"\xff", 0),
        (b'{"format": {"format_name": "avi"}}', 1),
    ],
)
def test_streams_that_are_no_answer(
    source: Source, tmp_path: Path, answer: Any, stdout: bytes, returncode: int
) -> None:
    answer(stdout, "Invalid data found when processing input", returncode)
    assert error_of(prober(source, tmp_path).streams)[:2] == (
        9306,
        "-i clip, 'odd' %d.mp4 is not a video file that ingest knows",
    )


@pytest.mark.parametrize("returncode", [0, 1])
def test_too_many_streams(source: Source, tmp_path: Path, answer: Any, returncode: int) -> None:
    """Some demuxers fail, others go on without the streams above the limit."""
    answer(b'{"format": {"a": 1}}', "Number of streams exceeds max_streams parameter (7)", returncode)
    assert error_of(prober(source, tmp_path).streams) == (
        codes.SOURCE_OVER_LIMIT.number,
        "-i clip, 'odd' %d.mp4 has more than 7 streams",
        "raise INGEST_MAX_STREAMS if you trust the file",
    )


def test_pictures_above_the_limit(source: Source, tmp_path: Path, answer: Any) -> None:
    answer(
        stderr="[h264 @ 0x1] Picture size 100000x100000 exceeds specified max pixel count 1000", returncode=1
    )
    assert error_of(lambda: prober(source, tmp_path).first_frames(0, Fraction(1, 25))) == (
        codes.SOURCE_OVER_LIMIT.number,
        "-i clip, 'odd' %d.mp4 has pictures of 100000x100000, above the limit of 1000 pixels",
        "raise INGEST_MAX_PIXELS if you trust the file",
    )


@pytest.mark.parametrize(
    ("stderr", "code"),
    [
        ("[h264 @ 0x1] get_buffer() failed", codes.SOURCE_OVER_LIMIT),
        (
            "[out#0/framecrc @ 0x1] pthread_create() failed: Resource temporarily unavailable",
            codes.SOURCE_OVER_LIMIT,
        ),
        ("[rawvideo @ 0x1] ff_frame_thread_encoder_init failed", codes.SOURCE_OVER_LIMIT),
        ("Error: Cannot allocate memory", codes.SOURCE_OVER_LIMIT),
        ("[h264 @ 0x1] image parameters invalid\n[h264 @ 0x1] get_buffer() failed", codes.SOURCE_NOT_MEDIA),
    ],
)
def test_no_room_for_a_picture(
    source: Source, tmp_path: Path, answer: Any, stderr: str, code: codes.Code
) -> None:
    answer(stderr=stderr, returncode=69)
    assert error_of(lambda: prober(source, tmp_path).first_frames(0, Fraction(1, 25)))[0] == code.number


def test_pictures_that_do_not_decode(source: Source, tmp_path: Path, answer: Any) -> None:
    answer(stderr="[h264 @ 0x1] no frame!")
    assert error_of(lambda: prober(source, tmp_path).first_frames(0, Fraction(1, 25))) == (
        codes.SOURCE_NOT_MEDIA.number,
        "no picture of -i clip, 'odd' %d.mp4 can be decoded",
        "copy or export the file again",
    )


def test_a_log_without_a_picture_on_stdout(source: Source, tmp_path: Path, answer: Any) -> None:
    """The log alone is not believed."""
    forged = "[Parsed_showinfo_1 @ 0x1] n: 0 pts: 0 pts_time:0 fmt:yuv420p cl:left sar:1/1 s:4000x4000 i:P"
    answer(stderr=forged)
    assert error_of(lambda: prober(source, tmp_path).first_frames(0, Fraction(1, 25)))[0] == 9306


# --- packets ---


def test_packets(source: Source, tmp_path: Path, answer: Any) -> None:
    answer(b"0,0,1,5,K__\n1,1,1,6,___\n")
    assert list(prober(source, tmp_path).packets(0, Fraction(1, 25))) == [
        Packet(0, 0, 1, 5, key=True, discard=False),
        Packet(1, 1, 1, 6, key=False, discard=False),
    ]


@pytest.mark.parametrize("size", ["1", "8", "N/A"], ids=["tiny", "least", "unknown"])
def test_packets_of_more_data_than_the_file_holds(
    source: Source, tmp_path: Path, answer: Any, size: str
) -> None:
    """12 bytes: 2 * 12 + 2**20 are allowed, at 8 bytes for each packet."""
    most = (2 * 12 + 2**20) // 8
    line = f"0,0,1,{size},___\n".encode()
    answer(line * most)
    assert len(prober(source, tmp_path).packets(0, Fraction(1, 25))) == most
    answer(line * (most + 1))
    assert error_of(lambda: prober(source, tmp_path).packets(0, Fraction(1, 25))) == (
        codes.SOURCE_OVER_LIMIT.number,
        "the index of -i clip, 'odd' %d.mp4 names more data than the file holds",
        "copy or export the file again",
    )


def test_packets_far_apart(source: Source, tmp_path: Path, answer: Any) -> None:
    """Four times the limit of 48 h; what is not shown does not count."""
    hidden = b"-9000000,0,1,5,_D_\n"
    answer(hidden + b"100,0,1,5,K__\n691300,1,1,6,___\n")
    assert len(prober(source, tmp_path).packets(0, Fraction(1))) == 3
    answer(b"100,0,1,5,K__\n691301,1,1,6,___\n")
    assert error_of(lambda: prober(source, tmp_path).packets(0, Fraction(1))) == (
        codes.SOURCE_OVER_LIMIT.number,
        "-i clip, 'odd' %d.mp4 lasts 192.0 h, the limit is 48.0 h",
        "raise INGEST_MAX_SECONDS if it is right",
    )
