"""What the kernel lets us refuse to the programs we start: asked, never assumed."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protections:
    """`reasons` is empty when files and network are both closed to programs; else one line for each gap."""

    landlock_abi: int | None
    network: bool  # no TCP connection can be made
    reasons: tuple[str, ...]


@functools.cache
def protections() -> Protections:
    """Of this machine; asked once per process, changes nothing."""
    if sys.platform != "linux":
        return Protections(None, False, (f"programs are not confined on {sys.platform}",))
    try:
        from ingest.media import landlock, seccomp
    except ImportError:
        return Protections(None, False, ("programs are not confined: this Python has no ctypes",))
    filters = seccomp.available()
    try:
        return describe(landlock.abi(), "", filters=filters)
    except OSError as error:
        return describe(None, error.strerror or str(error), filters=filters)


def describe(landlock_abi: int | None, why_not: str, *, filters: bool) -> Protections:
    """The protections of a kernel with this Landlock ABI (None: `why_not`), and seccomp filters or none."""
    abi = landlock_abi or 0
    reasons = []
    if not abi:
        reasons.append(f"programs can read and write any file: the kernel offers no Landlock ({why_not})")
    elif abi < 3 and not filters:
        reasons.append(f"programs can truncate any file: Landlock ABI {abi} does not cover that")
    if not filters:
        still_open = "UDP and Unix sockets are" if abi >= 4 else "the network is"
        reasons.append(f"{still_open} open to programs: the kernel offers no seccomp filter")
    return Protections(landlock_abi, filters or abi >= 4, tuple(reasons))
