from __future__ import annotations

import json
import re

from click.testing import CliRunner

from ingest.cli import main
from ingest.job import codes


def run(*args: str) -> str:
    result = CliRunner().invoke(main, ["codes", *args])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_table_holds_every_code() -> None:
    header, *rows = run().splitlines()
    assert header.split() == ["CODE", "KIND", "ORIGIN", "MESSAGE", "MEANING"]
    assert [row.split()[:3] for row in rows] == [[str(c.number), c.kind, c.origin] for c in codes.ALL]
    assert [re.split("  +", row.strip())[3:] for row in rows] == [[c.text, c.meaning] for c in codes.ALL]


def test_one_kind() -> None:
    rows = run("--kind", "warning").splitlines()[1:]
    assert [int(row.split()[0]) for row in rows] == [c.number for c in codes.ALL if c.kind == "warning"]


def test_json_is_the_whole_table() -> None:
    assert json.loads(run("--json")) == [
        {"code": c.number, "kind": c.kind, "origin": c.origin, "message": c.text, "meaning": c.meaning}
        for c in codes.ALL
    ]
    assert json.loads(run("--json", "--kind", "step"))[0] == {
        "code": 117,
        "kind": "step",
        "origin": "esri",
        "message": "Starting Ingest",
        "meaning": "The source was opened and the tools were found.",
    }
