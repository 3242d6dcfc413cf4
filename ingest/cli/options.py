"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

preset_dir_option = click.option(
    "--preset-dir",
    type=click.Path(path_type=Path),
    envvar="INGEST_PRESET_DIR",
    show_envvar=True,
    help="Folder of your own presets, over the shipped ones.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
progress_option = click.option(
    "--progress",
    type=click.Choice(["auto", "plain", "json", "none"]),
    default="auto",
    show_default=True,
    help="How progress is told on stderr (json: on stdout): auto is a live view on a terminal, else plain lines.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
