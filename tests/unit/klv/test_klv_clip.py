"""The shared real stream: 300 sets of a flight, synchronous, one for each picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.klv import UasSet, packets

CLIP = Path(__file__).parents[3] / "../shared/media/klv-sync-foreman.ts"


def test_the_real_stream() -> None:
    if not CLIP.exists():
        pytest.skip(f"{CLIP.name} is not beside the repository, in ../shared/media")
    with CLIP.open("rb") as file:
        source = packets(file)
        found = list(source)
    (stream,) = source.streams
    assert dict(stream.standards) == {"ST 0601": 300}
    assert (stream.framing.bad, stream.framing.cut, stream.framing.skipped_bytes, stream.lost) == (0, 0, 0, 0)
    assert (stream.stream_type, stream.stream_ids, stream.celled, stream.declared) == (
        0x15,
        {0xFC},
        True,
        True,
    )
    first = found[0].content
    assert isinstance(first, UasSet)
    assert first.time == 1497623180296000  # 2017-06-16T14:26:20.296Z
    assert first.values[13] == pytest.approx(52.8080, abs=5e-5)
    assert first.values[14] == pytest.approx(-111.0265, abs=5e-5)
    assert first.values[10] == "ScanEagle"
    assert {*first.raw} == set()
    # A set has the time of the picture that it comes with, and these come in the order of coding.
    assert stream.backwards > 0
    assert sorted(p.milliseconds or 0.0 for p in found) == [40.0 * n for n in range(300)]
    for packet in found:
        assert packet.pts is not None and packet.arrival is not None
        assert abs(packet.pts - packet.arrival) <= 90_000 // 5
