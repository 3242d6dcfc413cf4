"""Runs of `ingest` that do not pay for the start of Python: forks of a process that has imported all of it.

A run is as much a process of its own as a started one, a child of pytest's, with its own folder, environment, streams
and exit code; only the imports, which cost more than most tests' encodes, were made before, and the tools asked what
they are, which is known of those alone that nobody has named or replaced since. Linux only.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import pickle
import pkgutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Argument = str | bytes | os.PathLike[str]

_LARGEST = 1 << 17  # bytes of a request: arguments and environment
_SERVER = ("ingest.server", "ingest.engine", "ingest.cli.serve", "ingest.cli.keys")
_SHOWN_LATE = ("rich.live", "rich.progress_bar", "rich.table", "sqlalchemy.dialects.sqlite")
PROGRAM = "import forked; forked.serve(); from ingest.cli import main; main(prog_name='ingest')"


@dataclass(slots=True)
class Child:
    """What the tests need of a `subprocess.Popen`."""

    pid: int
    returncode: int | None = None


@functools.cache
def _nursery() -> socket.socket:
    """The connection to the process that forks; it ends when this end is closed, with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    )
    with theirs:
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=theirs, env=environment)
    return ours


def begin() -> None:
    """Start the process that forks, so that it is not among what a test's run has left behind."""
    _nursery()


def start(
    arguments: Sequence[Argument], folder: Path, environment: Mapping[str, str], out: BinaryIO, err: BinaryIO
) -> Child:
    """`ingest ARGUMENTS`, as a child of this process, which must be a subreaper."""
    asked = pickle.dumps(([*map(os.fsencode, arguments)], str(folder), dict(environment)))
    socket.send_fds(_nursery(), [asked], [out.fileno(), err.fileno()])
    return Child(int(_nursery().recv(64)))


def serve() -> None:
    """Fork for each request on stdin; returns in the forks only, each set up as its request says."""
    skipped = tuple(f"{name}." for name in _SERVER)
    import ingest

    for module in pkgutil.walk_packages(ingest.__path__, "ingest."):
        if not f"{module.name}.".startswith(skipped) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _SHOWN_LATE:
        importlib.import_module(name)
    from ingest.media.toolchain import capabilities, find

    capabilities(find().ffmpeg)  # each run would ask the same tools the same
    gc.freeze()  # what is never looked at by the collector is never copied for it
    with socket.socket(fileno=os.dup(0)) as asked:
        while True:
            request, fds, _, _ = socket.recv_fds(asked, _LARGEST, 2)
            if not request:
                os._exit(0)
            if (pid := _grandchild()) is None:
                break
            asked.send(str(pid).encode())
            for fd in fds:
                os.close(fd)
    arguments, folder, environment = pickle.loads(request)
    _become(fds, folder, environment)
    sys.argv = ["ingest", *map(os.fsdecode, arguments)]


def _grandchild() -> int | None:
    """The process id of a fork that is already nobody's child here; None in the fork itself."""
    reader, writer = os.pipe()
    between = os.fork()
    if between == 0:
        pid = os.fork()
        if pid == 0:
            return None
        os.write(writer, str(pid).encode())
        os._exit(0)
    os.waitpid(between, 0)
    os.close(writer)
    told = os.read(reader, 64)
    os.close(reader)
    return int(told)


def _become(fds: Sequence[int], folder: str, environment: Mapping[str, str]) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(fds[0], 1)
    os.dup2(fds[1], 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
