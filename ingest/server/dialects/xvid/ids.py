"""Ids as Xvid writes them, 24 hexadecimal digits; no table maps ours to them. Pure.

A job's is `ingest.engine.ids.object_id`. The files of a job have the job's own but for the last four digits, which are
greater by a number that says which file it is; a stored file has the first 24 digits of its UUID.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Final

ID: Final = re.compile(r"[0-9a-f]{24}")
_KEPT = 20  # digits that a job's files share with it
SOURCE: Final = 1  # the number of a job's source
MOST_OUTPUTS: Final = 32
MOST_THUMBNAILS: Final = 8  # sets of one output
_PER_OUTPUT = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Which file of a job: the source where `output` is None.

    `thumbnails` is which set of pictures of the output, `archive` is all of its sets in one file.
    """

    output: int | None = None
    thumbnails: int | None = None
    archive: bool = False

    @property
    def number(self) -> int:
        if self.output is None:
            return SOURCE
        within = 1 if self.archive else 0 if self.thumbnails is None else 2 + self.thumbnails
        return _PER_OUTPUT * (1 + self.output) + within


def place_of(number: int) -> Place | None:
    """The place that has this number; None where there is none.

    >>> place_of(Place(output=2, thumbnails=1).number)
    Place(output=2, thumbnails=1, archive=False)
    """
    if number == SOURCE:
        return Place()
    output, within = divmod(number, _PER_OUTPUT)
    if not 1 <= output <= MOST_OUTPUTS or within >= 2 + MOST_THUMBNAILS:
        return None
    return Place(output - 1, within - 2 if within >= 2 else None, archive=within == 1)


def file_id(job: str, place: Place) -> str:
    """The id of a file of the job with this id."""
    return f"{job[:_KEPT]}{(int(job[_KEPT:], 16) + place.number) % 65536:04x}"


def job_prefix(file: str) -> str:
    """The digits that the file has of its job's id."""
    return file[:_KEPT]


def place_in(job: str, file: str) -> Place | None:
    """Which file of the job it is; None where it is none of this job's."""
    if job[:_KEPT] != file[:_KEPT]:
        return None
    return place_of((int(file[_KEPT:], 16) - int(job[_KEPT:], 16)) % 65536)


def stored_id(file: str) -> str:
    """Of a stored file's own id, `i` and a UUID.

    >>> stored_id("i0b1c2d3e-4f50-4a1b-8c2d-3e4f5a6b7c8d")
    '0b1c2d3e4f504a1b8c2d3e4f'
    """
    return file.removeprefix("i").replace("-", "")[:24]


def stored_prefix(file: str) -> str:
    """How the own id of that stored file begins.

    >>> stored_prefix("0b1c2d3e4f504a1b8c2d3e4f")
    'i0b1c2d3e-4f50-4a1b-8c2d-3e4f'
    """
    return f"i{file[:8]}-{file[8:12]}-{file[12:16]}-{file[16:20]}-{file[20:]}"


def named_id(*names: str) -> str:
    """The same names have the same id, on every server."""
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def new_id() -> str:
    """Seconds of now, and chance."""
    return f"{int(time.time()) & 0xFFFFFFFF:08x}{secrets.token_hex(8)}"
