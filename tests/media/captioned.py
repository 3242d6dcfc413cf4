"""Makes H.264 with captions in its pictures: CEA-608 in A/53 messages, which ffmpeg cannot write from text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers_media import X264, Clips, picture

if TYPE_CHECKING:
    from pathlib import Path

RATE = "30000/1001"
# CEA-608 control codes of channel 1, each sent twice as broadcasters do.
LOAD, ERASE_BEHIND, SHOW, ERASE = b"\x14\x20", b"\x14\x2e", b"\x14\x2f", b"\x14\x2c"
ROW_15 = b"\x14\x70"


def caption(text: str, at: int, until: int) -> dict[int, bytes]:
    """Byte pairs by picture number: a pop-on caption that appears at picture `at` and is erased at `until`."""
    padded = text.encode("ascii") + b"\0" * (len(text) % 2)
    words = [padded[i : i + 2] for i in range(0, len(padded), 2)]
    sent = [LOAD, LOAD, ERASE_BEHIND, ERASE_BEHIND, ROW_15, ROW_15, *words, SHOW]
    first = at - len(sent) + 1
    assert first >= 0, "no room before the caption"
    return {first + n: pair for n, pair in enumerate(sent)} | {until: ERASE}


def sei(pair: bytes) -> bytes:
    """A NAL unit with one pair of field 1 (ATSC A/53 part 4, 6.2.3; ITU-T H.264, D.1.6)."""
    odd = bytes(b | (0x80 if b.bit_count() % 2 == 0 else 0) for b in pair)
    message = b"\xb5\x00\x31GA94\x03" + bytes((0x41, 0xFF, 0xFC)) + odd + b"\xff"
    payload = bytes((4, len(message))) + message + b"\x80"
    return b"\x00\x00\x00\x01\x06" + payload


def with_captions(stream: bytes, pairs: dict[int, bytes]) -> bytes:
    """An Annex B stream whose pictures are in order and begin with delimiters, with a caption message in each."""
    mark = b"\x00\x00\x00\x01\x09"
    head, *units = stream.split(mark)
    assert head == b"", "no access unit delimiters"
    made = []
    for number, unit in enumerate(units):
        made.append(mark + unit[:1] + sei(pairs.get(number, b"\0\0")) + unit[1:])
    return b"".join(made)


def captioned(clips: Clips, name: str, seconds: int, pairs: dict[int, bytes]) -> Path:
    """A film of 128x72 in the container that `name` says; the pictures in between carry padding."""
    plain = clips.make(
        "plain.h264",
        *picture("128x72", seconds, 30),
        *(*X264, "-r", RATE, "-bf", "0", "-g", "60", "-bsf:v", "h264_metadata=aud=insert", "-f", "h264"),
    )
    raw = plain.with_name("captioned.h264")
    raw.write_bytes(with_captions(plain.read_bytes(), pairs))
    return clips.make(name, "-r", RATE, "-i", str(raw), "-c", "copy")
