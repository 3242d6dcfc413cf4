"""Makes damaged and forged video files out of good ones. Pure: the same clips and the same random numbers give
the same bytes.

What has no structure of its own here (AVI, FLV) is damaged blindly; MP4 and Matroska are also taken apart box by
box (`trees`), and transport streams packet by packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import trees

from ingest.packaging.boxes import BoxError, children

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACKET = 188  # ISO/IEC 13818-1, 2.4.3.2
_FIRST = 4096
_CLUSTER = bytes.fromhex("1f43b675")
FAMILIES = {".mp4": "mp4", ".mov": "mp4", ".mkv": "matroska", ".webm": "matroska", ".ts": "ts"}


@dataclass(frozen=True, slots=True)
class Clip:
    """A good file. `weight`: how often it is taken, beside the others."""

    name: str
    data: bytes
    weight: int = 1

    @property
    def suffix(self) -> str:
        return self.name[self.name.rindex(".") :]

    @property
    def family(self) -> str:
        return FAMILIES.get(self.suffix, "other")


@dataclass(frozen=True, slots=True)
class Mutated:
    """An input: of which clip, what was done to it (the first kind names it), and its bytes."""

    clip: Clip
    kinds: tuple[str, ...]
    data: bytes

    @property
    def name(self) -> str:
        return f"input{self.clip.suffix}"


def mutated(clips: Sequence[Clip], seed: int, number: int) -> Mutated:
    """Input `number` of the series `seed`: always the same of the same clips."""
    rng = Random(f"{seed}:{number}")
    clip = rng.choices(clips, [c.weight for c in clips])[0]
    donor = rng.choice([c for c in clips if c.family == clip.family])
    kinds, data = [], clip.data
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.choice(KINDS_OF[clip.family])
        kinds.append(kind)
        data = KINDS[kind](data, clip, donor, rng)
    return Mutated(clip, tuple(kinds), data)


def headers(data: bytes, family: str) -> list[tuple[int, int]]:
    """Where in a file the numbers are that say what the rest is: start and end of each place."""
    found: list[tuple[int, int]] = []
    if family == "mp4":
        try:
            boxes = list(children(data))
        except BoxError:
            boxes = []
        found = [(b.start, b.body if b.kind == "mdat" else b.end) for b in boxes]
    elif family == "matroska":
        cluster = data.find(_CLUSTER)
        found = [(0, cluster + 32)] if cluster > 0 else []
    elif family == "ts":
        # The header; where a section or a PES packet starts, its header too.
        found = [
            (at, at + (48 if data[at + 1] & 0x40 else 4)) for at in range(0, len(data) - PACKET + 1, PACKET)
        ]
    within = [(a, min(b, len(data))) for a, b in found if a < min(b, len(data))]
    return within or [(0, min(len(data), _FIRST))]


def _somewhere(places: list[tuple[int, int]], rng: Random) -> int:
    start, end = rng.choices(places, [b - a for a, b in places])[0]
    return rng.randrange(start, end)


def flipped(data: bytes, places: list[tuple[int, int]], count: int, rng: Random) -> bytes:
    """`count` bits of `data` flipped, in `places` only."""
    made = bytearray(data)
    for _ in range(count if data else 0):
        made[_somewhere(places, rng)] ^= 1 << rng.randrange(8)
    return bytes(made)


def few_flips(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    return flipped(data, [(0, len(data))], rng.randint(1, 8), rng)


def many_flips(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    """From one byte in ten thousand to one in a hundred."""
    count = int(len(data) * 10 ** rng.uniform(-4, -2))
    return flipped(data, [(0, len(data))], count + 1, rng)


def header_flips(data: bytes, clip: Clip, _donor: Clip, rng: Random) -> bytes:
    return flipped(data, headers(data, clip.family), rng.randint(1, 16), rng)


def header_numbers(data: bytes, clip: Clip, _donor: Clip, rng: Random) -> bytes:
    start, end = rng.choice(headers(data, clip.family))
    return data[:start] + trees.with_extreme(data[start:end], rng) + data[end:] if end > start else data


def cut_end(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def cut_start(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    return data[_length(data, rng) :]


def cut_middle(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + _length(data, rng) :]


def _length(data: bytes, rng: Random) -> int:
    """Of a run: short ones as likely as long ones."""
    return min(len(data), int(2 ** rng.uniform(0, max(1, len(data).bit_length()))))


def zeroed(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    return _overwritten(data, bytes(_length(data, rng)), rng)


def noise(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    return _overwritten(data, rng.randbytes(_length(data, rng)), rng)


def spliced(data: bytes, _clip: Clip, donor: Clip, rng: Random) -> bytes:
    """A run of another clip over a run of this one."""
    length = _length(donor.data, rng)
    start = rng.randrange(len(donor.data) - length + 1)
    return _overwritten(data, donor.data[start : start + length], rng)


def _overwritten(data: bytes, run: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return (data[:start] + run + data[start + len(run) :])[: max(len(data), 1)]


def joined(data: bytes, _clip: Clip, donor: Clip, rng: Random) -> bytes:
    """The beginning of this one and the end of another."""
    return data[: rng.randrange(len(data) + 1)] + donor.data[rng.randrange(len(donor.data)) :]


def _of_tree(change: str, data: bytes, clip: Clip, donor: Clip, rng: Random) -> bytes:
    """One to three changes of the same kind in the tree; blind damage where there is no tree any more."""
    mp4 = clip.family == "mp4"
    read, write = (
        (trees.read_boxes, trees.write_boxes) if mp4 else (trees.read_elements, trees.write_elements)
    )
    try:
        nodes, others = read(data), read(donor.data)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            trees.CHANGES[change](nodes, others, rng)
    except (ValueError, IndexError):  # an earlier change has left nothing to choose from
        return few_flips(data, clip, donor, rng)
    return write(nodes)


def _tree_mutator(change: str) -> Callable[[bytes, Clip, Clip, Random], bytes]:
    return lambda data, clip, donor, rng: _of_tree(change, data, clip, donor, rng)


def packets(data: bytes) -> list[bytes]:
    return [data[at : at + PACKET] for at in range(0, len(data), PACKET)]


def packets_dropped(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    share = 10 ** rng.uniform(-2.5, -0.3)
    return b"".join(p for p in packets(data) if rng.random() > share)


def packets_duplicated(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    share = 10 ** rng.uniform(-2.5, -0.3)
    return b"".join(p * (1 + (rng.random() < share)) for p in packets(data))


def packets_swapped(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    made = packets(data)
    for _ in range(rng.randint(1, 20) if made else 0):
        a, b = rng.randrange(len(made)), rng.randrange(len(made))
        made[a], made[b] = made[b], made[a]
    return b"".join(made)


def packets_grafted(data: bytes, _clip: Clip, donor: Clip, rng: Random) -> bytes:
    """Packets of another stream between ours."""
    made, others = packets(data), packets(donor.data)
    for _ in range(rng.randint(1, 20)):
        made.insert(rng.randrange(len(made) + 1), rng.choice(others))
    return b"".join(made)


def pids_changed(data: bytes, _clip: Clip, _donor: Clip, rng: Random) -> bytes:
    """Of one packet in a hundred or of all of one PID: another PID of the stream, or any."""
    made = packets(data)
    pids = [p[1:3] for p in made]
    old = rng.choice(pids) if pids and rng.random() < 0.5 else None
    new = rng.choice([*pids, rng.randbytes(2)])
    return b"".join(
        p[:1] + new + p[3:] if (p[1:3] == old if old else rng.random() < 0.01) else p for p in made
    )


BLIND: dict[str, Callable[[bytes, Clip, Clip, Random], bytes]] = {
    "few bits flipped": few_flips,
    "many bits flipped": many_flips,
    "bits of headers flipped": header_flips,
    "extreme numbers in headers": header_numbers,
    "end cut": cut_end,
    "start cut": cut_start,
    "middle cut": cut_middle,
    "run of zeros": zeroed,
    "run of noise": noise,
    "run of another clip": spliced,
    "two clips joined": joined,
}
OF_TREES = {f"boxes {change}": _tree_mutator(change) for change in trees.CHANGES}
OF_PACKETS: dict[str, Callable[[bytes, Clip, Clip, Random], bytes]] = {
    "packets dropped": packets_dropped,
    "packets duplicated": packets_duplicated,
    "packets swapped": packets_swapped,
    "packets of another clip": packets_grafted,
    "packets with another PID": pids_changed,
}
KINDS = BLIND | OF_TREES | OF_PACKETS
KINDS_OF = {
    "mp4": (*BLIND, *OF_TREES),
    "matroska": (*BLIND, *OF_TREES),
    "ts": (*BLIND, *OF_PACKETS),
    "other": tuple(BLIND),
}
