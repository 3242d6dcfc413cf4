"""A seccomp filter that closes what Landlock leaves open: every kind of socket, and truncation by name.

Landlock refuses TCP from Linux 6.7 on, and neither UDP nor Unix sockets (a container runtime's control
socket is one); its ABI 1 and 2 do not refuse truncate(2). io_uring is refused because its operations pass
by a filter. Like `landlock`, it runs inside the launcher and imports nothing heavy. See seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = (
    0x20,
    0x15,
    0x35,
    0x06,
)  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, 16  # offsets in struct seccomp_data
_X32_BIT = 0x40000000
_AF_UNIX = 1

# machine: (AUDIT_ARCH_*, socket, truncate, io_uring_setup)
_CALLS = {"x86_64": (0xC000003E, 41, 76, 425), "aarch64": (0xC00000B7, 198, 45, 425)}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def available() -> bool:
    """Whether this kernel takes filters and this machine's call numbers are known; changes nothing."""
    if os.uname().machine not in _CALLS or sys.maxsize < 2**32:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # A null program is refused with EFAULT where filters exist, with EINVAL where they do not.
    return libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, None) != 0 and ctypes.get_errno() == errno.EFAULT


def program(machine: str, *, unix_sockets: bool) -> list[tuple[int, int, int, int]]:
    """The filter as (code, jump if true, jump if false, constant); `machine` as `os.uname` names it."""
    architecture, socket, truncate, io_uring = _CALLS[machine]
    no_such_call, refused = _ERRNO | errno.ENOSYS, _ERRNO | errno.EACCES
    body = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, no_such_call),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 1, 0, _X32_BIT),
        (_EQUAL, 0, 1, io_uring),
        (_RETURN, 0, 0, no_such_call),
        (_EQUAL, 0, 1, truncate),
        (_RETURN, 0, 0, refused),
        (_EQUAL, 1, 0, socket),
        (_RETURN, 0, 0, _ALLOW),
    ]
    if unix_sockets:  # a GPU driver may talk to its own daemon
        body += [(_LOAD, 0, 0, _ARGUMENT_AT), (_EQUAL, 0, 1, _AF_UNIX), (_RETURN, 0, 0, _ALLOW)]
    return [*body, (_RETURN, 0, 0, refused)]


def restrict(*, unix_sockets: bool) -> None:
    """Install the filter for this process and its children, for good; OSError when the kernel refuses."""
    machine = os.uname().machine
    if machine not in _CALLS or sys.maxsize < 2**32:
        raise OSError(errno.ENOSYS, f"no system call numbers for {machine}")
    rows = program(machine, unix_sockets=unix_sockets)
    instructions = (_Instruction * len(rows))(*(_Instruction(*row) for row in rows))
    wanted = _Program(len(rows), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        or libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(wanted)) != 0
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
