"""Rules for the DASH manifest (ISO/IEC 23009-1): static, and naming the same media as the HLS playlists."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from ingest.packaging.codecs import same_codec
from ingest.packaging.findings import DASH, OURS, FaultError
from ingest.packaging.playlists import place_of, read_text, resolve
from ingest.packaging.rules_codecs import video_range
from ingest.packaging.rules_tiles import check_image_representation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track

_TRANSFER = "urn:mpeg:mpegB:cicp:TransferCharacteristics"
_NS = "{urn:mpeg:dash:schema:mpd:2011}"
_MAX_SEGMENTS = 100_000
_DURATION = re.compile(
    r"P(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,12}(?:\.[0-9]{1,12})?)S)?)?"
)
_IDENTIFIER = re.compile(r"\$(?:(RepresentationID|Number|Bandwidth|Time)(?:%0([0-9]{1,2})d)?)?\$")


@dataclass(frozen=True, slots=True)
class _Slot:
    """One segment as the manifest has it: its number, and its start and duration in seconds."""

    number: int
    time: int
    start: Fraction
    duration: Fraction


def check_manifest(path: Path, tracks: Sequence[Track], root: Path, checks: Checks) -> None:
    """Check `path` against the measured `tracks`; whatever cannot be read is a finding."""
    place = place_of(path, root)
    try:
        mpd = _parse(path, place)
        length = _check_head(mpd, tracks, place, checks)
        by_init = {t.init_path: t for t in tracks if t.init_path}
        periods = mpd.findall(f"{_NS}Period")
        checks.must(len(periods) == 1, f"{DASH} 5.3.2", place, f"{len(periods)} periods", "one")
        seen: set[Path] = set()
        for period in periods:
            for group in period.findall(f"{_NS}AdaptationSet"):
                for representation in group.findall(f"{_NS}Representation"):
                    nodes = (period, group, representation)
                    where = f"{place} {representation.get('id')}"
                    track = _check_representation(nodes, path, by_init, length, where, root, checks)
                    seen |= {track.init_path} if track and track.init_path else set()
        missing = sorted(place_of(t.playlist, root) for t in tracks if t.init_path not in seen)
        checks.must(not missing, f"{OURS} files", place, f"without {', '.join(missing)}", "every rendition")
    except FaultError as fault:
        checks.fault(fault.finding)


def _parse(path: Path, place: str) -> ET.Element:
    text = read_text(path, place)
    # A manifest needs no document type; with one, entities could expand without bound or name other files.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FaultError(f"{OURS} xml", place, "a document type declaration", "none")
    try:
        root = ET.fromstring(text.encode("utf-8"))  # noqa: S314 (no document type, bounded size)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise FaultError(f"{DASH} 5.2", place, f"not well formed: {error}", "well-formed XML") from None
    if root.tag != f"{_NS}MPD":
        raise FaultError(f"{DASH} 5.3.1", place, f"the root element is {root.tag!r}", "MPD") from None
    return root


def _check_head(mpd: ET.Element, tracks: Sequence[Track], place: str, checks: Checks) -> Fraction:
    """The attributes of MPD; returns the presentation's duration in seconds."""
    kind = mpd.get("type", "static")
    checks.must(kind == "static", f"{DASH} 5.3.1.2", place, f"type {kind!r}", "type 'static'")
    for name in ("profiles", "minBufferTime"):
        checks.must(name in mpd.attrib, f"{DASH} 5.3.1.2", place, f"no {name}", name)
    names = [node.get("id") for node in mpd.iter(f"{_NS}Representation")]
    unique = None not in names and len(set(names)) == len(names)
    found = "representations share an id, or lack one"
    checks.must(unique, f"{DASH} 5.3.5.2", place, found, "an id of its own for each")
    for group in mpd.iter(f"{_NS}AdaptationSet"):
        several = len(group.findall(f"{_NS}Representation")) > 1
        aligned = any(group.get(n, "false") != "false" for n in ("segmentAlignment", "subsegmentAlignment"))
        found = f"no segmentAlignment in set {group.get('id')}"
        checks.should(aligned or not several, f"{DASH} 5.3.3.2", place, found, "it where players switch")
    length = parse_duration(mpd.get("mediaPresentationDuration", ""))
    if not checks.must(
        length is not None,
        f"{DASH} 5.3.1.2",
        place,
        "no usable mediaPresentationDuration",
        "the media's duration",
    ):
        return max((t.last_presentation for t in tracks), default=Fraction(0))
    if tracks:
        longest = max(tracks, key=lambda t: t.last_presentation)
        frame = max(t.frame_duration for t in tracks)
        ends = [t.last_presentation for t in tracks]
        near = min(ends) - frame <= (length or 0) <= max(ends) + frame
        found = f"mediaPresentationDuration {float(length or 0):.4f} s"
        wanted = f"{float(longest.last_presentation):.4f} s within a frame"
        checks.must(near, f"{OURS} duration", place, found, wanted)
    return length or Fraction(0)


