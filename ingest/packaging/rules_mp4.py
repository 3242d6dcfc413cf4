"""The progressive MP4 files beside a package against its renditions: the same samples, at the same times."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.command.names import MP4
from ingest.packaging.boxes import BoxError
from ingest.packaging.findings import OURS, FaultError
from ingest.packaging.payload import Samples, mdats, samples_of
from ingest.packaging.playlists import place_of
from ingest.packaging.progressive import read_movie

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track
    from ingest.packaging.progressive import Movie, MovieTrack

RULE = f"{OURS} mp4"
NEAR = Fraction(1, 1000)  # seconds; a transport stream's clock and a movie's may round


def check_mp4_files(
    required: Sequence[str],
    videos: Sequence[Track],
    sounds: Sequence[Track],
    encoded: Mapping[str, Path],
    root: Path,
    checks: Checks,
) -> None:
    """All files of renditions that the package has; those of `required` (by the rendition's name) must be there.

    Args:
        encoded: the encoder's own files, by the renditions' folders; a package of transport streams has no others
            that samples could be compared with.
    """
    by_name = {t.folder.name: t for t in videos}
    for name in required:
        there = (root / MP4 / f"{name}.mp4").is_file()
        checks.must(there, RULE, MP4, f"no {name}.mp4", "one for each rendition")
    for path in sorted((root / MP4).glob("*.mp4")):
        if path.stem in by_name:
            _check(path, by_name[path.stem], sounds, encoded, root, checks)


def _check(
    path: Path, video: Track, sounds: Sequence[Track], encoded: Mapping[str, Path], root: Path, checks: Checks
) -> None:
    place = place_of(path, root)
    try:
        movie = read_movie(path)
        checks.must(movie.index_first, RULE, place, "the index behind the media", "the index first")
        found = f"{len(movie.of('vide'))} pictures and {len(movie.of('soun'))} sounds"
        heard = min(1, len(sounds))
        counts = (len(movie.of("vide")), len(movie.of("soun")), len(movie.tracks))
        if not checks.must(
            counts == (1, heard, 1 + heard), RULE, place, found, f"one picture, {heard} sounds"
        ):
            return
        _compare(path, movie.of("vide")[0], [video], encoded, root, checks)
        upright = movie.of("vide")[0].upright
        checks.must(upright, RULE, place, "its picture is shown turned or mirrored", "upright pictures")
        if sounds:
            _compare(path, movie.of("soun")[0], sounds, encoded, root, checks)
            _check_start(movie, place, checks)
    except FaultError as fault:
        checks.fault(fault.finding)
    except BoxError as error:
        checks.must(False, RULE, place, str(error), "a readable MP4 file")
    except OSError as error:
        checks.must(False, RULE, place, f"unreadable: {error.strerror}", "a readable file")


def _check_start(movie: Movie, place: str, checks: Checks) -> None:
    apart = movie.of("soun")[0].start - movie.of("vide")[0].start
    found = f"sound starts {float(apart) * 1000:.1f} ms after the picture"
    checks.must(abs(apart) <= NEAR, RULE, place, found, "together")


def _compare(
    path: Path,
    own: MovieTrack,
    renditions: Sequence[Track],
    encoded: Mapping[str, Path],
    root: Path,
    checks: Checks,
) -> None:
    """One track with the rendition that it is made of: the one of `renditions` that has its samples, else the first."""
    place, what = place_of(path, root), "picture" if own.header.handler == "vide" else "sound"
    same = next((t for t in renditions if _same_bytes(path, own, t, encoded, root)), None)
    checks.must(
        same is not None, RULE, place, f"other samples of the {what}", "those of the package's rendition"
    )
    track = same or renditions[0]
    checks.must(own.samples == track.frames, RULE, place, f"{own.samples} of {what}", f"{track.frames}")
    span = (track.first_presentation, track.last_presentation)
    found = f"{what} from {float(own.start):.3f} to {float(own.end):.3f} s"
    near = abs(own.start - span[0]) <= NEAR and abs(own.end - span[1]) <= NEAR
    checks.must(near, RULE, place, found, f"from {float(span[0]):.3f} to {float(span[1]):.3f} s")


def _same_bytes(path: Path, own: MovieTrack, track: Track, encoded: Mapping[str, Path], root: Path) -> bool:
    """True also where there is nothing to compare with: transport streams that have come without the encoder's file."""
    original = encoded.get(track.folder.relative_to(root).as_posix())
    with path.open("rb") as file:
        samples = Samples(file, own.ranges)
        if track.container == "mp4":
            same = all(samples.next_are(other, start, end) for other, start, end in samples_of(track))
        elif original is not None:
            with original.open("rb") as other:
                same = all(samples.next_are(other, start, end) for start, end in mdats(other))
        else:
            return own.samples == track.frames
        return same and samples.left == 0
