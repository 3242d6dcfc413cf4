"""Which pictures are asked for, and how the answers are put together; no program runs."""

from __future__ import annotations

import json
import threading
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from ingest.media.facts import Scan, Shape
from ingest.media.sampling import _flags

if TYPE_CHECKING:
    import pytest

    from ingest.media.facts import VideoFacts
    from ingest.media.probe import Prober

F = Fraction
PROBER = cast(
    "Prober",
    SimpleNamespace(command=lambda *words: words, cancel=None, limits=SimpleNamespace(pixels=1000)),
)
TIMING = SimpleNamespace(frames=1000, mean_rate=F(25))
VIDEO = cast(
    "VideoFacts",
    SimpleNamespace(index=0, width=64, height=16, codec="h264", timing=TIMING, cropped=(0, 0)),
)


def test_the_places_are_asked_for_by_two_side_by_side_and_counted_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both, asked = threading.Barrier(2, timeout=10), []

    def run(command: tuple[str, ...], **_: object) -> Any:
        intervals = command[command.index("-read_intervals") + 1]
        asked.append(intervals)
        both.wait()
        first = intervals.startswith("0.0")
        frames = [
            {"width": 64 if first else 32, "height": 16, "interlaced_frame": 1, "top_field_first": int(first)}
        ]
        return SimpleNamespace(stdout=json.dumps({"frames": frames}).encode())

    monkeypatch.setattr("ingest.media.sampling.process.run", run)
    found = _flags(PROBER, VIDEO, (F(0), F(2), F(4)), F(0))
    assert sorted(asked) == ["0.000000%1.280000,2.000000%3.280000", "4.000000%5.280000"]
    shapes = (Shape(64, 16, None), Shape(32, 16, None))
    assert found == Scan(pictures=2, top=1, bottom=1, shapes=shapes, captions=False)


def test_one_place_is_asked_for_once_on_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **_: object) -> Any:
        asked.append(command)
        return SimpleNamespace(stdout=b"not JSON")

    monkeypatch.setattr("ingest.media.sampling.process.run", run)
    assert _flags(PROBER, VIDEO, (F(3, 2),), F(1, 2)) == Scan(
        pictures=0, top=0, bottom=0, shapes=(), captions=False
    )
    assert len(asked) == 1
    assert asked[0][:6] == ("-threads", "2", "-max_pixels", "1000", "-select_streams", "0")
    assert asked[0][6:8] == ("-read_intervals", "1.000000%5.340000")
