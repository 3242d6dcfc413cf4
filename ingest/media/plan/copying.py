"""Which renditions the source already is, so that its packets are copied and nothing is encoded. Pure.

When in doubt a rendition is encoded: a package with a copied one must hold all that an encoded one would.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ingest.media import h264, hevc, levels
from ingest.media.plan.rungs import COPY, ENCODERS
from ingest.media.plan.segmentation import ROUNDING, filled, segmentation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingest.media.facts import VideoFacts
    from ingest.media.key_pictures import KeyPictures
    from ingest.media.options import Options
    from ingest.media.packet_order import PacketOrder
    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk
    from ingest.media.plan.grid import Grid
    from ingest.media.plan.rungs import Rung
    from ingest.media.plan.segmentation import Segmentation
    from ingest.media.presets import Preset

# What ffmpeg calls the profile that a rendition has by the plan's name; more is expected of no player.
PROFILES = {
    ("h264", "high"): "High",
    ("h264", "main"): "Main",
    ("h264", "baseline"): "Constrained Baseline",
    ("hevc", "main"): "Main",
}
MOST_KEYS = 9000  # that one argument of a command has room for: 128 KiB on Linux, 14 bytes each
USUAL_LEVEL = "4.1"  # which every player of HD takes (Apple 1.3a)
_NAMED = ("bt709", "unknown")


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """How the copied renditions come about.

    Attributes:
        delay: pictures that decoding is ahead of showing.
        start: ticks of the grid's timescale on the source's clock that become 0.
        bytes: of all the pictures.
        apart: seconds that key pictures are apart, at most.
        grid: the one that would hold if nothing were copied.
        chunks: those of that grid.
    """

    delay: int
    start: Fraction
    bytes: int
    apart: Fraction
    grid: Grid
    chunks: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a rendition is not copied. `near`: the picture itself would do, how the file lies does not."""

    why: str
    near: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of each rendition by name, why it is not copied; None where it can be. `segments` is how they are cut."""

    refusals: Mapping[str, Refusal | None]
    segments: Segmentation | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The renditions that can be copied."""
        return tuple(name for name, refusal in self.refusals.items() if refusal is None)


def verdict(
    plan: Plan,
    video: VideoFacts,
    order: PacketOrder | None,
    presets: Sequence[Preset],
    options: Options,
    *,
    damaged: bool,
) -> Verdict:
    """What can be copied as far as the container tells; the bitstream has the last word (`refused_by`).

    Args:
        order: of the packets; None where they are not one shown picture each on a steady clock.
        damaged: something is missing of the source.
    """
    by_name = {p.name: p for p in presets}
    first = {r.name: _picture(plan, video, r, by_name[r.resolution], options) for r in plan.rungs}
    if all(first.values()):
        return Verdict({name: Refusal(why) for name, why in first.items()})
    cut = _cut(plan, order, by_name[plan.rungs[0].resolution]) if order else None
    found: dict[str, Refusal | None] = {}
    for rung in plan.rungs:
        preset = by_name[rung.resolution]
        if why := first[rung.name]:
            found[rung.name] = Refusal(why)
        else:
            why = _file(plan, video, order, cut, preset, damaged=damaged) or _rate(
                plan, order, cut, preset.video.of(rung.codec).max_bitrate
            )
            found[rung.name] = Refusal(why, near=True) if why else None
    return Verdict(found, cut)


def refused_by(keys: KeyPictures, count: int) -> str:
    """Why the bitstream of a film with `count` key pictures forbids copying; empty where it does not."""
    if keys.starts != count:
        return "decoding cannot begin at each of its key pictures (open groups)"
    return "" if keys.alike else "its parameter sets change"


def refuse_all(found: Verdict, why: str) -> Verdict:
    """`found` with a reason against what could be copied so far."""
    return replace(
        found, refusals={name: refusal or Refusal(why, near=True) for name, refusal in found.refusals.items()}
    )


