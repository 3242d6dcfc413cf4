"""Hands out a transport stream in which each stream has one PID from the beginning to the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ResourceError, one_line
from ingest.media.source import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.cancel import CancelToken
    from ingest.media.source import Source

_SYNC, _SIZES = 0x47, (188, 192, 204)
_HEAD = 7 * max(_SIZES)  # bytes: a packet or some of something else may stand before the first one


def open_rejoined(path: Path, folder: Path, min_free: int, cancel: CancelToken | None = None) -> Source:
    """What `rejoined` makes of the file at `path`; raises as `open_source` and it do."""
    source = open_source(path)
    try:
        return rejoined(source, folder, min_free, cancel)
    except BaseException:
        source.close()
        raise


def rejoined(source: Source, folder: Path, min_free: int, cancel: CancelToken | None = None) -> Source:
    """`source` itself, unless it is a transport stream whose streams go on under other PIDs.

    Then it is closed, and what is returned is a copy of it on one PID for each stream, in a file without a name on the
    disk of `folder`, where `min_free` bytes stay free. It has the source's own time, so that work on it can be taken
    up again.

    Raises:
        OSError: it cannot be read, or the copy not be written.
        ResourceError: there is no room for the copy.
        SourceError: it was written to meanwhile.
        Cancelled: someone asked for it.
    """
    if not _may_have_packets(os.pread(source.descriptor, _HEAD, 0)):
        return source
    from ingest.klv.blocks import LOOK, packet_size, packets_in_blocks  # only for transport streams
    from ingest.media.pids import Follower
    from ingest.media.rerouting import Rerouter

    size = packet_size(os.pread(source.descriptor, LOOK, 0))
    if size is None:
        return source
    follower = Follower(size)
    for block in packets_in_blocks(source.pieces(cancel), size):
        follower.feed(block)
    if follower.scrambled:
        source = replace(source, scrambled=follower.scrambled)
    if not follower.moved:
        return source
    _check_room(source, folder, min_free)
    rerouter = Rerouter(follower)
    with tempfile.TemporaryFile(dir=folder) as file:
        for block in packets_in_blocks(source.pieces(cancel), size):
            file.write(b"".join(rerouter.feed(block)))
        file.flush()
        source.check_unchanged()
        os.utime(file.fileno(), ns=(source.modified_ns, source.modified_ns))
        facts = os.fstat(file.fileno())
        descriptor = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
    source.close()
    return replace(
        source,
        descriptor=descriptor,
        size=facts.st_size,
        modified_ns=facts.st_mtime_ns,
        inode=facts.st_ino,
        in_turn=follower.sounds_in_turn,
    )


def _check_room(source: Source, folder: Path, min_free: int) -> None:
    free, needed = shutil.disk_usage(folder).free, source.size + min_free
    if free < needed:
        name = one_line(source.name)
        raise ResourceError(
            codes.DISK_FULL,
            f"{name} changes the PIDs of its streams: the copy on steady ones that it is read from needs "
            f"{-(-needed // 2**20)} MiB, and {free // 2**20} MiB are free where {folder} lies",
            remedy="free some space, or name another folder (with -o, for a look at a file with TMPDIR)",
        )


def _may_have_packets(head: bytes) -> bool:
    """Whether two sync bytes are as far apart as those of a transport stream (ISO/IEC 13818-1 2.4.3.2)."""
    return any(
        head[at] == head[at + size] == _SYNC for size in _SIZES for at in range(max(0, len(head) - size))
    )
