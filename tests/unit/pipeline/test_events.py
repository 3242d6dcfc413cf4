"""The JSON of each event, whole: programs read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.pipeline.events import Ended, Event, JobStarted, Message, Progressed

AT = "2026-11-22T11:14:29.123Z"
JOB_ID = "j1b81346f-1460-482a-94f0-72b78ee843e5"

CASES: tuple[tuple[Event, dict[str, Any]], ...] = (
    (
        JobStarted(JOB_ID, "/srv/clip.mp4", "/srv/out", ("sd", "hd"), AT),
        {
            "event": "job",
            "jobId": JOB_ID,
            "source": "/srv/clip.mp4",
            "output": "/srv/out",
            "resolutions": ["sd", "hd"],
            "at": AT,
        },
    ),
    (
        Message(9101, "Resolution Left Out: fhd is above the source", "note", "fhd", AT),
        {
            "event": "message",
            "code": 9101,
            "message": "Resolution Left Out: fhd is above the source",
            "kind": "note",
            "resolution": "fhd",
            "at": AT,
        },
    ),
    (
        Message(117, "Starting Ingest", "step", None, AT),
        {
            "event": "message",
            "code": 117,
            "message": "Starting Ingest",
            "kind": "step",
            "resolution": None,
            "at": AT,
        },
    ),
    (
        Progressed(12.5, 9001, "Transcoding with CPU", 1.44, 20.5, {"sd": 12.5, "hd": 11.0}),
        {
            "event": "progress",
            "percent": 12.5,
            "code": 9001,
            "step": "Transcoding with CPU",
            "speed": 1.44,
            "remainingSeconds": 20.5,
            "resolutions": {"sd": 12.5, "hd": 11.0},
        },
    ),
    (
        Progressed(0.0, None, None, None, None, {}),
        {
            "event": "progress",
            "percent": 0.0,
            "code": None,
            "step": None,
            "speed": None,
            "remainingSeconds": None,
            "resolutions": {},
        },
    ),
    (
        Ended(JOB_ID, "COMPLETED", 0, 12.345, None, AT),
        {
            "event": "end",
            "jobId": JOB_ID,
            "status": "COMPLETED",
            "exitCode": 0,
            "seconds": 12.345,
            "error": None,
            "at": AT,
        },
    ),
    (
        Ended(JOB_ID, "FAILED", 3, 0.5, {"code": 9304, "message": "there is no file"}, AT),
        {
            "event": "end",
            "jobId": JOB_ID,
            "status": "FAILED",
            "exitCode": 3,
            "seconds": 0.5,
            "error": {"code": 9304, "message": "there is no file"},
            "at": AT,
        },
    ),
)


@pytest.mark.parametrize(("event", "document"), CASES, ids=lambda value: type(value).__name__)
def test_whole_document_in_order(event: Event, document: dict[str, Any]) -> None:
    made = event.as_json()
    assert json.dumps(made) == json.dumps(document)


def test_the_document_is_a_copy() -> None:
    resolutions = {"sd": 1.0}
    document = Progressed(1.0, None, None, None, None, resolutions).as_json()
    resolutions["sd"] = 2.0
    assert document["resolutions"] == {"sd": 1.0}