def with_copies(plan: Plan, found: Verdict, order: PacketOrder | None) -> Plan:
    """`plan` with what can be copied copied, and the others' key pictures where the copied ones are, and more."""
    cut = found.segments
    if not found.names or order is None or cut is None:
        return plan
    grid = plan.video.grid
    assert grid.frames is not None  # noqa: S101 - its clock is steady
    rungs = tuple(replace(r, encoder=COPY) if r.name in found.names else r for r in plan.rungs)
    keys = order.keys if all(r.copied for r in rungs) else _filled(grid, order, cut)
    keyed = replace(grid, keys=keys, starts=cut.starts, segment=cut.length)
    return replace(
        plan,
        video=replace(plan.video, grid=keyed),
        rungs=rungs,
        copies=CopyPlan(
            delay=order.delay,
            start=plan.video.start * grid.timescale,
            bytes=sum(order.group_bytes),
            apart=max(b - a for a, b in pairwise((*order.keys, grid.frames))) * grid.time_base,
            grid=grid,
        ),
    )


def _filled(grid: Grid, order: PacketOrder, cut: Segmentation) -> tuple[int, ...]:
    """The key pictures of encoded renditions beside a copied one."""
    assert grid.gop_frames is not None and grid.frames is not None  # noqa: S101 - its clock is steady
    return filled(
        *(order.keys, cut.starts, cut.length, grid.time_base, grid.timescale), grid.gop_frames, grid.frames
    )


def without_copies(plan: Plan) -> Plan:
    """The same plan with everything encoded."""
    if plan.copies is None:
        return plan
    return replace(
        plan,
        video=replace(plan.video, grid=plan.copies.grid),
        rungs=tuple(replace(r, encoder=ENCODERS[r.codec]) if r.copied else r for r in plan.rungs),
        audio=tuple(replace(a, copied=False) for a in plan.audio),
        chunks=plan.copies.chunks,
        copies=None,
    )


def _picture(plan: Plan, video: VideoFacts, rung: Rung, preset: Preset, options: Options) -> str:
    """Why the source's pictures are not those of the rendition."""
    if plan.video.crop is not None:
        return "a part of its picture is cut off"
    if plan.video.pad is not None:
        return "bars are added to its picture"
    size = (rung.width, rung.height)
    shown, stored = (video.display_width, video.display_height), (video.width, video.height)
    if size != shown:
        return f"the source is {shown[0]}x{shown[1]}, the rendition {size[0]}x{size[1]}"
    if stored != shown or video.rotation or video.mirrored or video.sample_aspect != 1:
        return "its pictures are turned or their samples not square"
    if video.cropped != (0, 0) or plan.video.canvas.others or stored != _canvas(plan):
        return "its pictures are cropped or change their size"
    if rung.codec != video.codec:
        return f"the source is {video.codec}, the rendition {rung.codec}"
    if options.format != "cmaf":
        return "transport streams are always encoded"
    if rung.video_range != "SDR" or video.colour.hdr != "none" or video.dolby_vision is not None:
        return "HDR is always encoded"
    if video.profile != PROFILES.get((rung.codec, rung.profile)):
        return f"its profile is {video.profile}, the rendition's {rung.profile}"
    if video.pixel_format != "yuv420p" or video.colour.full_range:
        return f"its pictures are {video.pixel_format}, not yuv420p of limited range"
    if why := _colours(plan, video):
        return why
    if plan.video.fields.method != "keep" or plan.video.fields.why or video.field_order != "progressive":
        return "it is interlaced"
    if video.scan.captions:
        return "it carries captions in the picture"
    return _level(rung, video, preset)


def _canvas(plan: Plan) -> tuple[int, int]:
    return plan.video.canvas.width, plan.video.canvas.height


def _colours(plan: Plan, video: VideoFacts) -> str:
    """BT.709 in all that is named; what is not named gets its name when it is copied."""
    colour, planned = video.colour, plan.video.colour
    plain = not (planned.tone_map or planned.convert or planned.rgb or planned.alpha or planned.grey)
    named = all(n in _NAMED for n in (colour.primaries, colour.transfer, colour.matrix))
    if plain and named and planned.matrix == "bt709":
        return ""
    return f"its colours are {colour.primaries}/{colour.transfer}/{planned.matrix}, not BT.709's"


