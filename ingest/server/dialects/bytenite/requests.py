"""ByteNite's bodies as what the queue takes. Pure.

A job's own document (`Job.asked`) has the keys of ByteNite's job that the record has no field for; those that begin
with `_` are for this dialect alone and are never shown.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from ingest.engine.model import Filter, State, StoredSource, Submission, UrlSource
from ingest.engine.sent import AWAITED
from ingest.media.choices import options_of
from ingest.server.addresses import shown_url
from ingest.server.dialects.bytenite.bodies import PRIORITIES, CreateJob
from ingest.server.dialects.bytenite.documents import STATES, TEMPLATE
from ingest.server.dialects.bytenite.params import renditions, safe_name
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ingest.engine.model import Job, Source
    from ingest.server.dialects.bytenite.bodies import Config, FilterJobs

DIALECT = "bytenite"
# What of a source's or destination's parameters is kept: whatever else clients send may be a secret.
_KEPT = ("@type", "name", "url")
UPLOAD_DIGEST, FILE_ID, START_AT = AWAITED, "_fileId", "_startAt"
_URL_TYPE = "type.googleapis.com/bytenite.data_source.HttpDataSource"
_FILE_TYPE = "type.googleapis.com/bytenite.data_source.LocalFileDataSource"
_TYPES = {"url": _URL_TYPE, "file": _FILE_TYPE}
_SORTS = {
    "createdat": "created",
    "updatedat": "updated",
    "state": "status",
}


def created(body: CreateJob) -> dict[str, Any]:
    """The document of a new job.

    Raises:
        Refusal: invalid: there is no such template.
    """
    template = body.template_id or TEMPLATE["id"]
    if template.partition("@")[0] != TEMPLATE["id"].partition("@")[0]:
        raise Refusal("invalid", f"templateId: there is no template {template!r}", details=("templateId",))
    document: dict[str, Any] = {
        "templateId": template,
        "name": body.name,
        "description": body.description,
        "appId": body.app_id,
        "config": body.config.model_dump(by_alias=True),
        "priority": body.priority,
        "regions": body.regions.model_dump(by_alias=True, mode="json"),
        "dataSource": None,
        "dataDestination": None,
        "params": body.params,
    }
    if body.start_at is not None:
        document[START_AT] = _aware(body.start_at).isoformat()
    return with_sources(document, _plain(body.data_source), _plain(body.data_destination))


def _plain(model: Any) -> dict[str, Any] | None:
    return None if model is None else dict(model.model_dump(by_alias=True))


def with_sources(
    asked: Mapping[str, Any], source: Mapping[str, Any] | None, destination: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The document with another source and destination; None leaves one as it is.

    Raises:
        Refusal: invalid: a descriptor that cannot be served here.
    """
    changed = dict(asked)
    if source is not None:
        descriptor = source["dataSourceDescriptor"]
        if descriptor not in {"url", "file", "bypass"}:
            raise _invalid("dataSource.dataSourceDescriptor", f"is {descriptor!r}; url and file can be read")
        params = source.get("params") or {}
        if descriptor == "url" and not _is_address(params.get("url")):
            raise _invalid("dataSource.params.url", "must be an http or https URL")
        changed["dataSource"] = {
            "dataSourceDescriptor": descriptor,
            "params": {"@type": _TYPES.get(descriptor, ""), **params},
        }
        changed.pop(FILE_ID, None)
    if destination is not None:
        descriptor = destination["dataSourceDescriptor"]
        if descriptor not in {"bucket", "bypass"}:
            what = "bucket is what results can be written to"
            raise _invalid("dataDestination.dataSourceDescriptor", f"is {descriptor!r}; {what}")
        changed["dataDestination"] = {
            "dataSourceDescriptor": descriptor,
            "params": dict(destination.get("params") or {}),
        }
    return changed


def _is_address(url: object) -> bool:
    try:
        return isinstance(url, str) and urlsplit(url).scheme in ("http", "https")
    except ValueError:  # brackets that are no IPv6 address
        return False


