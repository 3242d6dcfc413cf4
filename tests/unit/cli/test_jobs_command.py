from __future__ import annotations

import dataclasses
import json
import re
import socket
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.store import JobSummary, open_store, this_process

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = JobSummary(
    job_id="j11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    status="EXECUTING",
    source="/videos/[red]one\x1b[31m.mp4",
    output="/videos/one_ingest",
    resolutions=("sd", "fhd"),
    created="2026-11-22T11:14:29.123Z",
    updated="2026-11-22T11:14:31.000Z",
    percent=12.5,
    step="Transcoding with CPU",
    pid=this_process().pid,
    host=socket.gethostname(),
    pid_started=this_process().started,
)
DEAD = dataclasses.replace(
    RUNNING, job_id="j2222222-2", source="/videos/two.mp4", created="2026-11-22T11:14:30.000Z", pid_started=-1
)
DONE = JobSummary(
    job_id="j33333333-cccc-4ccc-8ccc-cccccccccccc",
    status="COMPLETED",
    source=f"/videos/{'long' * 60}.mp4",
    output="/videos/three_ingest",
    resolutions=("hd",),
    created="2026-11-21T08:00:00.000Z",
    updated="2026-11-21T08:01:00.000Z",
    percent=100.0,
    step="Ingest Complete",
)
REMEDY = "move the file away, or set INGEST_HOME to another folder"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("INGEST_HOME", str(folder))
    return folder


def fill(home: Path, *jobs: JobSummary) -> None:
    with open_store(home) as store:
        for job in jobs:
            store.save("{}", summary=job)


def run(*args: str) -> str:
    result = CliRunner().invoke(main, ["jobs", *args])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_no_jobs_and_no_folder_made(home: Path) -> None:
    assert run() == "no jobs\n"
    assert run("--status", "failed") == "no FAILED jobs\n"
    assert run("--json") == "[]\n"
    assert not home.exists()


def test_the_table(home: Path) -> None:
    fill(home, RUNNING, DEAD, DONE)
    listed = run("--limit", "3").splitlines()
    assert [re.split("  +", line) for line in listed] == [
        ["JOB", "STATUS", "%", "STEP", "CREATED", "RESOLUTIONS", "SOURCE"],
        [
            "j2222222-",
            "EXECUTING (dead)",
            "12",
            "Transcoding with CPU",
            "2026-11-22 11:14:30Z",
            "sd,fhd",
            "/videos/two.mp4",
        ],
        [
            "j11111111",
            "EXECUTING",
            "12",
            "Transcoding with CPU",
            "2026-11-22 11:14:29Z",
            "sd,fhd",
            "/videos/[red]one\\x1b[31m.mp4",
        ],
        ["j33333333", "COMPLETED", "100", "Ingest Complete", "2026-11-21 08:00:00Z", "hd", DONE.source],
        ["dead = interrupted: its process is gone; run the same command again"],
    ]
    assert {line.index("/videos/") for line in listed if "/videos/" in line} == {listed[0].index("SOURCE")}


def test_looking_changes_nothing(home: Path) -> None:
    fill(home, DEAD)
    run()
    with open_store(home) as store:
        assert store.list() == (DEAD,)


def test_status_and_limit(home: Path) -> None:
    fill(home, RUNNING, DEAD, DONE)
    assert [line.split()[0] for line in run("--status", "completed").splitlines()] == ["JOB", "j33333333"]
    assert [line.split()[0] for line in run("--limit", "1").splitlines()] == ["JOB", "j2222222-", "dead"]


def test_json(home: Path) -> None:
    fill(home, DEAD, DONE)
    assert json.loads(run("--json")) == [
        {
            "jobId": "j2222222-2",
            "status": "EXECUTING",
            "source": "/videos/two.mp4",
            "output": "/videos/one_ingest",
            "resolutions": ["sd", "fhd"],
            "created": "2026-11-22T11:14:30.000Z",
            "updated": "2026-11-22T11:14:31.000Z",
            "percent": 12.5,
            "step": "Transcoding with CPU",
            "pid": DEAD.pid,
            "host": DEAD.host,
            "pidStarted": -1,
            "interrupted": True,
        },
        {
            "jobId": DONE.job_id,
            "status": "COMPLETED",
            "source": DONE.source,
            "output": "/videos/three_ingest",
            "resolutions": ["hd"],
            "created": "2026-11-21T08:00:00.000Z",
            "updated": "2026-11-21T08:01:00.000Z",
            "percent": 100.0,
            "step": "Ingest Complete",
            "pid": None,
            "host": None,
            "pidStarted": None,
            "interrupted": False,
        },
    ]


def test_a_store_that_cannot_be_opened(home: Path) -> None:
    home.mkdir()
    (home / "jobs.sqlite3").write_text("not a database " * 100)
    result = CliRunner().invoke(main, ["jobs"])
    assert (result.exit_code, result.stdout, result.stderr) == (
        4,
        "",
        f"ingest: error: job store {home}/jobs.sqlite3: file is not a database; {REMEDY}\n",
    )
