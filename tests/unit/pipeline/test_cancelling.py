"""Who may be cancelled, what is written where, and what becomes of a record whose process is gone."""

from __future__ import annotations

import json
import signal
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import ingest
from ingest.cli import main
from ingest.job import codes
from ingest.job.errors import Cancelled, OutputError, ResourceError, UsageError, exit_code_of
from ingest.job.record import Inputs, Output, Process, Record, Results, SourceFile, StepRecord, Times
from ingest.job.status import Status
from ingest.media.cancel import CancelToken
from ingest.pipeline.cancelling import Cancellation, cancel_job
from ingest.pipeline.finding import find_job
from ingest.pipeline.steps import STEPS, Made, Step
from ingest.pipeline.wish import BY, JobToken, wish_file, write_wish
from ingest.pipeline.workspace import Workspace
from ingest.steps.context import Outcome
from ingest.store import JobSummary, open_store, this_process

if TYPE_CHECKING:
    from typing import Any

JOB_ID = "j1b81346f-1460-482a-94f0-72b78ee843e5"
AT = "2026-11-22T11:01:40.000Z"
GONE = Process(pid=2**22 + 1, host=socket.gethostname(), started=1)  # above any pid_max
PID, HOST, STARTED = this_process()
HERE = Process(pid=PID, host=HOST, started=STARTED)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    return tmp_path / "home"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def record(output: Path, process: Process | None, **changes: Any) -> Record:
    made = Record(
        job_id=JOB_ID,
        inputs=Inputs(
            service_item_id="0" * 32, requested_resolutions="sd,hd", file_ids="i1", service_url="file:///o/"
        ),
        results=Results(layer_id=0, layer_name="clip", service_name="clip"),
        username="anna",
        source=SourceFile(path="/srv/clip.mp4", name="clip.mp4"),
        output=str(output),
        times=Times(submitted=AT, started=AT, updated=AT),
        outputs=(Output(resolution="sd", status="EXECUTING"), Output(resolution="hd", status="LEFT_OUT")),
        steps=(StepRecord(code=117, message="Starting Ingest", started=AT),),
        process=process,
    ).with_status(Status.EXECUTING)
    return made.evolve(**changes)


def keep(made: Record, home: Path | None, folder: Path | None) -> None:
    if home is not None:
        with open_store(home) as store:
            store.save(made.to_json(), summary=JobSummary.of(made))
    if folder is not None:
        (folder / "job.json").write_text(made.to_json())


def stored(home: Path) -> Record:
    with open_store(home) as store:
        return Record.from_json(store.get(JOB_ID).record_json)


# -- finding --


@pytest.mark.parametrize("job", [JOB_ID, "j1b8", "out"])
def test_a_job_is_found_by_id_beginning_and_folder(
    job: str, home: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = record(output, HERE)
    keep(made, home, output)
    monkeypatch.chdir(output.parent)
    assert find_job(job, home).summary == JobSummary.of(made)


def test_a_folder_s_job_needs_no_store_and_may_have_moved(home: Path, output: Path) -> None:
    keep(record(Path("/elsewhere"), HERE), None, output)
    assert find_job(str(output), home).summary.output == str(output)
    assert not home.exists()


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"jobId": 1}', "no JSON", '{"jobId": "j1", "outputs": 7, "progress": 3}']
)
def test_a_folder_with_a_strange_record(text: str, home: Path, output: Path) -> None:
    (output / "job.json").write_text(text)
    if "j1" in text:
        assert find_job(str(output), home).summary == JobSummary(
            "j1", "", "", str(output), (), "", "", 0.0, ""
        )
        return
    with pytest.raises(UsageError) as caught:
        find_job(str(output), home)
    assert caught.value.line == (
        f"the folder {output} holds no record of a job; name a job's output folder, or its id"
    )


