"""What info/loudness.json says, and what a person is told."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from made_facts import SD, clip, track

from ingest.job import codes
from ingest.media.loudness import Levelling, Loudness
from ingest.media.plan import Plan, make_plan
from ingest.steps.context import Note
from ingest.steps.loudness import document, not_reached, silent

QUIET, LOUD, SILENCE = Loudness(-30.5, 4.0, -12.0), Loudness(-29.0, 6.0, -1.5), Loudness(None, 0.0, None)


def plan() -> Plan:
    audio = (track(1, 6, language="en"), track(2, language="de"))
    return make_plan(clip(), audio, (SD,), preview_interval=Fraction(1), tile=(160, 90))


def test_the_document_of_a_job_that_was_asked_for_nothing() -> None:
    found = {"en-stereo": QUIET, "en-51": LOUD, "de-stereo": SILENCE}
    assert document(plan(), None, found, {}) == {
        "standard": "EBU R 128, ITU-R BS.1770",
        "targetLufs": None,
        "truePeakCeilingDbtp": None,
        "audio": [
            {
                "name": name,
                "streams": [stream],
                "language": name[:2],
                "layout": layout,
                "source": {"integratedLufs": integrated, "rangeLu": spread, "truePeakDbtp": peak},
                "gainDb": 0.0,
                "encoded": None,
            }
            for name, stream, layout, integrated, spread, peak in (
                ("en-stereo", 1, "stereo", -30.5, 4.0, -12.0),
                ("en-51", 1, "5.1", -29.0, 6.0, -1.5),
                ("de-stereo", 2, "stereo", None, 0.0, None),
            )
        ],
    }


def test_the_document_after_levelling_has_the_result_too() -> None:
    found = {"en-stereo": QUIET, "en-51": LOUD, "de-stereo": SILENCE}
    made = document(plan(), -23.0, found, {"en-51": QUIET})
    assert (made["targetLufs"], made["truePeakCeilingDbtp"]) == (-23.0, -1.0)
    assert [a["encoded"] for a in made["audio"]] == [
        None,
        {"integratedLufs": -30.5, "rangeLu": 4.0, "truePeakDbtp": -12.0},
        None,
    ]


def test_a_silent_track_is_said_once() -> None:
    found = {"en-stereo": SILENCE, "en-51": SILENCE, "de-stereo": QUIET}
    assert silent(plan(), found) == (Note(codes.AUDIO_SILENT, "stream 1"),)


def test_of_a_track_too_short_to_measure_nothing_is_said() -> None:
    made = plan()
    short = replace(made, audio=tuple(replace(a, samples=2 * 1024) for a in made.audio))
    assert silent(short, {a.name: SILENCE for a in made.audio}) == ()


def test_what_is_missing_is_said_where_it_can_be_heard() -> None:
    made = {"en-stereo": Levelling(3.0, 3.5), "en-51": Levelling(3.0, 0.05), "de-stereo": Levelling(-3.0)}
    assert not_reached(plan(), made) == (
        Note(codes.LOUDNESS_NOT_REACHED, "en-stereo stays 3.5 LU below, its true peak would pass -1 dBTP"),
    )
    assert not_reached(plan(), {}) == ()
