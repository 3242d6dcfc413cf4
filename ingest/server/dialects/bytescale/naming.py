"""Where a file goes: Bytescale's `FilePathDefinition` and its path variables. Pure.

Defaults and variables as published: https://www.bytescale.com/docs/path-variables and its support pages.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from ingest.server.filepaths import checked_path
from ingest.server.refusals import Refusal

DEFAULT_FOLDER = "/uploads/{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}"
DEFAULT_NAME = "{UTC_TIME_TOKEN_INVERSE}{UNIQUE_DIGITS_2}-{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}"
MAX_LENGTH = 512
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# The published examples of one moment, 1km9SFvS and 4mvUKdK2, add up to this.
_INVERSE_OF = 10**13
_VARIABLE = re.compile(r"\\(.)|\{([A-Z0-9_]+)\}")
_UNIQUE = re.compile(r"UNIQUE_DIGITS_([1-9]|1[0-9]|20)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Destination:
    """A path, another one for the case that it is taken, and whether each call of `destination` gives another path."""

    path: str
    fallback: str | None = None
    unique: bool = False


def destination(definition: object, original: str, now: datetime) -> Destination:
    """The absolute path of a file to be stored.

    Args:
        definition: None, a path, or an object with `folderPath`, `fileName`, `fileNameFallback` and whether
            variables stand in them.
        original: the file's name where it comes from; may be empty.
        now: the moment that the variables of time show.

    Raises:
        Refusal: invalid: a definition of another form, an unknown variable, a path that leads elsewhere or is too long.
    """
    if isinstance(definition, str):
        return Destination(checked(definition))
    fields = {} if definition is None else definition
    if not isinstance(fields, Mapping):
        raise _invalid("a path must be a text or an object")
    folder = _filled(fields, "folderPath", DEFAULT_FOLDER, original, now)
    name = _filled(fields, "fileName", DEFAULT_NAME, original, now)
    fallback = _filled(fields, "fileNameFallback", None, original, now)
    if folder and not folder.startswith("/"):
        folder = f"/{folder}"  # our keys' default folder is the top
    template = str(fields.get("fileName", DEFAULT_NAME)) + str(fields.get("folderPath", DEFAULT_FOLDER))
    for part in (name, fallback):
        if part is not None and ("/" in part or not part):
            raise _invalid(f"{part[:60]!r} cannot be a file's name")
    return Destination(
        checked(f"{(folder or '').rstrip('/')}/{name}"),
        None if fallback is None else checked(f"{(folder or '').rstrip('/')}/{fallback}"),
        "{UNIQUE_DIGITS_" in template,
    )


def _filled(
    fields: Mapping[str, object], key: str, default: str | None, original: str, now: datetime
) -> str | None:
    value = fields.get(key, default)
    if value is None:
        return default and filled(default, original, now)
    if not isinstance(value, str) or len(value) > MAX_LENGTH:
        raise _invalid(f"{key} must be a text of at most {MAX_LENGTH} characters")
    switch = "folderPathVariablesEnabled" if key == "folderPath" else "fileNameVariablesEnabled"
    if fields.get(switch, True) is False:
        return value
    return filled(value, original, now)


def filled(template: str, original: str, now: datetime) -> str:
    """`template` with its variables replaced; `\\{` is a brace. Raises Refusal for a variable that nobody knows."""

    def value(match: re.Match[str]) -> str:
        return match[1] or _variable(match[2], original, now)

    return _VARIABLE.sub(value, template)


def _variable(name: str, original: str, now: datetime) -> str:
    if unique := _UNIQUE.fullmatch(name):
        return "".join(secrets.choice(_BASE58) for _ in range(int(unique[1])))
    moment = now.astimezone(UTC)
    millisecond = moment.microsecond // 1000
    stem, extension = _parted(original)
    values = {
        "ORIGINAL_FILE_NAME": stem,
        "ORIGINAL_FILE_EXT": extension,
        "UTC_DATE": f"{moment:%Y-%m-%d}",
        "UTC_TIME": f"{moment:%H:%M:%S}.{millisecond:03}",
        "UTC_TIME_TOKEN": time_token(moment),
        "UTC_TIME_TOKEN_INVERSE": time_token(moment, inverse=True),
        "UTC_YEAR": f"{moment:%Y}",
        "UTC_MONTH": f"{moment:%m}",
        "UTC_DAY": f"{moment:%d}",
        "UTC_HOUR": f"{moment:%H}",
        "UTC_MINUTE": f"{moment:%M}",
        "UTC_SECOND": f"{moment:%S}",
        "UTC_MILLISECOND": f"{millisecond:03}",
    }
    if name not in values:
        raise _invalid(f"there is no path variable {{{name[:60]}}}")
    return values[name]


def time_token(moment: datetime, *, inverse: bool = False) -> str:
    """Eight digits of base 58 that grow with the time, or shrink with it."""
    number = (moment - _EPOCH) // timedelta(milliseconds=1)
    if inverse:
        number = _INVERSE_OF - number
    digits = []
    for _ in range(8):
        number, digit = divmod(number, 58)
        digits.append(_BASE58[digit])
    return "".join(reversed(digits))


def _parted(original: str) -> tuple[str, str]:
    """Name and extension, without what no path may have."""
    name = original.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable())[:200]
    path = PurePosixPath(name)
    return (path.stem, path.suffix) if name not in ("", ".", "..") else ("file", "")


def checked(path: str) -> str:
    """An absolute path of a file, as it is.

    Raises:
        Refusal: invalid: longer than 512 characters, and what no file's path can be here (`checked_path`).
    """
    if len(path) > MAX_LENGTH:
        raise _invalid(f"the path {path[:60]!r} may have at most {MAX_LENGTH} characters")
    try:
        return checked_path(path)
    except Refusal as refusal:
        raise _invalid(refusal.message) from None


def folder(path: str) -> str:
    """An absolute path of a folder, without a slash at its end; empty for the top. Raises Refusal."""
    trimmed = path.rstrip("/") if path.startswith("/") else path
    return checked(trimmed) if trimmed else ""


def _invalid(message: str) -> Refusal:
    return Refusal("invalid", message, code="invalid_file_path")
