"""The fuzz's mutators: the same numbers give the same bytes, and a tree is changed where it is meant to be."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import mutate
import trees


def box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + name + body


def element(name: str, body: bytes) -> bytes:
    return bytes.fromhex(name) + (1 << 56 | len(body)).to_bytes(8, "big") + body


MDHD, STSZ = box(b"mdhd", bytes(range(24))), box(b"stsz", bytes(12))
STSD = box(b"stsd", bytes(8) + box(b"avc1", bytes(78) + box(b"avcC", b"\1\2\3")))
MDIA = box(b"mdia", MDHD + box(b"minf", box(b"stbl", STSD + STSZ)))
MP4 = box(b"ftyp", b"isom") + box(b"mdat", bytes(500)) + box(b"moov", box(b"trak", MDIA))
CLUSTER = element("1f43b675", element("e7", b"\0") + element("a3", bytes(50)))
TRACKS = element("1654ae6b", element("ae", element("d7", b"\1") + element("e0", element("b0", b"\x10"))))
MATROSKA = element("1a45dfa3", element("4282", b"matroska")) + element("18538067", TRACKS + CLUSTER)
STREAM = b"".join(b"\x47" + bytes([0x40 * (i % 3 == 0), i % 5]) + bytes([i] * 185) for i in range(30))

CLIPS = (
    mutate.Clip("a.mp4", MP4),
    mutate.Clip("b.mov", MP4.replace(b"mdhd", b"free")),
    mutate.Clip("c.mkv", MATROSKA),
    mutate.Clip("d.ts", STREAM),
    mutate.Clip("e.avi", b"RIFF" + bytes(range(256)) * 4),
)


def test_an_input_is_always_the_same_bytes() -> None:
    first, again = ([mutate.mutated(CLIPS, 1, n) for n in range(300)] for _ in range(2))
    assert first == again
    assert first != [mutate.mutated(CLIPS, 2, n) for n in range(300)]
    assert {kind for m in first for kind in m.kinds} == set(mutate.KINDS)
    assert {m.clip.name for m in first} == {c.name for c in CLIPS}


def test_hardly_any_input_is_the_clip_itself() -> None:
    inputs = [mutate.mutated(CLIPS, 1, n) for n in range(300)]
    assert sum(m.data == m.clip.data for m in inputs) < 30


@pytest.mark.parametrize("kind", mutate.KINDS)
@pytest.mark.parametrize("data", [b"", b"\0", b"\x47", b"\x1a\x45", bytes(9), bytes(188)])
def test_nothing_is_too_small_to_be_damaged(kind: str, data: bytes) -> None:
    for clip in CLIPS:
        for number in range(5):
            made = mutate.KINDS[kind](data, clip, clip, Random(number))
            assert isinstance(made, bytes)


def test_weights() -> None:
    clips = (mutate.Clip("often.avi", bytes(8), 9), mutate.Clip("rare.avi", bytes(8), 1))
    names = [mutate.mutated(clips, 1, n).clip.name for n in range(300)]
    assert 10 < names.count("rare.avi") < 60


def test_flips_stay_in_their_places() -> None:
    changed = mutate.flipped(bytes(100), [(10, 12), (50, 51)], 40, Random(1))
    assert {i for i, byte in enumerate(changed) if byte} == {10, 11, 50}


def test_headers() -> None:
    places = mutate.headers(MP4, "mp4")
    assert places == [(0, 12), (12, 20), (520, len(MP4))]
    start = MATROSKA.index(bytes.fromhex("1f43b675"))
    assert mutate.headers(MATROSKA, "matroska") == [(0, start + 32)]
    assert mutate.headers(STREAM, "ts")[:3] == [(0, 48), (188, 192), (376, 380)]
    assert mutate.headers(bytes(9000), "other") == [(0, 4096)]


def test_boxes_are_read_at_every_depth_and_written_as_they_were() -> None:
    nodes = trees.read_boxes(MP4)
    names = [spot.node.name for spot in trees.spots(nodes)]
    assert names == b"ftyp mdat moov trak mdia mdhd minf stbl stsd avc1 avcC stsz".split()
    assert trees.write_boxes(nodes) == MP4


def test_elements_are_read_at_every_depth_and_written_as_they_were() -> None:
    nodes = trees.read_elements(MATROSKA)
    names = [spot.node.name.hex() for spot in trees.spots(nodes)]
    assert names == [
        "1a45dfa3",
        "4282",
        "18538067",
        "1654ae6b",
        "ae",
        "d7",
        "e0",
        "b0",
        "1f43b675",
        "e7",
        "a3",
    ]
    assert trees.write_elements(nodes) == MATROSKA


def test_an_element_of_unknown_size_ends_where_its_parent_does() -> None:
    (node,) = trees.read_elements(bytes.fromhex("18538067 01ffffffffffffff e7 81 05"))
    assert [child.own for child in node.nodes] == [b"\5"]


def test_sizes_are_right_after_a_change_below_them() -> None:
    for seed in range(50):
        nodes = trees.read_boxes(MP4)
        for change in (trees.swap, trees.duplicate, trees.delete, trees.move):
            change(nodes, [], Random(seed))
        written = trees.write_boxes(nodes)
        assert trees.write_boxes(trees.read_boxes(written)) == written


def test_a_false_size_changes_only_the_field() -> None:
    node = trees.Node(b"free", bytes(8), size=2**32 - 1)
    assert trees.write_boxes([node]) == b"\xff\xff\xff\xfffree" + bytes(8)
    node.size = 2**63
    assert trees.write_boxes([node]) == b"\0\0\0\1free" + (2**63).to_bytes(8, "big") + bytes(8)
    node.size = 0
    assert trees.write_boxes([node]) == bytes(4) + b"free" + bytes(8)


def test_a_graft_brings_what_was_not_there() -> None:
    donor = trees.read_boxes(box(b"moov", box(b"udta", b"1234")))
    for seed in range(20):
        nodes = trees.read_boxes(MP4)
        trees.graft(nodes, donor, Random(seed))
        assert {s.node.name for s in trees.spots(nodes)} & {b"udta"}


def test_extreme_numbers_keep_the_length() -> None:
    made = [trees.with_extreme(bytes(16), Random(seed)) for seed in range(100)]
    assert {len(data) for data in made} == {16}
    assert any(data.count(0xFF) == 8 for data in made)


def test_packets_stay_whole() -> None:
    clip = CLIPS[3]
    for kind in mutate.OF_PACKETS:
        for seed in range(20):
            made = mutate.KINDS[kind](STREAM, clip, clip, Random(seed))
            assert len(made) % 188 == 0
            assert set(made[::188]) <= {0x47}