@pytest.mark.parametrize("job", ["", "\0", "j9"])
def test_a_name_that_is_no_job_s(job: str, home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_job(job, home)
    assert caught.value.code is codes.JOB_NOT_FOUND


# -- the wish --


def test_a_job_sees_the_wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("ingest.pipeline.wish.time", SimpleNamespace(monotonic=lambda: now))
    token, wish = JobToken(CancelToken()), wish_file(tmp_path, 7, None)
    assert wish == tmp_path / "cancel-7-x"
    assert write_wish(wish)
    assert not token.requested  # it does not look yet
    token.watch(wish)
    assert token.requested
    with pytest.raises(Cancelled) as caught:
        token.check()
    assert (caught.value.line, exit_code_of(caught.value)) == ("cancelled by `ingest cancel`", 143)


def test_a_job_looks_five_times_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [100.0, 100.1, 100.19, 100.25, 100.3, 100.5]
    clock = iter(times)
    monkeypatch.setattr("ingest.pipeline.wish.time", SimpleNamespace(monotonic=lambda: next(clock)))
    looks: list[Path] = []
    monkeypatch.setattr("ingest.pipeline.wish.os.access", lambda path, _: bool(looks.append(path)))
    token = JobToken(CancelToken())
    token.watch(tmp_path / "cancel-7-x")
    assert [token.requested for _ in times] == [False] * 6
    assert len(looks) == 3


def test_a_job_looks_again_at_once_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pipeline.wish.time", SimpleNamespace(monotonic=lambda: 100.0))
    token, wish = JobToken(CancelToken()), wish_file(tmp_path, 7, None)
    token.watch(wish)
    assert not token.requested
    write_wish(wish)
    assert not token.requested
    token.look()
    assert token.requested


def test_a_wish_in_a_short_step_is_seen_before_the_next_one(
    home: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"nobody looks into it")
    monkeypatch.setattr("ingest.pipeline.wish.time", SimpleNamespace(monotonic=lambda: 100.0))

    def wished(made: Made) -> Outcome[Any]:
        return Outcome(write_wish(wish_file(made.workspace.work, PID, STARTED)))

    steps = (
        STEPS[0],
        Step(codes.PROBING_AUDIO, "audio", wished),
        Step(codes.PROBING_VIDEO_KLV, "klv", lambda _: Outcome(None)),
    )
    monkeypatch.setattr("ingest.pipeline.runner.STEPS", steps)
    made = ingest.run(tmp_path / "film.mp4", ["sd"], output)
    assert (made.status, made.error and made.error.message) == (
        Status.CANCELLED,
        "cancelled by `ingest cancel`",
    )
    assert [s.code for s in made.steps] == [117, 155]


def test_another_process_s_wish_means_nothing(tmp_path: Path) -> None:
    token = JobToken(CancelToken())
    write_wish(wish_file(tmp_path, 7, 1))
    token.watch(wish_file(tmp_path, 7, 2))
    assert not token.requested


def test_the_caller_s_token_counts_and_stays_its_own(tmp_path: Path) -> None:
    caller = CancelToken()
    one, other = JobToken(caller), JobToken(caller)
    one.cancel(15, BY)
    assert (one.requested, other.requested, caller.requested) == (True, False, False)
    caller.cancel(signal.SIGHUP)
    assert other.requested
    with pytest.raises(Cancelled) as caught:
        other.check()
    assert exit_code_of(caught.value) == 129


def test_a_wish_without_a_work_folder_is_not_written(tmp_path: Path) -> None:
    assert not write_wish(tmp_path / "gone" / "cancel-7-x")


# -- cancelling --


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_has_ended_is_not_cancelled(status: Status, home: Path, output: Path) -> None:
    keep(record(output, GONE).with_status(status), home, output)
    with pytest.raises(UsageError) as caught:
        cancel_job(JOB_ID, home)
    assert (caught.value.code, exit_code_of(caught.value)) == (codes.JOB_NOT_CANCELLABLE, 2)
    assert caught.value.line == f"job {JOB_ID} has ended: it is {status}"


def test_what_is_cancelled_is_fine(home: Path, output: Path) -> None:
    keep(record(output, GONE).with_status(Status.CANCELLED), home, output)
    done = cancel_job("j1b8", home)
    assert done == Cancellation(JOB_ID, str(output), Status.CANCELLED, done.seconds)


@pytest.mark.parametrize(
    ("process", "line"),
    [
        (Process(pid=1, host="elsewhere"), f"job {JOB_ID} runs on elsewhere; cancel it on elsewhere"),
        (None, f"job {JOB_ID} names no process that runs it"),
    ],
)
def test_a_job_of_another_machine(process: Process | None, line: str, home: Path, output: Path) -> None:
    keep(record(output, process), home, output)
    with pytest.raises(UsageError) as caught:
        cancel_job(JOB_ID, home)
    assert (caught.value.code, caught.value.line) == (codes.JOB_NOT_CANCELLABLE, line)


@pytest.mark.parametrize("where", ["store", "folder", "both"])
def test_the_record_of_a_dead_job_is_put_right(where: str, home: Path, output: Path) -> None:
    made = record(output, GONE)
    keep(made, home if where != "folder" else None, output if where != "store" else None)
    (output / f".work-{JOB_ID}").mkdir()
    done = cancel_job(str(output) if where == "folder" else JOB_ID, home)
    assert done == Cancellation(JOB_ID, str(output), Status.CANCELLED, done.seconds, interrupted=True)
    found = []
    if where != "folder":
        found.append(stored(home))
    if where != "store":
        found.append(Record.from_json((output / "job.json").read_bytes()))
    for now in found:
        assert (now.status, [o.status for o in now.outputs]) == (Status.CANCELLED, ["CANCELLED", "LEFT_OUT"])
        assert now.error is not None
        assert (now.error.code, now.error.step_code, now.error.exit_code) == (9323, 117, 143)
        assert now.error.message == "cancelled by `ingest cancel`, after its process had ended"
        assert now.times.ended is not None
        assert now.steps[-1].result == "cancelled"
        assert now.steps[-1].ended == now.times.ended
    assert not (output / f".work-{JOB_ID}").exists()
    assert home.exists() == (where != "folder")


def test_a_dead_job_s_folder_that_another_run_holds_is_left_alone(home: Path, output: Path) -> None:
    keep(record(output, GONE), home, None)
    source = output.parent / "clip.mp4"
    source.write_bytes(b"")
    other = Workspace.claim(output, source, "j00000000-0000-4000-8000-000000000002", force=False)
    try:
        assert cancel_job(JOB_ID, home).interrupted
        assert other.package.is_dir()
    finally:
        other.release()
    assert stored(home).status is Status.CANCELLED


def test_a_dead_job_whose_package_stands_is_not_called_cancelled(home: Path, output: Path) -> None:
    made = record(output, GONE)
    keep(made, home, output)
    (output / "ABR.m3u8").touch()
    with pytest.raises(UsageError) as caught:
        cancel_job(JOB_ID, home)
    assert caught.value.line == (
        f"job {JOB_ID} has published its package; only the end of its record is missing; "
        "run it again with --force"
    )
    assert stored(home).status is Status.EXECUTING


def test_a_dead_job_of_another_version(home: Path, output: Path) -> None:
    made = record(output, GONE)
    with open_store(home) as store:
        store.save('{"jobId": "x"}', summary=JobSummary.of(made))
    with pytest.raises(OutputError, match="was written by another version of ingest"):
        cancel_job(JOB_ID, home)


def test_a_running_job_gets_the_wish(home: Path, output: Path) -> None:
    keep(record(output, HERE), home, output)
    work = output / f".work-{JOB_ID}"
    work.mkdir()
    done = cancel_job(JOB_ID, home, wait=False)
    assert done == Cancellation(JOB_ID, str(output), Status.CANCELLING, done.seconds)
    assert list(work.iterdir()) == [wish_file(work, PID, STARTED)]


def test_a_running_job_is_waited_for(home: Path, output: Path) -> None:
    """The work folder comes late, and the end is seen in the job's own file."""
    made = record(output, HERE)
    keep(made, home, output)
    work = output / f".work-{JOB_ID}"

    def job() -> None:
        work.mkdir()
        while not wish_file(work, PID, STARTED).exists():
            pass
        (output / "job.json").write_text(made.with_status(Status.CANCELLED).to_json())

    thread = threading.Timer(0.2, job)
    thread.start()
    done = cancel_job(JOB_ID, home)
    thread.join()
    assert (done.status, done.interrupted, done.seconds >= 0.2) == (Status.CANCELLED, False, True)


def test_a_job_that_does_not_stop(home: Path, output: Path) -> None:
    keep(record(output, HERE), home, output)
    with pytest.raises(ResourceError) as caught:
        cancel_job(JOB_ID, home, patience=0.1)
    assert (caught.value.code, exit_code_of(caught.value)) == (codes.JOB_NOT_STOPPED, 6)
    assert caught.value.message == f"job {JOB_ID} has not stopped within 0.1 s (process {PID})"


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ((), [f"job {JOB_ID} is CANCELLED; its process had ended before"]),
        (
            ("--json",),
            [
                *("{", f'  "jobId": "{JOB_ID}",', '  "output": "{OUT}",', '  "status": "CANCELLED",'),
                *('  "interrupted": true,', '  "seconds": {S}', "}"),
            ],
        ),
    ],
)
def test_the_command(arguments: tuple[str, ...], lines: list[str], home: Path, output: Path) -> None:
    keep(record(output, GONE), home, output)
    result = CliRunner().invoke(main, ["cancel", "j1b", *arguments])
    said = result.stdout
    if arguments:
        said = said.replace(str(output), "{OUT}").replace(str(json.loads(said)["seconds"]), "{S}")
    assert (result.exit_code, said.splitlines(), result.stderr) == (0, lines, "")
    again = CliRunner().invoke(main, ["cancel", "j1b"])
    assert (again.exit_code, again.stdout) == (0, f"job {JOB_ID} is CANCELLED\n")


def test_the_command_that_does_not_wait(home: Path, output: Path) -> None:
    keep(record(output, HERE), home, output)
    (output / f".work-{JOB_ID}").mkdir()
    result = CliRunner().invoke(main, ["cancel", str(output), "--no-wait"])
    assert (result.exit_code, result.stdout) == (0, f"job {JOB_ID} was asked to stop\n")


def test_the_command_without_such_a_job(home: Path) -> None:
    result = CliRunner().invoke(main, ["cancel", "j9"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("ingest: error: no job 'j9'")
