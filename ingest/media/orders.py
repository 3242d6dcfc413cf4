"""One program to run, and what the launcher is told about it: pure data and pure functions."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_PASSED_ON_FOR_DEVICES = (
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "LIBVA_DRIVERS_PATH",
    "LIBVA_DRIVER_NAME",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_VISIBLE_DEVICES",
)

_QUIET = {"SVT_LOG": "1"}  # SVT-AV1 writes its settings to stderr, whatever ffmpeg is told; 1: errors only


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run; None is no bound."""

    memory_bytes: int | None = None  # RLIMIT_DATA: heap and private mappings, not the program's own code
    file_bytes: int | None = None  # RLIMIT_FSIZE, of each file; more is SIGXFSZ
    cpu_seconds: int | None = None  # RLIMIT_CPU; more is SIGXCPU
    wall_seconds: float | None = None
    stall_seconds: float | None = None  # without progress, see `run`


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the program may touch, beside the system's libraries and itself; nothing else, and no network."""

    read: tuple[Path, ...] = ()  # folders or files
    write: tuple[Path, ...] = ()  # folders, read and written
    descriptors: tuple[int, ...] = ()  # handed down, also as /proc/self/fd/N
    devices: bool = False  # GPU device nodes, and the environment their drivers look at


@dataclass(frozen=True, slots=True)
class Command:
    """One program to run: `argv[0]` is its absolute path; `cwd` is its working folder, HOME and TMPDIR."""

    argv: tuple[str, ...]
    cwd: Path
    confinement: Confinement
    limits: Limits

    @property
    def name(self) -> str:
        """For messages: "ffmpeg", also where the file is called ffmpeg-linux-x86_64-v9.0.2."""
        return re.split(r"-(?:linux|macos|osx|win)", Path(self.argv[0]).name, maxsplit=1)[0]


def orders(command: Command, status: int, parent: int) -> list[str]:
    """The launcher's arguments: it reports on the descriptor `status` and dies with the process `parent`."""
    confinement, limits = command.confinement, command.limits
    arguments = ["--status", str(status), "--parent", str(parent)]
    for path in confinement.read:
        arguments += ["--read", str(path.absolute())]
    for path in confinement.write:
        arguments += ["--write", str(path.absolute())]
    for descriptor in confinement.descriptors:
        arguments += ["--descriptor", str(descriptor)]
    if confinement.devices:
        arguments.append("--devices")
    wanted = {"DATA": limits.memory_bytes, "FSIZE": limits.file_bytes, "CPU": limits.cpu_seconds}
    for name, value in wanted.items():
        if value is not None:
            arguments += ["--limit", f"{name}={value}"]
    return [*arguments, "--", *command.argv]


def environment(command: Command) -> dict[str, str]:
    """A clean environment: nothing of ours reaches the program, save what GPU drivers look at."""
    home = str(command.cwd.absolute())
    kept = [
        "LD_LIBRARY_PATH"
    ]  # the launcher's interpreter may need it; the launcher drops it, except for devices
    if command.confinement.devices:
        kept += _PASSED_ON_FOR_DEVICES
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    clean = {"PATH": path, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home, **_QUIET}
    return clean | {name: os.environ[name] for name in kept if name in os.environ}
