"""Reads a package back and measures it: what is declared is compared with what the files hold.

A package may come from anyone: what is unreadable or hostile is a finding, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import quote

from ingest.job import codes
from ingest.job.errors import OutputError
from ingest.media.command.names import MP4, THUMBNAILS
from ingest.packaging.findings import APPLE, Checks, Expected, ExpectedRung, FaultError, Finding
from ingest.packaging.measure import Track, clock_origin, on_one_clock, survey_track
from ingest.packaging.payload import check_payload
from ingest.packaging.playlists import (
    Master,
    MediaPlaylist,
    Reference,
    is_master,
    place_of,
    read_master,
    read_media_playlist,
    resolve,
)
from ingest.packaging.rules_dash import check_manifest
from ingest.packaging.rules_decode import check_decoding
from ingest.packaging.rules_images import check_poster, check_previews
from ingest.packaging.rules_master import check_declarations
from ingest.packaging.rules_media import check_expected, check_iframes, check_together, check_track
from ingest.packaging.rules_playlist import check_master_text, check_media_text
from ingest.packaging.rules_streams import check_streams
from ingest.packaging.rules_sync import check_sync
from ingest.packaging.rules_telemetry import check_klv_cues, check_telemetry
from ingest.packaging.rules_text import check_captions, check_subtitles, text_rates
from ingest.packaging.rules_tiles import check_image_playlist

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.media.cancel import CancelToken
    from ingest.packaging.decode import Decoder
    from ingest.packaging.reference import SourceReference

__all__ = ["Expected", "ExpectedRung", "Finding", "Report", "find_master", "verify"]

MASTER = "ABR.m3u8"
MANIFEST = "manifest.mpd"
POSTER = "poster.jpg"
PREVIEWS = "previews"


@dataclass(frozen=True, slots=True)
class Report:
    """What verification says: the findings in the order they were met, how much was checked and measured."""

    findings: tuple[Finding, ...]
    checked: int
    tracks: tuple[Track, ...]
    decoded: int

    @property
    def must(self) -> tuple[Finding, ...]:
        """What must not be: the package is not good."""
        return tuple(f for f in self.findings if f.level == "MUST")

    @property
    def should(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level == "SHOULD")

    @property
    def clean(self) -> bool:
        return not self.findings


def find_master(folder: Path) -> Path:
    """ABR.m3u8, else the only playlist of the folder that has variants, else its only playlist.

    Raises `OutputError` (NOT_A_PACKAGE) when there is none, or no way to choose; it says what is there instead.
    """
    try:
        if (folder / MASTER).is_file():
            return folder / MASTER
        playlists = sorted(folder.glob("*.m3u8")) if folder.is_dir() else []
        manifests = sorted(folder.glob("*.mpd")) if folder.is_dir() else []
    except OSError as error:
        raise OutputError(codes.NOT_A_PACKAGE, f"{folder} cannot be read", detail=str(error)) from error
    masters = [p for p in playlists if is_master(p)]
    if len(masters) == 1:
        return masters[0]
    if not masters and len(playlists) == 1:
        return playlists[0]
    reason = f"{len(masters)} master playlists" if masters else "no master playlist"
    remedy = f"name the folder of one package, with its {MASTER}"
    if not masters and playlists:
        reason += f", but {len(playlists)} media playlists"
        remedy = "write a master playlist that names them: without one nothing says what belongs together"
    elif not masters and manifests:
        reason += f", only the DASH manifest {manifests[0].name}"
        remedy = "only packages with HLS playlists can be measured: name one that has both"
    raise OutputError(codes.NOT_A_PACKAGE, f"{folder} has {reason}", remedy=remedy)


def verify(
    folder: Path,
    *,
    expected: Expected | None = None,
    decode: Decoder | None = None,
    full: bool = False,
    reference: SourceReference | None = None,
    encoded: Mapping[str, Path] | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """Check the package in `folder`, also against the plan (`expected`) where it is given.

    Args:
        decode: decodes all sound, the first picture of every segment and the last group of pictures.
        full: decode everything.
        reference: what the source shows and sounds like; needs `decode`.
        encoded: the encoder's own files, by the renditions' folders ("video/hd").
        cancel: ends it at the next check, with `Cancelled`.

    Raises `OutputError` (NOT_A_PACKAGE) when the folder holds no playlist to begin with.
    """
    folder = folder.resolve()
    path = find_master(folder)
    checks = Checks(cancel=cancel)
    renditions = _Renditions(folder, checks)
    try:
        master = read_master(path, folder) if is_master(path) else lone_playlist(path)
    except FaultError as fault:
        checks.fault(fault.finding)
        return Report(tuple(checks.findings), checks.checked, (), 0)
    if master.lines:
        check_master_text(master, folder, checks)
    else:
        checks.must(False, f"{APPLE} 9.1", path.name, "only a media playlist", "a multivariant playlist")
    for variant in master.variants:
        renditions.add(variant, path)
    for media in master.media:
        if media.attributes.get("TYPE") in ("AUDIO", "VIDEO"):
            renditions.add(media, path)
        elif media.uri:
            renditions.add_text(media, path)
    renditions.settle()
    videos = [t for t, _ in renditions.found.values() if t.kind == "video"]
    sounds = [t for t, _ in renditions.found.values() if t.kind == "audio"]
    frame = min((t.frame_duration for t in videos or sounds), default=Fraction(0))
    manifest = _manifest(folder, path, videos)
    branded = any("cmfc" in t.init.brands for t in (*videos, *sounds) if t.init_path)
    cmaf = manifest is not None or branded
    for track, playlist in renditions.found.values():
        check_track(track, playlist, frame, folder, checks, cmaf=cmaf)
        check_streams(track, folder, checks)
        if track.kind == "video":
            independent = master.independent or playlist.independent
            place = place_of(playlist.path, folder)
            found = "no EXT-X-INDEPENDENT-SEGMENTS"
            checks.must(independent, f"{APPLE} 9.12", place, found, "it here or in the master playlist")
    check_together(videos, sounds, folder, checks)
    check_sync(videos, sounds, folder, checks)
    check_subtitles(master, renditions.texts, videos, folder, checks, origin=renditions.origin)
    check_klv_cues(master, renditions.texts, folder, checks)
    check_captions(master, renditions.by_uri, folder, checks)
    longest = max(videos, key=lambda t: t.last_presentation, default=None)
    for iframe in master.iframes:
        renditions.add_iframes(iframe, path, longest)
    length = longest.last_presentation if longest else None
    if master.iframes and length is not None:
        # One picture a second, but for those that fall between two.
        found = f"at most {renditions.densest} pictures for {float(length):.1f} s"
        dense = renditions.densest + 1 >= length * 9 / 10
        checks.should(
            dense, f"{APPLE} 6.2", place_of(path, folder), found, "an I-frame playlist of one a second"
        )
    for images in master.images:
        renditions.add_images(images, path, length)
    if master.lines:
        rates = text_rates(renditions.texts)
        check_declarations(master, renditions.by_uri, folder, checks, text=rates)
    if expected:
        check_expected([*videos, *sounds], expected, folder, checks)
    if manifest:
        check_manifest(manifest, [*videos, *sounds], folder, checks)
    _check_images(folder, videos, expected, checks)
    check_telemetry(folder, length, checks)
    if (folder / MP4).is_dir() or (expected and expected.mp4):
        # Few packages have any: loaded where one does.
        from ingest.packaging.rules_mp4 import check_mp4_files

        check_mp4_files(expected.mp4 if expected else (), videos, sounds, encoded or {}, folder, checks)
    if (folder / THUMBNAILS).is_dir() or (expected and expected.thumbnails):
        from ingest.packaging.rules_thumbnails import INFO, check_thumbnails

        if expected or (folder / INFO).is_file():  # other tools have folders of that name, too
            check_thumbnails(expected.thumbnails if expected else {}, length, folder, checks)
    everything = [*videos, *renditions.tricks, *sounds]
    for track in everything:
        path_of_encoder = (encoded or {}).get(track.folder.relative_to(folder).as_posix())
        if path_of_encoder is not None and track.container == "mp4":
            check_payload(track, path_of_encoder, folder, checks)
    decoded = check_decoding(everything, decode, reference, folder, checks, full=full) if decode else 0
    return Report(tuple(checks.findings), checks.checked, (*videos, *sounds), decoded)


def lone_playlist(path: Path) -> Master:
    """A folder that has one media playlist and nothing that names it: what a multivariant playlist would say."""
    only = Reference("EXT-X-STREAM-INF", quote(path.name), {})
    return Master(path, (), None, False, (only,), (), ())


class _Renditions:
    """The media playlists of a package, each read and measured once."""

    def __init__(self, root: Path, checks: Checks) -> None:
        self.root = root
        self.checks = checks
        self.found: dict[Path, tuple[Track, MediaPlaylist]] = {}
        self.by_uri: dict[str, Track] = {}
        self.texts: dict[Path, tuple[MediaPlaylist, dict[str, Path]]] = {}
        self.origin = Fraction(0)  # the media's own time, in seconds, where the film begins
        self.tricks: list[Track] = []  # renditions of key pictures alone
        self.densest = 0  # pictures of the I-frame playlist that has most
        self._tried: set[Path] = set()
        self._uris: dict[str, Path] = {}

    def add(self, reference: Reference, master: Path) -> None:
        """Measure the rendition of a variant or of an EXT-X-MEDIA with a URI."""
        path = self._resolve(reference, master)
        if path is None or reference.uri is None:
            return
        if path not in self._tried:
            self._tried.add(path)
            survey = survey_track(path, root=self.root)
            for fault in survey.faults:
                self.checks.fault(fault)
            if survey.playlist:
                check_media_text(survey.playlist, self.root, self.checks)
            if survey.playlist and survey.track:
                self.found[path] = (survey.track, survey.playlist)
        if path in self.found:
            self._uris[reference.uri] = path

    def settle(self) -> None:
        """Put all that was measured on one clock, now that it is all there."""
        measured = [track for track, _ in self.found.values()]
        self.origin = clock_origin(measured)
        tracks = on_one_clock(measured)
        for track, (path, (_, playlist)) in zip(tracks, list(self.found.items()), strict=True):
            self.found[path] = (track, playlist)
        self.by_uri = {uri: self.found[path][0] for uri, path in self._uris.items()}

    def add_text(self, reference: Reference, master: Path) -> None:
        """A subtitle rendition: its playlist and its files are there."""
        path = self._resolve(reference, master)
        read = self._read(path) if path is not None and path not in self.texts else None
        if path is not None and read is not None:
            self.texts[path] = read

    def add_iframes(self, reference: Reference, master: Path, film: Track | None) -> None:
        """An I-frame playlist, checked against the rendition it points into: that of a variant, or its own."""
        path = self._resolve(reference, master)
        read = self._read(path) if path else None
        if read is None or reference.uri is None:
            return
        playlist, files = read
        segments = {s.path: track for track, _ in self.found.values() for s in track.segments}
        if not any(file in segments for file in files.values()):
            survey = survey_track(playlist.path, root=self.root, whole_files=True)
            for fault in survey.faults:
                self.checks.fault(fault)
            if survey.track:
                mp4 = survey.track.container == "mp4"
                own = survey.track if mp4 else survey.track.shifted(-self.origin)
                segments = {s.path: own for s in own.segments}
                self.tricks.append(own)
        owner = check_iframes(playlist, segments, self.root, files, film, self.checks)
        if owner:
            self.by_uri[reference.uri] = owner
            self.densest = max(self.densest, len(playlist.entries))

    def add_images(self, reference: Reference, master: Path, duration: Fraction | None) -> None:
        """An image playlist: its sheets are there and cover the film."""
        path = self._resolve(reference, master)
        if path is not None:
            check_image_playlist(reference, path, duration, self.root, self.checks)

    def _read(self, path: Path) -> tuple[MediaPlaylist, dict[str, Path]] | None:
        root = self.root
        try:
            playlist = read_media_playlist(path, root)
        except FaultError as fault:
            self.checks.fault(fault.finding)
            return None
        check_media_text(playlist, root, self.checks)
        files: dict[str, Path] = {}
        for uri in {entry.uri for entry in (*playlist.entries, *playlist.maps)}:
            try:
                files[uri] = resolve(uri, path.parent, root, place_of(path, root))
                self.checks.checked += 1
            except FaultError as fault:
                self.checks.fault(fault.finding)
        return playlist, files

    def _resolve(self, reference: Reference, master: Path) -> Path | None:
        if reference.uri is None:
            return None
        try:
            self.checks.checked += 1
            return resolve(reference.uri, master.parent, self.root, place_of(master, self.root))
        except FaultError as fault:
            self.checks.fault(fault.finding)
            return None


def _manifest(folder: Path, master: Path, videos: Sequence[Track]) -> Path | None:
    """manifest.mpd, which a package of ours must have over CMAF, else the only manifest of the folder."""
    wanted = master.name == MASTER and (not videos or videos[0].container == "mp4")
    if wanted or (folder / MANIFEST).exists():
        return folder / MANIFEST
    found = sorted(folder.glob("*.mpd"))
    return found[0] if len(found) == 1 else None


def _check_images(folder: Path, videos: Sequence[Track], expected: Expected | None, checks: Checks) -> None:
    largest = max(videos, key=lambda t: (t.width or 0) * (t.height or 0), default=None)
    size = (largest.width or 0, largest.height or 0) if largest else None
    duration = largest.last_presentation if largest else None
    frame = largest.frame_duration if largest else Fraction(0)
    required = expected or Expected()
    check_poster(folder / POSTER, size, required.poster, folder, checks)
    check_previews(folder / PREVIEWS, duration, frame, required.previews, folder, checks)
