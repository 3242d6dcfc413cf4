"""What the ByteNite dialect answers, as whole documents: the keys of the published example in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.engine.model import Job, Page, Queue
from ingest.job import codes
from ingest.job.record import Failure, Inputs, Record, Results, SourceFile, StepRecord, Times, Warned
from ingest.job.status import Status
from ingest.server.dialects.bytenite import documents

# The keys of https://docs.bytenite.com/api-reference/customer-api/jobs/read ("Get job properties"), in its order.
KEYS = [
    "id", "templateId", "name", "config", "priority", "startAt", "submittedAt", "startedAt", "endedAt", "regions",
    "state", "dataSource", "params", "dataDestination", "duration", "deletedAt", "createdAt", "paymentAmount",
    "numUnitsEstimation", "numChunks", "errorMessage", "description", "stateTimestamps", "appId",
    "completedAt", "deadline",  # of 2023
]  # fmt: skip
JOB = "j0199f3c1-5a00-7000-8000-000000000001"
CREATED = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ASKED = {
    "templateId": "video-transcoding@v0.2",
    "name": "Example job",
    "description": "A test",
    "appId": "app",
    "config": {"taskTimeout": 3600, "jobTimeout": 7200, "isTestJob": True},
    "priority": "EXECUTION_PRIORITY_UNDEFINED",
    "regions": {"blacklist": ["us"], "whitelist": []},
    "dataSource": {
        "dataSourceDescriptor": "url",
        "params": {"@type": "x", "url": "https://example.com/f.mp4"},
    },
    "dataDestination": {"dataSourceDescriptor": "bucket", "params": {"@type": "y"}},
    "params": {"preset": "", "partitioner": {}, "assembler": {}, "app": {"resolutions": ["hd"]}},
}


def at(seconds: float) -> datetime:
    return CREATED + timedelta(seconds=seconds)


def said(seconds: float) -> str:
    return at(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def step(code: codes.Code, seconds: float) -> StepRecord:
    return StepRecord(code=code.number, message=code.text, started=said(seconds), result="done")


STEPS = (
    step(codes.STARTING_INGEST, 2),
    step(codes.PROBING_VIDEO_CODEC, 3),
    step(codes.TRANSCODING_WITH_CPU, 4),
    step(codes.GENERATING_HLS, 40),
    step(codes.INGEST_COMPLETE, 45),
)


def job(
    queue: Queue, status: Status, steps: int = 0, asked: dict[str, Any] | None = None, **changes: Any
) -> Job:
    record = Record(
        job_id=JOB,
        inputs=Inputs(
            service_item_id="0" * 32, requested_resolutions="hd", file_ids="i", service_url="file:///p/"
        ),
        results=Results(layer_id=0, layer_name="film", service_name="film"),
        username="me",
        status=status,
        source=SourceFile(path="/films/film.mp4", name="film.mp4"),
        output="/packages/film",
        times=Times(submitted=said(0), updated=said(0)),
        steps=STEPS[:steps],
        chunks=3 if steps > 1 else None,
    )
    base = Job(
        record=record,
        account="W142hJk",
        dialect="bytenite",
        queue=queue,
        asked=ASKED if asked is None else asked,
        label=None,
        priority=0,
        attempts=1,
        created=CREATED,
        updated=CREATED,
    )
    return replace(base, **changes)


def test_a_finished_job_key_for_key() -> None:
    found = job("ended", Status.COMPLETED, 5, queued=at(1), begun=at(2), ended=at(46))
    answer = documents.one(found)
    assert list(answer["job"]) == KEYS
    assert answer == {
        "job": {
            **ASKED,
            "id": "0199f3c1-5a00-7000-8000-000000000001",
            "startAt": None,
            "submittedAt": "2026-11-26T12:00:01.000000Z",
            "startedAt": "2026-11-26T12:00:04.000000Z",
            "endedAt": "2026-11-26T12:00:46.000000Z",
            "state": "JOB_STATE_COMPLETE",
            "duration": 44,
            "deletedAt": None,
            "createdAt": "2026-11-26T12:00:00.000000Z",
            "paymentAmount": 0,
            "numUnitsEstimation": "0",
            "numChunks": 3,
            "errorMessage": "",
            "stateTimestamps": {
                "JOB_STATE_NEW": "2026-11-26T12:00:00.000000Z",
                "JOB_STATE_PARTITIONING": "2026-11-26T12:00:02.000000Z",
                "JOB_STATE_RUNNING": "2026-11-26T12:00:04.000000Z",
                "JOB_STATE_ASSEMBLING": "2026-11-26T12:00:40.000000Z",
                "JOB_STATE_COMPLETE": "2026-11-26T12:00:46.000000Z",
            },
            "completedAt": "2026-11-26T12:00:46.000000Z",
            "deadline": None,
        },
        "templateInfo": {
            "id": "video-transcoding@v0.2",
            "name": "video-transcoding",
            "owner": "ingest",
            "description": "Any video file into renditions, packaged for HLS and DASH and as MP4.",
            "app": "ingest",
            "partitioner": "ingest-chunks",
            "assembler": "ingest-package",
        },
    }


def test_a_job_of_the_command_line_has_empty_values() -> None:
    answer = documents.document(job("running", Status.EXECUTING, 0, {}, dialect="cli"))
    assert list(answer) == KEYS
    assert {k: v for k, v in answer.items() if k not in {"id", "createdAt", "stateTimestamps", "name"}} == {
        "templateId": "video-transcoding@v0.2",
        "config": {"taskTimeout": 0, "jobTimeout": 0, "isTestJob": False},
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "startAt": None,
        "submittedAt": None,
        "startedAt": None,
        "endedAt": None,
        "regions": {"blacklist": [], "whitelist": []},
        "state": "JOB_STATE_PARTITIONING",
        "dataSource": None,
        "params": None,
        "dataDestination": None,
        "duration": None,
        "deletedAt": None,
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": 0,
        "errorMessage": "",
        "description": "",
        "appId": "",
        "completedAt": None,
        "deadline": None,
    }
    assert answer["name"] == "film"


@pytest.mark.parametrize(
    ("queue", "status", "steps", "cancelling", "state"),
    [
        ("draft", Status.SUBMITTED, 0, False, "JOB_STATE_NEW"),
        ("queued", Status.SUBMITTED, 0, False, "JOB_STATE_NEW"),
        ("running", Status.SUBMITTED, 0, False, "JOB_STATE_PARTITIONING"),
        ("running", Status.EXECUTING, 2, False, "JOB_STATE_PARTITIONING"),
        ("running", Status.EXECUTING, 3, False, "JOB_STATE_RUNNING"),
        ("running", Status.EXECUTING, 4, False, "JOB_STATE_ASSEMBLING"),
        ("running", Status.EXECUTING, 3, True, "JOB_STATE_RUNNING"),
        ("queued", Status.SUBMITTED, 4, False, "JOB_STATE_NEW"),
        ("running", Status.SUBMITTED, 4, False, "JOB_STATE_PARTITIONING"),
        ("ended", Status.COMPLETED, 5, False, "JOB_STATE_COMPLETE"),
        ("ended", Status.FAILED, 3, False, "JOB_STATE_FAILED"),
        ("ended", Status.CANCELLED, 3, False, "JOB_STATE_ABORTED"),
    ],
)
def test_states(queue: Queue, status: Status, steps: int, cancelling: bool, state: str) -> None:
    found = job(queue, status, steps, cancelling=cancelling, ended=at(50) if queue == "ended" else None)
    document = documents.document(found)
    assert document["state"] == state
    assert state in document["stateTimestamps"]
    assert state in {s for names in documents.STATES.values() for s in names}


def test_a_job_begun_again_counts_from_its_last_beginning() -> None:
    found = job("running", Status.EXECUTING)
    again = replace(found, record=found.record.evolve(steps=(*STEPS[:4], step(codes.STARTING_INGEST, 60))))
    assert documents.document(again)["state"] == "JOB_STATE_PARTITIONING"
    assert documents.timestamps(again) == {
        "JOB_STATE_NEW": "2026-11-26T12:00:00.000000Z",
        "JOB_STATE_PARTITIONING": "2026-11-26T12:01:00.000000Z",
    }


def test_a_job_tried_again_has_nothing_of_before() -> None:
    """It was begun at 2, failed, and was queued again at 50."""
    waits = job("queued", Status.SUBMITTED, 4, queued=at(50), begun=at(2), attempts=1)
    new = {"JOB_STATE_NEW": "2026-11-26T12:00:00.000000Z"}
    assert (documents.state(waits), documents.timestamps(waits)) == ("JOB_STATE_NEW", new)
    assert documents.document(waits)["startedAt"] is None
    begins = replace(waits, queue="running", attempts=2, updated=at(60))
    new |= {"JOB_STATE_PARTITIONING": "2026-11-26T12:01:00.000000Z"}
    assert (documents.state(begins), documents.timestamps(begins)) == ("JOB_STATE_PARTITIONING", new)


def test_a_job_tried_again_and_stopped_before_its_turn() -> None:
    stopped = job("ended", Status.CANCELLED, 4, queued=at(50), begun=at(2), ended=at(55))
    assert documents.timestamps(stopped) == {
        "JOB_STATE_NEW": "2026-11-26T12:00:00.000000Z",
        "JOB_STATE_ABORTED": "2026-11-26T12:00:55.000000Z",
    }
    assert documents.document(stopped)["duration"] is None


def failed() -> Job:
    found = job("ended", Status.FAILED, 3, ended=at(9))
    error = Failure(
        code=9318,
        message="it ended with 1",
        remedy="look there",
        step=None,
        step_code=None,
        exit_code=1,
        detail="",
    )
    warning = Warned(code=9202, message="Source Damaged: 3 of 9 pictures")
    return replace(found, record=found.record.evolve(error=error, warnings=(warning,)))


def test_a_failed_job_says_why() -> None:
    assert documents.document(failed())["errorMessage"] == "it ended with 1; look there"


def test_logs_stand_with_the_part_that_made_them() -> None:
    def line(text: str, seconds: float, level: str, part: str) -> dict[str, Any]:
        when = f"2026-11-26T12:00:{seconds:09.6f}Z"
        return {"log": text, "timestamp": when, "level": level, "container": part}

    assert documents.logs(failed(), frozenset(), ["made as without film"]) == {
        "partitioner": [
            line("made as without film", 0, "WARN", "partitioner"),
            line("Starting Ingest", 2, "INFO", "partitioner"),
            line("Probing Video Codec", 3, "INFO", "partitioner"),
        ],
        "assembler": [],
        "taskrunner": {
            "0199f3c1-5a00-7000-8000-000000000001": {
                "logs": [
                    line("Transcoding with CPU", 4, "INFO", "taskrunner"),
                    line("Source Damaged: 3 of 9 pictures", 9, "WARN", "taskrunner"),
                    line("it ended with 1; look there", 9, "ERROR", "taskrunner"),
                ]
            }
        },
    }


def test_a_job_that_has_not_completed_has_no_time_of_that() -> None:
    shown = documents.document(failed())
    assert (shown["completedAt"], shown["endedAt"]) == (None, "2026-11-26T12:00:09.000000Z")


def test_a_finished_job_that_encoded_nothing_has_a_beginning() -> None:
    found = job("ended", Status.COMPLETED, 2, queued=at(1), begun=at(2), ended=at(46))
    assert documents.document(found)["startedAt"] == "2026-11-26T12:00:02.000000Z"


def test_logs_of_chosen_levels() -> None:
    found = documents.logs(failed(), frozenset({"ERROR"}))
    assert found["partitioner"] == []
    (task,) = found["taskrunner"].values()
    assert [line["level"] for line in task["logs"]] == ["ERROR"]


def test_a_page() -> None:
    found = job("queued", Status.SUBMITTED)
    assert documents.page(Page((found,), total=7, more=True), 3) == {
        "pagination": {"total": 7, "offset": 3, "hasPrevious": True, "hasNext": True},
        "data": [documents.document(found)],
    }


def test_small_answers() -> None:
    assert documents.results([("out_0/a.mp4", "https://x/a")]) == {
        "results": [{"name": "out_0/a.mp4", "link": "https://x/a"}]
    }
    assert documents.done("r", "Job started") == {
        "ok": True,
        "requestId": "r",
        "message": "Job started",
        "error": None,
    }
    assert documents.status(5, "there is no such job") == {
        "code": 5,
        "message": "there is no such job",
        "details": [],
    }


def test_an_event() -> None:
    assert documents.event(job("running", Status.EXECUTING, 3)) == {
        "result": {
            "event": "JOB_STATE_RUNNING",
            "data": {
                "@type": "type.googleapis.com/bytenite.job.Job",
                "id": "0199f3c1-5a00-7000-8000-000000000001",
                "state": "JOB_STATE_RUNNING",
                "numChunks": 3,
                "percent": 0.0,
                "errorMessage": "",
            },
        }
    }
