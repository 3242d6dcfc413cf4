"""`ingest verify`: a package's measurements against what it declares."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json, echo_table

if TYPE_CHECKING:
    from ingest.packaging.measure import Track
    from ingest.packaging.verify import Report


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--full", is_flag=True, help="Decode every frame, and not only parts of each rendition.")
@json_option
@click.pass_context
def verify(ctx: click.Context, folder: Path, full: bool, as_json: bool) -> None:
    """Read a package back and check that it is what it claims to be.

    DIR holds a master playlist (ABR.m3u8). The exit code is 1 when any MUST is broken.
    """
    from ingest.cli.signals import cancel_on_signals
    from ingest.media.toolchain import find
    from ingest.packaging.decode import make_decoder
    from ingest.packaging.verify import verify as check

    with cancel_on_signals() as cancel, tempfile.TemporaryDirectory(prefix="ingest-verify-") as work:
        report = check(folder, decode=make_decoder(find().ffmpeg, Path(work), cancel=cancel), full=full)
        cancel.check()
    if as_json:
        echo_json(document(folder, report))
    else:
        if report.findings:
            rows = [(f.level, f.rule, f.place, f.found, f.wanted) for f in report.findings]
            echo_table(("LEVEL", "RULE", "PLACE", "FOUND", "WANTED"), rows)
        click.echo(summary(report))
    if report.must:
        ctx.exit(1)


def summary(report: Report) -> str:
    """The last line: how much was looked at, and the outcome."""
    looked = f"{report.checked} checks, {len(report.tracks)} renditions, {report.decoded} segments decoded"
    return f"{looked}: {len(report.must)} MUST and {len(report.should)} SHOULD broken"


def document(folder: Path, report: Report) -> dict[str, Any]:
    """The report as one JSON document."""
    return {
        "package": str(folder),
        "passed": not report.must,
        "checks": report.checked,
        "segmentsDecoded": report.decoded,
        "findings": [
            {"level": f.level, "rule": f.rule, "place": f.place, "found": f.found, "wanted": f.wanted}
            for f in report.findings
        ],
        "renditions": [rendition(track, folder.resolve()) for track in report.tracks],
    }


def rendition(track: Track, root: Path) -> dict[str, Any]:
    """What was measured of one rendition: bit/s, seconds, pixels."""
    return {
        "playlist": track.playlist.relative_to(root).as_posix(),
        "kind": track.kind,
        "codecs": list(track.codecs),
        "width": track.width,
        "height": track.height,
        "channels": track.channels,
        "sampleRate": track.sample_rate,
        "frames": track.frames,
        "frameRate": round(float(track.frame_rate), 3) if track.kind == "video" else None,
        "duration": float(track.duration),
        "start": float(track.first_presentation),
        "averageBandwidth": track.average_bandwidth,
        "peakBandwidth": track.peak_bandwidth,
        "segments": len(track.segments),
    }
