"""Names of a package's files as artifacts of a transformation, and playlists whose URLs lead to artifacts. Pure.

The master playlist is `/video.m3u8`, the largest rendition as one file `/video.mp4`; all other files keep their names
in the package. As the master lies at the top of both, what it and its children refer to resolves unchanged where the
URL has `!`; where it has `?`, only absolute paths can lead there, and the playlist is rewritten.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MASTER = "/video.m3u8"
SINGLE = "/video.mp4"
_MASTER_FILE = "ABR.m3u8"
SINGLE_FOLDER = "mp4/"
_OURS = ("job.json",)
_URI = re.compile(r'((?:^|[:,])URI=")([^"]*)(")')


def file_of(artifact: str, files: Sequence[str]) -> str | None:
    """The package's file of this artifact; None where it has none of this name.

    Args:
        files: of the package, as the record lists them: renditions' MP4s from small to large.
    """
    if artifact == MASTER:
        return _MASTER_FILE if _MASTER_FILE in files else None
    if artifact == SINGLE:
        return largest_single(files)
    name = artifact[1:]
    return name if name in files and name not in _OURS else None


def largest_single(files: Sequence[str]) -> str | None:
    singles = [f for f in files if f.startswith(SINGLE_FOLDER) and f.endswith(".mp4")]
    return singles[-1] if singles else None


def artifact_of(file: str) -> str:
    """The artifact's name of a package's file."""
    return MASTER if file == _MASTER_FILE else f"/{file}"


def names() -> dict[str, str]:
    """Names below a folder that differ from those in the package."""
    return {_MASTER_FILE: MASTER[1:]}


def artifacts(files: Sequence[str]) -> dict[str, str]:
    """All artifacts and their files, each file once; for what is saved."""
    return {artifact_of(file): file for file in files if file not in _OURS}


def rewritten(playlist: str, artifact: str, url_of: Callable[[str], str]) -> str:
    """A playlist in which each relative URL is that of its artifact (RFC 8216, section 4.1: lines, URI attributes).

    Args:
        artifact: the playlist's own name, which relative URLs start from.
        url_of: the URL of an artifact.
    """
    folder = artifact.rpartition("/")[0]

    def moved(uri: str) -> str:
        if not uri or ":" in uri.partition("/")[0] or uri.startswith("/"):
            return uri
        name = f"{folder}/{uri}"
        return url_of(artifact_of(_collapsed(name)[1:]))

    def line(text: str) -> str:
        if text.startswith("#"):
            return _URI.sub(lambda m: f"{m[1]}{moved(m[2])}{m[3]}", text)
        return moved(text)

    return "".join(f"{line(text)}\n" for text in playlist.splitlines())


def _collapsed(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/" + "/".join(parts)
