"""What ffprobe's answer does not say of streams, and their content does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.media.data_tracks import data_track
from ingest.media.document import of_kind
from ingest.media.facts import LeftOut
from ingest.media.late_sound import with_forms, without_form
from ingest.media.other_streams import DRONE_TEXT
from ingest.media.text_facts import unnamed_text, with_names

if TYPE_CHECKING:
    from ingest.media.document import Document
    from ingest.media.probe import Prober

MOST_LOOKED_AT = 32  # subtitles


def by_content(prober: Prober, document: Document) -> tuple[Document, tuple[LeftOut, ...]]:
    """The document with what was looked up, and the streams that turn out to be something else.

    Raises SourceError or Cancelled.
    """
    document = with_late_sound(prober, document)
    heads = {index: prober.head_of(index) for index in unnamed_text(document)[:MOST_LOOKED_AT]}
    return without_drone_text(prober, with_names(document, heads))


def with_late_sound(prober: Prober, document: Document) -> Document:
    """The document with the form of sound of which the beginning of the file does not tell it."""
    found = {index: prober.sound_form(index) for index in without_form(document)}
    return with_forms(document, {i: form for i, form in found.items() if form is not None})


def without_drone_text(prober: Prober, document: Document) -> tuple[Document, tuple[LeftOut, ...]]:
    """The document with text that is a drone's telemetry as data, and what to say of it."""
    tracks = [s for s in of_kind(document, "subtitle") if s.get("codec_name") == "mov_text"]
    if not tracks:
        return document, ()
    from ingest.steps.klv_tracks import is_drone_text, listed  # only for films with such text

    found = {
        int(s["index"])
        for s in tracks[:MOST_LOOKED_AT]
        if is_drone_text(listed(prober, data_track(s)), prober.source)
    }
    streams = [
        s | {"codec_type": "data", "codec_tag_string": DRONE_TEXT} if s.get("index") in found else s
        for s in document["streams"]
    ]
    said = (
        LeftOut(i, "subtitle", "mov_text", "it is a drone's telemetry, no subtitles") for i in sorted(found)
    )
    return document | {"streams": streams}, tuple(said)
