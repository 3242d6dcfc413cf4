"""9002 Planning Resolutions: decide everything before anything runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.images.tiles import plan_interval, tile_size
from ingest.job import codes
from ingest.job.errors import ResourceError, ToolError
from ingest.media import hardware, toolchain
from ingest.media.packets import instants
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.canvas import aspect_changes
from ingest.media.plan.chunks import SHORTEST, cut
from ingest.media.plan.colour import needs_zscale, uncertain
from ingest.media.plan.copying import without_copies
from ingest.media.plan.crop import crop_plan, cropped
from ingest.media.plan.encoders import for_hardware, in_hardware
from ingest.media.plan.hdr import made_codecs, why_not_kept
from ingest.media.plan.logos import LogoPlan
from ingest.media.plan.pad import PadPlan, pad_plan, padded
from ingest.media.plan.rungs import ENCODERS, SMALLEST
from ingest.media.plan.space import NOTHING, Beside, space_of
from ingest.media.plan.still import held
from ingest.media.plan.text import MAX_TEXT_TRACKS, usable_text
from ingest.media.plan.trim import trim, within
from ingest.media.process import Limits
from ingest.media.toolchain import capabilities, major_version
from ingest.steps import copy_choice
from ingest.steps.context import Env, Note, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ingest.media.facts import AudioFacts, VideoFacts
    from ingest.media.key_pictures import KeyPictures
    from ingest.media.options import Options
    from ingest.media.packets import PacketTable
    from ingest.media.plan.sound_copying import SoundPackets
    from ingest.media.presets import Preset
    from ingest.media.text_facts import Chapter, TextFacts
    from ingest.media.toolchain import Tool


COLOURED_BARS = 7  # the first of ffmpeg that reckons with the picture's own matrix there


def run(
    env: Env,
    video: VideoFacts,
    audio: tuple[AudioFacts, ...],
    presets: Sequence[Preset],
    folder: Path,
    *,
    packets: PacketTable,
    look: Callable[[], KeyPictures],
    listen: Callable[[int], SoundPackets],
    damaged: bool = False,
    text: Sequence[TextFacts] = (),
    chapters: Sequence[Chapter] = (),
    beside: Beside = NOTHING,
    adopted: Callable[[Plan], Path | None] = lambda _: None,
) -> Outcome[Plan]:
    """As `plan`; `adopted` says which folder another job has left that will be gone on from.

    Raises:
        ResourceError: the plan does not fit on the disk of `folder`.
    """
    outcome = plan(
        env,
        video,
        audio,
        presets,
        packets=packets,
        look=look,
        listen=listen,
        damaged=damaged,
        text=text,
        chapters=chapters,
        beside=beside,
    )
    other = adopted(outcome.value)
    held = taken(env.temporary) + (taken(other) if other is not None else 0)
    check_space(outcome.value, folder, env.min_free, held=held)
    return outcome


def plan(
    env: Env,
    video: VideoFacts,
    audio: tuple[AudioFacts, ...],
    presets: Sequence[Preset],
    *,
    packets: PacketTable,
    look: Callable[[], KeyPictures],
    listen: Callable[[int], SoundPackets],
    damaged: bool = False,
    text: Sequence[TextFacts] = (),
    chapters: Sequence[Chapter] = (),
    beside: Beside = NOTHING,
) -> Outcome[Plan]:
    """The plan, and what a person should know of it.

    Args:
        packets: of the picture.
        look: looks into its key pictures.
        listen: reads the packets of a sound.
        damaged: something is missing of the source.
        beside: what else takes disk.

    Raises:
        ProcessingError: copying was insisted on and cannot be.
        ToolError: this ffmpeg lacks an encoder, or what measures quality, or is too old for coloured bars.
        UsageError: there is no picture in the part that is asked for.
    """
    if env.options.quality and "libvmaf" not in capabilities(env.tools.ffmpeg).filters:
        raise ToolError(
            codes.QUALITY_UNAVAILABLE,
            f"{env.tools.ffmpeg.path} has no libvmaf filter, which --quality vmaf needs",
            remedy="unset INGEST_FFMPEG to use the ffmpeg from PyPI, or leave --quality out",
        )
    unwanted = () if env.options.audio else audio
    audio = audio if env.options.audio else ()
    crop = crop_plan(video, env.options.crop)
    video = cropped(video, crop)
    bars = pad_plan(video, env.options.pad)
    video = padded(video, bars)
    if bars is not None:
        check_bars(env.tools.ffmpeg, bars)
    part = trim(video, packets, env.options.start, env.options.end)
    whole = video
    if part is not None:
        video, audio = part.video, within(audio, part.video.timing)
    needed = needs_zscale(video)
    can_tone_map = not needed or {"zscale", "tonemap"} <= capabilities(env.tools.ffmpeg).filters
    made = make_plan(
        video,
        audio,
        presets,
        preview_interval=plan_interval((held(video.timing, audio) or video.timing).duration),
        tile=tile_size(video.display_width, video.display_height),
        can_tone_map=can_tone_map,
        text=text,
        chapters=chapters,
        options=env.options,
        trim=part.plan if part else None,
        crop=crop,
        pad=bars,
        logos=tuple(
            LogoPlan(
                p.digest,
                p.width,
                p.height,
                c.position,
                Fraction(str(c.width)) / 100,
                Fraction(str(c.opacity)),
            )
            for c, p in zip(env.options.logos, env.logos, strict=True)
        ),
    )
    made = replace(made, beside=beside)
    made, not_copied = copy_choice.choose(
        made, whole, packets, presets, env.options, look, damaged=damaged, trimmed=part
    )
    made, sound = copy_choice.choose_sound(made, audio, env.options, listen)
    made, undivided = in_chunks(made, video, packets, env.chunk_seconds)
    noted = (
        *notes(made, video),
        *(Note(codes.STREAM_LEFT_OUT, f"stream {t.index}: no sound was asked for") for t in unwanted),
        *not_copied,
        *sound,
        *undivided,
        *hdr_notes(made, video, env.options, can_convert=can_tone_map),
    )
    if others := {r.encoder for r in made.encoded} - {ENCODERS["h264"]}:
        toolchain.require_encoders(env.tools.ffmpeg, sorted(others))
    card, refused = hardware.find(env.tools.ffmpeg, env.options.encoder, for_hardware(made))
    unused = tuple(Note(codes.GPU_NOT_USED, reason) for reason in refused)
    found = (*warnings(made, video, audio), *text_warnings(text), *unused)
    return Outcome(in_hardware(made, card), notes=noted, warnings=found)


def check_bars(ffmpeg: Tool, bars: PadPlan) -> None:
    """Raises ToolError where ffmpeg would draw bars of another colour: before 7 it takes BT.601 for it."""
    red, green, blue = (bars.colour[at : at + 2] for at in (1, 3, 5))
    version = major_version(ffmpeg.version)
    if not red == green == blue and version is not None and version < COLOURED_BARS:
        raise ToolError(
            codes.TOOL_TOO_OLD,
            f"{ffmpeg.path} is version {ffmpeg.version}, and coloured bars need {COLOURED_BARS}",
            remedy="unset INGEST_FFMPEG to use the ffmpeg from PyPI, or ask for black ones",
        )


def in_chunks(
    plan: Plan, video: VideoFacts, packets: PacketTable, seconds: float
) -> tuple[Plan, tuple[Note, ...]]:
    """The plan with a long film's chunks of about so many seconds, or why it has none.

    Where something is copied, also with those that it has if copying is given up.
    """
    length = Fraction(str(seconds))
    if plan.duration < length * SHORTEST:
        return plan, ()
    known = instants(packets, plan.video.start_ticks, plan.video.trim.until if plan.video.trim else None)
    cutting = cut(plan, video, known, length)
    why = (Note(codes.ENCODED_IN_ONE_PIECE, cutting.why),) if cutting.why else ()
    copies = plan.copies
    if copies is not None:
        copies = replace(copies, chunks=cut(without_copies(plan), video, known, length).chunks)
    return replace(plan, chunks=cutting.chunks, copies=copies), why


def notes(plan: Plan, video: VideoFacts) -> tuple[Note, ...]:
    size = f"{video.display_width}x{video.display_height}"
    made = [
        Note(codes.MADE_AT_SOURCE_SIZE, f"{name} is above the source ({size}), which is made as it is", name)
        for name in plan.at_source_size
    ]
    left = [Note(codes.RESOLUTION_LEFT_OUT, reason, name) for name, reason in plan.left_out]
    tracks = [
        Note(codes.STREAM_LEFT_OUT, f"stream {index}: audio beyond the first tracks is not carried")
        for index in plan.unused_audio
    ]
    assumed = [Note(codes.AUDIO_CHANNELS_ASSUMED, words) for words in plan.assumed_audio]
    fields = [Note(codes.FIELDS_HANDLED, plan.video.fields.why)] if plan.video.fields.why else []
    small = [
        Note(
            codes.CODEC_LEFT_OUT, f"{codec}: pictures of less than {SMALLEST} pixels a side are made in h264"
        )
        for codec in plan.unused_codecs
    ]
    length = f"the only picture is shown for {float(plan.duration):.1f} s, as long as there is sound"
    still = [Note(codes.PICTURE_HELD, length)] if plan.video.grid.held else []
    return (*trimmed(plan), *made, *left, *slower(plan, video), *still, *tracks, *assumed, *fields, *small)


def trimmed(plan: Plan) -> tuple[Note, ...]:
    """A part of the film alone is made."""
    trim = plan.video.trim
    if trim is None:
        return ()
    start, end, whole = (f"{float(t):.3f}" for t in (trim.start, trim.end, trim.whole))
    return (Note(codes.TRIMMED, f"from {start} to {end} s of {whole} s"),)


def slower(plan: Plan, video: VideoFacts) -> tuple[Note, ...]:
    """Pictures are left out, since the presets have a highest rate."""
    grid, timing = plan.video.grid, video.timing
    if grid.rate is None or (grid.frame_step == 1 and not grid.resample):
        return ()
    before = (
        rate_words(timing.rate)
        if timing.rate is not None
        else f"uneven, {rate_words(timing.mean_rate)} on average"
    )
    return (Note(codes.FRAME_RATE_REDUCED, f"from {before} to {rate_words(grid.rate)} pictures a second"),)


def rate_words(rate: Fraction) -> str:
    """At most three decimals.

    >>> rate_words(Fraction(120)), rate_words(Fraction(120000, 1001))
    ('120', '119.88')
    """
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")


def hdr_notes(plan: Plan, video: VideoFacts, options: Options, *, can_convert: bool) -> tuple[Note, ...]:
    if options.hdr != "keep":
        return ()
    options = replace(options, codecs=tuple(c for c in options.codecs if c not in plan.unused_codecs))
    if plan.hdr is None:
        return (Note(codes.HDR_NOT_KEPT, why_not_kept(video, options, can_convert=can_convert) or ""),)
    added = made_codecs(options, plan.hdr) != options.codecs
    return (Note(codes.SDR_ADDED, "HDR needs SDR beside it: H.264 is made, too"),) if added else ()


def warnings(plan: Plan, video: VideoFacts, audio: tuple[AudioFacts, ...]) -> tuple[Note, ...]:
    found: list[Note] = []
    if video.colour.hdr != "none" and not plan.video.colour.tone_map:
        found.append(Note(codes.COLOUR_NOT_CONVERTED, f"{video.colour.transfer} needs zscale and tonemap"))
    elif needs_zscale(video) and not (plan.video.colour.tone_map or plan.video.colour.convert):
        tags = f"{video.colour.primaries}/{video.colour.transfer}/{video.colour.matrix}"
        found.append(Note(codes.COLOUR_NOT_CONVERTED, f"{tags} needs zscale"))
    found += [Note(codes.COLOUR_UNCERTAIN, text) for text in uncertain(video)]
    first = f"{video.width}x{video.height}"
    if others := plan.video.canvas.others:
        sizes = ", ".join(f"{s.width}x{s.height}" for s in others)
        found.append(Note(codes.PICTURE_SIZE_CHANGES, f"{sizes} among {first}"))
    if aspects := aspect_changes(video):
        told = ", ".join(f"{a.numerator}:{a.denominator}" for a in aspects)
        found.append(Note(codes.PICTURE_ASPECT_CHANGES, f"samples of {told} in pictures of {first}"))
    start, end = plan.video.start, plan.video.start + plan.duration
    # The container's lengths mean nothing where its clock jumps.
    for track in () if video.jumps else audio:
        early = start - track.start if track.start is not None else Fraction(0)
        if track.duration:
            early = min(early, track.duration)
        late = track.start + track.duration - end if track.start is not None and track.duration else 0
        for seconds, where in ((early, "before the picture begins"), (late, "after the picture ends")):
            if seconds > 0.5:
                detail = f"stream {track.index}: {float(seconds):.1f} s of sound {where}"
                found.append(Note(codes.AUDIO_TRIMMED, detail))
    return tuple(found)


def text_warnings(tracks: Sequence[TextFacts]) -> tuple[Note, ...]:
    """The subtitles that no rendition is made of."""
    reasons = {
        "bitmap": "subtitles that are pictures cannot become text",
        "undecodable": "this kind of subtitles cannot be read",
        "text": f"more than {MAX_TEXT_TRACKS} text tracks",
    }
    usable = usable_text(tracks)
    return tuple(
        Note(codes.SUBTITLES_LEFT_OUT, f"stream {t.index} ({t.codec}, {t.language}): {reasons[t.kind]}")
        for t in tracks
        if t not in usable
    )


def file_limits(plan: Plan, limits: Limits) -> Limits:
    """`limits` with a bound on any single file: far above the plan, far below an endless writer's wish."""
    return Limits(
        memory_bytes=limits.memory_bytes,
        stall_seconds=limits.stall_seconds,
        file_bytes=2 * space_of(plan).working + 2**30,
    )


def taken(folder: Path) -> int:
    """Bytes that a stopped job's files take, which are used or removed before any other is made."""
    return sum(p.lstat().st_blocks * 512 for p in folder.rglob("*"))


def check_space(plan: Plan, folder: Path, min_free: int, *, held: int = 0) -> None:
    """Raises ResourceError when the disk of `folder` has no room for the plan and `min_free` bytes beside it.

    `held`: bytes of the plan's that are there already.
    """
    free = shutil.disk_usage(folder).free + held
    needed = space_of(plan).working + min_free
    if free < needed:
        raise ResourceError(
            codes.DISK_FULL,
            f"up to {-(-needed // 2**20)} MiB are needed and {free // 2**20} MiB are free",
            remedy="free some space, or name another folder with -o",
        )
