"""OpenAPI documents of the dialects, for random requests alone: what users are shown is what the vendors publish.

Made from the route table, so that a route that is added is in it. The routes say little of what they read from the
query and from free bodies: `QUERIES` and `BODIES` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI

from ingest.server.dialects.xvid import bodies

if TYPE_CHECKING:
    from ingest.server.dialect import Dialect

_YES: Final = ["true", "false", "1", ""]
_COUNTS: Final = ["0", "1", "-1", "2147483647", "99999999999999999999", "1e3", "\u0663", ""]
# Names of parameters of the query, and what they may say beside what there is (`World.known`) and anything else.
QUERIES: Final[dict[str, dict[str, list[Any]]]] = {
    "arcgis": {
        "f": ["html", "json", "pjson", "JSON", "xml"],
        "token": [],
        "start": _COUNTS,
        "num": _COUNTS,
        "expiration": _COUNTS,
        "username": [],
        "password": [],
        "type": ["area", "sensorPoints", "telemetry"],
        "redirect": ["/jobs", "//a.example", "?f=html"],
        "callback": ["f"],
    },
    "bytenite": {
        "limit": _COUNTS,
        "offset": _COUNTS,
        "orderBy": ["createdAt desc", "-state", "none", "state x"],
    },
    "native": {
        "cursor": ["x"],
        "state": ["COMPLETED"],
        "limit": _COUNTS,
        "createdFrom": ["2026-01-01T00:00:00Z"],
    },
    "xvid": {
        "format": ["json", "xml", "XML"],
        "human": _YES,
        "show_null": _YES,
        "expand": ["input.file", "outputs", "user,pipeline", "outputs.preset", "."],
        "expand_all": _YES,
        "bin_data": _YES,
        "redirect": _YES,
        "start": _COUNTS,
        "limit": _COUNTS,
        "sort": ["created_at", "status", "updated_at"],
        "direction": ["1", "-1", "2"],
        "status": ["FINISHED", "finished", "NONE"],
        "type": ["file", "folder", "archive", "system", "custom"],
        "autograph": _YES,
        "inprogress": _YES,
        "user_data": [],
        "input.file.name": ["film"],
        "pipeline.id": ["0" * 24],
        "job.id": [],
        "job_id": [],
        "file_id": [],
    },
    "bytescale": {
        "jobType": ["ProcessVideoJob", "ProcessFileJob", "CopyFileBatchJob"],
        "0": ["ProcessVideoJob"],
        "filePath": [],
        "folderPath": ["/", "/a", "/a/"],
        "cursor": ["/", "/a", "/a/", "\U0010ffff"],
        "limit": _COUNTS,
        "recursive": _YES,
        "dryRun": _YES,
        "includeFiles": _YES,
        "includePhysicalFolders": _YES,
        "includeVirtualFolders": _YES,
        "fileName": ["a.mp4", "{ORIGINAL_FILE_NAME}", "../a", "{UNIQUE_DIGITS_8}{NONE}"],
        "originalFileName": ["a.mp4", ""],
        "tag": ["t"],
        "f": ["html", "hls-h264", "mp4-h264", "hls-h264-rt", "jpeg", "webp"],
        "w": _COUNTS,
        "h": [*_COUNTS, "480", "72"],
        "q": _COUNTS,
        "t": ["0", "1.5", "-1", "1e9", "999999"],
        "ts": ["0", "1", "999999.999999"],
        "te": ["0", "2", "999999"],
        "fps": _COUNTS,
        "mute": _YES,
        "input": ["video"],
        "version": ["1"],
        "cache": _YES,
        "cache_only": _YES,
        "cache-ttl": _COUNTS,
        "exp": _COUNTS,
        "download": _YES,
        "token": [],
        "artifact": ["/video.m3u8", "/video.mp4", "/poster.jpg", "/../job.json", "/video/tiny/index.m3u8"],
    },
}
QUERIES["uploadio"] = QUERIES["bytescale"]
FORMS: Final = {"arcgis": "*", "xvid": "/v1/oauth2/token"}
FORM: Final = {
    "grant_type": ["client_credentials", "password"],
    "client_id": [],
    "client_secret": [],
    "scope": ["mediahub", "me autograph", "none"],
    "expires_in": _COUNTS,
}
# The models of bodies that a route reads by itself.
BODIES: Final = {
    "/v1/jobs": bodies.JobIn,
    "/v1/jobs/templates/{template_id}": bodies.TemplateIn,
    "/v1/presets/{preset_id}": bodies.PresetIn,
    "/v1/pipelines/{pipeline_id}": bodies.PipelineIn,
}
_RAW: Final = {"schema": {"type": "string", "format": "binary"}}


def document(dialect: Dialect) -> dict[str, Any]:
    """The OpenAPI document of one dialect's routes, in every spelling."""
    app = FastAPI(title=dialect.name, version="1")
    for route in dialect.router.routes:
        route.include_in_schema = not set(getattr(route, "methods", ())) & {"HEAD"}
    app.include_router(dialect.router)
    made = app.openapi()
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = f"{method} {path}"
            parameters = operation.get("parameters", [])
            # Who asks, and by whose words, is the caller's.
            operation["parameters"] = [p for p in parameters if p["in"] != "header"]
            if method in ("post", "put", "patch"):
                _give_body(dialect.name, path, operation, schemas)
    return made


def _give_body(dialect: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    if path in BODIES:
        model = BODIES[path]
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
        said = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
        operation["requestBody"] = {"required": True, "content": {"application/json": said}}
    elif FORMS.get(dialect) in ("*", path):
        names = QUERIES[dialect] if dialect == "arcgis" else FORM
        properties = {name: {"type": "string"} for name in names}
        needed = ["grant_type", "client_id", "client_secret"] if names is FORM else ["password", "username"]
        said = {"schema": {"type": "object", "properties": properties, "required": needed}}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": said}}
    elif path.endswith("form_data"):
        said = {"schema": {"type": "object", "properties": {"file": _RAW["schema"], "a": {"type": "string"}}}}
        operation["requestBody"] = {"content": {"multipart/form-data": said}}
    elif "requestBody" not in operation:
        operation["requestBody"] = {"content": {"application/octet-stream": _RAW}}
