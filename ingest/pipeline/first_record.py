"""The record of a job that has just been asked for, and what was asked for read back from one."""

from __future__ import annotations

import getpass
import os
import platform
import uuid
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pydantic.alias_generators import to_camel

from ingest.job.ids import new_job_id
from ingest.job.record import (
    Asked,
    Inputs,
    Output,
    Process,
    Record,
    Results,
    SourceFile,
    Times,
    utc_now,
)
from ingest.media.logo_choice import Logo
from ingest.media.options import Options
from ingest.media.source import display_name
from ingest.pipeline.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_PATHS = ("klv",)  # the options that name files; logos do as well


def first_record(request: Request) -> Record:
    """The record of a job that has just been asked for."""
    now = utc_now()
    stem = display_name(Path(os.path.abspath(request.source)).stem)
    output = display_name(request.folder)
    return Record(
        job_id=new_job_id(),
        inputs=Inputs(
            service_item_id=uuid.uuid4().hex,
            requested_resolutions=",".join(request.resolutions),
            file_ids=f"i{uuid.uuid4()}",
            service_url=folder_url(request.folder),
        ),
        results=Results(layer_id=0, layer_name=stem, service_name=stem),
        username=user_name(),
        source=SourceFile(
            path=display_name(os.path.abspath(request.source)), name=display_name(request.source.name)
        ),
        output=output,
        times=Times(submitted=now, updated=now),
        outputs=tuple(Output(resolution=name) for name in request.resolutions),
        process=this_process(),
        request=asked(request),
    )


def asked(request: Request) -> Asked:
    """The request as the record keeps it."""
    return Asked(
        source=file_url(Path(os.path.abspath(request.source))),
        output=file_url(request.folder),
        resolutions=request.resolutions,
        preset_dir=file_url(request.preset_dir.absolute()) if request.preset_dir else None,
        force=request.force,
        chunk_seconds=request.chunk_seconds,
        options=options_document(request.options),
    )


def options_document(options: Options) -> dict[str, Any]:
    """Every choice under its own name in camelCase; `options_of` reads it back."""
    return {to_camel(name): _plain(value) for name, value in asdict(options).items()}


def _plain(value: object) -> object:
    """As JSON has it."""
    if isinstance(value, Path):
        return file_url(value.absolute())
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def request_of(kept: Asked) -> Request:
    """The request that the record keeps. Raises ValueError for one that another version of ingest has written."""
    return Request(
        source=path_of(kept.source),
        resolutions=kept.resolutions,
        output=path_of(kept.output),
        force=kept.force,
        preset_dir=path_of(kept.preset_dir) if kept.preset_dir else None,
        options=options_of(kept.options),
        chunk_seconds=kept.chunk_seconds,
    )


def options_of(document: Mapping[str, Any]) -> Options:
    """The choices that `options_document` wrote. Raises ValueError for those of another version of ingest."""
    known = {to_camel(f.name): f.name for f in fields(Options)}
    if set(document) - set(known):
        raise ValueError("it has options that this version does not know")
    options: dict[str, Any] = {
        known[name]: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    for name in _PATHS:
        if options.get(name) is not None:
            options[name] = path_of(options[name])
    options["logos"] = tuple(
        Logo(**{**logo, "path": path_of(logo["path"])}) for logo in options.get("logos", ())
    )
    return Options(**options)


def path_of(url: str) -> Path:
    """The file that a URL made by `file_url` names."""
    return Path(os.fsdecode(unquote_to_bytes(url.removeprefix("file://"))))


def file_url(path: Path) -> str:
    """An absolute path as a URL, percent-encoded (RFC 8089)."""
    return "file://" + quote_from_bytes(os.fsencode(path))


def folder_url(folder: Path) -> str:
    """A local job has no service: its URL is the package folder's, percent-encoded (RFC 8089)."""
    return file_url(folder) + "/"


def user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def this_process() -> Process:
    from ingest.store.liveness import this_process as identify

    pid, host, started = identify()
    return Process(pid=pid, host=host or platform.node(), started=started)
