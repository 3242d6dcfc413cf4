"""The names that accounts give their files. They are keys of a table: no part of one ever names a file on the disk."""

from __future__ import annotations

from typing import Final

from ingest.server.refusals import Refusal

PATH_LIMIT: Final = 1024  # bytes of UTF-8


def checked_path(text: str) -> str:
    """An absolute path in an account's tree, as it was given.

    Raises:
        Refusal: `invalid`; it must begin with `/`, have no empty part, no `.` or `..`, no control characters, and
            at most 1024 bytes.
    """
    parts = text.split("/")
    if parts[0] or len(parts) < 2:
        raise _invalid(text, "must begin with /")
    if any(part in ("", ".", "..") for part in parts[1:]):
        raise _invalid(text, "may have no empty part, no . and no ..")
    if not text.isprintable() or "\\" in text:
        raise _invalid(text, "may have no control character and no backslash")
    if len(text.encode("utf-8", "surrogatepass")) > PATH_LIMIT:
        raise _invalid(text[:60] + "...", f"may have at most {PATH_LIMIT} bytes")
    return text


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def safe_name(text: str, otherwise: str = "file") -> str:
    """A file name that somebody else chose, made fit to be the last part of a path.

    >>> safe_name("C:\\\\films\\\\a b.mp4"), safe_name("../.."), safe_name("")
    ('a b.mp4', 'file', 'file')
    """
    last = text.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c if c.isprintable() else "_" for c in last).strip()
    while len(plain.encode("utf-8")) > 255:
        plain = plain[1:]  # the extension stays
    return otherwise if plain in ("", ".", "..") else plain


def numbered(path: str, number: int) -> str:
    """The path's `number`-th alternative, for where it is taken.

    >>> numbered("/a/film.mp4", 2)
    '/a/film (2).mp4'
    """
    folder, _, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    return f"{folder}/{stem} ({number}){dot}{extension}"


def _invalid(text: str, why: str) -> Refusal:
    return Refusal("invalid", f"the path {text!r} {why}", code="path_invalid")
