"""The boxes of MP4 and the elements of Matroska as trees that can be pulled apart and written again.

Written again after a change, every size above the change is right, so that a reader gets as far as the change
itself. A tree that was not changed gives the same bytes again, but for Matroska's lengths.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.packaging.boxes import BoxError, children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

# Boxes of boxes (ISO/IEC 14496-12, -14, -15), and how many bytes of their own come before the first one.
PREFIXES = {
    **dict.fromkeys(("moov", "trak", "mdia", "minf", "stbl", "edts", "dinf", "udta", "ilst", "tref"), 0),
    **dict.fromkeys(("mvex", "moof", "traf", "mfra", "wave", "gmhd", "sinf", "schi"), 0),
    "meta": 4,
    "stsd": 8,
    "dref": 8,
    "mp4a": 28,
    **dict.fromkeys(("avc1", "avc3", "hvc1", "hev1", "av01"), 78),
}
# RFC 9559: elements of elements.
MASTERS = frozenset(
    bytes.fromhex(text)
    for text in (
        *("1a45dfa3", "18538067", "114d9b74", "4dbb", "1549a966", "1654ae6b", "ae", "e0", "e1", "55b0"),
        *("1f43b675", "a0", "1c53bb6b", "bb", "b7", "1254c367", "7373", "63c0", "67c8", "1043a770", "45b9"),
    )
)
_UNKNOWN = 2**56 - 1


@dataclass(slots=True)
class Node:
    """A box or an element. `own` comes before its children; `size` overrides the size field, as it is written."""

    name: bytes
    own: bytes
    nodes: list[Node] = field(default_factory=list)
    size: int | None = None

    @property
    def data(self) -> bool:
        """Whether it holds the media itself, and little can be told from it."""
        return self.name in {b"mdat", b"\xa3", b"\xa1"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A node and where it is: the list that holds it, and its place there."""

    siblings: list[Node]
    place: int

    @property
    def node(self) -> Node:
        return self.siblings[self.place]


def read_boxes(data: bytes) -> list[Node]:
    """Raises `BoxError`."""
    return _boxes(data, 0, len(data))


def _boxes(data: bytes, start: int, end: int) -> list[Node]:
    made = []
    for box in children(data, start, end):
        node = Node(box.kind.encode("latin-1"), data[box.body : box.end])
        prefix = PREFIXES.get(box.kind)
        if prefix is not None and box.body + prefix < box.end:
            try:
                node.nodes = _boxes(data, box.body + prefix, box.end)
                node.own = data[box.body : box.body + prefix]
            except BoxError:  # QuickTime's variants: left whole
                node.nodes = []
        made.append(node)
    return made


def write_boxes(nodes: list[Node]) -> bytes:
    return b"".join(map(_box, nodes))


def _box(node: Node) -> bytes:
    body = node.own + write_boxes(node.nodes)
    size = len(body) + 8 if node.size is None else node.size
    if size == 1 or size >= 2**32:
        wide = len(body) + 16 if size == 1 else size
        return (1).to_bytes(4, "big") + node.name + wide.to_bytes(8, "big") + body
    return size.to_bytes(4, "big") + node.name + body


def read_elements(data: bytes) -> list[Node]:
    """Raises ValueError."""
    return _elements(data, 0, len(data))


def _elements(data: bytes, start: int, end: int) -> list[Node]:
    made = []
    while start < end:
        name = data[start : start + _length(data, start, 4)]
        body = start + len(name)
        width = _length(data, body, 8)
        size = int.from_bytes(data[body : body + width], "big") & (1 << 7 * width) - 1
        body += width
        stop = end if size == (1 << 7 * width) - 1 else body + size
        if stop > end:
            raise ValueError(f"element at {start} is longer than what holds it")
        master = name in MASTERS
        made.append(
            Node(name, b"" if master else data[body:stop], _elements(data, body, stop) if master else [])
        )
        start = stop
    return made


