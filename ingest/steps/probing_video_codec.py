"""154 Probing Video Codec: choose the picture and measure it, packet by packet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import SourceError, one_line
from ingest.media import gone_on
from ingest.media.clock import MOST_JUMPS, follow, jumps_of, mended, straightened
from ingest.media.damage import missing_pictures, places_of, told
from ingest.media.document import (
    choose_video,
    fraction,
    integer,
    length_of,
    of_kind,
    parse_container,
    time_base_of,
)
from ingest.media.field_pairs import second_fields
from ingest.media.hidden_pictures import NUMBERED, crowded, hidden_pictures
from ingest.media.other_streams import other_streams
from ingest.media.programs import of_picture
from ingest.media.sampling import sampled
from ingest.media.sound_in_turn import streams_in_turn, words
from ingest.media.text_facts import chapters, text_facts
from ingest.media.video_facts import video_facts
from ingest.media.whitelists import VIDEO_DECODERS
from ingest.steps.by_content import by_content
from ingest.steps.context import Note, Outcome
from ingest.steps.damage import refuse_loss
from ingest.steps.encrypted import encryption_of, scrambled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.damage import Loss
    from ingest.media.document import Document
    from ingest.media.facts import Container, Jump, LeftOut, VideoFacts
    from ingest.media.first_frames import DecodedFrame
    from ingest.media.packets import Packet, PacketTable
    from ingest.media.probe import Prober
    from ingest.media.text_facts import Chapter, TextFacts


_TS_PAYLOAD = 184  # bytes of a packet, at most
_SCRAMBLED_SHARE = 100  # the reciprocal of what may be scrambled of a picture


@dataclass(frozen=True, slots=True)
class Probed:
    """`document` is ffprobe's own answer about the streams; `left_out` are pictures that are not used.

    `mine` is that answer without the streams that belong to other programs than the picture's. `packets` are the
    picture's, on a clock that does not jump.
    """

    document: Document
    mine: Document
    container: Container
    video: VideoFacts
    left_out: tuple[LeftOut, ...]
    packets: PacketTable

    @property
    def text(self) -> tuple[TextFacts, ...]:
        """The text tracks, and the captions in the picture."""
        return text_facts(self.mine, captions=self.video.scan.captions)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        return chapters(self.document)


def run(prober: Prober, *, allow_damage: bool) -> Outcome[Probed]:
    """Raises SourceError: no video, not decodable, or above a limit."""
    source, limits = prober.source, prober.limits
    document = prober.streams()
    container = parse_container(document, source.size)
    stream, left_out = choose_video(document)
    name = one_line(source.name)
    if what := encryption_of(source, document):
        raise encrypted(name, what)
    if stream is None:
        if any(scrambled(source, s) for s in of_kind(document, "video")):
            raise encrypted(name, "its picture (conditional access)")
        raise no_video(name, document, left_out)
    index = int(stream["index"])
    mine, foreign = of_picture(document, index)
    mine, drone = by_content(prober, mine)
    time_base = time_base_of(stream)
    packed, mends = mended(prober.packets(index, time_base), time_base, container.format)
    if not packed:
        raise SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{name} declares a picture but holds no data for it",
            remedy="copy or upload the whole file again",
        )
    frames = prober.first_frames(index, time_base)
    coded, packed = packed, shown_packets(prober, stream, packed, container)
    jumps = jumps_of(packed, time_base, container.format)
    refuse_jumps(name, len(jumps))
    steady = straightened(packed, jumps)
    try:
        video = video_facts(stream, frames, steady)
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
    video = sampled(prober, video, packed, container.format)
    packets, video = whole_pictures(stream, frames, steady, video)
    video = replace(video, mended=() if jumps else mends)
    if video.colour.hdr == "pq":
        video = replace(video, light=prober.light(index, time_base))
    if jumps:
        video = replace(
            video, jumps=((index, jumps), *sound_jumps(prober, mine, container, time_base, jumps))
        )
    source.check_unchanged()
    listed, hidden = integer(stream.get("nb_frames")), len(coded) - len(packed)
    loss = missing_pictures(packets, container, video.timing, listed, packed.complaints, hidden=hidden)
    if not allow_damage:
        if scrambled(source, stream) * _TS_PAYLOAD * _SCRAMBLED_SHARE > sum(packets.sizes):
            raise encrypted(
                name, "a part of its picture (conditional access)", "--allow-damage takes the rest"
            )
        refuse_loss(name, loss.seconds, video.timing.duration + loss.behind, loss.places)
    elsewhere = in_other_streams(prober, mine, container, video, allow_damage=allow_damage)
    notes = tuple(
        Note(codes.STREAM_LEFT_OUT, f"stream {s.index} ({s.codec}): {s.reason}")
        for s in (*left_out, *foreign, *drone, *other_streams(mine))
    )
    return Outcome(
        Probed(document, mine, container, video, left_out, packets),
        notes=notes,
        warnings=(
            *misdeclared(document, container, video),
            *clock_jumps(video, steady),
            *damaged_times(video),
            *made_times(video, steady),
            *damaged(loss, len(packets)),
            *elsewhere,
            *sound_elsewhere(prober, mine, video),
        ),
    )


def shown_packets(
    prober: Prober, stream: Document, packets: PacketTable, container: Container
) -> PacketTable:
    """The same without those that are for other pictures alone, or that show the one before them once more."""
    if stream.get("codec_name") == "theora":
        repeats = [i for i, size in enumerate(packets.sizes) if i and not size]
        return packets.joined(repeats) if repeats else packets
    if stream.get("codec_name") != "vp8" or not (container.format in NUMBERED or crowded(packets)):
        return packets
    hidden = set(hidden_pictures(prober, int(stream["index"]), packets))
    return packets.only([i for i in range(len(packets)) if i not in hidden]) if hidden else packets


def whole_pictures(
    stream: Document, frames: Sequence[DecodedFrame], packets: PacketTable, video: VideoFacts
) -> tuple[PacketTable, VideoFacts]:
    """The same with one packet for each picture, where some are coded as two fields."""
    if video.codec != "h264" or video.field_order == "progressive":
        return packets, video
    seconds = second_fields(packets, (f.pts for f in frames if f.pts is not None))
    if not seconds:
        return packets, video
    whole = packets.joined(seconds)
    return whole, replace(video, timing=video_facts(stream, frames, whole).timing)


def encrypted(name: str, what: str, also: str = "") -> SourceError:
    remedy = "give a copy without encryption; ingest takes no keys"
    return SourceError(
        codes.SOURCE_ENCRYPTED,
        f"{name} is encrypted (DRM): {what}",
        remedy=f"{remedy}; {also}" if also else remedy,
    )


def in_other_streams(
    prober: Prober, mine: Document, container: Container, video: VideoFacts, *, allow_damage: bool
) -> tuple[Note, ...]:
    """What to say of pictures with which the film goes on in another codec.

    Raises SourceError: they are more than may be lost.
    """
    streams = gone_on.candidates(mine, video.index, container.format)
    if not streams:
        return ()
    own = prober.places(video.index)
    each = (
        gone_on.Other(int(s["index"]), str(s.get("codec_name")), prober.places(int(s["index"])))
        for s in streams
    )
    others = [other for other in each if gone_on.follows(own, other, video.timing)]
    if not others:
        return ()
    loss = gone_on.loss_of(own, others, video.timing)
    if not allow_damage:
        name = one_line(prober.source.name)
        refuse_loss(name, loss.seconds, video.timing.duration + loss.behind, loss.places)
    detail = f"the film goes on in another codec, {told(loss.places)}; left out are {gone_on.told(others)}"
    return (Note(codes.SOURCE_DAMAGED, detail),)


def sound_elsewhere(prober: Prober, document: Document, video: VideoFacts) -> tuple[Note, ...]:
    """What to say of sound that goes on in another codec: each is a rendition of its own, silent where it is not."""
    film = None if video.jumps else video.timing
    said = []
    for one, other in streams_in_turn(document, prober.source.in_turn):
        ticks = time_base_of(other)
        said.append(words(one, other, prober.packets(int(other["index"]), ticks), ticks, film))
    return tuple(Note(codes.SOUND_ELSEWHERE, text) for text in said if text)


def sound_jumps(
    prober: Prober, document: Document, container: Container, time_base: Fraction, leader: tuple[Jump, ...]
) -> list[tuple[int, tuple[Jump, ...]]]:
    """Where the clock jumps in each sound track, by the picture's `leader`."""
    found = []
    for track in of_kind(document, "audio"):
        index, ticks = int(track["index"]), time_base_of(track)
        own = jumps_of(prober.packets(index, ticks), ticks, container.format)
        found.append((index, follow(own, leader, ticks, time_base)))
    return found


