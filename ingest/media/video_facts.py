"""Puts ffprobe's answers about one picture together into `VideoFacts`. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.document import Document, fraction, integer, length_of, of_kind, time_base_of
from ingest.media.facts import AudioFacts, Colour, DolbyVision, FieldOrder, Role, VideoFacts
from ingest.media.languages import OWN_NAMES, SHORT_TAGS
from ingest.media.timing import measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.first_frames import DecodedFrame
    from ingest.media.packets import Packet

_DEPTH = re.compile(r"(?:p|gray|ya|xyz|[py][024])(9|10|12|14|16)(?:le|be)?$")
_SIXTEEN_BITS = re.compile(r"(?:rgb48|bgr48|rgba64|bgra64)(?:le|be)")
_MATRIX = re.compile(r"[0-9a-f]{8}: +(-?[0-9]{1,10}) +(-?[0-9]{1,10}) +-?[0-9]{1,10}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def _in_order_of_decoding(
    stream: Document, frames: Sequence[DecodedFrame], packets: Sequence[Packet]
) -> bool:
    """Whether the times are those of decoding, of pictures that are shown in another order (FLV without offsets).

    A decoder then leaves out times of the first pictures. Many cameras only declare an order that they do not use.
    """
    if stream.get("codec_name") not in ("h264", "hevc") or not integer(stream.get("has_b_frames")):
        return False
    if any(p.pts is None or p.pts != p.dts for p in packets):
        return False
    seen = {f.pts for f in frames if f.pts is not None}
    return bool(seen) and any(
        p.pts is not None and min(seen) < p.pts < max(seen) and p.pts not in seen for p in packets
    )


def video_facts(stream: Document, frames: Sequence[DecodedFrame], packets: Sequence[Packet]) -> VideoFacts:
    """Facts of the picture: sizes and colour from decoded `frames`, timing from `packets`.

    Raises:
        ValueError: no packet is shown.
    """
    first = frames[0]
    time_base = time_base_of(stream)
    # The average first: for a raw H.264 stream the other one counts fields.
    declared = [r for r in map(fraction, (stream.get("avg_frame_rate"), stream.get("r_frame_rate"))) if r]
    timing = measure(packets, time_base, first_pts=first.pts, hints=declared)
    if timing.rate is not None and not timing.early and _in_order_of_decoding(stream, frames, packets):
        timing = replace(timing, counted=True)
    # ffmpeg's pictures have the container's aspect already, where it has one; ffprobe's may be of a later picture.
    aspect = first.sample_aspect or fraction(stream.get("sample_aspect_ratio"))
    aspect = aspect if aspect and Fraction(1, 20) < aspect < 20 else Fraction(1)
    rotation, mirrored = orientation_of(stream)
    vision = dolby_vision_of(stream)
    shown = (max(1, round(first.width * aspect)), first.height)
    display_width, display_height = shown[::-1] if rotation % 180 == 90 else shown
    return VideoFacts(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name")),
        profile=stream.get("profile"),
        level=integer(stream.get("level")),
        pixel_format=first.pixel_format,
        bit_depth=depth_of(first.pixel_format),
        width=first.width,
        height=first.height,
        sample_aspect=aspect,
        rotation=rotation,
        mirrored=mirrored,
        dolby_vision=vision,
        display_width=display_width,
        display_height=display_height,
        field_order=field_order(stream, frames),
        colour=of_base_layer(colour_of(stream, first), vision),
        timing=timing,
        cropped=cropped_by_container(stream),
        # Measured: the declared one is the source's word, and the renditions' rates hang on it.
        bit_rate=int(timing.bytes * 8 / timing.duration) if timing.duration else None,
    )


def orientation_of(stream: Document) -> tuple[int, bool]:
    """Clockwise degrees (0, 90, 180, 270) that a player turns the picture by, and whether it then mirrors it.

    From the display matrix (ISO/IEC 14496-12, 8.3.2.3): x' = a x + c y, y' = b x + d y.
    """
    for data in stream.get("side_data_list", ()):
        found = _MATRIX.findall(str(data.get("displaymatrix", "")))
        if len(found) == 3 and "displaymatrix" in data:
            (a, b), (c, d) = ((int(x), int(y)) for x, y in found[:2])
            mirrored = a * d - b * c < 0
            if mirrored:
                a, c = -a, -c
            if abs(a) + abs(d) >= abs(b) + abs(c):
                return (180 if a + d < 0 else 0), mirrored
            return (90 if b - c > 0 else 270), mirrored
        angle = fraction(data.get("rotation"))
        if angle is not None:
            return round(-angle / 90) * 90 % 360, False  # ffprobe counts anticlockwise
    return 0, False


def cropped_by_container(stream: Document) -> tuple[int, int]:
    """Columns and rows of each picture that the container hides: `clap` (ISO/IEC 14496-12, 12.1.4), PixelCrop."""
    for data in stream.get("side_data_list", ()):
        if data.get("side_data_type") == "Frame Cropping":
            left, right, top, bottom = (
                max(0, integer(data.get(f"crop_{side}")) or 0) for side in ("left", "right", "top", "bottom")
            )
            return left + right, top + bottom
    return 0, 0


def depth_of(pixel_format: str) -> int:
    """Bits per sample from ffmpeg's pixel format name.

    >>> depth_of("yuv420p10le"), depth_of("yuvj420p"), depth_of("gray12be"), depth_of("rgb48le")
    (10, 8, 12, 16)
    """
    if _SIXTEEN_BITS.fullmatch(pixel_format):
        return 16
    found = _DEPTH.search(pixel_format)
    return int(found[1]) if found else 8


def field_order(stream: Document, frames: Sequence[DecodedFrame]) -> FieldOrder:
    """From the decoded pictures' own flags; the stream's word only decides an even vote."""
    top = sum(1 for f in frames if f.field == "T")
    bottom = sum(1 for f in frames if f.field == "B")
    if (top + bottom) * 2 < len(frames):
        return "progressive"
    if top == bottom:
        return "bff" if stream.get("field_order") in {"bb", "tb"} else "tff"
    return "tff" if top > bottom else "bff"


def colour_of(stream: Document, frame: DecodedFrame) -> Colour:
    """The decoded picture's tags, and the container's where the picture has none."""

    def named(decoded: str, key: str) -> str:
        for value in (decoded, stream.get(key)):
            if isinstance(value, str) and value not in {"unknown", "reserved", "unspecified"}:
                return value
        return "unknown"

    full = named(frame.range, "color_range") in {"pc", "full"} or frame.pixel_format.startswith("yuvj")
    return Colour(
        primaries=named(frame.primaries, "color_primaries"),
        transfer=named(frame.transfer, "color_transfer"),
        matrix=named(frame.matrix, "color_space"),
        full_range=full,
        reserved="reserved" in (frame.primaries, frame.transfer, frame.matrix),
    )


def dolby_vision_of(stream: Document) -> DolbyVision | None:
    """From the boxes dvcC and dvvC, or what stands for them (Dolby Vision Streams Within ISOBMFF, 3)."""
    for data in stream.get("side_data_list", ()):
        profile = integer(data.get("dv_profile"))
        if profile is not None:
            return DolbyVision(profile, integer(data.get("dv_bl_signal_compatibility_id")) or 0)
    return None


def of_base_layer(colour: Colour, vision: DolbyVision | None) -> Colour:
    """What Dolby Vision says of the base layer, where that itself says nothing."""
    if vision is None or colour.transfer != "unknown":
        return colour
    curves = {1: "smpte2084", 6: "smpte2084", 4: "arib-std-b67"}
    transfer = "smpte2084" if vision.own_colours else curves.get(vision.compatibility)
    return replace(colour, transfer=transfer) if transfer else colour


def audio_facts(document: Document) -> tuple[AudioFacts, ...]:
    """Every audio track that can be decoded, in file order; languages as BCP 47."""
    return tuple(
        AudioFacts(
            index=int(s["index"]),
            codec=str(s.get("codec_name", "unknown")),
            profile=s.get("profile"),
            sample_rate=integer(s.get("sample_rate")) or 0,
            channels=integer(s.get("channels")) or 0,
            layout=s.get("channel_layout"),
            language=language_tag(s.get("tags", {}).get("language")),
            title=_title(s.get("tags", {})),
            start=fraction(s.get("start_time")),
            duration=length_of(s),
            bit_rate=integer(s.get("bit_rate")),
            default=bool(s.get("disposition", {}).get("default")),
            role=_role(s.get("disposition", {}), _title(s.get("tags", {})) or ""),
        )
        for s in of_kind(document, "audio")
    )


# Many Matroska files say it in the title alone.
_COMMENTARY = re.compile(r"\b(?:commentary|commentaries)\b", re.IGNORECASE)
_DESCRIPTION = re.compile(r"\b(?:audio|video) ?descri(?:ption|bed)\b|\bdescriptive\b|\bDVS\b", re.IGNORECASE)


def _role(disposition: Document, title: str) -> Role:
    """What the track is for, by its flags, else by plain words of its title."""
    if disposition.get("visual_impaired") or disposition.get("descriptions"):
        return "description"
    if disposition.get("comment"):
        return "commentary"
    if disposition.get("hearing_impaired"):
        return "clear-speech"
    if _DESCRIPTION.search(title):
        return "description"
    return "commentary" if _COMMENTARY.search(title) else "main"


def _title(tags: Document) -> str | None:
    text = str(tags.get("title", "")).strip()
    return text[:80] or None


def language_tag(text: object) -> str:
    """A BCP 47 tag (RFC 5646) from whatever the container says: `eng` -> `en`; "und" when it says nothing valid.

    >>> language_tag("ger"), language_tag("pt-BR"), language_tag("???"), language_tag(None)
    ('de', 'pt-BR', 'und', 'und')
    """
    if not isinstance(text, str) or text.strip().lower() in {"", "und"}:
        return "und"
    if text in OWN_NAMES:
        return text
    if text in SHORT_TAGS:
        return SHORT_TAGS[text]
    from langcodes import standardize_tag
    from langcodes.tag_parser import LanguageTagError

    try:
        tag = standardize_tag(text.strip()[:35])
    except (LanguageTagError, ValueError):
        return "und"
    return tag if _LANGUAGE.fullmatch(tag) else "und"
