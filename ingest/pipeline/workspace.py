"""The output folder: claimed and locked before work begins, filled in one move at the end.

All work is done in `<output>/.work-<jobId>/`, on the same file system, so that publishing is renames only. A new
package is moved in entry by entry, the playlists last. An existing one is replaced by exchanging the two folders
in one system call; where that cannot be done (the output folder is a mount point, or its parent may not be
written) its playlists are taken away before anything else moves, so that no reader meets a mixture.

A run that ends without a package leaves its work folder, with what it has encoded, where a later run can go on from
that: its own, or another that makes the very same, which takes it over. All go when a package is published.

On a disk that fills up, the work folder makes room for the record of the failure by going. So that it always has
something to give, room for a record is set aside in it from the start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ingest.files import sync_folder, sync_tree
from ingest.job import codes
from ingest.job.errors import OutputError, one_line
from ingest.media.source import display_name
from ingest.pipeline.leftovers import beside_prefix, is_leftover, mend_leftovers, remove
from ingest.pipeline.output_folder import (
    ENTRIES,
    JOB_FILE,
    MASTERS,
    PREVIOUS_JOB_FILE,
    REPLACED,
    RESERVE,
    RESERVE_BYTES,
    TEMPORARY,
    WORK_PREFIX,
    lock_folder,
    make_folder,
    not_writable,
    read_job_file,
)
from ingest.steps.checkpoints import worth_keeping

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@dataclass(slots=True)
class Workspace:
    """A claimed output folder. `package` becomes the folder's content when it is published.

    `left` are the folders of intermediate files that other jobs have left, the newest first.
    """

    output: Path
    job_id: str
    replaces: bool
    created: bool
    _locks: list[int]
    published: bool = False
    left: tuple[Path, ...] = ()

    @property
    def work(self) -> Path:
        return self.output / f"{WORK_PREFIX}{self.job_id}"

    @property
    def package(self) -> Path:
        return self.work / "package"

    @property
    def temporary(self) -> Path:
        """Where intermediate files go."""
        return self.work / TEMPORARY

    @classmethod
    def claim(cls, output: Path, source: Path, job_id: str, *, force: bool) -> Self:
        """Make or take the folder and lock it.

        Raises:
            OutputError: it is the source, not ours, finished (without `force`), or not writable.
            BusyError: another run holds it.
        """
        _refuse_source(output, source)
        # The folder behind any link: names inside it are compared, and it is what gets exchanged.
        output = Path(os.path.realpath(output))
        created = make_folder(output)
        claimed = cls(output, job_id, False, created, [lock_folder(output)])
        try:
            kept = mend_leftovers(output)
            claimed.left = tuple(work / TEMPORARY for work in kept if work != claimed.work)
            claimed.replaces = _check_ours(output, force=force)
            claimed.package.mkdir(parents=True)
            claimed.temporary.mkdir(exist_ok=True)
            (claimed.work / RESERVE).write_bytes(bytes(RESERVE_BYTES))
            if claimed.replaces and (output / JOB_FILE).exists():
                shutil.copy2(output / JOB_FILE, claimed.work / PREVIOUS_JOB_FILE)
        except (OSError, OutputError) as error:
            claimed.discard(keep=True)
            claimed.release()
            if isinstance(error, OSError):
                raise not_writable(output, error) from error
            raise
        return claimed

    def publish(self) -> None:
        """Put the package in place, durably. The record's file is not touched but for staying where it was."""
        sync_tree(self.package)
        if not (self.replaces and self._exchange()):
            self._move_in()
        self.published = True
        self.discard()

    def discard(self, *, keep: bool = False) -> bool:
        """Remove the work folder and all that is in it; a package that still stands gets its own record back.

        Args:
            keep: all but what a later run can go on from.

        Returns:
            Whether anything was kept.
        """
        if not self.published:
            with contextlib.suppress(OSError):
                (self.work / PREVIOUS_JOB_FILE).replace(self.output / JOB_FILE)
            if keep and worth_keeping(self.temporary):
                for entry in self.work.iterdir():
                    if entry != self.temporary:
                        remove(entry)
                return True
        for work in (self.work, *((t.parent for t in self.left) if self.published else ())):
            shutil.rmtree(work, ignore_errors=True)
        return False

    def release(self) -> None:
        """Let go of the lock. A folder that was made for nothing, not even a record, goes too."""
        if self.created:
            with contextlib.suppress(OSError):  # what is not empty stays
                self.output.rmdir()
        for lock in self._locks:
            os.close(lock)
        self._locks.clear()

    def _move_in(self) -> None:
        """Entry by entry: the old ones aside, masters first, then the new ones in, masters last; or all back."""
        aside = self.work / REPLACED
        aside.mkdir()
        moved: list[tuple[Path, Path]] = []
        old = [n for n in (*reversed(MASTERS), *ENTRIES) if os.path.lexists(self.output / n)]
        new = sorted(
            (p.name for p in self.package.iterdir()), key=lambda n: (n in MASTERS, n == MASTERS[-1], n)
        )
        pairs = [(self.output / n, aside / n) for n in dict.fromkeys(old)]
        pairs += [(self.package / n, self.output / n) for n in new]
        try:
            for source, target in pairs:
                source.rename(target)
                moved.append((source, target))
                if target.parent == aside and source.name in MASTERS:
                    sync_folder(self.output)
        except OSError:
            for source, target in reversed(moved):
                target.rename(source)
            raise
        sync_folder(self.output)

    def _exchange(self) -> bool:
        """Swap the new package for the old one in one call; False where the system or the place forbids it."""
        if Path.cwd() == self.output:
            return False  # the caller would be left standing in the old folder
        beside = self.output.parent / f"{beside_prefix(self.output)}{self.job_id}"
        try:
            self.package.rename(beside)
        except OSError:
            return False
        try:
            for entry in self.output.iterdir():
                if entry.name not in ENTRIES and not is_leftover(entry.name):
                    _link_or_copy(entry, beside / entry.name)
            shutil.copystat(self.output, beside)
            with contextlib.suppress(PermissionError):
                os.chown(beside, self.output.stat().st_uid, self.output.stat().st_gid)
            sync_folder(beside)
            self._locks.append(lock_folder(beside))
            exchanged = _rename_exchange(beside, self.output)
        except OSError:
            exchanged = False
        if not exchanged:
            for entry in list(beside.iterdir()):
                if entry.name not in ENTRIES:
                    remove(entry)
            beside.rename(self.package)
            return False
        sync_folder(self.output.parent)
        shutil.rmtree(beside, ignore_errors=True)
        return True


