"""ffmpeg's words about damage, as ffmpeg 9 writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.media.decode_errors import DecodeErrors, Locator

CORRUPT = "[vist#0:0/h264 @ 0x55ac669cd440] [dec:h264 @ 0x55ac669bd600] [warning] corrupt decoded frame"
REFUSED = (
    "[vist#0:0/av1 @ 0x5591] [dec:libdav1d @ 0x5592] [error] Error submitting packet to decoder: "
    "Invalid data found when processing input"
)
SOUND = "[aist#0:1/aac @ 0x5593] [dec:aac @ 0x5594] [error] Error submitting packet to decoder: Invalid data"
OTHERS = (
    "[h264 @ 0x55ac669bd600] [error] error while decoding MB 3 7, bytestream 245",
    "[warning] corrupt decoded frame",
    "x " + CORRUPT,
    "[in#0/mpegts @ 0x5591] [warning] corrupt input packet in stream 1",
    "",
)
MARK = "6b1f0c9d2a7e4835"


def shown(number: int, pts: int, mark: str = MARK) -> str:
    return f"[showinfo@{mark} @ 0x7f9d88002180] [info] n:{number:4} pts:{pts:7} pts_time:0.04 fmt:yuv420p"


def test_counts_by_stream() -> None:
    errors = DecodeErrors()
    for line in (CORRUPT, REFUSED, CORRUPT, SOUND, *OTHERS):
        errors.line(line)
    assert (errors.concealed, errors.refused) == ({0: 2}, {0: 1, 1: 1})


def test_damaged_pictures_are_those_after_a_report() -> None:
    locator = Locator(0, MARK)
    lines = [
        shown(0, 0),
        CORRUPT,
        shown(1, 512),
        shown(2, 1024),
        CORRUPT,
        CORRUPT,
        shown(3, 1536),
        shown(4, 2048),
    ]
    assert [locator.line(line) for line in lines] == [1, 1, 2, 3, 3, 3, 4, 5]
    assert (list(locator.ticks), list(locator.concealed)) == ([0, 512, 1024, 1536, 2048], [512, 1536, 2048])
    assert locator.leading == 0


def test_pictures_before_the_first_whole_one() -> None:
    locator = Locator(0, MARK)
    for line in (CORRUPT, CORRUPT, shown(0, -5), shown(1, 0), shown(2, 5), CORRUPT, shown(3, 10)):
        locator.line(line)
    assert (list(locator.concealed), locator.leading) == ([-5, 0, 10], 2)


def test_another_filters_lines_and_another_streams_reports_do_not_count() -> None:
    locator = Locator(2, MARK)
    for line in (CORRUPT, SOUND, shown(0, 0, "0"), *OTHERS):
        locator.line(line)
    assert (len(locator.ticks), len(locator.concealed)) == (0, 0)


@given(st.text())
def test_any_line_is_read_or_passed_over(line: str) -> None:
    DecodeErrors().line(line)
    Locator(0, MARK).line(line)
