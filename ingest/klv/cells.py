"""Metadata access unit cells: what stands before each unit of synchronous KLV (ISO/IEC 13818-1, 2.12.4; ST 1402)."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.klv.keys import PREFIX

HEADER = 5
WHOLE, FIRST, LAST, MIDDLE = 3, 2, 1, 0
"""cell_fragment_indication (table 2-98): the whole unit in one cell, or a part of it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: the metadata service that it is of, its number (0 to 255), which part of a unit, and the data.

    `missing` bytes of it are not there: it goes on in the next packet, or was cut.
    """

    service: int
    sequence: int
    fragment: int
    data: bytes
    missing: int = 0

    @property
    def begins(self) -> bool:
        """Whether a unit begins with it."""
        return bool(self.fragment & FIRST)

    @property
    def ends(self) -> bool:
        """Whether a unit ends with it."""
        return bool(self.fragment & LAST)


def read_cells(payload: bytes) -> tuple[list[Cell], bytes] | None:
    """The cells that a PES packet's payload consists of, None where it is no chain of cells.

    A chain may be cut short: in its last cell, or in or behind the header of one more, whose bytes come second.
    """
    found: list[Cell] = []
    at = 0
    while at < len(payload):
        if payload[at : at + len(PREFIX)] == PREFIX:
            return None
        length = int.from_bytes(payload[at + 3 : at + HEADER], "big")
        if at + HEADER > len(payload) or (length and at + HEADER == len(payload)):
            return found, payload[at:]
        data = payload[at + HEADER : at + HEADER + length]
        found.append(Cell(payload[at], payload[at + 1], payload[at + 2] >> 6, data, length - len(data)))
        at += HEADER + length
    return (found, b"") if found else None


def looks_celled(payload: bytes) -> bool:
    """Whether a payload begins with a cell that begins a KLV set."""
    return payload[HEADER : HEADER + len(PREFIX)] == PREFIX and payload[2] >> 6 in (WHOLE, FIRST)


def goes_on(payload: bytes, header: bytes) -> bool:
    """Whether a payload may go on with what was begun in the one before, of whose last cell it had this `header`."""
    if payload.startswith(PREFIX):
        return len(header) == HEADER
    return not looks_celled(payload)
