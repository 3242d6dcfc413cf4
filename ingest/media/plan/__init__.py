"""The plan: what will be made, decided from facts, presets and options before anything runs.

Pure: the same facts give the same plan. Frozen, plain data: it can be printed, stored and compared. Each part of
the plan has a module of its own here; this one puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.media import ladder
from ingest.media.options import DEFAULTS, Options
from ingest.media.plan.audio import plan_audio
from ingest.media.plan.canvas import canvas_of
from ingest.media.plan.chapters import plan_chapters
from ingest.media.plan.colour import colour_plan
from ingest.media.plan.fields import after, fields_plan
from ingest.media.plan.grid import make_grid
from ingest.media.plan.hdr import hdr_plan, made_codecs
from ingest.media.plan.mp4 import plan_mp4
from ingest.media.plan.rungs import make_rungs, possible_codecs
from ingest.media.plan.space import NOTHING, Beside
from ingest.media.plan.still import held
from ingest.media.plan.text import text_renditions
from ingest.media.plan.thumbnails import plan_thumbnails
from ingest.media.plan.trick import plan_trick
from ingest.media.thumbnail_sets import parse_sets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from ingest.media.codec_names import Codec
    from ingest.media.facts import AudioFacts, Jump, VideoFacts
    from ingest.media.hardware import Hardware
    from ingest.media.plan.audio import AudioRendition
    from ingest.media.plan.canvas import Canvas
    from ingest.media.plan.chapters import ChapterPlan
    from ingest.media.plan.chunks import Chunk
    from ingest.media.plan.colour import ColourPlan
    from ingest.media.plan.copying import CopyPlan
    from ingest.media.plan.crop import CropPlan
    from ingest.media.plan.fields import FieldsPlan
    from ingest.media.plan.grid import Grid
    from ingest.media.plan.hdr import HdrPlan
    from ingest.media.plan.logos import LogoPlan
    from ingest.media.plan.mp4 import Mp4Plan
    from ingest.media.plan.pad import PadPlan
    from ingest.media.plan.rungs import Rung
    from ingest.media.plan.text import TextRendition
    from ingest.media.plan.thumbnails import ThumbnailPlan
    from ingest.media.plan.trick import TrickPlan
    from ingest.media.plan.trim import TrimPlan
    from ingest.media.presets import Preset
    from ingest.media.text_facts import Chapter, TextFacts

POSTER_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """`start` is the source time (in ticks of its time base) that becomes 0; `jumps` of its clock are taken out,
    and pictures with a damaged time are shown when `mended` says (when they are decoded, and shown; ticks).
    `canvas` is what every picture is fitted into first; `rotation` and `mirrored` are as in the facts. `trim`: what is
    kept, where that is not all. `crop`: what goes of each picture. `pad`: the bars around it. `logos`: what is laid
    over each finished picture but stills. `early`: pictures may come out of a decoder that are before the first one.
    `counted`: the seconds from each picture to the next, where the source does not say when they are shown."""

    index: int
    start_ticks: int
    start: Fraction
    time_base: Fraction
    fields: FieldsPlan
    canvas: Canvas
    rotation: int
    mirrored: bool
    colour: ColourPlan
    grid: Grid
    display_width: int
    display_height: int
    jumps: tuple[tuple[int, tuple[Jump, ...]], ...] = ()
    mended: tuple[tuple[int, int], ...] = ()
    trim: TrimPlan | None = None
    crop: CropPlan | None = None
    logos: tuple[LogoPlan, ...] = ()
    pad: PadPlan | None = None
    early: bool = False
    counted: Fraction | None = None


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
    trick: TrickPlan
    left_out: tuple[tuple[str, str], ...]
    at_source_size: tuple[str, ...]
    unused_audio: tuple[int, ...]
    hdr: HdrPlan | None = None
    hardware: Hardware | None = None
    unused_codecs: tuple[Codec, ...] = ()
    text: tuple[TextRendition, ...] = ()
    chapters: tuple[ChapterPlan, ...] = ()
    assumed_audio: tuple[str, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    copies: CopyPlan | None = None
    mp4: tuple[Mp4Plan, ...] = ()
    thumbnails: tuple[ThumbnailPlan, ...] = ()
    beside: Beside = NOTHING

    @property
    def encoded(self) -> tuple[Rung, ...]:
        """The renditions that are encoded and not copied."""
        return tuple(r for r in self.rungs if not r.copied)

    @property
    def key_pictures_alone(self) -> bool:
        """Whether only key pictures are decoded: no rendition is encoded, and stills are further apart."""
        copies = self.copies
        closest = min((self.stills.preview_interval, *(t.interval for t in self.thumbnails)))
        return copies is not None and not self.encoded and copies.apart <= closest

    @property
    def resolutions(self) -> tuple[str, ...]:
        """Those that are made, each once, from small to large."""
        return tuple(dict.fromkeys(r.resolution for r in self.rungs))

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
    text: Sequence[TextFacts] = (),
    chapters: Sequence[Chapter] = (),
    options: Options = DEFAULTS,
    trim: TrimPlan | None = None,
    crop: CropPlan | None = None,
    logos: Sequence[LogoPlan] = (),
    pad: PadPlan | None = None,
) -> Plan:
    """Decide everything. `presets` are the requested resolutions, at least one.

    Args:
        preview_interval: seconds between preview tiles.
        tile: width and height of a preview tile.
        can_tone_map: this ffmpeg has zscale and tonemap.
        text, chapters: those of the source.
        options: what a person chose.
        trim: the facts are those of this part of the film.
        crop: the picture is seen in `video` as it is without what goes.
        logos: what is laid over the picture.
        pad: the picture is seen in `video` with these bars.

    Raises:
        UsageError: a preset cannot be made in one of the codecs.
    """
    chosen = ladder.choose(presets, video.display_width, video.display_height)
    size = f"{video.display_width}x{video.display_height}"
    fields = fields_plan(video, chosen.made[0].preset)
    still = held(video.timing, audio)
    shown = replace(video, timing=still or after(video.timing, fields))
    grid = replace(make_grid(shown, chosen.made[0].preset), held=still is not None)
    possible = replace(options, codecs=possible_codecs(options.codecs, chosen.made))
    hdr = hdr_plan(video, possible, can_convert=can_tone_map)
    sound = plan_audio(audio, chosen.made[-1].preset, grid.duration)
    rungs = make_rungs(chosen.made, made_codecs(possible, hdr), shown, grid, hdr)
    return Plan(
        video=VideoPlan(
            index=video.index,
            start_ticks=round(video.timing.start / video.timing.time_base),
            start=video.timing.start,
            time_base=video.timing.time_base,
            fields=fields,
            canvas=canvas_of(video),
            rotation=video.rotation,
            mirrored=video.mirrored,
            colour=colour_plan(video, can_tone_map=can_tone_map),
            grid=grid,
            display_width=video.display_width,
            display_height=video.display_height,
            jumps=video.jumps,
            mended=video.mended,
            trim=trim,
            crop=crop,
            logos=tuple(logos),
            pad=pad,
            early=video.timing.early > 0,
            counted=1 / video.timing.mean_rate if video.timing.counted else None,
        ),
        rungs=rungs,
        audio=sound.renditions,
        stills=StillsPlan(
            poster_interval=grid.duration / POSTER_CANDIDATES,
            preview_interval=preview_interval,
            tile_width=tile[0],
            tile_height=tile[1],
        ),
        trick=plan_trick(chosen.made[0], grid),
        left_out=tuple(
            (f.preset.name, f"{f.preset.name} is above the source ({size})") for f in chosen.left_out
        ),
        at_source_size=(chosen.made[0].preset.name,) if chosen.at_source_size else (),
        hdr=hdr,
        unused_codecs=tuple(c for c in options.codecs if c not in possible.codecs),
        text=text_renditions(text),
        chapters=plan_chapters(chapters, video.timing.start, grid.duration),
        unused_audio=sound.unused,
        assumed_audio=sound.assumed,
        thumbnails=plan_thumbnails(
            parse_sets(options.thumbnails), video.display_width, video.display_height, grid.duration
        ),
        mp4=plan_mp4(rungs, sound.renditions) if options.mp4 else (),
    )
