"""Self-framing sound as transport streams and packed audio segments carry it: ADTS AAC, AC-3 and E-AC-3; ID3 tags."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.packaging.annexb import BitstreamError

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
_AC3_RATES = (48000, 44100, 32000)
_AC3_KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AC3_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
_OWNER = b"com.apple.streaming.transportStreamTimestamp\0"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: where it lies, its samples, and what kind of sound it is.

    `codec` is the sample entry type ("mp4a", "ac-3", "ec-3"), `config` an AudioSpecificConfig for AAC.
    """

    start: int
    end: int
    samples: int
    rate: int
    channels: int
    codec: str
    config: bytes = b""


def frames(data: bytes, codec: str) -> tuple[Frame, ...]:
    """The frames of `data`, one after the other, of "mp4a", "ac-3" or "ec-3". Raises `BitstreamError`."""
    read = _adts if codec == "mp4a" else _ac3
    found: list[Frame] = []
    at = 0
    while at < len(data):
        frame = read(data, at)
        if frame.end > len(data):
            raise BitstreamError(f"a sound frame at {at} is cut off")
        # A dependent substream of E-AC-3 adds channels to the frame before.
        if frame.samples or not found:
            found.append(frame)
        at = frame.end
    return tuple(found)


def _adts(data: bytes, at: int) -> Frame:
    """One ADTS frame (ISO/IEC 14496-3, 1.A.2.2)."""
    head = data[at : at + 7]
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        raise BitstreamError(f"no ADTS frame at {at}")
    index = head[2] >> 2 & 15
    if index >= len(RATES):
        raise BitstreamError(f"an ADTS frame at {at} has the reserved sampling frequency index {index}")
    layout = (head[2] & 1) << 2 | head[3] >> 6
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if size < (7 if head[1] & 1 else 9):
        raise BitstreamError(f"an ADTS frame at {at} has {size} bytes")
    kind = (head[2] >> 6) + 1
    config = (kind << 11 | index << 7 | layout << 3).to_bytes(2, "big")
    blocks = (head[6] & 3) + 1
    return Frame(at, at + size, 1024 * blocks, RATES[index], _CHANNELS[layout], "mp4a", config)


def _ac3(data: bytes, at: int) -> Frame:
    """One AC-3 or E-AC-3 syncframe (ATSC A/52:2018, 5.3 and E.1.2)."""
    head = data[at : at + 7]
    if len(head) < 7 or head[:2] != b"\x0b\x77":
        raise BitstreamError(f"no AC-3 frame at {at}")
    if head[5] >> 3 <= 10:
        code, size = head[4] >> 6, head[4] & 63
        if code == 3 or size >= 2 * len(_AC3_KBITS):
            raise BitstreamError(f"an AC-3 frame at {at} uses a reserved value")
        rate, mode = _AC3_RATES[code], head[6] >> 5
        words = _AC3_KBITS[size // 2] * 96_000 // rate + (size & 1 if rate == 44100 else 0)
        # The LFE bit follows fields that depend on the mode (5.3.2).
        skip = (2 if mode & 1 and mode != 1 else 0) + (2 if mode & 4 else 0) + (2 if mode == 2 else 0)
        low = int.from_bytes(head[5:7], "big") >> 4 - skip & 1 if skip <= 4 else 0
        return Frame(at, at + 2 * words, 1536, rate, _AC3_CHANNELS[mode] + low, "ac-3")
    size = ((head[2] & 7) << 8 | head[3]) + 1
    code, second = head[4] >> 6, head[4] >> 4 & 3
    if code == 3 and second == 3:
        raise BitstreamError(f"an E-AC-3 frame at {at} uses a reserved value")
    rate = _AC3_RATES[second] // 2 if code == 3 else _AC3_RATES[code]
    blocks = 6 if code == 3 else (1, 2, 3, 6)[second]
    dependent = head[2] >> 6 == 1
    channels = _AC3_CHANNELS[head[4] >> 1 & 7] + (head[4] & 1)
    return Frame(at, at + 2 * size, 0 if dependent else 256 * blocks, rate, channels, "ec-3")


def id3_timestamp(data: bytes) -> tuple[int, int | None]:
    """Length of the ID3 tags that `data` begins with, and the timestamp (90 kHz, 33 bits) that they carry.

    RFC 8216bis 3.1.3: packed audio says its first sample's time in a PRIV frame. Raises `BitstreamError`.
    """
    at, found = 0, None
    while data[at : at + 3] == b"ID3":
        if len(data) < at + 10:
            raise BitstreamError("an ID3 tag is cut off")
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        tag = data[at + 10 : at + 10 + size]
        if len(tag) < size:
            raise BitstreamError("an ID3 tag is cut off")
        owner = tag.find(_OWNER)
        if owner >= 0 and len(tag) >= owner + len(_OWNER) + 8:
            found = int.from_bytes(tag[owner + len(_OWNER) : owner + len(_OWNER) + 8], "big") & (1 << 33) - 1
        at += 10 + size
    return at, found
