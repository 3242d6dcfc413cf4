"""Who asks, how they want to be answered, and how Xvid's API says no."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from fastapi.security.utils import get_authorization_scheme_param

from ingest.engine.ids import object_id
from ingest.engine.model import Job, StoredFile
from ingest.job.errors import UsageError
from ingest.media import presets as preset_files
from ingest.media.presets import PresetBook
from ingest.server.core import Core, get_core
from ingest.server.dialects.xvid import documents, files, ids
from ingest.server.dialects.xvid.bodies import PipelineBody
from ingest.server.dialects.xvid.documents import ROOT, STATUSES
from ingest.server.dialects.xvid.formats import Look, Manner, manner, rendered
from ingest.server.dialects.xvid.presets import system_document, system_id, system_ids
from ingest.server.keys import Principal
from ingest.server.refusals import Kind, Refusal
from ingest.server.resources import Resource, Resources
from ingest.server.routing import dialect_router

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
PRESETS: Final = "xvid.preset"
PIPELINES: Final = "xvid.pipeline"
TEMPLATES: Final = "xvid.template"
DEFAULT_PIPELINE: Final = "default"

# `0x` and the resource, then what is wrong with it; only those of jobs, and those of resource 0, are Xvid's own.
_RESOURCES: Final = {"pipelines": 3, "presets": 4, "jobs": 5, "files": 6, "templates": 7, "playlists": 8}
_NOUNS: Final = {
    "pipelines": "Pipeline",
    "presets": "Preset",
    "jobs": "Job",
    "files": "File",
    "templates": "Template",
    "playlists": "Playlist",
}
_NUMBERS: Final[dict[Kind, tuple[int, int]]] = {  # the number of the error, the HTTP status
    "missing_credentials": (3, 403),
    "bad_credentials": (3, 403),
    "expired": (3, 403),
    "forbidden": (4, 403),
    "not_found": (5, 404),
    "method": (6, 405),
    "invalid": (1, 400),
    "conflict": (7, 409),
    "too_large": (8, 413),
    "too_many": (9, 429),
    "unavailable": (2, 503),
    "internal": (1, 500),
}
_OF_NOBODY: Final = frozenset[Kind](
    {"missing_credentials", "bad_credentials", "expired", "forbidden", "too_many", "unavailable", "internal"}
)


def refuse(refusal: Refusal, request: Request) -> Response:
    """`{"error": {error_code, error_message}}`, in the format that was asked for."""
    number, status = _NUMBERS[refusal.kind]
    plural = _plural(request.url.path)
    resource = 0 if refusal.kind in _OF_NOBODY else _RESOURCES.get(plural, 0)
    code = f"0x{resource:03x}{number:04x}"
    match refusal.kind:
        case "missing_credentials" | "bad_credentials" | "expired":
            message = "Invalid access token"
        case "not_found" if request.scope.get("route") and plural in _NOUNS:
            message = f"{_NOUNS[plural]} does not exist"
        case "invalid":
            code = code.removeprefix("0x")  # as Xvid's own example has it
            message = f"Invalid Input: {refusal.message}" if refusal.message else "Invalid Input"
        case "internal":
            message = "Internal Error"
        case _:
            message = refusal.message
    try:
        wanted = manner(request.query_params, request.headers.get("accept", ""))
    except Refusal:
        wanted = Manner()
    body, media = rendered(documents.error(code, message), wanted)
    return Response(body, status, media_type=media)


def _plural(path: str) -> str:
    parts = path.removeprefix(f"{ROOT}/").split("/")
    return "templates" if parts[:2] == ["jobs", "templates"] else parts[0]


class Asked:
    """One request of this dialect: its parameters, who sends it, and the server's insides."""

    def __init__(self, request: Request, core: Core, who: Principal | None) -> None:
        self.request = request
        self.core = core
        self._who = who
        self.parameters = dict(request.query_params)
        self.manner = manner(self.parameters, request.headers.get("accept", ""))
        self.base = core.base_url(request)
        self.resources = Resources(core.queue.database)
        self._jobs: dict[str, Job] = {}
        self._looked_up: dict[tuple[str, str], dict[str, Any] | None] = {}

    @property
    def who(self) -> Principal:
        """Raises Refusal `missing_credentials` where it is nobody."""
        if self._who is None:
            raise Refusal("missing_credentials", "an access token is needed")
        return self._who

    @property
    def anonymous(self) -> bool:
        return self._who is None

    def submitter(self) -> Principal:
        """Raises Refusal `forbidden`."""
        self.who.require("submit")
        return self.who

    def answer(self, document: dict[str, Any]) -> Response:
        """In the format, and with the references looked up, that were asked for."""
        look: Look | None = None if self.anonymous else self.look
        body, media = rendered(document, self.manner, look)
        return Response(body, media_type=media)

    # -- presets of the server --

    def book(self) -> PresetBook:
        return preset_files.load(self.core.settings.preset_dir)

    @cached_property
    def _system_ids(self) -> dict[str, str]:
        """By name. The files are not read: whether one of them is wrong does not matter here."""
        return system_ids(preset_files.find(self.core.settings.preset_dir))

    # -- documents --

    def job_document(self, job: Job) -> dict[str, Any]:
        self._jobs[ids.job_prefix(object_id(job.job_id))] = job
        return documents.job(job, self.base, self._system_ids)

    def file_document(self, found: StoredFile | files.JobFile) -> dict[str, Any]:
        if isinstance(found, StoredFile):
            return files.stored_document(found, self.base)
        media = self.core.media_url(found.job, self.request, self.who)
        return files.job_document(found, self.base, media, bin_data=self.manner.bin_data)

    def resource_document(self, kind: str, found: Resource) -> dict[str, Any]:
        return documents.resource(
            kind,
            found.resource_id,
            found.document,
            self.base,
            account=found.account,
            created=found.created,
            updated=found.updated,
        )

    def preset_document(self, preset_id: str) -> dict[str, Any]:
        """Raises Refusal `not_found`."""
        for preset in self.book().values():
            if system_id(preset.name) == preset_id:
                return documents.resource(
                    "presets", preset_id, system_document(preset), self.base, account=None
                )
        return self.resource_document("presets", self.resources.get(self.who.seen, PRESETS, preset_id))

    def default_pipeline(self, account: str) -> dict[str, Any]:
        """The one that every account has: files of the account in, files of the job out."""
        own = default_pipeline_id(account)
        said = PipelineBody(name=DEFAULT_PIPELINE, description="Files of the account, and http addresses.")
        return documents.resource("pipelines", own, said.model_dump(mode="json"), self.base, account=account)

    def pipeline_document(self, pipeline_id: str) -> dict[str, Any]:
        """Raises Refusal `not_found`."""
        if pipeline_id == default_pipeline_id(self.who.account):
            return self.default_pipeline(self.who.account)
        found = self.resources.get(self.who.seen, PIPELINES, pipeline_id)
        return self.resource_document("pipelines", found)

    # -- lookups --

    def job(self, job_id: str) -> Job:
        """The job of this id. Raises Refusal `not_found`, also for what Xvid does not know as one."""
        if not ids.ID.fullmatch(job_id):
            raise Refusal("not_found", "there is no such job")
        found = self.core.queue.by_short_id(self.who.seen, job_id)
        if found.state not in STATUSES:
            raise Refusal("not_found", "there is no such job")
        return found

    def file(self, file_id: str) -> StoredFile | files.JobFile:
        """The file of this id. Raises Refusal `not_found`."""
        if not ids.ID.fullmatch(file_id):
            raise Refusal("not_found", "there is no such file")
        job = self._job_of_file(file_id)
        if job is not None:
            place = ids.place_in(object_id(job.job_id), file_id)
            found = next((f for f in files.files_of(job) if f.place == place), None)
            if found is not None:
                return found
        return self.core.files.by_prefix(self.who.seen, ids.stored_prefix(file_id))

    def _job_of_file(self, file_id: str) -> Job | None:
        prefix = ids.job_prefix(file_id)
        if prefix not in self._jobs:
            try:
                found = self.core.queue.by_short_prefix(self.who.seen, prefix)
            except UsageError:
                return None
            if found.state not in STATUSES:
                return None
            self._jobs[prefix] = found
        return self._jobs[prefix]

    def look(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        """The document behind a reference, each read once; None where it is not there any more."""
        key = (kind, resource_id)
        if key not in self._looked_up:
            try:
                self._looked_up[key] = self._document(kind, resource_id)
            except (Refusal, UsageError):
                self._looked_up[key] = None
        return self._looked_up[key]

    def _document(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        match kind:
            case "jobs":
                return self.job_document(self.job(resource_id))
            case "files":
                return self.file_document(self.file(resource_id))
            case "presets":
                return self.preset_document(resource_id)
            case "pipelines":
                return self.pipeline_document(resource_id)
            case "users":
                return self.user_document(resource_id)
            case "applications":
                return self.application_document(resource_id)
            case _:
                return None

    def user_document(self, user_id: str) -> dict[str, Any] | None:
        """An account; None for one that may not be seen."""
        names = self.core.keys.accounts()
        seen = names if self.who.seen is None else {self.who.seen: names.get(self.who.seen, "")}
        for account, name in seen.items():
            if documents.user_id(account) == user_id:
                return documents.resource("users", user_id, {"name": name}, self.base, account=None)
        return None

    def application_document(self, application_id: str) -> dict[str, Any] | None:
        """A key of the account, by its name; None for one that may not be seen."""
        for key in self.core.keys.list():
            mine = self.who.seen is None or key.account == self.who.seen
            if mine and documents.application_id(key.key_id) == application_id:
                return documents.resource(
                    "applications", application_id, {"name": key.name}, self.base, account=key.account
                )
        return None


def default_pipeline_id(account: str) -> str:
    return ids.named_id("pipeline", account)


async def _asked(
    request: Request, core: Annotated[Core, Depends(get_core)], authorization: Annotated[str, Header()] = ""
) -> Asked:
    """Whoever it is."""
    scheme, text = get_authorization_scheme_param(authorization)
    if not authorization and not core.settings.no_auth:
        return Asked(request, core, None)
    who = await core.principal(text if scheme.lower() == "bearer" else "")
    who.require("read")
    return Asked(request, core, who)


async def _known(asked: Annotated[Asked, Depends(_asked)]) -> Asked:
    if asked.anonymous:
        raise Refusal("missing_credentials", "an access token is needed")
    return asked


AnyAsked = Annotated[Asked, Depends(_asked)]
KnownAsked = Annotated[Asked, Depends(_known)]
router = dialect_router(refuse, r"/v1(?:/|$)")  # but for what is ByteNite's, which comes before it


def route(method: str, *paths: str) -> Callable[[Endpoint], Endpoint]:
    """A route below `/v1`, with and without a slash at its end; the first spelling is the one that is documented."""

    def register(function: Endpoint) -> Endpoint:
        for number, path in enumerate(paths):
            ends = ("",) if "." in path else ("", "/")
            for end in ends:
                router.add_api_route(
                    ROOT + path + end,
                    function,
                    methods=[method],
                    include_in_schema=number == 0 and not end,
                    response_model=None,
                )
        return function

    return register
