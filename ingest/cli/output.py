"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import click

from ingest.job.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A pipe or a file has no width: nothing is wrapped or cut there.
_NO_WIDTH = 100_000


def echo_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print aligned columns; those named in `right` are numbers. Text from outside is made harmless."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if sys.stdout is None:  # closed by whoever started us (`>&-`)
        return
    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if terminal else _NO_WIDTH, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def echo_json(value: object) -> None:
    """Print a value as JSON, two-space indentation."""
    echo_json_text(json.dumps(value, indent=2, ensure_ascii=False))


def echo_json_text(text: str) -> None:
    """Print JSON text as it is; characters that stdout cannot encode become JSON's own escapes."""
    text = text.removesuffix("\n")
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        # JSON has characters beyond ASCII only inside strings, where \uXXXX means the same.
        text = re.sub(r"[^\x00-\x7f]+", lambda match: json.dumps(match[0])[1:-1], text)
    click.echo(text)
