from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job.errors import ProcessingError
from ingest.media.output import LINE_LIMIT, TAIL_BYTES, TAIL_LINES, Lines, Tail, Whole, last_words

NVENC = """\
[h264_nvenc @ 0x556c57799940] Cannot load libcuda.so.1
[vost#0:0/h264_nvenc @ 0x556c57798dc0] [enc:h264_nvenc @ 0x556c57799880] Error while opening encoder - maybe
[vf#0:0 @ 0x556c577b51c0] Error sending frames to consumers: Operation not permitted
[vf#0:0 @ 0x556c577b51c0] Task finished with error code: -1 (Operation not permitted)
[vost#0:0/h264_nvenc @ 0x556c57798dc0] [enc:h264_nvenc @ 0x556c57799880] Could not open encoder before EOF
[out#0/null @ 0x556c57798200] Nothing was written into output file, because a stream had no packets.
Conversion failed!"""
NOT_MEDIA = """\
[in#0 @ 0x556617cea080] Format mov,mp4,m4a,3gp,3g2,mj2 detected only with low score of 1, may be wrong!
[in#0 @ 0x556617cea080] moov atom not found
[in#0 @ 0x556617ce9d00] Error opening input: Invalid data found when processing input
Error opening input file junk.mp4.
Error opening input files: Invalid data found when processing input"""
NO_FILE = """\
[in#0 @ 0x560f9f486d00] Error opening input: No such file or directory
Error opening input file nofile.mp4.
Error opening input files: No such file or directory"""
FULL = """\
[out#0/mpegts @ 0x5575ea0ec480] Error writing trailer: No space left on device
[out#0/mpegts @ 0x5575ea0ec480] Error closing file: No space left on device"""
PACKAGER = """\
I1122 11:37:27.076781    7754 demuxer.cc:159] Initialize Demuxer for file 'junk.mp4'.
E1122 11:37:27.102912    7754 demuxer.cc:213] Failed to detect the container type from the buffer: c5ce4315
E1122 11:37:27.103098    7752 packager_main.cc:683] Packaging Error: 3 (INVALID_ARGUMENT): No container."""


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (NVENC, "Cannot load libcuda.so.1"),
        (NOT_MEDIA, "moov atom not found"),
        (NO_FILE, "Error opening input: No such file or directory"),
        (FULL, "Error writing trailer: No space left on device"),
        (PACKAGER, "Packaging Error: 3 (INVALID_ARGUMENT): No container."),
        (
            "[AVFilterGraph @ 0x56] No such filter: 'nosuch'\nError opening output file -.",
            "No such filter: 'nosuch'",
        ),
        ("all is well\nframe=  10 fps=0.0", "all is well"),
        ("frame=  10 fps=0.0", "frame=  10 fps=0.0"),
        ("", ""),
        ("invalid " + "x" * 400, "invalid " + "x" * 289 + "..."),
    ],
)
def test_last_words_are_the_line_that_tells_most(stderr: str, words: str) -> None:
    assert last_words(stderr) == words


@given(st.text())
def test_last_words_of_anything_are_one_bounded_line(stderr: str) -> None:
    words = last_words(stderr)
    assert "\n" not in words
    assert len(words) <= 300


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ([b"one\ntwo\n"], "one\ntwo"),
        ([b"frame=1\rframe=2\rframe=3\n", b"done\r\n"], "frame=3\ndone"),
        ([b"frame=1\r", b"frame=2\r"], "frame=2"),
        ([b"caf\xc3", b"\xa9 \xff\xfe"], "café \ufffd\ufffd"),
        ([b"\x1b[31mred\x07\n\n\n"], "\\x1b[31mred\\x07"),
        ([], ""),
    ],
)
def test_tail(chunks: list[bytes], text: str) -> None:
    tail = Tail()
    for chunk in chunks:
        tail.feed(chunk)
    assert tail.text() == text


def test_tail_keeps_the_last_lines_of_much() -> None:
    tail = Tail()
    for number in range(100_000):
        tail.feed(b"line %d\n" % number)
    assert tail.text() == "\n".join(f"line {number}" for number in range(100_000 - TAIL_LINES, 100_000))


def test_tail_keeps_an_error_before_much_overwritten_progress() -> None:
    tail = Tail()
    tail.feed(b"moov atom not found\n")
    for number in range(10_000):
        tail.feed(b"frame=%d fps=25 q=23.0 size=N/A time=00:00:01.00 bitrate=N/A speed=1x\r" % number)
    tail.feed(b"\nend\n")
    assert tail.text() == (
        "moov atom not found\nframe=9999 fps=25 q=23.0 size=N/A time=00:00:01.00 bitrate=N/A speed=1x\nend"
    )


@given(st.lists(st.binary(max_size=3000), max_size=40))
def test_tail_is_bounded_whatever_comes(chunks: list[bytes]) -> None:
    tail = Tail()
    for chunk in chunks:
        tail.feed(chunk)
    text = tail.text()
    assert text.count("\n") < TAIL_LINES
    assert all(character == "\n" or character.isprintable() for character in text)
    assert len(text) <= 4 * TAIL_BYTES  # an unprintable byte becomes four characters


@given(st.binary(max_size=500), st.integers(1, 20))
def test_lines_do_not_depend_on_the_chunks(data: bytes, size: int) -> None:
    whole: list[str] = []
    parts: list[str] = []
    one, many = Lines(whole.append), Lines(parts.append)
    one.feed(data)
    for start in range(0, len(data), size):
        many.feed(data[start : start + size])
    one.end()
    many.end()
    assert parts == whole
    expected = data.split(b"\n")
    assert whole == [
        line.rstrip(b"\r").decode("utf-8", "replace")
        for line in (expected if expected[-1] else expected[:-1])
    ]


def test_a_huge_line_loses_its_end_and_the_next_is_whole() -> None:
    lines: list[str] = []
    output = Lines(lines.append)
    for _ in range(3):
        output.feed(b"x" * LINE_LIMIT)
    output.feed(b"yy\nnext\n")
    assert [len(line) for line in lines] == [LINE_LIMIT, 4]
    assert lines[1] == "next"


def test_progress_is_a_value_that_differs_from_the_one_before() -> None:
    output = Lines(lambda line: None if line == "-" else line)
    seen = []
    for chunk in (b"-\n", b"a\n", b"a\n-\n", b"-\na\n", b"b\na\n"):
        output.feed(chunk)
        seen.append(output.progress(arrived=True))
    assert seen == [False, True, False, False, True]
    assert output.progress(arrived=True) is False


def test_without_a_callback_any_byte_is_progress_and_all_is_kept() -> None:
    output = Whole("ffprobe", 5)
    output.feed(b"abc")
    assert (output.progress(arrived=True), output.progress(arrived=False)) == (True, False)
    output.feed(b"de")
    assert output.kept == b"abcde"
    with pytest.raises(ProcessingError, match="ffprobe wrote more than 5 bytes to its standard output"):
        output.feed(b"f")
