"""What commands use: CPU seconds of a whole process tree, and of one `ingest run` step by step. Linux only.

CPU seconds are user and system time. A tree is counted through `os.wait4`: the process and every descendant that
was waited for, as ingest waits for each of its programs. One process by itself is read from /proc, whose clock
ticks (10 ms as a rule) are the resolution.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TICK = 1 / os.sysconf("SC_CLK_TCK")


class FailedRunError(Exception):
    """A measured command did not end with 0."""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds: `own` of the Python process, `programs` of all that it has started and waited for."""

    own: float
    programs: float

    def since(self, before: Spent) -> Spent:
        return Spent(self.own - before.own, self.programs - before.programs)


@dataclass(frozen=True, slots=True)
class Watched:
    """One `ingest run`: CPU seconds, peak resident bytes of the Python process alone, seconds on the clock.

    `largest_bytes` is what the largest single process of the tree had resident at most: the encoder, as a rule.

    `steps` maps each step's message to what was spent from that message to the next one; the keys `START` and
    `END` hold what lies before the first and after the last.
    """

    cpu: float
    own_cpu: float
    own_bytes: int
    seconds: float
    seconds_to_encode: float
    steps: Mapping[str, Spent]
    largest_bytes: int


START, END, ENCODE = "start of Python, imports", "end of Python", "Transcoding with CPU"


def cpu_seconds(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> tuple[float, float]:
    """CPU seconds of the tree, and seconds on the clock. Raises FailedRunError."""
    began = time.monotonic()
    child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    cpu, _ = _reap(child)
    return cpu, time.monotonic() - began


def watch(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Watched:
    """Run `ingest run ... --progress json` and read the kernel's counters at each message. Raises FailedRunError."""
    began = time.monotonic()
    child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert child.stdout is not None
    steps: dict[str, Spent] = {}
    step, before, peak, encode = START, Spent(0, 0), 0, 0.0
    for line in child.stdout:
        event = json.loads(line)
        peak = max(peak, _peak_bytes(child.pid))
        if event["event"] == "end" or (event["event"] == "message" and event["kind"] == "step"):
            now = _spent(child.pid)
            steps[step] = now.since(before)
            step, before = event.get("message", END), now
            if step == ENCODE:
                encode = time.monotonic() - began
    # Dead but not reaped, it still has its counters.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    last = _spent(child.pid)
    steps[step] = last.since(before)
    cpu, largest = _reap(child)
    return Watched(cpu, last.own, peak, time.monotonic() - began, encode, steps, largest)


def _reap(child: subprocess.Popen[bytes]) -> tuple[float, int]:
    """CPU seconds of the tree, and the most that one process of it had resident, in bytes."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.stdout is not None:
        child.stdout.close()
    if child.returncode != 0:
        raise FailedRunError(f"{child.args!r} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024  # Linux: KiB


def _spent(pid: int) -> Spent:
    # proc(5): fields 14 to 17 are utime, stime, cutime, cstime; the name in parentheses may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(value) for value in fields[11:15])
    return Spent((utime + stime) * TICK, (cutime + cstime) * TICK)


def _peak_bytes(pid: int) -> int:
    """VmHWM, the most that was ever resident; 0 once the process has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
