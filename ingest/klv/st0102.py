"""The security set of MISB ST 0102, inside tag 48 of ST 0601 or on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.klv.ber import KlvError, read_items
from ingest.klv.meanings import CLASSIFICATION, COUNTRY_CODING, OBJECT_COUNTRY_CODING
from ingest.klv.tags import Tag, Value, decode_value

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Tag, ...] = (
    Tag(1, "Security Classification", "code", 1, meanings=CLASSIFICATION),
    Tag(
        2,
        "Classifying Country and Releasing Instructions Country Coding Method",
        "code",
        1,
        meanings=COUNTRY_CODING,
    ),
    Tag(3, "Classifying Country", "text", 6),
    Tag(4, "Security-SCI/SHI Information", "text", 40),
    Tag(5, "Caveats", "text", 20),
    Tag(6, "Releasing Instructions", "text", 40),
    Tag(7, "Classified By", "text", 40),
    Tag(8, "Derived From", "text", 40),
    Tag(9, "Classification Reason", "text", 40),
    Tag(10, "Declassification Date", "text", 8),
    Tag(11, "Classification and Marking System", "text", 40),
    Tag(12, "Object Country Coding Method", "code", 1, meanings=OBJECT_COUNTRY_CODING),
    Tag(13, "Object Country Codes", "utf16", 40),
    Tag(14, "Classification Comments", "text", 480),
    Tag(15, "UMID Video", "hex", 32),
    Tag(16, "UMID Audio", "hex", 32),
    Tag(17, "UMID Data", "hex", 32),
    Tag(18, "UMID System", "hex", 32),
    Tag(19, "Stream ID", "uint", 1),
    Tag(20, "Transport Stream ID", "uint", 2),
    Tag(21, "Item Designator ID", "hex", 16),
    Tag(22, "Version", "uint", 2),
    Tag(23, "Classifying Country and Releasing Instructions Country Coding Method Version Date", "text", 10),
    Tag(24, "Object Country Coding Method Version Date", "text", 10),
)
"""Tags 15 to 21 are of earlier editions."""
TAGS: dict[int, Tag] = {tag.number: tag for tag in TABLE}


@dataclass(frozen=True, slots=True)
class SecuritySet:
    """One security set: values by tag, and as hexadecimal digits what is unknown or cannot be read."""

    values: Mapping[int, Value]
    raw: Mapping[int, str]


def decode(raw: bytes) -> SecuritySet:
    """The local set in `raw` (ST 0102.12). Raises `KlvError` where its items do not fit."""
    values: dict[int, Value] = {}
    rest: dict[int, str] = {}
    for number, start, end in read_items(raw, 0, len(raw), at_most=128):
        tag, value = TAGS.get(number), raw[start:end]
        if tag is None:
            rest[number] = value.hex()
            continue
        try:
            values[number] = decode_value(tag, value, {})
        except KlvError:
            rest[number] = value.hex()
    return SecuritySet(values, rest)
