"""The real clips of shared/media in `--res sd,hd,fhd`, each against what is known of it by looking."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from main_job import SAMPLE_CLIPS, SHARED_CLIPS, Clip
from measuring import cuts, likeness, packet_times, probe

from trait_cases.checks import says, video_stream
from trait_cases.core import Case, Check, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

TRAIT = "the clips of shared/media and sample_media, in sd, hd and fhd"


def cases(media: Path) -> list[Case]:
    """Of the clips that are there; a clip in a folder of its own has its whole path for a name."""
    shared = [replace(c, file=str((media / c.file).resolve())) for c in SHARED_CLIPS]
    return [_case(clip) for clip in (*shared, *SAMPLE_CLIPS) if clip.path.exists()]


def _case(clip: Clip) -> Case:
    checks = (rungs(clip), times(clip), right_pictures(clip), sound(clip), begins(clip))
    notes = (says("Stream Left Out"),) if any(9107 in found for found in clip.notes.values()) else ()
    return Case(TRAIT, clip.path.name, partial(itself, clip=clip), (*checks, *notes), resolutions="sd,hd,fhd")


def itself(_clips: Clips, clip: Clip) -> Path:
    return clip.path


def rungs(clip: Clip) -> Check:
    def check(job: Job) -> Finding:
        found = {}
        for rung in job.package.rungs:
            stream = video_stream(job.package.joined(f"video/{rung}"))
            found[rung] = (stream["width"], stream["height"])
        return Finding(sizes(found), sizes(clip.rungs), found == clip.rungs)

    return check


def sizes(rungs: dict[str, tuple[int, int]]) -> str:
    return ", ".join(f"{name} {width}x{height}" for name, (width, height) in rungs.items())


def times(clip: Clip) -> Check:
    """Each rung has the source's pictures at the source's times, and EXTINF their length."""

    def check(job: Job) -> Finding:
        shown = packet_times(clip.path, clip.stream)
        grid = clip.rate and [i / clip.rate for i in range(len(shown))]
        wanted = grid or [t - shown[0] for t in shown]
        longest = max(b - a for a, b in pairwise(wanted))
        counts, off, ends = [], 0, []
        for rung in clip.rungs:
            found = packet_times(job.package.joined(f"video/{rung}"))
            counts.append(len(found))
            off += len(set(found) - set(wanted))
            ends.append(cuts(job.package.playlist(f"video/{rung}"))[-1])
        near = all(wanted[-1] < e <= wanted[-1] + longest + Fraction(1, 1000) for e in ends)
        allowed = clip.contradicting * len(clip.rungs)
        passed = set(counts) == {clip.pictures} and off == allowed and near
        measured = f"{'/'.join(map(str, counts))} pictures, {off} off, EXTINF {float(ends[0]):.3f} s"
        ending = f"{float(wanted[-1]):.3f} s and one picture"
        return Finding(measured, f"{clip.pictures} each, {allowed} off, {ending}", passed)

    return check


def right_pictures(clip: Clip) -> Check:
    """Against the source's own, turned upright by filters; tone mapped ones only for their order."""

    def check(job: Job) -> Finding:
        shown = clip.shown()
        found = [likeness(job.package.pictures(rung), shown) for rung in clip.rungs]
        misplaced = max(len(f.misplaced) for f in found)
        worst = min(f.worst for f in found)
        floor = 0 if clip.hdr else 30
        passed = misplaced <= clip.contradicting and worst > floor
        measured = f"{misplaced} out of place, worst picture {worst:.1f} dB"
        wanted = f"{clip.contradicting}, {'tone mapped in another way' if clip.hdr else 'over 30 dB'}"
        return Finding(measured, wanted, passed)

    return check


def sound(clip: Clip) -> Check:
    def check(job: Job) -> Finding:
        found = {}
        for name in job.package.sounds:
            (stream,) = probe(job.package.joined(f"audio/{name}"), "-show_streams")["streams"]
            found[name] = stream["channels"]
        words, wanted = (
            ", ".join(f"{n} {c} ch" for n, c in x.items()) or "no sound" for x in (found, clip.sounds)
        )
        return Finding(words, wanted, found == clip.sounds)

    return check


def begins(clip: Clip) -> Check:
    """Picture and sound at zero, and the sound as long as the picture."""

    def check(job: Job) -> Finding:
        starts = [packet_times(job.package.joined(f"video/{r}"))[0] for r in clip.rungs]
        length = cuts(job.package.playlist(f"video/{next(iter(clip.rungs))}"))[-1]
        lengths = []
        for name in job.package.sounds:
            heard = job.package.sound(name)
            starts.append(heard.start)
            lengths.append(float(heard.duration - length))
        worst = max(map(abs, lengths), default=0.0)
        measured = f"starts at {'/'.join(f'{float(s):g}' for s in starts)} s"
        measured += f", sound ends {worst * 1000:.1f} ms from the picture" if lengths else ""
        return Finding(measured, "all 0, within 62 ms", not any(starts) and worst <= 0.0625)

    return check
