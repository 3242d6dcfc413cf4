"""The routes of ArcGIS Video Server that have to do with jobs, and the service that each finished job is.

Parameters come in the query or, with POST, in a form; the token as `token`, or in `Authorization` or
`X-Esri-Authorization` as a bearer. Every failure is answered with HTTP status 200 and an `error` object.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response

from ingest.engine.model import Filter, Job, State
from ingest.server.core import Core, get_core
from ingest.server.dialect import Dialect
from ingest.server.dialects.arcgis import documents, layers
from ingest.server.dialects.arcgis.ability import encoders
from ingest.server.dialects.arcgis.documents import LAYER, ROOTS
from ingest.server.dialects.arcgis.formats import answer, check, link_root, root_of, token_page
from ingest.server.keys import KEY_PREFIX, Principal
from ingest.server.refusals import Kind, Refusal
from ingest.server.routing import dialect_router
from ingest.server.sessions import begin_session, check_origin, keep_token, session_of

if TYPE_CHECKING:
    from pathlib import Path


Route = TypeVar("Route", bound=Callable[..., Response])
DEFAULT_MINUTES, MOST_MINUTES = 60, 525_600  # of a token
PAGE, LARGEST_PAGE = 100, 1000

# Esri's codes and words where it has some.
_CODES: dict[Kind, int] = {
    "missing_credentials": 499,
    "bad_credentials": 498,
    "expired": 498,
    "forbidden": 403,
    "not_found": 404,
    "method": 405,
    "invalid": 400,
    "conflict": 409,
    "too_large": 413,
    "too_many": 429,
    "unavailable": 503,
    "internal": 500,
}
_WORDS: dict[Kind, str] = {
    "missing_credentials": "Token Required",
    "bad_credentials": "Invalid Token",
    "expired": "Invalid Token",
}


def refuse(refusal: Refusal, request: Request) -> Response:
    """JSON whatever `f` says, as Esri's servers do where a client cannot be served; never another status than 200.

    Whoever looks at pages and shows no token is asked for one.
    """
    message = _WORDS.get(refusal.kind, refusal.message)
    if refusal.kind in _WORDS and getattr(request.state, "page", False):
        return token_page(request, "" if refusal.kind == "missing_credentials" else message)
    if refusal.kind == "not_found" and not request.scope.get("route"):
        return JSONResponse(documents.error(400, "Invalid URL", ["Invalid URL"]))
    return JSONResponse(documents.error(_CODES[refusal.kind], message, refusal.details))


class Asked:
    """What every request of this dialect may say: its parameters by lower-case name, from query and form."""

    def __init__(self, request: Request, parameters: dict[str, str]) -> None:
        self.request = request
        self._parameters = parameters

    def get(self, name: str, default: str = "") -> str:
        return self._parameters.get(name.lower(), default)

    def in_url(self, name: str) -> list[str]:
        """What the URL says of a parameter, whatever the method; its name in small letters."""
        return [value for key, value in self.request.query_params.multi_items() if key.lower() == name]

    @property
    def format(self) -> str:
        return check(self.get("f"))

    @property
    def credential(self) -> str:
        """The key or token; empty where there is none.

        Raises:
            Refusal: invalid: a key in the URL, which logs and histories keep.
        """
        if any(token.startswith(KEY_PREFIX) for token in self.in_url("token")):
            raise Refusal("invalid", "keys are not sent in URLs: ask generateToken for a token")
        for name in ("authorization", "x-esri-authorization"):
            scheme, _, value = self.request.headers.get(name, "").partition(" ")
            if scheme.lower() == "bearer":
                return value.strip()
        return self.get("token")

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number; above `most` is `most`.

        Raises:
            Refusal: invalid.
        """
        text = self.get(name)
        if not text:
            return default
        # Ten digits are more than any of `most`, and a thousand are not read as a number.
        number = int(text.lstrip("0")[:11] or 0) if re.fullmatch(r"[0-9]+", text) else -1
        if number < least:
            raise Refusal("invalid", f"'{name}' must be a whole number, {least} or more", details=(name,))
        return min(number, most)


async def _asked(request: Request) -> Asked:
    parameters = {k.lower(): v for k, v in request.query_params.items()}
    if request.method == "POST":
        form = await request.form(max_files=0, max_fields=100)
        parameters |= {k.lower(): v for k, v in form.items() if isinstance(v, str)}
    said = parameters.get("f", "").lower()
    # Some resources have no page, and their clients say no format: only browsers that go somewhere take html there.
    request.state.page = said == "html" or (not said and "text/html" in request.headers.get("accept", ""))
    return Asked(request, parameters)


