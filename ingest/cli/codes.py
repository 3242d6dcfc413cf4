"""`ingest codes`: the table of message codes."""

from __future__ import annotations

from typing import get_args

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json, echo_table
from ingest.job import codes as table


@click.command()
@click.option("--kind", type=click.Choice(get_args(table.Kind)), help="Only codes of this kind.")
@json_option
def codes(kind: str | None, as_json: bool) -> None:
    """List the message codes and what they mean.

    Codes from 9001 on are ingest's own; the others are Esri's, numbers and spelling kept.
    """
    chosen = [c for c in table.ALL if kind in (None, c.kind)]
    if as_json:
        echo_json(
            [
                {
                    "code": c.number,
                    "kind": c.kind,
                    "origin": c.origin,
                    "message": c.text,
                    "meaning": c.meaning,
                }
                for c in chosen
            ]
        )
        return
    echo_table(
        ("CODE", "KIND", "ORIGIN", "MESSAGE", "MEANING"),
        [(str(c.number), c.kind, c.origin, c.text, c.meaning) for c in chosen],
        right=("CODE",),
    )
