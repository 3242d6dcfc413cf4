"""What the native API takes and shows: a job to make, a job, a file, as JSON in camelCase."""

import os
import typing
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel

from ingest.engine.model import Happening, LocalSource, Source, StoredSource, Submission, UrlSource, stamp
from ingest.media.choices import Choices, options_of
from ingest.media.options import DEFAULTS, Options
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from ingest.engine.model import Line, StoredFile

MOST_SECONDS = 30 * 86400.0
Text = Annotated[str, Field(max_length=4096)]


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="forbid", frozen=True)


class PathBody(Shape):
    """A file of the server's machine, below a folder of `--allow`."""

    path: Annotated[Text, Field(min_length=1)]


class UrlBody(Shape):
    """A file to fetch over http or https; user and password are never shown again."""

    url: Annotated[Text, Field(min_length=1)]
    name: Annotated[str, Field(max_length=255)] = ""
    username: Annotated[str, Field(max_length=255)] = ""
    password: Annotated[str, Field(max_length=255)] = ""


class FileBody(Shape):
    """A file that was uploaded: the id in `/api/files`."""

    file: Annotated[str, Field(min_length=1, max_length=64)]


class OptionsShape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def options(self) -> Options:
        """Raises UsageError for a choice that cannot be."""
        return options_of(**{name.removesuffix("_"): getattr(self, name) for name in self.model_fields_set})


# What the library takes as objects of Python's is text here, as on the command line.
_IN_JSON: Final[dict[str, Any]] = {"klv": str | None, "logos": str | list[str]}


def _choices() -> type[OptionsShape]:
    """A model of the library's own choices: a new one is in the API by itself."""
    hints = typing.get_type_hints(Choices, localns={"Sequence": Sequence, "os": os})
    made: dict[str, Any] = {}
    for name, hint in hints.items():
        kind = _IN_JSON.get(name, hint)
        # An underscore behind the name: `copy` is one of pydantic's own.
        made[f"{name}_"] = (kind, Field(default=getattr(DEFAULTS, name), alias=to_camel(name)))
    return create_model("JobOptions", __base__=OptionsShape, **made)


if TYPE_CHECKING:
    JobOptions = OptionsShape
else:
    JobOptions = _choices()


class NewJob(Shape):
    """What is to be made of what."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "source": {"url": "https://films.example/park.mp4"},
                "resolutions": ["hd", "fhd"],
                "options": {"codecs": ["h264", "hevc"]},
                "label": "tuesday",
                "priority": 5,
                "webhooks": {"finished": "https://shop.example/hooks/ingest"},
            }
        }
    )

    source: Annotated[
        PathBody | UrlBody | FileBody | None, Field(description="Left out only in a draft.")
    ] = None
    resolutions: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=32)]
    options: Annotated[JobOptions | None, Field(description="As those of `ingest run`.")] = None
    presets: Annotated[
        dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=65536)]],
        Field(description="Presets of this job alone: TOML by name.", max_length=32),
    ] = {}
    label: Annotated[str | None, Field(max_length=255)] = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    start_at: datetime | None = None
    time_limit: Annotated[
        float | None, Field(gt=0, le=MOST_SECONDS, description="Seconds that it may run for.")
    ] = None
    webhooks: dict[Happening, Text] = {}
    draft: Annotated[bool, Field(description="Wait for `run`.")] = False

    def submission(self) -> Submission:
        """Raises UsageError for options that do not go together."""
        asked = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        if isinstance(self.source, UrlBody):
            asked.pop("source")  # its URL may be signed: the queue alone keeps it
        start = self.start_at
        if start is not None and start.tzinfo is None:
            raise Refusal("invalid", "startAt: needs a time zone", code="start_invalid")
        return Submission(
            resolutions=tuple(self.resolutions),
            source=_source(self.source),
            options=self.options.options() if self.options else DEFAULTS,
            presets=self.presets,
            dialect="native",
            asked=asked,
            label=self.label,
            priority=self.priority,
            start_at=start,
            time_limit=timedelta(seconds=self.time_limit) if self.time_limit else None,
            webhooks=self.webhooks,
        )


def _source(body: PathBody | UrlBody | FileBody | None) -> Source | None:
    match body:
        case PathBody():
            return LocalSource(Path(body.path))
        case UrlBody():
            return UrlSource(body.url, body.name, body.username, body.password)
        case FileBody():
            return StoredSource(body.file)
        case None:
            return None


def job_document(line: "Line", base: str) -> dict[str, Any]:
    """What lists show of a job; `base` is the server's URL. The record comes beside it where one job is asked for."""
    error = line.error
    here = f"{base}/api/jobs/{line.job_id}"
    return {
        "jobId": line.job_id,
        "state": line.state.value,
        "percent": line.percent,
        "step": line.step,
        "source": line.source,
        "resolutions": list(line.resolutions),
        "account": line.account,
        "username": line.username,
        "dialect": line.dialect,
        "label": line.label,
        "priority": line.priority,
        "attempts": line.attempts,
        "created": line.created,
        "updated": line.updated,
        "queued": line.queued,
        "startAt": line.start_at,
        "begun": line.begun,
        "ended": line.ended,
        "error": {"code": error.code, "message": error.message, "remedy": error.remedy} if error else None,
        "links": {"self": here, "events": f"{here}/events", "files": f"{here}/files"},
    }


def file_document(file: "StoredFile", base: str) -> dict[str, Any]:
    """A file of an account."""
    here = f"{base}/api/files/{file.file_id}"
    return {
        "file": file.file_id,
        "path": file.path,
        "name": file.name,
        "mime": file.mime,
        "size": file.size,
        "etag": file.etag,
        "created": stamp(file.created),
        "metadata": dict(file.metadata),
        "tags": list(file.tags),
        "links": {"self": here, "content": f"{here}/content"},
    }
