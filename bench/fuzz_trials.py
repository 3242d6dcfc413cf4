"""One mutated input through probe and plan, or through a whole run, and what must hold of either.

A worker is a process of its own. It is a child subreaper (PR_SET_CHILD_SUBREAPER): whatever a trial leaves running
becomes its child. When it hangs, it writes down where and ends itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import functools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from mutate import Clip, Mutated, mutated

import ingest.api
from ingest.cli.probe import found_rows
from ingest.job import codes
from ingest.job.errors import IngestError, ProcessingError, ResourceError, SourceError
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.media import toolchain
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

PLAN_SECONDS, RUN_SECONDS = 60, 300
RESOLUTIONS = "sd,hd"
PRESETS = Path(__file__).resolve().parents[1] / "presets"
# What a source may be the cause of; arguments, folders and programs are not its fault.
REFUSALS = (SourceError, ProcessingError, ResourceError)
EXIT_CODES = {0, *(kind.exit_code for kind in REFUSALS)}
OPTIONS: tuple[tuple[str, ...], ...] = ((), (), ("--allow-damage",), ("--allow-damage", "--format", "ts"))
STUCK = "stuck.txt"
_PR_SET_CHILD_SUBREAPER = 36
_GRACE = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input. `result`: `planned`, `COMPLETED`, or the code that refused it.

    `finding` is what must not be, empty where all is well; `detail` has the traceback and the like.
    """

    what: str
    number: int
    kind: str
    clip: str
    result: str
    finding: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """What all trials share. `folder` is the worker's own; sources, packages and the job store go there."""

    clips: tuple[Clip, ...]
    seed: int
    folder: Path

    def input(self, number: int) -> Mutated:
        return mutated(self.clips, self.seed, number)


class BrokenError(Exception):
    """Something that must hold does not: the finding in one line, and more of it."""

    def __init__(self, finding: str, detail: str = "") -> None:
        super().__init__(finding)
        self.detail = detail


def serve(connection: Connection, clips: Sequence[Clip], seed: int, folder: Path) -> None:
    """A worker's life: takes `(what, number)`, gives back an `Outcome`, until it is given None or left alone."""
    series = Series(tuple(clips), seed, folder)
    _surroundings(folder)
    toolchain.find = functools.cache(toolchain.find)  # three programs less for each plan
    with contextlib.suppress(EOFError, ConnectionError):
        while (order := connection.recv()) is not None:
            connection.send(trial(series, *order))


def _surroundings(folder: Path) -> None:
    """Nothing of the person's own: settings, job store, temporary files."""
    for name in [n for n in os.environ if n.startswith("INGEST_")]:
        if name not in {"INGEST_FFMPEG", "INGEST_FFPROBE", "INGEST_PACKAGER"}:
            del os.environ[name]
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    os.environ |= {"INGEST_HOME": str(folder / "home"), "TMPDIR": str(temporary), "INGEST_DEBUG": "1"}
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    write_presets(folder / "presets")


def write_presets(folder: Path) -> None:
    """The shipped ones, small and at x264's fastest speed with B-frames."""
    folder.mkdir()
    for name, box in (("sd", "[256, 144]"), ("hd", "[480, 270]")):
        text = (PRESETS / f"{name}.toml").read_text("utf-8")
        text = re.sub(r"box = \[\d+, \d+\]", f"box = {box}", text)
        text = re.sub(r'speed = "\w+"', 'speed = "superfast"', text)
        (folder / f"{name}.toml").write_text(text, "utf-8")


def trial(series: Series, what: str, number: int) -> Outcome:
    made = series.input(number)
    source = series.folder / made.name
    source.write_bytes(made.data)
    before, began = _open_files(), time.monotonic()
    attempt: Callable[[Series, Path, int], str] = {"plan": plan, "run": run}[what]
    finding = detail = ""
    result = "finding"
    try:
        result = attempt(series, source, number)
        _check_left(series.folder, before)
    except BrokenError as broken:
        finding, detail = str(broken), broken.detail
    except Exception as error:  # noqa: BLE001 - any exception that is not ours is what we are looking for
        finding, detail = f"{type(error).__name__}: {error}", traceback.format_exc()
    source.unlink()
    seconds = time.monotonic() - began
    return Outcome(what, number, made.kinds[0], made.clip.name, result, finding, detail, round(seconds, 2))


def plan(series: Series, source: Path, _number: int) -> str:
    """In this process. Where it hangs, this process ends, and leaves its stack in a file."""
    with (series.folder / STUCK).open("w") as stuck:
        faulthandler.dump_traceback_later(PLAN_SECONDS, exit=True, file=stuck)
        try:
            return _planned(source)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _planned(source: Path) -> str:
    try:
        looked = ingest.api.look(source, RESOLUTIONS)
    except IngestError as error:
        return _refusal(error)
    # As the commands print them: a lone surrogate or a key of bytes would fail here.
    json.dumps({**looked.found, "plan": looked.plan}, allow_nan=False).encode()
    for left, right in (*found_rows(looked.found), *looked.rows):
        f"{left} {right}".encode()
    return "planned"


