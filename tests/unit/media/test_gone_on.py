"""A film that goes on in another stream, by hand."""

from __future__ import annotations

from fractions import Fraction

from made_facts import constant

from ingest.media.damage import Loss
from ingest.media.gone_on import Other, candidates, follows, loss_of, told

TIMING = constant(Fraction(25), 100, Fraction(1, 90000))
MINE = range(0, 100_000, 1000)


def other(*places: range) -> Other:
    return Other(3, "hevc", [n for part in places for n in part])


def test_a_stream_that_comes_behind_or_between_is_lost() -> None:
    behind, between = other(range(100_000, 200_000, 2000)), other(range(50_001, 51_000, 25))
    assert follows(MINE, behind, TIMING)
    assert follows(MINE, between, TIMING)
    assert loss_of(MINE, [behind], TIMING) == Loss(
        50, Fraction(2), ((Fraction(4), Fraction(4)),), Fraction(2)
    )
    assert loss_of(MINE, [between, behind], TIMING) == Loss(
        90,
        Fraction(90, 25),
        ((Fraction(51, 25), Fraction(51, 25)), (Fraction(4), Fraction(4))),
        Fraction(90, 25),
    )
    assert told([between, behind]) == "40 pictures in stream 3 (hevc), 50 pictures in stream 3 (hevc)"


def test_streams_at_once_take_turns() -> None:
    assert not follows(MINE, other(range(500, 100_000, 1000)), TIMING)
    assert not follows(MINE, other(range(500, 120_000, 1000)), TIMING)
    assert not follows(MINE, other(), TIMING)


def test_only_transport_streams_change_in_the_middle() -> None:
    streams = [{"index": n, "codec_type": kind} for n, kind in enumerate(("video", "audio", "video"))]
    assert candidates({"streams": streams}, 0, "mpegts") == [streams[2]]
    assert candidates({"streams": streams}, 0, "matroska,webm") == []
