"""Which jobs can be taken up, with what request, and what a claimed folder finds of them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.job import codes
from ingest.job.errors import BusyError, UsageError
from ingest.job.record import Process, Record, utc_now
from ingest.job.status import Status
from ingest.media.logo_choice import Logo
from ingest.media.options import Options
from ingest.pipeline.cleaning import Cleaned, clean_all, clean_jobs
from ingest.pipeline.first_record import first_record, request_of, this_process
from ingest.pipeline.request import Request
from ingest.pipeline.resuming import stopped_job
from ingest.pipeline.workspace import Workspace
from ingest.steps import checkpoints
from ingest.store import JobSummary, open_store

OTHER = "j11111111-1111-1111-1111-111111111111"
MINE = "j22222222-2222-2222-2222-222222222222"
OPTIONS = Options(
    codecs=("h264", "av1"),
    klv=Path("/a b/c.klv"),
    hdr="keep",
    loudness=-23.0,
    jobs=3,
    allow_damage=True,
    mp4=True,
    start=0.1,
    end=7.25,
    thumbnails=("160x90", "320x180@5s"),
    audio=False,
    crop=(140, 0, 140, 0),
    pad=(16, 9, "#102030"),
    logos=(Logo(Path("/a b/c:d.png"), "left", 12.5, 0.8), Logo(Path("/e.jpg"))),
)


def request_in(folder: Path, **changes: Any) -> Request:
    source = folder / os.fsdecode(b"caf\xe9 \xff#%.mp4")
    return replace(
        Request(source=source, resolutions=("sd", "hd"), output=folder / "out put", options=OPTIONS),
        **changes,
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"force": True}, {"options": Options()}, {"preset_dir": Path("/a b")}, {"chunk_seconds": 2.5}],
)
def test_a_request_comes_back_from_its_record(tmp_path: Path, changes: dict[str, Any]) -> None:
    request = request_in(tmp_path, **changes)
    kept = Record.from_json(first_record(request).to_json()).request
    assert kept is not None
    assert request_of(kept) == request


def saved(folder: Path, status: Status, process: Process | None) -> Record:
    """A record in its folder and nowhere else."""
    record = first_record(request_in(folder)).evolve(status=status, process=process)
    record = record.with_message(codes.STARTING_INGEST)
    (folder / "out put").mkdir(exist_ok=True)
    (folder / "out put/job.json").write_text(record.to_json())
    return record


GONE = Process(pid=2**22 - 1, host=this_process().host, started=1)


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.EXECUTING, Status.CANCELLING])
def test_a_job_that_nobody_runs_goes_on(tmp_path: Path, status: Status) -> None:
    record = saved(tmp_path, status, GONE)
    stopped = stopped_job(str(tmp_path / "out put"), tmp_path / "home")
    assert stopped.request == request_in(tmp_path)
    assert stopped.was == status
    assert (stopped.record.job_id, stopped.record.status) == (record.job_id, Status.SUBMITTED)
    assert stopped.record.messages == ("Starting Ingest",)
    assert stopped.record.process == this_process()


def test_a_folder_that_was_moved_is_where_it_goes_on(tmp_path: Path) -> None:
    saved(tmp_path, Status.FAILED, GONE)
    moved = (tmp_path / "out put").rename(tmp_path / "moved")
    stopped = stopped_job(str(moved), tmp_path / "home")
    assert stopped.request.output == moved
    assert stopped.record.output == str(moved)
    assert stopped.record.inputs.service_url == f"file://{moved}/"


@pytest.mark.parametrize(
    ("status", "process", "error", "code"),
    [
        (Status.COMPLETED, GONE, UsageError, codes.JOB_NOT_RESUMABLE),
        (Status.EXECUTING, this_process(), BusyError, codes.OUTPUT_BUSY),
        (Status.EXECUTING, Process(pid=1, host="elsewhere"), UsageError, codes.JOB_NOT_RESUMABLE),
        (Status.EXECUTING, None, UsageError, codes.JOB_NOT_RESUMABLE),
    ],
)
def test_what_cannot_go_on(
    tmp_path: Path, status: Status, process: Process | None, error: type[Exception], code: codes.Code
) -> None:
    saved(tmp_path, status, process)
    with pytest.raises(error) as raised:
        stopped_job(str(tmp_path / "out put"), tmp_path / "home")
    assert raised.value.code is code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(request=None),
        lambda d: d["request"]["options"].update(newer=1),
        lambda d: d.update(later=1),
    ],
)
def test_a_record_of_another_version(tmp_path: Path, spoil: Any) -> None:
    record = saved(tmp_path, Status.FAILED, GONE)
    document = json.loads(record.to_json())
    spoil(document)
    (tmp_path / "out put/job.json").write_text(json.dumps(document))
    with pytest.raises(UsageError) as raised:
        stopped_job(str(tmp_path / "out put"), tmp_path / "home")
    assert raised.value.code is codes.JOB_NOT_RESUMABLE
    assert raised.value.remedy == "run `ingest run` with its source again"


def left_behind(output: Path, job: str, *, finished: bool = True) -> Path:
    work = output / f".work-{job}"
    (work / "package/video").mkdir(parents=True)
    temporary = work / "temporary"
    temporary.mkdir()
    checkpoints.begin(temporary, job)
    if finished:
        (temporary / "chunks/00000").mkdir(parents=True)
        checkpoints.store(temporary / "chunks/00000/chunk.json", {"frames": 1})
    return work


def test_a_claim_goes_on_with_what_the_job_has_left(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    left_behind(output, MINE)
    claimed = Workspace.claim(output, tmp_path / "film.mp4", MINE, force=False)
    assert claimed.left == ()
    assert checkpoints.holds(claimed.temporary, MINE)
    assert (claimed.temporary / "chunks/00000/chunk.json").exists()
    assert list(claimed.package.iterdir()) == []
    assert claimed.discard(keep=True)
    assert sorted(p.name for p in claimed.work.iterdir()) == ["temporary"]
    assert not claimed.discard()
    assert list(output.iterdir()) == []
    claimed.release()


def test_what_other_jobs_have_left_stays_theirs_until_there_is_a_package(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    third = "j33333333-3333-3333-3333-333333333333"
    works = {job: left_behind(output, job) for job in (OTHER, third)}
    for seconds, job in ((20, OTHER), (10, third)):
        os.utime(works[job], (seconds, seconds))
    claimed = Workspace.claim(output, tmp_path / "film.mp4", MINE, force=False)
    assert claimed.left == (works[OTHER] / "temporary", works[third] / "temporary")
    assert [p.name for p in works[OTHER].iterdir()] == ["temporary"]
    assert list(claimed.temporary.iterdir()) == []
    assert not claimed.discard(keep=True)
    assert checkpoints.holds(works[OTHER] / "temporary", OTHER)
    claimed.release()
    again = Workspace.claim(output, tmp_path / "film.mp4", MINE, force=False)
    (again.package / "ABR.m3u8").write_text("#EXTM3U")
    again.publish()
    again.release()
    assert [p.name for p in output.iterdir()] == ["ABR.m3u8"]


def test_nothing_is_kept_where_nothing_is_finished(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    left_behind(output, OTHER, finished=False)
    claimed = Workspace.claim(output, tmp_path / "film.mp4", MINE, force=False)
    assert list(claimed.temporary.iterdir()) == []
    assert not claimed.discard(keep=True)
    assert list(output.iterdir()) == []
    claimed.release()


def test_cleaning(tmp_path: Path) -> None:
    record = saved(tmp_path, Status.FAILED, GONE)
    output = tmp_path / "out put"
    work = left_behind(output, record.job_id)
    (work / "temporary/rungs").mkdir()
    (work / "temporary/rungs/sd.mp4").write_bytes(bytes(5000))
    home = tmp_path / "home"
    with open_store(home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
    (found,) = clean_all(home)
    assert found.output == str(output)
    assert found.freed > 5000
    assert [p.name for p in output.iterdir()] == ["job.json"]
    assert clean_all(home) == []
    assert clean_jobs([record.job_id[:9]], home) == [Cleaned(str(output))]


def test_cleaning_leaves_a_run_alone(tmp_path: Path) -> None:
    record = saved(tmp_path, Status.EXECUTING, this_process())
    output = tmp_path / "out put"
    home = tmp_path / "home"
    with open_store(home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
    claimed = Workspace.claim(output, tmp_path / "film.mp4", MINE, force=False)
    (found,) = clean_all(home)
    assert found.freed == 0
    assert "is in use by" in found.why_not
    other = tmp_path / "other"
    other.mkdir()
    (other / "job.json").write_text(record.to_json())
    left_behind(other, record.job_id)
    named = [str(output), "j0gone", str(other)]
    busy, unknown, free = clean_jobs(named, home)
    assert isinstance(busy.error, BusyError)
    assert (unknown.output, unknown.error and unknown.error.code) == ("j0gone", codes.JOB_NOT_FOUND)
    assert (free.output, free.error) == (str(other), None)
    assert free.freed > 0
    assert [p.name for p in other.iterdir()] == ["job.json"]
    assert claimed.package.is_dir()
    left_behind(other, record.job_id)
    done = CliRunner(env={"INGEST_HOME": str(home)}).invoke(main, ["clean", *named])
    assert done.exit_code == 7
    assert done.stdout.splitlines() == [
        f"{output}: {busy.error.message}",
        f"j0gone: {unknown.why_not}",
        f"{other}: {free.freed / 2**20:.1f} MiB freed",
    ]
    assert done.stderr.splitlines() == [f"ingest: error: {busy.error.line}"]
    claimed.release()


def test_the_times_of_a_resumed_job(tmp_path: Path) -> None:
    record = saved(tmp_path, Status.FAILED, GONE)
    ended = record.evolve(times=record.times.model_copy(update={"ended": utc_now(), "seconds": 4.0}))
    again = ended.resumed(this_process())
    assert again.times.submitted == record.times.submitted
    assert (again.times.ended, again.times.seconds) == (None, None)
