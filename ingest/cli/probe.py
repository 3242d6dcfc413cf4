"""`ingest probe`: what ingest sees in a file, without making anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ingest.cli.options import json_option


@click.command(short_help="Show what ingest sees in a video file.")
@click.argument("file", type=click.Path(readable=False, path_type=Path))
@json_option
def probe(file: Path, as_json: bool) -> None:
    """Show what ingest sees in FILE: the picture it would use, the sound, KLV, and what it would make."""
    from ingest import api
    from ingest.cli.output import echo_json
    from ingest.cli.signals import cancel_on_signals

    with cancel_on_signals() as cancel:
        looked = api.look(file, allow_damage=True, cancel=cancel)
    if as_json:
        echo_json({**looked.found, "plan": looked.plan})
    else:
        _print(looked.found, looked.rows)


def _print(document: dict[str, Any], plan: list[tuple[str, str]]) -> None:
    from ingest.cli.output import echo_table
    from ingest.job.errors import one_line

    echo_table(("", ""), found_rows(document))
    click.echo("\nwith every resolution that there is:")
    echo_table(("", ""), plan)
    for line in (*document["notes"], *document["warnings"]):
        click.echo(one_line(line))


def found_rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What the probe found, for a person."""
    video = document["video"]
    rate = video["frameRate"] or f"variable, {video['meanFrameRate']:.3f} on average"
    colour = video["colour"]
    rows = [
        ("file", document["file"]),
        ("container", video["containerFormat"]),
        ("picture", f"{video['width']}x{video['height']} {video['codec']} {video['pixelFormat']}"),
        ("quality", video["sourceQuality"]),
        (
            "coded as",
            f"{video['codedWidth']}x{video['codedHeight']}, rotated by {video['rotation']} degrees"
            + (", mirrored" if video["mirrored"] else ""),
        ),
        ("frames", f"{video['frameCount']} at {rate}"),
        ("duration", f"{video['durationMs'] / 1000:.3f} s, from {video['startSeconds']:.3f} s"),
        ("key frames", f"{video['gop']['keyFrames']}, up to {video['gop']['longestSeconds']:.2f} s apart"),
        ("scan", video["fieldOrder"]),
        ("colour", f"{colour['primaries']}/{colour['transfer']}/{colour['matrix']}, hdr {colour['hdr']}"),
    ]
    rows += [
        (
            f"audio {a['index']}",
            (
                f"{a['codec']}, {a['channels']} channels ({a['channelLayout'] or 'unknown'}), "
                f"{a['sampleRate']} Hz, language {a['language']}, {a['role']}"
            ),
        )
        for a in video["audio"]
    ]
    rows += [
        (
            f"text {'' if t['index'] is None else t['index']}".strip(),
            f"{t['codec']}, {t['kind']}, language {t['language']}",
        )
        for t in video["text"]
    ]
    rows += [("chapters", str(len(video["chapters"])))] if video["chapters"] else []
    rows += [(f"klv {k['index']}", f"in {k['carriage']}") for k in video["klv"]]
    return rows
