"""The only place that starts a program: bound to our life, limited, confined, watched, and never left behind.

`run` starts the program through `launcher` in a session of its own and waits in the calling thread: one
selector serves stdout, stderr and the program's end, so no thread can be left behind and no pipe can
deadlock.

The kernel kills the program (PR_SET_PDEATHSIG, SIGKILL) when the thread that started it dies. That is the
thread which waits in `run`, so the program dies with the Python process, also by `kill -9`. Processes that
the program itself starts are in its group and end when `run` ends; only `kill -9` of the Python process
passes them by.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError, ResourceError, ToolError
from ingest.media import launcher
from ingest.media.cancel import CancelToken
from ingest.media.orders import Command, Confinement, Limits, environment, orders
from ingest.media.output import Lines, Output, Tail, Whole, last_words, only_warnings
from ingest.media.protections import Protections, protections

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import IO, Self

    from ingest.job.codes import Code

__all__ = [
    "Command",
    "Completed",
    "Confinement",
    "Limits",
    "Protections",
    "check",
    "last_words",
    "protections",
    "run",
]

STDOUT_LIMIT = 64 * 1024 * 1024
GRACE = 1.0  # seconds between SIGTERM and SIGKILL
_TICK = 0.25  # seconds between two looks at the token; each look costs about 0.1 ms
_POLL = 0.05  # the same where the kernel has no pidfd
_LONGEST_TURN = 2 * _TICK  # seconds that one turn may count
_DRAIN_TURNS = 8
_CHUNK = 256 * 1024  # more than a pipe holds
_LAUNCH = str(Path(launcher.__file__).with_name("launch.py"))
# ffprobe writes packet by packet: after so few bytes more are let come, or each line would cost a turn.
_TRICKLE = 4096  # bytes
_GATHER = 0.002  # seconds, in which a pipe of 64 KiB does not fill
_DISK_FULL = (
    *("No space left on device", "Disk quota exceeded"),
    "running out of disk space",  # all that Shaka Packager says; it may mean permissions, but the folder is ours
)
# ENOMEM in the words of glibc and of musl, and in those of x264 and x265; threads, whose stacks count as memory, fail
# first.
NO_MEMORY = re.compile(
    r"Cannot allocate memory|Out of memory|pthread_create\(\) failed|frame_thread_encoder_init failed"
    r"|malloc of size \d+ failed"
)
# ffmpeg catches SIGTERM and SIGINT and says which at log level info only; its errors are never silent.
_FFMPEG_TOLD_TO_STOP = 255


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended; `check` turns it into an error where it is one."""

    command: Command
    returncode: int  # -N when killed by signal N
    stdout: bytes  # empty when the lines went to a callback
    stderr: str  # a bounded tail, see `output.Tail`
    seconds: float
    cpu_seconds: float  # user and system time, the launcher's 0.02 s included
    limit: str | None  # "stall" or "wall" when we ended it

    @property
    def signal(self) -> int | None:
        """The signal that ended it, also one that it caught itself (ffmpeg exits with 255 and says so)."""
        if self.returncode < 0:
            return -self.returncode
        caught = re.findall(r"received signal (\d+)", self.stderr) if self.returncode == 255 else []
        return int(caught[-1]) if caught else None


def run(
    command: Command,
    *,
    cancel: CancelToken | None = None,
    on_stdout_line: Callable[[str], object] | None = None,
    on_stderr_line: Callable[[str], object] | None = None,
    output: Output | None = None,
    stdout_limit: int = STDOUT_LIMIT,
) -> Completed:
    """Run a program to its end, from any thread; when this returns or raises, nothing of it is left.

    `on_stdout_line` is called in this thread with each line (without its end, at most `output.LINE_LIMIT`
    bytes, invalid UTF-8 replaced); progress, for `stall_seconds`, is a returned value that is neither None
    nor the one before. Without it stdout is kept whole, or goes to `output`, and any byte on stdout or stderr
    is progress. While we ourselves are stopped, suspended or busy in the callback, no more than 0.5 s at once
    counts towards `stall_seconds` or `wall_seconds`. `on_stderr_line` is called with each line of stderr
    likewise; without `on_stdout_line` any byte is progress still.

    Raises `Cancelled`; `ToolError` (TOOL_MISSING) when the program cannot be executed; `ProcessingError`
    (TOOL_KILLED) when it wrote more than `stdout_limit` bytes. Any other end is returned: see `check`.
    """
    token = cancel if cancel is not None else CancelToken()
    token.check()
    started = time.monotonic()
    if output is None:
        output = Whole(command.name, stdout_limit) if on_stdout_line is None else Lines(on_stdout_line)
    words = Lines(on_stderr_line) if on_stderr_line is not None else None
    with _Child(command, output, words) as child:
        limit = _watch(child, output, command.limits, token)
        returncode, cpu_seconds = child.end()
        if child.stopped and limit is None:
            token.check()
        if not child.stopped:
            child.check_started(returncode)
            output.end()
            if words is not None:
                words.end()
        return Completed(
            command=command,
            returncode=returncode,
            stdout=output.kept,
            stderr=child.stderr.text(),
            seconds=time.monotonic() - started,
            cpu_seconds=cpu_seconds,
            limit=limit,
        )


