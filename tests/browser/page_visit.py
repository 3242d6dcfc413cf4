"""One load of the page under `page/`: it plays a package and tells what happened; others judge it."""

from __future__ import annotations

import json
import queue
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from headless_chromium import chromium
from recording_server import Exchange, Site, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAGE = Path(__file__).parent / "page"
# What hls.js reports of a machine that decodes too slowly, and of requests that a seek made needless.
HARMLESS = ("bufferStalledError", "bufferNudgeOnStall", "aborted")
# hls.js counts a transport stream's time from the first decoding time, which lies before the first picture: a seek to 0
# meets nothing there, and goes on 0.1 s behind the first picture.
HARMLESS_AT_THE_START = ("bufferSeekOverHole", "bufferAppendNoProgress")


class NoReportError(Exception):
    """The page never told anything."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What the page reported, its screenshot, what the package's server saw, and what either server refused."""

    package: Path
    abr: dict[str, Any]
    report: dict[str, Any]
    picture: bytes | None
    cdn: Site
    refused: list[Exchange]

    @property
    def sizes(self) -> list[list[int]]:
        return [[rung["width"], rung["height"]] for rung in self.abr["rungs"]]

    @property
    def slowest(self) -> float:
        """Frames per second of the rung that has fewest."""
        return float(min(rung["meanFrameRate"] for rung in self.abr["rungs"]))

    @property
    def audios(self) -> set[str]:
        return {f"{audio['language']}/{audio['channels']}" for audio in self.abr["audio"]}

    def errors(self) -> list[dict[str, Any]]:
        """What the player reported as an error, less what is known to do no harm."""
        harmless = HARMLESS + (HARMLESS_AT_THE_START if self.abr["format"] == "ts" else ())
        return [error for error in self.report["errors"] if error["name"] not in harmless or error["fatal"]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Chromium, the players' folder, a folder for profile and log, and how long a page may take."""

    browser: str
    players: Path
    folder: Path
    seconds: int

    def visit(self, package: Path, manifest: str, query: Mapping[str, str]) -> Visit:
        """Load the page once. Raises NoReportError."""
        pages = {"/page/": PAGE, "/players/": self.players}
        # Two origins, as with a CDN: without CORS headers nothing plays.
        with serve({"/package/": package}) as cdn, serve(pages, ("/result", "/screenshot")) as site:
            here = f"{cdn.origin}/package/"
            asked = {key: value.replace("package:", here) for key, value in query.items()}
            asked["manifest"] = here + manifest
            url = f"{site.origin}/page/index.html?{urlencode(asked)}"
            with chromium(self.browser, url, self.folder, self.seconds) as process:
                report = self._report(site, process.poll)
            posted = site.posts["/screenshot"]
            picture = None if posted.empty() else posted.get()
        abr = json.loads((package / "info/abr.json").read_text(encoding="utf-8"))
        return Visit(package, abr, report, picture, cdn, site.refused() + cdn.refused())

    def _report(self, site: Site, ended: Callable[[], int | None]) -> dict[str, Any]:
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            try:
                report: dict[str, Any] = json.loads(site.posts["/result"].get(timeout=0.5))
            except queue.Empty:
                if ended() is not None:
                    break
            else:
                return report
        log = (self.folder / "chromium.log").read_text(encoding="utf-8", errors="replace")
        raise NoReportError(
            f"the page never reported; requests {site.exchanges}; Chromium said {log[-2000:]}"
        )
