"""Text that ffmpeg does not decode, TTML and Matroska's WebVTT: ffprobe hands the samples over as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media import process
from ingest.media.command.text import MAX_BYTES
from ingest.media.probe import Prober
from ingest.media.text_documents import DocumentReader, question
from ingest.media.text_facts import MATROSKA_WEBVTT
from ingest.packaging.ttml import Track, read_track
from ingest.packaging.webvtt_samples import read_samples
from ingest.steps.context import Env, Note, Outcome

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.process import Command
    from ingest.media.source import Source
    from ingest.packaging.webvtt import Cue


def command(env: Env, source: Source, index: int) -> Command:
    """The command that hands over the documents of one stream."""
    prober = Prober(env.tools.ffprobe, env.tools.ffmpeg, source, env.temporary, env.probe_limits, env.cancel)
    return prober.command(*question(index))


def read(
    env: Env, source: Source, plan: Plan, index: int, codec: str, about: str
) -> Outcome[list[Cue] | None]:
    """The cues of one stream; None where there is nothing that can be read, and a warning says why.

    Raises ProcessingError or ResourceError when the program was killed or stood still, or Cancelled.
    """
    reader = DocumentReader(MAX_BYTES)
    done = process.run(command(env, source, index), cancel=env.cancel, on_stdout_line=reader.line)
    process.check(done, codes.TRANSCODING_FAILED)
    if codec == MATROSKA_WEBVTT:
        track = Track(read_samples(reader.documents, plan.video.start))
    else:
        track = read_track(reader.documents, plan.video.start)
    warnings = left_out(reader, track, about)
    cues = list(track.cues) if track.cues or not warnings else None
    return Outcome(cues, warnings=warnings, cpu_seconds=done.cpu_seconds)


def left_out(reader: DocumentReader, track: Track, about: str) -> tuple[Note, ...]:
    """What to say of the parts of a track that cannot be shown; `about` names it."""
    notes: list[Note] = []
    if reader.cut:
        notes.append(Note(codes.SUBTITLES_SHORTENED, f"{about}: text beyond {reader.most_bytes} bytes"))
    if track.unreadable:
        count = f"{track.unreadable} of {len(reader.documents)} documents"
        notes.append(Note(codes.SUBTITLES_LEFT_OUT, f"{about}: {count} cannot be read: {track.reason}"))
    if track.pictures:
        notes.append(Note(codes.SUBTITLES_LEFT_OUT, f"{about}: some are pictures, which cannot become text"))
    return tuple(notes)
