"""Whether the process that a record names still runs.

A record that says EXECUTING may have been left by a process that was killed. A process id alone does not
tell: the kernel gives it to another process later, so its start time is compared too.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ingest.job.status import Status

if TYPE_CHECKING:
    from ingest.store.model import JobSummary

PROC = Path("/proc")
# Start times are rounded down to clock ticks and the boot time to whole seconds.
SLACK_SECONDS = 2.0


class ProcessId(NamedTuple):
    """One process among all machines; `started` is clock ticks since boot, None without /proc."""

    pid: int
    host: str
    started: int | None


def this_process() -> ProcessId:
    pid = os.getpid()
    return ProcessId(pid, socket.gethostname(), start_ticks(pid))


def start_ticks(pid: int) -> int | None:
    """Clock ticks from boot to the start of a process (proc_pid_stat(5), field 22).

    None when it is gone, is a zombie, or there is no /proc.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name in field 2 may hold spaces and parentheses; field 3 starts after the last one.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])


def is_alive(job: JobSummary) -> bool | None:
    """Whether the job's process still runs; None when this machine cannot tell (another host, none named)."""
    if job.pid is None or job.host != socket.gethostname():
        return None
    if not (PROC / "self").exists():
        return _answers(job.pid)
    ticks = start_ticks(job.pid)
    if ticks is None:
        return False
    if job.pid_started is not None:
        return ticks == job.pid_started
    # The job's process wrote `updated`: one that began after it is another process with the same id.
    return _wall_clock(ticks) <= datetime.fromisoformat(job.updated).timestamp() + SLACK_SECONDS


def is_interrupted(job: JobSummary) -> bool:
    """Whether the job says that it runs, waits or is being cancelled while its process is gone."""
    status = Status.__members__.get(job.status)
    return status is not None and not status.final and is_alive(job) is False


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wall_clock(ticks: int) -> float:
    """Seconds since the epoch of a moment given in clock ticks since boot (proc_stat(5), btime)."""
    lines = (PROC / "stat").read_text("ascii").splitlines()
    booted = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return booted + ticks / os.sysconf("SC_CLK_TCK")
