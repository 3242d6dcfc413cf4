"""Writes all telemetry documents of a file in one pass: nothing is held but the thinned track and the times."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.klv import UasSet
from ingest.klv.document import packet_document, stream_document
from ingest.telemetry import coverage, geojson, picture, table, tally, xml_tracks
from ingest.telemetry.esri_cues import cue_text
from ingest.telemetry.tally import Tally
from ingest.telemetry.track import Track, of_packet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ingest.klv import Packet, PictureTimes, Stream
    from ingest.telemetry.cue_store import CueStore
    from ingest.telemetry.set_store import SetStore

INFO = "info/klv.json"
FOLDER = "telemetry"
SETS, LINES = f"{FOLDER}/klv.json", f"{FOLDER}/klv.ndjson"
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
MOST_STREAMS = 8
"""KLV streams whose bytes are kept."""
LONG = 10_000
"""Sets from which on the document of all of them stands as NDJSON beside it, too."""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many sets were written, how many of them are on the map, and info/klv.json's content."""

    sets: int
    points: int
    footprints: int
    info: dict[str, Any]


def export(
    packets: Iterable[Packet],
    streams: Callable[[], Sequence[Stream]],
    folder: Path,
    *,
    name: str,
    chosen: int | None,
    long: bool,
    ground: float = 0.0,
    cues: CueStore | None = None,
    raw: SetStore | None = None,
    times: tuple[PictureTimes, int] | None = None,
) -> Exported:
    """Write `folder` (info/klv.json, telemetry/...).

    Args:
        streams: says what was found, once all packets have been read.
        name: of the source, for people.
        chosen: the stream that track and cues are made of; None: there are none of ST 0601.
        long: write NDJSON as well.
        ground: metres above the sea of the ground where a set does not say it.
        cues: receives the cue of each set that has a time.
        raw: receives the bytes of each KLV set that has a time.
        times: those that stand in the pictures, and when the film begins on their line (ticks).
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / INFO).parent.mkdir(parents=True, exist_ok=True)
    track, tallies, count = Track(), dict[int, Tally](), 0
    with ExitStack() as stack:
        whole = stack.enter_context((folder / SETS).open("w", encoding="ascii"))
        lines = stack.enter_context((folder / LINES).open("w", encoding="ascii")) if long else None
        rows = None
        if chosen is not None:
            rows = stack.enter_context(
                (folder / FOLDER / "track.csv").open("w", encoding="utf-8", newline="")
            )
            rows.write(table.header())
        spoken = stack.enter_context(cues.path.open("wb")) if cues is not None else None
        kept = stack.enter_context(raw.path.open("wb")) if raw is not None else None
        whole.write(f'{{\n"file": {json.dumps(name)},\n"sets": [')
        for packet in packets:
            text = _ENCODE(packet_document(packet))
            whole.write(("," if count else "") + "\n" + text)
            if lines:
                lines.write(text + "\n")
            count += 1
            tallies.setdefault(packet.stream, Tally()).add(packet)
            if raw is not None and kept and packet.key and packet.milliseconds is not None:
                raw.add(kept, packet.stream, packet.milliseconds, packet.raw, MOST_STREAMS)
            if packet.stream != chosen or not isinstance(packet.content, UasSet):
                continue
            point = of_packet(packet, ground)
            if point is None:
                continue
            track.add(point)
            if rows:
                rows.write(table.row(point))
            if cues is not None and spoken and point.milliseconds is not None:
                cues.add(spoken, point.milliseconds, cue_text(packet.content.values, point))
        found = streams()
        listed = json.dumps([stream_document(s) for s in found], indent=2)
        whole.write(f'\n],\n"streams": {listed}\n}}\n')
    info = tally.document(name, found, tallies, chosen, times)
    (folder / INFO).write_text(json.dumps(info, indent=2) + "\n", encoding="ascii")
    if chosen is not None:
        write_maps(track, folder / FOLDER, name)
    return Exported(count, track.points.count, track.footprints.count, info)


def write_maps(track: Track, folder: Path, name: str) -> None:
    """The track in the formats of maps, and as a picture where it has a place."""
    (folder / "track.geojson").write_text(geojson.text(track), encoding="ascii")
    (folder / "track.gpx").write_text(xml_tracks.gpx(track, name), encoding="utf-8")
    (folder / "track.kml").write_text(xml_tracks.kml(track, name), encoding="utf-8")
    text = json.dumps(coverage.document(track), separators=(",", ":"))
    (folder / "coverage.json").write_text(text + "\n", encoding="ascii")
    image = picture.draw(track)
    if image is not None:
        image.save(folder / "track.png", optimize=True)
