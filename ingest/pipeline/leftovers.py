"""What runs that died have left in an output folder and beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.files import shortened
from ingest.job.ids import is_job_id
from ingest.pipeline.output_folder import (
    ENTRIES,
    JOB_FILE,
    MASTERS,
    PREVIOUS_JOB_FILE,
    REPLACED,
    TEMPORARY,
    WORK_PREFIX,
    lock_folder,
    not_writable,
)
from ingest.steps.checkpoints import worth_keeping

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def mended(output: Path) -> Iterator[Path]:
    """The folder behind any link, locked, without what runs that died have left in it.

    Raises:
        OutputError: it is not there, or cannot be written.
        BusyError: a run holds it.
    """
    output = Path(os.path.realpath(output))
    lock = lock_folder(output)
    try:
        mend_leftovers(output)
        yield output
    except OSError as error:
        raise not_writable(output, error) from error
    finally:
        os.close(lock)


def left_work(output: Path) -> list[Path]:
    """The work folders in an output folder; those of a run that is at work are among them."""
    try:
        return [e for e in output.iterdir() if e.name.startswith(WORK_PREFIX) and is_leftover(e.name)]
    except OSError:
        return []


def remove_left_work(output: Path) -> int:
    """The bytes that were freed. Raises OutputError or BusyError, as `mended`."""
    freed = 0
    with mended(output) as folder:
        for work in left_work(folder):
            freed += sum(p.lstat().st_size for p in work.rglob("*") if not p.is_dir())
            shutil.rmtree(work)
    return freed


def beside_prefix(output: Path) -> str:
    """What the hidden name of a new package beside its folder begins with; the job's id follows."""
    return f".{shortened(output.name, 100)}."


def is_leftover(name: str) -> bool:
    """A work folder, or a record that was being written; a run may die before it has written its first one."""
    if name.startswith(WORK_PREFIX):
        return is_job_id(name.removeprefix(WORK_PREFIX))
    return name.startswith(f".{JOB_FILE}.") and name.endswith(".tmp")


def mend_leftovers(output: Path) -> list[Path]:
    """Undo what runs that died have left, in the folder and beside it: the lock is ours, so nobody uses it.

    Returns the work folders that hold something to go on from, the newest first.
    """
    kept: list[Path] = []
    for entry in sorted(output.iterdir(), key=lambda e: e.lstat().st_mtime):
        if not is_leftover(entry.name):
            continue
        if (entry / REPLACED).is_dir() and not (output / MASTERS[-1]).exists():
            _move_back(entry / REPLACED, output)
        if (entry / PREVIOUS_JOB_FILE).exists() and (output / MASTERS[-1]).exists():
            (entry / PREVIOUS_JOB_FILE).replace(output / JOB_FILE)
        if worth_keeping(entry / TEMPORARY):
            kept.insert(0, entry)
            for other in entry.iterdir():
                if other.name != TEMPORARY:
                    remove(other)
        else:
            remove(entry)
    prefix = beside_prefix(output)
    with contextlib.suppress(OSError):  # the folder above may not be ours to read
        for entry in output.parent.iterdir():
            if entry.name.startswith(prefix) and is_job_id(entry.name.removeprefix(prefix)):
                remove(entry)
    return kept


def _move_back(replaced: Path, output: Path) -> None:
    """Put an old package back that a dead run had moved aside to make room for its own; masters last."""
    names = [e for e in ENTRIES if os.path.lexists(replaced / e)]
    if not names:
        return
    for name in ENTRIES:
        remove(output / name)
    for name in names:
        (replaced / name).rename(output / name)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
