"""`/api/uploads`: resumable uploads by the tus protocol 1.0, with creation, creation-with-upload,
creation-defer-length, expiration, checksum and termination (https://tus.io/protocols/resumable-upload).

Written here because the library there is (tuspyserver 4.4) knows no accounts, acknowledges what is not on the disk,
takes a file's length for the offset that was acknowledged, and has no checksums.
"""

import base64
import binascii
from email.utils import format_datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from ingest.server.filepaths import safe_name
from ingest.server.filestore import About
from ingest.server.native import examples
from ingest.server.native.manner import BYTES, TUS_PATH, TUS_VERSION, Asking, Inside, shown
from ingest.server.pieces import Checksum
from ingest.server.receiving import receive_piece
from ingest.server.refusals import Refusal
from ingest.server.routing import upload_body
from ingest.server.uploads import Upload

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ingest.server.core import Core
    from ingest.server.keys import Principal

EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
ALGORITHMS = ("md5", "sha1", "sha256")
PIECE_TYPE = "application/offset+octet-stream"
METADATA_LIMIT = 16 * 1024
Length = Annotated[str, Header(alias="Upload-Length", pattern="^[0-9]{0,18}$")]
Version = Annotated[str, Header(alias="Tus-Resumable")]
_PIECE_BODY = {"requestBody": {"content": {PIECE_TYPE: BYTES}, "required": False}}


def add_routes(router: "APIRouter") -> None:
    @router.options(
        TUS_PATH, status_code=204, responses=shown(None, status=204), summary="What of tus is known"
    )
    def known(core: Inside) -> Response:
        headers = {
            "tus-version": TUS_VERSION,
            "tus-extension": EXTENSIONS,
            "tus-max-size": str(core.settings.max_upload),
            "tus-checksum-algorithm": ",".join(ALGORITHMS),
        }
        return Response(status_code=204, headers=headers | {"tus-resumable": TUS_VERSION})

    @router.post(
        TUS_PATH,
        status_code=201,
        responses=shown(None, status=201, text="`Location` is the upload's URL."),
        openapi_extra=_PIECE_BODY,
        summary="Begin an upload",
    )
    @upload_body
    async def create(
        request: Request,
        core: Inside,
        asking: Asking,
        tus_resumable: Version = "",
        upload_length: Length = "",
        upload_defer_length: Annotated[str, Header()] = "",
        upload_metadata: Annotated[str, Header(max_length=METADATA_LIMIT)] = "",
        upload_checksum: Annotated[str, Header(max_length=200)] = "",
    ) -> Response:
        _check_version(tus_resumable)
        asking.require("submit")
        if bool(upload_length) == (upload_defer_length == "1"):
            raise _invalid("give Upload-Length, or Upload-Defer-Length: 1")
        size = int(upload_length) if upload_length else None
        about = _about(metadata_of(upload_metadata))
        upload = await run_in_threadpool(core.uploads.begin, asking.account, about, kind="tus", size=size)
        if request.headers.get("content-type") == PIECE_TYPE:
            upload = await _receive(request, core, upload, 0, upload_checksum)
        upload = await _completed(core, upload)
        location = f"{core.base_url(request)}{TUS_PATH}/{upload.upload_id}"
        return _answer(upload, 201, {"location": location})

    @router.head(TUS_PATH + "/{upload_id}", responses=shown(None), summary="How far an upload has come")
    def reached(upload_id: str, core: Inside, asking: Asking, tus_resumable: Version = "") -> Response:
        _check_version(tus_resumable)
        upload = core.uploads.get(asking.seen, upload_id)
        headers = {"upload-metadata": metadata_text(upload)}
        if upload.size is None:
            headers["upload-defer-length"] = "1"
        else:
            headers["upload-length"] = str(upload.size)
        return _answer(upload, 200, headers | {"cache-control": "no-store"})

    @router.get(TUS_PATH + "/{upload_id}", responses=shown(examples.UPLOAD), summary="About an upload")
    def one(upload_id: str, core: Inside, asking: Asking) -> Response:
        upload = core.uploads.get(asking.seen, upload_id)
        document = {
            "upload": upload.upload_id,
            "name": upload.name,
            "offset": upload.arrived,
            "size": upload.size,
            "expires": upload.expires.isoformat(),
            "file": upload.file_id,
        }
        return JSONResponse(document, headers={"tus-resumable": TUS_VERSION})

    @router.patch(
        TUS_PATH + "/{upload_id}",
        status_code=204,
        responses=shown(None, status=204, text="`Upload-Offset` says how far it has come."),
        openapi_extra=_PIECE_BODY,
        summary="Go on with an upload",
    )
    @upload_body
    async def go_on(
        request: Request,
        upload_id: str,
        core: Inside,
        asking: Asking,
        tus_resumable: Version = "",
        upload_offset: Annotated[str, Header(pattern="^[0-9]{0,18}$")] = "",
        upload_length: Length = "",
        upload_checksum: Annotated[str, Header(max_length=200)] = "",
    ) -> Response:
        _check_version(tus_resumable)
        asking.require("submit")
        if request.headers.get("content-type") != PIECE_TYPE:
            raise Refusal("invalid", f"the type of a piece is {PIECE_TYPE}", code="type_invalid", status=415)
        if not upload_offset:
            raise _invalid("Upload-Offset is missing")
        upload = await run_in_threadpool(core.uploads.get, asking.seen, upload_id)
        if upload_length:
            upload = await run_in_threadpool(core.uploads.declare, upload, int(upload_length))
        upload = await _receive(request, core, upload, int(upload_offset), upload_checksum)
        return _answer(await _completed(core, upload), 204)

    @router.delete(
        TUS_PATH + "/{upload_id}",
        status_code=204,
        responses=shown(None, status=204),
        summary="Give an upload up",
    )
    def give_up(upload_id: str, core: Inside, asking: Asking, tus_resumable: Version = "") -> Response:
        _check_version(tus_resumable)
        return _given_up(core, asking, upload_id)

    @router.post(
        TUS_PATH + "/{upload_id}",
        status_code=204,
        responses=shown(None, status=204),
        openapi_extra=_PIECE_BODY,
        summary="PATCH or DELETE, where a client can send neither (X-HTTP-Method-Override)",
    )
    @upload_body
    async def overridden(
        request: Request,
        upload_id: str,
        core: Inside,
        asking: Asking,
        tus_resumable: Version = "",
        upload_offset: Annotated[str, Header(pattern="^[0-9]{0,18}$")] = "",
        upload_length: Length = "",
        upload_checksum: Annotated[str, Header(max_length=200)] = "",
        x_http_method_override: Annotated[str, Header(max_length=16)] = "",
    ) -> Response:
        match x_http_method_override.upper():
            case "PATCH":
                return await go_on(
                    request,
                    upload_id,
                    core,
                    asking,
                    tus_resumable,
                    upload_offset,
                    upload_length,
                    upload_checksum,
                )
            case "DELETE":
                _check_version(tus_resumable)
                return await run_in_threadpool(_given_up, core, asking, upload_id)
            case _:
                raise Refusal(
                    "method", "this method is not allowed here", headers={"Allow": "HEAD, PATCH, DELETE, GET"}
                )


