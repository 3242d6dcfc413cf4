"""The cues that Esri's client decodes (arcgis.md 3.2): each is the JSON of one ST 0601 set.

Tags are 10000 + the number in ST 0601 and 20000 + that in ST 0102, values in engineering units; 90050 and up are what
Esri computes. The client takes every array for a list of tags, so nothing else is written as one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingest.klv import TAGS, SecuritySet, st0102
from ingest.klv.document import plain
from ingest.telemetry.coverage import outline
from ingest.telemetry.geojson import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.telemetry.track import Point

SOURCE = "EsriVideoServer"
UAS, SECURITY = 10_000, 20_000
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_CENTRE = ((90050, "Frame Center Latitude"), (90051, "Frame Center Longitude"))
_FIRST_CORNER = 90052
_OUTLINE, _SENSOR = 90060, 90061


def cue_text(values: Mapping[int, object], point: Point) -> str:
    """One line that is valid JSON and, as it stands, valid cue text of WebVTT: `<`, `>` and `&` are escaped."""
    data = [{"tagId": UAS, "name": "UAS Datalink Local Set", "value": [*tags(values), *computed(point)]}]
    text = _ENCODE({"source": SOURCE, "data": data})
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def tags(values: Mapping[int, object]) -> list[dict[str, Any]]:
    """Each tag that has a value; a sentinel has none."""
    found = []
    for number in sorted(values):
        value = values[number]
        if isinstance(value, SecuritySet):
            nested = [
                _entry(SECURITY + n, st0102.TAGS[n].name, v)
                for n, v in sorted(value.values.items())
                if v is not None
            ]
            found.append(_entry(UAS + number, TAGS[number].name, nested))
        elif value is not None:
            ready = plain(value)
            if isinstance(ready, list):
                ready = _ENCODE(ready)
            elif isinstance(ready, float):
                ready = float(f"{ready:.10g}")
            found.append(_entry(UAS + number, TAGS[number].name, ready))
    return found


def computed(point: Point) -> list[dict[str, Any]]:
    """Frame centre, corners, outline and sensor position, as far as they are known."""
    found = []
    if centre := point.centre:
        pair = (centre.latitude, centre.longitude)
        found += [_entry(tag, name, round(v, DECIMALS)) for (tag, name), v in zip(_CENTRE, pair, strict=True)]
    if point.footprint:
        for k, corner in enumerate(point.footprint.corners):
            for way, (name, value) in enumerate(zip(("Latitude", "Longitude"), corner, strict=True)):
                label = f"Corner {name} Point {k + 1}"
                found.append(_entry(_FIRST_CORNER + 2 * k + way, label, round(value, DECIMALS)))
        found.append(_entry(_OUTLINE, "Frame Outline", {"geometry": {"rings": outline(point)}}))
    if sensor := point.sensor:
        geometry = {"x": round(sensor.longitude, DECIMALS), "y": round(sensor.latitude, DECIMALS)}
        if sensor.height is not None:
            geometry["z"] = round(sensor.height, 2)
        found.append(_entry(_SENSOR, "Sensor Position", {"geometry": geometry}))
    return found


def _entry(tag: int, name: str, value: object) -> dict[str, Any]:
    return {"tagId": tag, "name": name, "value": value}
