"""Bad days for a job, one after the other: a full disk, a wish to stop, a program that hangs, one without memory.

A film is ingested undisturbed; then, at ten moments each, the disk that a job writes to is filled (a tmpfs, which only
root may mount), and `ingest cancel` is called; ffmpeg is stopped (SIGSTOP) at two moments, and started once with too
little memory. Each job must end by itself with the exit code and status of what happened, a record that can be read,
and no process; a cancel must take less than 2 s; and `ingest resume` must make the undisturbed package of it with
nothing left over. Ends with 1 where it does not.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kills import Job, descendants, film, finished_chunks, named, pictures, record_in, small_presets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = ("disk", "cancel", "hang", "memory")
CANCELLED, RESOURCES = 143, 6
DISK_FULL, OUT_OF_MEMORY, STALLED = 9317, 9356, 9320
STALL = 4  # seconds that a program may do nothing
ALLOWED = 2.0  # seconds of a cancel
DISK = 256 * 2**20
MEMORY = "220M"  # enough to look at the film, too little to encode it


@dataclass(frozen=True)
class Day:
    """`took`: seconds from what was done to the job's end; `late`: it was done before it could be disturbed."""

    kind: str
    moment: float
    step: str
    took: float
    chunks: int
    faults: tuple[str, ...]
    late: bool = False


@dataclass(frozen=True)
class Kept:
    """The undisturbed package's pictures, and how long a job takes."""

    pictures: dict[str, list[str]]
    seconds: float


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def fill(path: Path) -> None:
    """Take all that is free, to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def begun(job: Job, output: Path, more: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        job.command(*job.asked(output)),
        env=job.environment() | more,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def one_day(job: Job, kind: str, moment: float, place: Path, kept: Kept) -> Day:
    output = place / "out"
    more = {"disk": {"INGEST_MIN_FREE": "0"}, "hang": {"INGEST_STALL_SECONDS": str(STALL)}}.get(kind, {})
    more |= {"INGEST_MAX_MEMORY": MEMORY} if kind == "memory" else {}
    running = begun(job, output, more)
    disturb: Callable[[], float | None] = {
        "disk": lambda: fill(place / "filler"),
        "cancel": lambda: cancelled(job, output),
        "hang": lambda: stopped(running),
        "memory": lambda: None,
    }[kind]
    until(lambda: (output / "job.json").exists() or running.poll() is not None)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(moment)
    below, began = descendants(running.pid), time.monotonic()
    late = running.poll() is not None and kind != "memory"
    disturb()
    status = running.wait()
    took = time.monotonic() - began
    record = record_in(output)
    step = record["steps"][-1]["message"] if record["steps"] else ""
    (place / "filler").unlink(missing_ok=True)
    if record["status"] == "COMPLETED":
        return Day(kind, moment, step, took, 0, tuple(whole(job, output, kept)), late=True)
    faults = [f"process {p} was left" for p in alive(below)]
    code = (record["error"] or {}).get("code")
    wanted = {
        "disk": (RESOURCES, "FAILED", DISK_FULL),
        "cancel": (CANCELLED, "CANCELLED", None),
        "hang": (RESOURCES, "FAILED", STALLED),
        "memory": (RESOURCES, "FAILED", OUT_OF_MEMORY),
    }[kind]
    if (status, record["status"]) != wanted[:2] or wanted[2] not in {None, code}:
        faults.append(
            f"ended with {status}, {record['status']}, {code}: {(record['error'] or {}).get('message')}"
        )
    if kind == "cancel" and not late and took > ALLOWED:
        faults.append(f"it took {took:.1f} s to stop")
    chunks = len(finished_chunks(output))
    again = job.run("resume", output)
    if again.returncode != 0:
        faults.append(f"not resumed: {again.stderr.decode('utf-8', 'replace').strip()[-200:]}")
    else:
        faults += whole(job, output, kept)
    return Day(kind, moment, step, took, chunks, tuple(faults), late=late)


def whole(job: Job, output: Path, kept: Kept) -> list[str]:
    faults = [] if pictures(output) == kept.pictures else ["other pictures than the undisturbed package's"]
    faults += ["verify finds a fault"] if job.run("verify", output).returncode != 0 else []
    left = [p.name for p in output.iterdir() if p.name.startswith(".")]
    return [*faults, f"left behind: {left}"] if left else faults


def cancelled(job: Job, output: Path) -> None:
    command = [sys.executable, "-m", "ingest", "cancel", str(output)]
    subprocess.run(command, env=job.environment(), capture_output=True, check=False)


def stopped(running: subprocess.Popen[bytes]) -> None:
    """SIGSTOP for an ffmpeg that encodes pictures, as soon as there is one."""

    def stop() -> bool:
        for pid in descendants(running.pid):
            if named(pid, "ffmpeg") and encodes(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    return True
        return running.poll() is not None

    until(stop)


def encodes(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"libx264" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def alive(pids: list[int]) -> list[int]:
    """Those of our programs that are still there after a moment."""
    deadline = time.monotonic() + 3
    left = pids
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [p for p in pids if named(p, "ffmpeg") or named(p, "ffprobe") or named(p, "packager")]
    return left


def until(probe: Callable[[], bool]) -> None:
    while not probe():
        time.sleep(0.01)


def moments(kind: str, count: int, seconds: float, chance: random.Random) -> list[float]:
    """Spread over a job, each at random in its part."""
    number = {"hang": 2, "memory": 1}.get(kind, count)
    if kind == "hang":  # the first encoder from then on
        seconds /= 4
    return [seconds * (n + chance.random()) / number for n in range(number)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=12, help="of film")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    rows: list[Day] = []
    with tempfile.TemporaryDirectory(prefix="ingest-bad-days-") as name:
        folder = Path(name)
        job = Job(film(folder, options.seconds), small_presets(folder / "presets"), folder / "home")
        began = time.monotonic()
        if job.run(*job.asked(folder / "undisturbed")).returncode != 0:
            raise SystemExit("the undisturbed job failed")
        took = time.monotonic() - began
        kept = Kept(pictures(folder / "undisturbed"), took)
        for kind in options.kind or KINDS:
            for moment in moments(kind, options.moments, kept.seconds, chance):
                place = folder / "place"
                with disk(place) if kind == "disk" else plain(place):
                    row = one_day(job, kind, moment, place, kept)
                rows.append(row)
                told = "; ".join(row.faults) or ("too late" if row.late else "good")
                print(f"{kind} after {moment:.1f} s, in {row.step}: {told}", flush=True)
    report(rows)
    return 1 if any(row.faults for row in rows) else 0


@contextlib.contextmanager
def plain(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def report(rows: list[Day]) -> None:
    print(
        "| what | jobs | too late | in the encoder | seconds to the end, at most | pieces kept | with a fault |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in dict.fromkeys(r.kind for r in rows):
        mine = [r for r in rows if r.kind == kind]
        on_time = [r for r in mine if not r.late]
        took = max((r.took for r in on_time), default=0)
        encoding = sum(r.step.startswith("Transcoding") for r in on_time)
        kept, faulty = sum(r.chunks for r in mine), sum(bool(r.faults) for r in mine)
        print(
            f"| {kind} | {len(mine)} | {len(mine) - len(on_time)} | {encoding} | {took:.1f} | {kept} | {faulty} |"
        )


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
