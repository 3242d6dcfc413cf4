"""The only writer of the record: what stands in it, in job.json and in the store after each call."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.job import codes
from ingest.job.errors import Cancelled, IngestError, OutputError, ProcessingError, ResourceError
from ingest.job.record import Inputs, Output, Record, Results, SourceFile, StepRecord, Times
from ingest.job.status import Status
from ingest.pipeline.events import Ended, Event, JobStarted, Message, Progressed
from ingest.pipeline.output_folder import not_writable
from ingest.pipeline.recorder import Recorder

if TYPE_CHECKING:
    from ingest.store import JobSummary

JOB_ID = "j1b81346f-1460-482a-94f0-72b78ee843e5"


class Clock:
    """Seconds that pass only when told to; a wall clock that starts at 11:00."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def utc(self) -> str:
        return f"2026-11-22T11:{int(self.now) // 60:02}:{self.now % 60:06.3f}Z"


class Store:
    """Keeps what it is given; fails when told to."""

    def __init__(self) -> None:
        self.saved: list[tuple[str, JobSummary]] = []
        self.broken = False

    def save(self, record_json: str, *, summary: JobSummary) -> None:
        if self.broken:
            raise ProcessingError(codes.STORE_UNUSABLE, "the job store is locked")
        self.saved.append((record_json, summary))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr("ingest.pipeline.recorder.time", SimpleNamespace(monotonic=fake.monotonic))
    monkeypatch.setattr("ingest.pipeline.recorder.utc_now", fake.utc)
    monkeypatch.setattr("ingest.job.record.utc_now", fake.utc)
    monkeypatch.setattr("os.fsync", lambda _: None)
    return fake


def first_record() -> Record:
    at = "2026-11-22T11:01:40.000Z"
    return Record(
        job_id=JOB_ID,
        inputs=Inputs(
            service_item_id="0" * 32, requested_resolutions="sd,hd", file_ids="i1", service_url="file:///o/"
        ),
        results=Results(layer_id=0, layer_name="clip", service_name="clip"),
        username="anna",
        source=SourceFile(path="/srv/clip.mp4", name="clip.mp4"),
        output="/srv/out",
        times=Times(submitted=at, updated=at),
        outputs=(Output(resolution="sd"), Output(resolution="hd")),
    )


