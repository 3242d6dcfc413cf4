"""What every request of Xvid's API takes: `format`, `human`, `show_null`, `expand`, `expand_all`, `bin_data`. Pure."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ingest.server.refusals import Refusal

Format = Literal["json", "xml"]
Look = Callable[[str, str], Mapping[str, Any] | None]
_TYPES: Final[dict[str, Format]] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "application/xml": "xml",
    "text/xml": "xml",
}
_HREF: Final = re.compile(r"/v1/([a-z]+(?:/templates)?)/[0-9a-f]{24}$")
_NAME: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
# What XML 1.0 (fifth edition, 2.2) cannot say, however it is escaped.
_UNSAID: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is wanted. `expand` is the names whose references are looked up; None: all."""

    format: Format = "json"
    human: bool = False
    show_null: bool = False
    expand: frozenset[str] | None = frozenset()
    bin_data: bool = False


def manner(parameters: Mapping[str, str], accept: str) -> Manner:
    """Raises Refusal `invalid`."""
    wanted = parameters.get("format", "").lower()
    if wanted not in ("", "json", "xml"):
        raise Refusal("invalid", "format must be json or xml", details=("format",))
    everything = truth(parameters, "expand_all")
    names = frozenset(n.strip() for n in parameters.get("expand", "").split(",") if n.strip())
    return Manner(
        format="xml" if wanted == "xml" else "json" if wanted else accepted(accept),
        human=bool(truth(parameters, "human")),
        show_null=bool(truth(parameters, "show_null")),
        expand=None if everything else names,
        bin_data=bool(truth(parameters, "bin_data")),
    )


def truth(parameters: Mapping[str, str], name: str) -> bool | None:
    """`true` or `false`; None where nothing was said. Raises Refusal `invalid`."""
    match parameters.get(name, "").lower():
        case "":
            return None
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise Refusal("invalid", f"{name} must be true or false", details=(name,))


def accepted(accept: str) -> Format:
    """The format that an Accept header (RFC 9110, 12.5.1) likes best; of equals the first, JSON where none is known.

    >>> accepted("text/html, application/xml;q=0.9, */*;q=0.8")
    'xml'
    """
    best: tuple[float, Format] = (0.0, "json")
    for part in accept.split(","):
        kind, *parameters = (p.strip().lower() for p in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        known = _TYPES.get(kind)
        quality = float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0.0
        if known and quality > best[0]:
            best = (quality, known)
    return best[1]


def rendered(document: Mapping[str, Any], manner: Manner, look: Look | None = None) -> tuple[bytes, str]:
    """The answer's bytes and its media type.

    Args:
        look: the document of a reference, by its kind (`files`) and id; None of what is not there.
    """
    whole: Any = document
    if look is not None and manner.expand != frozenset():
        whole = expanded(whole, manner.expand, look)
    if not manner.show_null:
        whole = without_nulls(whole)
    if manner.format == "xml":
        return to_xml(whole, human=manner.human), "application/xml; charset=utf-8"
    indent, separators = (2, None) if manner.human else (None, (",", ":"))
    text = json.dumps(whole, ensure_ascii=False, indent=indent, separators=separators)
    return text.encode("utf-8", "backslashreplace"), "application/json; charset=utf-8"


def expanded(
    value: Any, names: frozenset[str] | None, look: Look, within: frozenset[str] = frozenset()
) -> Any:
    """The value with references of these names replaced by what they stand for, and so on in that.

    A reference to what it stands in stays one.
    """
    match value:
        case dict():
            # Entries of a list are documents too.
            inside = within | {value["id"]} if isinstance(value.get("id"), str) else within
            return {key: _followed(key, each, names, look, inside) for key, each in value.items()}
        case list():
            return [expanded(each, names, look, within) for each in value]
        case _:
            return value


def _followed(key: str, value: Any, names: frozenset[str] | None, look: Look, within: frozenset[str]) -> Any:
    if not (isinstance(value, dict) and value.keys() == {"id", "href"}):
        return expanded(value, names, look, within)
    kind = _HREF.search(value["href"])
    if kind is None or value["id"] in within or not (names is None or key in names):
        return value
    found = look(kind[1], value["id"])
    return value if found is None else expanded(dict(found), names, look, within)


def without_nulls(value: Any) -> Any:
    """The value without keys that are not set."""
    match value:
        case dict():
            return {key: without_nulls(each) for key, each in value.items() if each is not None}
        case list():
            return [without_nulls(each) for each in value]
        case _:
            return value


def to_xml(document: Mapping[str, Any], *, human: bool) -> bytes:
    """The same as XML: an element for each key, `nil` where there is no value, one in the singular for each entry.

    The root is the only key of the document, else `response`.
    """
    (name, value), *others = document.items()
    root = (
        _element("response", dict(document))
        if others or not isinstance(value, dict)
        else _element(name, value)
    )
    if human:
        ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _element(name: str, value: Any) -> ET.Element:
    plain = _NAME.fullmatch(name) is not None
    made = ET.Element(name if plain else "entry", {} if plain else {"key": _said(name)})
    match value:
        case None:
            made.set("nil", "true")
        case dict():
            made.extend(_element(key, each) for key, each in value.items())
        case list():
            made.extend(_element(_singular(name), each) for each in value)
        case bool():
            made.text = "true" if value else "false"
        case _:
            made.text = _said(str(value))
    return made


def _singular(name: str) -> str:
    return name.removesuffix("s") if name.endswith("s") and len(name) > 1 else "item"


def _said(text: str) -> str:
    return _UNSAID.sub("\N{REPLACEMENT CHARACTER}", text)
