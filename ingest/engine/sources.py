"""Finds the file that a submission names: allowed, there, and kept for the job."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from ingest.engine.model import LocalSource, StoredSource, UrlSource
from ingest.engine.places import logo_file, source_file
from ingest.files import sync_folder
from ingest.job import codes
from ingest.job.errors import SourceError, UsageError
from ingest.media.logo_choice import MOST_LOGOS, Logo, check_logo
from ingest.media.source import display_name, open_source
from ingest.store.tables import FILES

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ingest.engine.model import Submission
    from ingest.store.database import Database


@dataclass(frozen=True, slots=True)
class Found:
    """`path` is the file to open, None while unknown; `size` in bytes, None before it is fetched.

    `linked`: it was put into the job's folder.
    """

    path: Path | None
    name: str
    size: int | None = None
    linked: bool = False


class Sources:
    """Of one server: `allowed` are the folders that local sources may lie in."""

    def __init__(self, database: Database, home: Path, allowed: tuple[Path, ...]) -> None:
        self._database = database
        self._home = home
        self._allowed = tuple(Path(os.path.realpath(folder)) for folder in allowed)

    def prepare(self, account: str, job_id: str, submission: Submission, *, needed: bool) -> Found:
        """The submission's source; where it is not `needed` yet, only what can be said of it.

        Raises:
            UsageError: USAGE, there is none, or it is no http address; SOURCE_NOT_ALLOWED.
            SourceError: it is not there, or cannot be read.
        """
        match submission.source:
            case None if needed:
                raise UsageError(codes.USAGE, "the job has no source", remedy="name a file or a URL")
            case None:
                return Found(None, "")
            case LocalSource(path):
                return self._local(path, needed=needed)
            case StoredSource(file_id):
                return self._stored(account, job_id, file_id, needed=needed)
            case UrlSource() as source:
                return self._address(job_id, source)

    def resolved(self, submission: Submission) -> Submission:
        """With the files behind all links where its options name files: a link may change after it was looked at.

        Raises:
            UsageError: SOURCE_NOT_ALLOWED.
        """
        options = submission.options
        klv = self._allow(options.klv) if options.klv is not None else None
        logos = tuple(replace(logo, path=self._allow(logo.path)) for logo in options.logos)
        return replace(submission, options=replace(options, klv=klv, logos=logos))

    def _allow(self, path: Path) -> Path:
        """The file behind all links, where that is in an allowed folder; else nothing is said of whether it exists."""
        # A zero byte is no part of any path; what is asked with it is refused like the rest.
        real = Path(os.path.realpath(os.fsdecode(path).replace("\0", "")))
        if "\0" in os.fsdecode(path) or not any(real.is_relative_to(folder) for folder in self._allowed):
            raise UsageError(
                codes.SOURCE_NOT_ALLOWED,
                f"{display_name(path)} is in no folder that the server may read",
                remedy="start the server with --allow FOLDER, or upload the file",
            )
        return real

    def _local(self, path: Path, *, needed: bool) -> Found:
        real = self._allow(path)
        if not needed:
            return Found(real, path.name)
        with open_source(real) as source:
            return Found(real, path.name, source.size)

    def logos(self, account: str, job_id: str, submission: Submission) -> tuple[Logo, ...]:
        """All logos of the job, those that are files of the account linked into its folder.

        Raises:
            UsageError: USAGE, there are too many, or one cannot be placed so.
            SourceError: the account has no such file.
        """
        found = list(submission.options.logos)
        for number, stored in enumerate(submission.logos):
            row = self._row(account, stored.file_id)
            target = logo_file(self._home, job_id, number, row.name)
            _link(row, target)
            logo = Logo(target, stored.position, stored.width, stored.opacity)
            check_logo(logo)
            found.append(logo)
        if len(found) > MOST_LOGOS:
            raise UsageError(codes.USAGE, f"{len(found)} logos, the limit is {MOST_LOGOS}")
        return tuple(found)

    def _stored(self, account: str, job_id: str, file_id: str, *, needed: bool) -> Found:
        row = self._row(account, file_id)
        if not needed:
            return Found(None, row.name, row.size)
        target = source_file(self._home, job_id, row.name)
        _link(row, target)
        return Found(target, row.name, row.size, linked=True)

    def _row(self, account: str, file_id: str) -> Row[*tuple[Any, ...]]:
        query = select(FILES.c.name, FILES.c.stored, FILES.c.size).where(
            FILES.c.file_id == file_id, FILES.c.account == account
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise SourceError(
                codes.SOURCE_NOT_FOUND, f"there is no file {file_id!r}", remedy="upload it first"
            )
        return row

    def _address(self, job_id: str, source: UrlSource) -> Found:
        try:
            parts = urlsplit(source.url)
        except ValueError:  # brackets that are no IPv6 address
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                codes.USAGE,
                "the source's URL is no http or https address",
                remedy="give one that begins with https://",
            )
        name = source.name or unquote(parts.path.rpartition("/")[2]) or parts.hostname
        return Found(source_file(self._home, job_id, name), name)


def _link(row: Row[*tuple[Any, ...]], target: Path) -> None:
    """Give the file a second name: the client may delete it while the job waits."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(row.stored)
    except FileNotFoundError as error:
        raise SourceError(codes.SOURCE_NOT_FOUND, f"the file {row.name!r} is gone") from error
    sync_folder(target.parent)
