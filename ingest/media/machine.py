"""What of this machine the process may use: its cores and memory as affinity and control groups (v1, v2) bound them.

Containers and batch systems give a job a part of a machine; the machine's own figures say nothing of that.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path("/")


def usable_cores(root: Path = ROOT) -> int:
    """At least 1: those of the affinity mask, at most as many whole ones as the CPU quota pays for (cpu.max)."""
    cores = len(os.sched_getaffinity(0))
    quotas = [q for folder in _folders(root, "cpu") if (q := _quota(folder)) is not None]
    return max(1, min([cores, *(int(q) for q in quotas)]))


def usable_memory(root: Path = ROOT) -> int:
    """Bytes: the machine's memory, or less where a control group bounds it."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    names = ("memory.max", "memory.high", "memory.limit_in_bytes")
    bounds = [_number(folder / name) for folder in _folders(root, "memory") for name in names]
    return min([whole, *(b for b in bounds if b is not None and b > 0)])


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The control groups that this process is in, from its own up to the top, wherever they are mounted.

    In a container the path may be that of the host, of which only the top is there: what is missing has no files.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text("ascii", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            mounts = [root / "sys/fs/cgroup", root / "sys/fs/cgroup/unified"]
        elif controller in controllers.split(","):
            mounts = [root / "sys/fs/cgroup" / name for name in dict.fromkeys((controllers, controller))]
        else:
            continue
        for mount in mounts:
            folder = mount / path.lstrip("/")
            yield folder
            while folder != mount:
                folder = folder.parent
                yield folder


def _quota(folder: Path) -> float | None:
    """Cores that the group's CPU time is worth; None: it is not bounded."""
    try:
        words = (folder / "cpu.max").read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        words = []
    if len(words) == 2 and all(w.isdigit() for w in words):
        quota, period = map(int, words)
    else:
        known = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        quota, period = (n or 0 for n in known)
    return quota / period if quota > 0 and period > 0 else None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # not there, or `max`
        return None
