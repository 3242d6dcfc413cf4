"""Metadata access unit cells: what stands before each unit of synchronous KLV (ISO/IEC 13818-1, 2.12.4; ST 1402)."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.klv.keys import PREFIX

HEADER = 5
WHOLE, FIRST, LAST, MIDDLE = 3, 2, 1, 0
"""cell_fragment_indication (table 2-98): the whole unit in one cell, or a part of it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: the metadata service that it is of, its number (0 to 255), which part of a unit, and the data."""

    service: int
    sequence: int
    fragment: int
    data: bytes


def read_cells(payload: bytes) -> list[Cell] | None:
    """The cells that a PES packet's payload consists of, None where it is no chain of cells.

    A chain may be cut short in its last cell, which then has what is there.
    """
    found: list[Cell] = []
    at = 0
    while at < len(payload):
        if at + HEADER > len(payload) or payload[at : at + len(PREFIX)] == PREFIX:
            return found if found and at + HEADER > len(payload) else None
        length = int.from_bytes(payload[at + 3 : at + HEADER], "big")
        data = payload[at + HEADER : at + HEADER + length]
        found.append(Cell(payload[at], payload[at + 1], payload[at + 2] >> 6, data))
        at += HEADER + length
    return found or None


def looks_celled(payload: bytes) -> bool:
    """Whether a payload begins with a cell that begins a KLV set."""
    return payload[HEADER : HEADER + len(PREFIX)] == PREFIX and payload[2] >> 6 in (WHOLE, FIRST)
