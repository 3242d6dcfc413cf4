"""Routes of templates of jobs."""

from typing import Any

from fastapi.responses import Response

from ingest.server.dialects.xvid import documents, ids, requests
from ingest.server.dialects.xvid.access import TEMPLATES, KnownAsked, route
from ingest.server.dialects.xvid.bodies import TemplateIn, checked, merged


@route("GET", "/jobs/templates")
def templates(asked: KnownAsked) -> Response:
    """The account's templates, the oldest first."""
    found = asked.resources.list(asked.who.seen, TEMPLATES)
    start, limit = requests.paging(asked.parameters)
    shown = [asked.resource_document("jobs/templates", t) for t in found[start : start + limit]]
    return asked.answer(documents.listed("templates", shown, start, limit, len(found)))


@route("POST", "/jobs/templates")
def create_template(body: TemplateIn, asked: KnownAsked) -> Response:
    """A new template."""
    who = asked.submitter()
    document = body.template.model_dump(mode="json", exclude_unset=True)
    made = asked.resources.add(who.account, TEMPLATES, ids.new_id(), document)
    return asked.answer({"template": asked.resource_document("jobs/templates", made)})


@route("GET", "/jobs/templates/{template_id}")
def template(template_id: str, asked: KnownAsked) -> Response:
    """One template."""
    found = asked.resources.get(asked.who.seen, TEMPLATES, template_id)
    return asked.answer({"template": asked.resource_document("jobs/templates", found)})


@route("PUT", "/jobs/templates/{template_id}")
def change_template(template_id: str, body: dict[str, Any], asked: KnownAsked) -> Response:
    """Only the given keys change; null resets one."""
    who = asked.submitter()
    found = asked.resources.get(who.seen, TEMPLATES, template_id)
    said = checked(TemplateIn, {"template": merged(found.document, body.get("template"))}).template
    document = said.model_dump(mode="json", exclude_unset=True)
    changed = asked.resources.replace(who.seen, TEMPLATES, template_id, document)
    return asked.answer({"template": asked.resource_document("jobs/templates", changed)})


@route("DELETE", "/jobs/templates/{template_id}")
def delete_template(template_id: str, asked: KnownAsked) -> Response:
    """It is gone; jobs that were made with it stay."""
    asked.resources.delete(asked.submitter().seen, TEMPLATES, template_id)
    return asked.answer(dict(documents.SUCCESS))
