"""Routes of jobs."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fastapi.responses import Response

from ingest.engine.ids import object_id
from ingest.engine.model import Job, LocalSource, Source, StoredFile, StoredSource, UrlSource
from ingest.job.errors import UsageError
from ingest.server.addresses import checked_url, without_credentials
from ingest.server.dialects.xvid import documents, ids, requests
from ingest.server.dialects.xvid.access import (
    PIPELINES,
    PRESETS,
    TEMPLATES,
    Asked,
    KnownAsked,
    default_pipeline_id,
    route,
)
from ingest.server.dialects.xvid.bodies import (
    JobBody,
    JobIn,
    PipelineBody,
    PresetBody,
    TemplateBody,
    checked,
    merged,
)
from ingest.server.dialects.xvid.presets import Basis, invalid, of_custom, of_system, system_id
from ingest.server.filestore import About
from ingest.server.refusals import Refusal
from ingest.server.taking import take

LOGO_SECONDS = 20.0
_CUSTOM_KEYS = "xvid.unique_custom_key"


@route("GET", "/jobs")
def listed(asked: KnownAsked) -> Response:
    """The account's jobs that every filter lets through, the oldest first."""
    wanted = requests.filter_of(asked.parameters, asked.who.seen)
    page = asked.core.queue.jobs(wanted)
    shown = [asked.job_document(job) for job in page.jobs]
    return asked.answer(documents.jobs(shown, page.total, wanted.offset, wanted.limit))


@route("POST", "/jobs")
def create(body: dict[str, Any], asked: KnownAsked) -> Response:
    """A new job, queued."""
    who = asked.submitter()
    job_body = _with_template(asked, body)
    key = job_body.unique_custom_key
    custom = ids.named_id("custom", who.account, key) if key else ""
    if custom and (known := _job_of_key(asked, custom)):
        return asked.answer({"job": asked.job_document(known)})
    job = _submitted(asked, job_body)
    if custom:
        own = {"job": object_id(job.job_id)}
        try:
            asked.resources.add(who.account, _CUSTOM_KEYS, custom, own, most=None)
        except Refusal:
            # Another request was first.
            asked.core.queue.delete(who.account, job.job_id)
            job = _job_of_key(asked, custom) or job
    return asked.answer({"job": asked.job_document(job)})


def _submitted(asked: Asked, body: JobBody) -> Job:
    """The job, queued; what was fetched for it alone is its own then."""
    fetched: list[StoredFile] = []
    try:
        return asked.core.submit(asked.who, requests.submission(body, _found(asked, body, fetched)))
    finally:
        for file in fetched:
            asked.core.files.delete(file.account, file.file_id)


def _job_of_key(asked: Asked, custom: str) -> Job | None:
    """The job that was made with this key and is there still."""
    try:
        kept = asked.resources.get(asked.who.account, _CUSTOM_KEYS, custom)
    except Refusal:
        return None
    try:
        return asked.job(kept.document["job"])
    except (Refusal, UsageError):
        asked.resources.delete(asked.who.account, _CUSTOM_KEYS, custom)
        return None


@route("GET", "/jobs/{job_id}")
def one(job_id: str, asked: KnownAsked) -> Response:
    """One job."""
    job = asked.job(job_id)
    marker = asked.parameters.get("user_data")
    if marker and job.label != marker:
        raise Refusal("not_found", "there is no such job")
    return asked.answer({"job": asked.job_document(job)})


@route("DELETE", "/jobs/{job_id}")
def delete(job_id: str, asked: KnownAsked) -> Response:
    """The job is stopped where it runs, and is gone with its files."""
    who = asked.submitter()
    asked.core.queue.delete(who.seen, asked.job(job_id).job_id)
    return asked.answer(dict(documents.SUCCESS))


# -- what a job names --


def _with_template(asked: Asked, body: dict[str, Any]) -> JobBody:
    said = body.get("job")
    if not isinstance(said, dict):
        raise invalid("job", "must be an object")
    template = said.get("template")
    if isinstance(template, dict) and isinstance(template.get("id"), str):
        try:
            found = asked.resources.get(asked.who.seen, TEMPLATES, template["id"])
        except Refusal:
            raise invalid("template", "does not exist") from None
        settings = TemplateBody.model_validate(found.document).job_settings
        said = merged(settings.model_dump(mode="json", exclude_unset=True), said)
    return checked(JobIn, {"job": said}).job


