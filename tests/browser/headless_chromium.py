"""Starts headless Chromium with an empty profile and leaves nothing of it behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    # A headless page is never in front; a timer that is slowed down measures nothing.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
)


def find_chromium() -> str | None:
    """The first Chromium on PATH."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def processes_of(profile: Path) -> list[int]:
    """Processes that have the profile's folder on their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(profile) in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:  # it ended while we looked
            continue
    return found


@contextmanager
def chromium(
    program: str, url: str, folder: Path, seconds: int, pipe: tuple[int, int] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Chromium on `url` with its profile and log in `folder`; killed at the end, and after `seconds` anyway.

    `pipe` is what it reads commands of the DevTools protocol from, and what it answers on.

    The group is killed, not asked: a profile that is thrown away needs no orderly end. `timeout` ends it if we
    are killed ourselves.
    """
    profile = folder / "profile"
    profile.mkdir(parents=True)
    environment = os.environ | {
        "HOME": str(profile),
        "XDG_CONFIG_HOME": str(profile),
        "XDG_CACHE_HOME": str(profile),
    }
    flags = (*FLAGS, f"--user-data-dir={profile}", *(("--remote-debugging-pipe",) if pipe else ()))

    def hand_down() -> None:
        """Chromium reads from 3 and writes to 4. Both are above 4 here, so that neither overwrites the other."""
        for number, end in zip((3, 4), pipe or (), strict=False):
            os.dup2(end, number)

    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["timeout", "--signal=KILL", str(seconds), program, *flags, url],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            pass_fds=(3, 4) if pipe else (),
            preexec_fn=hand_down if pipe else None,  # noqa: PLW1509 - it calls dup2 alone
        )
    try:
        yield process
    finally:
        kill_all(process, profile)
        shutil.rmtree(profile)


def kill_all(process: subprocess.Popen[bytes], profile: Path) -> None:
    """Kill the process group and whatever left it; return when nothing with the profile runs."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    deadline = time.monotonic() + 10
    while (left := processes_of(profile)) and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    assert not left, f"Chromium processes {left} survived SIGKILL"
