"""The route of access tokens: OAuth 2.0 client credentials (RFC 6749, 4.4)."""

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.security.utils import get_authorization_scheme_param

from ingest.server.core import Core, get_core
from ingest.server.dialects.xvid import documents
from ingest.server.dialects.xvid.access import route
from ingest.server.dialects.xvid.formats import manner, rendered
from ingest.server.dialects.xvid.presets import invalid
from ingest.server.keys import SCOPES, Scope
from ingest.server.refusals import Refusal

USUAL, LONGEST = 3600, 30 * 86_400  # seconds
_GRANTS: Final = ("client_credential", "client_credentials")  # Xvid's word, and the standard's
_SCOPES: Final[dict[str, Scope]] = {
    "me": "read",
    "mediahub": "submit",
    "mediahub_read": "read",
    "mediahub_write": "submit",
    "mediahub_submit_jobs": "submit",
    "mediahub_download_files": "read",
    "autograph": "read",
}


async def _form(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=50)
    return {k: v for k, v in form.items() if isinstance(v, str)}


@route("POST", "/oauth2/token")
def token(
    request: Request,
    core: Annotated[Core, Depends(get_core)],
    form: Annotated[dict[str, str], Depends(_form)],
) -> Response:
    """A token for a client: its id is that or the name of a key, or of its account; its secret is the key."""
    said = dict(request.query_params) | form
    wanted = manner(said, request.headers.get("accept", ""))
    if "client_secret" in request.query_params:
        raise invalid("client_secret", "belongs in the body")
    if said.get("grant_type") not in _GRANTS:
        raise invalid("grant_type", f"must be {_GRANTS[0]}")
    client, secret = _client(request, said)
    who = core.keys.client(client, secret)
    seconds = _lifetime(said.get("expires_in", ""))
    made = core.keys.issue_token(
        who, timedelta(seconds=seconds), kind="oauth2", scopes=_granted(said.get("scope", ""))
    )
    body, media = rendered(documents.token(made.text, round(made.lifetime.total_seconds())), wanted)
    return Response(body, media_type=media, headers={"cache-control": "no-store"})


def _client(request: Request, said: dict[str, str]) -> tuple[str, str]:
    """Id and secret: in the form, or as basic credentials (RFC 6749, 2.3.1)."""
    scheme, text = get_authorization_scheme_param(request.headers.get("authorization", ""))
    if scheme.lower() != "basic":
        return said.get("client_id", ""), said.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Refusal("bad_credentials", "the basic credentials cannot be read") from error
    return client, secret


def _granted(text: str) -> frozenset[Scope] | None:
    """Our scopes for a list of Xvid's; None, where none is named: all that the key has."""
    names = [n for n in text.replace(",", " ").split() if n]
    for name in names:
        if name not in _SCOPES:
            raise invalid("scope", f"{name[:40]!r} is none of {', '.join(_SCOPES)}")
    return frozenset[Scope]().union(*(SCOPES[_SCOPES[n]] for n in names)) if names else None


def _lifetime(text: str) -> int:
    if not text:
        return USUAL
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:10]) <= LONGEST:
        raise invalid("expires_in", f"must be seconds from 1 to {LONGEST}")
    return int(text)
