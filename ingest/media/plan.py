"""The plan: what will be made, decided from facts, presets and options before anything runs.

Pure: the same facts give the same plan. Frozen, plain data: it can be printed, stored and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from ingest.media import h264, ladder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.facts import AudioFacts, VideoFacts
    from ingest.media.presets import Preset

AAC_FRAME = 1024  # samples, ISO/IEC 14496-3
MAX_AUDIO_TRACKS = 8
POSTER_CANDIDATES = 12
MIN_BITRATE = 64_000
LONGEST_REORDERED_GAP = 4  # mean picture durations

# How many H.264 bits say what one bit of the source's codec says: a rung may cost its source times this.
CODEC_WORTH: dict[str, Fraction] = {"hevc": Fraction(3, 2), "vp9": Fraction(3, 2), "av1": Fraction(2)}


@dataclass(frozen=True, slots=True)
class Grid:
    """Where pictures, GOPs and segments begin; one for all rungs.

    `rate` is the constant output rate, None for pictures on their own exact times. With a rate, `gop_frames`
    pictures make a GOP; without, a key picture is forced at the first picture of each `gop` seconds. `reorder`
    is False where B-frames would do harm: MP4 gives each picture the time to the next one in decoding order, and
    across a long gap that is seconds away from how long it is shown.
    `frame_step` keeps every n-th picture; `resample` makes an uneven, too fast source constant.
    """

    rate: Fraction | None
    time_base: Fraction
    timescale: int
    gop: Fraction
    segment: Fraction
    gop_frames: int | None
    frame_step: int
    resample: bool
    frames: int | None
    duration: Fraction
    reorder: bool = True


@dataclass(frozen=True, slots=True)
class ColourPlan:
    """`tone_map` takes HDR to SDR; else the picture is converted from `matrix` and `full_range` to BT.709."""

    tone_map: bool
    transfer: str
    primaries: str
    matrix: str
    full_range: bool


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition: bits per second, bits of buffer, sizes in square pixels."""

    name: str
    width: int
    height: int
    codec: str
    profile: str
    level: str
    speed: str
    crf: Fraction
    max_bitrate: int
    buffer: int


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """`start` is the source time (in ticks of its time base) that becomes 0."""

    index: int
    start_ticks: int
    start: Fraction
    deinterlace: bool
    colour: ColourPlan
    grid: Grid
    display_width: int
    display_height: int


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """One audio rendition. `samples` go into the encoder, which adds one frame of priming in front of them."""

    name: str
    index: int
    language: str
    label: str
    layout: str
    channels: int
    source_channels: int
    sample_rate: int
    bitrate: int
    samples: int
    default: bool

    @property
    def frames(self) -> int:
        return self.samples // AAC_FRAME + 1


@dataclass(frozen=True, slots=True)
class StillsPlan:
    """Poster candidates every `poster_interval` seconds, preview tiles every `preview_interval`."""

    poster_interval: Fraction
    preview_interval: Fraction
    tile_width: int
    tile_height: int


@dataclass(frozen=True, slots=True)
class Plan:
    video: VideoPlan
    rungs: tuple[Rung, ...]
    audio: tuple[AudioRendition, ...]
    stills: StillsPlan
    left_out: tuple[tuple[str, str], ...]
    at_source_size: tuple[str, ...]
    unused_audio: tuple[int, ...]

    @property
    def duration(self) -> Fraction:
        return self.video.grid.duration


def make_plan(
    video: VideoFacts,
    audio: Sequence[AudioFacts],
    presets: Sequence[Preset],
    *,
    preview_interval: Fraction,
    tile: tuple[int, int],
    can_tone_map: bool = True,
) -> Plan:
    """Decide everything. `presets` are the requested resolutions, at least one.

    Args:
        preview_interval: seconds between preview tiles.
        tile: width and height of a preview tile.
        can_tone_map: this ffmpeg has zscale and tonemap.
    """
    chosen = ladder.choose(presets, video.display_width, video.display_height)
    size = f"{video.display_width}x{video.display_height}"
    grid = make_grid(video, chosen.made[0].preset)
    renditions = tuple(audio_renditions(audio[:MAX_AUDIO_TRACKS], chosen.made[-1].preset, grid.duration))
    return Plan(
        video=VideoPlan(
            index=video.index,
            start_ticks=round(video.timing.start / video.timing.time_base),
            start=video.timing.start,
            deinterlace=video.field_order in {"tff", "bff"},
            colour=colour_plan(video, can_tone_map=can_tone_map),
            grid=grid,
            display_width=video.display_width,
            display_height=video.display_height,
        ),
        rungs=tuple(make_rung(f, video, grid) for f in chosen.made),
        audio=renditions,
        stills=StillsPlan(
            poster_interval=grid.duration / POSTER_CANDIDATES,
            preview_interval=preview_interval,
            tile_width=tile[0],
            tile_height=tile[1],
        ),
        left_out=tuple(
            (f.preset.name, f"{f.preset.name} is above the source ({size})") for f in chosen.left_out
        ),
        at_source_size=(chosen.made[0].preset.name,) if chosen.at_source_size else (),
        unused_audio=tuple(a.index for a in audio[MAX_AUDIO_TRACKS:]),
    )