def refuse_jumps(name: str, count: int) -> None:
    if count > MOST_JUMPS:
        raise SourceError(
            codes.SOURCE_OVER_LIMIT,
            f"the clock of {name} begins anew {count} times, the limit is {MOST_JUMPS}",
            remedy="record or export it again",
        )


def clock_jumps(video: VideoFacts, packets: PacketTable) -> tuple[Note, ...]:
    """`packets`: as they are in the file, which jumps are counted in, on a clock that does not jump."""
    if not video.jumps:
        return ()
    _, jumps = video.jumps[0]
    timing = video.timing
    places = [float(_time(packets[j.packet]) * timing.time_base - timing.start) for j in jumps]
    at = ", ".join(f"{place:.1f} s" for place in places[:5]) + (" ..." if len(places) > 5 else "")
    detail = f"the clock begins anew at {at}; the parts are shown one after the other"
    return (Note(codes.CLOCK_JUMPS, detail),)


def damaged_times(video: VideoFacts) -> tuple[Note, ...]:
    if not video.mended:
        return ()
    timing = video.timing
    places = places_of(
        (t, t) for t in sorted(shown * timing.time_base - timing.start for _, shown in video.mended)
    )
    detail = f"{len(video.mended)} of {timing.frames} say a wrong time and are shown where they belong, {told(places)}"
    return (Note(codes.PICTURES_DAMAGED, detail),)


