"""How fast KLV is read: sets a second on one core, a flight of two hours, and bytes made to be slow.

Run by hand: `python bench/klv.py [CLIP.ts] [--hours 2] [--markdown]`. CLIP is a transport stream with KLV; without it
only the flight that is made here is read. CPU seconds of this process; the best of several rounds for the rates.
"""

from __future__ import annotations

import argparse
import resource
import struct
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from main_job import table

from ingest.klv import UasSet, packets
from ingest.klv.st0601 import Decoder
from ingest.packaging.klv_rendition import write_klv_rendition
from ingest.telemetry import export
from ingest.telemetry.cue_store import CueStore

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from typing import TYPE_CHECKING

from made_klv import KLV_PID, PICTURES, SYNC, UAS, Mux, ber, cell, item, klv, uas_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 30
AT_LEAST = 50_000
HOSTILE = {
    "keys that each promise a megabyte": UAS + b"\x83\x0f\xff\x00",
    "keys that promise four bytes": UAS + b"\x04\x01\x02\x00\x00",
    "prefixes of keys": UAS[:4],
    "sets whose text is a key": uas_set(item(3, UAS)),
    "sets of 1000 items with no bytes": uas_set(b"\x05\x00" * 1000),
    "nested sets": uas_set(item(74, item(101, bytes(64)) * 15)),
    "sets of another standard": klv(UAS[:13] + b"\x7f\0\0", b"ab"),
}


def one_set(number: int) -> bytes:
    """A set as drones send them: 33 tags, 260 bytes, with values that change."""
    turn = number * 4099
    items = item(3, b"Mission 12") + item(5, struct.pack(">H", turn & 0xFFFF))
    items += b"".join(
        item(tag, struct.pack(">h", (turn * tag) % 65535 - 32767)) for tag in (6, 7, *range(26, 34))
    )
    items += item(10, b"ScanEagle") + item(11, b"EO Nose") + item(12, b"Geodetic WGS84")
    items += b"".join(
        item(tag, struct.pack(">i", (turn * tag) % 2**31 - 2**30)) for tag in (13, 14, 18, 19, 20, 21, 23, 24)
    )
    items += b"".join(item(tag, struct.pack(">H", (turn + tag) & 0xFFFF)) for tag in (15, 16, 17, 22, 25))
    items += item(48, item(1, b"\x01") + item(2, b"\x01") + item(3, b"//CA") + item(22, b"\x00\x0c"))
    return uas_set(items, time=1_700_000_000_000_000 + number * 1_000_000 // RATE)


def best(rounds: int, work: Callable[[], int]) -> float:
    """Things a second of CPU time: `work` says how many it did."""
    rates = []
    for _ in range(rounds):
        begun = time.process_time()
        count = work()
        rates.append(count / (time.process_time() - begun))
    return max(rates)


def decoding(sets: list[bytes]) -> float:
    decoder = Decoder()
    framed = [(data, 17 if data[16] < 128 else 17 + (data[16] & 0x7F)) for data in sets]

    def work() -> int:
        for data, body in framed:
            decoder.decode(data, body)
        return len(framed)

    return best(40, work)


def whole(source: bytes, rounds: int = 10) -> float:
    return best(rounds, lambda: sum(1 for _ in packets(source)))


def flight(path: Path, hours: float) -> int:
    """Writes a transport stream of so many hours with a picture and a set 30 times a second; how many sets."""
    count = int(hours * 3600 * RATE)
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    with path.open("wb") as file:
        for number in range(count):
            ticks = 126_000 + number * 3000
            mux.picture(ticks, size=900)
            mux.klv(cell(one_set(number)), ticks)
            if number % 100 == 0:
                mux.tables(PICTURES, SYNC)
            file.write(mux.data)
            mux.data = b""
    return count


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows(clip: Path | None, hours: float) -> Iterator[tuple[str, str, str]]:
    made = [one_set(number) for number in range(300)]
    yield f"decoding sets of {len(made[0])} bytes, 33 tags, sets/s", f"{decoding(made):.0f}", str(AT_LEAST)
    yield "bare KLV from bytes to typed sets, sets/s", f"{whole(b''.join(made) * 4):.0f}", ""
    if clip:
        data = clip.read_bytes()
        real = [p for p in packets(data) if isinstance(p.content, UasSet)]
        sets = [p.key + ber(len(p.value)) + p.value for p in real]
        yield f"decoding the sets of {clip.name}, sets/s", f"{decoding(sets):.0f}", str(AT_LEAST)
        yield f"{clip.name} from file to typed sets, sets/s", f"{whole(data * 3):.0f}", ""
    for name, pattern in HOSTILE.items():
        data = one_set(0) + pattern * ((1 << 20) // len(pattern))
        yield (
            f"1 MiB of {name}, s",
            f"{1 / best(2, lambda data=data: sum(1 for _ in packets(data)) and 1):.2f}",
            "",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flight.ts"
        count, before = flight(path, hours), peak_megabytes()
        begun = time.process_time()
        with path.open("rb") as file:
            found = sum(1 for _ in packets(file))
        seconds = time.process_time() - begun
        assert found == count, (found, count)
        size = path.stat().st_size / 1e6
        read = peak_megabytes()
        written, cpu = exported(path, Path(folder))
    yield f"flight of {hours:g} h, {count} sets, {size:.0f} MB: CPU s", f"{seconds:.1f}", ""
    yield (
        "the same: peak memory, MB, and how much of it came with reading",
        f"{read:.0f}, {read - before:.1f}",
        "",
    )
    yield "all of telemetry/ and its WebVTT rendition of that flight: CPU s", f"{cpu:.1f}", ""
    yield "the same: memory beyond what was in use before, MB", f"{peak_megabytes() - read:.1f}", ""
    yield "the same: written, MB", f"{written / 1e6:.0f}", ""


def exported(path: Path, folder: Path) -> tuple[int, float]:
    """Writes what a job writes of a flight's KLV, rendition included; bytes written and CPU seconds."""
    begun = time.process_time()
    with path.open("rb") as file:
        found = packets(file)
        store = CueStore(folder / "cues")
        made = export(
            found, lambda: found.streams, folder, name=path.name, chosen=KLV_PID, long=True, cues=store
        )
    end = made.info["streams"][0]["lastMilliseconds"] + 33
    edges = [Fraction(6 * k) for k in range(int(end // 6000) + 1)]
    write_klv_rendition(folder / "telemetry", store.cues(int(end)), [*edges, Fraction(end) / 1000], 6)
    seconds = time.process_time() - begun
    written = sum(p.stat().st_size for part in ("telemetry", "info") for p in (folder / part).iterdir())
    return written, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    found = [list(row) for row in rows(options.clip, options.hours)]
    print(table(["measured", "value", "at least"], found, markdown=options.markdown))


if __name__ == "__main__":
    main()
