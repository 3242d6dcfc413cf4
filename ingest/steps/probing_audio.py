"""155 Probing Audio: the tracks and their languages. Runs even where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media.video_facts import audio_facts
from ingest.media.whitelists import AUDIO_DECODERS
from ingest.steps.context import Note, Outcome

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts
    from ingest.media.probe import Document

# Codec names (as ffprobe prints them) that differ from their decoder's name.
_OTHER_NAMES = frozenset({"dts", "amr_nb", "amr_wb"})


def run(document: Document) -> Outcome[tuple[AudioFacts, ...]]:
    """The tracks that can be decoded, in file order."""
    notes: list[Note] = []
    usable: list[AudioFacts] = []
    for track in audio_facts(document):
        if (
            (track.codec in AUDIO_DECODERS or track.codec in _OTHER_NAMES)
            and track.channels
            and track.sample_rate
        ):
            usable.append(track)
        else:
            detail = f"stream {track.index} ({track.codec}): its audio codec is not accepted"
            notes.append(Note(codes.STREAM_LEFT_OUT, detail))
    if not usable:
        notes.append(Note(codes.NO_AUDIO_FOUND))
    return Outcome(tuple(usable), notes=tuple(notes))
