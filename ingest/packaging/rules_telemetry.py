"""Rules for KLV in a package: cues that Esri's client can parse, and documents that agree with each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingest.packaging.findings import OURS, FaultError
from ingest.packaging.packager import GROUP_KLV, KLV_FOLDER
from ingest.packaging.playlists import place_of, read_text, resolve
from ingest.packaging.text_manifests import NO_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.playlists import Master, MediaPlaylist

_RULE = f"{OURS} klv"
_MAX_TEXT = 16 << 20
_MAX_DOCUMENT = 64 << 20
_MAX_LINE = 4 << 20
_BEFORE = 60_000
"""Milliseconds: KLV may come before the first picture, and last longer than the film."""


def check_klv_cues(
    master: Master, texts: Mapping[Path, tuple[MediaPlaylist, Mapping[str, Path]]], root: Path, checks: Checks
) -> None:
    """In a group `klv` the KLV stands before all other subtitles, and each of its cues is JSON of Esri's shape."""
    subtitles = [m for m in master.media if m.attributes.get("TYPE") == "SUBTITLES"]
    if not any(m.attributes.get("GROUP-ID") == GROUP_KLV for m in subtitles):
        return
    first = subtitles[0]
    language = first.attributes.get("LANGUAGE")
    good = first.attributes.get("GROUP-ID") == GROUP_KLV and language == NO_LANGUAGE
    place = place_of(master.path, root)
    checks.must(good, _RULE, place, f"first subtitles in {language!r}", "the KLV before all other subtitles")
    if first.uri is None or not good:
        return
    try:
        named = resolve(first.uri, master.path.parent, root, place)
    except FaultError:
        return  # said where the rendition is read
    for path, (playlist, files) in texts.items():
        if path == named:
            for name in dict.fromkeys(entry.uri for entry in playlist.entries if entry.uri in files):
                _check_cues(files[name], place_of(files[name], root), checks)


def _check_cues(path: Path, where: str, checks: Checks) -> None:
    from ingest.packaging.webvtt_reader import WebvttError, read_webvtt

    try:
        cues = read_webvtt(read_text(path, where, _MAX_TEXT)).cues
    except (WebvttError, FaultError):
        return  # said where subtitles are checked
    bad = next((cue for cue in cues if not _is_esri(cue.text)), None)
    found = f"a cue at {float(bad.start):.3f} s that is not" if bad else ""
    checks.must(bad is None, _RULE, where, found, 'cues of JSON with "source" and "data" (tagId, value)')


def _is_esri(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    data = document.get("data") if isinstance(document, dict) else None
    return isinstance(data, list) and all(isinstance(d, dict) and "tagId" in d for d in data)


def check_telemetry(root: Path, duration: Fraction | None, checks: Checks) -> None:
    """info/klv.json, where it is there, counts what telemetry/klv.json has; the coverage lies inside the film."""
    info_path, folder = root / "info/klv.json", root / KLV_FOLDER
    if not info_path.is_file():
        return
    info = _load(info_path, root, checks)
    streams = info.get("streams") if isinstance(info, dict) else None
    if not checks.must(isinstance(streams, list), _RULE, place_of(info_path, root), "no streams", "a list"):
        return
    counted = sum(_counts(s) for s in streams or ())
    for name in ("klv.json", "klv.ndjson"):
        path = folder / name
        if name == "klv.ndjson" and not path.exists():
            continue
        found = sum(1 for line in _lines(path) if line.startswith('{"stream":'))
        checks.must(found == counted, _RULE, place_of(path, root), f"{found} sets", f"{counted} as counted")
    if isinstance(info, dict) and info.get("used") is not None:
        _check_coverage(folder / "coverage.json", duration, root, checks)
        for name in ("track.geojson", "track.csv", "track.gpx", "track.kml"):
            there = (folder / name).is_file()
            checks.must(there, _RULE, f"{KLV_FOLDER}/{name}", "no such file", "the track of the ST 0601 sets")


def _counts(stream: object) -> int:
    sets = stream.get("sets") if isinstance(stream, dict) else None
    return sum(n for n in sets.values() if isinstance(n, int)) if isinstance(sets, dict) else 0


def _check_coverage(path: Path, duration: Fraction | None, root: Path, checks: Checks) -> None:
    document = _load(path, root, checks)
    where = place_of(path, root)
    try:
        points = document["sensorPoints"]["points"]
        rings = document["area"]["rings"]
        times = [p[-1] for p in points if isinstance(p[-1], int | float)]
        shaped = isinstance(rings, list) and "start" in document["telemetry"]
    except (KeyError, TypeError, IndexError):
        shaped, times = False, []
    checks.must(shaped, _RULE, where, "another shape", "area, sensorPoints and telemetry in Esri's shape")
    if duration is not None and times:
        most = float(duration) * 1000 + _BEFORE
        inside = min(times) >= -_BEFORE and max(times) <= most
        found = f"sensor points from {min(times)} to {max(times)} ms"
        checks.should(inside, _RULE, where, found, "times on the film's timeline")


def _load(path: Path, root: Path, checks: Checks) -> Any:
    where = place_of(path, root)
    try:
        return json.loads(read_text(path, where, _MAX_DOCUMENT))
    except FaultError as fault:
        checks.fault(fault.finding)
    except (ValueError, RecursionError):
        checks.must(False, _RULE, where, "no JSON", "a JSON document")
    return None


def _lines(path: Path) -> Iterator[str]:
    """Lines of a file that may be longer than memory; nothing where it cannot be read."""
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            while line := file.readline(_MAX_LINE):
                yield line
    except OSError:
        return