def _level(rung: Rung, video: VideoFacts, preset: Preset) -> str:
    """At most what the preset could need at its highest frame rate, or what is usual."""
    codec = preset.video.of(rung.codec)
    rate = max(rung.rate, preset.video.max_frame_rate)
    if rung.codec == "h264":
        most, source = h264.level_for(rung.width, rung.height, rate, codec.max_bitrate), video.level or 0
        limit = max(_tenths(most), _tenths(USUAL_LEVEL))
        return "" if 10 <= source <= limit else f"its level is {source / 10:g}, the limit {limit / 10:g}"
    found = levels.lowest(hevc.LEVELS, rung.width, rung.height, rate, codec.max_bitrate)
    limit = max(_tenths(found[0].name if found else USUAL_LEVEL), _tenths(USUAL_LEVEL))
    source = round((video.level or 0) / 3)  # general_level_idc is thirty times the level (H.265 A.4.1)
    return "" if 10 <= source <= limit else f"its level is {source / 10:g}, the limit {limit / 10:g}"


def _tenths(level: str) -> int:
    return round(Fraction(level) * 10)


def _file(
    plan: Plan,
    video: VideoFacts,
    order: PacketOrder | None,
    cut: Segmentation | None,
    preset: Preset,
    *,
    damaged: bool,
) -> str:
    """Why the pictures cannot be taken as they lie in the file."""
    grid, limit = plan.video.grid, preset.video.segment
    if plan.video.logos:
        return "a logo is laid over its picture"
    if video.jumps:
        return "its clock begins anew in the middle"
    if video.timing.counted:
        return "it does not say when its pictures are shown"
    if video.mended:
        return "some of its pictures say a wrong time"
    if damaged:
        return "something is missing of it"
    if video.timing.longest_key_distance >= limit + ROUNDING:
        return (
            f"key frames up to {float(video.timing.longest_key_distance):.1f} s apart, limit {float(limit):g}"
        )
    if grid.rate is None or video.timing.rate is None:
        return "its pictures are unevenly spaced"
    if grid.frame_step > 1 or grid.resample:
        return f"more than {preset.video.max_frame_rate} pictures a second"
    if order is None and plan.video.trim is not None:
        return "no key frame is where it is trimmed, or pictures are needed that are cut away"
    if order is None or len(order.keys) != video.timing.key_frames:
        return "not every picture in the file is shown"
    if not order.closed:
        return "pictures are shown before the key picture that they follow (open groups)"
    if cut is not None and len(plan.rungs) > 1 and len(_filled(grid, order, cut)) > MOST_KEYS:
        return f"more than {MOST_KEYS} key frames"
    if cut is None:
        return f"its key frames lie too unevenly for segments of at most {float(limit):g} s"
    return ""


def _rate(plan: Plan, order: PacketOrder | None, cut: Segmentation | None, cap: int) -> str:
    """As for an encoder: the cap on average, and for each segment two seconds of it more."""
    grid = plan.video.grid
    if order is None or cut is None or grid.frames is None:
        return ""
    average = sum(order.group_bytes) * 8 / grid.duration
    if average > cap:
        return f"{float(average) / 1000:.0f} kbit/s, limit {cap // 1000}"
    before = (0, *accumulate(order.group_bytes))
    places = [bisect_left(order.keys, start) for start in (*cut.starts, grid.frames)]
    for (start, end), (left, right) in zip(
        pairwise((*cut.starts, grid.frames)), pairwise(places), strict=True
    ):
        bits = 8 * (before[right] - before[left])
        seconds = (end - start) * grid.time_base
        if bits > cap * (seconds + 2):
            at = float(start * grid.time_base)
            return f"{float(bits / seconds) / 1000:.0f} kbit/s at {at:.1f} s, limit {cap // 1000}"
    return ""


def _cut(plan: Plan, order: PacketOrder, preset: Preset) -> Segmentation | None:
    grid = plan.video.grid
    if grid.frames is None or grid.rate is None or grid.frame_step > 1 or not order.closed:
        return None
    return segmentation(order.keys, grid.frames, grid.time_base, grid.timescale, preset.video.segment)
