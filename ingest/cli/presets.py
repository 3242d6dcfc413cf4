"""`ingest presets`: the resolutions, and how each is encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ingest.cli.completion import complete_resolution
from ingest.cli.options import json_option, preset_dir_option
from ingest.cli.output import echo_json, echo_table

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.presets import CodecPreset, Preset


@click.group(invoke_without_command=True)
@preset_dir_option
@json_option
@click.pass_context
def presets(ctx: click.Context, preset_dir: Path | None, as_json: bool) -> None:
    """List the resolutions that --res can ask for."""
    from ingest.media.presets import load, shipped_dir

    if ctx.invoked_subcommand is not None:
        return
    book = load(preset_dir)
    if as_json:
        echo_json([_document(p) for p in book.values()])
        return
    shipped = shipped_dir()
    echo_table(
        ("NAME", "SIZE", "CAP", "TITLE", "FROM"),
        [
            (p.name, str(p.box), f"{p.video.max_bitrate / 1e6:g} Mbit/s", p.title, _origin(p, shipped))
            for p in book.values()
        ],
        right=("SIZE", "CAP"),
    )


@presets.command()
@click.argument("name", shell_complete=complete_resolution)
@preset_dir_option
@json_option
@click.pass_context
def show(ctx: click.Context, name: str, preset_dir: Path | None, as_json: bool) -> None:
    """Print one preset's file, to read or to start one of your own."""
    from ingest.media.presets import load, read_text

    group = ctx.parent.params if ctx.parent else {}
    (preset,) = load(preset_dir or group.get("preset_dir")).select([name])
    if as_json or group.get("as_json"):
        echo_json(_document(preset))
        return
    click.echo(f"# {preset.origin}")
    click.echo(read_text(preset.origin), nl=False)


def _origin(preset: Preset, shipped: Path) -> str:
    return "ingest" if preset.origin.parent == shipped else str(preset.origin)


def _codec_document(preset: CodecPreset) -> dict[str, Any]:
    return {
        "speed": preset.speed,
        "crf": preset.crf,
        "maxBitrate": preset.max_bitrate,
        "buffer": preset.buffer,
    }


def _document(preset: Preset) -> dict[str, Any]:
    """The preset as JSON: rates in bits/s, the buffer in bits, the frame rate as an exact fraction."""
    from ingest.media.codec_names import CODECS

    video, audio = preset.video, preset.audio
    return {
        "name": preset.name,
        "title": preset.title,
        "box": [preset.box.long, preset.box.short],
        **{
            name: side
            for name, side in (("maxWidth", preset.max_width), ("maxHeight", preset.max_height))
            if side is not None
        },
        "video": {
            "codec": video.codec,
            "profile": video.profile,
            "speed": video.speed,
            "crf": video.crf,
            "maxBitrate": video.max_bitrate,
            "buffer": video.buffer,
            "gopSeconds": float(video.gop),
            "segmentSeconds": float(video.segment),
            "maxFrameRate": str(video.max_frame_rate),
            **{codec: _codec_document(video.of(codec)) for codec in CODECS if codec != "h264"},
        },
        "audio": {"stereoBitrate": audio.stereo_bitrate, "surroundBitrate": audio.surround_bitrate},
        "origin": str(preset.origin),
    }
