"""Starts a job's own process, and holds the job's lock from before it is there until it has ended.

The lock is `flock` on an open file that the child inherits, so there is no instant in which a job runs and is not
locked, whoever dies first. The child is this program itself; programs of others are started in `media/process.py`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from ingest.engine.places import job_folder, lock_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# -P: modules are never looked for in the working folder.
CHILD = (sys.executable, "-P", "-m", "ingest.engine.child")
LOG = "log"


def try_lock(home: Path, job_id: str) -> int | None:
    """The descriptor that holds the job's lock; None where somebody else holds it. Raises OSError."""
    path = lock_file(home, job_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextlib.contextmanager
def locked(home: Path, job_id: str) -> Iterator[bool]:
    """Whether the job's lock is ours within; it is let go of on leaving. Raises OSError."""
    lock = try_lock(home, job_id)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def spawn(
    home: Path, job_id: str, lock: int, orders: dict[str, Any], command: Sequence[str] = CHILD
) -> subprocess.Popen[bytes]:
    """The job's process, which dies with the calling thread; `orders` are what `child.Orders` reads.

    Raises:
        OSError: it cannot be started.
    """
    with (job_folder(home, job_id) / LOG).open("ab") as log:
        process = subprocess.Popen(
            [*command, "--lock", str(lock), "--parent", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=home,
            env=dict(os.environ) | {"INGEST_HOME": str(home)},
            pass_fds=(lock,),
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with (
        contextlib.suppress(BrokenPipeError),
        process.stdin as pipe,
    ):  # it has died already: that is seen later
        pipe.write(json.dumps(orders).encode())
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the process and its group; the kernel ends the programs that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def last_words(home: Path, job_id: str, limit: int = 4000) -> str:
    """The end of what the job's processes have said on stderr."""
    try:
        return (job_folder(home, job_id) / LOG).read_bytes()[-limit:].decode("utf-8", "replace")
    except OSError:
        return ""