class Job:
    """A recorder with a listener, a store and a folder; `stands` is what job.json says."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self.events: list[Event] = []
        self.store = Store()
        self.recorder = Recorder(first_record(), self.events.append, self.store)  # type: ignore[arg-type]

    @property
    def stands(self) -> Record:
        return Record.from_json((self.folder / "job.json").read_bytes())

    def started(self) -> Job:
        self.recorder.begin()
        self.recorder.attach(self.folder)
        self.events.clear()
        return self


@pytest.fixture
def job(tmp_path: Path, clock: Clock) -> Job:
    return Job(tmp_path, clock)


def test_begin_tells_the_job_and_writes_nothing_yet(job: Job) -> None:
    job.recorder.begin()
    assert job.events == [
        JobStarted(JOB_ID, "/srv/clip.mp4", "/srv/out", ("sd", "hd"), "2026-11-22T11:01:40.000Z")
    ]
    assert job.recorder.record.status is Status.EXECUTING
    assert job.recorder.record.times.started == "2026-11-22T11:01:40.000Z"
    assert list(job.folder.iterdir()) == []
    assert job.store.saved == []


def test_attach_writes_at_once(job: Job) -> None:
    job.recorder.begin()
    job.recorder.attach(job.folder)
    assert job.stands == job.recorder.record
    assert [s for s, _ in job.store.saved] == [job.recorder.record.to_json()]
    assert job.store.saved[0][1].status == "EXECUTING"


def test_a_step_from_start_to_end(job: Job) -> None:
    recorder = job.started().recorder
    recorder.start_step(codes.GENERATING_HLS, ("hd",))
    assert job.stands == recorder.record
    job.clock.now += 2.5
    recorder.end_step("done", percent=93, cpu_seconds=1.23456)
    record = recorder.record
    assert record.messages == ("Generating HLS Service Files",)
    assert record.custom_attributes.message_codes == (161,)
    assert [o.messages for o in record.outputs] == [(), ("Generating HLS Service Files",)]
    assert record.steps == (
        StepRecord(
            code=161,
            message="Generating HLS Service Files",
            started="2026-11-22T11:01:40.000Z",
            ended="2026-11-22T11:01:42.500Z",
            seconds=2.5,
            cpu_seconds=1.235,
            result="done",
        ),
    )
    assert job.events == [
        Message(161, "Generating HLS Service Files", "step", None, "2026-11-22T11:01:40.000Z"),
        Progressed(93.0, 161, "Generating HLS Service Files", None, None, {"sd": 0.0, "hd": 0.0}),
    ]


def test_a_step_ends_once(job: Job) -> None:
    recorder = job.started().recorder
    recorder.end_step("done", percent=50)  # none has begun
    recorder.start_step(codes.PROBING_AUDIO)
    recorder.end_step("done")
    job.clock.now += 1
    recorder.end_step("failed")
    assert [(s.result, s.seconds) for s in recorder.record.steps] == [("done", 0.0)]
    assert recorder.record.progress.percent == 0.0


def test_a_new_step_forgets_the_speed_of_the_last_one(job: Job) -> None:
    recorder = job.started().recorder
    recorder.start_step(codes.TRANSCODING_WITH_CPU)
    recorder.progress(30, speed=2.0, remaining_seconds=9.0)
    recorder.start_step(codes.GENERATING_HLS)
    assert recorder.record.progress.model_dump() == {
        "percent": 30.0,
        "step": "Generating HLS Service Files",
        "code": 161,
        "speed": None,
        "remaining_seconds": None,
    }


def test_notes(job: Job) -> None:
    recorder = job.started().recorder
    recorder.note(codes.RESOLUTION_LEFT_OUT, "hd is above\nthe source", "hd")
    recorder.note(codes.NO_AUDIO_FOUND)
    text = "Resolution Left Out: hd is above\\nthe source"
    assert recorder.record.messages == (text, "No Audio Found")
    assert recorder.record.custom_attributes.message_codes == (9101, 9103)
    assert [o.messages for o in recorder.record.outputs] == [(), (text,)]
    assert job.stands == recorder.record
    assert job.events == [
        Message(9101, text, "note", "hd", "2026-11-22T11:01:40.000Z"),
        Message(9103, "No Audio Found", "note", None, "2026-11-22T11:01:40.000Z"),
    ]


def test_warnings_are_no_messages(job: Job) -> None:
    """Esri's arrays hold steps and notes; a warning has its own place."""
    recorder = job.started().recorder
    recorder.warn(codes.SOURCE_DAMAGED, "3 of 9 pictures")
    assert recorder.record.messages == ()
    assert [(w.code, w.message) for w in recorder.record.warnings] == [
        (9202, "Source Damaged: 3 of 9 pictures")
    ]
    assert job.events == [
        Message(9202, "Source Damaged: 3 of 9 pictures", "warning", None, "2026-11-22T11:01:40.000Z")
    ]


def test_changes_are_written_with_the_next_message(job: Job) -> None:
    recorder = job.started().recorder
    before = job.stands
    recorder.change(tools={"ffmpeg": "9.0"})
    recorder.change_output("sd", status="EXECUTING", width=720, height=404)
    assert job.stands == before
    recorder.start_step(codes.PROBING_AUDIO)
    assert job.stands == recorder.record
    assert job.stands.tools == {"ffmpeg": "9.0"}
    assert (job.stands.outputs[0].status, job.stands.outputs[0].width) == ("EXECUTING", 720)


# --- progress ---


def test_progress_is_told_at_once_and_written_at_most_once_a_second(job: Job) -> None:
    recorder = job.started().recorder
    written: list[float] = []
    for number in range(1, 8):
        job.clock.now += 0.4
        recorder.progress(number, speed=1.5, remaining_seconds=3.0, resolutions={"sd": number, "hd": number})
        if not written or job.stands.progress.percent != written[-1]:
            written.append(job.stands.progress.percent)
    assert [e.percent for e in job.events if isinstance(e, Progressed)] == [1, 2, 3, 4, 5, 6, 7]
    assert written == [0.0, 3.0, 6.0]
    assert job.events[-1] == Progressed(7.0, None, None, 1.5, 3.0, {"sd": 7.0, "hd": 7.0})