def _refusal(error: IngestError) -> str:
    trace = "".join(traceback.format_exception(error))
    if not isinstance(error, REFUSALS) or error.code is codes.INTERNAL:
        raise BrokenError(f"{type(error).__name__} {error.code.number}: {error.line}", trace)
    _check_line(error.line)
    return f"{error.code.number} {error.code.text}"


def _check_line(line: str) -> None:
    if not line or not line.isprintable():
        raise BrokenError(f"an error that is not one printable line: {line!r}")


def run(series: Series, source: Path, number: int) -> str:
    """The command in a process of its own, then what it left behind."""
    options = Random(f"{series.seed}:{number}:options").choice(OPTIONS)
    with tempfile.TemporaryDirectory(dir=series.folder) as name:
        output = Path(name) / "package"
        argv = [sys.executable, "-m", "ingest", "run", str(source), "--res", RESOLUTIONS, *options]
        argv += ["--preset-dir", str(series.folder / "presets"), "-o", str(output), "--progress", "none"]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as late:
            _end(descendants(os.getpid()))
            words = (late.stderr or b"").decode("utf-8", "replace")
            raise BrokenError(f"no end after {RUN_SECONDS} s", words) from None
        stderr = done.stderr.decode("utf-8", "replace")
        try:
            return _judged(output, done.returncode, stderr, series.folder)
        except BrokenError as broken:
            broken.detail = f"{' '.join(options)}\n{broken.detail}\n{stderr}\n{_text(output / 'job.json')}"
            raise


def _judged(output: Path, exit_code: int, stderr: str, folder: Path) -> str:
    if "Traceback" in stderr:
        raise BrokenError("a traceback")
    if exit_code not in EXIT_CODES:
        raise BrokenError(f"exit code {exit_code}")
    record = Record.from_json((output / "job.json").read_bytes())
    if exit_code == 0:
        _check_completed(record, output, folder)
        return "COMPLETED"
    return _failed(record, output, exit_code, stderr)


def _check_completed(record: Record, output: Path, folder: Path) -> None:
    if record.status is not Status.COMPLETED or record.error is not None:
        raise BrokenError(f"exit code 0 and a record that is {record.status}")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        report = verify(output, decode=make_decoder(toolchain.find().ffmpeg, Path(work)))
    if report.must:
        first = report.must[0]
        lines = "\n".join(f"{f.rule} {f.place}: {f.found}, wanted {f.wanted}" for f in report.must)
        raise BrokenError(
            f"COMPLETED, and verify says: {first.rule} {first.place}: {first.found}, wanted {first.wanted}",
            lines,
        )


def _failed(record: Record, output: Path, exit_code: int, stderr: str) -> str:
    error = record.error
    if record.status is not Status.FAILED or error is None or error.exit_code != exit_code:
        raise BrokenError(f"exit code {exit_code} and a record that is {record.status}")
    if error.step is None or error.step_code not in codes.BY_NUMBER or error.code not in codes.BY_NUMBER:
        raise BrokenError(f"FAILED without a step or a code: {error.step} {error.step_code} {error.code}")
    if error.code == codes.INTERNAL.number:
        raise BrokenError(f"FAILED with {error.code}: {error.message}", error.detail)
    said = [line for line in stderr.splitlines() if line.startswith("ingest: error: ")]
    if len(said) != 1:
        raise BrokenError(f"{len(said)} lines of error")
    _check_line(said[0])
    left = sorted(entry.name for entry in output.iterdir())
    if left != ["job.json"]:
        raise BrokenError(f"left in the folder: {', '.join(left)}")
    return f"{error.code} {codes.BY_NUMBER[error.code].text}"


def _check_left(folder: Path, before: int) -> None:
    """No process, no temporary file, no open file."""
    deadline = time.monotonic() + _GRACE
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        names = ", ".join(_text(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")[:200] for pid in left)
        _end(left)
        raise BrokenError(f"processes left: {names}")
    files = sorted(entry.name for entry in (folder / "tmp").iterdir())
    if files:
        raise BrokenError(f"temporary files left: {', '.join(files)}")
    if _open_files() > before:
        raise BrokenError(f"{_open_files() - before} open files left")


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _end(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    descendants(os.getpid())  # reaps them


def descendants(pid: int) -> list[int]:
    """All live processes below `pid`. Dead ones that have fallen to us are reaped."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        # proc_pid_stat(5): the name in parentheses may hold spaces; state and parent follow it.
        if entry.name.isdigit() and (facts := _text(entry / "stat").rpartition(")")[2].split()):
            if facts[0] not in "ZX":
                parents.setdefault(int(facts[1]), []).append(int(entry.name))
            elif int(facts[1]) == os.getpid():
                _reap(int(entry.name))
    found, open_ = [], [pid]
    while open_:
        below = parents.get(open_.pop(), [])
        found += below
        open_ += below
    return found


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
