"""What planning says of copying, and when it looks into the pictures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from made_facts import HD, SD, clip, constant, track

from ingest.job import codes
from ingest.job.errors import ProcessingError, exit_code_of
from ingest.media.key_pictures import KeyPictures
from ingest.media.options import Options
from ingest.media.packets import Packet, PacketTable
from ingest.media.plan import make_plan
from ingest.media.plan.sound_copying import SoundPackets
from ingest.steps.context import Note
from ingest.steps.copy_choice import choose, choose_sound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.options import Copy
    from ingest.media.plan import Plan
    from ingest.media.presets import Preset

VIDEO = replace(
    clip(1280, 720, timing=constant(Fraction(25), 100, Fraction(1, 25)), bit_rate=2_000_000), level=31
)
PACKETS = PacketTable(Packet(n, n, 1, 10_000, n % 50 == 0, discard=False) for n in range(100))
GOOD = KeyPictures(2, True)
STILLS: Any = {"preview_interval": Fraction(1), "tile": (160, 90)}


def asked(
    copy: Copy = "auto", keys: KeyPictures = GOOD, *presets: Preset, packets: PacketTable = PACKETS
) -> tuple[Plan, Sequence[Note], int]:
    """The plan, the notes, and how often the pictures were looked into."""
    presets = presets or (SD, HD)
    plan = make_plan(VIDEO, (), presets, preview_interval=Fraction(1), tile=(160, 90))
    looks: list[KeyPictures] = []

    def look() -> KeyPictures:
        looks.append(keys)
        return keys

    made, notes = choose(plan, VIDEO, packets, presets, Options(copy=copy), look, damaged=False)
    return made, notes, len(looks)


def test_copied() -> None:
    plan, notes, looks = asked()
    assert ([r.copied for r in plan.rungs], notes, looks) == ([False, True], (), 1)


def test_never() -> None:
    plan, notes, looks = asked("never")
    assert (plan.copies, notes, looks) == (None, (), 0)


def test_nothing_that_could_be_copied_is_no_news() -> None:
    plan, notes, looks = asked("auto", GOOD, SD)
    assert (plan.copies, notes, looks) == (None, (), 0)


def test_what_nearly_could_be_copied_is_noted() -> None:
    plan, notes, looks = asked("auto", KeyPictures(1, True))
    why = "decoding cannot begin at each of its key pictures (open groups)"
    assert (plan.copies, notes, looks) == (None, (Note(codes.NOT_COPIED, why, "hd"),), 1)


def test_insisting() -> None:
    plan, notes, _ = asked("require")
    assert ([r.copied for r in plan.rungs], notes) == ([False, True], ())


@pytest.mark.parametrize(
    ("keys", "presets", "line"),
    [
        (KeyPictures(2, False), (SD, HD), "hd cannot be copied: its parameter sets change"),
        (GOOD, (SD,), "sd cannot be copied: the source is 1280x720, the rendition 720x404"),
    ],
)
def test_insisting_in_vain(keys: KeyPictures, presets: tuple[Preset, ...], line: str) -> None:
    with pytest.raises(ProcessingError) as caught:
        asked("require", keys, *presets)
    assert (caught.value.code, exit_code_of(caught.value)) == (codes.COPY_IMPOSSIBLE, 1)
    assert caught.value.line == f"{line}; leave --copy require out to have it encoded"


def test_sound_beside_a_copied_picture() -> None:
    surround = replace(track(1, 6, layout="5.1"), language="en", codec="aac", profile="LC")
    plan = make_plan(VIDEO, (surround, track(2, 1, language="fr")), (SD, HD), **STILLS)
    heard: list[int] = []

    def listen(index: int) -> SoundPackets:
        heard.append(index)
        packets = (Packet(n * 1024, None, 1024, 700, key=True, discard=False) for n in range(200))
        return SoundPackets(PacketTable(packets), Fraction(1, 48_000), "matroska,webm")

    both = (surround, track(2, 1, language="fr"))
    assert choose_sound(plan, both, Options(), listen) == (plan, ())
    copied, _ = choose(plan, VIDEO, PACKETS, (SD, HD), Options(), lambda: GOOD, damaged=False)
    made, notes = choose_sound(copied, both, Options(), listen)
    assert [(a.name, a.copied) for a in made.audio] == [
        ("en-stereo", False),
        ("en-51", True),
        ("fr-stereo", False),
    ]
    assert notes == (
        Note(codes.SOUND_NOT_COPIED, "en-stereo: the source is 5.1, the rendition stereo"),
        Note(codes.SOUND_COPIED, "en-51"),
        Note(codes.SOUND_NOT_COPIED, "fr-stereo: the source is mono, the rendition stereo"),
    )
    assert heard == [1]
