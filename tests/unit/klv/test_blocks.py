"""Packets of a transport stream out of pieces that end anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.klv.blocks import packet_size, packets_in_blocks

WITH_SIZES = pytest.mark.parametrize("size", [188, 192, 204])


def stream(count: int, size: int) -> bytes:
    return b"".join(bytes((0x47, 1, n)).ljust(size, bytes((n,))) for n in range(count))


def cut(data: bytes, *places: int) -> list[bytes]:
    ends = [0, *sorted(min(p, len(data)) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(ends)]


def numbers(pieces: list[bytes], size: int) -> list[int]:
    """The third byte of each packet."""
    blocks = list(packets_in_blocks(pieces, size))
    assert all(b[0] == 0x47 and len(b) % size in {0, 188 % size} for b in blocks)
    return [b[at + 2] for b in blocks for at in range(0, len(b) - 187, size)]


@WITH_SIZES
@given(places=st.lists(st.integers(0, 30 * 204), max_size=6), before=st.integers(0, 200))
def test_pieces_may_end_anywhere(size: int, places: list[int], before: int) -> None:
    data = bytes(before) + stream(30, size)
    assert numbers(cut(data, *places), size) == list(range(30))


@WITH_SIZES
def test_what_is_in_no_step_is_left_out(size: int) -> None:
    data = stream(20, size)
    data = data[: 10 * size] + b"\xaa" * 77 + data[10 * size :]
    for place in (9 * size + 5, 10 * size, 10 * size + 30, 12 * size):
        assert numbers(cut(data, place), size) == list(range(20))


@WITH_SIZES
def test_pieces_of_whole_packets_are_passed_on_as_they_are(size: int) -> None:
    data = stream(20, size)
    pieces = [data[: 8 * size], data[8 * size :]]
    assert [id(b) for b in packets_in_blocks(pieces, size)] == [id(p) for p in pieces]


@WITH_SIZES
def test_the_size_is_found(size: int) -> None:
    assert packet_size(bytes(7) + stream(8, size)) == size
