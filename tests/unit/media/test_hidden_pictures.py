from __future__ import annotations

import struct

import pytest

from ingest.media.hidden_pictures import ShownFlags, crowded
from ingest.media.packets import Packet, PacketTable

# First bytes of frames of VP8: bit 4 is `show_frame`.
KEY, SHOWN, HIDDEN = b"\x10", b"\x71", b"\x41"


def ivf(*frames: bytes) -> bytes:
    header = b"DKIF\0\0\x20\0VP80".ljust(32, b"\0")
    return header + b"".join(struct.pack("<IQ", len(f), n) + f for n, f in enumerate(frames))


@pytest.mark.parametrize("step", [1, 2, 13, 10_000])
def test_what_a_frame_says_of_itself_is_read_in_whatever_pieces_it_arrives(step: int) -> None:
    stream = ivf(KEY + b"\xff" * 300, HIDDEN + b"\x10" * 40, SHOWN, b"", HIDDEN, SHOWN + b"\0" * 7)
    flags = ShownFlags()
    for at in range(0, len(stream), step):
        flags.feed(stream[at : at + step])
    assert flags.shown == [True, False, True, True, False, True]


def test_a_frame_that_is_cut_off_is_known_by_its_first_byte() -> None:
    flags = ShownFlags()
    flags.feed(ivf(KEY, HIDDEN + b"\0" * 50)[:-20])
    assert flags.shown == [True, False]


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ([0, 33, 67, 100, 133], False),
        ([0, 33, 33, 67, 100, 133], True),
        ([0, 33, 34, 67, 100, 133], True),
        ([0, 33, 100, 133, 200], False),
        ([0], False),
        ([], False),
    ],
)
def test_a_packet_that_is_not_shown_has_no_room(times: list[int], found: bool) -> None:
    assert crowded(PacketTable(Packet(t, t, 33, 10, t == 0, discard=False) for t in times)) is found


def test_packets_without_times_are_not_crowded() -> None:
    assert not crowded(PacketTable(Packet(None, None, None, 10, key=True, discard=False) for _ in range(9)))
