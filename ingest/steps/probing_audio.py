"""155 Probing Audio: the tracks and their languages. Runs even where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media.video_facts import audio_facts
from ingest.media.whitelists import AUDIO_DECODERS, accepted
from ingest.steps.context import Note, Outcome

if TYPE_CHECKING:
    from ingest.media.document import Document
    from ingest.media.facts import AudioFacts


def run(document: Document) -> Outcome[tuple[AudioFacts, ...]]:
    """The tracks that can be decoded, in file order."""
    notes: list[Note] = []
    usable: list[AudioFacts] = []
    for track in audio_facts(document):
        reason = _why_not(track)
        if reason is None:
            usable.append(track)
        else:
            detail = f"stream {track.index} ({track.codec}): {reason}"
            notes.append(Note(codes.STREAM_LEFT_OUT, detail))
    if not usable:
        notes.append(Note(codes.NO_AUDIO_FOUND))
    return Outcome(tuple(usable), notes=tuple(notes))


def _why_not(track: AudioFacts) -> str | None:
    if not accepted(track.codec, AUDIO_DECODERS):
        return "its audio codec is not accepted"
    if not track.channels or not track.sample_rate:
        return "it has no channels or no sample rate"
    return None