def make_grid(video: VideoFacts, preset: Preset) -> Grid:
    """One grid for all rungs: exact frame counts for a constant rate, forced key pictures for a variable one."""
    timing, limit = video.timing, preset.video.max_frame_rate
    gop, per_segment = preset.video.gop, int(preset.video.segment / preset.video.gop)
    # Field-coded clocks run a little fast (60.06); half a percent is not a reason to drop pictures.
    most = limit * Fraction(201, 200)
    too_fast = timing.mean_rate > most
    if timing.rate is None and not (too_fast and timing.mean_rate > limit * Fraction(21, 20)):
        return Grid(
            rate=None,
            time_base=timing.time_base if _usable(timing.time_base) else Fraction(1, 90000),
            timescale=_timescale(timing.time_base),
            gop=gop,
            segment=gop * per_segment,
            gop_frames=None,
            frame_step=1,
            resample=False,
            frames=timing.frames,
            duration=timing.duration,
            reorder=timing.longest_gap * timing.mean_rate <= LONGEST_REORDERED_GAP,
        )
    step = ceil(timing.rate / most) if timing.rate is not None and too_fast else 1
    rate = timing.rate / step if timing.rate is not None else limit
    gop_frames = max(1, round(gop * rate))
    frames = ceil(Fraction(timing.frames, step)) if timing.rate is not None else None
    return Grid(
        rate=rate,
        time_base=1 / rate,
        timescale=_timescale(1 / rate),
        gop=gop_frames / rate,
        segment=gop_frames * per_segment / rate,
        gop_frames=gop_frames,
        frame_step=step,
        resample=timing.rate is None,
        frames=frames,
        duration=frames / rate if frames is not None else timing.duration,
    )


def _usable(time_base: Fraction) -> bool:
    return time_base.numerator == 1 and time_base.denominator <= 1_000_000


def _timescale(time_base: Fraction) -> int:
    """Ticks a second for the MP4 track: a whole multiple of the frame clock, fine enough to be exact."""
    ticks = time_base.denominator if time_base.denominator <= 1_000_000 else 90_000
    while ticks < 10_000:
        ticks *= 2
    return ticks


def make_rung(fit: ladder.Fit, video: VideoFacts, grid: Grid) -> Rung:
    """Encoder settings of one rendition: the preset's, capped by what the source itself costs."""
    preset = fit.preset.video
    cap = preset.max_bitrate
    if video.bit_rate:
        worth = CODEC_WORTH.get(video.codec, Fraction(1))
        cap = max(MIN_BITRATE, min(cap, int(video.bit_rate * worth)))
    rate = grid.rate or video.timing.mean_rate
    return Rung(
        name=fit.preset.name,
        width=fit.size.width,
        height=fit.size.height,
        codec=preset.codec,
        profile=preset.profile,
        level=h264.level_for(fit.size.width, fit.size.height, rate, cap),
        speed=preset.speed,
        crf=Fraction(str(preset.crf)),
        max_bitrate=cap,
        buffer=preset.buffer * cap // preset.max_bitrate,
    )


def colour_plan(video: VideoFacts, *, can_tone_map: bool) -> ColourPlan:
    """HDR is tone mapped. A matrix the stream does not name is BT.601 below 720 lines, else BT.709."""
    colour = video.colour
    matrix = colour.matrix
    if matrix in {"unknown", "gbr", "rgb"}:
        matrix = "bt709" if min(video.width, video.height) >= 720 else "smpte170m"
    return ColourPlan(
        tone_map=colour.hdr != "none" and can_tone_map,
        transfer=colour.transfer,
        primaries=colour.primaries if colour.primaries != "unknown" else "bt2020",
        matrix=matrix,
        full_range=colour.full_range,
    )


def audio_renditions(
    tracks: Sequence[AudioFacts], preset: Preset, duration: Fraction
) -> list[AudioRendition]:
    """Stereo AAC for each track, and 5.1 beside it where the track has at least six channels."""
    made: list[AudioRendition] = []
    names: set[str] = set()
    labels: set[str] = set()
    default = next((t for t in tracks if t.default), tracks[0] if tracks else None)
    for track in tracks:
        layouts = [("stereo", 2, preset.audio.stereo_bitrate)]
        if track.channels >= 6 and (track.layout or "5.1").startswith(("5.1", "6.1", "7.1", "hexagonal")):
            layouts.append(("5.1", 6, preset.audio.surround_bitrate))
        rate = track.sample_rate if track.sample_rate in {44_100, 48_000} else 48_000
        # Whole AAC frames nearest to the picture's length, less the priming frame that the encoder adds.
        frames = max(2, round(duration * rate / AAC_FRAME))
        # One label for all layouts of a track (RFC 8216bis 4.4.6.1.1: groups have the same members), and no text
        # from the source: a title could hold quotes or newlines, which an HLS attribute cannot.
        label = _unique(track.language if track.language != "und" else "Audio", labels, " ")
        for layout, channels, bitrate in layouts:
            name = _unique(f"{track.language}-{layout.replace('.', '')}", names)
            made.append(
                AudioRendition(
                    name=name,
                    index=track.index,
                    language=track.language,
                    label=label,
                    layout=layout,
                    channels=channels,
                    source_channels=track.channels,
                    sample_rate=rate,
                    bitrate=bitrate,
                    samples=(frames - 1) * AAC_FRAME,
                    default=track is default,
                )
            )
    return made


def _unique(name: str, taken: set[str], separator: str = "-") -> str:
    number, result = 1, name
    while result in taken:
        number += 1
        result = f"{name}{separator}{number}"
    taken.add(result)
    return result