def made_times(video: VideoFacts, packets: PacketTable) -> tuple[Note, ...]:
    """What to say where the packets have times, but only those of decoding."""
    if not video.timing.counted or packets.times(packets.shown()) is None:
        return ()
    detail = "they say only when they are decoded, and not when they are shown; they are shown evenly spaced"
    return (Note(codes.PICTURES_DAMAGED, detail),)


def _time(packet: Packet) -> int:
    """Ticks at which it is shown, else decoded; a jump is found at a packet that has one of them."""
    return next(t for t in (packet.pts, packet.dts) if t is not None)


def no_video(name: str, document: Document, left_out: tuple[LeftOut, ...]) -> SourceError:
    """Says what the file has instead of a picture that can be used."""
    kinds = {str(s.get("codec_type")) for s in document.get("streams", [])}
    unusable = next((s for s in left_out if s.reason != "a cover picture"), None)
    remedy = "give a file that has a video stream"
    if unusable is not None:
        remedy = "convert it first, for example to H.264"
        if unusable.codec in VIDEO_DECODERS:
            remedy = "give a file that holds a key picture near its beginning"
        problem = f"{name} has a picture that cannot be used: {unusable.codec}, {unusable.reason}"
    elif left_out:
        problem = f"{name} has only {'sound and ' if 'audio' in kinds else ''}a cover picture"
    elif "audio" in kinds:
        problem = f"{name} has only sound"
    else:
        problem = f"{name} has no video stream"
    return SourceError(codes.SOURCE_HAS_NO_VIDEO, problem, remedy=remedy)


def misdeclared(document: Document, container: Container, video: VideoFacts) -> tuple[Note, ...]:
    """A header that promises much more (or less) than the longest stream holds."""
    declared = container.declared_duration
    if declared is None or video.jumps:
        return ()
    begin = container.start or Fraction(0)
    ends = [max(video.timing.start, begin) + video.timing.duration - begin]
    for track in of_kind(document, "audio"):
        start = max(begin, fraction(track.get("start_time")) or begin)
        ends.append(start - begin + (length_of(track) or Fraction(0)))
    longest = video.timing.duration if declared > 2 * video.timing.duration + 60 else max(ends)
    if abs(declared - longest) <= max(Fraction(2), longest / 10):
        return ()
    detail = (
        f"the header says {float(declared):.1f} s, the picture lasts {float(video.timing.duration):.1f} s"
    )
    return (Note(codes.SOURCE_MISDECLARED, detail),)


def damaged(loss: Loss, packets: int) -> tuple[Note, ...]:
    if not loss.pictures:
        return ()
    whole = loss.pictures + packets
    detail = f"{loss.pictures} of {whole} pictures are missing from the file, {told(loss.places)}"
    return (Note(codes.SOURCE_DAMAGED, detail),)
