from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.store import JobSummary, is_alive, is_interrupted, this_process
from ingest.store.liveness import start_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator


def stamp(offset_seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=offset_seconds)).isoformat().replace("+00:00", "Z")


def job(
    pid: int | None,
    *,
    host: str | None = None,
    started: int | None = None,
    updated: str = "",
    status: str = "EXECUTING",
) -> JobSummary:
    return JobSummary(
        job_id="j1",
        status=status,
        source="s",
        output="o",
        resolutions=(),
        created="2026-11-22T11:14:29.123Z",
        updated=updated or stamp(),
        percent=0.0,
        step="",
        pid=pid,
        host=host or socket.gethostname(),
        pid_started=started,
    )


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A running process whose name would fool a careless reader of /proc/<pid>/stat."""
    code = "import ctypes; ctypes.CDLL(None).prctl(15, b') Z 1 (x'); print('up', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def test_this_process_runs() -> None:
    pid, host, started = this_process()
    assert (pid, host) == (os.getpid(), socket.gethostname())
    assert is_alive(job(pid, host=host, started=started)) is True
    assert is_alive(job(pid, host=host)) is True


def test_the_start_time_is_the_kernels() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert start_ticks(os.getpid()) == int(fields[22 - 3])


def test_a_strange_process_name_does_not_confuse(child: subprocess.Popen[str]) -> None:
    assert "(" + ") Z 1 (x" + ")" in Path(f"/proc/{child.pid}/stat").read_text()
    assert is_alive(job(child.pid, started=start_ticks(child.pid))) is True


def test_a_killed_process_is_dead_also_before_it_is_waited_for(child: subprocess.Popen[str]) -> None:
    mine = job(child.pid, started=start_ticks(child.pid))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert is_alive(mine) is False
    child.wait()
    assert is_alive(mine) is False


def test_another_process_with_the_same_id_is_not_it(child: subprocess.Popen[str]) -> None:
    ticks = start_ticks(child.pid)
    assert ticks is not None
    assert is_alive(job(child.pid, started=ticks - 1)) is False


def test_without_a_start_time_the_last_update_decides(child: subprocess.Popen[str]) -> None:
    assert is_alive(job(child.pid, updated=stamp())) is True
    assert is_alive(job(child.pid, updated=stamp(-60))) is False


def test_elsewhere_nobody_can_tell() -> None:
    assert is_alive(job(os.getpid(), host="another-machine")) is None
    assert is_alive(job(None)) is None


@pytest.mark.parametrize(
    ("status", "interrupted"),
    [
        ("SUBMITTED", True),
        ("EXECUTING", True),
        ("CANCELLING", True),
        ("CANCELLED", False),
        ("FAILED", False),
        ("COMPLETED", False),
        ("SOMETHING_NEWER", False),
    ],
)
def test_only_an_unfinished_job_is_interrupted(status: str, interrupted: bool) -> None:
    assert is_interrupted(job(os.getpid(), started=-1, status=status)) is interrupted
    assert is_interrupted(job(os.getpid(), host="another-machine", status=status)) is False
