"""Documents of a text track, out of what ffprobe prints, and what is said of those that cannot be shown."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ingest.job import codes
from ingest.media.text_documents import DocumentReader, TextDocument, question
from ingest.packaging.ttml import Track
from ingest.steps.context import Note
from ingest.steps.text_documents import left_out

F = Fraction


def dump(data: bytes) -> list[str]:
    """As ffprobe prints it: sixteen bytes a line, the characters beside them."""
    lines = []
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        pairs = " ".join(part[i : i + 2].hex() for i in range(0, len(part), 2))
        plain = "".join(chr(b) if 32 <= b < 127 else "." for b in part)
        lines.append(f"{at:08x}: {pairs:<39}  {plain}")
    return lines


def packet(data: bytes, pts: str, duration: str) -> list[str]:
    return [
        *("[PACKET]", f"pts_time={pts}", f"duration_time={duration}", "data="),
        *("", *dump(data), "", "[/PACKET]"),
    ]


def read(lines: list[str], most: int = 1000) -> DocumentReader:
    reader = DocumentReader(most)
    for line in lines:
        reader.line(line)
    return reader


def test_the_question() -> None:
    assert question(3) == (
        *("-select_streams", "3", "-show_data"),
        *("-show_entries", "packet=pts_time,duration_time,data:packet_side_data=block_additional_data"),
        *("-of", "default"),
    )


def test_documents_with_their_times() -> None:
    hostile = b"[/PACKET]pts_time=9\n00000000: 4142  data="
    lines = packet(hostile, "-0.500000", "2.000000") + packet(b"<tt/>", "1.500000", "N/A")
    assert read(lines).documents == [
        TextDocument(F(-1, 2), F(3, 2), hostile),
        TextDocument(F(3, 2), None, b"<tt/>"),
    ]


def test_what_matroska_has_beside_a_sample() -> None:
    beside = ["[SIDE_DATA]", "block_additional_data=", *dump(b"line:10%\nintro\n"), "", "[/SIDE_DATA]"]
    lines = packet(b"Hello", "1", "2")
    lines = [*lines[:-1], *beside, lines[-1], *packet(b"you", "3", "1")]
    assert read(lines).documents == [
        TextDocument(F(1), F(3), b"Hello", b"line:10%\nintro\n"),
        TextDocument(F(3), F(4), b"you"),
    ]
    assert read(lines, most=16).cut


def test_packets_without_a_time_or_without_bytes_are_none() -> None:
    assert read(packet(b"<tt/>", "N/A", "1") + packet(b"", "1", "1")).documents == []


def test_no_more_than_it_may_hold() -> None:
    lines = [line for n in range(4) for line in packet(bytes(40), f"{n}", "1")]
    reader = read(lines, most=100)
    assert (len(reader.documents), reader.cut) == (2, True)
    assert not read(lines, most=160).cut


@given(st.binary(min_size=1, max_size=70))
def test_any_bytes_come_back(data: bytes) -> None:
    assert [d.data for d in read(packet(data, "0", "1")).documents] == [data]


def test_what_is_said_of_what_cannot_be_shown() -> None:
    reader = read(packet(b"<a/>", "0", "1") * 3, most=8)
    assert left_out(read([]), Track(()), "stream 2") == ()
    assert left_out(reader, Track((), 1, "it is torn", pictures=True), "stream 2") == (
        Note(codes.SUBTITLES_SHORTENED, "stream 2: text beyond 8 bytes"),
        Note(codes.SUBTITLES_LEFT_OUT, "stream 2: 1 of 2 documents cannot be read: it is torn"),
        Note(codes.SUBTITLES_LEFT_OUT, "stream 2: some are pictures, which cannot become text"),
    )
