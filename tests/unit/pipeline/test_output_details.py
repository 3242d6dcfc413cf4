"""What the record says of a resolution's renditions."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from ingest.pipeline.runner import output_details

if TYPE_CHECKING:
    from ingest.packaging.measure import Track


def measured(codec: str, rate: int) -> Track:
    track = SimpleNamespace(
        codec=codec,
        frames=300,
        duration=Fraction(1001, 100),
        average_bandwidth=rate,
        peak_bandwidth=2 * rate,
        segments=("a", "b"),
    )
    return cast("Track", track)


def details(codec: str, rate: int, *, copied: bool = False) -> dict[str, object]:
    return {
        "codecs": codec,
        "frames": 300,
        "durationSeconds": 10.01,
        "averageBandwidth": rate,
        "peakBandwidth": 2 * rate,
        "segments": 2,
        "copied": copied,
    }


def test_of_one_rendition() -> None:
    assert output_details({"sd": measured("avc1.64001e", 900)}) == details("avc1.64001e", 900)


def test_of_several_the_first_and_each_by_name() -> None:
    avc, av01 = ("avc1.64001e", 900), ("av01.0.04M.08", 500)
    tracks = {"sd": measured(*avc), "sd-av1": measured(*av01)}
    assert output_details(tracks, frozenset({"sd"})) == details(*avc, copied=True) | {
        "renditions": {"sd": details(*avc, copied=True), "sd-av1": details(*av01)}
    }