async def _receive(request: Request, core: "Core", upload: Upload, offset: int, checksum: str) -> Upload:
    return await receive_piece(request, core.uploads.piece(upload, offset, checksum_of(checksum)))


async def _completed(core: "Core", upload: Upload) -> Upload:
    """The upload, a file now where all of it is here."""
    if upload.size is None or upload.arrived < upload.size:
        return upload
    await run_in_threadpool(core.uploads.complete, upload)
    return await run_in_threadpool(core.uploads.get, upload.account, upload.upload_id)


def _given_up(core: "Core", asking: "Principal", upload_id: str) -> Response:
    asking.require("submit")
    core.uploads.cancel(core.uploads.get(asking.seen, upload_id))
    return Response(status_code=204, headers={"tus-resumable": TUS_VERSION})


def _answer(upload: Upload, status: int, headers: dict[str, str] | None = None) -> Response:
    said = {
        "tus-resumable": TUS_VERSION,
        "upload-offset": str(upload.arrived),
        "upload-expires": format_datetime(upload.expires, usegmt=True),
    }
    if upload.file_id is not None:
        said["ingest-file"] = upload.file_id
    return Response(status_code=status, headers=said | (headers or {}))


def _check_version(text: str) -> None:
    if text != TUS_VERSION:
        message = f"Tus-Resumable must be {TUS_VERSION}"
        raise Refusal(
            "invalid", message, code="tus_version", status=412, headers={"Tus-Version": TUS_VERSION}
        )


def metadata_of(text: str) -> dict[str, str]:
    """The client's metadata: `name base64,name base64`, a value may be missing.

    Raises:
        Refusal: `invalid`.

    >>> metadata_of("filename ZmlsbS5tcDQ=,private")
    {'filename': 'film.mp4', 'private': ''}
    """
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.encode("ascii"), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeError) as error:
            raise _invalid("Upload-Metadata is not made of names and base64 of UTF-8") from error
    return found


def metadata_text(upload: Upload) -> str:
    """What `metadata_of` read."""
    pairs = (
        (name, base64.b64encode(str(value).encode()).decode()) for name, value in upload.metadata.items()
    )
    return ",".join(f"{name} {value}".rstrip() for name, value in pairs)


def checksum_of(text: str) -> Checksum | None:
    """`sha1 base64`. Raises Refusal `invalid`."""
    if not text:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Refusal("invalid", f"checksums are {', '.join(ALGORITHMS)}", code="checksum_unknown")
    try:
        return Checksum(algorithm, base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        raise _invalid("Upload-Checksum is not base64") from error


def _about(metadata: dict[str, str]) -> About:
    name = safe_name(metadata.get("filename") or metadata.get("name") or "")
    mime = metadata.get("filetype") or metadata.get("type") or ""
    return About(path=f"/uploads/{name}", name=name, mime=mime, metadata=metadata)


def _invalid(message: str) -> Refusal:
    return Refusal("invalid", message, code="tus_invalid")
