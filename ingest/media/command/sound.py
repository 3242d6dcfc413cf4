"""The audio renditions' outputs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import ratio
from ingest.media.command.names import audio_file, loudness_file
from ingest.media.command.reference import levels_output
from ingest.media.loudness import KEYS
from ingest.media.plan.audio import AAC_FRAME
from ingest.media.whitelists import FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition

PRIMING = AAC_FRAME  # samples that an AAC decoder puts out before the first real one

# Full scale less 1 dB, above which the sum of several channels is held (EBU R 128: true peak at most -1 dBTP).
_CEILING = 10 ** (-1 / 20)
# First-order ambisonics (ACN order, SN3D): W to both sides 3 dB lower, as a centre is, and Y to the left.
_AMBISONIC = "0.707107*val(0)+0.5*val(1)|0.707107*val(0)-0.5*val(1)"


# Both sides get a single channel at its own level, where the plain conversion would make each 3 dB quieter. Stereo may
# follow it and passes as it is; more channels are mixed so that they cannot clip. Places that a sound lacks are no
# error.
BOTH_SIDES = "|".join(("stereo", *(f"F{s}<F{s}+FC+0.707107*B{s}+0.707107*S{s}" for s in ("L", "R"))))


def audio_outputs(source: Any, plan: Plan) -> list[list[Any]]:
    """An AAC file for each rendition, those of the same tracks together; how loud it is goes into files of numbers.

    One that is copied is only measured.
    """
    groups: dict[tuple[int, ...], list[Any]] = {}
    for rendition, sound in sounds(source, plan):
        outputs = groups.setdefault(rendition.indexes, [])
        number = plan.audio.index(rendition)
        if rendition.copied:
            outputs.append(levels_output(measured(sound, rendition.name), number))
            continue
        branches = measured(sound, rendition.name).filter_multi_output("asplit", 2)
        encoded = ffmpeg.output(
            branches.stream(0),
            audio_file(rendition.name),
            **{
                "c:a": "aac",
                "b:a": rendition.bitrate,
                "use_editlist": 0,
                "map_metadata": -1,
                "map_chapters": -1,
                "format": "mp4",
            },
        )
        outputs += [encoded, levels_output(branches.stream(1), number)]
    return list(groups.values())


def cut_arguments(program: str, whole: str, cut: str, frames: int) -> tuple[str, ...]:
    """The command that copies the first `frames` audio frames of one file into another."""
    stream = ffmpeg.input(whole, protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST)
    run = ffmpeg.output(
        stream["a:0"], cut, **{"c": "copy", "frames:a": frames, "use_editlist": 0, "format": "mp4"}
    ).global_args("-nostdin", "-hide_banner", "-v", "error")
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)


def measured(stream: Any, name: str) -> Any:
    """Passes the sound on and writes its loudness (EBU R 128, ITU-R BS.1770) into a file for each figure.

    A source's own tags travel with its sound and are taken off before: nothing but the filter's figures is written.
    """
    stream = stream.filter("ametadata", mode="delete").filter(
        "ebur128", framelog="quiet", metadata=1, peak="true"
    )
    for key in KEYS:
        stream = stream.filter("ametadata", mode="print", key=key, file=loudness_file(name, key))
    return stream


def sounds(source: Any, plan: Plan) -> Iterator[tuple[AudioRendition, Any]]:
    """Each rendition with its sound. Each track is decoded once, however many renditions it has."""
    for indexes in dict.fromkeys(a.indexes for a in plan.audio):
        renditions = [a for a in plan.audio if a.indexes == indexes]
        tracks = [source[str(i)].filter("asetpts", f"PTS-({ratio(plan.video.start)})/TB") for i in indexes]
        if plan.video.trim:
            # By itself: what follows keeps sound in step by small steps, and would take hours for one.
            tracks = [t.filter("atrim", start=0) for t in tracks]
        sound = tracks[0] if len(tracks) == 1 else _joined(tracks, renditions[0])
        # Split before anything that can convert: else one layout is chosen for all branches.
        branches = sound.filter_multi_output("asplit", len(renditions))
        for number, rendition in enumerate(renditions):
            yield rendition, _fitted(read_channels(branches.stream(number), rendition), rendition)


def _joined(tracks: list[Any], rendition: AudioRendition) -> Any:
    """One sound of mono tracks, each on the clock and as long as the others before they meet."""
    fitted = [
        _on_the_clock(t, rendition, mixed=False)
        .filter("aformat", sample_fmts="fltp", channel_layouts="mono")
        .filter("apad", whole_len=rendition.samples + PRIMING)
        for t in tracks
    ]
    places = "|".join(f"{number}.0-{position}" for number, position in rendition.positions)
    return ffmpeg.filter(
        fitted, "join", inputs=len(fitted), channel_layout=rendition.source_layout, map=places
    )


def read_channels(stream: Any, rendition: AudioRendition) -> Any:
    """The channels at their places."""
    if rendition.take == "mapped":
        # By number: a channel may have any name (a QuickTime track of its own for the left side is called FL).
        places = "|".join(f"{number}-{position}" for number, position in rendition.positions)
        return stream.filter("channelmap", map=places, channel_layout=rendition.source_layout)
    if rendition.take == "single":
        return stream.filter("pan", BOTH_SIDES)
    if rendition.take == "ambisonic":
        return stream.filter("aeval", exprs=_AMBISONIC, channel_layout="stereo")
    return stream


def _on_the_clock(stream: Any, rendition: AudioRendition, *, mixed: bool) -> Any:
    """Begins at 0 and keeps to its times.

    Holes from 10 ms on are filled with silence, overlaps cut (ffmpeg's own bound, 100 ms, is a visible lip-sync
    error). What drifts less, as a recorder's own clock does, is stretched by at most 96 samples a second (0.2 %,
    3 cents), which nobody hears, once it is 2 ms off; else each 10 ms of drift would be a click.
    """
    options: dict[str, Any] = {"async": 96, "first_pts": 0, "min_comp": 0.002, "min_hard_comp": 0.01}
    if mixed:
        # In float the coefficients of Rec. ITU-R BS.775 stand as they are; in integers ffmpeg scales all of them down.
        options |= {"internal_sample_fmt": "fltp", "out_sample_fmt": "fltp"}
    return stream.filter("aresample", rendition.sample_rate, **options)


def _fitted(stream: Any, rendition: AudioRendition) -> Any:
    """The layout, the length and the level of the rendition, in step with the picture without any edit list.

    The AAC encoder puts one frame of priming in front. Readers disagree on whether an edit list hides it (MSE does,
    many HLS readers do not), so the first frame's worth of sound gives way to it instead, and no list is written.
    """
    end = rendition.samples + PRIMING
    stream = _on_the_clock(stream, rendition, mixed=rendition.mixed_down).filter(
        "aformat", sample_fmts="fltp", channel_layouts=rendition.layout
    )
    if rendition.mixed_down:
        stream = stream.filter("alimiter", limit=f"{_CEILING:.6f}", level=0, latency=1)
    stream = (
        stream.filter("apad", whole_len=end)
        .filter("atrim", start_sample=PRIMING, end_sample=end)
        .filter("asetpts", "PTS-STARTPTS")
    )
    return stream.filter("volume", f"{rendition.gain:.2f}dB") if rendition.gain else stream
