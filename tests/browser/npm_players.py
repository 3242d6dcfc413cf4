"""hls.js and shaka-player from the npm registry: one file of each is kept."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_UNREACHABLE = re.compile(
    r"npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E5\d\d)"
)


class RegistryUnreachableError(Exception):
    """The npm registry did not answer."""


@dataclass(frozen=True, slots=True)
class Player:
    """A package of the registry, its major version, and the script in it that a page loads."""

    package: str
    version: str
    script: str
    saved_as: str


PLAYERS = (
    Player("hls.js", "1", "dist/hls.min.js", "hls.js"),
    Player("shaka-player", "5", "dist/shaka-player.compiled.js", "shaka.js"),
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
    """Installed beside and moved into place: npm checks what it installs, and two runs may share the folder."""
    limits = ("--fetch-retries=2", "--fetch-timeout=20000")
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        argv = [npm, "install", "--prefix", beside, "--ignore-scripts", "--no-audit", "--no-fund", *limits]
        try:
            done = subprocess.run(
                [*argv, f"{player.package}@{player.version}"],
                cwd=beside,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=180,
            )
        except subprocess.TimeoutExpired as error:
            raise RegistryUnreachableError(
                f"npm install {player.package} took over {error.timeout:.0f} s"
            ) from error
        if done.returncode != 0:
            unreachable = _UNREACHABLE.search(done.stderr)
            if unreachable:
                raise RegistryUnreachableError(f"npm install {player.package}: {unreachable[1]}")
            raise RuntimeError(f"npm install {player.package} failed: {done.stderr[-2000:]}")
        script = Path(beside) / "node_modules" / player.package / player.script
        script.rename(folder / player.saved_as)
