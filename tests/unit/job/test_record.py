"""The record's JSON: Esri's keys first, in the example's order and types; then ours."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.job import codes
from ingest.job.errors import Cancelled, ProcessingError, SourceError
from ingest.job.ids import is_job_id, new_job_id
from ingest.job.record import (
    Asked,
    CustomAttributes,
    Inputs,
    Output,
    Process,
    Progress,
    Record,
    Results,
    SourceFile,
    StepRecord,
    Times,
    utc_now,
)
from ingest.job.status import Status

JOB_ID = "j1b81346f-1460-482a-94f0-72b78ee843e5"
SUBMITTED = "2026-11-22T11:14:29.123Z"
NOW = "2026-11-22T11:14:30.000Z"
# The key order of the published example, outer and inner.
ESRI_KEYS = {
    "jobId": None,
    "inputs": ["serviceItemId", "requestedResolutions", "fileIds", "serviceUrl"],
    "messages": None,
    "type": None,
    "results": ["layerId", "layerName", "serviceName"],
    "status": None,
    "username": None,
    "customAttributes": ["messageCodes", "savingToStorage", "newLayerId"],
}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.job.record.utc_now", lambda: NOW)


def small_record(**changes: Any) -> Record:
    given: dict[str, Any] = {
        "job_id": JOB_ID,
        "inputs": Inputs(
            service_item_id="f17630387bee47b88fe001f7875eb18a",
            requested_resolutions="sd,hd",
            file_ids="ib8abf0cb-8739-48b0-9db5-a8547d1139aa",
            service_url="file:///srv/out/",
        ),
        "results": Results(layer_id=0, layer_name="clip", service_name="clip"),
        "username": "anna",
        "source": SourceFile(path="/srv/clip.mp4", name="clip.mp4", size=1000, modified=SUBMITTED),
        "output": "/srv/out",
        "times": Times(submitted=SUBMITTED, updated=SUBMITTED),
        "outputs": (Output(resolution="sd"), Output(resolution="hd")),
        "process": Process(pid=12, host="box", started=3456),
        "request": Asked(
            source="file:///srv/clip.mp4",
            output="file:///srv/out",
            resolutions=("sd", "hd"),
            options={"codecs": ["h264"]},
        ),
    }
    return Record(**given | changes)


def grown_record() -> Record:
    """A record with something in every field."""
    record = small_record(tools={"ffmpeg": "9.0"}).with_status(Status.EXECUTING)
    record = record.with_message(codes.STARTING_INGEST)
    record = record.with_message(codes.RESOLUTION_LEFT_OUT, "hd is above\nthe source", resolutions=("hd",))
    record = record.with_warning(codes.SOURCE_DAMAGED, "3 of 9 pictures")
    step = StepRecord(code=117, message="Starting Ingest", started=NOW)
    record = record.evolve(steps=(step,), progress=Progress(percent=1.5, step="Starting Ingest", code=117))
    record = record.with_output("sd", status="EXECUTING", width=720, height=404, files=("video/sd/init.mp4",))
    error = ProcessingError(codes.TRANSCODING_FAILED, "it ended with 1", remedy="look there", detail="a\nb")
    return record.with_error(error, step).with_status(Status.FAILED)


def test_whole_document_of_a_new_job_key_for_key() -> None:
    assert small_record().to_json() == NEW_JOB


NEW_JOB = """\
{
  "jobId": "j1b81346f-1460-482a-94f0-72b78ee843e5",
  "inputs": {
    "serviceItemId": "f17630387bee47b88fe001f7875eb18a",
    "requestedResolutions": "sd,hd",
    "fileIds": "ib8abf0cb-8739-48b0-9db5-a8547d1139aa",
    "serviceUrl": "file:///srv/out/"
  },
  "messages": [],
  "type": "Publish Streaming Service",
  "results": {
    "layerId": 0,
    "layerName": "clip",
    "serviceName": "clip"
  },
  "status": "SUBMITTED",
  "username": "anna",
  "customAttributes": {
    "messageCodes": [],
    "savingToStorage": false,
    "newLayerId": 0
  },
  "schemaVersion": 1,
  "source": {
    "path": "/srv/clip.mp4",
    "name": "clip.mp4",
    "size": 1000,
    "modified": "2026-11-22T11:14:29.123Z"
  },
  "output": "/srv/out",
  "times": {
    "submitted": "2026-11-22T11:14:29.123Z",
    "started": null,
    "ended": null,
    "updated": "2026-11-22T11:14:29.123Z",
    "seconds": null
  },
  "progress": {
    "percent": 0.0,
    "step": null,
    "code": null,
    "speed": null,
    "remainingSeconds": null
  },
  "steps": [],
  "outputs": [
    {
      "resolution": "sd",
      "status": "WAITING",
      "percent": 0.0,
      "width": null,
      "height": null,
      "messages": [],
      "messageCodes": [],
      "files": [],
      "details": {}
    },
    {
      "resolution": "hd",
      "status": "WAITING",
      "percent": 0.0,
      "width": null,
      "height": null,
      "messages": [],
      "messageCodes": [],
      "files": [],
      "details": {}
    }
  ],
  "chunks": null,
  "files": [],
  "warnings": [],
  "error": null,
  "tools": {},
  "process": {
    "pid": 12,
    "host": "box",
    "started": 3456
  },
  "request": {
    "source": "file:///srv/clip.mp4",
    "output": "file:///srv/out",
    "resolutions": [
      "sd",
      "hd"
    ],
    "presetDir": null,
    "force": false,
    "chunkSeconds": null,
    "options": {
      "codecs": [
        "h264"
      ]
    }
  }
}
"""


def test_what_changes_in_a_grown_record() -> None:
    before, after = json.loads(small_record().to_json()), json.loads(grown_record().to_json())
    assert list(after) == list(before)
    assert {k: v for k, v in after.items() if v != before[k]} == {
        "messages": ["Starting Ingest", "Resolution Left Out: hd is above\\nthe source"],
        "status": "FAILED",
        "customAttributes": {"messageCodes": [117, 9101], "savingToStorage": False, "newLayerId": 0},
        "times": {**before["times"], "updated": NOW},
        "progress": {
            "percent": 1.5,
            "step": "Starting Ingest",
            "code": 117,
            "speed": None,
            "remainingSeconds": None,
        },
        "steps": [
            {
                "code": 117,
                "message": "Starting Ingest",
                "started": NOW,
                "ended": None,
                "seconds": None,
                "cpuSeconds": None,
                "result": "running",
            }
        ],
        "outputs": [
            {
                **before["outputs"][0],
                "status": "EXECUTING",
                "width": 720,
                "height": 404,
                "files": ["video/sd/init.mp4"],
            },
            {
                **before["outputs"][1],
                "messages": ["Resolution Left Out: hd is above\\nthe source"],
                "messageCodes": [9101],
            },
        ],
        "warnings": [{"code": 9202, "message": "Source Damaged: 3 of 9 pictures"}],
        "error": {
            "code": 9318,
            "message": "it ended with 1",
            "remedy": "look there",
            "step": "Starting Ingest",
            "stepCode": 117,
            "exitCode": 1,
            "detail": "a\nb",
        },
        "tools": {"ffmpeg": "9.0"},
    }


def test_esris_keys_come_first_in_the_examples_order() -> None:
    document = json.loads(grown_record().to_json())
    assert list(document)[: len(ESRI_KEYS)] == list(ESRI_KEYS)
    for key, inner in ESRI_KEYS.items():
        if inner is not None:
            assert list(document[key]) == inner


def test_types_are_those_of_the_example() -> None:
    """A string for several resolutions, numbers for codes and layers, whatever the syntax block says."""
    document = json.loads(grown_record().to_json())
    assert type(document["inputs"]["requestedResolutions"]) is str
    assert type(document["inputs"]["fileIds"]) is str
    assert [type(c) for c in document["customAttributes"]["messageCodes"]] == [int, int]
    assert type(document["customAttributes"]["newLayerId"]) is int
    assert type(document["customAttributes"]["savingToStorage"]) is bool
    assert type(document["results"]["layerId"]) is int


def test_esris_own_example_is_made_of_the_same_keys() -> None:
    """The published record, completed by ours, is a record."""
    record = small_record(
        inputs=Inputs(
            service_item_id="f17630387bee47b88fe001f7875eb18a",
            requested_resolutions="fhd",
            file_ids="ib8abf0cb-8739-48b0-9db5-a8547d1139aa",
            service_url="https://organization.example.com/video/rest/services/Cheyenne_TS/VideoServer",
        ),
        messages=("Starting Ingest", "Ingest Complete"),
        results=Results(layer_id=0, layer_name="Cheyenne_TS", service_name="Cheyenne_TS"),
        status=Status.COMPLETED,
        username="portaladmin",
        custom_attributes=CustomAttributes(message_codes=(117, 118), saving_to_storage=True),
    )
    document = json.loads(record.to_json())
    assert {k: document[k] for k in ESRI_KEYS} == {
        "jobId": "j1b81346f-1460-482a-94f0-72b78ee843e5",
        "inputs": {
            "serviceItemId": "f17630387bee47b88fe001f7875eb18a",
            "requestedResolutions": "fhd",
            "fileIds": "ib8abf0cb-8739-48b0-9db5-a8547d1139aa",
            "serviceUrl": "https://organization.example.com/video/rest/services/Cheyenne_TS/VideoServer",
        },
        "messages": ["Starting Ingest", "Ingest Complete"],
        "type": "Publish Streaming Service",
        "results": {"layerId": 0, "layerName": "Cheyenne_TS", "serviceName": "Cheyenne_TS"},
        "status": "COMPLETED",
        "username": "portaladmin",
        "customAttributes": {"messageCodes": [117, 118], "savingToStorage": True, "newLayerId": 0},
    }


def test_new_ids_are_j_and_a_lower_case_uuid() -> None:
    one, other = new_job_id(), new_job_id()
    assert one != other
    assert re.fullmatch(r"j[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one)
    small_record(job_id=one)


def test_times_are_utc_with_milliseconds() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", utc_now())


@pytest.mark.parametrize("job_id", ["", "1b81346f-1460-482a-94f0-72b78ee843e5", JOB_ID.upper(), JOB_ID + "0"])
def test_other_ids_are_refused(job_id: str) -> None:
    with pytest.raises(ValidationError):
        small_record(job_id=job_id)


# --- invariants ---


def test_messages_and_codes_must_be_parallel() -> None:
    with pytest.raises(ValidationError, match="messages and messageCodes must have the same length"):
        small_record(messages=("Starting Ingest",))
    with pytest.raises(ValidationError, match="messages and messageCodes must have the same length"):
        Output(resolution="sd", message_codes=(117,))


def test_a_document_with_unparallel_arrays_is_refused() -> None:
    document = json.loads(grown_record().to_json())
    document["messages"].pop()
    with pytest.raises(ValidationError, match="same length"):
        Record.from_json(json.dumps(document))


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan")])
def test_percentages_are_bounded(percent: float) -> None:
    with pytest.raises(ValidationError):
        Progress(percent=percent)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", NEW_JOB[:-20], NEW_JOB.replace("SUBMI", "submi")]
)
def test_what_is_not_a_record_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Record.from_json(text)


def test_unknown_keys_are_refused() -> None:
    document = json.loads(NEW_JOB) | {"surprise": 1}
    with pytest.raises(ValidationError, match="surprise"):
        Record.from_json(json.dumps(document))


# --- changes ---


def test_changes_return_a_new_record_and_leave_the_old_one() -> None:
    old = small_record()
    text = old.to_json()
    step = StepRecord(code=117, message="Starting Ingest", started=NOW)
    for new in (
        old.evolve(output="/elsewhere"),
        old.with_status(Status.EXECUTING),
        old.with_message(codes.PROBING_AUDIO, "2 tracks", resolutions=("sd",)),
        old.with_warning(codes.SOURCE_DAMAGED),
        old.with_output("sd", percent=3.0),
        old.with_error(Cancelled(15), step),
    ):
        assert new is not old
        assert new.to_json() != text
        assert new.times.updated == NOW
    assert old.to_json() == text


def test_a_record_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        small_record().output = "/elsewhere"  # type: ignore[misc]


def test_evolve_keeps_times_that_are_given() -> None:
    times = Times(submitted=SUBMITTED, started=SUBMITTED, updated=SUBMITTED)
    assert small_record().evolve(times=times).times == times.model_copy(update={"updated": NOW})


def test_message_goes_to_the_job_and_the_outputs_named() -> None:
    record = small_record().with_message(codes.GENERATING_HLS, resolutions=("hd",))
    assert record.messages == ("Generating HLS Service Files",)
    assert record.custom_attributes.message_codes == (161,)
    assert [(o.messages, o.message_codes) for o in record.outputs] == [
        ((), ()),
        (("Generating HLS Service Files",), (161,)),
    ]


def test_with_status_keeps_to_the_table() -> None:
    with pytest.raises(ValueError, match="cannot go from SUBMITTED to COMPLETED"):
        small_record().with_status(Status.COMPLETED)


def test_with_output_changes_the_one_named() -> None:
    old = small_record()
    new = old.with_output("hd", status="LEFT_OUT")
    assert new.outputs == (old.outputs[0], Output(resolution="hd", status="LEFT_OUT"))
    assert old.with_output("uhd", percent=1.0).outputs == old.outputs


def test_error_without_a_step() -> None:
    error = SourceError(codes.SOURCE_NOT_FOUND, "there is no file a.mp4", remedy="check the path")
    failure = small_record().with_error(error, None).error
    assert failure is not None
    assert failure.model_dump(by_alias=True) == {
        "code": 9304,
        "message": "there is no file a.mp4",
        "remedy": "check the path",
        "step": None,
        "stepCode": None,
        "exitCode": 3,
        "detail": "",
    }


@pytest.mark.parametrize(("signal_number", "exit_code"), [(2, 130), (15, 143)])
def test_error_of_a_cancelled_job(signal_number: int, exit_code: int) -> None:
    failure = small_record().with_error(Cancelled(signal_number), None).error
    assert failure is not None
    assert (failure.code, failure.exit_code) == (9323, exit_code)


# --- round trip ---

# Undecodable bytes (surrogates, which st.text leaves out), controls, marks that turn the line around.
ODD = st.sampled_from(["", "\udcff", "\ud800", "\n", "\r\n", "\x1b[0m", "\x00", "\u2028", "\u202e", ',"'])
ANY_TEXT = st.builds("{}{}{}".format, st.text(max_size=10), ODD, st.text(max_size=10))
STEP_CODES = st.sampled_from(codes.ALL)


def test_round_trip_of_a_grown_record() -> None:
    record = grown_record()
    assert Record.from_json(record.to_json()) == record
    assert Record.from_json(record.to_json().encode()) == record


@given(st.lists(st.tuples(STEP_CODES, ANY_TEXT), max_size=5), ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_round_trip_with_any_text_from_outside(
    messages: list[tuple[codes.Code, str]], message: str, remedy: str, detail: str
) -> None:
    """Names may hold bytes that are no text (surrogates in Python): the record must still be writable."""
    record = small_record()
    for code, text in messages:
        record = record.with_message(code, text, resolutions=("sd",)).with_warning(code, text)
    record = record.with_error(ProcessingError(codes.INTERNAL, message, remedy=remedy, detail=detail), None)
    again = Record.from_json(record.to_json())
    assert again == record
    assert len(again.messages) == len(again.custom_attributes.message_codes) == len(messages)
    assert all(text.isprintable() for text in again.messages)


def test_an_undecodable_detail_is_made_visible() -> None:
    record = small_record().with_error(ProcessingError(codes.INTERNAL, "x", detail="\udcff\nb"), None)
    assert record.error is not None
    assert record.error.detail == "\\udcff\nb"


@pytest.mark.parametrize(
    ("text", "ours"),
    [(JOB_ID, True), (JOB_ID + "\n", False), ("", False), (JOB_ID.upper(), False), ("j", False)],
)
def test_is_job_id(text: str, ours: bool) -> None:
    assert is_job_id(text) is ours


def test_a_new_run_of_the_same_job_keeps_what_was_said() -> None:
    stopped = grown_record()
    again = stopped.resumed(Process(pid=99, host="box", started=7))
    assert (again.job_id, again.messages, again.warnings) == (
        stopped.job_id,
        stopped.messages,
        stopped.warnings,
    )
    assert (again.status, again.error, again.progress.percent) == (Status.SUBMITTED, None, 0.0)
    assert again.steps[-1].result == "interrupted"
    assert again.steps[-1].ended is not None
    assert again.process == Process(pid=99, host="box", started=7)
    assert [(o.resolution, o.status, o.width, o.messages) for o in again.outputs] == [
        ("sd", "WAITING", None, ()),
        ("hd", "WAITING", None, stopped.outputs[1].messages),
    ]
    assert again.with_status(Status.EXECUTING).status is Status.EXECUTING
