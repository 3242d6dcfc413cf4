"""What runs between fork and the program: binds it to its parent's life, limits it, confines it, becomes it.

Started by `process` as `python -I -S launch.py ORDERS -- PROGRAM ARGUMENT...`: a program of its own,
because running Python between fork and exec of a threaded process is unsafe. Every import here is paid for
at each start, so `signal`, `typing`, `enum`, `contextlib` and `dataclasses` stay out.

On the status descriptor it writes `READY` just before the program takes over, and `errno text` after that
only when the program could not be executed: so the program's own exit status is told from a failed start.
"""

from __future__ import annotations

import os
import resource
import sys

TYPE_CHECKING = False

READY = b"+"
NOT_EXECUTED = 127

_PR_SET_PDEATHSIG = 1
_SIGHUP, _SIGINT, _SIGQUIT, _SIGKILL, _SIGPIPE, _SIGTERM, _SIGXFSZ = 1, 2, 3, 9, 13, 15, 25

SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
)
SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/timezone",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/max_map_count",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/kernel/mm/transparent_hugepage",
)
DEVICE_FILES = (
    "/etc/OpenCL",
    "/etc/nvidia",
    "/etc/vulkan",
    "/proc/devices",
    "/proc/driver/nvidia",
    "/proc/modules",
    "/sys/bus/pci",
    "/sys/class/drm",
    "/sys/dev/char",
    "/sys/devices",
    "/sys/module",
)
_DEVICE_NAMES = ("dri", "kfd", "nvidia")


class Orders:
    """What `process` asks for; plain strings, because nothing heavier than a list may be imported here."""

    __slots__ = ("argv", "descriptors", "devices", "limits", "parent", "read", "status", "write")

    def __init__(self) -> None:
        self.status = -1
        self.parent = 0
        self.read: list[str] = []
        self.write: list[str] = []
        self.descriptors: list[int] = []
        self.devices = False
        self.limits: list[tuple[str, int]] = []
        self.argv: list[str] = []


def parse(arguments: list[str]) -> Orders:
    """Orders from the launcher's arguments: `--status FD --parent PID [--read PATH] ... -- PROGRAM ...`."""
    orders = Orders()
    words = iter(arguments)
    for word in words:
        if word == "--":
            break
        if word == "--devices":
            orders.devices = True
            continue
        value = next(words)
        if word == "--status":
            orders.status = int(value)
        elif word == "--parent":
            orders.parent = int(value)
        elif word == "--read":
            orders.read.append(value)
        elif word == "--write":
            orders.write.append(value)
        elif word == "--descriptor":
            orders.descriptors.append(int(value))
        elif word == "--limit":
            name, _, number = value.partition("=")
            orders.limits.append((name, int(number)))
        else:
            raise ValueError(f"unknown order {word}")
    orders.argv = list(words)
    return orders


def main(arguments: list[str]) -> None:
    """Does not return: the program takes over, or the process ends."""
    orders = parse(arguments)
    os.set_inheritable(orders.status, False)
    if sys.platform == "linux":
        _die_with(orders.parent)
    _reset_signals()
    _confine(orders)
    environment = dict(os.environ)
    if not orders.devices:
        environment.pop("LD_LIBRARY_PATH", None)  # was for the launcher's own interpreter
    _limit(orders.limits)  # last: the memory limit is the program's, not the launcher's
    os.write(orders.status, READY)
    try:
        os.execve(orders.argv[0], orders.argv, environment)  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(orders.status, f"{error.errno} {error.strerror}".encode())
    os._exit(NOT_EXECUTED)


def _die_with(parent: int) -> None:
    """Have the kernel kill this process with the thread that made it, which may be gone before we ask."""
    try:
        import ctypes
    except ImportError:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(NOT_EXECUTED)


def _reset_signals() -> None:
    """Give the program default handlers: Python ignores SIGPIPE and SIGXFSZ, and that outlives exec."""
    try:
        import ctypes
    except ImportError:
        return
    libc = ctypes.CDLL(None)
    for number in (_SIGHUP, _SIGINT, _SIGQUIT, _SIGPIPE, _SIGTERM, _SIGXFSZ):
        libc.signal(number, None)


def _limit(limits: list[tuple[str, int]]) -> None:
    for name, value in [("CORE", 0), *limits]:
        kind = getattr(resource, f"RLIMIT_{name}")
        # Past the soft CPU limit comes SIGXCPU, which tells what happened; past the hard one SIGKILL.
        wanted = value + 5 if name == "CPU" else value
        hard = resource.getrlimit(kind)[1]
        hard = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(kind, (min(value, hard), hard))


def _confine(orders: Orders) -> None:
    """As far as the kernel goes; `protections` tells what it lacks."""
    if sys.platform != "linux":
        return
    try:
        if TYPE_CHECKING:
            from ingest.media import landlock, seccomp
        else:  # beside this module, where `launch` found it
            import landlock
            import seccomp
    except ImportError:  # a Python without ctypes
        return
    readable = [*SYSTEM_FILES, *_own_libraries(orders.argv[0]), *orders.read]
    devices: list[str] = []
    if orders.devices:
        readable += [*DEVICE_FILES, *filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))]
        devices += [f"/dev/{name}" for name in _listed("/dev") if name.startswith(_DEVICE_NAMES)]
    rules: list[tuple[str | int, int]] = [
        *((path, landlock.RUN) for path in (*SYSTEM, orders.argv[0])),
        *((path, landlock.READ) for path in readable),
        *((path, landlock.DEVICE) for path in ("/dev/null", *devices)),
        *((path, landlock.WRITE) for path in orders.write),
        *((descriptor, landlock.READ) for descriptor in orders.descriptors),
    ]
    try:  # noqa: SIM105 - contextlib is slow to import
        landlock.restrict(rules)
    except OSError:
        pass
    try:  # noqa: SIM105
        seccomp.restrict(unix_sockets=orders.devices)
    except OSError:
        pass


def _own_libraries(program: str) -> list[str]:
    """The library folders of a program installed as PREFIX/bin/NAME."""
    folder, _ = os.path.split(os.path.realpath(program))
    prefix, name = os.path.split(folder)
    return [f"{prefix}/lib", f"{prefix}/lib64"] if name == "bin" else []


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
