"""KLV packets and streams as plain values, ready for JSON and CSV. Keys are stable; later versions may add some."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ingest.klv import st0102
from ingest.klv.st0102 import SecuritySet
from ingest.klv.st0601 import UasSet
from ingest.klv.tags_0601 import TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.klv.sets import Packet, Stream
    from ingest.klv.tags import Tag

_PLAIN = frozenset({int, float, str})
SIDE_COLUMNS = ("stream", "milliseconds")
"""The columns that stand before the tags' in CSV."""


def packet_document(packet: Packet) -> dict[str, Any]:
    """One set: its time in ms from the first picture on, time stamp, tags with names, values and units."""
    content = packet.content
    document: dict[str, Any] = {
        "stream": packet.stream,
        "standard": packet.standard,
        "milliseconds": _rounded(packet.milliseconds),
        "pts": packet.pts,
    }
    if packet.service is not None:
        document["service"] = packet.service
    if isinstance(content, UasSet):
        document |= {
            "precisionTimeStamp": content.time,
            "time": iso_time(content.time),
            "tags": tag_documents(TAGS, content.values),
            "unknown": unknown_documents(content.raw),
        }
    elif isinstance(content, SecuritySet):
        document["tags"] = tag_documents(st0102.TAGS, content.values)
        document["unknown"] = unknown_documents(content.raw)
    else:
        document["key"] = packet.key.hex()
        document["bytes"] = len(packet.value)
    return document


def tag_documents(table: Mapping[int, Tag], values: Mapping[int, object]) -> list[dict[str, Any]]:
    """The values by tag number, each with its name; `unit` and `meaning` where it has them."""
    found = []
    for number in sorted(values):
        tag, value = table[number], values[number]
        entry: dict[str, Any] = {"tag": number, "name": tag.name, "value": plain(value)}
        if tag.unit:
            entry["unit"] = tag.unit
        if (meaning := meaning_of(tag, value)) is not None:
            entry["meaning"] = meaning
        found.append(entry)
    return found


def unknown_documents(raw: Mapping[int, str]) -> list[dict[str, Any]]:
    """What is of no known tag or cannot be read, by tag number, as hexadecimal digits."""
    return [{"tag": tag, "hex": digits} for tag, digits in sorted(raw.items())]


def meaning_of(tag: Tag, value: object) -> str | list[str] | None:
    """What a code means, or each flag that is set; None where there is no meaning."""
    if not isinstance(value, int) or tag.kind not in {"code", "flags"}:
        return None
    if tag.kind == "code":
        return tag.meanings.get(value)
    return [name for bit, name in tag.meanings.items() if value >> bit & 1]


def plain(value: object) -> Any:
    """`value` as JSON has it: packs as objects, fractions as text, a security set as its tags."""
    if value.__class__ in _PLAIN:  # nearly all are
        return value
    if isinstance(value, SecuritySet):
        return [*tag_documents(st0102.TAGS, value.values), *unknown_documents(value.raw)]
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {_camel(f.name): plain(getattr(value, f.name)) for f in fields(value)}
    return value


def cell(value: object) -> str:
    """`value` as a cell of CSV: nothing for no value, JSON for packs."""
    ready = plain(value)
    if ready is None:
        return ""
    return json.dumps(ready, ensure_ascii=False) if isinstance(ready, list | dict) else str(ready)


def column(number: int) -> str:
    """A tag's column title in CSV, such as `13 Sensor Latitude (deg)`."""
    tag = TAGS[number]
    return f"{number} {tag.name} ({tag.unit})" if tag.unit else f"{number} {tag.name}"


def row(packet: Packet, numbers: list[int]) -> list[str]:
    """A packet's row of CSV: `SIDE_COLUMNS`, then the tags `numbers`."""
    values = packet.content.values if isinstance(packet.content, UasSet) else {}
    return [str(packet.stream), cell(_rounded(packet.milliseconds)), *(cell(values.get(n)) for n in numbers)]


def stream_document(stream: Stream) -> dict[str, Any]:
    """What was found of a stream: how it is carried, how many sets of which standard, what was wrong."""
    return {
        "stream": stream.pid or 0,
        "program": stream.program,
        "carriage": carriage(stream),
        "declaredAsKlv": stream.declared,
        "sets": dict(stream.standards),
        "badSets": stream.framing.bad,
        "badChecksums": stream.bad_checksums,
        "cutSets": stream.framing.cut,
        "skippedBytes": stream.framing.skipped_bytes,
        "pesWithoutPts": stream.without_pts,
        "ptsBackwards": stream.backwards,
        "continuityErrors": stream.lost,
        "malformedPes": stream.malformed_pes,
        "firstTime": iso_time(stream.first_time),
        "lastTime": iso_time(stream.last_time),
    }


def carriage(stream: Stream) -> str:
    """How a stream is carried, in words (ST 1402)."""
    if stream.carried is not None:
        return stream.carried
    if stream.stream_type is None:
        return "bare file"
    kind = "synchronous" if stream.stream_type == 0x15 else "asynchronous"
    ids = "/".join(f"0x{number:02X}" for number in sorted(stream.stream_ids))
    text = f"{kind}, stream_type 0x{stream.stream_type:02X}" + (f", stream_id {ids}" if ids else "")
    return text + (", AU cells" if stream.celled else "")


def iso_time(microseconds: int | None) -> str | None:
    """A time stamp as ISO 8601 in UTC with milliseconds; None where no calendar has it."""
    if microseconds is None:
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
