"""@bytescale/sdk and upload-js-full as the npm registry has them; kept between runs."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

CLIENTS = ("@bytescale/sdk@3", "upload-js-full@2", "node-fetch@2")
_UNREACHABLE = re.compile(
    r"npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E5\d\d)"
)


class RegistryUnreachableError(Exception):
    """The npm registry did not answer."""


def install_clients(npm: str, folder: Path) -> Path:
    """`node_modules` with the clients, unmodified, below `folder`.

    Raises:
        RegistryUnreachableError: the registry did not answer.
        RuntimeError: npm failed for another reason.
    """
    modules = folder / "node_modules"
    if modules.is_dir():
        return modules
    limits = ("--fetch-retries=2", "--fetch-timeout=20000")
    # Beside, and moved into place: two runs may share the folder.
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        argv = [npm, "install", "--prefix", beside, "--ignore-scripts", "--no-audit", "--no-fund", *limits]
        try:
            done = subprocess.run(
                [*argv, *CLIENTS],
                cwd=beside,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=180,
            )
        except subprocess.TimeoutExpired as error:
            raise RegistryUnreachableError(f"npm install took over {error.timeout:.0f} s") from error
        if done.returncode != 0:
            if unreachable := _UNREACHABLE.search(done.stderr):
                raise RegistryUnreachableError(f"npm install: {unreachable[1]}")
            raise RuntimeError(f"npm install failed: {done.stderr[-2000:]}")
        try:
            (Path(beside) / "node_modules").rename(modules)
        except OSError:
            if not modules.is_dir():
                raise
    return modules