def check(completed: Completed, code: Code) -> None:
    """Raise what a failed run means: `ResourceError` for a stall, a full disk or too little memory, else
    `ProcessingError`.

    `code` is the step's own, for a program that ended with an error of its own. Exit status 0 raises only
    where stderr says that the disk is full, since ffmpeg's muxers end with 0 then.
    """
    name, stderr, limits = completed.command.name, completed.stderr, completed.command.limits
    if completed.limit == "stall":
        text = f"{name} made no progress for {limits.stall_seconds:g} s and was ended"
        raise ResourceError(codes.TOOL_STALLED, text, detail=stderr)
    if completed.limit == "wall":
        text = f"{name} ran longer than {limits.wall_seconds:g} s and was ended"
        raise ResourceError(codes.TOOL_STALLED, text, detail=stderr)
    if any(words in stderr for words in _DISK_FULL):
        text = f"{name} could not write: no space left on device"
        raise ResourceError(codes.DISK_FULL, text, remedy="free some space and run again", detail=stderr)
    if completed.signal == signal.SIGXFSZ:
        text = f"{name} wrote a file beyond its limit of {limits.file_bytes} bytes and was ended"
        raise ResourceError(codes.DISK_FULL, text, detail=stderr)
    if completed.signal is not None:
        raise ProcessingError(codes.TOOL_KILLED, f"{name} was {_killed_by(completed.signal)}", detail=stderr)
    if completed.returncode == _FFMPEG_TOLD_TO_STOP and only_warnings(stderr):
        raise ProcessingError(codes.TOOL_KILLED, f"{name} was ended by a signal from outside")
    if completed.returncode != 0 and limits.memory_bytes is not None and NO_MEMORY.search(stderr):
        text = f"{name} needed more than the {limits.memory_bytes // 2**20} MiB of memory that it may have"
        raise ResourceError(codes.OUT_OF_MEMORY, text, remedy="raise INGEST_MAX_MEMORY", detail=stderr)
    if completed.returncode != 0:
        words = last_words(stderr) or "it said nothing"
        raise ProcessingError(code, f"{name} failed (exit {completed.returncode}): {words}", detail=stderr)


def _killed_by(number: int) -> str:
    known = {int(s): s.name for s in signal.Signals}
    hints = {"SIGKILL": ", by a person or because memory ran out", "SIGXCPU": ", its limit of CPU time"}
    name = known.get(number, f"signal {number}")
    return f"killed by {name}{hints.get(name, '')}"


def _watch(child: _Child, output: Output, limits: Limits, token: CancelToken) -> str | None:
    """Serve the program until it ends, or end it; which of our limits ended it."""
    clock = progressed = 0.0
    before = time.monotonic()
    while not child.exited:
        arrived = child.turn(_TICK)
        now = time.monotonic()
        # In a longer turn we were stopped or suspended, or the callback was slow: not the program's fault.
        clock += min(now - before, _LONGEST_TURN)
        before = now
        if output.progress(arrived=arrived > 0):
            progressed = clock
        if child.exited:
            break
        if token.requested:
            child.stop()
        elif limits.wall_seconds is not None and clock >= limits.wall_seconds:
            child.stop()
            return "wall"
        elif limits.stall_seconds is not None and clock - progressed >= limits.stall_seconds:
            child.stop()
            return "stall"
        if child.stopped:
            break
        if 0 < arrived < _TRICKLE:
            time.sleep(_GATHER)
    return None