_HOME = (("Jobs", "/jobs"), ("Self", "/self"))  # what the catalogue's page leads to
_UP = (("Home", ""),)
AskedOf = Annotated[Asked, Depends(_asked)]
CoreOf = Annotated[Core, Depends(get_core)]


async def _principal(asked: AskedOf, core: CoreOf) -> Principal:
    who = await core.principal(asked.credential or session_of(core, asked.request))
    who.require("read")
    return who


PrincipalOf = Annotated[Principal, Depends(_principal)]
router = dialect_router(refuse, r"/(?:arcgis|video)(?:/|$)")


def _resource(path: str, *, name: str) -> Callable[[Route], Route]:
    """GET and POST of a path below each root, with or without a slash at its end."""

    def register(function: Route) -> Route:
        for root in ROOTS:
            for end in ("", "/") if not path.endswith("/") else ("",):
                router.add_api_route(
                    f"{root}{path}{end}",
                    function,
                    methods=["GET", "POST"],
                    name=name,
                    response_model=None,
                )
        return function

    return register


@_resource("", name="catalog")
@_resource("/info", name="info")
def root(asked: AskedOf, core: CoreOf) -> Response:
    """Versions, and where a token is to be had; needs none."""
    secured = not core.settings.no_auth
    document = documents.catalog(core.base_url(asked.request), root_of(asked.request), secured=secured)
    return answer(asked.format, document, asked.request, "ArcGIS REST", links=_HOME)


@router.api_route(
    "/arcgis/admin/generateToken", methods=["GET", "POST"], name="generateToken", response_model=None
)
@_resource("/generateToken", name="generateToken")
def generate_token(asked: AskedOf, core: CoreOf) -> Response:
    """`username`: the name of a key or account; `password`: the key; `expiration`: minutes."""
    wanted = asked.format
    minutes = asked.whole("expiration", DEFAULT_MINUTES, 1, MOST_MINUTES)
    if any(asked.in_url("password")):
        raise Refusal("invalid", "credentials belong in the body of a POST request")
    username, password = asked.get("username") or asked.get("user"), asked.get("password")
    if not core.settings.no_auth and not (username and password):
        raise Refusal("invalid", "'username' and 'password' must be specified")
    try:
        who = core.keys.client(username, password)
    except Refusal as refusal:
        if refusal.kind in {"bad_credentials", "expired"}:
            raise Refusal(
                "invalid", "Unable to generate token.", details=("Invalid username or password.",)
            ) from None
        raise
    token = core.keys.issue_token(who, timedelta(minutes=minutes), kind="generateToken")
    document = documents.token(token.text, token.expires, administrator="admin" in who.scopes)
    return answer(wanted, document, asked.request, "Generate Token", _UP)


@_resource("/login", name="login")
def login(asked: AskedOf, core: CoreOf) -> Response:
    """Begin a session of a browser; `redirect` is the path below the root to go to then."""
    wanted = asked.get("redirect")
    wanted = wanted if wanted.startswith(("/", "?")) else ""
    if asked.request.method != "POST":
        return token_page(asked.request, wanted=wanted)
    check_origin(core, asked.request)
    try:
        who = core.keys.principal(asked.credential)
        who.require("read")
    except Refusal as refusal:
        return token_page(asked.request, _WORDS.get(refusal.kind, refusal.message), wanted)
    response = RedirectResponse(link_root(asked.request) + wanted, 303)
    if asked.credential.startswith(KEY_PREFIX):
        begin_session(core, asked.request, response, who)
    elif not core.settings.no_auth:
        keep_token(core, asked.request, response, asked.credential)
    return response


@_resource("/self", name="self")
def itself(asked: AskedOf, core: CoreOf, who: PrincipalOf) -> Response:  # noqa: ARG001 - who may ask
    """What this server can do."""
    document = documents.self_document(encoders(), upload_limit=core.settings.max_upload)
    return answer(asked.format, document, asked.request, "Self", _UP)


@_resource("/jobs", name="jobs")
def jobs(asked: AskedOf, core: CoreOf, who: PrincipalOf) -> Response:
    """The account's jobs, newest first: `start` counts from 1, `num` is the size of a page."""
    start = asked.whole("start", 1, 1, 2**31)
    page = core.queue.jobs(
        Filter(account=who.seen, offset=start - 1, limit=asked.whole("num", PAGE, 1, LARGEST_PAGE))
    )
    document = documents.jobs(page, start, core.base_url(asked.request), root_of(asked.request))
    return answer(asked.format, document, asked.request, "Jobs", _UP, tabled=["jobs"])


