"""The output folder itself: what is where in it, who holds it, and what its errors mean.

The lock is `flock` on the folder: it dies with its process and leaves no file behind.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.job.errors import BusyError, IngestError, OutputError, ResourceError
from ingest.media.source import display_name

if TYPE_CHECKING:
    from pathlib import Path

JOB_FILE = "job.json"
PREVIOUS_JOB_FILE = "previous-job.json"
REPLACED = "replaced"
TEMPORARY = "temporary"
RESERVE = "reserve"
RESERVE_BYTES = 32 * 1024
WORK_PREFIX = ".work-"
MASTERS = ("manifest.mpd", "ABR.m3u8")
# Everything that a package has at its top; nothing else in the folder is ever removed.
ENTRIES = (
    "video",
    "audio",
    "text",
    "telemetry",
    "trick",
    "previews",
    "mp4",
    "thumbnails",
    "info",
    "poster.jpg",
    *MASTERS,
)


def make_folder(output: Path) -> bool:
    try:
        output.mkdir(parents=True)
    except FileExistsError:
        if output.is_dir():
            return False
        raise OutputError(
            codes.OUTPUT_NOT_WRITABLE,
            f"the output {display_name(output)} is a file",
            remedy="name a folder with -o",
        ) from None
    except OSError as error:
        raise not_writable(output, error) from error
    return True


def not_writable(output: Path, error: OSError) -> IngestError:
    """What an operating system's error means for the output folder: it is full, or it cannot be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return ResourceError(
            codes.DISK_FULL,
            f"no space left in {display_name(output)}",
            remedy="free some space, then run again",
        )
    return OutputError(
        codes.OUTPUT_NOT_WRITABLE,
        f"the output folder {display_name(output)} cannot be written ({error.strerror or error})",
        remedy="name another folder with -o",
    )


def lock_folder(folder: Path) -> int:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise not_writable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            raise BusyError(
                codes.OUTPUT_BUSY,
                f"{display_name(folder)} is in use by {_holder(folder)}",
                remedy="wait for it to end, or name another folder with -o",
            ) from None
        raise not_writable(folder, error) from error
    if not os.path.samestat(os.fstat(descriptor), folder.stat()):
        # Between the two calls another run has put its new folder in this one's place.
        os.close(descriptor)
        return lock_folder(folder)
    return descriptor


def _holder(folder: Path) -> str:
    record = read_job_file(folder)
    process = record.get("process")
    process = process if isinstance(process, dict) else {}
    if record.get("jobId"):
        return f"job {record['jobId']} (process {process.get('pid', '?')} on {process.get('host', '?')})"
    return "another run"


def read_job_file(folder: Path) -> dict[str, Any]:
    """The record in `folder` as a plain dictionary; empty when there is none that can be read as JSON."""
    try:
        document = json.loads((folder / JOB_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