def test_only_progress_may_be_forgotten_by_a_power_cut(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("ingest.files.sync_folder", synced.append)
    job.started().recorder.start_step(codes.TRANSCODING_WITH_CPU)
    assert synced == [job.folder, job.folder]
    synced.clear()
    job.clock.now += 1
    job.recorder.progress(10)
    assert (job.stands.progress.percent, synced) == (10.0, [])


def test_progress_is_rounded_and_bounded(job: Job) -> None:
    recorder = job.started().recorder
    for given_, shown in ((-5, 0.0), (12.34, 12.3), (12.36, 12.4), (float("nan"), 12.4), (250, 100.0)):
        recorder.progress(given_, resolutions={"sd": given_})
        assert (recorder.record.progress.percent, recorder.record.outputs[0].percent) == (shown, shown)


def test_outputs_left_out_show_no_progress(job: Job) -> None:
    recorder = job.started().recorder
    recorder.change_output("hd", status="LEFT_OUT")
    recorder.progress(5)
    assert job.events == [Progressed(5.0, None, None, None, None, {"sd": 0.0})]


@given(st.lists(st.tuples(st.floats(-10, 110), st.floats(-10, 110)), max_size=20))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_percentages_never_fall(clock: Clock, steps: list[tuple[float, float]]) -> None:
    seen: list[Progressed] = []
    recorder = Recorder(first_record(), lambda e: seen.append(e) if isinstance(e, Progressed) else None, None)
    recorder.begin()
    for whole, part in steps:
        recorder.progress(whole, resolutions={"sd": part})
    for key in (lambda e: e.percent, lambda e: e.resolutions["sd"]):
        figures = [key(e) for e in seen]
        assert figures == sorted(figures)
        assert all(0 <= f <= 100 for f in figures)


# --- the end ---


def test_a_completed_job(job: Job) -> None:
    recorder = job.started().recorder
    recorder.start_step(codes.INGEST_COMPLETE)
    recorder.end_step("done", percent=100)
    job.clock.now += 12.3456
    record = recorder.end(Status.COMPLETED, None)
    assert record == recorder.record == job.stands
    assert record.status is Status.COMPLETED
    assert record.error is None
    assert record.times.model_dump() == {
        "submitted": "2026-11-22T11:01:40.000Z",
        "started": "2026-11-22T11:01:40.000Z",
        "ended": "2026-11-22T11:01:52.346Z",
        "updated": "2026-11-22T11:01:52.346Z",
        "seconds": 12.346,
    }
    assert record.progress.model_dump() == {
        "percent": 100.0,
        "step": None,
        "code": None,
        "speed": None,
        "remaining_seconds": None,
    }
    assert job.events[-1] == Ended(JOB_ID, "COMPLETED", 0, 12.346, None, "2026-11-22T11:01:52.346Z")
    assert job.store.saved[-1][0] == record.to_json()


@pytest.mark.parametrize(
    ("error", "status", "result", "exit_code"),
    [
        (
            ProcessingError(codes.TRANSCODING_FAILED, "it failed", detail="last words"),
            Status.FAILED,
            "failed",
            1,
        ),
        (Cancelled(15), Status.CANCELLED, "cancelled", 143),
    ],
)
def test_a_job_that_ends_early_names_its_step(
    job: Job, error: IngestError, status: Status, result: str, exit_code: int
) -> None:
    recorder = job.started().recorder
    recorder.start_step(codes.TRANSCODING_WITH_CPU)
    recorder.progress(40, speed=1.0, remaining_seconds=5.0)
    record = recorder.end(status, error)
    assert record == job.stands
    assert record.error is not None
    assert record.error.model_dump() == {
        "code": error.code.number,
        "message": error.message,
        "remedy": "",
        "step": "Transcoding with CPU",
        "step_code": 9001,
        "exit_code": exit_code,
        "detail": error.detail,
    }
    assert [s.result for s in record.steps] == [result]
    assert (record.progress.percent, record.progress.speed, record.progress.code) == (40.0, None, 9001)
    last = job.events[-1]
    assert isinstance(last, Ended)
    assert (last.status, last.exit_code, last.error) == (
        status.value,
        exit_code,
        record.error.model_dump(by_alias=True),
    )


def test_a_job_that_fails_before_its_first_step(job: Job) -> None:
    job.recorder.begin()
    record = job.recorder.end(
        Status.FAILED, OutputError(codes.OUTPUT_NOT_OURS, "not ours", remedy="another folder")
    )
    assert record.error is not None
    assert (record.error.step, record.error.exit_code) == (None, 4)
    assert list(job.folder.iterdir()) == []
    assert len(job.store.saved) == 1


# --- what cannot be written ---


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_record_that_cannot_be_written_ends_the_job(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = job.started().recorder
    monkeypatch.setattr("ingest.pipeline.recorder.write_atomic", no_space)
    with pytest.raises(ResourceError) as caught:
        recorder.start_step(codes.PROBING_AUDIO)
    assert caught.value.line == f"no space left in {job.folder}; free some space, then run again"


def test_the_end_is_told_even_where_it_cannot_be_written(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = job.started().recorder
    recorder.start_step(codes.PROBING_AUDIO)
    monkeypatch.setattr("ingest.pipeline.recorder.write_atomic", no_space)
    record = recorder.end(Status.FAILED, ResourceError(codes.DISK_FULL, "full"))
    assert record.status is Status.FAILED
    assert isinstance(job.events[-1], Ended)
    assert job.store.saved[-1][0] == record.to_json()
    assert job.stands.status is Status.EXECUTING  # the last that could be written


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, ResourceError, 9317),
        (errno.EDQUOT, ResourceError, 9317),
        (errno.EFBIG, ResourceError, 9317),
        (errno.EACCES, OutputError, 9310),
        (errno.EROFS, OutputError, 9310),
    ],
)
def test_what_a_failed_write_means(number: int, kind: type[IngestError], code: int) -> None:
    error = not_writable(Path("/srv/out"), OSError(number, "text"))
    assert (type(error), error.code.number) == (kind, code)