@_resource("/jobs/job/{job_id}", name="job")
@_resource("/jobs/{job_id}", name="job")
def job(job_id: str, asked: AskedOf, core: CoreOf, who: PrincipalOf) -> Response:
    """One job: each step that was performed; where it failed, the last one."""
    wanted = asked.format
    found = core.queue.job(who.seen, job_id.lower())
    document = documents.job(found, core.base_url(asked.request), root_of(asked.request))
    crumbs = [*_UP, ("Jobs", "/jobs")]
    return answer(wanted, document, asked.request, job_id, crumbs, tabled=["messages"])


_SERVICE = "/services/{job_id}/{name}/VideoServer"


@_resource(_SERVICE, name="service")
def service(job_id: str, name: str, asked: AskedOf, core: CoreOf, who: PrincipalOf) -> Response:
    """The package of a finished job as a video service."""
    found = _served(core, who, job_id, name)
    document = layers.service(found, core.media_url(found, asked.request, who))
    links = [("Layer", f"{_below(found)}/{LAYER}"), ("Job", f"/jobs/job/{job_id}")]
    return answer(asked.format, document, asked.request, name, _UP, links=links)


@_resource(_SERVICE + "/{layer_id}", name="layer")
def layer(job_id: str, name: str, layer_id: str, asked: AskedOf, core: CoreOf, who: PrincipalOf) -> Response:
    """Its one layer."""
    found = _layer(core, who, job_id, name, layer_id)
    document = layers.layer(
        found,
        core.media_url(found, asked.request, who),
        _info(found, "info/video.json") or {},
        _info(found, "info/abr.json") or {},
        _info(found, "info/klv.json"),
        _info(found, "telemetry/coverage.json"),
    )
    below = f"{_below(found)}/{LAYER}"
    links = [("Coverage", f"{below}/coverage"), ("Original", f"{below}/original")]
    crumbs = [*_UP, (name, _below(found))]
    return answer(asked.format, document, asked.request, f"{name} ({LAYER})", crumbs, links=links)


@_resource(_SERVICE + "/{layer_id}/coverage", name="coverage")
def coverage(
    job_id: str, name: str, layer_id: str, asked: AskedOf, core: CoreOf, who: PrincipalOf
) -> Response:
    """What was seen and from where; `type` is area, sensorPoints or telemetry, else all three."""
    found = _layer(core, who, job_id, name, layer_id)
    document = _info(found, "telemetry/coverage.json")
    if document is None:
        raise Refusal("not_found", "the layer has no coverage")
    if kind := asked.get("type"):
        if kind not in document:
            raise Refusal("invalid", "'type' must be area, sensorPoints or telemetry", details=("type",))
        document = {kind: document[kind]}
    return answer(asked.format, document, asked.request, "Coverage", _UP)


@_resource(_SERVICE + "/{layer_id}/content/preview/{file}", name="preview")
def preview(job_id: str, name: str, layer_id: str, file: str, core: CoreOf, who: PrincipalOf) -> Response:
    """`preview.json` and the sheets that it names."""
    found = _layer(core, who, job_id, name, layer_id)
    if not re.fullmatch(r"preview\.json|sheet-[0-9]+\.jpg", file):
        raise Refusal("not_found", f"there is no preview {file!r}")
    path = found.folder / "previews" / file
    if not path.is_file():
        raise Refusal("not_found", f"there is no preview {file!r}")
    return FileResponse(path)


@_resource(_SERVICE + "/{layer_id}/original", name="original")
def original(
    job_id: str, name: str, layer_id: str, asked: AskedOf, core: CoreOf, who: PrincipalOf
) -> Response:
    """The film itself: its master playlist."""
    found = _layer(core, who, job_id, name, layer_id)
    return RedirectResponse(f"{core.media_url(found, asked.request, who)}ABR.m3u8")


def _below(found: Job) -> str:
    return documents.service_path(found, "")


def _served(core: Core, who: Principal, job_id: str, name: str) -> Job:
    found = core.queue.job(who.seen, job_id.lower())
    if found.state is not State.COMPLETED or found.record.results.service_name != name:
        raise Refusal("not_found", f"Service {name}/VideoServer not found")
    return found


def _layer(core: Core, who: Principal, job_id: str, name: str, layer_id: str) -> Job:
    found = _served(core, who, job_id, name)
    if layer_id != str(LAYER):
        text = f"The requested layer (layerId: {layer_id[:40]}) was not found."
        raise Refusal("invalid", "", details=(text,))
    return found


def _info(job: Job, file: str) -> dict[str, Any] | None:
    """One of the package's own JSON files; None where it has none."""
    path: Path = job.folder / file
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


DIALECT = Dialect("arcgis", router, refuse)
