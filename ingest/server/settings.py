"""What an administrator may set of the server. Sizes are bytes, times seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Places and limits of one server.

    Attributes:
        home: the data folder; files lie below `files`, packages below `packages`.
        preset_dir: the server's own presets, over the shipped ones.
        allow: folders below which a job's source may be named by its path; none: paths are refused.
        no_auth: whoever can connect is the administrator (the server listens on loopback only).
        public_url: what URLs in answers begin with, without a slash at the end; None: as the request names us.
        max_body: largest body of a request that is no upload.
        max_upload: largest file.
        max_queued: most jobs of one account that wait or run, or are drafts; None: no limit.
        max_stored: most bytes of files of one account; None: no limit.
        rate: requests that one key (without a key: one address) may send in a second; None: no limit.
        upload_seconds: an upload that is not finished so long after its last byte is forgotten.
        ticket_seconds: URLs of packages for players are good for so long.
        private_urls: URLs may lead to private and loopback addresses (tests, and networks that are one's own).
        public_media: Bytescale's media URLs of files and finished transformations need no key, as Bytescale's own.
    """

    home: Path
    preset_dir: Path | None = None
    allow: tuple[Path, ...] = ()
    no_auth: bool = False
    public_url: str | None = None
    max_body: int = MIB
    max_upload: int = 100 * GIB
    max_queued: int | None = 1000
    max_stored: int | None = None
    rate: int | None = 100
    upload_seconds: float = 24 * 3600.0
    ticket_seconds: float = 24 * 3600.0
    private_urls: bool = False
    public_media: bool = False
