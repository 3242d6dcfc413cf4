"""Routes of presets and pipelines, and of the accounts and keys that documents refer to."""

from typing import Any

from fastapi.responses import Response

from ingest.server.addresses import checked_url
from ingest.server.dialects.xvid import documents, ids, requests
from ingest.server.dialects.xvid.access import (
    PIPELINES,
    PRESETS,
    AnyAsked,
    Asked,
    KnownAsked,
    default_pipeline_id,
    route,
)
from ingest.server.dialects.xvid.bodies import PipelineBody, PipelineIn, PresetIn, checked, merged
from ingest.server.dialects.xvid.presets import invalid, of_custom, resolved, system_id
from ingest.server.refusals import Refusal

# -- presets --


@route("GET", "/presets")
def presets(asked: AnyAsked) -> Response:
    """The system's presets, which may be listed without a token, and the account's own."""
    kind = asked.parameters.get("type", "")
    if kind not in ("", "system", "custom"):
        raise invalid("type", "must be system or custom")
    shown: list[dict[str, Any]] = []
    if kind != "custom":
        shown += [asked.preset_document(system_id(name)) for name in asked.book()]
    if kind == "custom" or (not kind and not asked.anonymous):
        shown += [
            asked.resource_document("presets", p) for p in asked.resources.list(asked.who.seen, PRESETS)
        ]
    start, limit = requests.paging(asked.parameters)
    return asked.answer(documents.listed("presets", shown[start : start + limit], start, limit, len(shown)))


@route("GET", "/presets/{preset_id}")
def preset(preset_id: str, asked: AnyAsked) -> Response:
    """One preset; one of the system's without a token, too."""
    return asked.answer({"preset": asked.preset_document(preset_id)})


@route("POST", "/presets")
def create_preset(body: PresetIn, asked: KnownAsked) -> Response:
    """A new custom preset."""
    who = asked.submitter()
    document = _preset_document(body)
    made = asked.resources.add(who.account, PRESETS, ids.new_id(), document)
    return asked.answer({"preset": asked.resource_document("presets", made)})


@route("PUT", "/presets/{preset_id}")
def change_preset(preset_id: str, body: dict[str, Any], asked: KnownAsked) -> Response:
    """Only the given keys change; null resets one."""
    who = asked.submitter()
    _check_own(asked, preset_id)
    found = asked.resources.get(who.seen, PRESETS, preset_id)
    kept = {k: v for k, v in found.document.items() if k != "type"}
    document = _preset_document(checked(PresetIn, {"preset": merged(kept, body.get("preset"))}))
    changed = asked.resources.replace(who.seen, PRESETS, preset_id, document)
    return asked.answer({"preset": asked.resource_document("presets", changed)})


@route("DELETE", "/presets/{preset_id}")
def delete_preset(preset_id: str, asked: KnownAsked) -> Response:
    """It is gone; jobs that were made with it stay."""
    who = asked.submitter()
    _check_own(asked, preset_id)
    asked.resources.delete(who.seen, PRESETS, preset_id)
    return asked.answer(dict(documents.SUCCESS))


def _preset_document(body: PresetIn) -> dict[str, Any]:
    """As it is kept. Raises Refusal `invalid` where no preset of a job can be made of it."""
    from ingest.job.errors import UsageError
    from ingest.media.presets import parse_texts

    name, text = resolved(of_custom("", body.preset), None, "custom")
    try:
        parse_texts({name: text or ""})
    except UsageError as error:
        raise invalid("target_format", error.message.partition(": ")[2]) from None
    return body.preset.document()


def _check_own(asked: Asked, preset_id: str) -> None:
    if any(system_id(name) == preset_id for name in asked.book()):
        raise Refusal("forbidden", "the system's presets are read only")


# -- pipelines --


@route("GET", "/pipelines")
def pipelines(asked: KnownAsked) -> Response:
    """The account's own, and before them the one that every account has."""
    found = asked.resources.list(asked.who.seen, PIPELINES)
    shown = [
        asked.default_pipeline(asked.who.account),
        *(asked.resource_document("pipelines", p) for p in found),
    ]
    start, limit = requests.paging(asked.parameters)
    return asked.answer(documents.listed("pipelines", shown[start : start + limit], start, limit, len(shown)))


@route("GET", "/pipelines/{pipeline_id}")
def pipeline(pipeline_id: str, asked: KnownAsked) -> Response:
    """One pipeline."""
    return asked.answer({"pipeline": asked.pipeline_document(pipeline_id)})


@route("POST", "/pipelines")
def create_pipeline(body: PipelineIn, asked: KnownAsked) -> Response:
    """A new pipeline."""
    who = asked.submitter()
    made = asked.resources.add(who.account, PIPELINES, ids.new_id(), _pipeline_document(asked, body.pipeline))
    return asked.answer({"pipeline": asked.resource_document("pipelines", made)})


@route("PUT", "/pipelines/{pipeline_id}")
def change_pipeline(pipeline_id: str, body: dict[str, Any], asked: KnownAsked) -> Response:
    """Only the given keys change; null resets one. Jobs that were submitted keep what they were submitted with."""
    who = asked.submitter()
    _check_not_default(asked, pipeline_id)
    found = asked.resources.get(who.seen, PIPELINES, pipeline_id)
    said = checked(PipelineIn, {"pipeline": merged(found.document, body.get("pipeline"))})
    document = _pipeline_document(asked, said.pipeline)
    changed = asked.resources.replace(who.seen, PIPELINES, pipeline_id, document)
    return asked.answer({"pipeline": asked.resource_document("pipelines", changed)})


@route("DELETE", "/pipelines/{pipeline_id}")
def delete_pipeline(pipeline_id: str, asked: KnownAsked) -> Response:
    """It is gone; jobs that were submitted to it stay."""
    who = asked.submitter()
    _check_not_default(asked, pipeline_id)
    asked.resources.delete(who.seen, PIPELINES, pipeline_id)
    return asked.answer(dict(documents.SUCCESS))


def _pipeline_document(asked: Asked, body: PipelineBody) -> dict[str, Any]:
    """As it is kept: with no address that is not asked, and no password in any."""
    private = asked.core.settings.private_urls
    pings = body.ping_urls.model_dump() if body.ping_urls else {}
    for name, url in {
        "input_download_dir": body.input_download_dir,
        "image_download_dir": body.image_download_dir,
        **{f"ping_urls.{k}": v for k, v in pings.items()},
    }.items():
        if url is not None and checked_url(url, private=private).username is not None:
            raise invalid(name, "may hold no user and password")
    return body.model_dump(mode="json")


def _check_not_default(asked: Asked, pipeline_id: str) -> None:
    if pipeline_id == default_pipeline_id(asked.who.account):
        raise Refusal("forbidden", "the account's own pipeline is read only")


# -- who --


@route("GET", "/users/{user_id}")
def user(user_id: str, asked: KnownAsked) -> Response:
    """An account."""
    found = asked.user_document(user_id)
    if found is None:
        raise Refusal("not_found", "there is no such user")
    return asked.answer({"user": found})


@route("GET", "/applications/{application_id}")
def application(application_id: str, asked: KnownAsked) -> Response:
    """A key, by its name."""
    found = asked.application_document(application_id)
    if found is None:
        raise Refusal("not_found", "there is no such application")
    return asked.answer({"application": found})
