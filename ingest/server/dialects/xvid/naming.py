"""Names that hold fields in braces, as `{input_name}` of outputs and `{resolution}` of thumbnails. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from ingest.server.dialects.xvid.presets import invalid

_FIELD: Final = re.compile(r"\{([^{}]*)\}")


def check_pattern(pattern: str, known: set[str], where: str) -> None:
    """Raises Refusal `invalid` for a field in braces that is not known, and for what is no text to name a file by."""
    for name in _FIELD.findall(pattern):
        if name not in known:
            listed = ", ".join(f"{{{k}}}" for k in sorted(known))
            raise invalid(where, f"has {{{name[:40]}}}; known are {listed}")
    if not pattern.isprintable() or ".." in pattern or "\\" in pattern or pattern.startswith("/"):
        raise invalid(where, "is no name")


def filled(pattern: str, **fields: str) -> str:
    """A pattern with its fields in their places.

    >>> filled("thumb_{resolution}", resolution="160x90")
    'thumb_160x90'
    """
    return _FIELD.sub(lambda m: fields.get(m[1], m[0]), pattern)


def output_file_name(pattern: str, input_name: str) -> str:
    """Without its extension."""
    return filled(pattern, input_name=stem_of(input_name))


def stem_of(input_name: str) -> str:
    """What `{input_name}` stands for: the file's name without folders and extension.

    >>> stem_of("https://films.example/a/Big%20Film.mov")
    'Big Film'
    """
    path = urlsplit(input_name).path if "://" in input_name else input_name
    return PurePosixPath(unquote(path)).stem or "input"
