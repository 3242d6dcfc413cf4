"""What Xvid's MediaHub API answers, made of our jobs, files and resources. Pure.

Shapes: docs-prd.xvid.com/display/XMHDOCPRD, pages "Get info on a specific Job", "Get a specific File", "Presets",
"Pipelines", "Create a Template". Where they end, docs/dialects.md says what is ours. Keys that have no value stand
here as None; `formats` leaves them out unless `show_null` asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ingest.engine.ids import object_id
from ingest.engine.model import State
from ingest.server.dialects.xvid.ids import Place, file_id, named_id
from ingest.server.dialects.xvid.naming import filled, stem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ingest.engine.model import Job
    from ingest.job.record import Output

ROOT: Final = "/v1"
DIALECT: Final = "xvid"
VERSION: Final = 1  # of every document
# Jobs that are none in Xvid's eyes: it has no drafts, and cancelled jobs are deleted.
STATUSES: Final[Mapping[State, str]] = {
    State.SUBMITTED: "QUEUED",
    State.EXECUTING: "PROCESSING",
    State.COMPLETED: "SUCCESS",
    State.FAILED: "FAILURE",
}
SUCCESS: Final = {"result": {"status": "SUCCESS"}}


def reference(kind: str, resource_id: str | None, base: str) -> dict[str, str] | None:
    """`{id, href}`, as all of its references are; `kind` is the plural that stands in the URL."""
    if resource_id is None:
        return None
    return {"id": resource_id, "href": f"{base}{ROOT}/{kind}/{resource_id}"}


def job(job: Job, base: str, presets: Mapping[str, str]) -> dict[str, Any]:
    """A job, keys in the order of the published example.

    Args:
        presets: ids of the system's presets by name, for jobs that were not asked for in this dialect.
    """
    asked, record, own_id = job.asked if job.dialect == DIALECT else {}, job.record, object_id(job.job_id)
    outputs = asked.get("outputs") or [_plain_output(job, o.resolution, presets) for o in record.outputs]
    failed = job.state is State.FAILED
    error = job.shown.error if failed else None
    return {
        "pipeline": reference("pipelines", asked.get("pipeline"), base),
        "application": reference("applications", asked.get("application"), base),
        "user_data": job.label,
        **_said(asked, "unique_custom_key"),
        "input": _input(job, asked, own_id, base),
        "autograph": asked.get("autograph"),
        "output_prefix": output_prefix(job, asked),
        "outputs": [_output(job, own_id, number, each, base) for number, each in enumerate(outputs)],
        "status": STATUSES[job.state],
        "percentage_completed": _percent(record.progress.percent, done=job.state is State.COMPLETED),
        "error_msg": error.message if error else None,
        "error_code": str(error.code) if error else None,
        "finished_at": milliseconds(job.ended),
        "version": VERSION,
        "user": reference("users", user_id(job.account), base),
        "created_at": milliseconds(job.created),
        "updated_at": milliseconds(job.updated),
        "id": own_id,
        "href": f"{base}{ROOT}/jobs/{own_id}",
    }


def output_prefix(job: Job, asked: Mapping[str, Any]) -> str | None:
    """What the names of its files begin with."""
    pattern = asked.get("output_prefix")
    if pattern is None:
        return None
    name = stem_of(asked.get("input", {}).get("input_name", ""))
    return filled(pattern, job_id=object_id(job.job_id), input_name=name)


def _said(asked: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Keys that the published example does not have, not even as null, are there where something was said."""
    return {key: asked[key]} if asked.get(key) is not None else {}


def _plain_output(job: Job, resolution: str, presets: Mapping[str, str]) -> dict[str, Any]:
    """The output of a job that another dialect, or the command line, asked for."""
    return {
        "preset": presets.get(resolution),
        "output_name": f"{job.record.results.service_name}_{resolution}",
        "resolution": resolution,
    }


