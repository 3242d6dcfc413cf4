"""The image API as far as it is about films: `/image/film.mp4?input=video&f=webp&f2=jpeg&t=3&w=640`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal

from fastapi import Request, Response
from PIL import Image

from ingest.server.dialects.bytescale.documents import upload_response
from ingest.server.dialects.bytescale.renditions import MAX_SIDE, seconds
from ingest.server.dialects.bytescale.transformation import whole
from ingest.server.filestore import About
from ingest.server.media import HEADERS
from ingest.server.refusals import Refusal
from ingest.server.stills import still_of

if TYPE_CHECKING:
    from ingest.engine.model import StoredFile
    from ingest.server.dialects.bytescale.access import Access
    from ingest.server.dialects.bytescale.transformation import Asked

Format = Literal["jpeg", "png", "webp"]
_FORMATS: Final[dict[str, Format]] = {"jpeg": "jpeg", "jpg": "jpeg", "png": "png", "webp": "webp"}
_QUALITY: Final = 80


@dataclass(frozen=True, slots=True)
class Poster:
    """What the picture is to be: `time` in seconds of the film, sides in pixels, None where not said."""

    format: Format
    fallback: Format | None
    time: Fraction
    width: int | None
    height: int | None
    quality: int

    def chosen(self, accept: str) -> Format:
        """`f2` is for browsers that do not say that they take `f`."""
        if self.fallback is None or f"image/{self.format}" in accept or "image/*" in accept:
            return self.format
        return self.fallback


def poster(asked: Asked) -> Poster:
    """What these parameters ask for. Raises Refusal invalid; not_found for pictures of pictures."""
    if asked.last("input") != "video":
        raise Refusal(
            "not_found",
            "this server makes pictures of films alone: say input=video",
            code="transformation_not_supported",
        )
    named = {"input": "", "f": "jpeg", "f2": "", "t": "0", "w": "", "h": "", "q": str(_QUALITY)}
    for key, value in asked.pairs:
        if key not in named:
            raise Refusal("invalid", f"unknown parameter {key!r}", code="unknown_parameter")
        named[key] = value
    return Poster(
        _format("f", named["f"]),
        _format("f2", named["f2"]) if named["f2"] else None,
        seconds("t", named["t"]) or Fraction(0),
        whole("w", named["w"], 1, MAX_SIDE) if named["w"] else None,
        whole("h", named["h"], 1, MAX_SIDE) if named["h"] else None,
        whole("q", named["q"], 1, 100),
    )


def _format(key: str, value: str) -> Format:
    if value not in _FORMATS:
        raise Refusal("invalid", f"{key} must be one of {', '.join(_FORMATS)}", code="unknown_format")
    return _FORMATS[value]


def encoded(picture: bytes, wanted: Poster, form: Format) -> bytes:
    """A JPEG of a film's size as it is wanted: its aspect kept, and never larger than it is."""
    with Image.open(io.BytesIO(picture), formats=("JPEG",)) as image:
        shares = [
            Fraction(most, side)
            for most, side in ((wanted.width, image.width), (wanted.height, image.height))
            if most is not None
        ]
        share = min([Fraction(1), *shares])
        size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
        made = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        made.save(buffer, form.upper(), **({} if form == "png" else {"quality": wanted.quality}))
    return buffer.getvalue()


def poster_response(request: Request, access: Access, asked: Asked, file: StoredFile) -> Response:
    wanted = poster(asked)
    if asked.artifact is not None:
        raise Refusal("not_found", "a picture has no artifacts", code="artifact_not_found")
    form = wanted.chosen(request.headers.get("accept", ""))
    content = encoded(still_of(access.core, file, wanted.time), wanted, form)
    headers = HEADERS | {"cache-control": "private, max-age=3600", "vary": "Accept"}
    return Response(content, media_type=f"image/{form}", headers=headers)


def save_poster(
    access: Access, asked: Asked, file: StoredFile, path: str, about: dict[str, Any]
) -> dict[str, Any]:
    """`ProcessFileAndSaveResponseSync`."""
    wanted = poster(asked)
    content = encoded(still_of(access.core, file, wanted.time), wanted, wanted.format)
    stored = access.core.files.put(
        access.account,
        About(path=path, mime=f"image/{wanted.format}", replace=True, **about),
        content,
    )
    said = upload_response(stored, access.base)
    return {
        "accountId": said["accountId"],
        "async": False,
        "filePath": said["filePath"],
        "fileUrl": said["fileUrl"],
    }
