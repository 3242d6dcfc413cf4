"""Who asks, in Bytescale's manner, and the shape of a refusal.

`Authorization: Bearer secret_...`, or HTTP basic with any user (`apikey`) and the key as password. Media URLs may
carry `token=` instead, since players and pages send no header. The account stands in the path, and must be one's own.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor

from ingest.server.core import Core, get_core
from ingest.server.dialects.bytescale.documents import error_response
from ingest.server.keys import Principal
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from ingest.server.keys import Scope

# Other beginnings of paths on this server that look like an account's id.
RESERVED = ("console", "healthz", "metrics")
ACCOUNT = f"(?!(?:{'|'.join(RESERVED)})(?:/|$))[A-Za-z0-9]{{7}}"


class _AccountConvertor(Convertor[str]):
    regex = ACCOUNT

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


ACCOUNT_PATH = "/{account:bytescale_account}"


# Starlette has one table of these for the whole process; the name is ours alone.
register_url_convertor("bytescale_account", _AccountConvertor())


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, of which account's things.

    Attributes:
        account: the path's.
        base: what URLs of this server begin with.
    """

    core: Core
    principal: Principal
    account: str
    base: str

    @property
    def seen(self) -> str | None:
        """The account whose jobs are seen; None: of all."""
        return self.principal.seen

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose jobs are shown: the path's account's, and to an administrator those of `ingest run` as well."""
        return (self.account,) if self.seen is not None else (self.account, "")

    @property
    def actor(self) -> Principal:
        """Who submits: an administrator does so in the name of the path's account."""
        return replace(self.principal, account=self.account)

    def require(self, scope: Scope) -> None:
        self.principal.require(scope)


def admitted(core: Core, request: Request, account: str, principal: Principal) -> Access:
    """Raises Refusal not_found for an account of others, and for one that is none."""
    theirs = principal.account == account or (principal.seen is None and account in core.keys.accounts())
    if not theirs:
        raise Refusal("not_found", "there is nothing at this URL for this key", code="account_not_found")
    return Access(core, principal, account, core.base_url(request))


async def access(account: str, request: Request, core: Annotated[Core, Depends(get_core)]) -> Access:
    """For routes of the API: `access: Access = Depends(access)`."""
    principal = await core.principal(credential(request))
    if principal.account == account:  # no look into the store
        return admitted(core, request, account, principal)
    return await run_in_threadpool(admitted, core, request, account, principal)


def media_access(core: Core, request: Request, account: str, credential: str) -> Access:
    """For media URLs: with `public_media`, whoever has the URL may read what is there already.

    Raises Refusal as `admitted`.
    """
    if not credential and core.settings.public_media:
        principal = Principal(account, "anonymous", frozenset({"read"}))
    else:
        principal = core.keys.principal(credential)
    return admitted(core, request, account, principal)


def credential(request: Request) -> str:
    """The key of the `Authorization` header; empty where there is none (RFC 7617, RFC 6750)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                user_and_key = base64.b64decode(value.strip(), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise Refusal("bad_credentials", "the Authorization header cannot be read") from None
            return user_and_key.partition(":")[2]
        case _:
            return ""


def refuse(refusal: Refusal, _request: Request) -> JSONResponse:
    """`ErrorResponse` with the status that fits."""
    return JSONResponse(error_response(refusal), refusal.status)
