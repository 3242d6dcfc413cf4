"""Where the queue's jobs have their folders in the data folder; every name in them is one of ours, or made harmless."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.files import shortened

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = "packages"
JOBS = "jobs"
_NOBODY = "_"


def package_folder(home: Path, account: str, job_id: str) -> Path:
    """The package of a job. Raises ValueError for an account that is no name of ours."""
    if not re.fullmatch(r"[A-Za-z0-9]{0,32}", account):
        raise ValueError(f"{account!r} is not an account")
    return home / PACKAGES / (account or _NOBODY) / job_id


def job_folder(home: Path, job_id: str) -> Path:
    """What belongs to a job and is not in its package: its presets, its fetched source, its lock."""
    return home / JOBS / job_id


def presets_folder(home: Path, job_id: str) -> Path:
    return job_folder(home, job_id) / "presets"


def source_file(home: Path, job_id: str, name: str) -> Path:
    """Where a source is put that is fetched, or linked from the files of the account."""
    return job_folder(home, job_id) / "source" / harmless(name)


def logo_file(home: Path, job_id: str, number: int, name: str) -> Path:
    """Where a logo is put that is linked from the files of the account."""
    return job_folder(home, job_id) / "logos" / f"{number}-{harmless(name)}"


def lock_file(home: Path, job_id: str) -> Path:
    """Held (flock) by whoever runs the job, from before its process begins until it has ended."""
    return job_folder(home, job_id) / "lock"


def harmless(name: str) -> str:
    """A file name made of one that somebody else chose: letters, digits, space, dot, dash and underscore.

    >>> harmless("../Größe?.mov")
    '_Größe_.mov'
    """
    plain = "".join(c if c.isalnum() or c in " ._-" else "_" for c in name).lstrip(". ").rstrip()
    return shortened(plain, 180) or "source"