def _input(job: Job, asked: Mapping[str, Any], own_id: str, base: str) -> dict[str, Any]:
    said = asked.get("input", {})
    return {
        "input_name": said.get("input_name", job.record.source.name),
        **_said(said, "start_time"),
        "force_container": None,
        "force_aspect_ratio": None,
        "force_framerate": None,
        "force_interlaced": None,
        "file": reference("files", said.get("file") or file_id(own_id, Place()), base),
    }


def _output(job: Job, own_id: str, number: int, asked: Mapping[str, Any], base: str) -> dict[str, Any]:
    made = rendition(job, asked["resolution"])
    done = job.state is State.COMPLETED and made is not None
    sets = asked.get("thumbnails") or []

    def file(place: Place, *, there: bool) -> dict[str, str] | None:
        return reference("files", file_id(own_id, place), base) if there else None

    return {
        "preset": reference("presets", asked.get("preset"), base),
        "file": file(Place(number), there=done and mp4_of(made) is not None),
        "output_name": asked["output_name"],
        "percentage_completed": _percent(made.percent, done=made.status == "COMPLETED") if made else 0,
        "thumbnail_zip": (
            {"file": file(Place(number, archive=True), there=done)} if asked.get("thumbnail_zip") else None
        ),
        "thumbnails": [
            {
                "thumbnail_names": each["thumbnail_names"],
                "thumbnail_preset": each["thumbnail_preset"],
                "file": file(Place(number, thumbnails=n), there=done),
            }
            for n, each in enumerate(sets)
        ]
        or None,
        "logos": asked.get("logos") or None,
        "settings": asked.get("settings"),
    }


def rendition(job: Job, resolution: str) -> Output | None:
    """What stands for an output: its own rendition, or, where the film is too small for that, the largest made."""
    outputs = job.record.outputs
    own = next((o for o in outputs if o.resolution == resolution), None)
    if own is None or own.status != "LEFT_OUT":
        return own
    made = [o for o in outputs if o.status != "LEFT_OUT"]
    return max(made, key=lambda o: (o.width or 0) * (o.height or 0), default=own)


def mp4_of(output: Output | None) -> str | None:
    """Its MP4 file in the package."""
    return next((f for f in output.files if f.startswith("mp4/")), None) if output else None


def jobs(documents: Sequence[Mapping[str, Any]], total: int, start: int, limit: int) -> dict[str, Any]:
    """A part of the list."""
    return {"jobs": list(documents), "total": total, "start": start, "limit": limit}


def listed(
    plural: str, documents: Sequence[Mapping[str, Any]], start: int, limit: int, total: int | None = None
) -> dict[str, Any]:
    """A part of a list of something else."""
    counted = {} if total is None else {"total": total}
    return {plural: list(documents), **counted, "start": start, "limit": limit}


def resource(
    kind: str,
    resource_id: str,
    said: Mapping[str, Any],
    base: str,
    *,
    account: str | None,
    created: datetime | None = None,
    updated: datetime | None = None,
) -> dict[str, Any]:
    """A preset, pipeline or template: what was said of it, then what every resource has.

    Args:
        account: whose it is; None: the system's.
    """
    return {
        **said,
        "version": VERSION,
        "user": reference("users", user_id(account), base) if account is not None else None,
        "created_at": milliseconds(created),
        "updated_at": milliseconds(updated),
        "id": resource_id,
        "href": f"{base}{ROOT}/{kind}/{resource_id}",
    }


def token(text: str, seconds: int) -> dict[str, Any]:
    """RFC 6749, section 5.1."""
    return {"access_token": text, "expires_in": seconds, "token_type": "Bearer"}


def error(code: str, message: str) -> dict[str, Any]:
    """Every failure."""
    return {"error": {"error_code": code, "error_message": message}}


def user_id(account: str) -> str:
    return named_id("user", account)


def application_id(key_id: str) -> str:
    """An application is one of our keys."""
    return named_id("application", key_id)


def milliseconds(moment: datetime | None) -> int | None:
    """Since 1970-01-01 UTC."""
    return round(moment.timestamp() * 1000) if moment else None


def _percent(percent: float, *, done: bool) -> int:
    """A whole number, and 100 only of what is done."""
    return 100 if done else min(99, int(percent))
