"""Sound that begins long after the picture in a file whose beginning does not say what form it has. Pure.

MPEG-TS and the like tell channels and rate in the sound itself alone, and ffprobe looks for them in the first seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media.document import integer, of_kind
from ingest.media.whitelists import AUDIO_DECODERS, accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.media.document import Document

MOST_LATE = 8  # streams that are looked for
_NAMELESS = re.compile(r"[0-9]+ channels")


@dataclass(frozen=True, slots=True)
class SoundForm:
    """`rate` in Hz; `layout` is ffmpeg's word, None where it does not know where the channels belong."""

    rate: int
    channels: int
    layout: str | None


def without_form(document: Document) -> tuple[int, ...]:
    """The streams of sound, in codecs that are accepted, of which the file's beginning does not tell the form."""
    return tuple(
        int(s["index"])
        for s in of_kind(document, "audio")
        if not (integer(s.get("channels")) and integer(s.get("sample_rate")))
        and accepted(str(s.get("codec_name")), AUDIO_DECODERS)
    )[:MOST_LATE]


def parse_sound_form(log: str, mark: str) -> SoundForm | None:
    """What the filter `ashowinfo@MARK` logged of the first frame; `mark` must be new and random for each run."""
    found = re.search(
        rf"^\[ashowinfo@{re.escape(mark)} @ (?:0x)?[0-9a-fA-F]+\] n: *0 pts:.*? "
        r"channels:([0-9]{1,3}) chlayout:(.{1,100}?) rate:([0-9]{1,7}) ",
        log,
        re.MULTILINE,
    )
    if found is None or not int(found[1]) or not int(found[3]):
        return None
    layout = None if _NAMELESS.fullmatch(found[2]) else found[2]
    return SoundForm(rate=int(found[3]), channels=int(found[1]), layout=layout)


def with_forms(document: Document, forms: Mapping[int, SoundForm]) -> Document:
    """The document with what was found of the streams of these numbers."""
    streams = [
        s | {"channels": form.channels, "sample_rate": str(form.rate), "channel_layout": form.layout}
        if (form := forms.get(int(s.get("index", -1))))
        else s
        for s in document.get("streams", ())
    ]
    return document | {"streams": streams}