def with_config(asked: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The document with other time limits."""
    return {**asked, "config": config.model_dump(by_alias=True)}


def submission(asked: Mapping[str, Any], secrets: Mapping[str, str] | None = None) -> Submission:
    """What the document asks for; `secrets` are those of the source, which the document must not keep.

    Raises:
        Refusal: invalid: parameters that cannot be.
    """
    wanted = renditions(asked.get("params"), asked["name"])
    config = asked["config"]
    limits = [s for s in (config["taskTimeout"], config["jobTimeout"]) if s]
    return Submission(
        resolutions=wanted.resolutions,
        source=_source(asked, secrets or {}),
        options=options_of(mp4=True, codecs=wanted.codec, crop=wanted.crop, pad=wanted.pad),
        presets=wanted.presets,
        dialect=DIALECT,
        asked=without_secrets(asked),
        label=asked["name"],
        priority=PRIORITIES[asked["priority"]],
        start_at=_moment(asked.get(START_AT)),
        time_limit=timedelta(seconds=min(limits)) if limits else None,
    )


def secrets_of(asked: Mapping[str, Any]) -> dict[str, str]:
    """User name and password of a URL source."""
    params = (asked.get("dataSource") or {}).get("params") or {}
    return {k: str(params[k]) for k in ("username", "password") if params.get(k)}


def without_secrets(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it may be kept and shown; a URL without user, password and query, where signatures stand."""
    kept = dict(asked)
    for key in ("dataSource", "dataDestination"):
        if kept.get(key):
            params = {k: v for k, v in kept[key]["params"].items() if k in _KEPT}
            if isinstance(params.get("url"), str):
                params["url"] = shown_url(params["url"])
            kept[key] = {**kept[key], "params": params}
    return kept


def _source(asked: Mapping[str, Any], secrets: Mapping[str, str]) -> Source | None:
    if file_id := asked.get(FILE_ID):
        return StoredSource(file_id)
    described = asked.get("dataSource")
    if not described or described["dataSourceDescriptor"] != "url":
        return None
    params = described["params"]
    url = str(params["url"])
    name = str(params.get("name") or unquote(urlsplit(url).path.rpartition("/")[2]) or "source")
    return UrlSource(
        url,
        safe_name(name),
        username=secrets.get("username", ""),
        password=secrets.get("password", ""),
    )


def source_of(described: Mapping[str, Any]) -> UrlSource | None:
    """The source of a description that no job has; None where nothing can be fetched yet.

    Raises:
        Refusal: invalid, as `with_sources`.
    """
    asked = with_sources({}, described, None)
    source = _source(asked, secrets_of(asked))
    return source if isinstance(source, UrlSource) else None


def filter_of(body: FilterJobs, account: str | None) -> tuple[Filter, frozenset[str] | None]:
    """The core's filter, and the job states that its states are still to be narrowed down to (None: no).

    Raises:
        Refusal: invalid: a field that jobs cannot be filtered or sorted by.
    """
    asked: dict[str, set[str]] = {}
    for condition in body.filters:
        value = condition.value if isinstance(condition.value, str) else condition.value.value
        if condition.field not in ("id", "name", "state", "templateId"):
            known = "id, name, state, templateId"
            raise _invalid(
                "filters.field", f"{condition.field[:60]!r} is none that jobs are filtered by: {known}"
            )
        if not isinstance(value, str):
            raise _invalid("filters.value", f"must be a text for {condition.field}")
        asked.setdefault(condition.field, set()).add(value)
    names = frozenset(asked["state"]) if "state" in asked else None
    states = None if names is None else _states(names)
    ids = {_job_id(text) for text in asked.get("id", ())}
    template = _template(TEMPLATE["id"])
    if (
        any(len(values) > 1 for values in (ids, asked.get("name", ()), names or ()))
        or None in ids
        or any(_template(text) != template for text in asked.get("templateId", ()))
    ):
        states = frozenset()  # no job is two things
    sort, descending = _order(body.order_by)
    filtered = Filter(
        account=account,
        states=states,
        job_id=next(iter(ids), None),
        label=next(iter(asked.get("name", ())), None),
        sort=sort,
        descending=descending,
        offset=body.pagination.offset,
        limit=body.pagination.limit,
    )
    return filtered, names


def _states(names: frozenset[str]) -> frozenset[State]:
    """Those that may show each of the names."""
    for name in names:
        if not any(name in shown for shown in STATES.values()):
            raise _invalid("filters.value", f"{name[:60]!r} is not a state")
    return frozenset(state for state, shown in STATES.items() if names <= shown)


def _job_id(text: str) -> str | None:
    try:
        return f"j{UUID(text)}"
    except ValueError:
        return None


def _template(text: str) -> str:
    """A template's name: its version does not count."""
    return text.partition("@")[0]


def _order(order_by: str) -> tuple[Any, bool]:
    """`createdAt`, `createdAt desc` and `-createdAt`; the newest first where nothing is said."""
    if not order_by:
        return "created", True
    field, _, direction = order_by.strip().partition(" ")
    sort = _SORTS.get(field.removeprefix("-").lower())
    if sort is None or direction.strip().lower() not in {"", "asc", "desc"}:
        raise _invalid("orderBy", f"{order_by[:60]!r} is not understood; createdAt desc is")
    return sort, field.startswith("-") or direction.strip().lower() == "desc"


def notes(job: Job) -> tuple[str, ...]:
    """What of the job's parameters is made otherwise than they say."""
    return renditions(job.asked.get("params"), job.asked.get("name") or "").notes


def outputs(job: Job) -> tuple[tuple[str, str], ...]:
    """Name and path in the package of each result of a finished job."""
    if job.state is not State.COMPLETED:
        return ()
    asked = job.asked
    name = asked.get("name") or job.record.results.service_name
    named = renditions(asked.get("params"), name).names
    found = []
    for number, output in enumerate(job.record.outputs):
        mp4 = next((f for f in output.files if f.startswith("mp4/")), None)
        if mp4 is not None:
            plain = f"out_{number}/{safe_name(f'{name}_{output.resolution}')}.mp4"
            found.append((named.get(output.resolution, plain), mp4))
    masters = [f for f in job.record.files if f in ("ABR.m3u8", "manifest.mpd")]
    return (*found, *((f"package/{f}", f) for f in masters))


def _moment(text: str | None) -> datetime | None:
    from datetime import datetime

    return datetime.fromisoformat(text) if text else None


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _invalid(where: str, why: str) -> Refusal:
    return Refusal("invalid", f"{where} {why}", details=(where,))
