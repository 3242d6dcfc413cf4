"""Jobs as Bytescale and upload.io write them: the published examples, whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.engine.ids import from_ulid
from ingest.engine.model import Job, State, StoredFile
from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.job.record import Inputs, Record, Results, SourceFile, Times
from ingest.job.status import Status
from ingest.server.dialects import uploadio
from ingest.server.dialects.bytescale.documents import (
    STATUSES,
    Summary,
    error_response,
    file_details,
    milliseconds,
    result_of,
    summary_of,
    upload_response,
)
from ingest.server.dialects.bytescale.jobs import errand_summary
from ingest.server.errands import Errand
from ingest.server.refusals import Refusal

API = "https://api.bytescale.com"
ACCOUNT = "W142hJk"


def when(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms // 1000, UTC).replace(microsecond=epoch_ms % 1000 * 1000)


def stamp(epoch_ms: int) -> str:
    return when(epoch_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job(ulid: str, created: int, updated: int, status: Status, **changes: Any) -> Job:
    moment = stamp(created)
    record = Record(
        job_id=from_ulid(ulid),
        inputs=Inputs(service_item_id="", requested_resolutions="", file_ids="", service_url=""),
        results=Results(layer_id=0, layer_name="", service_name=""),
        username="tester",
        status=status,
        source=SourceFile(path="/example.mp4", name="example.mp4"),
        output="/package",
        times=Times(submitted=moment, updated=stamp(updated), ended=stamp(updated)),
    )
    given: dict[str, Any] = {
        "record": record,
        "account": ACCOUNT,
        "dialect": "bytescale",
        "queue": "ended" if status.final else "running",
        "asked": {"transformation": "video"},
        "label": None,
        "priority": 0,
        "attempts": 1,
        "created": when(created),
        "updated": when(updated + 5000),  # a sign of life, or what is written down at the end
        "ended" if status.final else "begun": when(updated),
    }
    return Job(**given | changes)


def test_the_published_answer_to_a_save() -> None:
    """Seed 000: a named transformation that was begun at once, whole and in its order."""
    begun = job(
        "01HA255YE6H6DEETJ5M6595ZDA",
        1694437145030,
        1694437145030,
        Status.EXECUTING,
        asked={"transformation": "my-preset"},
    )
    document = summary_of(begun, ACCOUNT, None).saving(API)
    expected = {
        "async": True,
        "jobUrl": "https://api.bytescale.com/v2/accounts/W142hJk/jobs/ProcessFileJob/01HA255YE6H6DEETJ5M6595ZDA",
        "jobDocs": "https://www.bytescale.com/docs/job-api/GetJob",
        "jobId": "01HA255YE6H6DEETJ5M6595ZDA",
        "jobType": "ProcessFileJob",
        "accountId": "W142hJk",
        "created": 1694437145030,
        "lastUpdated": 1694437145030,
        "status": "Running",
        "summary": {},
    }
    assert document == expected
    assert list(document) == list(expected)


def test_the_published_job_of_upload_io() -> None:
    """Seed 001, whole; a cancelled job has no error of ours, the example has one of its own."""
    errand = Errand(
        job_id=from_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        account="YOUR_ACCOUNT_ID",
        kind="DeleteFileBatchJob",
        status="Cancelled",
        created=stamp(1615680311115),
        updated=stamp(1615680311115),
        attempts=2,
        position=0,
        asked={"files": ["/file/to/delete.jpg"], "summary": {"deletions": ["/file/to/delete.jpg"]}},
        error={"code": "error_code", "message": "Error message.", "timestamp": stamp(1615680311115)},
    )
    document = uploadio.job_document(replace(errand_summary(errand), error=errand.error), API)
    expected = {
        "accountId": "YOUR_ACCOUNT_ID",
        "attempts": 2,
        "created": 1615680311115,
        "error": {"code": "error_code", "message": "Error message."},
        "jobId": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "jobType": "DeleteFileBatchJob",
        "lastUpdated": 1615680311115,
        "status": "Cancelled",
        "summary": {"deletions": ["/file/to/delete.jpg"]},
    }
    assert document == expected
    assert list(document) == list(expected)
    assert uploadio.job_document(errand_summary(errand), API) == {**expected, "error": None}


def test_the_published_job_that_succeeded() -> None:
    url = "https://upcdn.io/W142hJk/video/example.mp4!f=mp4-h264&a=/video.mp4"
    done = job("01H3211XMV1VH829RV697VE3WM", 1686916626075, 1686916669389, Status.COMPLETED)
    document = summary_of(done, ACCOUNT, result_of("/video.mp4", url)).document(API)
    # The id's own time, from which `created` comes where the id is ours, is one millisecond off in this example.
    expected = {
        "jobUrl": "https://api.bytescale.com/v2/accounts/W142hJk/jobs/ProcessVideoJob/01H3211XMV1VH829RV697VE3WM",
        "jobDocs": "https://www.bytescale.com/docs/job-api/GetJob",
        "jobId": "01H3211XMV1VH829RV697VE3WM",
        "jobType": "ProcessVideoJob",
        "accountId": "W142hJk",
        "created": 1686916626075,
        "lastUpdated": 1686916669389,
        "status": "Succeeded",
        "summary": {"result": {"type": "Artifact", "artifact": "/video.mp4", "artifactUrl": url}},
    }
    assert document == {**expected, "jobType": "ProcessVideoJob"}
    assert list(document) == list(expected)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            codes.SOURCE_HAS_NO_VIDEO,
            ("cannot_determine_input_dimensions", "Unable to determine input video dimensions."),
        ),
        (
            codes.SOURCE_NOT_MEDIA,
            ("cannot_determine_input_dimensions", "Unable to determine input video dimensions."),
        ),
        (codes.SOURCE_OVER_LIMIT, ("source_over_limit", "it is no good")),
    ],
)
def test_a_job_that_failed_says_so_in_bytescales_words(code: codes.Code, words: tuple[str, str]) -> None:
    failed = job("01H3211XMV1VH829RV697VE3WM", 1686916626075, 1686916626647, Status.FAILED)
    error = SourceError(code, "it is no good", remedy="take another")
    failed = replace(failed, record=failed.record.with_error(error, None))
    document = summary_of(failed, ACCOUNT, None).document(API)
    assert document["error"] == {
        "code": words[0],
        "message": words[1],
        "details": {"messageCode": code.number, "message": "it is no good", "remedy": "take another"},
        "timestamp": "2023-06-16T11:57:06.647Z",
    }
    assert (document["status"], document["summary"]) == ("Failed", {})
    assert list(document)[5:9] == ["created", "error", "lastUpdated", "status"]


def test_every_state_has_a_status() -> None:
    assert set(STATUSES) == set(State)
    assert set(STATUSES.values()) == {
        *("Created", "Pending", "Running", "Cancelling", "Cancelled", "Failed", "Succeeded")
    }


def test_a_job_is_created_when_its_id_says() -> None:
    made = job("01M8D6DYMSF36ASCVJ1WYG039B", 1795739286619 + 500, 1795739286619, Status.EXECUTING)
    assert made.job_id[15] == "7"  # the version
    summary = summary_of(made, ACCOUNT, None)
    assert (summary.created, summary.updated) == (1795739286169, 1795739286619)


@pytest.mark.parametrize(("state", "attempts"), [("running", 1), ("ended", 2)])
def test_attempts_are_those_that_have_ended(state: Any, attempts: int) -> None:
    status = Status.COMPLETED if state == "ended" else Status.EXECUTING
    twice = job("01M8D6DYMSF36ASCVJ1WYG039B", 0, 0, status, attempts=2, queue=state)
    assert uploadio.job_document(summary_of(twice, ACCOUNT, None), API)["attempts"] == attempts


def test_a_job_whose_files_are_being_saved_runs_still() -> None:
    done = job("01M8D6DYMSF36ASCVJ1WYG039B", 0, 0, Status.COMPLETED)
    document = summary_of(done, ACCOUNT, result_of("/video.m3u8", "x"), saving=True).document(API)
    assert (document["status"], document["summary"]) == ("Running", {})


def test_a_job_of_the_command_line_is_a_video_job_of_whoever_may_see_it() -> None:
    made = job("01M8D6DYMSF36ASCVJ1WYG039B", 0, 0, Status.COMPLETED, dialect="cli", account="", asked={})
    summary = summary_of(made, "A623uY2", None)
    assert (summary.account, summary.job_type) == ("A623uY2", "ProcessVideoJob")


FILE = StoredFile(
    file_id="i1",
    account="A623uY2",
    path="/uploads/image one.jpg",
    name="example.jpg",
    mime="image/jpeg",
    size=43182,
    etag="33a64df551425fcc55e4d42a148795d9",
    created=when(1615680311115),
    stored=Path("/files/i1"),
    metadata={"myCustomField1": True},
    tags=("example_tag",),
)


def test_a_file_whole() -> None:
    expected = {
        "accountId": "A623uY2",
        "etag": "33a64df551425fcc55e4d42a148795d9",
        "filePath": "/uploads/image one.jpg",
        "fileUrl": "https://upcdn.io/A623uY2/raw/uploads/image%20one.jpg",
        "lastModified": 1615680311115,
        "metadata": {"myCustomField1": True},
        "mime": "image/jpeg",
        "originalFileName": "example.jpg",
        "size": 43182,
        "tags": ["example_tag"],
    }
    assert file_details(FILE, "https://upcdn.io") == expected
    assert uploadio.details(FILE, "https://upcdn.io") == {k: v for k, v in expected.items() if k != "etag"}
    first = ("accountId", "etag", "filePath", "fileUrl")
    assert upload_response(FILE, "https://upcdn.io") == {key: expected[key] for key in first}


def test_references() -> None:
    summary = Summary(
        from_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "CopyFileBatchJob", ACCOUNT, 1, 2, "Pending", {}
    )
    expected = {
        "jobUrl": f"{API}/v2/accounts/W142hJk/jobs/CopyFileBatchJob/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "jobDocs": "https://www.bytescale.com/docs/job-api/GetJob",
        "jobId": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "jobType": "CopyFileBatchJob",
    }
    assert summary.reference(API) == expected
    older = {**expected, "jobDocs": "https://upload.io/docs/upload-api/jobs/GetJob"}
    assert uploadio.reference(summary, API) == older


def test_a_refusal_has_what_the_sdk_looks_for() -> None:
    assert error_response(Refusal("invalid", "two faults", details=("a", "b"), code="bad")) == {
        "error": {"code": "bad", "message": "two faults", "details": {"messages": ["a", "b"]}}
    }
    assert error_response(Refusal("not_found", "gone")) == {"error": {"code": "not_found", "message": "gone"}}


def test_times_are_exact_milliseconds() -> None:
    assert [milliseconds(when(ms)) for ms in (0, 1, 1694437145030, 1795739286619)] == [
        0,
        1,
        1694437145030,
        1795739286619,
    ]
