"""The JSON of a cue, as Esri's client reads it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from made_points import NADIR

from ingest.klv import Item, SecuritySet
from ingest.packaging.webvtt_reader import read_webvtt
from ingest.telemetry.esri_cues import cue_text
from ingest.telemetry.track import point_of

VALUES: dict[int, object] = {
    2: 1_700_000_000_000_000,
    3: "Mission <12> & --> more",
    8: None,
    13: 1.0000000049,
    14: 2.0,
    15: 120.5,
    23: 1.5,
    24: 2.5,
    26: 0.01,
    27: -0.01,
    28: 0.01,
    29: 0.01,
    30: -0.01,
    31: 0.01,
    32: -0.01,
    33: -0.01,
    48: SecuritySet({1: 1, 3: "//CA", 12: None}, {}),
    74: (Item(1, "00ff"),),
}


def written(values: dict[int, object]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cue_text(values, point_of(values, 0.0)))
    return document


def client(document: dict[str, Any]) -> dict[int, Any]:
    """What the client makes of a cue: the list of tag 10000, in which every other array is a list of tags, too."""
    assert document["source"] == "EsriVideoServer"
    (tags,) = [d["value"] for d in document["data"] if d["tagId"] == 10000]
    found: dict[int, Any] = {}
    for tag in tags:
        for entry in tag["value"] if isinstance(tag["value"], list) else [tag]:
            found[entry["tagId"]] = (entry["name"], entry["value"])
    return found


def test_the_whole_cue() -> None:
    assert client(written(VALUES)) == {
        10002: ("Precision Time Stamp", 1_700_000_000_000_000),
        10003: ("Mission ID", "Mission <12> & --> more"),
        10013: ("Sensor Latitude", 1.000000005),
        10014: ("Sensor Longitude", 2.0),
        10015: ("Sensor True Altitude", 120.5),
        10023: ("Frame Center Latitude", 1.5),
        10024: ("Frame Center Longitude", 2.5),
        10026: ("Offset Corner Latitude Point 1", 0.01),
        10027: ("Offset Corner Longitude Point 1", -0.01),
        10028: ("Offset Corner Latitude Point 2", 0.01),
        10029: ("Offset Corner Longitude Point 2", 0.01),
        10030: ("Offset Corner Latitude Point 3", -0.01),
        10031: ("Offset Corner Longitude Point 3", 0.01),
        10032: ("Offset Corner Latitude Point 4", -0.01),
        10033: ("Offset Corner Longitude Point 4", -0.01),
        20001: ("Security Classification", 1),
        20003: ("Classifying Country", "//CA"),
        10074: ("VMTI Local Set", '[{"tag":1,"hex":"00ff"}]'),
        90050: ("Frame Center Latitude", 1.5),
        90051: ("Frame Center Longitude", 2.5),
        90052: ("Corner Latitude Point 1", 1.51),
        90053: ("Corner Longitude Point 1", 2.49),
        90054: ("Corner Latitude Point 2", 1.51),
        90055: ("Corner Longitude Point 2", 2.51),
        90056: ("Corner Latitude Point 3", 1.49),
        90057: ("Corner Longitude Point 3", 2.51),
        90058: ("Corner Latitude Point 4", 1.49),
        90059: ("Corner Longitude Point 4", 2.49),
        90060: (
            "Frame Outline",
            {"geometry": {"rings": [[[2.49, 1.51], [2.51, 1.51], [2.51, 1.49], [2.49, 1.49], [2.49, 1.51]]]}},
        ),
        90061: ("Sensor Position", {"geometry": {"x": 2.0, "y": 1.0, "z": 120.5}}),
    }


def test_a_set_without_places_has_its_tags_alone() -> None:
    assert client(written({3: "M", 65: 19})) == {
        10003: ("Mission ID", "M"),
        10065: ("UAS Datalink LS Version Number", 19),
    }


@given(st.text(), st.text())
def test_whatever_a_text_says_the_cue_is_one_line_of_valid_webvtt(mission: str, sensor: str) -> None:
    values: dict[int, object] = {**NADIR, 3: mission, 11: sensor}
    text = cue_text(values, point_of(values, 0.0))
    (cue,) = read_webvtt(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{text}\n").cues
    assert cue.text == text
    assert text.isascii()
    assert client(json.loads(cue.text))[10003] == ("Mission ID", mission)
