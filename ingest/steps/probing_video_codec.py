"""154 Probing Video Codec: choose the picture and measure it, packet by packet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import SourceError, one_line
from ingest.media import probe
from ingest.media.text_facts import chapters, text_facts
from ingest.media.video_facts import video_facts
from ingest.steps.context import Note, Outcome
from ingest.steps.damage import refuse_loss

if TYPE_CHECKING:
    from ingest.media.facts import Container, LeftOut, VideoFacts
    from ingest.media.probe import Document, Prober
    from ingest.media.text_facts import Chapter, TextFacts


@dataclass(frozen=True, slots=True)
class Probed:
    """`document` is ffprobe's own answer about the streams; `left_out` are pictures that are not used.

    `captions`: the picture carries captions (CEA-608 in A/53 data).
    """

    document: Document
    container: Container
    video: VideoFacts
    left_out: tuple[LeftOut, ...]
    captions: bool = False

    @property
    def text(self) -> tuple[TextFacts, ...]:
        """The text tracks, and the captions in the picture."""
        return text_facts(self.document, captions=self.captions)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        return chapters(self.document)


def run(prober: Prober, *, allow_damage: bool) -> Outcome[Probed]:
    """Raises SourceError: no video, not decodable, or above a limit."""
    source, limits = prober.source, prober.limits
    document = prober.streams()
    container = probe.parse_container(document, source.size)
    stream, left_out = probe.choose_video(document)
    name = one_line(source.name)
    if stream is None:
        raise no_video(name, document, left_out)
    index = int(stream["index"])
    time_base = probe.time_base_of(stream)
    packets = prober.packets(index, time_base)
    if not packets:
        raise SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{name} declares a picture but holds no data for it",
            remedy="copy or upload the whole file again",
        )
    frames = prober.first_frames(index, time_base)
    try:
        video = video_facts(stream, frames, packets)
    except ValueError as error:
        raise SourceError(
            codes.SOURCE_NOT_MEDIA, f"{name} shows no picture ({error})", remedy="export the file again"
        ) from error
    if video.timing.duration > limits.seconds:
        raise SourceError(
            codes.SOURCE_OVER_LIMIT,
            f"{name} lasts {float(video.timing.duration) / 3600:.1f} h, the limit is {limits.seconds / 3600:.1f} h",
            remedy="raise INGEST_MAX_SECONDS if it is right",
        )
    if video.colour.hdr == "pq":
        video = replace(video, light=prober.light(index, time_base))
    source.check_unchanged()
    lost = missing(stream, len(packets))
    if lost and not allow_damage:
        refuse_loss(
            name, lost / video.timing.mean_rate, video.timing.duration + lost / video.timing.mean_rate
        )
    notes = tuple(Note(codes.STREAM_LEFT_OUT, f"stream {s.index} ({s.codec}): {s.reason}") for s in left_out)
    return Outcome(
        Probed(document, container, video, left_out),
        notes=notes,
        warnings=(*misdeclared(document, container, video), *damaged(lost, len(packets))),
    )


def no_video(name: str, document: Document, left_out: tuple[LeftOut, ...]) -> SourceError:
    """Says what the file has instead of a picture that can be used."""
    kinds = {str(s.get("codec_type")) for s in document.get("streams", [])}
    unusable = next((s for s in left_out if s.reason != "a cover picture"), None)
    if unusable is not None:
        problem = f"{name} has a picture that cannot be used: {unusable.codec}, {unusable.reason}"
    elif left_out:
        problem = f"{name} has only {'sound and ' if 'audio' in kinds else ''}a cover picture"
    elif "audio" in kinds:
        problem = f"{name} has only sound"
    else:
        problem = f"{name} has no video stream"
    return SourceError(codes.SOURCE_HAS_NO_VIDEO, problem, remedy="give a file that has a video stream")


def misdeclared(document: Document, container: Container, video: VideoFacts) -> tuple[Note, ...]:
    """A header that promises much more (or less) than the longest stream holds."""
    declared = container.declared_duration
    durations = [video.timing.duration]
    durations += [d for s in probe.of_kind(document, "audio") if (d := probe.fraction(s.get("duration")))]
    if declared is None:
        return ()
    longest = video.timing.duration if declared > 2 * video.timing.duration + 60 else max(durations)
    if abs(declared - longest) <= max(Fraction(2), longest / 10):
        return ()
    detail = (
        f"the header says {float(declared):.1f} s, the picture lasts {float(video.timing.duration):.1f} s"
    )
    return (Note(codes.SOURCE_MISDECLARED, detail),)


def missing(stream: Document, packets: int) -> int:
    """How many pictures the file's index lists beyond those that it holds: it was cut short."""
    return max(0, (probe.integer(stream.get("nb_frames")) or 0) - packets)


def damaged(lost: int, packets: int) -> tuple[Note, ...]:
    if not lost:
        return ()
    return (Note(codes.SOURCE_DAMAGED, f"{lost} of {lost + packets} pictures are missing from the file"),)
