"""What of the encoding is done already: beside the files themselves, so that neither can be there without the other.

The work folder's `temporary` holds what encoders made, under `KEY`: a digest of all that it depends on (the source,
the plan, the commands, the tools). Another key, and the job's own files are thrown away: a changed source or preset is
never mixed in. What another job has left under the same key is taken over; under another one it stays that job's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from ingest import __version__
from ingest.files import sync_folder, sync_tree, write_atomic
from ingest.job.codes import BY_NUMBER
from ingest.steps.context import Note, as_plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ingest.media.source import Source
    from ingest.steps.context import Env

KEY = "key"
CHUNKS = "chunks"
CHUNK = "chunk.json"
ENCODED = "encoded.json"
UNDIVIDED = "undivided.json"  # why chunks were given up
_SAMPLE = 1 << 20  # bytes at both ends of a source that are looked at


def digest(env: Env, source: Source, *parts: object) -> str:
    """What the work depends on, in 64 hexadecimal digits; `parts` must have the same text in every process."""
    tools = [(t.name, t.version, t.path.stat().st_size) for t in (env.tools.ffmpeg,)]
    return digest_of(__version__, _identity(source), tools, parts)


def digest_of(*parts: object) -> str:
    """Of parts that have the same text in every process."""
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _identity(source: Source) -> tuple[int, int, str]:
    ends = os.pread(source.descriptor, _SAMPLE, 0) + os.pread(
        source.descriptor, _SAMPLE, max(0, source.size - _SAMPLE)
    )
    return source.size, source.modified_ns, hashlib.sha256(ends).hexdigest()


def holds(folder: Path, key: str) -> bool:
    """Whether `folder` holds work under this key."""
    return _text(folder / KEY) == key


def begin(folder: Path, key: str, left: Iterable[Path] = ()) -> None:
    """From now on `folder` holds work under this key; what it holds under another one is removed.

    Args:
        left: folders that other jobs have left; the first one under this key takes the place of `folder`.
    """
    if holds(folder, key):
        return
    # The key first: what is half removed must not be taken for whole.
    (folder / KEY).unlink(missing_ok=True)
    sync_folder(folder)
    shutil.rmtree(folder)
    same = next((other for other in left if holds(other, key)), None)
    if same is not None:
        same.rename(folder)
        sync_folder(folder.parent)
        with contextlib.suppress(OSError):
            same.parent.rmdir()
        return
    folder.mkdir()
    write_atomic(folder / KEY, key.encode())


def keep(
    folder: Path,
    notes: Iterable[Note],
    warnings: Iterable[Note],
    loudness: dict[str, Any] | None,
    *,
    durable: bool,
) -> None:
    """Everything in `folder` is encoded; the chunks that it was joined from are not needed any more.

    Args:
        durable: also over a power cut; a short film is not worth the second that this takes, and where a cut has
            emptied a file of it, its size will tell.
    """
    if durable:
        sync_tree(folder)
    document = {"notes": _plain(notes), "warnings": _plain(warnings), "loudness": as_plain(loudness)}
    store(folder / ENCODED, document | {"sizes": sizes(folder)})
    shutil.rmtree(folder / CHUNKS, ignore_errors=True)


def kept(folder: Path) -> dict[str, Any] | None:
    """What `keep` was told; None where not everything is encoded, or not everything is there any more."""
    document = stored(folder / ENCODED)
    return document if document is not None and whole(folder, document) else None


def whole(folder: Path, document: dict[str, Any]) -> bool:
    """Whether `folder` has the files whose sizes the document holds."""
    there = sizes(folder)
    return all(there.get(name) == size for name, size in document["sizes"].items())


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file but those of chunks, by its place."""
    names = {p.relative_to(folder): p for p in folder.rglob("*") if p.is_file()}
    return {n.as_posix(): p.stat().st_size for n, p in names.items() if n.parts[0] != CHUNKS}


def store(path: Path, document: dict[str, Any]) -> None:
    write_atomic(path, (json.dumps(document, indent=2) + "\n").encode())


def stored(path: Path) -> dict[str, Any] | None:
    """What `store` wrote; None where there is nothing whole."""
    text = _text(path)
    try:
        document = json.loads(text) if text is not None else None
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def finish(part: Path, place: Path) -> None:
    """A folder that is complete takes its place, durably."""
    sync_tree(part)
    part.rename(place)
    sync_folder(place.parent)


def _plain(notes: Iterable[Note]) -> list[list[Any]]:
    return [[n.code.number, n.detail, n.resolution] for n in notes]


def notes_of(document: Iterable[list[Any]]) -> tuple[Note, ...]:
    return tuple(Note(BY_NUMBER[number], detail, resolution) for number, detail, resolution in document)


def worth_keeping(folder: Path) -> bool:
    """Whether a later run can go on from what lies in this `temporary` folder."""
    if not (folder / KEY).is_file():
        return False
    return (folder / ENCODED).is_file() or any((folder / CHUNKS).glob(f"*[0-9]/{CHUNK}"))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
