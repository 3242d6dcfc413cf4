"""Fields of ByteNite's parameters, each refused by its own name. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_BITS = re.compile(r"([0-9]{1,9})(?:\.0+)?([kKmM]?)")


def empty(said: Mapping[str, Any], where: str, *, allowed: tuple[str, ...]) -> None:
    """Refuse what is said beside `allowed`; a client may repeat an empty value that it was shown."""
    for key, value in said.items():
        if key not in allowed and value not in (None, "", [], {}):
            raise invalid(f"{where}.{key[:60]}", "is not supported")


def one_of(value: Any, known: Collection[str], where: str) -> str | None:
    """The value in lower case; None where nothing is said."""
    if value in (None, ""):
        return None
    text = str(value).lower()
    if text not in known:
        raise invalid(where, f"must be {' or '.join(sorted(known))}" if len(known) < 12 else "is not known")
    return text


def table(said: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = said.get(key) or {}
    if not isinstance(found, dict):
        raise invalid(f"{where}.{key}", "must be an object")
    return found


def bits(value: Any, where: str) -> int | None:
    if value in (None, "", 0, "0"):
        return None
    match = _BITS.fullmatch(str(value))
    if match is None:
        raise invalid(where, "must be a bitrate such as 4500k")
    return int(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2].lower()]


def whole(value: Any, default: int, least: int, most: int, where: str) -> int:
    if value in (None, ""):
        return default
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise invalid(where, f"must be a whole number from {least} to {most}")
    return int(text)


def invalid(where: str, why: str) -> Refusal:
    return Refusal("invalid", f"{where} {why}", details=(where,), code="invalid_params")
