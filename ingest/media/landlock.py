"""Landlock: the kernel refuses file access and TCP outside what a process allowed itself (landlock(7)).

Runs inside the launcher, where every import is paid for at each start: only `ctypes` and `os`. Constants are
those of <linux/landlock.h>; the system call numbers are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG = 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

READ = _READ_FILE | _READ_DIR
RUN = READ | _EXECUTE
DEVICE = READ | _WRITE_FILE | _IOCTL_DEV
# No symbolic links, devices, sockets or pipes: nothing that could lead our own reading astray or hang it.
WRITE = READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER

_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_ALL_TCP = 1 << 0 | 1 << 1
_ALL_SCOPES = 1 << 0 | 1 << 1

# Once: every CDLL makes classes of its own, which costs more than the call.
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The running kernel's Landlock version, 1 or more; OSError (ENOSYS, EOPNOTSUPP) when it has none."""
    return _syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)


def handled(version: int) -> tuple[int, int, int]:
    """What an ABI version lets us refuse: (file rights, TCP rights, scopes), as bit masks.

    >>> [hex(mask) for mask in handled(2)]
    ['0x3fff', '0x0', '0x0']
    """
    files = (1 << 13) - 1
    files |= _REFER if version >= 2 else 0
    files |= _TRUNCATE if version >= 3 else 0
    files |= _IOCTL_DEV if version >= 5 else 0
    return files, _ALL_TCP if version >= 4 else 0, _ALL_SCOPES if version >= 6 else 0


def restrict(rules: Iterable[tuple[str | int, int]]) -> None:
    """Refuse this thread, for good and for all its children, everything that no rule allows.

    A rule is a path (or an open descriptor) and a mask such as `READ`; a path that is not there and a
    descriptor that is not a file (a pipe needs no rule) are passed over. OSError when there is no Landlock.
    """
    files, tcp, scopes = handled(abi())
    # An older kernel knows a shorter structure, and takes the longer one as long as the rest is zero.
    attributes = _RulesetAttr(files, tcp, scopes)
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
    try:
        for target, rights in rules:
            _allow(ruleset, target, rights & files)
        _no_new_privileges()
        _syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, target: str | int, rights: int) -> None:
    try:
        descriptor = target if isinstance(target, int) else os.open(target, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = _PathBeneathAttr(rights, descriptor)
        _syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    except OSError:
        return
    finally:
        if descriptor is not target:
            os.close(descriptor)


def _no_new_privileges() -> None:
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _syscall(number: int, *arguments: object) -> int:
    result = int(_LIBC.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
