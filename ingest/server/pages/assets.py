"""What pages load: style, scripts and hls.js, from memory, so that no name from outside ever reaches a path."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import Request, Response

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = Path(__file__).with_name("static")
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
# A vendored file has its version in its name; ours are asked for again each time, and mostly answered with 304.
_KEPT, _FRESH = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file and the same compressed; `tag` is its entity tag without quotes."""

    content: bytes
    packed: bytes
    tag: str
    mime: str
    cache: str


@cache
def assets() -> Mapping[str, Asset]:
    """All files by their names below `/static/`."""
    found = (path for path in _FOLDER.rglob("*") if path.suffix in _TYPES)
    return {path.relative_to(_FOLDER).as_posix(): _asset(path) for path in found}


def asset_response(request: Request, name: str) -> Response:
    """The file, compressed for those who take that (RFC 9110, sections 8.8.3 and 12.5.3).

    Raises:
        Refusal: `not_found`.
    """
    asset = assets().get(name)
    if asset is None:
        raise Refusal("not_found", "there is nothing at this URL")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "cache-control": asset.cache,
        "content-type": f"{asset.mime}; charset=utf-8",
        "etag": f'"{asset.tag}{"-gz" if packed else ""}"',
        "vary": "accept-encoding",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(asset.packed if packed else asset.content, headers=headers)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(
        content=content,
        packed=gzip.compress(content, 6, mtime=0),
        tag=hashlib.sha256(content).hexdigest()[:32],
        mime=_TYPES[path.suffix],
        cache=_KEPT if path.parent.name == "vendor" else _FRESH,
    )
