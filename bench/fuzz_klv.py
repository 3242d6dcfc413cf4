"""Coverage-guided fuzzing of all that reads telemetry: KLV, GPMF and side files, up to the documents made of them.

Run by hand: `python bench/fuzz_klv.py [--seconds 60] [--seed 1] [--corpus DIR]`. With atheris (`pip install atheris`)
its libFuzzer does the guiding; without it, a small loop here does: it keeps each input that reaches a new line or
takes a known one many more times. What must hold of any input: no exception but `NotKlvError`, documents of JSON,
cues that are valid, and no more than a second for 64 KiB.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from made_klv import ASYNC, EG_0104, SYNC, flight, item, klv, m2ts, numbered, uas_set

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LONGEST = 1 << 16
SLOW = 1.0
_WATCHED = ("/ingest/klv/", "/ingest/telemetry/")


def target(data: bytes) -> None:
    """Everything that can be made of `data`, as each of the kinds that it might be. Raises what must not be."""
    from ingest.klv import NotKlvError, Stream, packets, samples
    from ingest.klv.document import packet_document, stream_document
    from ingest.telemetry import Track, side_csv, side_srt, tally
    from ingest.telemetry.coverage import document
    from ingest.telemetry.esri_cues import cue_text
    from ingest.telemetry.geojson import text
    from ingest.telemetry.gpmf import fixes
    from ingest.telemetry.track import of_packet

    begun = time.process_time()
    track = Track()
    found = packets(data)
    try:
        for packet in found:
            json.dumps(packet_document(packet))
            point = of_packet(packet)
            if point is not None:
                track.add(point)
                cue = cue_text(packet.content.values, point)  # type: ignore[union-attr]
                assert json.loads(cue)["source"] and "\n" not in cue and "<" not in cue
        json.dumps([stream_document(s) for s in found.streams])
        tally.choose(found.streams)
    except NotKlvError:
        pass
    for _ in samples([(data[:1000], 0), (data[1000:], 3600)]):
        pass
    for _, values in fixes(data):
        assert abs(float(str(values[13]))) <= 90
    lines = data[:4096].decode("utf-8", "replace").splitlines(keepends=True)
    for _ in (*side_csv.rows(lines, Stream()), *side_srt.cues(lines, Stream())):
        pass
    json.loads(text(track))
    json.dumps(document(track))
    seconds = time.process_time() - begun
    assert seconds < SLOW, f"{seconds:.1f} s"


def seeds() -> list[bytes]:
    """Good streams of each kind to begin with."""
    made = [
        flight(SYNC, 6, cells=True).data,
        flight(ASYNC, 6, timed=False, stream_id=0xBD).data,
        m2ts(flight(SYNC, 4).data),
        b"".join(numbered(k) for k in range(4)),
        klv(EG_0104, bytes(40)),
        uas_set(
            b"".join(
                item(tag, bytes(range(1, 9))) for tag in (*range(3, 128, 3), 48, 73, 74, 81, 94, 115, 141)
            )
        ),
        b"DEVC\0\1\0\x40STRM\0\1\0\x38SCALl\4\0\5" + b"\0\0\0\1" * 5 + b"GPS5l\x14\0\1" + bytes(20),
        b"Precision Time Stamp,Sensor Latitude\n1700000000000000,48.5\n",
        b"1\n00:00:00,000 --> 00:00:01,000\n[latitude: 48.5] [longitude: 11.2] [abs_alt: 5]\n",
    ]
    return [data[:LONGEST] for data in made]


class Guided:
    """Mutates what reached something new; coverage are the lines of our modules, by how often (in powers of two)."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.seen: set[tuple[str, int, int]] = set()
        self.kept: list[bytes] = []
        self.runs = 0

    def run(self, data: bytes) -> bool:
        """Whether it reached something new."""
        hits: dict[tuple[str, int], int] = {}

        def trace(frame: FrameType, event: str, _: object) -> Callable[..., object] | None:
            name = frame.f_code.co_filename
            if event == "call" and not any(part in name for part in _WATCHED):
                return None
            if event == "line":
                place = (name, frame.f_lineno)
                hits[place] = hits.get(place, 0) + 1
            return trace

        sys.settrace(trace)
        try:
            target(data)
        finally:
            sys.settrace(None)
        self.runs += 1
        new = {(name, line, count.bit_length()) for (name, line), count in hits.items()} - self.seen
        self.seen |= new
        return bool(new)

    def mutated(self) -> bytes:
        data = bytearray(self.random.choice(self.kept))
        for _ in range(self.random.choice((1, 1, 2, 4, 16))):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(6)
            if kind == 0 and data:
                data[at % len(data)] = self.random.randrange(256)
            elif kind == 1 and data:
                data[at % len(data)] ^= 1 << self.random.randrange(8)
            elif kind == 2:
                del data[at : at + self.random.choice((1, 2, 188, 1000))]
            elif kind == 3:
                data[at:at] = self.random.choice(
                    (b"\x06\x0e\x2b\x34", b"\xff", b"\x84\xff\xff\xff\xff", b"\x47")
                )
            elif kind == 4:
                other = self.random.choice(self.kept)
                cut = self.random.randrange(len(other) + 1)
                data[at : at + len(other) - cut] = other[cut:]
            else:
                piece = data[at : at + 188]
                data[at:at] = piece * self.random.choice((1, 2, 8))
        return bytes(data[:LONGEST])


def by_ourselves(seconds: float, number: int) -> str:
    guided = Guided(number)
    # The tracing itself takes most of the time: the bound is for what runs without it.
    globals()["SLOW"] = 60.0
    for data in seeds():
        guided.run(data)
        guided.kept.append(data)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = guided.mutated()
        try:
            new = guided.run(data)
        except Exception:
            Path(f"fuzz-klv-{guided.runs}.bin").write_bytes(data)
            raise
        if new:
            guided.kept.append(data)
    return f"{guided.runs} runs, {len(guided.kept)} kept, {len(guided.seen)} places, no fault"


def by_atheris(seconds: float, number: int, corpus: Path) -> None:
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["ingest.klv", "ingest.telemetry"]):
        target(b"")
    for place, data in enumerate(seeds()):
        (corpus / f"seed-{place}").write_bytes(data)
    limits = (f"-max_total_time={seconds:.0f}", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=1024")
    atheris.Setup([sys.argv[0], *limits, f"-seed={number}", "-print_final_stats=1", str(corpus)], target)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--ourselves", action="store_true", help="not with atheris")
    options = parser.parse_args()
    try:
        import atheris  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        options.ourselves = True
    if options.ourselves:
        print(by_ourselves(options.seconds, options.seed))
        return
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="fuzz-klv-"))
    corpus.mkdir(parents=True, exist_ok=True)
    by_atheris(options.seconds, options.seed, corpus)


if __name__ == "__main__":
    main()
