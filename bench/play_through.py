"""Plays packages of ingest from start to end in headless Chromium: hls.js, shaka-player over HLS and over DASH.

Run by hand, on Linux, with Chromium and npm: `python bench/play_through.py [--only WORD] [--keep DIR] [--rate N]`. It
prints a markdown table and ends with 1 where something does not play as it should.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from play_checks import COLUMNS, Seen, check
from play_sources import FILMS, Film, Studio

from ingest.media import toolchain

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "browser"))

from headless_chromium import find_chromium  # noqa: E402 (found by the line above)
from npm_players import fetch_players  # noqa: E402
from page_visit import NoReportError, Visitor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable

    from page_visit import Visit

MEDIA = REPOSITORY / "../shared/media"
# Where the tests keep them, too.
PLAYERS = REPOSITORY / ".pytest_cache" / "d" / "browser-players"
PAIRS = (
    ("hls.js", "HLS", "ABR.m3u8"),
    ("shaka-player", "HLS", "ABR.m3u8"),
    ("shaka-player", "DASH", "manifest.mpd"),
)
# Small pictures: encodes are cheap, and a slow machine decodes them in time.
BOXES = {"low": "[426, 240]", "mid": "[640, 360]"}
SECONDS = 180


@dataclass(frozen=True, slots=True)
class Bench:
    """The surroundings of all runs."""

    studio: Studio
    browser: str
    rate: float

    @property
    def folder(self) -> Path:
        return self.studio.folder

    def package(self, film: Film) -> Path | None:
        """The film's package; None where there is no such film here."""
        source = film.make(self.studio)
        folder = self.folder / f"package-{re.sub('[^a-z0-9]+', '-', film.name.lower())}"
        if source is not None and not (folder / "ABR.m3u8").exists():
            ingest = str(Path(sys.executable).with_name("ingest"))
            where = ["--preset-dir", str(self.folder / "presets"), "-o", str(folder), "--force"]
            argv = [ingest, "run", str(source), "--res", ",".join(BOXES), *where, *film.options, "--quiet"]
            environment = {**os.environ, "INGEST_HOME": str(self.folder / "home")}
            subprocess.run(argv, check=True, env=environment, stdin=subprocess.DEVNULL)
        return folder if source is not None else None

    def play(self, film: Film, package: Path, player: str, manifest: str) -> Visit:
        """Raises NoReportError."""
        query = {"player": player, "through": "1", "rate": str(self.rate)}
        wishes = {"audio": film.audio, "then": film.then, "text": film.text}
        query |= {name: wish for name, wish in wishes.items() if wish}
        if film.range != "SDR":
            query["range"] = film.range
        with tempfile.TemporaryDirectory(prefix="play-", dir=self.folder) as profile:
            return Visitor(self.browser, PLAYERS, Path(profile), SECONDS).visit(package, manifest, query)


def write_presets(folder: Path) -> None:
    """The shipped SD preset with smaller boxes, and faster where HEVC and AV1 are made."""
    folder.mkdir(exist_ok=True)
    shipped = (REPOSITORY / "presets" / "sd.toml").read_text(encoding="utf-8")
    for name, box in BOXES.items():
        text = shipped.replace('name = "sd"', f'name = "{name}"').replace("[720, 480]", box)
        head, hevc, rest = text.partition("[video.hevc]")
        faster = rest.replace('"veryfast"', '"ultrafast"').replace("speed = 8", "speed = 11")
        (folder / f"{name}.toml").write_text(head + hevc + faster, encoding="utf-8")


def rows(bench: Bench, films: Iterable[Film]) -> Iterable[Seen]:
    for film in films:
        package = bench.package(film)
        for player, protocol, manifest in PAIRS:
            row = Seen(film, player, protocol)
            if package is None:
                row.note("- (no such clip here)")
            elif not (package / manifest).exists():
                row.note("- (no DASH over TS)")
            else:
                try:
                    check(row, bench.play(film, package, player, manifest))
                except NoReportError as error:
                    row.fault(str(error))
            print(
                f"{film.name}, {player}, {protocol}: {row.result}", *row.faults, sep="\n  ", file=sys.stderr
            )
            yield row


def table(seen: Iterable[Seen]) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(row.cells() for row in seen)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="WORD", help="only films with this in their names")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="make films and packages here, and keep them"
    )
    parser.add_argument("--media", type=Path, default=MEDIA, help="folder of the real clips")
    parser.add_argument("--rate", type=float, default=1.0, help="how fast to play from start to end")
    options = parser.parse_args()
    browser, npm = find_chromium(), shutil.which("npm")
    if browser is None or npm is None:
        sys.exit("Chromium or npm is not installed")
    PLAYERS.mkdir(parents=True, exist_ok=True)
    fetch_players(npm, PLAYERS)
    with tempfile.TemporaryDirectory(prefix="ingest-play-") as name:
        folder: Path = (options.keep or Path(name)).resolve()
        folder.mkdir(exist_ok=True)
        write_presets(folder / "presets")
        studio = Studio(str(toolchain.find().ffmpeg.path), folder, options.media.resolve())
        bench = Bench(studio, browser, options.rate)
        seen = list(rows(bench, (film for film in FILMS if options.only in film.name)))
    print(table(seen))
    sys.exit(1 if any(row.faults for row in seen) else 0)


if __name__ == "__main__":
    main()
