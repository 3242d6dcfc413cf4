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


def by_content(prober: Prober, document: Document) -> tuple[Document, tuple[LeftOut, ...]]:
    """The document with what was looked up, and the streams that turn out to be something else.

    Raises SourceError or Cancelled.
    """
    document = with_late_sound(prober, document)
    if unnamed := unnamed_text(document):
        heads = prober.subtitle_heads()
        document = with_names(document, {index: heads.get(index, b"") for index in unnamed})
    return without_drone_text(prober, document)


def with_late_sound(prober: Prober, document: Document) -> Document:
    """The document with the form of sound of which the beginning of the file does not tell it."""
    found = {index: prober.sound_form(index) for index in without_form(document)}
    return with_forms(document, {i: form for i, form in found.items() if form is not None})


def without_drone_text(prober: Prober, document: Document) -> tuple[Document, tuple[LeftOut, ...]]:
    """The document with text that is a drone's telemetry as data, and what to say of it.

    Drones write one track of text. Where there are several, they are a film's subtitles, and none is looked into.
    """
    tracks = [s for s in of_kind(document, "subtitle") if s.get("codec_name") == "mov_text"]
    if len(tracks) != 1:
        return document, ()
    from ingest.steps.klv_tracks import is_drone_text, listed  # only for films with such text

    (track,) = tracks
    if not is_drone_text(listed(prober, data_track(track)), prober.source):
        return document, ()
    streams = [
        s | {"codec_type": "data", "codec_tag_string": DRONE_TEXT} if s is track else s
        for s in document["streams"]
    ]
    said = LeftOut(int(track["index"]), "subtitle", "mov_text", "it is a drone's telemetry, no subtitles")
    return document | {"streams": streams}, (said,)
