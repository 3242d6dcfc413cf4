"""Runs the real command line in a process of its own and looks at all that it leaves behind.

Every run has its own INGEST_HOME and working folder. While one runs, this process is a child subreaper
(PR_SET_CHILD_SUBREAPER): whatever the run leaves behind becomes our child, in whatever session, folder or
environment it lives, so "no process left" is a fact and not a guess from names.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import forked
import pytest

from ingest.job import codes
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.job.codes import Code

_PR_SET_CHILD_SUBREAPER = 36
TIMEOUT = 300.0

Argument = str | bytes | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended. `left` names the processes that outlived it; `peak_rss` is in bytes.

    `cpu_seconds` are those of the whole process tree: on a busy machine the clock says little.
    """

    exit_code: int
    stdout: bytes
    stderr: str
    cpu_seconds: float
    peak_rss: int
    left: tuple[str, ...]

    @property
    def last_line(self) -> str:
        return self.stderr.removesuffix("\n").split("\n")[-1]


@dataclass(slots=True)
class Running:
    """A run in progress."""

    popen: subprocess.Popen[bytes] | forked.Child
    folder: Path
    before: frozenset[int]
    running: set[int]

    @property
    def pid(self) -> int:
        return self.popen.pid

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def child(self, name: str, timeout: float = 60.0) -> int:
        """The process id of a program of this name below the run, as soon as the program itself runs."""

        def found() -> int | None:
            for pid in descendants(self.pid):
                if name in Path(_exe(pid)).name and "launch.py" not in command_line(pid):
                    return pid
            return None

        return until(found, timeout, f"no {name} below {command_line(self.pid)}")

    def end(self, timeout: float = TIMEOUT, *, grace: float = 0.0) -> Finished:
        """Wait for the end; then `grace` seconds for what it left behind to die too."""
        pidfd = os.pidfd_open(self.pid)
        try:
            ready, _, _ = select.select([pidfd], [], [], timeout)
        finally:
            os.close(pidfd)
        if not ready:
            for pid in (*descendants(self.pid), self.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        self.popen.returncode = os.waitstatus_to_exitcode(status)
        left = self._left()
        deadline = time.monotonic() + grace
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = self._left()
        names = tuple(command_line(pid) for pid in left)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.running.discard(self.pid)
        _subreaper(on=bool(self.running))
        stdout, stderr = (self.folder / "stdout").read_bytes(), (self.folder / "stderr").read_bytes()
        assert ready, f"no end after {timeout} s; stderr: {stderr.decode('utf-8', 'replace')[-2000:]}"
        return Finished(
            exit_code=self.popen.returncode,
            stdout=stdout,
            stderr=stderr.decode("utf-8"),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_rss=usage.ru_maxrss * 1024,
            left=names,
        )

    def _left(self) -> list[int]:
        """Our new descendants that still live; the dead ones that fell to us are reaped."""
        others = self.running - {self.pid}
        known = self.before.union(others, *map(descendants, others))
        alive = []
        for pid in descendants(os.getpid()):
            if pid in known:
                continue
            if _state(pid) in "ZX":
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            else:
                alive.append(pid)
        return alive


class Cli:
    """`ingest` in a small world of its own below `folder`: `home` for its store, `cwd` to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.cwd = folder / "cwd"
        self.cwd.mkdir(parents=True)
        self._runs = 0
        self._running: set[int] = set()

    def start(
        self,
        *arguments: Argument,
        env: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        preexec: Callable[[], object] | None = None,
        program: Sequence[str] = (),
    ) -> Running:
        """`program` instead of `ingest`; `prefix` before it; `preexec` is called in the child before it.

        With none of these, and nothing in `env` but ingest's own, the run is forked from one that has the imports.
        """
        fork = (
            not prefix and not program and preexec is None and all(k.startswith("INGEST_") for k in env or ())
        )
        if fork:
            forked.begin()
        program = program or (sys.executable, "-m", "ingest")
        self._runs += 1
        folder = self.folder / f"run{self._runs}"
        folder.mkdir()
        before = frozenset(descendants(os.getpid()))
        _subreaper(on=True)
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            environment = self._environment() | (env or {})
            child = (
                forked.start(arguments, self.cwd, environment, stdout, stderr)
                if fork
                else subprocess.Popen(
                    [*prefix, *program, *arguments],
                    cwd=self.cwd,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    # Never None: then Python shares its memory with the child until it starts the program, and the
                    # kernel counts pytest's own peak as the child's.
                    preexec_fn=preexec or _nothing,  # noqa: PLW1509 - no thread of a test holds a lock here
                )
            )
        self._running.add(child.pid)
        return Running(child, folder, before, self._running)

    def close(self) -> None:
        """End what a failed test has left running."""
        for run in tuple(self._running):
            for pid in (*descendants(run), run):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(run, 0)
        self._running.clear()
        _subreaper(on=False)

    def run(self, *arguments: Argument, timeout: float = TIMEOUT, **options: Any) -> Finished:
        return self.start(*arguments, **options).end(timeout)

    def ingest(self, source: Argument, *arguments: Argument, **options: Any) -> Finished:
        """`ingest run SOURCE --res sd ARGUMENTS`; the source must come out of it as it went in."""
        path = Path(os.fsdecode(os.path.join(os.fsencode(self.cwd), os.fsencode(source))))  # noqa: PTH118
        before = fingerprint(path)
        done = self.run("run", source, "--res", "sd", *arguments, **options)
        assert fingerprint(path) == before, "the source was touched"
        return done

    def stored(self) -> list[Record]:
        """Every record in the job store, newest first."""
        with open_store(self.home) as store:
            return [Record.from_json(store.get(job.job_id).record_json) for job in store.list(limit=None)]

    def _environment(self) -> dict[str, str]:
        # Nobody's Python compiles at every start; where that is asked for, hundreds of starts would cost minutes.
        dropped = ("INGEST_", "PYTHONDONTWRITEBYTECODE")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        return kept | {"INGEST_HOME": str(self.home)}


def assert_failed(
    cli: Cli,
    done: Finished,
    code: Code,
    *,
    exit_code: int,
    step: Code,
    says: str | tuple[str, ...],
    output: Path | None,
    status: Status = Status.FAILED,
) -> Record:
    """Everything that must hold of a job that did not succeed; returns its record.

    Args:
        step: the step in which it ended.
        says: what the one line on stderr must contain.
        output: the output folder, in which nothing may be but the record, and what a resume can use; None where it
            cannot hold one.
    """
    assert "Traceback" not in done.stderr
    assert done.exit_code == exit_code, done.last_line
    assert done.last_line.startswith("ingest: error: "), done.stderr
    assert done.stderr.count("ingest: error: ") == 1
    assert done.stderr.endswith("\n")
    for text in (says,) if isinstance(says, str) else says:
        assert text in done.last_line
    assert done.left == ()
    (record, *_) = cli.stored()
    if output is not None:
        assert read_record(output) == record
        assert names(output) == left_of(record)
    assert record.status is status
    assert record.error is not None
    assert (record.error.code, record.error.exit_code) == (code.number, exit_code)
    assert (record.error.step, record.error.step_code) == (step.text, step.number)
    said = "; ".join(filter(None, (record.error.message, record.error.remedy)))
    assert done.last_line == f"ingest: error: {said}"
    assert record.steps[-1].code == step.number
    assert record.steps[-1].result == ("failed" if status is Status.FAILED else "cancelled")
    assert record.times.ended is not None
    assert len(record.messages) == len(record.custom_attributes.message_codes) > 0
    assert {o.status for o in record.outputs} <= {status.value, "LEFT_OUT"}
    return record


def left_of(record: Record) -> list[str]:
    """What a job that did not succeed has in its output folder, by its own word."""
    kept = codes.CAN_BE_RESUMED.number in record.custom_attributes.message_codes
    return [*([f".work-{record.job_id}"] if kept else []), "job.json"]


def assert_completed(done: Finished, output: Path) -> Record:
    """A job that succeeded; returns its record."""
    assert done.exit_code == 0, done.stderr
    assert "ingest: error" not in done.stderr
    assert done.left == ()
    record = read_record(output)
    assert record.status is Status.COMPLETED
    assert record.error is None
    assert [p.name for p in output.iterdir() if p.name.startswith(".")] == []
    assert (output / "ABR.m3u8").is_file()
    return record


def read_record(output: Path) -> Record:
    return Record.from_json((output / "job.json").read_bytes())


def fingerprint(path: Path) -> object:
    """What may not change of a source: bytes, size, times, mode. None where nothing is."""
    try:
        facts = path.lstat()
    except OSError:
        return None
    known = (facts.st_size, facts.st_mtime_ns, facts.st_mode, facts.st_ino, facts.st_nlink)
    if path.is_dir():
        return *known, names(path)
    if not path.is_file():
        return known
    with path.open("rb") as file:
        return *known, hashlib.file_digest(file, "sha256").hexdigest()


def tree(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, object]:
    """Every file below `folder` with its bytes' digest, `but` those named."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


def names(folder: Path) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(entry.name for entry in folder.iterdir())


def until(probe: Callable[[], Any], timeout: float, failure: str) -> Any:
    """The first value of `probe` that is not None or False."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = probe()
        if value is not None and value is not False:
            return value
        time.sleep(0.01)
    raise AssertionError(failure)


def reached(output: Path, code: Code, timeout: float = 60.0) -> None:
    """Wait until the record in `output` has the message of a step."""

    def probe() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return code.number in read_record(output).custom_attributes.message_codes
        return False

    until(probe, timeout, f"{code.text} was not reached")


def script(path: Path, text: str) -> str:
    """An executable shell script, for the tools' variables."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def sleeping_tool(path: Path, name: str) -> str:
    """A tool that says its version and then, asked to work, sleeps and does not heed SIGTERM."""
    return script(
        path, f'case "$1" in *-version) echo "{name} version 9.0"; exit;; esac\ntrap "" TERM\nexec sleep 300'
    )


def without_root() -> tuple[str, ...]:
    """A command prefix that takes from root the right to pass over file modes; empty for everybody else."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to change that")
    rights = "-dac_override,-dac_read_search"
    return "setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"


@contextlib.contextmanager
def small_disk(folder: Path, size: int, *, files: int = 0) -> Iterator[Path]:
    """A file system for `size` bytes (and so many files, 0 for any number); skips where none can be mounted."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={files}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _nothing() -> None:
    """What is done between fork and exec where a test asks for nothing."""


def fill(folder: Path, *, leave: int) -> None:
    """Take all of a file system's free space but `leave` bytes."""
    with (folder / "filler").open("ab", buffering=0) as file:
        free = shutil.disk_usage(folder).free
        while free > leave:
            with contextlib.suppress(OSError):
                file.write(b"\0" * min(free - leave, 1 << 20))
            before, free = free, shutil.disk_usage(folder).free
            if free == before:
                return


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (facts := _stat(int(entry.name))) is not None:
            parents.setdefault(int(facts[1]), []).append(int(entry.name))
    found, open_ = [], [pid]
    while open_:
        children = parents.get(open_.pop(), [])
        found += children
        open_ += children
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _exe(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ""


def _state(pid: int) -> str:
    facts = _stat(pid)
    return facts[0] if facts else "X"


def _stat(pid: int) -> list[str] | None:
    """State, parent and so on: proc_pid_stat(5), fields 3 and following."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None


def _subreaper(*, on: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)
