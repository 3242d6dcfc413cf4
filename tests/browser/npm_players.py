"""hls.js and shaka-player from the npm registry: one file of each, nothing installed."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_UNREACHABLE = re.compile(
    r"npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E5\d\d)"
)


class RegistryUnreachableError(Exception):
    """The npm registry did not answer."""


@dataclass(frozen=True, slots=True)
class Player:
    """A package of the registry, its version range, and the script in it that a page loads."""

    package: str
    script: str
    saved_as: str


PLAYERS = (
    Player("hls.js@1", "package/dist/hls.min.js", "hls.js"),
    Player("shaka-player@5", "package/dist/shaka-player.compiled.js", "shaka.js"),
)


def fetch_players(npm: str, folder: Path) -> None:
    """Put each player's script into `folder`, unless it is there already.

    Raises:
        RegistryUnreachableError: the registry did not answer.
        RuntimeError: npm failed for another reason.
    """
    for player in PLAYERS:
        if not (folder / player.saved_as).is_file():
            _fetch(npm, player, folder)


def _fetch(npm: str, player: Player, folder: Path) -> None:
    limits = ("--fetch-retries=1", "--fetch-timeout=20000")
    try:
        done = subprocess.run(
            [npm, "pack", "--json", "--ignore-scripts", *limits, player.package],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
    except subprocess.TimeoutExpired as error:
        raise RegistryUnreachableError(
            f"npm pack {player.package} took over {error.timeout:.0f} s"
        ) from error
    if done.returncode != 0:
        unreachable = _UNREACHABLE.search(done.stderr)
        if unreachable:
            raise RegistryUnreachableError(f"npm pack {player.package}: {unreachable[1]}")
        raise RuntimeError(f"npm pack {player.package} failed: {done.stderr[-2000:]}")
    archive = folder / json.loads(done.stdout)[0]["filename"]
    with tarfile.open(archive) as tar:
        member = tar.extractfile(player.script)
        assert member is not None, f"{player.script} in {archive.name} is not a file"
        unfinished = folder / f"{player.saved_as}.part"
        unfinished.write_bytes(member.read())
    unfinished.rename(folder / player.saved_as)
    archive.unlink()