def _refuse_source(output: Path, source: Path) -> None:
    real_output, real_source = Path(os.path.realpath(output)), Path(os.path.realpath(source))
    if real_output == real_source:
        problem = f"the output {display_name(output)} is the source itself"
    elif real_output in real_source.parents and (real_output / JOB_FILE).exists():
        problem = f"the source lies inside the output folder {display_name(output)}"
    else:
        return
    raise OutputError(codes.OUTPUT_IS_SOURCE, problem, remedy="name another folder with -o")


def _check_ours(output: Path, *, force: bool) -> bool:
    """True when a finished package is there and may be replaced."""
    names = {entry.name for entry in output.iterdir() if not is_leftover(entry.name)}
    if not names:
        return False
    record = read_job_file(output)
    if not (str(record.get("jobId", "")).startswith("j") and "schemaVersion" in record):
        raise _not_ours(output)
    if not names & set(ENTRIES):
        return False
    if MASTERS[-1] not in names:
        if _was_publishing(record):
            return True
        raise _not_ours(output, min(names & set(ENTRIES)))
    if not force:
        raise OutputError(
            codes.OUTPUT_EXISTS,
            f"{display_name(output)} already holds a package (job {record['jobId']})",
            remedy="add --force to replace it, or name another folder with -o",
        )
    made = record.get("files")
    foreign = sorted(_package_files(output) - set(made if isinstance(made, list) else ()))
    if foreign:
        raise _not_ours(output, foreign[0])
    return True


def _not_ours(output: Path, example: str = "") -> OutputError:
    return OutputError(
        codes.OUTPUT_NOT_OURS,
        f"the folder {display_name(output)} holds files that ingest did not make"
        + (f" (such as {one_line(example)})" if example else ""),
        remedy="name another folder with -o",
    )


def _was_publishing(record: dict[str, Any]) -> bool:
    """A run that died while it moved its package in has left entries without a master playlist."""
    steps = record.get("steps")
    last = steps[-1] if isinstance(steps, list) and steps else {}
    publishing = codes.VIDEO_FILES_CREATED.number
    stopped = record.get("status") in {"EXECUTING", "CANCELLED"}
    return stopped and isinstance(last, dict) and last.get("code") == publishing


def _package_files(output: Path) -> set[str]:
    """All files where a package has its own, relative to the folder."""
    found = {e for e in ENTRIES if (output / e).is_file()}
    for entry in ENTRIES:
        found |= {display_name(p.relative_to(output)) for p in (output / entry).rglob("*") if not p.is_dir()}
    return found


def _link_or_copy(entry: Path, target: Path) -> None:
    """The same file under a second name; a copy where the file system has no links."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.copytree(entry, target, symlinks=True, copy_function=_link_file)
    else:
        _link_file(entry, target)


def _link_file(entry: str | Path, target: str | Path) -> None:
    try:
        os.link(entry, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(entry, target, follow_symlinks=False)


def _rename_exchange(one: Path, other: Path) -> bool:
    """renameat2(2) with RENAME_EXCHANGE: both names change places in one step."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    with contextlib.suppress(OSError):
        return bool(
            rename(
                _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)
            )
            == 0
        )
    return False