@pytest.mark.parametrize("breaks", ["at the start", "at a step", "at the end"])
def test_a_store_that_fails_is_a_warning_and_is_left_alone(job: Job, breaks: str) -> None:
    recorder = job.recorder
    recorder.begin()
    job.store.broken = breaks == "at the start"
    recorder.attach(job.folder)
    job.store.broken |= breaks == "at a step"
    recorder.start_step(codes.INGEST_COMPLETE)
    recorder.end_step("done", percent=100)
    job.store.broken = True
    record = recorder.end(Status.COMPLETED, None)
    text = "Job Store Not Written: the job store is locked"
    assert record.status is Status.COMPLETED
    assert [(w.code, w.message) for w in record.warnings] == [(9208, text)]
    assert job.stands == record  # the warning stands in job.json too
    assert [e.message for e in job.events if isinstance(e, Message)].count(text) == 1
    job.store.broken = False
    assert len(job.store.saved) == {"at the start": 0, "at a step": 1, "at the end": 2}[breaks]


def test_without_listener_store_and_folder(clock: Clock) -> None:
    recorder = Recorder(first_record(), None, None)
    recorder.begin()
    recorder.start_step(codes.STARTING_INGEST)
    recorder.note(codes.NO_AUDIO_FOUND)
    recorder.warn(codes.SOURCE_DAMAGED)
    recorder.progress(3)
    assert recorder.end(Status.FAILED, Cancelled(2)).status is Status.FAILED


# --- any course of a job ---

CALLS: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.just("start_step"), st.sampled_from([c for c in codes.ALL if c.kind == "step"])),
    st.tuples(st.just("end_step"), st.sampled_from(["done", "failed"])),
    st.tuples(st.just("note"), st.sampled_from([c for c in codes.ALL if c.kind == "note"])),
    st.tuples(st.just("warn"), st.sampled_from([c for c in codes.ALL if c.kind == "warning"])),
    st.tuples(st.just("progress"), st.floats(0, 100)),
    st.tuples(st.just("wait"), st.floats(0, 3)),
)


@given(st.lists(CALLS, max_size=15))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_job_json_is_a_valid_record_after_every_call(
    tmp_path: Path, clock: Clock, calls: list[tuple[str, Any]]
) -> None:
    """Messages and codes side by side, a prefix of what comes later, and no other file in the folder."""
    job = Job(tmp_path, clock).started()
    messages: tuple[str, ...] = ()
    for name, value in calls:
        if name == "wait":
            clock.now += value
        else:
            getattr(job.recorder, name)(value)
        stands = job.stands
        assert [p.name for p in tmp_path.iterdir()] == ["job.json"]
        assert len(stands.messages) == len(stands.custom_attributes.message_codes)
        assert stands.messages[: len(messages)] == messages
        messages = stands.messages
        assert messages == job.recorder.record.messages
        assert json.loads(job.store.saved[-1][0])["messages"] == list(messages)
    assert job.recorder.end(Status.FAILED, Cancelled(2)) == job.stands
