"""9010 Generating Subtitles: text tracks become WebVTT renditions on the segment grid of the video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ingest.job import codes
from ingest.media import process
from ingest.media.command import EncodeInput, names
from ingest.media.command.text import (
    LEGACY_CHARSET,
    MARGIN,
    MAX_BYTES,
    NOT_UTF8,
    NOTHING_WRITTEN,
    captions_arguments,
    packets_arguments,
    text_arguments,
)
from ingest.media.process import Command, Confinement
from ingest.media.text_events import read_tracks
from ingest.packaging import ass, webvtt
from ingest.packaging.packager import MEDIA_PLAYLIST
from ingest.packaging.text_rendition import WHOLE, write_rendition
from ingest.packaging.transport import TICKS
from ingest.steps import text_documents
from ingest.steps.context import Env, Note, Outcome
from ingest.steps.generating_hls_service_files import target_duration
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.text import TextRendition
    from ingest.media.process import Completed
    from ingest.media.source import Source
    from ingest.media.text_events import TextTrack
    from ingest.packaging.webvtt import Cue
    from ingest.steps.generating_hls_service_files import Packaged

# What each rendition shows, what went wrong, and the CPU seconds that it took.
_Extracted: TypeAlias = "tuple[dict[TextRendition, list[Cue]], tuple[Note, ...], float]"
LISTING_LIMIT = 256 * 2**20  # bytes of ffprobe's answer, which has the text as hexadecimal digits


@dataclass(frozen=True, slots=True)
class MadeText:
    """One rendition that was written: how many cues it has, and its bit rates as RFC 8216bis 4.1 counts them."""

    rendition: TextRendition
    cues: int
    peak_bandwidth: int
    average_bandwidth: int

    @property
    def playlist(self) -> str:
        return f"{text_folder(self.rendition.name)}/{MEDIA_PLAYLIST}"

    @property
    def whole(self) -> str:
        """All cues in one file, for DASH."""
        return f"{text_folder(self.rendition.name)}/{WHOLE}"


def text_folder(name: str) -> str:
    return f"text/{name}"


def run(env: Env, source: Source, plan: Plan, packaged: Packaged) -> Outcome[tuple[MadeText, ...]]:
    """Text that cannot be read is a warning; it is no reason to fail.

    Raises ProcessingError or ResourceError when a program was killed or the disk is full, or Cancelled.
    """
    tracks, warnings, cpu_seconds = _extract(env, source, plan)
    first = next(iter(packaged.videos.values()))
    edges = [s.presentation_start for s in first.segments]
    edges.append(max(t.last_presentation for t in packaged.videos.values()))
    target = target_duration(packaged)
    made: list[MadeText] = []
    notes: list[Note] = []
    for rendition in plan.text:
        if rendition not in tracks:
            continue
        cues, lost = webvtt.tidy(tracks[rendition], plan.duration)
        if lost:
            detail = f"{about(rendition)}: {lost} cues beyond the limits"
            warnings += (Note(codes.SUBTITLES_SHORTENED, detail),)
        if not cues:
            notes.append(Note(codes.SUBTITLES_EMPTY, about(rendition)))
            continue
        folder = env.package / text_folder(rendition.name)
        peak, average = write_rendition(folder, cues, edges, target, mpegts=round(first.origin * TICKS))
        made.append(MadeText(rendition, len(cues), peak, average))
        detail = f"{text_folder(rendition.name)}: {len(cues)} cues of {about(rendition)}"
        notes.append(Note(codes.SUBTITLES_MADE, detail))
    return Outcome(tuple(made), notes=tuple(notes), warnings=warnings, cpu_seconds=cpu_seconds)


def about(rendition: TextRendition) -> str:
    where = f"stream {rendition.index}" if rendition.index is not None else "the captions in the picture"
    return f"{where} ({rendition.codec}, {rendition.language})"


def commands(env: Env, source: Source, plan: Plan) -> tuple[tuple[str, ...], ...]:
    """The commands that take the text out of the source and of its pictures."""
    pictures = any(t.index is None for t in plan.text)
    return (
        *((arguments(env, source, plan),) if decoded(plan) else ()),
        *(text_documents.command(env, source, index).argv for _, index in documents(plan)),
        *((picture_arguments(env),) if pictures else ()),
    )


def decoded(plan: Plan) -> tuple[TextRendition, ...]:
    """Those that ffmpeg decodes out of streams of the source."""
    return tuple(t for t in plan.text if t.index is not None and t.decoded)


def documents(plan: Plan) -> tuple[tuple[TextRendition, int], ...]:
    """Those whose samples are documents, with the number of the stream."""
    return tuple((t, t.index) for t in plan.text if t.index is not None and not t.decoded)


def arguments(env: Env, source: Source, plan: Plan, charset: str = "") -> tuple[str, ...]:
    """The command that reads all text tracks that ffmpeg decodes, in one pass."""
    return text_arguments(
        str(env.tools.ffmpeg.path),
        EncodeInput(source.url, env.probe_limits.pixels, env.probe_limits.streams),
        [t.index for t in decoded(plan) if t.index is not None],
        plan.video.start,
        names.text_file("streams"),
        charset,
    )


def picture_arguments(env: Env) -> tuple[str, ...]:
    """The command that reads the captions which transcoding has put aside."""
    return captions_arguments(str(env.tools.ffmpeg.path), names.text_file("captions"))


def _extract(env: Env, source: Source, plan: Plan) -> _Extracted:
    """The cues of all tracks and of the captions in the picture."""
    streams = decoded(plan)
    pictures = tuple(t for t in plan.text if t.index is None)
    found: _Extracted = ({}, (), 0.0)
    if streams:
        command = arguments(env, source, plan)
        again = arguments(env, source, plan, LEGACY_CHARSET)
        found = _read(env, plan, command, "streams", streams, (source.descriptor,), again)
    for rendition, index in documents(plan):
        read = text_documents.read(env, source, plan, index, rendition.codec, about(rendition))
        more = {rendition: read.value} if read.value is not None else {}
        found = ({**found[0], **more}, (*found[1], *read.warnings), found[2] + read.cpu_seconds)
    if pictures:
        tracks, notes, cpu_seconds = _read(env, plan, picture_arguments(env), "captions", pictures)
        found = ({**found[0], **tracks}, (*found[1], *notes), found[2] + cpu_seconds)
    return found


def _fuller(read: _Extracted, legacy: _Extracted) -> _Extracted:
    """Of each track the reading with more cues: those that are no UTF-8 are in the second one alone."""
    tracks, notes = dict(read[0]), read[1]
    for rendition, cues in legacy[0].items():
        more = len(cues) - len(tracks.get(rendition, ()))
        if more > 0:
            tracks[rendition] = cues
            detail = f"{about(rendition)}: {more} cues are not UTF-8; all are taken as {LEGACY_CHARSET}"
            notes += (Note(codes.SUBTITLES_CHARSET, detail),)
    return tracks, notes, read[2] + legacy[2]


def _read(
    env: Env,
    plan: Plan,
    command: tuple[str, ...],
    part: str,
    renditions: tuple[TextRendition, ...],
    descriptors: tuple[int, ...] = (),
    again: tuple[str, ...] = (),
) -> _Extracted:
    """Run `command`, which writes the file of `part`, and list what is in it; `again` where text is not UTF-8."""
    confinement = Confinement(write=(env.temporary,), descriptors=descriptors)
    limits = file_limits(plan, env.limits)
    done = process.run(Command(command, env.temporary, confinement, limits), cancel=env.cancel)
    found = _listed(env, done, part, renditions)
    if again and NOT_UTF8 in done.stderr:
        return _fuller(found, _read(env, plan, again, part, renditions, descriptors))
    return found


def _listed(env: Env, done: Completed, part: str, renditions: tuple[TextRendition, ...]) -> _Extracted:
    folder = env.temporary
    file = folder / names.text_file(part)
    if done.limit is not None or done.signal is not None:
        process.check(done, codes.TRANSCODING_FAILED)
    if done.returncode != 0 and NOTHING_WRITTEN in done.stderr:
        return {r: [] for r in renditions}, (), done.cpu_seconds
    if done.returncode != 0 or not file.is_file():
        words = process.last_words(done.stderr)
        failed = tuple(Note(codes.SUBTITLES_LEFT_OUT, f"{about(r)}: {words}") for r in renditions)
        return {}, failed, done.cpu_seconds
    listed = process.run(
        Command(
            packets_arguments(str(env.tools.ffprobe.path), names.text_file(part)),
            folder,
            Confinement(read=(folder,)),
            env.limits,
        ),
        cancel=env.cancel,
        stdout_limit=LISTING_LIMIT,
    )
    process.check(listed, codes.TRANSCODING_FAILED)
    cut = file.stat().st_size >= MAX_BYTES
    notes = (Note(codes.SUBTITLES_SHORTENED, f"text beyond {MAX_BYTES} bytes"),) if cut else ()
    events = zip(renditions, read_tracks(listed.stdout), strict=True)
    return {r: _cues(r, track) for r, track in events}, notes, done.cpu_seconds + listed.cpu_seconds


def _cues(rendition: TextRendition, track: TextTrack) -> list[Cue]:
    header = ass.read_header(track.header)
    return ass.cues_of(track.events, header, comments=rendition.codec in {"ass", "ssa"}, origin=MARGIN * 1000)
