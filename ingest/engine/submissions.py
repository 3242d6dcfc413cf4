"""What a submission becomes: the job's first record, its presets' folder, and the JSON that brings it back."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.engine.model import LocalSource, StoredLogo, StoredSource, Submission, UrlSource, moment
from ingest.files import sync_folder, write_atomic
from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.job.record import Record, SourceFile
from ingest.media import presets as preset_files
from ingest.media.source import display_name
from ingest.pipeline.first_record import first_record, options_document, options_of
from ingest.pipeline.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.engine.model import Source

_NO_SOURCE = Path("/")


def record_of(
    submission: Submission,
    *,
    job_id: str,
    username: str,
    source: Path | None,
    name: str,
    output: Path,
    preset_dir: Path | None,
) -> Record:
    """SUBMITTED, run by nobody yet.

    `source` is the file to open, None in a draft that has none; `name` is what it is called.
    """
    request = Request(
        source=source or _NO_SOURCE,
        resolutions=submission.resolutions,
        output=output,
        preset_dir=preset_dir,
        options=submission.options,
    )
    record = first_record(request)
    stem = display_name(Path(name).stem)
    return record.model_copy(
        update={
            "job_id": job_id,
            "username": username,
            "process": None,
            "source": SourceFile(path=display_name(source) if source else "", name=display_name(name)),
            "results": record.results.model_copy(update={"layer_name": stem, "service_name": stem}),
            "request": record.request if source else None,
        }
    )


def check_presets(submission: Submission, preset_dir: Path | None) -> None:
    """Whether every resolution is a preset that is whole, and all of them fit into one ladder.

    Raises:
        UsageError: USAGE, UNKNOWN_RESOLUTION or PRESET_INVALID, as `ingest run` says it.
    """
    own = preset_files.parse_texts(submission.presets)
    others = (p for name, p in preset_files.load(preset_dir).items() if name not in own)
    preset_files.PresetBook([*others, *own.values()]).select(submission.resolutions)


def write_presets(submission: Submission, preset_dir: Path | None, folder: Path) -> Path | None:
    """The job's own presets, with those of `preset_dir` beside them, durably in `folder`; None where it has none."""
    shutil.rmtree(folder, ignore_errors=True)
    if not submission.presets:
        return None
    folder.mkdir(parents=True)
    texts = {path.stem: preset_files.read_text(path) for path in _own_files(preset_dir)}
    for name, text in (texts | dict(submission.presets)).items():
        write_atomic(folder / f"{name}.toml", text.encode(), at_once=False)
    sync_folder(folder)
    return folder


def _own_files(preset_dir: Path | None) -> list[Path]:
    if preset_dir is None:
        return []
    return [path for path in preset_files.find(preset_dir).values() if path.parent == preset_dir]


def dumped(submission: Submission) -> str:
    """All but the request's own document, which has a column of its own."""
    return json.dumps(
        {
            "resolutions": submission.resolutions,
            "source": _source_document(submission.source),
            "options": options_document(submission.options),
            "presets": dict(submission.presets),
            "logos": [dataclasses.asdict(logo) for logo in submission.logos],
            "dialect": submission.dialect,
            "label": submission.label,
            "priority": submission.priority,
            "startAt": submission.start_at.isoformat() if submission.start_at else None,
            "timeLimit": submission.time_limit.total_seconds() if submission.time_limit else None,
            "webhooks": dict(submission.webhooks),
        }
    )


def loaded(text: str, asked: Mapping[str, Any]) -> Submission:
    """Raises UsageError JOB_NOT_RESUMABLE for one that another version of ingest wrote, or `ingest run`."""
    document = json.loads(text)
    try:
        return Submission(
            resolutions=tuple(document["resolutions"]),
            source=_source_of(document["source"]),
            options=options_of(document["options"]),
            presets=document["presets"],
            logos=tuple(StoredLogo(**logo) for logo in document.get("logos", ())),
            dialect=document["dialect"],
            asked=asked,
            label=document["label"],
            priority=document["priority"],
            start_at=moment(document["startAt"]),
            time_limit=timedelta(seconds=document["timeLimit"]) if document["timeLimit"] else None,
            webhooks=document["webhooks"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(codes.JOB_NOT_RESUMABLE, "what was asked for cannot be read back") from error


def _source_document(source: Source | None) -> dict[str, str] | None:
    match source:
        case None:
            return None
        case LocalSource(path):
            return {"path": os.fsdecode(path)}
        case StoredSource(file_id):
            return {"file": file_id}
        case UrlSource(url, name, username, password):
            return {"url": url, "name": name, "username": username, "password": password}


def _source_of(document: dict[str, str] | None) -> Source | None:
    match document:
        case None:
            return None
        case {"path": path}:
            return LocalSource(Path(path))
        case {"file": file_id}:
            return StoredSource(file_id)
        case {"url": url, "name": name, "username": username, "password": password}:
            return UrlSource(url, name, username, password)
        case _:
            raise ValueError("not a source")
