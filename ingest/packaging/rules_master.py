"""Rules for what the multivariant playlist declares, against what was measured (Apple 1, 2, 6, 9)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.codecs import same_codec
from ingest.packaging.findings import APPLE, RFC
from ingest.packaging.languages import is_language
from ingest.packaging.playlists import place_of
from ingest.packaging.rules_codecs import check_ladders, check_profile, video_range
from ingest.packaging.rules_ladder import check_ladder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track
    from ingest.packaging.playlists import Master, Reference

TOLERANCE = Fraction(1, 10)
_FASTEST = Fraction(60) + Fraction(1, 10)


def check_declarations(
    master: Master,
    tracks: Mapping[str, Track],
    root: Path,
    checks: Checks,
    *,
    text: tuple[int, int] = (0, 0),
) -> None:
    """Everything the multivariant playlist says of its renditions.

    `tracks` are those that could be measured, by their URI; an I-frame playlist's is the one it points into.
    `text` are the peak and the average bit rate of the costliest subtitles.
    """
    place = place_of(master.path, root)
    groups = _check_groups(master, tracks, place, checks)
    videos = [t for v in master.variants if (t := tracks.get(v.uri or "")) and t.kind == "video"]
    hdr = {video_range(t) for t in videos} - {"SDR"}
    for variant in master.variants:
        rates = text if "SUBTITLES" in variant.attributes else (0, 0)
        _check_variant(variant, tracks, groups, bool(hdr), rates, f"{place} {variant.uri}", checks)
    if videos:
        checks.must(
            bool(master.iframes), f"{APPLE} 6.1", place, "no EXT-X-I-FRAME-STREAM-INF", "I-frame playlists"
        )
        checks.should(len(master.variants) > 1, f"{APPLE} 9.9", place, "one variant", "several bit rates")
        check_ladders(videos, root, checks)
    check_ladder(master, tracks, root, checks)
    for iframe in master.iframes:
        _check_iframe_variant(iframe, tracks, f"{place} {iframe.uri}", checks)
    sound = [s for t in tracks.values() for s in (t, *t.sounds) if s.kind == "audio" and s.channels]
    if sound:
        stereo = [t for t in sound if t.channels == 2 and t.codec.startswith("mp4a.40.")]
        checks.must(bool(stereo), f"{APPLE} 2.3", place, "no stereo AAC", "a stereo AAC rendition")


def _check_groups(
    master: Master, tracks: Mapping[str, Track], place: str, checks: Checks
) -> dict[tuple[str, str], list[Reference]]:
    """The renditions by (TYPE, GROUP-ID), with the rules of EXT-X-MEDIA."""
    groups: dict[tuple[str, str], list[Reference]] = defaultdict(list)
    for media in master.media:
        kind, group = media.attributes.get("TYPE", ""), media.attributes.get("GROUP-ID", "")
        name = media.attributes.get("NAME", "")
        where = f"{place} {media.uri or name}"
        checks.must(
            bool(kind and group and name), f"{RFC} 4.4.6.1", where, "TYPE, GROUP-ID or NAME missing", "all"
        )
        if kind != "VIDEO":
            _check_language(media.attributes.get("LANGUAGE"), where, checks)
        if media.attributes.get("DEFAULT") == "YES" and "AUTOSELECT" in media.attributes:
            automatic = media.attributes["AUTOSELECT"]
            found = f"DEFAULT=YES with AUTOSELECT={automatic}"
            checks.must(automatic == "YES", f"{RFC} 4.4.6.1", where, found, "AUTOSELECT=YES, or none")
        track = tracks.get(media.uri or "")
        if track and kind == "AUDIO":
            declared = media.attributes.get("CHANNELS")
            if checks.should(
                declared is not None, f"{RFC} 4.4.6.1", where, "no CHANNELS", str(track.channels)
            ):
                checks.must(
                    str(declared).split("/")[0] == str(track.channels),
                    f"{RFC} 4.4.6.1",
                    where,
                    f"CHANNELS {declared}",
                    f"{track.channels} as measured",
                )
        groups[kind, group].append(media)
    for (kind, group), members in groups.items():
        names = Counter(m.attributes.get("NAME") for m in members)
        where = f"{place} group {group}"
        checks.must(
            max(names.values()) == 1,
            f"{RFC} 4.4.6.1.1",
            where,
            f"{kind} names repeat",
            "a unique NAME for each",
        )
        defaults = sum(m.attributes.get("DEFAULT") == "YES" for m in members)
        checks.must(
            defaults <= 1, f"{RFC} 4.4.6.1.1", where, f"{defaults} defaults", "at most one DEFAULT=YES"
        )
        first = next(m for (k, _), m in groups.items() if k == kind)
        checks.must(
            _members(members) == _members(first),
            f"{RFC} 4.4.6.1.1",
            where,
            f"{kind} members {', '.join(m.attributes.get('NAME', '') for m in members)}",
            f"those of group {first[0].attributes.get('GROUP-ID')}, alike but for URI and CHANNELS",
        )
    return groups


def _members(members: Sequence[Reference]) -> set[frozenset[tuple[str, str]]]:
    """What the members of a group must have in common with those of the other groups of their TYPE."""
    own = {"URI", "CHANNELS", "GROUP-ID"}
    return {frozenset((k, v) for k, v in m.attributes.items() if k not in own) for m in members}


def _check_language(language: str | None, where: str, checks: Checks) -> None:
    if (
        checks.must(bool(language), f"{APPLE} 8.10", where, "no LANGUAGE", "a BCP 47 language tag")
        and language
    ):
        good = is_language(language)
        checks.must(good, f"{APPLE} 8.10", where, f"LANGUAGE {language!r}", "a BCP 47 tag, the shortest code")


def _check_variant(
    variant: Reference,
    tracks: Mapping[str, Track],
    groups: Mapping[tuple[str, str], Sequence[Reference]],
    hdr: bool,
    text: tuple[int, int],
    where: str,
    checks: Checks,
) -> None:
    named = {kind: variant.attributes.get(kind) for kind in ("AUDIO", "SUBTITLES", "VIDEO")}
    for kind, group in named.items():
        if group is not None:
            found = f"{kind} group {group!r} is not defined"
            checks.must((kind, group) in groups, f"{RFC} 4.4.6.2.1", where, found, "a group of EXT-X-MEDIA")
    for name, rule in (("BANDWIDTH", f"{RFC} 4.4.6.2"), ("AVERAGE-BANDWIDTH", f"{APPLE} 9.14")):
        checks.must(bool(variant.number(name)), rule, where, f"no {name}", "a whole number of bit/s")
    checks.must(
        "CODECS" in variant.attributes, f"{APPLE} 9.1", where, "no CODECS", "the codecs of all tracks"
    )
    track = tracks.get(variant.uri or "")
    members = [tracks.get(m.uri) for m in groups.get(("AUDIO", named["AUDIO"] or ""), ()) if m.uri]
    if track is None or None in members:
        return
    sound = [m for m in members if m is not None and m.playlist != track.playlist]
    _check_codecs(variant, [track, *sound], f"{APPLE} 9.1", where, checks)
    if track.kind == "video":
        _check_picture(variant, track, hdr, where, checks)
    _check_rates(variant, track, sound, text, where, checks)


def _check_codecs(variant: Reference, tracks: Sequence[Track], rule: str, where: str, checks: Checks) -> None:
    declared = [c.strip() for c in variant.attributes.get("CODECS", "").split(",") if c.strip()]
    measured = sorted({codec for t in tracks for codec in t.codecs})
    right = all(any(same_codec(d, m) for d in declared) for m in measured)
    right = right and all(any(same_codec(d, m) for m in measured) for d in declared)
    if declared:
        checks.must(right, rule, where, f"CODECS {','.join(declared)}", ",".join(measured))


def _check_picture(variant: Reference, track: Track, hdr: bool, where: str, checks: Checks) -> None:
    size = f"{track.width}x{track.height}"
    declared = variant.attributes.get("RESOLUTION")
    checks.must(declared == size, f"{APPLE} 9.2", where, f"RESOLUTION {declared}", size)
    rate = track.frame_rate
    text = variant.attributes.get("FRAME-RATE", "")
    number = Fraction(text) if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,9})?", text) else None
    if checks.must(number is not None, f"{APPLE} 9.15", where, "no FRAME-RATE", f"{float(rate):.3f}"):
        frame = track.frame_duration
        constant = all(s.duration == s.samples * frame for s in track.segments)
        # Three decimals are all that the attribute has.
        near = abs((number or 0) - rate) <= max(rate, Fraction(1)) / 2000
        check = checks.must if constant else checks.should
        check(near, f"{APPLE} 9.15", where, f"FRAME-RATE {text}", f"{float(rate):.3f}")
    checks.must(rate <= _FASTEST, f"{APPLE} 1.19", where, f"{float(rate):.3f} pictures/s", "at most 60")
    expected = video_range(track)
    declared_range = variant.attributes.get("VIDEO-RANGE")
    checks.must(
        (declared_range or ("SDR" if not hdr else None)) == expected,
        f"{APPLE} 9.16",
        where,
        f"VIDEO-RANGE {declared_range}",
        expected,
    )
    check_profile(track, where, checks)


def _check_rates(
    variant: Reference,
    track: Track,
    sound: Sequence[Track],
    text: tuple[int, int],
    where: str,
    checks: Checks,
) -> None:
    """The largest sum over the playable combinations: this rendition with the costliest of its sound and text."""
    peak = _peak(track) + max((_peak(s) for s in sound), default=0) + text[0]
    average = track.average_bandwidth + max((s.average_bandwidth for s in sound), default=0) + text[1]
    for name, rule, measured in (("AVERAGE-BANDWIDTH", "1.26", average), ("BANDWIDTH", "1.27", peak)):
        declared = variant.number(name)
        if declared:
            near = abs(measured - declared) <= declared * TOLERANCE
            checks.must(near, f"{APPLE} {rule}", where, f"{name} {declared}", f"{measured} within 10 %")
    found = f"peak {peak}, average {average}"
    checks.should(
        peak <= 2 * average, f"{APPLE} 1.30", where, found, "a peak of at most 200 % of the average"
    )


def _peak(track: Track) -> int:
    return track.peak_bandwidth_for(track.playlist_target or track.target_duration)


def _check_iframe_variant(iframe: Reference, tracks: Mapping[str, Track], where: str, checks: Checks) -> None:
    checks.must(
        "CODECS" in iframe.attributes, f"{APPLE} 9.3", where, "no CODECS", "the codec of the pictures"
    )
    checks.must(bool(iframe.number("BANDWIDTH")), f"{RFC} 4.4.6.3", where, "no BANDWIDTH", "bit/s")
    track = tracks.get(iframe.uri or "")
    if track is None:
        checks.must("RESOLUTION" in iframe.attributes, f"{APPLE} 9.4", where, "no RESOLUTION", "the size")
        return
    size = f"{track.width}x{track.height}"
    declared = iframe.attributes.get("RESOLUTION")
    checks.must(declared == size, f"{APPLE} 9.4", where, f"RESOLUTION {declared}", size)
    _check_codecs(iframe, [track], f"{APPLE} 9.3", where, checks)
