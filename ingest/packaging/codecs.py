"""CODECS strings (RFC 6381) from the decoder configuration in the sample entry, never from a declaration.

Forms: H.264 and HEVC from ISO/IEC 14496-15 annex E, AV1 from the AV1-ISOBMFF binding section 5, VP9 from the
VP codec ISOBMFF binding, MPEG-4 audio from RFC 6381 section 3.3 with the object types of ISO/IEC 14496-3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.packaging.boxes import BoxError

if TYPE_CHECKING:
    from ingest.packaging.boxes import TrackInit

_AVC_ENTRIES = ("avc1", "avc2", "avc3", "avc4")
_HEVC_ENTRIES = ("hvc1", "hev1", "dvh1", "dvhe")
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_AAC_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)


@dataclass(frozen=True, slots=True)
class AacConfig:
    """An AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); `channels` is None where only a PCE would tell."""

    object_type: int
    sample_rate: int
    channels: int | None


def rfc6381(track: TrackInit) -> str:
    """The CODECS element of one track, e.g. `avc1.64001f`, `hvc1.2.4.L63.90`, `av01.0.08M.08`, `mp4a.40.2`.

    A sample entry without parameters (`ac-3`, `ec-3`, `fLaC`, `Opus`, `wvtt`) is its own string, as is one
    not known here. Raises `BoxError` when the decoder configuration is missing or too short.
    """
    entry = track.entry
    if entry in _AVC_ENTRIES:
        return f"{entry}.{_config(track, 'avcC', 4)[1:4].hex()}"
    if entry in ("hvc1", "hev1"):
        return f"{entry}.{_hevc(_config(track, 'hvcC', 13))}"
    if entry == "av01":
        return f"{entry}.{_av1(_config(track, 'av1C', 4), track.boxes.get('colr', b''))}"
    if entry in ("vp08", "vp09"):
        config = _config(track, "vpcC", 8)
        return f"{entry}.{config[4]:02d}.{config[5]:02d}.{config[6] >> 4:02d}"
    if entry == "mp4a":
        indication, specific = _elementary_stream(_config(track, "esds", 5))
        return f"mp4a.{indication:02x}" + (
            f".{aac_config(specific).object_type}" if indication == 0x40 else ""
        )
    return entry


def same_codec(declared: str, measured: str) -> bool:
    """Whether a declared CODECS element names what was measured; AV1 may leave out its colour fields, or add them."""
    left, right = declared.strip().lower(), measured.lower()
    short = min(left, right, key=len)
    optional = right.startswith("av01.") and short.count(".") >= 3
    return left == right or (optional and max(left, right, key=len).startswith(short + "."))


def audio_config(track: TrackInit) -> AacConfig | None:
    """The AudioSpecificConfig of an MPEG-4 audio track, None for every other codec. Raises `BoxError`."""
    if track.entry != "mp4a":
        return None
    indication, specific = _elementary_stream(_config(track, "esds", 5))
    return aac_config(specific) if indication == 0x40 else None


def _config(track: TrackInit, kind: str, least: int) -> bytes:
    payload = track.boxes.get(kind, b"")
    if len(payload) < least:
        raise BoxError(f"the sample entry {track.entry!r} has no usable {kind} box")
    return payload


def _hevc(config: bytes) -> str:
    """Profile, compatibility (bits reversed), tier and level, constraint bytes without trailing zeros."""
    space = ("", "A", "B", "C")[config[1] >> 6]
    tier = "H" if config[1] & 0x20 else "L"
    compatibility = int(f"{int.from_bytes(config[2:6], 'big'):032b}"[::-1], 2)
    constraints = config[6:12].rstrip(b"\0")
    parts = [f"{space}{config[1] & 31}", f"{compatibility:X}", f"{tier}{config[12]}"]
    return ".".join(parts + [f"{byte:X}" for byte in constraints])


def _av1(config: bytes, colr: bytes) -> str:
    """Profile, level and tier, bit depth; then the colour, where it is not what absent fields mean: BT.709."""
    profile, level = config[1] >> 5, config[1] & 31
    high, twelve = config[2] >> 6 & 1, config[2] >> 5 & 1
    depth = 8 if not high else 12 if profile == 2 and twelve else 10
    text = f"{profile}.{level:02d}{'H' if config[2] >> 7 else 'M'}.{depth:02d}"
    if colr[:4] != b"nclx" or len(colr) < 11:
        return text
    primaries, transfer, matrix = (int.from_bytes(colr[i : i + 2], "big") for i in (4, 6, 8))
    full = colr[10] >> 7
    if (primaries, transfer, matrix, full) == (1, 1, 1, 0) or 2 in (primaries, transfer, matrix):
        return text
    subsampling = f"{config[2] >> 3 & 1}{config[2] >> 2 & 1}{config[2] & 3}"
    return f"{text}.{config[2] >> 4 & 1}.{subsampling}.{primaries:02d}.{transfer:02d}.{matrix:02d}.{full}"


def _elementary_stream(esds: bytes) -> tuple[int, bytes]:
    """Object type indication and DecoderSpecificInfo of an `esds` payload (ISO/IEC 14496-1, 7.2.6.5)."""
    tag, body = _descriptor(esds, 4)
    if tag != 3 or len(body) < 3:
        raise BoxError("the esds box holds no ES descriptor")
    flags = body[2]
    position = 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
    if flags & 0x40:
        position += 1 + (body[position] if position < len(body) else 0)
    tag, decoder = _descriptor(body, position)
    if tag != 4 or len(decoder) < 13:
        raise BoxError("the esds box holds no decoder configuration")
    specific = b""
    if len(decoder) > 13:
        tag, found = _descriptor(decoder, 13)
        specific = found if tag == 5 else b""
    return decoder[0], specific


def _descriptor(data: bytes, position: int) -> tuple[int, bytes]:
    """Tag and body of the descriptor at `position`; its length has seven bits a byte, four bytes at most."""
    if position >= len(data):
        raise BoxError("a descriptor of the esds box is missing")
    length = 0
    for index in range(position + 1, min(position + 5, len(data))):
        length = length << 7 | data[index] & 0x7F
        if not data[index] & 0x80:
            if length > len(data) - index - 1:
                raise BoxError("a descriptor of the esds box is cut off")
            return data[position], data[index + 1 : index + 1 + length]
    raise BoxError("a descriptor length of the esds box does not end")


def aac_config(specific: bytes) -> AacConfig:
    """Read an AudioSpecificConfig. Raises `BoxError` when it is too short or uses a reserved value.

    >>> aac_config(bytes.fromhex("1190"))
    AacConfig(object_type=2, sample_rate=48000, channels=2)
    """
    if len(specific) < 2:
        raise BoxError("the AudioSpecificConfig is too short")
    bits = "".join(f"{byte:08b}" for byte in specific[:16])
    position = 0

    def take(count: int) -> int:
        nonlocal position
        if position + count > len(bits):
            raise BoxError("the AudioSpecificConfig is too short")
        position += count
        return int(bits[position - count : position], 2)

    object_type = take(5)
    if object_type == 31:
        object_type = 32 + take(6)
    index = take(4)
    if index == 15:
        rate = take(24)
    elif index < len(_AAC_RATES):
        rate = _AAC_RATES[index]
    else:
        raise BoxError(f"the AudioSpecificConfig uses the reserved sampling frequency index {index}")
    layout = take(4)
    channels = _AAC_CHANNELS[layout] if layout < len(_AAC_CHANNELS) else 0
    return AacConfig(object_type, rate, channels or None)


def random_access(track: TrackInit, sample: bytes) -> bool | None:
    """Whether a sample starts with an IDR picture (AV1: a key frame that is shown); None where the bytes cannot tell.

    For H.264 and HEVC it looks at the NAL unit types (ISO/IEC 14496-10 table 7-1, ISO/IEC 23008-2 table 7-1) of
    the length-prefixed units, up to the first slice. `sample` may be the first part of a longer sample.
    """
    if track.entry in _AVC_ENTRIES and len(track.boxes.get("avcC", b"")) > 4:
        prefix = (track.boxes["avcC"][4] & 3) + 1
        hevc = False
    elif track.entry in _HEVC_ENTRIES and len(track.boxes.get("hvcC", b"")) > 21:
        prefix = (track.boxes["hvcC"][21] & 3) + 1
        hevc = True
    elif track.entry == "av01":
        return _av1_key(sample)
    else:
        return None
    position = 0
    while position + prefix < len(sample):
        length = int.from_bytes(sample[position : position + prefix], "big")
        head = sample[position + prefix]
        kind = head >> 1 & 63 if hevc else head & 31
        if kind < 32 if hevc else 1 <= kind <= 5:
            return kind in (19, 20) if hevc else kind == 5
        position += prefix + length
    return None


def _av1_key(sample: bytes) -> bool | None:
    """The first frame header of an AV1 sample (AV1 specification, 5.3.2, 5.5.1 and 5.9.2)."""
    position = 0
    while position + 1 < len(sample):
        head = sample[position]
        kind, extended, sized = head >> 3 & 15, head >> 2 & 1, head >> 1 & 1
        position += 1 + extended
        length, shift = len(sample) - position, 0
        if sized:
            length = 0
            while position < len(sample) and shift < 56:
                byte = sample[position]
                length |= (byte & 127) << shift
                position, shift = position + 1, shift + 7
                if not byte & 128:
                    break
        if position >= len(sample):
            return None
        first = sample[position]
        if kind == 1 and first >> 3 & 1:  # a reduced header: a still picture
            return True
        if kind in (3, 6):
            return first >> 4 == 0b0001  # show_existing_frame 0, KEY_FRAME, show_frame 1
        position += length
    return None
