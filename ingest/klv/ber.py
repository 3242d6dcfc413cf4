"""Lengths and tags of KLV as SMPTE ST 336 has them: BER lengths (short and long form) and BER-OID tags.

Nothing here trusts its input: every number is bounded, and whatever does not fit is a `KlvError`.
"""

from __future__ import annotations

MAX_LENGTH_BYTES = 8
"""Octets of a long-form length that are read; more is damage (ST 336 allows longer ones, nobody needs them)."""
MAX_OID_BYTES = 5
"""Octets of a BER-OID number, 35 bits."""


class KlvError(ValueError):
    """The bytes are not what the standard allows, or are above a bound."""


def read_length(data: bytes | bytearray | memoryview, at: int, end: int) -> tuple[int, int]:
    """The BER length at `at` and the place after it (ST 336, 6.3.4).

    Long forms need not be minimal: `83 00 00 05` is 5. The indefinite form (`80`) is refused. Raises `KlvError`.

    >>> read_length(bytes([0x7F]), 0, 1), read_length(bytes([0x82, 1, 0]), 0, 3)
    ((127, 1), (256, 3))
    """
    if at >= end:
        raise KlvError("no length")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    after = at + 1 + count
    if not 1 <= count <= MAX_LENGTH_BYTES or after > end:
        raise KlvError(f"a length of {count} octets")
    return int.from_bytes(data[at + 1 : after], "big"), after


def read_oid(data: bytes | bytearray | memoryview, at: int, end: int) -> tuple[int, int]:
    """The BER-OID number at `at` and the place after it: 7 bits an octet, the high bit says that more follow.

    Raises `KlvError`.

    >>> read_oid(bytes([0x81, 0x0F]), 0, 2)
    (143, 2)
    """
    value = 0
    for place in range(at, min(end, at + MAX_OID_BYTES)):
        octet = data[place]
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            return value, place + 1
    raise KlvError("a BER-OID number without an end")


def read_items(
    data: bytes | memoryview, start: int, end: int, *, at_most: int = 2048
) -> list[tuple[int, int, int]]:
    """The items of a local set between `start` and `end`: tag, first byte of the value, byte after it.

    Raises `KlvError` for an item that runs over the end and for more than `at_most` items.
    """
    found: list[tuple[int, int, int]] = []
    at = start
    while at < end:
        tag, body = (data[at], at + 1) if data[at] < 0x80 else read_oid(data, at, end)
        length, body = read_length(data, body, end)
        if length > end - body:
            raise KlvError(f"tag {tag} has {length} bytes, {end - body} are left")
        at = body + length
        found.append((tag, body, at))
        if len(found) > at_most:
            raise KlvError(f"more than {at_most} items")
    return found


def read_values(data: bytes, start: int, end: int, *, at_most: int = 2048) -> list[tuple[int, int]]:
    """A variable length pack: values with a BER length each (ST 0107), as first byte and byte after the last.

    Raises `KlvError`.
    """
    found: list[tuple[int, int]] = []
    at = start
    while at < end:
        length, body = read_length(data, at, end)
        if length > end - body or len(found) >= at_most:
            raise KlvError("a pack that runs over its end")
        at = body + length
        found.append((body, at))
    return found
