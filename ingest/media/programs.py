"""Programs of a transport stream (ISO/IEC 13818-1, 2.4.4): what belongs to the picture and what does not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job.errors import one_line
from ingest.media.facts import LeftOut

if TYPE_CHECKING:
    from ingest.media.document import Document


def of_picture(document: Document, index: int) -> tuple[Document, tuple[LeftOut, ...]]:
    """The document without the streams that only other programs have than those of stream `index`; and these.

    A stream in no program is everybody's, and so are all where the picture is in none. Pictures are not told of here:
    those that are not chosen have reasons of their own.
    """
    programs = _programs(document)
    mine = {i for _, streams in programs if index in streams for i in streams}
    if not mine:
        return document, ()
    others = {i: number for number, streams in programs for i in streams if i not in mine}
    kept, left_out = [], []
    for stream in document.get("streams", ()):
        own = _index(stream)
        if own not in others:
            kept.append(stream)
        elif stream.get("codec_type") != "video":
            kind, codec = (
                one_line(str(stream.get(key, "unknown")))[:32] for key in ("codec_type", "codec_name")
            )
            left_out.append(
                LeftOut(own, kind, codec, f"it belongs to program {others[own]}, the picture does not")
            )
    return document | {"streams": kept}, tuple(left_out)


def _programs(document: Document) -> list[tuple[int, frozenset[int]]]:
    """Number and streams of each."""
    found = document.get("programs")
    return [
        (number if isinstance(number := program.get("program_num"), int) else 0, _streams(program))
        for program in (found if isinstance(found, list) else ())
        if isinstance(program, dict)
    ]


def _streams(program: Document) -> frozenset[int]:
    return frozenset(i for stream in program.get("streams", ()) if (i := _index(stream)) >= 0)


def _index(stream: object) -> int:
    number = stream.get("index") if isinstance(stream, dict) else None
    return number if isinstance(number, int) else -1
