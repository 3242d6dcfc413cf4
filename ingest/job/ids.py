"""Ids of jobs, and the same id in the spellings of other systems.

A job's id is `j` and a UUID of version 7 (RFC 9562, section 5.7), so that ids sort by their creation. From it follow
the id of 26 characters that Bytescale's clients know and the one of 24 that Xvid's do; no table maps them.
"""

from __future__ import annotations

import re
import secrets
import time
import uuid

JOB_ID = r"^j[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {c: n for n, c in enumerate(_CROCKFORD)} | {"I": 1, "L": 1, "O": 0}
_ULID_LENGTH = 26


def new_job_id() -> str:
    """`j` and a lower-case UUID; of those that one machine makes, a later one is greater."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    # RFC 9562, section 6.2, method 3: the bits behind the version are the time below the millisecond.
    number = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | (rest * 4096 // 1_000_000) << 64
    number |= 0b10 << 62 | secrets.randbits(62)
    return f"j{uuid.UUID(int=number)}"


def is_job_id(text: str) -> bool:
    return re.fullmatch(JOB_ID, text) is not None


def uuid_of(job_id: str) -> uuid.UUID:
    """The UUID in a job's id. Raises ValueError for what is no job's id."""
    if not is_job_id(job_id):
        raise ValueError(f"{job_id!r} is not a job's id")
    return uuid.UUID(job_id[1:])


def ulid(job_id: str) -> str:
    """The same 128 bits in Crockford's base 32, upper case, as ULIDs are written; `from_ulid` goes back."""
    number = uuid_of(job_id).int
    digits = (number >> 5 * place & 31 for place in range(_ULID_LENGTH - 1, -1, -1))
    return "".join(_CROCKFORD[digit] for digit in digits)


def from_ulid(text: str) -> str:
    """The job's id; case does not matter, and I, L and O are read as Crockford reads them.

    Raises:
        ValueError: not 26 characters of this alphabet, or more than 128 bits.
    """
    number = 0
    for character in text.upper():
        if character not in _VALUES:
            raise ValueError(f"{text!r} is not a ULID")
        number = number << 5 | _VALUES[character]
    if len(text) != _ULID_LENGTH or number >> 128:
        raise ValueError(f"{text!r} is not a ULID")
    return f"j{uuid.UUID(int=number)}"


def object_id(job_id: str) -> str:
    """24 hexadecimal digits, as MongoDB writes ids: seconds of the creation, then the last 8 bytes of the UUID.

    Of ids that hold no time (version 4, made before there were jobs of a server), the first four bytes stand for it.
    """
    found = uuid_of(job_id)
    first = (found.int >> 80) // 1000 & 0xFFFFFFFF if found.version == 7 else found.int >> 96
    return f"{first:08x}{found.hex[16:]}"
