"""Reads ffprobe's answer about a file: its numbers, its streams, which picture is meant. Pure.

What is in it is a stranger's word: every reader checks the form, and says None or a default where it is not met.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from ingest.media.facts import Container, KlvFacts, LeftOut
from ingest.media.whitelists import VIDEO_DECODERS, accepted

Document = dict[str, Any]
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20}|[/:][0-9]{1,20})?", re.ASCII)
_LENGTH = re.compile(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9](?:\.[0-9]{1,9})?)", re.ASCII)
# What covers are coded as.
STILL_CODECS = frozenset(("mjpeg", "png", "jpeg2000", "bmp", "gif"))
STILL_SECONDS = Fraction(1, 10)


def fraction(text: object) -> Fraction | None:
    """ffprobe's `30000/1001`, `16:9`, `-90` or `5.28`, exact; None for anything else.

    The form is checked first: an exponent of a stranger's choice could ask for gigabytes of digits.
    """
    if not _NUMBER.fullmatch(str(text)):
        return None
    try:
        return Fraction(str(text).replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return None


def integer(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def time_base_of(stream: Document) -> Fraction:
    """Seconds per tick of the stream's times; 1/90000 where it does not say."""
    found = fraction(stream.get("time_base"))
    return found if found is not None and found > 0 else Fraction(1, 90000)


def length_of(stream: Document) -> Fraction | None:
    """How long a stream is by the container's word, in seconds.

    Matroska has a tag instead, which programs write in two ways: as the time of the end (ffmpeg) or as the length
    (mkvmerge). It is taken for the end, so that nothing is made longer than it is.
    """
    if found := fraction(stream.get("duration")):
        return found
    tags = stream.get("tags")
    tag = (
        next((tags[k] for k in ("DURATION", "DURATION-eng") if k in tags), "")
        if isinstance(tags, dict)
        else ""
    )
    if not (parts := _LENGTH.fullmatch(str(tag))):
        return None
    end = int(parts[1]) * 3600 + int(parts[2]) * 60 + Fraction(parts[3])
    length = end - max(Fraction(0), fraction(stream.get("start_time")) or Fraction(0))
    return length if length > 0 else None


def of_kind(document: Document, kind: str) -> list[Document]:
    streams = document.get("streams", [])
    return [s for s in streams if isinstance(s, dict) and s.get("codec_type") == kind and "index" in s]


def number_of(stream: Document) -> int | None:
    """A stream's number in its container: the PID of a transport stream, a track's number; None where none is said."""
    try:
        return int(str(stream.get("id")), 16)
    except ValueError:
        return None


def parse_container(document: Document, size: int) -> Container:
    form = document.get("format", {})
    duration = fraction(form.get("duration"))
    return Container(
        format=str(form.get("format_name", "unknown")),
        declared_duration=duration if duration and duration > 0 else None,
        start=fraction(form.get("start_time")),
        bit_rate=integer(form.get("bit_rate")),
        streams=len(document.get("streams", [])),
        size=size,
    )


def choose_video(document: Document) -> tuple[Document | None, tuple[LeftOut, ...]]:
    """The picture a person means: not a cover, no still beside a film, the most pixels, then the default track, then
    the first."""
    left_out: list[LeftOut] = []
    candidates: list[Document] = []
    for stream in of_kind(document, "video"):
        codec = str(stream.get("codec_name", "unknown"))
        disposition = stream.get("disposition", {})
        if disposition.get("attached_pic") or disposition.get("still_image"):
            left_out.append(LeftOut(int(stream["index"]), "video", codec, "a cover picture"))
        elif not accepted(codec, VIDEO_DECODERS):
            left_out.append(LeftOut(int(stream["index"]), "video", codec, "its codec is not accepted"))
        elif not stream.get("width"):
            left_out.append(LeftOut(int(stream["index"]), "video", codec, "its size cannot be told"))
        else:
            candidates.append(stream)
    if not candidates:
        return None, tuple(left_out)
    chosen = max(
        candidates,
        key=lambda s: (
            not is_still(s),
            int(s["width"]) * int(s["height"]),
            s.get("disposition", {}).get("default", 0),
            -int(s["index"]),
        ),
    )
    left_out += [
        LeftOut(
            int(s["index"]),
            "video",
            str(s.get("codec_name")),
            "a single picture"
            if is_still(s) and not is_still(chosen)
            else f"another picture, {s['width']}x{s['height']}; stream {chosen['index']} is larger or comes first",
        )
        for s in candidates
        if s is not chosen
    ]
    return chosen, tuple(left_out)


def shapeless(document: Document) -> bool:
    """Whether there is a picture, and none of a size that the beginning of the file tells."""
    pictures = [s for s in of_kind(document, "video") if not s.get("disposition", {}).get("attached_pic")]
    return bool(pictures) and not any(s.get("width") for s in pictures)


def is_still(stream: Document) -> bool:
    """Whether the header gives away that the stream is one picture: covers are not always marked as such."""
    if (frames := integer(stream.get("nb_frames"))) is not None:
        return frames == 1
    if stream.get("codec_name") not in STILL_CODECS:
        return False
    lasts = length_of(stream)
    return stream.get("avg_frame_rate") == "0/0" or (lasts is not None and lasts <= STILL_SECONDS)


def klv_streams(document: Document) -> tuple[KlvFacts, ...]:
    """Data streams registered as KLVA (SMPTE RP 217) or that libavformat calls klv."""
    container = str(document.get("format", {}).get("format_name", "unknown"))
    return tuple(
        KlvFacts(int(s["index"]), container, s.get("id"))
        for s in of_kind(document, "data")
        if s.get("codec_name") == "klv" or s.get("codec_tag_string") == "KLVA"
    )