def _found(asked: Asked, body: JobBody, fetched: list[StoredFile]) -> requests.Found:
    who = asked.who
    pipeline_id, pipeline = _pipeline(asked, body)
    source, name, file = _source(asked, body, pipeline)
    return requests.Found(
        source=source,
        input_name=name,
        file=file,
        bases=_bases(asked, body),
        pipeline=pipeline_id,
        application=documents.application_id(who.key_id),
        logos=_logos(asked, body, pipeline, fetched),
        ping_urls=pipeline.ping_urls.model_dump() if pipeline and pipeline.ping_urls else {},
    )


def _pipeline(asked: Asked, body: JobBody) -> tuple[str, PipelineBody | None]:
    """Its id, and what is said of it; None of the account's own."""
    default = default_pipeline_id(asked.who.account)
    named = body.pipeline.id if body.pipeline else body.pipeline_id or default
    if named == default:
        return named, None
    try:
        found = asked.resources.get(asked.who.account, PIPELINES, named)
    except Refusal:
        raise invalid("pipeline", "does not exist") from None
    return named, PipelineBody.model_validate(found.document)


def _bases(asked: Asked, body: JobBody) -> dict[str, Basis]:
    of_server = {system_id(p.name): p for p in asked.book().values()}
    found: dict[str, Basis] = {}
    for preset_id in {o.preset.id for o in body.outputs}:
        if preset_id in of_server:
            found[preset_id] = of_system(of_server[preset_id])
            continue
        try:
            kept = asked.resources.get(asked.who.account, PRESETS, preset_id)
        except Refusal:
            raise invalid("preset", f"{preset_id} does not exist") from None
        said = {k: v for k, v in kept.document.items() if k != "type"}
        found[preset_id] = of_custom(preset_id, PresetBody.model_validate(said))
    return found


def _logos(
    asked: Asked, body: JobBody, pipeline: PipelineBody | None, fetched: list[StoredFile]
) -> dict[str, str]:
    """The file that each logo is; those that come from an address are fetched now, and told in `fetched`."""
    from ingest.images.logos import MAX_BYTES

    account, folder = asked.who.account, pipeline.image_download_dir if pipeline else None
    found: dict[str, str] = {}
    for image in {logo.logo_image for output in body.outputs for logo in output.logos or ()}:
        address = requests.address_of(image, folder)
        if address is None:
            try:
                found[image] = asked.core.files.at(account, f"/{image.removeprefix('/')}").file_id
            except Refusal:
                raise invalid("logo_image", "there is no such file, and it is no address") from None
            continue
        checked_url(address, private=asked.core.settings.private_urls)
        url, user, password = without_credentials(address)
        name = unquote(urlsplit(url).path.rpartition("/")[2]) or "logo"
        source, about = (
            UrlSource(url, name, user, password),
            About(path=f"/xvid/logos/{ids.new_id()}", name=name),
        )
        file = take(asked.core, account, source, about, seconds=LOGO_SECONDS, size=MAX_BYTES)
        fetched.append(file)
        found[image] = file.file_id
    return found


def _source(asked: Asked, body: JobBody, pipeline: PipelineBody | None) -> tuple[Source, str, str | None]:
    """Where it reads from, how that is shown, and the id of the file of the account that it is."""
    account = asked.who.account
    if body.input.file is not None:
        try:
            file = asked.file(body.input.file.id)
        except (Refusal, UsageError):
            raise invalid("input.file", "does not exist") from None
        if not isinstance(file, StoredFile) or file.account != account:
            raise invalid("input.file", "is no file that was brought here")
        return StoredSource(file.file_id), body.input.input_name or file.name, ids.stored_id(file.file_id)
    name = body.input.input_name
    if name is None:
        raise invalid("input.input_name", "is missing")
    address = requests.address_of(name, pipeline.input_download_dir if pipeline else None)
    if address is None:
        try:
            stored = asked.core.files.at(account, f"/{name.removeprefix('/')}")
        except Refusal:
            raise invalid("input.input_name", "there is no such file, and it is no address") from None
        return StoredSource(stored.file_id), name, ids.stored_id(stored.file_id)
    if address.startswith("file:///"):
        path = Path(unquote(urlsplit(address).path))
        return LocalSource(path), path.name, None
    if not address.startswith(("http://", "https://")):
        raise invalid("input.input_name", "must be an http or https address, or the path of a file")
    url, user, password = without_credentials(address)
    own_name = unquote(urlsplit(url).path.rpartition("/")[2]) or "source"
    return UrlSource(url, own_name, user, password), requests.shown_name(name), None
