"""Steps 154 to 156: what they say about a source, without asking any program."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import pytest
from made_facts import clip, constant, container

from ingest.job import codes
from ingest.job.errors import SourceError, exit_code_of
from ingest.media.clock import MOST_JUMPS
from ingest.media.damage import Loss
from ingest.media.facts import Jump, LeftOut
from ingest.media.packets import Packet, PacketTable
from ingest.steps import probing_audio
from ingest.steps.context import Note, Outcome
from ingest.steps.damage import refuse_loss
from ingest.steps.probing_video_codec import (
    clock_jumps,
    damaged,
    misdeclared,
    no_video,
    refuse_jumps,
    shown_packets,
)

if TYPE_CHECKING:
    from ingest.media.probe import Prober

COVER = LeftOut(0, "video", "mjpeg", "a cover picture")
ODD = LeftOut(2, "video", "ansi", "its codec is not accepted")


@pytest.mark.parametrize(
    ("streams", "left_out", "message"),
    [
        ([], (), "a.mp3 has no video stream"),
        (["data"], (), "a.mp3 has no video stream"),
        (["audio"], (), "a.mp3 has only sound"),
        (["audio", "video"], (COVER,), "a.mp3 has only sound and a cover picture"),
        (["video"], (ODD,), "a.mp3 has a picture that cannot be used: ansi, its codec is not accepted"),
        (["video"], (COVER, ODD), "a.mp3 has a picture that cannot be used: ansi, its codec is not accepted"),
        (["video"], (COVER,), "a.mp3 has only a cover picture"),
    ],
)
def test_no_video(streams: list[str], left_out: tuple[LeftOut, ...], message: str) -> None:
    error = no_video("a.mp3", {"streams": [{"codec_type": kind} for kind in streams]}, left_out)
    assert (error.code, exit_code_of(error), error.message, error.remedy) == (
        codes.SOURCE_HAS_NO_VIDEO,
        3,
        message,
        "convert it first, for example to H.264"
        if ODD in left_out
        else "give a file that has a video stream",
    )


def test_no_video_that_can_be_measured() -> None:
    """It begins late, or without a key picture: there is nothing to convert."""
    error = no_video("a.ts", {"streams": []}, (LeftOut(0, "video", "h264", "its size cannot be told"),))
    assert error.line == (
        "a.ts has a picture that cannot be used: h264, its size cannot be told; "
        "give a file that holds a key picture near its beginning"
    )


def sounds(*durations: str) -> dict[str, Any]:
    return {
        "streams": [{"index": i, "codec_type": "audio", "duration": d} for i, d in enumerate(durations, 1)]
    }


@pytest.mark.parametrize(
    ("declared", "picture", "audio", "told"),
    [
        (None, 10, (), None),
        ("10", 10, (), None),
        ("12", 10, (), None),  # two seconds are nothing
        ("12.1", 10, (), "the header says 12.1 s, the picture lasts 10.0 s"),
        ("8", 10, (), None),
        ("7.9", 10, (), "the header says 7.9 s, the picture lasts 10.0 s"),
        ("108", 100, (), None),  # nor is a tenth
        ("111", 100, (), "the header says 111.0 s, the picture lasts 100.0 s"),
        ("30", 10, ("30",), None),  # the sound is that long
        ("16.57", 13, ("13.056", "13.056"), "the header says 16.6 s, the picture lasts 13.0 s"),
        ("30", 10, ("N/A",), "the header says 30.0 s, the picture lasts 10.0 s"),
        # A header that says very much more is not excused by a sound track that says the same.
        ("80", 10, ("80",), None),
        ("81", 10, ("81",), "the header says 81.0 s, the picture lasts 10.0 s"),
    ],
)
def test_misdeclared(declared: str | None, picture: int, audio: tuple[str, ...], told: str | None) -> None:
    found = misdeclared(
        sounds(*audio),
        container(declared=Fraction(declared) if declared else None),
        clip(timing=constant(Fraction(25), 25 * picture, Fraction(1, 12_800))),
    )
    assert found == (() if told is None else (Note(codes.SOURCE_MISDECLARED, told),))


def test_sound_that_begins_late_is_no_wrong_header() -> None:
    picture = clip(timing=constant(Fraction(25), 100, Fraction(1, 1000)))
    late = {"index": 1, "codec_type": "audio", "start_time": "8", "tags": {"DURATION": "00:00:12.021000000"}}
    assert misdeclared({"streams": [late]}, container(declared=Fraction("12.021")), picture) == ()
    early = {"index": 1, "codec_type": "audio", "start_time": "0", "tags": {"DURATION": "00:00:04.000000000"}}
    after = replace(picture, timing=replace(picture.timing, start=Fraction(5)))
    assert misdeclared({"streams": [early]}, container(declared=Fraction(9)), after) == ()


def test_damaged() -> None:
    assert damaged(Loss(), 300) == ()
    loss = Loss(7, Fraction(7, 25), ((Fraction(3), Fraction(81, 25)),))
    detail = "7 of 300 pictures are missing from the file, at 3.00 to 3.24 s"
    assert damaged(loss, 293) == (Note(codes.SOURCE_DAMAGED, detail),)


def test_too_many_clock_jumps() -> None:
    refuse_jumps("a.ts", MOST_JUMPS)
    with pytest.raises(SourceError) as caught:
        refuse_jumps("a.ts", MOST_JUMPS + 1)
    assert (caught.value.code, caught.value.message) == (
        codes.SOURCE_OVER_LIMIT,
        "the clock of a.ts begins anew 201 times, the limit is 200",
    )


def test_packets_of_nothing_are_no_pictures_of_theora() -> None:
    """The picture before them is shown once more (Theora Specification, 7.11): a decoder gives none for them."""
    packets = PacketTable(Packet(i, i, 1, size, i == 0, False) for i, size in enumerate((9, 7, 0, 0, 8, 0)))
    nobody = cast("Prober", None)
    shown = shown_packets(nobody, {"codec_name": "theora"}, packets, container("ogg"))
    assert (list(shown.pts), list(shown.durations)) == ([0, 1, 4], [1, 3, 2])
    assert shown_packets(nobody, {"codec_name": "h264"}, packets, container("ogg")) is packets


def test_clock_jumps() -> None:
    packets = PacketTable(Packet(3600 * i, 3600 * i, 3600, 9, i % 25 == 0, False) for i in range(100))
    steady = clip(timing=constant(Fraction(25), 100, Fraction(1, 90000)))
    assert clock_jumps(steady, packets) == ()
    jumping = replace(steady, jumps=((0, (Jump(50, -90000), Jump(75, 1800))), (1, ())))
    detail = "the clock begins anew at 2.0 s, 3.0 s; the parts are shown one after the other"
    assert clock_jumps(jumping, packets) == (Note(codes.CLOCK_JUMPS, detail),)
    assert misdeclared({}, container(declared=Fraction(100)), jumping) == ()


@pytest.mark.parametrize(
    ("lost", "duration", "refused"),
    [
        ("0", "10", False),
        ("0.1", "10", False),  # one percent
        ("0.11", "10", True),
        ("0.04", "1.48", True),  # one picture of a short film
        ("2", "1000", False),
        ("2.01", "1000", True),
    ],
)
def test_how_much_may_be_lost(lost: str, duration: str, refused: bool) -> None:
    if not refused:
        refuse_loss("a.mp4", Fraction(lost), Fraction(duration))
        return
    with pytest.raises(SourceError) as caught:
        refuse_loss("a.mp4", Fraction(lost), Fraction(duration))
    assert (caught.value.code, caught.value.line) == (
        codes.SOURCE_TOO_DAMAGED,
        (
            f"a.mp4 is damaged: {float(lost):.2f} s of {float(duration):.2f} s are lost; "
            "copy or upload it again, or add --allow-damage to take what is there"
        ),
    )


def test_where_it_is_lost() -> None:
    with pytest.raises(SourceError, match=r"3\.00 s of 9\.00 s are lost, at 1\.00 to 4\.00 s"):
        refuse_loss("a.mp4", Fraction(3), Fraction(9), [(Fraction(1), Fraction(4))])


# --- sound ---


def sound(index: int, codec: str, *, channels: int = 2, rate: str = "48000") -> dict[str, Any]:
    return {
        "index": index,
        "codec_type": "audio",
        "codec_name": codec,
        "channels": channels,
        "sample_rate": rate,
    }


def test_sound_that_can_be_decoded_and_sound_that_cannot() -> None:
    streams = [
        sound(1, "aac"),
        sound(2, "ac4"),
        sound(3, "dts"),
        sound(4, "aac", channels=0),
        sound(5, "aac", rate="N/A"),
        sound(6, "pcm_s16le"),
    ]
    outcome = probing_audio.run({"streams": streams})
    assert [t.index for t in outcome.value] == [1, 3, 6]
    assert outcome.notes == (
        Note(codes.STREAM_LEFT_OUT, "stream 2 (ac4): its audio codec is not accepted"),
        Note(codes.STREAM_LEFT_OUT, "stream 4 (aac): it has no channels or no sample rate"),
        Note(codes.STREAM_LEFT_OUT, "stream 5 (aac): it has no channels or no sample rate"),
    )


def test_no_sound() -> None:
    assert probing_audio.run({}) == Outcome((), notes=(Note(codes.NO_AUDIO_FOUND),))
    notes = probing_audio.run({"streams": [sound(1, "ac4")]}).notes
    assert [n.code.number for n in notes] == [9107, 9103]