def parse_duration(text: str) -> Fraction | None:
    """Seconds of an xs:duration without years and months; None where it is none.

    >>> parse_duration("PT1M2.5S")
    Fraction(125, 2)
    """
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (Fraction(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _check_representation(
    nodes: tuple[ET.Element, ET.Element, ET.Element],
    path: Path,
    by_init: Mapping[Path, Track],
    length: Fraction,
    where: str,
    root: Path,
    checks: Checks,
) -> Track | None:
    """One Representation; returns the rendition whose initialization segment it names."""
    representation = nodes[-1]
    templates = [t for n in nodes if (t := n.find(f"{_NS}SegmentTemplate")) is not None]
    urls = [u for n in nodes if (u := n.find(f"{_NS}BaseURL")) is not None]
    if not templates:
        return _check_whole_file(nodes, urls, path, by_init, where, root, checks)
    if urls:
        checks.should(
            False, f"{OURS} measure", where, "not measured: SegmentTemplate with BaseURL", "no BaseURL"
        )
        return None
    template: dict[str, str] = {}
    for node in templates:
        template |= node.attrib
    names = {
        "RepresentationID": representation.get("id", ""),
        "Bandwidth": representation.get("bandwidth", ""),
    }
    slots = _slots(templates[-1], template, length, where)
    init = template.get("initialization")
    init_path = _resolve(_expand(init, names, where), path, where, root, checks) if init else None
    track = by_init.get(init_path) if init_path else None
    if init and init_path:
        checks.must(track is not None, f"{OURS} files", where, f"{init!r} is of no rendition", "one of HLS's")
    media = template.get("media", "")
    files = []
    for slot in slots:
        values = {**names, "Number": str(slot.number), "Time": str(slot.time)}
        found = _resolve(_expand(media, values, where), path, where, root, checks)
        if found is None:
            break
        files.append(found)
    if track and len(files) == len(slots):
        _check_slots(slots, files, track, where, checks)
    if track:
        _check_attributes(nodes, track, where, checks)
    attributes = {k: v for n in nodes[1:] for k, v in n.attrib.items()}
    if attributes.get("mimeType", "").startswith("image/"):
        properties = [p for n in nodes[1:] for p in n.findall(f"{_NS}EssentialProperty")]
        check_image_representation(properties, attributes, files, where, root, checks)
    return track


def _check_whole_file(
    nodes: Sequence[ET.Element],
    urls: Sequence[ET.Element],
    path: Path,
    by_init: Mapping[Path, Track],
    where: str,
    root: Path,
    checks: Checks,
) -> Track | None:
    """A Representation that is one file with an index of its own (5.3.9.2): the file that HLS has as well."""
    checks.must(bool(urls), f"{DASH} 5.3.9", where, "no segments", "SegmentTemplate, or BaseURL")
    files = [_resolve((url.text or "").strip(), path, where, root, checks) for url in urls]
    track = by_init.get(files[-1]) if files and files[-1] else None
    if track:
        _check_attributes(nodes, track, where, checks)
    return track


def _resolve(uri: str, path: Path, where: str, root: Path, checks: Checks) -> Path | None:
    try:
        checks.checked += 1
        return resolve(uri, path.parent, root, where)
    except FaultError as fault:
        checks.fault(fault.finding)
        return None


def _number(values: Mapping[str, str], name: str, default: int, where: str) -> int:
    text = values.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise FaultError(f"{DASH} 5.3.9", where, f"{name}={text!r}", "a whole number")
    return int(text)


def _slots(node: ET.Element, template: Mapping[str, str], length: Fraction, where: str) -> list[_Slot]:
    """The segments of a SegmentTemplate (5.3.9.4), by its timeline or by a constant duration."""
    scale = max(1, _number(template, "timescale", 1, where))
    number = _number(template, "startNumber", 1, where)
    origin = _number(template, "presentationTimeOffset", 0, where)
    timeline = node.find(f"{_NS}SegmentTimeline")
    slots: list[_Slot] = []
    if timeline is None:
        step = _number(template, "duration", 0, where)
        if step == 0:
            raise FaultError(f"{DASH} 5.3.9.2", where, "neither SegmentTimeline nor duration", "one of them")
        count = ceil(length * scale / step)
        if "endNumber" in template:
            count = min(count, _number(template, "endNumber", 1, where) - number + 1)
        rows = [(index * step, step) for index in range(min(count, _MAX_SEGMENTS + 1))]
    else:
        rows = []
        clock = 0
        for entry in timeline.findall(f"{_NS}S"):
            clock = _number(entry.attrib, "t", clock, where)
            step = _number(entry.attrib, "d", 0, where)
            repeat = _number(entry.attrib, "r", 0, where)
            if repeat + len(rows) > _MAX_SEGMENTS:
                break
            rows += [(clock + index * step, step) for index in range(repeat + 1)]
            clock += step * (repeat + 1)
    if not 0 < len(rows) <= _MAX_SEGMENTS:
        raise FaultError(f"{DASH} 5.3.9.6", where, f"{len(rows)} segments", f"1 to {_MAX_SEGMENTS}")
    for time, step in rows:
        slots.append(_Slot(number, time, Fraction(time - origin, scale), Fraction(step, scale)))
        number += 1
    return slots


def _expand(template: str, values: Mapping[str, str], where: str) -> str:
    """A URL template with its identifiers replaced (5.3.9.4.4)."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        text = values.get(match[1], "")
        return text.zfill(int(match[2])) if match[2] else text

    result = _IDENTIFIER.sub(value, template)
    if not result:
        raise FaultError(f"{DASH} 5.3.9.4.4", where, "an empty URL template", "media and initialization")
    return result


def _check_slots(
    slots: Sequence[_Slot], files: Sequence[Path], track: Track, where: str, checks: Checks
) -> None:
    """The manifest's segments are the rendition's, with the same times."""
    count = len(track.segments)
    if not checks.must(
        len(slots) == count, f"{OURS} files", where, f"{len(slots)} segments", f"{count} as in HLS"
    ):
        return
    lengths, frame = track.presented_durations, track.frame_duration
    for slot, file, segment, length in zip(slots, files, track.segments, lengths, strict=True):
        start = segment.presentation_start
        right = (file, slot.start, slot.duration) == (segment.path, start, length)
        found = f"{file.name} at {float(slot.start):.4f} s for {float(slot.duration):.4f} s"
        wanted = f"{segment.path.name} at {float(start):.4f} s for {float(length):.4f} s"
        near = file == segment.path and abs(slot.start - start) <= frame
        near = near and abs(slot.duration - length) <= frame
        if not checks.must(right or near, f"{DASH} 5.3.9.6", where, found, wanted):
            return


def _check_attributes(nodes: Sequence[ET.Element], track: Track, where: str, checks: Checks) -> None:
    """codecs, width, height and bandwidth, on the Representation or above it (5.3.7)."""
    attributes: dict[str, str] = {}
    for node in nodes[1:]:
        attributes |= node.attrib
    codecs = attributes.get("codecs", "")
    right = same_codec(codecs, track.codec)
    checks.must(right, f"{DASH} 5.3.7.2", where, f"codecs {codecs!r}", track.codec)
    if track.kind == "video":
        size = f"{attributes.get('width')}x{attributes.get('height')}"
        wanted = f"{track.width}x{track.height}"
        checks.must(size == wanted, f"{DASH} 5.3.7.2", where, f"size {size}", wanted)
        check_transfer(nodes, track, where, checks)
    bandwidth = _number(attributes, "bandwidth", 0, where)
    least = track.average_bandwidth * 9 // 10
    found = f"bandwidth {bandwidth}"
    checks.must(
        bandwidth >= least, f"{DASH} 5.3.5.2", where, found, f"at least the average {track.average_bandwidth}"
    )


def check_transfer(nodes: Sequence[ET.Element], track: Track, where: str, checks: Checks) -> None:
    """A player learns of PQ and HLG from a descriptor (5.8.4.8, ISO/IEC 23091-2); absent, it takes it for SDR."""
    transfer = {"PQ": "16", "HLG": "18"}.get(video_range(track))
    found = [
        descriptor.get("value")
        for node in nodes[1:]
        for kind in ("EssentialProperty", "SupplementalProperty")
        for descriptor in node.findall(f"{_NS}{kind}")
        if descriptor.get("schemeIdUri") == _TRANSFER
    ]
    good = found == [transfer] if transfer else not set(found) & {"16", "18"}
    checks.must(good, f"{DASH} 5.8.4.8", where, f"TransferCharacteristics {found}", transfer or "of SDR")
