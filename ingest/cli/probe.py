"""`ingest probe`: what ingest sees in a file, without making anything."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.options import json_option

if TYPE_CHECKING:
    from ingest.media.cancel import CancelToken
    from ingest.media.source import Source


@click.command(short_help="Show what ingest sees in a video file.")
@click.argument("file", type=click.Path(readable=False, path_type=Path))
@json_option
def probe(file: Path, as_json: bool) -> None:
    """Show what ingest sees in FILE: the picture it would use, the sound, KLV, and every stream."""
    from ingest.cli.output import echo_json
    from ingest.cli.signals import cancel_on_signals
    from ingest.media.source import open_source

    with (
        cancel_on_signals() as cancel,
        open_source(file) as source,
        tempfile.TemporaryDirectory(prefix="ingest-probe-") as folder,
    ):
        document = describe(source, Path(folder), cancel)
    if as_json:
        echo_json(document)
    else:
        _print(document)


def describe(source: Source, folder: Path, cancel: CancelToken) -> dict[str, Any]:
    """The probe's findings in the shapes of info/video.json and info/streams.json."""
    from ingest import settings as settings_module
    from ingest.media import toolchain
    from ingest.media.probe import ProbeLimits, Prober
    from ingest.steps import (
        generating_video_info,
        generating_video_stream_info,
        probing_audio,
        probing_video_codec,
        probing_video_klv,
    )
    from ingest.steps.context import as_plain

    settings = settings_module.load()
    tools = toolchain.find()
    limits = ProbeLimits.of(settings)
    prober = Prober(tools.ffprobe, tools.ffmpeg, source, folder, limits, cancel)
    probed = probing_video_codec.run(prober, allow_damage=True)
    audio = probing_audio.run(probed.value.document)
    klv = probing_video_klv.run(probed.value.document)
    notes = (*probed.notes, *audio.notes)
    warnings = probed.warnings
    return {
        "file": source.name,
        "video": as_plain(
            generating_video_info.document(probed.value.container, probed.value.video, audio.value, klv.value)
        ),
        "streams": as_plain(generating_video_stream_info.document(probed.value, audio.value, klv.value))[
            "streams"
        ],
        "notes": [f"{n.code.text}: {n.detail}".rstrip(": ") for n in notes],
        "warnings": [f"{n.code.text}: {n.detail}".rstrip(": ") for n in warnings],
    }


def _print(document: dict[str, Any]) -> None:
    from ingest.cli.output import echo_table
    from ingest.job.errors import one_line

    video = document["video"]
    rate = video["frameRate"] or f"variable, {video['meanFrameRate']:.3f} on average"
    colour = video["colour"]
    rows = [
        ("file", document["file"]),
        ("container", video["containerFormat"]),
        ("picture", f"{video['width']}x{video['height']} {video['codec']} {video['pixelFormat']}"),
        ("quality", video["sourceQuality"]),
        ("coded as", f"{video['codedWidth']}x{video['codedHeight']}, rotated by {video['rotation']} degrees"),
        ("frames", f"{video['frameCount']} at {rate}"),
        ("duration", f"{video['durationMs'] / 1000:.3f} s, from {video['startSeconds']:.3f} s"),
        ("key frames", f"{video['gop']['keyFrames']}, up to {video['gop']['longestSeconds']:.2f} s apart"),
        ("scan", video["fieldOrder"]),
        ("colour", f"{colour['primaries']}/{colour['transfer']}/{colour['matrix']}, hdr {colour['hdr']}"),
    ]
    rows += [
        (
            f"audio {a['index']}",
            f"{a['codec']}, {a['channels']} channels, {a['sampleRate']} Hz, language {a['language']}",
        )
        for a in video["audio"]
    ]
    rows += [(f"klv {k['index']}", f"in {k['carriage']}") for k in video["klv"]]
    echo_table(("", ""), rows)
    for line in (*document["notes"], *document["warnings"]):
        click.echo(one_line(line))