def _length(data: bytes, at: int, most: int) -> int:
    """The width of a variable-size integer (RFC 8794, 4)."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    if width > most:
        raise ValueError(f"no variable-size integer at {at}")
    return width


def write_elements(nodes: list[Node]) -> bytes:
    return b"".join(map(_element, nodes))


def _element(node: Node) -> bytes:
    body = node.own + write_elements(node.nodes)
    size = len(body) if node.size is None else min(node.size, _UNKNOWN)
    return node.name + (1 << 56 | size).to_bytes(8, "big") + body


def spots(nodes: list[Node]) -> Iterator[Spot]:
    """All of a tree, parents first."""
    for place, node in enumerate(nodes):
        yield Spot(nodes, place)
        yield from spots(node.nodes)


def swap(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    """Two neighbours change places."""
    spot = _pick(nodes, rng)
    other = rng.randrange(len(spot.siblings))
    siblings = spot.siblings
    siblings[spot.place], siblings[other] = siblings[other], siblings[spot.place]


def duplicate(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    """Once, or very often where it is small."""
    spot = _pick(nodes, rng)
    small = len(spot.node.own) < 1000 and not spot.node.nodes
    times = rng.choice((1, 1, 2, 300)) if small else 1
    spot.siblings[spot.place : spot.place] = [deepcopy(spot.node) for _ in range(times)]


def delete(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    spot = _pick(nodes, rng)
    del spot.siblings[spot.place]


def move(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    """To another place, often one where it does not belong."""
    spot = _pick(nodes, rng)
    node = spot.siblings.pop(spot.place)
    target = rng.choice([nodes, *(s.node.nodes for s in spots(nodes) if s.node.nodes)])
    target.insert(rng.randrange(len(target) + 1), node)


def graft(nodes: list[Node], donor: list[Node], rng: Random) -> None:
    """A node of another clip: in place of the one of the same name, in place of any, or beside it."""
    new = deepcopy(_pick(donor, rng).node)
    alike = [s for s in spots(nodes) if s.node.name == new.name]
    spot = rng.choice(alike) if alike and rng.random() < 0.7 else _pick(nodes, rng)
    until = spot.place + (rng.random() < 0.8)
    spot.siblings[spot.place : until] = [new]


def resize(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    """The size field lies; what follows stays as it is."""
    node = _pick(nodes, rng).node
    near = len(node.own) + 8 + rng.choice((-9, -8, -4, -1, 1, 4, 8, 100))
    node.size = rng.choice((0, 1, 7, 8, 2**31 - 1, 2**31, 2**32 - 1, 2**56 - 1, 2**63, max(near, 0)))


def rename(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    """The name of another node, of nothing known, or one with a bit flipped."""
    node = _pick(nodes, rng).node
    flipped = bytearray(node.name)
    flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    node.name = rng.choice((bytes(flipped), _pick(nodes, rng).node.name, bytes(len(node.name))))


def renumber(nodes: list[Node], _donor: list[Node], rng: Random) -> None:
    """Numbers inside headers become extremes."""
    leaves = [s.node for s in spots(nodes) if s.node.own and not s.node.data]
    for node in rng.choices(leaves, k=rng.choice((1, 1, 2, 5))):
        node.own = with_extreme(node.own, rng)


def with_extreme(data: bytes, rng: Random) -> bytes:
    """One number of 1, 2, 4 or 8 bytes in `data` set to the least, the most or the middle of its range."""
    width = rng.choice([w for w in (1, 2, 4, 8) if w <= len(data)])
    at = rng.randrange(0, len(data) - width + 1, width)
    most = (1 << 8 * width) - 1
    value = rng.choice((0, 1, most, most - 1, most // 2, most // 2 + 1, rng.randint(0, most)))
    return data[:at] + value.to_bytes(width, "big") + data[at + width :]


def _pick(nodes: list[Node], rng: Random) -> Spot:
    """Any node; those deep inside a long list of blocks are no likelier than the others."""
    every = list(spots(nodes))
    few = [s for s in every if not s.node.data]
    return rng.choice(every if rng.random() < 0.2 or not few else few)


CHANGES: dict[str, Callable[[list[Node], list[Node], Random], None]] = {
    "swapped": swap,
    "duplicated": duplicate,
    "deleted": delete,
    "moved": move,
    "of another clip": graft,
    "with a false size": resize,
    "renamed": rename,
    "with extreme numbers": renumber,
}
