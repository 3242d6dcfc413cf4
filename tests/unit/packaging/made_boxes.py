"""Writes small ISO BMFF files by hand: what the readers under test must read back."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

AVCC = bytes.fromhex("0164001effe1") + b"\x00\x04\x67\x64\x00\x1e" + b"\x01\x00\x02\x68\xef"
AAC_LC_48K_STEREO = bytes.fromhex("1190")


def box(kind: str, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return struct.pack(">I4s", 8 + len(body), kind.encode("latin-1")) + body


def full(kind: str, version: int, flags: int, *payload: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


def words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *(v & 0xFFFFFFFF for v in values))


def descriptor(tag: int, body: bytes) -> bytes:
    return bytes([tag, len(body)]) + body


def esds(specific: bytes, indication: int = 0x40) -> bytes:
    decoder = bytes([indication, 0x15]) + bytes(11) + (descriptor(5, specific) if specific else b"")
    return full("esds", 0, 0, descriptor(3, b"\0\0\0" + descriptor(4, decoder) + descriptor(6, b"\2")))


def video_entry(kind: str, config: bytes, width: int, height: int) -> bytes:
    return box(kind, bytes(6), b"\0\1", bytes(16), struct.pack(">2H", width, height), bytes(50), config)


def audio_entry(kind: str, config: bytes, channels: int, rate: int) -> bytes:
    return box(kind, bytes(6), b"\0\1", bytes(8), struct.pack(">4HI", channels, 16, 0, 0, rate << 16), config)


def track(
    entry: bytes,
    *,
    handler: str = "vide",
    timescale: int = 24000,
    track_id: int = 1,
    edits: Sequence[tuple[int, int]] = (),
) -> bytes:
    elst = full("elst", 0, 0, words(len(edits)), *(words(d, m, 0x10000) for d, m in edits))
    return box(
        "trak",
        full("tkhd", 0, 7, words(0, 0, track_id), bytes(68)),
        box("edts", elst) if edits else b"",
        box(
            "mdia",
            full("mdhd", 0, 0, words(0, 0, timescale, 0), struct.pack(">2H", 0x15C7, 0)),
            full("hdlr", 0, 0, bytes(4), handler.encode("ascii"), bytes(13)),
            box("minf", box("stbl", full("stsd", 0, 0, words(1), entry))),
        ),
    )


def init(
    *traks: bytes, movie_timescale: int = 1000, trex: Sequence[tuple[int, int, int, int]] = ((1, 1000, 0, 0),)
) -> bytes:
    return box("ftyp", b"iso8", bytes(4), b"cmfc") + box(
        "moov",
        full("mvhd", 0, 0, words(0, 0, movie_timescale, 0), bytes(80)),
        *traks,
        box("mvex", *(full("trex", 0, 0, words(t, 1, d, s, f)) for t, d, s, f in trex)),
    )


def fragment(
    time: int,
    samples: Sequence[tuple[int, bytes, bool, int]],
    *,
    track_id: int = 1,
) -> bytes:
    """One moof and mdat; a sample is (duration, data, sync, composition offset)."""
    rows = b"".join(words(d, len(b), 0 if s else 0x10000, c) for d, b, s, c in samples)

    def moof(offset: int) -> bytes:
        return box(
            "moof",
            full("mfhd", 0, 0, words(1)),
            box(
                "traf",
                full("tfhd", 0, 0x20000, words(track_id)),
                full("tfdt", 1, 0, struct.pack(">Q", time)),
                full("trun", 1, 0xF01, words(len(samples), offset), rows),
            ),
        )

    return moof(len(moof(0)) + 8) + box("mdat", *(b for _, b, _, _ in samples))


IDR = words(5) + b"\x65" + b"idr!"
SLICE = words(5) + b"\x41" + b"p..."


def pictures(time: int, count: int, gop: int, *, step: int = 1000, size: int = 0) -> bytes:
    """A fragment of `count` pictures, an IDR first and each `gop` pictures; `size` bytes follow each."""
    data = [(IDR if i % gop == 0 else SLICE) + bytes(size) for i in range(count)]
    return fragment(time, [(step, b, i % gop == 0, 0) for i, b in enumerate(data)])


def video_init(
    width: int = 640, height: int = 360, *, timescale: int = 24000, edits: Sequence[tuple[int, int]] = ()
) -> bytes:
    entry = video_entry("avc1", box("avcC", AVCC), width, height)
    return init(track(entry, timescale=timescale, edits=edits))


def audio_init(*, edits: Sequence[tuple[int, int]] = ()) -> bytes:
    entry = audio_entry("mp4a", esds(AAC_LC_48K_STEREO), 2, 48000)
    return init(track(entry, handler="soun", timescale=48000, edits=edits))
