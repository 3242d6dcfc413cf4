"""`ingest run`: the main job."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.cli.completion import complete_resolution
from ingest.cli.options import json_option, preset_dir_option, progress_option, quiet_option
from ingest.cli.output import echo_json_text
from ingest.media.options import GROUND_HIGHEST, GROUND_LOWEST, LOUDNESS_LOUDEST, LOUDNESS_SOFTEST

if TYPE_CHECKING:
    from typing import Unpack

    from ingest.job.record import Record
    from ingest.media.choices import Choices


@click.command(short_help="Ingest a video file into a verified HLS and DASH package.")
@click.argument("source", type=click.Path(readable=False, path_type=Path))
@click.option(
    "--res",
    "resolutions",
    multiple=True,
    metavar="NAME[,NAME...]",
    shell_complete=complete_resolution,
    help="Resolutions to make: sd, hd, fhd, qhd, uhd or a preset of your own. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(readable=False, path_type=Path),
    help="The package's folder. Default: ./<stem>_ingest/",
)
@click.option("--force", is_flag=True, help="Replace a finished package that is already there.")
@click.option("--allow-damage", is_flag=True, help="Take a source of which more than 1 % or 2 s is lost.")
@click.option(
    "--loudness",
    type=click.FloatRange(LOUDNESS_SOFTEST, LOUDNESS_LOUDEST),
    metavar="LUFS",
    help="Bring the sound to this loudness (EBU R 128), for example -23; by default it stays as it is.",
)
@click.option(
    "--verify",
    type=click.Choice(["default", "full"]),
    default="default",
    show_default=True,
    help="What is decoded of the finished renditions: the first picture of each segment, the last ones and all sound, "
    "or everything.",
)
@click.option(
    "--quality",
    type=click.Choice(["vmaf"]),
    help="Measure each rendition against the source, into info/abr.json.",
)
@click.option(
    "--klv",
    type=click.Path(readable=False, path_type=Path),
    metavar="FILE",
    help="Telemetry beside the film: bare KLV, a transport stream, Esri's CSV or DJI's SRT.",
)
@click.option(
    "--ground",
    type=click.FloatRange(GROUND_LOWEST, GROUND_HIGHEST),
    default=0.0,
    metavar="METRES",
    help="Height of the ground above the sea where telemetry does not say it (0), for computed footprints.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and the exact commands, and make nothing.")
@click.option(
    "--codec",
    "codecs",
    multiple=True,
    default=("h264",),
    metavar="NAME[,NAME...]",
    help="Codecs to make each resolution in: h264 (default), hevc, av1. Repeatable.",
)
@click.option(
    "--hdr",
    type=click.Choice(["sdr", "keep"]),
    default="sdr",
    show_default=True,
    help="sdr: HDR is tone mapped. keep: HEVC and AV1 keep it, with H.264 in SDR beside them.",
)
@click.option(
    "--encoder",
    type=click.Choice(["auto", "cpu", "nvenc", "qsv", "vaapi", "amf", "videotoolbox"]),
    default="auto",
    show_default=True,
    help="auto: hardware where a trial encode works, else the CPU.",
)
@click.option(
    "--format",
    type=click.Choice(["cmaf", "ts"]),
    default="cmaf",
    show_default=True,
    help="cmaf: HLS and DASH over fragmented MP4. ts: HLS alone over MPEG-2 transport streams, H.264 only.",
)
@click.option(
    "--copy",
    type=click.Choice(["auto", "never", "require"]),
    default="auto",
    show_default=True,
    help="auto: a rendition that the source already is is copied. never: all are encoded. require: fail where the "
    "source's own size cannot be copied.",
)
@click.option(
    "--start",
    type=float,
    default=0.0,
    metavar="SECONDS",
    help="Begin with the picture that is shown at this time of the film, or the next one.",
)
@click.option(
    "--end",
    type=float,
    metavar="SECONDS",
    help="End with the last picture that is shown before this time of the film.",
)
@click.option(
    "--no-audio", "audio", is_flag=True, flag_value=False, default=True, help="Leave the sound out."
)
@click.option(
    "--crop",
    metavar="TOP,RIGHT,BOTTOM,LEFT",
    help="Pixels to cut off of each side of the picture as it is seen, for example 140,0,140,0.",
)
@click.option(
    "--pad",
    metavar="WIDTH:HEIGHT[:#RRGGBB]",
    help="Bars, black unless a colour is given, that bring the picture into a shape, for example 16:9.",
)
@click.option(
    "--logo",
    "logos",
    multiple=True,
    metavar="FILE[:POSITION[:WIDTH%[:OPACITY]]]",
    help="A picture over every rendition, for example logo.png:bottom-right:12%:0.8. Repeatable, at most 4.",
)
@click.option(
    "--thumbnails",
    multiple=True,
    metavar="WxH[@SECONDSs|@COUNT]",
    help="JPEGs that fit into a size: 160x90 (one every 10 s), 160x90@5s (every 5 s), 160x90@12 (twelve). Repeatable.",
)
@click.option(
    "--mp4", is_flag=True, help="Each rendition with its sound in one MP4 file, too: mp4/<resolution>.mp4."
)
@preset_dir_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Encode N pieces of a long film side by side; by default as many as cores and memory allow.",
)
@progress_option
@quiet_option
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    source: Path,
    resolutions: tuple[str, ...],
    output: Path | None,
    force: bool,
    dry_run: bool,
    preset_dir: Path | None,
    progress: str,
    quiet: bool,
    as_json: bool,
    **choices: Unpack[Choices],
) -> None:
    """Ingest SOURCE into a verified package: HLS and DASH, poster, previews and a job record.

    \b
    ingest run movie.mp4 --res fhd
    ingest run movie.mp4 --res sd,hd --res fhd -o /srv/packages/movie
    """
    from ingest import api
    from ingest.cli.signals import cancel_on_signals
    from ingest.cli.views import choose_view

    if dry_run:
        print_plan(source, resolutions, output, preset_dir, choices, as_json=as_json)
        return
    view = choose_view("none" if quiet else progress, record_on_stdout=as_json)
    with view, cancel_on_signals() as cancel:
        record = api.run(
            source,
            resolutions,
            output,
            force=force,
            preset_dir=preset_dir,
            on_event=view.on_event,
            cancel=cancel,
            **choices,
        )
    code = report_failure(record)
    if as_json:
        echo_json_text(record.to_json())
    ctx.exit(code)


def print_plan(
    source: Path,
    resolutions: tuple[str, ...],
    output: Path | None,
    preset_dir: Path | None,
    choices: Choices,
    *,
    as_json: bool,
) -> None:
    """What the probe found, the plan, and the commands as a shell would take them."""
    import shlex

    from ingest import api
    from ingest.cli.output import echo_json, echo_table
    from ingest.cli.probe import found_rows
    from ingest.cli.signals import cancel_on_signals
    from ingest.job.errors import one_line

    with cancel_on_signals() as cancel:
        looked = api.look(source, resolutions, output, preset_dir=preset_dir, cancel=cancel, **choices)
    if as_json:
        echo_json({**looked.found, "plan": looked.plan, "commands": looked.commands})
        return
    echo_table(("", ""), found_rows(looked.found))
    click.echo()
    echo_table(("", ""), looked.rows)
    for line in (*looked.found["notes"], *looked.found["warnings"]):
        click.echo(one_line(line))
    for command in looked.commands:
        click.echo(f"\n{shlex.join(command)}")


def report_failure(record: Record) -> int:
    """One line on stderr for a job that failed; returns the exit code."""
    error = record.error
    if error is None:
        return 0
    from ingest.job.errors import one_line

    line = f"{error.message}; {error.remedy}" if error.remedy else error.message
    with contextlib.suppress(OSError):  # nobody reads stderr: the exit code still tells
        click.echo(f"ingest: error: {one_line(line)}", err=True)
    return error.exit_code
