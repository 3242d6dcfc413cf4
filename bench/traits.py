"""Every trait of sources that ingest promises to take, one real job each, and what is measured of the result.

Run by hand: `python bench/traits.py [--media ../shared/media] [--only NAME] [--markdown]`. Exit 1 on a miss.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
# The tests' makers and measuring helpers; bench/main_job.py has a namesake among them, which must be found first.
sys.path[:0] = [str(ROOT / "tests/media"), str(ROOT / "tests")]

if TYPE_CHECKING:
    from trait_cases.core import Case, Row

TITLE = """\
# What becomes of each trait of a source

Made by `python bench/traits.py --markdown`: each row is a source with that trait, two or three seconds long where
nothing else is said, taken through one real `ingest run --res sd`. All that stands under *measured* was measured of the
finished package by ffmpeg, not read from what anything declares: sizes, pictures against the source's own (PSNR of each
one, made small), times, samples of sound, cues, warnings' codes (`ingest codes` explains them), and what
`ingest verify` finds.
"""
COLUMNS = ("trait", "case", "source", "measured", "wanted", "pass")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media", help="the real clips")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="cases whose trait or name has this in it; repeatable"
    )
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    only = [word.lower() for word in asked.only or [""]]
    os.environ.setdefault("SVT_LOG", "1")  # else the AV1 encoder writes pages to stderr
    chosen = [c for c in cases(asked.media) if any(w in f"{c.trait}: {c.name}".lower() for w in only)]
    with tempfile.TemporaryDirectory(prefix="traits-") as name:
        rows = measured(chosen, Path(name))
    if asked.markdown:
        print(markdown(rows))
    else:
        Console().print(table(rows))
    missed = [r for r in rows if not r.passed]
    print(f"{len(rows)} rows, {len(rows) - len(missed)} pass", file=sys.stderr)
    if missed or not rows:
        raise SystemExit(1)


def cases(media: Path) -> list[Case]:
    from trait_cases import (
        clips,
        clocks,
        colours,
        containers,
        damage,
        fields,
        hdr,
        others,
        shapes,
        sounds,
        texts,
    )

    groups = (shapes, fields, clocks, colours, hdr, sounds, texts, others, damage, containers)
    return [*(c for g in groups for c in g.CASES), *clips.cases(media)]


def measured(chosen: list[Case], folder: Path) -> list[Row]:
    """Each with a line on stderr, since all of them take long."""
    from trait_cases.core import Lab

    lab, rows = Lab(folder), []
    for number, case in enumerate(chosen, 1):
        started = time.monotonic()
        rows.append(lab.measure(case))
        word = "pass" if rows[-1].passed else "MISSED"
        taken = time.monotonic() - started
        print(f"{number}/{len(chosen)} {word} {taken:.1f} s {case.trait}: {case.name}", file=sys.stderr)
        if not rows[-1].passed:
            print("\n".join(f"  {f}" for f in rows[-1].findings if not f.passed), file=sys.stderr)
    return rows


def cells(row: Row) -> tuple[str, ...]:
    case = row.case
    found, wanted = ("; ".join(getattr(f, side) for f in row.findings) for side in ("measured", "wanted"))
    return case.trait, case.name, row.source, found, wanted, "yes" if row.passed else "NO"


def table(rows: list[Row]) -> Table:
    made = Table(*COLUMNS, show_lines=True)
    for row in rows:
        made.add_row(*(cell.replace("[", r"\[") for cell in cells(row)))
    return made


def markdown(rows: list[Row]) -> str:
    """A table for each trait."""
    from ingest.media.toolchain import find

    day = datetime.now(UTC).date()
    lines = [TITLE, f"Measured on {day} with ffmpeg {find().ffmpeg.version}.", ""]
    for trait, group in groupby(rows, key=lambda row: row.case.trait):
        lines += [
            f"## {trait[0].upper()}{trait[1:]}",
            "",
            f"| {' | '.join(COLUMNS[1:])} |",
            f"|{' --- |' * 5}",
        ]
        lines += [f"| {' | '.join(c.replace('|', '/') for c in cells(row)[1:])} |" for row in group]
        lines.append("")
    passed = sum(row.passed for row in rows)
    return "\n".join([*lines, f"{len(rows)} rows, {passed} pass."])


if __name__ == "__main__":
    main()
