"""Reads the XML of a stranger: no document type, so no entities; bounded in depth and in elements. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET

MAX_DEPTH = 48
MAX_ELEMENTS = 100_000
_CHUNK = 65_536  # bytes; what is refused is refused before more of it is parsed


class XmlError(ValueError):
    """The document is not well formed, or has what it may not have; the message says what."""


class _Builder(ET.TreeBuilder):
    """Ends at what none of our documents needs and what costs without bound."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def doctype(self, name: str, *_: str | None) -> None:
        raise XmlError(f"it has a document type ({name[:32]!r})")

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise XmlError(f"it is nested more than {MAX_DEPTH} deep")
        if self._elements > MAX_ELEMENTS:
            raise XmlError(f"it has more than {MAX_ELEMENTS} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def read_xml(data: bytes) -> ET.Element:
    """The root element. Raises `XmlError`."""
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - no document type gets past the builder
    try:
        for at in range(0, len(data), _CHUNK):
            parser.feed(data[at : at + _CHUNK])
        root = parser.close()
    except XmlError:
        raise
    except (ET.ParseError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise XmlError(f"it is not well formed: {error}") from None
    assert isinstance(root, ET.Element)  # noqa: S101 - for the type checker: the builder makes no other
    return root
