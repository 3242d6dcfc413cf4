"""Answers about sampled pictures, and what they say together."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from made_facts import clip, constant

from ingest.media.facts import Judged, Scan, Shape
from ingest.media.packets import Packet, PacketTable
from ingest.media.sampling import places
from ingest.media.scan import SampledPicture, judge, parse_pictures, scan_of, shows_pulldown

if TYPE_CHECKING:
    from collections.abc import Sequence

SQUARE = Shape(720, 576, Fraction(1))


CAPTIONS = {"side_data_type": "ATSC A53 Part 4 Closed Captions"}


def told(**changes: Any) -> dict[str, Any]:
    usual = {"width": 720, "height": 576, "sample_aspect_ratio": "1:1", "interlaced_frame": 0}
    return usual | changes


def test_pictures() -> None:
    frames = [
        told(),
        told(interlaced_frame=1, top_field_first=1),
        told(interlaced_frame=1, top_field_first=0, sample_aspect_ratio="16:11"),
        told(sample_aspect_ratio="0:1", side_data_list=[CAPTIONS]),
        told(width=0),
        {"side_data_list": []},
        7,
    ]
    found = parse_pictures(json.dumps({"frames": frames}))
    assert found == (
        SampledPicture(SQUARE, "P"),
        SampledPicture(SQUARE, "T"),
        SampledPicture(Shape(720, 576, Fraction(16, 11)), "B"),
        SampledPicture(Shape(720, 576), "P", captions=True),
    )
    shapes = (SQUARE, Shape(720, 576, Fraction(16, 11)), Shape(720, 576))
    assert scan_of(found) == Scan(4, top=1, bottom=1, shapes=shapes, captions=True)
    assert scan_of(found[:3]) == Scan(3, top=1, bottom=1, shapes=shapes[:2])


def test_what_the_container_hides_belongs_to_no_picture() -> None:
    text = json.dumps({"frames": [told(), told(width=8)]})
    assert [p.shape for p in parse_pictures(text, (16, 20))] == [
        Shape(704, 556, Fraction(1)),
        Shape(1, 556, Fraction(1)),
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"frames": []}', "7"])
def test_no_answer_is_no_sample(text: str) -> None:
    assert scan_of(parse_pictures(text)) == Scan()


def log(verdicts: str, repeated: str = "") -> str:
    names = {"T": "tff", "B": "bff", "p": "progressive", "u": "undetermined"}
    kinds = {"-": "neither", "T": "top", "B": "bottom"}
    lines = []
    for index, verdict in enumerate(verdicts):
        lines += [f"frame:{index} pts:{index}", f"lavfi.idet.multiple.current_frame={names[verdict]}"]
        lines += ["lavfi.idet.multiple.tff=3.00", "lavfi.idet.single.current_frame=bff"]
    lines += [f"lavfi.idet.repeated.current_frame={kinds[r]}" for r in repeated]
    return "\n".join(lines)


def test_verdicts_of_all_places_are_added() -> None:
    assert judge([log("TTpu"), log("Bppp"), "nonsense"]) == Judged(8, top=2, bottom=1, smooth=4)
    assert judge([]) == Judged()


FILM, VIDEO, STILL = "--T-B" * 9, "-" * 20 + "TBT-TBBT" * 3, "-" * 45


@pytest.mark.parametrize(
    ("repeated", "verdict"),
    [
        (FILM, True),
        (FILM[3:], True),
        ("T-B--" * 4, True),
        ("--T--" * 9, True),  # the other field shows no movement
        ("--T-B" * 2 + "-" * 35, False),
        (VIDEO, False),
        ("--B-T" * 9, True),  # the same rhythm, met at its other end
        ("T" * 45, False),
        (STILL, None),
        ("--T" + "-" * 42, None),
        ("", None),
    ],
)
def test_rhythm_of_pulldown(repeated: str, verdict: bool | None) -> None:
    kinds = {"-": "neither", "T": "top", "B": "bottom"}
    assert shows_pulldown([kinds[r] for r in repeated]) is verdict


@pytest.mark.parametrize(
    ("places", "pulldown"),
    [
        ((FILM,), True),
        ((FILM, FILM, STILL), True),
        ((FILM, STILL), False),
        ((FILM, FILM, FILM, VIDEO), False),
        ((STILL,), False),
    ],
)
def test_pulldown_must_be_seen_at_most_places_and_contradicted_at_none(
    places: tuple[str, ...], pulldown: bool
) -> None:
    assert judge([log("T" * len(p), p) for p in places]).pulldown is pulldown


def table(keys: list[int], count: int, *, timed: bool = True) -> PacketTable:
    return PacketTable(
        Packet(10 * 25 + i if timed else None, i, 1, 100, key=i in keys, discard=False) for i in range(count)
    )


@pytest.mark.parametrize(
    ("keys", "most", "expected"),
    [
        (range(0, 225, 25), 2, ["10", "15"]),  # the first at or after 10 and 14.5
        (range(0, 225, 25), 12, ["10", "12", "14", "16", "18"]),  # 10 and then each 1.8 s
        (range(0, 225, 50), 12, ["10", "12", "14", "16", "18"]),
        ([0], 12, ["10"]),
        ([0, 224], 12, ["10", "474/25"]),
        ([], 2, ["10", "29/2"]),
    ],
)
def test_places_are_key_pictures_spread_evenly(keys: Sequence[int], most: int, expected: list[str]) -> None:
    video = clip(timing=constant(Fraction(25), 225, Fraction(1, 25), start=Fraction(10)))
    assert places(video, table(list(keys), 225), most) == tuple(map(Fraction, expected))


def test_places_of_a_container_without_presentation_times() -> None:
    video = clip(timing=constant(Fraction(25), 225, Fraction(1, 25), start=Fraction(10)))
    assert places(video, table([0], 225, timed=False), 2) == (Fraction(10), Fraction(29, 2))
