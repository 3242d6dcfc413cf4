"""What commands use: CPU seconds of a whole process tree, and of one `ingest run` step by step. Linux only.

CPU seconds are user and system time. A tree is counted through `os.wait4`: the process and every descendant that
was waited for, as ingest waits for each of its programs. One process by itself is read from /proc, whose clock
ticks (10 ms as a rule) are the resolution.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
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

    `seconds_to_program` go by until its first ffmpeg or ffprobe runs (0 where none was seen), `seconds_to_encode`
    until the step that encodes begins. `largest_bytes` is what the largest single process of the tree had resident
    at most: the encoder, as a rule.

    `steps` maps each step's message to what was spent from that message to the next one; the keys `START` and
    `END` hold what lies before the first and after the last.
    """

    cpu: float
    own_cpu: float
    own_bytes: int
    seconds: float
    seconds_to_program: float
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
    first_program: list[float] = []
    watcher = threading.Thread(target=_see_first_program, args=(child, first_program))
    watcher.start()
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
    watcher.join()
    last = _spent(child.pid)
    steps[step] = last.since(before)
    cpu, largest = _reap(child)
    program = first_program[0] - began if first_program else 0.0
    return Watched(cpu, last.own, peak, time.monotonic() - began, program, encode, steps, largest)


def _see_first_program(parent: subprocess.Popen[bytes], seen: list[float]) -> None:
    """Append the time at which the first ffmpeg or ffprobe of it runs; looks every 2 ms, for ten seconds at most."""
    until = time.monotonic() + 10
    while not seen and time.monotonic() < until:
        names = [_name_of_child(process, parent.pid) for process in Path("/proc").glob("[0-9]*")]
        if any(name.startswith(("ffmpeg", "ffprobe")) for name in names):
            seen.append(time.monotonic())
        time.sleep(0.002)


def _name_of_child(process: Path, parent: int) -> str:
    """The name of a process of /proc, empty where it is no child of `parent` or has just ended."""
    try:
        start, _, rest = (process / "stat").read_text().rpartition(")")  # proc(5): pid (name) state parent
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return start.partition("(")[2] if int(rest.split()[1]) == parent else ""


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
