"""`ingest klv`: the motion imagery metadata in a file, without a job."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.options import json_option
from ingest.media.options import GROUND_HIGHEST, GROUND_LOWEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.klv import Stream
    from ingest.steps.klv_file import Again


@click.command(short_help="Show the KLV metadata (MISB) and other telemetry in a file.")
@click.argument("file", type=click.Path(readable=False, path_type=Path))
@json_option
@click.option("--ndjson", is_flag=True, help="Print one set a line, as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the ST 0601 sets as CSV, one a row.")
@click.option(
    "--export",
    "folder",
    type=click.Path(readable=False, path_type=Path),
    metavar="DIR",
    help="Write info/klv.json and telemetry/ as a job does: sets, track (GeoJSON, CSV, GPX, KML, PNG), coverage.",
)
@click.option(
    "--ground",
    type=click.FloatRange(GROUND_LOWEST, GROUND_HIGHEST),
    default=0.0,
    metavar="METRES",
    help="With --export: height of the ground above the sea where sets do not say it (0), for computed footprints.",
)
def klv(file: Path, as_json: bool, ndjson: bool, as_csv: bool, folder: Path | None, ground: float) -> None:
    """Show the KLV metadata (MISB ST 0601, ST 0102) in FILE.

    FILE is an MPEG transport stream, bare KLV (.klv, .bin), a side file (CSV, DJI's SRT), or a film with a data track
    of KLV or GPMF. Without an option, a summary of each stream.
    """
    if as_json + ndjson + as_csv + (folder is not None) > 1:
        raise click.UsageError("--json, --ndjson, --csv and --export exclude each other")
    if folder is not None:
        with opened(file) as (name, again):
            write_export(name, again, folder, ground)
        return
    write: Callable[[str, Again], None] = summary
    if as_json:
        write = whole_document
    elif ndjson:
        write = lines
    elif as_csv:
        write = table
    with opened(file) as (name, again):
        write(name, again)


@contextmanager
def opened(path: Path) -> Iterator[tuple[str, Again]]:
    """The file's name for people, and what reads it from its beginning. What it turns out not to be is an error."""
    from ingest.media.source import display_name, open_source
    from ingest.steps.klv_file import readings_of

    with open_source(path) as source, readings_of(source) as again:
        yield display_name(path), again


def summary(name: str, again: Again) -> None:
    """For a person: each stream, how it is carried, and what was found."""
    from ingest.cli.output import echo_table

    found = again()
    for _ in found.packets:
        pass
    rows = [("file", name)]
    rows += [(f"stream {stream.pid or 0}", text) for stream in found.streams() for text in described(stream)]
    echo_table(("", ""), rows if len(rows) > 1 else [*rows, ("klv", "none")])


def described(stream: Stream) -> Iterator[str]:
    """The lines of the summary about one stream."""
    from ingest.klv.document import carriage, iso_time

    yield carriage(stream)
    counts = [f"{count} sets of {standard}" for standard, count in stream.standards.items()]
    yield ", ".join(counts) or "no valid set"
    wrong = {
        "bad sets": stream.framing.bad,
        "cut sets": stream.framing.cut,
        "bytes skipped": stream.framing.skipped_bytes,
        "continuity errors": stream.lost,
    }
    if any(wrong.values()):
        yield ", ".join(f"{count} {what}" for what, count in wrong.items() if count)
    if stream.first_time is not None:
        yield f"{iso_time(stream.first_time)} to {iso_time(stream.last_time)}"


def lines(_: str, again: Again) -> None:
    """One JSON object a line for each set."""
    from ingest.cli.output import echo_json_text
    from ingest.klv.document import packet_document

    for packet in again().packets:
        echo_json_text(json.dumps(packet_document(packet)))


def whole_document(name: str, again: Again) -> None:
    """One JSON document, written set by set: a long flight is never held as a whole."""
    from ingest.cli.output import echo_json_text
    from ingest.klv.document import packet_document, stream_document

    found = again()
    separator = f'{{\n"file": {json.dumps(name)},\n"sets": ['
    for packet in found.packets:
        echo_json_text(separator + "\n" + json.dumps(packet_document(packet)))
        separator = ","
    end = "],\n" if separator == "," else separator + "],\n"
    streams: list[Any] = [stream_document(stream) for stream in found.streams()]
    echo_json_text(f'{end}"streams": {json.dumps(streams, indent=2)}\n}}')


def table(_: str, again: Again) -> None:
    """CSV. The file is read twice: first to see which tags there are."""
    from ingest.klv import UasSet
    from ingest.klv.document import SIDE_COLUMNS, column, row

    numbers: set[int] = set()
    for packet in again().packets:
        if isinstance(packet.content, UasSet):
            numbers.update(packet.content.values)
    ordered = sorted(numbers)
    echo_row([*SIDE_COLUMNS, *(column(n) for n in ordered)])
    for packet in again().packets:
        if isinstance(packet.content, UasSet):
            echo_row(row(packet, ordered))


def write_export(name: str, again: Again, folder: Path, ground: float) -> None:
    """What a job writes of KLV, into `folder`; the file is read twice, first to see what there is."""
    from ingest.job import codes
    from ingest.job.errors import OutputError, SourceError
    from ingest.media.source import display_name
    from ingest.telemetry import choose, export
    from ingest.telemetry.export import LONG

    first = again()
    count = sum(1 for _ in first.packets)
    if not count:
        raise SourceError(
            codes.NO_KLV_FOUND,
            f"{name} has no KLV set that is whole",
            remedy="see `ingest klv` for its streams",
        )
    found = again()
    try:
        exported = export(
            found.packets,
            found.streams,
            folder,
            name=name,
            chosen=choose(first.streams()),
            long=count > LONG,
            ground=ground,
        )
    except OSError as error:
        raise OutputError(
            codes.OUTPUT_NOT_WRITABLE,
            f"{display_name(folder)} cannot be written ({error.strerror})",
            remedy="name another folder with --export",
        ) from error
    click.echo(
        f"{exported.sets} sets, {exported.points} on the map, {exported.footprints} with a footprint: "
        f"{display_name(folder)}"
    )


def echo_row(cells: list[str]) -> None:
    """Print one row of CSV (RFC 4180). Control characters, which only damage brings, become visible."""
    import csv

    from ingest.job.errors import one_line

    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([one_line(cell) for cell in cells])
    click.echo(text.getvalue())
