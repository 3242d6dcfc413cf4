"""Locks on parts of a file, which end with whoever holds them: also with a process that is killed."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# struct flock of <fcntl.h> on Linux: l_type, l_whence, l_start, l_len (0: to the end and behind it), l_pid.
_FLOCK = "hhqqi4x"


@contextmanager
def locked(descriptor: int, start: int, length: int) -> Iterator[bool]:
    """Whether `length` bytes from `start` on are ours alone within; 0 is all from there on, whatever comes.

    The lock is the open file's (F_OFD_SETLK, fcntl(2)), so that two threads that have each opened it keep each other
    out as two processes do. The descriptor must be open for writing.

    Raises:
        OSError: the file system knows no locks.
    """
    ours = _set(descriptor, fcntl.F_WRLCK, start, length)
    try:
        yield ours
    finally:
        if ours:
            # Not left to closing: a process that is being started has the descriptor too, until it is another program.
            _set(descriptor, fcntl.F_UNLCK, start, length)


def _set(descriptor: int, kind: int, start: int, length: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, start, length, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
