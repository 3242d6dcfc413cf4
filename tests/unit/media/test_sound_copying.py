"""When the source's sound is copied beside its picture, which packets of it, and why not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from made_facts import HD, clip, track

from ingest.media.command import EncodeInput, sound_arguments
from ingest.media.command.copying import copy_arguments
from ingest.media.options import Options
from ingest.media.packets import Packet, PacketTable
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.copying import CopyPlan, without_copies
from ingest.media.plan.describe import rows
from ingest.media.plan.rungs import COPY
from ingest.media.plan.sound_copying import (
    SoundPackets,
    first_packet,
    refused,
    unlike,
    with_copied_sound,
)

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts

TRACK = track(1, language="en")
BASE = Fraction(1, 48_000)
FRAME = 1024


def planned(sound: AudioFacts = TRACK, start: Fraction = Fraction(0)) -> Plan:
    """Ten seconds of picture (469 frames of sound), copied."""
    video = clip(1280, 720)
    video = replace(video, timing=replace(video.timing, start=start))
    plan = make_plan(video, (sound,), (HD,), preview_interval=Fraction(1), tile=(160, 90))
    copies = CopyPlan(0, start * plan.video.grid.timescale, 1, Fraction(1), plan.video.grid)
    return replace(plan, rungs=tuple(replace(r, encoder=COPY) for r in plan.rungs), copies=copies)


def lies(count: int = 472, first: int = -FRAME, size: int = 340, **changes: Any) -> SoundPackets:
    """Packets one after the other, the first of them priming."""
    packets = PacketTable(
        Packet(first + n * FRAME, first + n * FRAME, FRAME, size, key=True, discard=n == 0 > first)
        for n in range(count)
    )
    return replace(SoundPackets(packets, BASE, "mov,mp4,m4a,3gp,3g2,mj2"), **changes)


@pytest.mark.parametrize(
    ("sound", "options", "why"),
    [
        (TRACK, Options(), ""),
        (TRACK, Options(loudness=-23.0), "its loudness is changed"),
        (TRACK, Options(format="ts"), "transport streams are always encoded"),
        (replace(TRACK, profile="HE-AAC"), Options(), "the source is aac HE-AAC, the rendition aac LC"),
        (replace(TRACK, codec="mp3", profile=None), Options(), "the source is mp3, the rendition aac LC"),
        (
            replace(TRACK, channels=1, layout="mono"),
            Options(),
            "the source is mono, the rendition stereo",
        ),
        (
            replace(TRACK, sample_rate=32_000),
            Options(),
            "the source has 32000 Hz, the rendition 48000",
        ),
    ],
)
def test_another_sound_than_the_rendition_s(sound: AudioFacts, options: Options, why: str) -> None:
    assert unlike(planned(sound).audio[0], sound, options) == why


def test_of_surround_its_own_rendition_is_alike() -> None:
    sound = replace(TRACK, channels=6, layout="5.1")
    stereo, surround = planned(sound).audio
    assert unlike(stereo, sound, Options()) == "the source is 5.1, the rendition stereo"
    assert unlike(surround, sound, Options()) == ""


def moved(number: int, ticks: int) -> SoundPackets:
    """From packet `number` on, later by `ticks`."""
    found = lies()
    return replace(
        found, packets=found.packets.shifted([ticks if n >= number else 0 for n in range(len(found.packets))])
    )


def hidden(number: int) -> SoundPackets:
    found = lies()
    return replace(
        found,
        packets=PacketTable(replace(p, discard=n == number) for n, p in enumerate(found.packets)),
    )


STEADY = "only MP4, MOV and Matroska say once for all what their sound is like"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (lies(), ""),
        (lies(first=0, count=470), ""),
        (lies(first=-FRAME + 96), ""),
        (lies(first=-FRAME + 97), "its frames lie 2.02 ms beside the picture's start, limit 2"),
        (lies(first=-2112), ""),  # Apple's priming ends 1.3 ms into a frame
        (lies(first=480), "its frames lie 10 ms beside the picture's start, limit 2"),
        (lies(first=48_000), "its frames lie 1000 ms beside the picture's start, limit 2"),
        (moved(101, 480), "a hole or an overlap of 10 ms at 2.1 s, limit 2"),
        (moved(101, -480), "a hole or an overlap of 10 ms at 2.1 s, limit 2"),
        (moved(101, 90), ""),
        (lies(count=469), "it ends 21.33 ms before the picture"),
        (lies(count=1), "it ends 10005.33 ms before the picture"),
        (lies(size=357), ""),
        (lies(size=359), "135 kbit/s, limit 134"),
        (hidden(100), "some of its packets are damaged, not shown or have no time"),
        (lies(format="mpegts"), STEADY),
        (lies(format="matroska,webm"), ""),
    ],
)
def test_how_its_packets_lie(found: SoundPackets, why: str) -> None:
    assert refused(planned().audio[0], Fraction(0), found) == why


def test_the_packet_that_begins_with_the_picture() -> None:
    rendition = planned().audio[0]
    assert first_packet(rendition, Fraction(0), lies()) == 1
    assert first_packet(rendition, Fraction(640, 1000), lies()) == 31
    assert first_packet(rendition, Fraction(650, 1000), lies()) == 31
    assert first_packet(rendition, Fraction(651, 1000), lies()) == 32
    assert refused(rendition, Fraction(640, 1000), lies(count=502)) == ""


FRAMES = (
    "noise=drop='lt(pts*tb,236/375)+gte(pts*tb,3988/375)',"
    "setts=time_base=1/48000,setts=pts=N*1024:dts=N*1024:duration=1024"
)


def test_the_commands() -> None:
    plan = with_copied_sound(planned(start=Fraction(64, 100)), ["en-stereo"])
    assert [a.copied for a in plan.audio] == [True]
    given = EncodeInput("file:/proc/self/fd/3", 100, 8)
    command = copy_arguments("ffmpeg", plan, given)
    at = command.index("0:1")
    # Half a frame before 0.64 s, and 469 frames on.
    assert command[at - 1 : at + 15] == (
        *("-map", "0:1", "-f", "mp4", "-bsf:a"),
        FRAMES,
        *("-c", "copy", "-map_chapters", "-1", "-map_metadata", "-1", "-use_editlist", "0"),
        *("sound-en-stereo.mp4", "-map"),
    )
    measuring = sound_arguments("ffmpeg", plan, given)
    assert "aac" not in measuring
    assert [measuring[i + 1] for i, word in enumerate(measuring) if word == "-f"] == ["null"]


def test_in_words_and_back() -> None:
    plan = planned()
    made = with_copied_sound(plan, ["en-stereo"])
    assert dict(rows(made))["audio en-stereo"].endswith("48000 Hz, copied, default")
    assert with_copied_sound(made, ()) == plan
    assert not without_copies(made).audio[0].copied