class _Child:
    """A started program and everything that must be closed, killed and reaped with it."""

    def __init__(self, command: Command, output: Output, words: Lines | None = None) -> None:
        self.stderr = Tail()
        self._words = words
        self.stopped = False
        self._command = command
        self._feed_output = output.feed
        self._result: tuple[int, float] | None = None
        self._ended = False
        with contextlib.ExitStack() as stack:
            self._selector = stack.enter_context(selectors.DefaultSelector())
            self._status, write_status = os.pipe()
            stack.callback(os.close, self._status)
            os.set_blocking(self._status, False)
            try:
                self._popen = _start(command, write_status)
            finally:
                os.close(write_status)
            stack.callback(self._kill)
            self._register(stack, self._popen.stdout, self._take_output)
            self._register(stack, self._popen.stderr, self._take_words)
            self._pidfd = _open_pidfd(self._popen.pid)
            if self._pidfd is not None:
                stack.callback(os.close, self._pidfd)
                self._selector.register(self._pidfd, selectors.EVENT_READ)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def exited(self) -> bool:
        return self._ended

    def turn(self, seconds: float) -> int:
        """Wait up to `seconds` for output or the end, and take what there is; the number of bytes that arrived."""
        arrived = 0
        for key, _ in self._selector.select(seconds if self._pidfd is not None else min(seconds, _POLL)):
            if key.data is None:
                self._ended = True
                self._selector.unregister(key.fd)
            elif chunk := os.read(key.fd, _CHUNK):
                arrived += len(chunk)
                key.data(chunk)
            else:
                self._selector.unregister(key.fd)
        if self._pidfd is None and self._reap(os.WNOHANG):
            self._ended = True
        return arrived

    def stop(self) -> None:
        """SIGTERM to the group, then up to `GRACE` seconds; `end` kills what is left."""
        self.stopped = True
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a stopped process cannot die of SIGTERM
        deadline = time.monotonic() + GRACE
        while not self.exited and (left := deadline - time.monotonic()) > 0:
            self.turn(left)

    def end(self) -> tuple[int, float]:
        """Kill what is left of the group, take its last output, reap it: (exit status, CPU seconds)."""
        # Before reaping: until then no other process group can have this number.
        self._signal(signal.SIGKILL)
        # One turn empties a pipe; the others await its end, which never comes if a process left the group.
        for _ in range(_DRAIN_TURNS):
            if not self._pipes_open():
                break
            self.turn(_TICK)
        self._reap(0)
        assert self._result is not None  # noqa: S101 - a blocking wait has filled it
        return self._result

    def check_started(self, returncode: int) -> None:
        """Raise `ToolError` when the program never ran."""
        try:
            status = os.read(self._status, 4096)
        except BlockingIOError:
            status = b""
        if status == launcher.READY or (not status and returncode < 0):
            return
        number, _, reason = status.removeprefix(launcher.READY).decode("utf-8", "replace").partition(" ")
        path = self._command.argv[0]
        if number == "2" and Path(path).exists():
            reason = "its interpreter or loader is missing"
        text = (
            f"{path} cannot be executed: {reason or last_words(self.stderr.text()) or 'the launcher failed'}"
        )
        remedy = "give the path of a program made for this machine"
        raise ToolError(codes.TOOL_MISSING, text, remedy=remedy, detail=self.stderr.text())

    def _register(
        self, stack: contextlib.ExitStack, pipe: IO[bytes] | None, take: Callable[[bytes], None]
    ) -> None:
        if pipe is not None:
            stack.callback(pipe.close)
            self._selector.register(pipe, selectors.EVENT_READ, take)

    def _take_output(self, chunk: bytes) -> None:
        if not self.stopped:
            self._feed_output(chunk)

    def _take_words(self, chunk: bytes) -> None:
        self.stderr.feed(chunk)
        if self._words is not None and not self.stopped:
            self._words.feed(chunk)

    def _pipes_open(self) -> bool:
        return any(key.data is not None for key in self._selector.get_map().values())

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, number)

    def _kill(self) -> None:
        if self._result is None:
            self._signal(signal.SIGKILL)
            self._reap(0)

    def _reap(self, options: int) -> bool:
        """Whether the program has ended; only after that is its number free for another process."""
        if self._result is None:
            pid, status, usage = os.wait4(self._popen.pid, options)
            if pid == 0:
                return False
            self._popen.returncode = os.waitstatus_to_exitcode(status)
            self._result = (self._popen.returncode, usage.ru_utime + usage.ru_stime)
        return True


def _start(command: Command, status: int) -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise ToolError(
            codes.TOOL_MISSING, "there is no Python interpreter to start programs with (sys.executable)"
        )
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", _LAUNCH, *orders(command, status, os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=command.cwd,
            env=environment(command),
            pass_fds=(status, *command.confinement.descriptors),
            start_new_session=True,
        )
    except OSError as error:
        text = f"{command.argv[0]} cannot be started in {command.cwd}: {error.strerror}"
        raise ToolError(codes.TOOL_MISSING, text) from error


def _open_pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where the kernel has none to give."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
