"""`ingest keys`, as a person types it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ingest.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))


def ingest(*args: str) -> Result:
    return CliRunner().invoke(main, list(args), prog_name="ingest")


def test_a_key_is_printed_once_listed_and_revoked() -> None:
    made = ingest("keys", "create", "ci", "--account", "studio", "--scope", "read", "--expires", "30d")
    assert made.exit_code == 0
    key = made.output.strip()
    assert re.fullmatch(r"secret_[A-Za-z0-9]{47}", key)
    listed = ingest("keys", "list")
    assert key not in listed.output
    columns = listed.output.splitlines()[1].split()
    assert columns[1:3] == ["ci", "studio"]
    assert columns[3:6] == [f"({key[7:14]})", "read", "valid"]
    assert ingest("keys", "revoke", "ci").output == f"key {columns[0]} (ci) is revoked\n"
    assert json.loads(ingest("keys", "list", "--json").output)[0]["state"] == "revoked"


def test_the_document_of_a_new_key() -> None:
    document = json.loads(ingest("keys", "create", "ci", "--json").output)
    assert list(document) == [
        *("key", "keyId", "account", "accountName", "name", "scopes"),
        *("created", "expires", "revoked", "used", "state"),
    ]
    assert (document["accountName"], document["scopes"]) == ("default", ["read", "submit"])
    assert (document["expires"], document["state"]) == (None, "valid")
    assert document["key"].startswith(f"secret_{document['account']}")


def test_no_keys() -> None:
    assert ingest("keys", "list").output == "no keys\n"


def test_an_unknown_key_is_one_line() -> None:
    gone = ingest("keys", "revoke", "nobody")
    assert gone.exit_code == 2
    assert gone.output == "ingest: error: no key 'nobody'; `ingest keys list` shows the ids\n"


@pytest.mark.parametrize("when", ["yesterday", "2001-01-01", "0d", "999999w", "30"])
def test_a_time_that_cannot_be_is_said(when: str) -> None:
    made = ingest("keys", "create", "ci", "--expires", when)
    assert made.exit_code == 2
    assert f"'{when}'" in made.output
    assert made.output.count("\n") == 1
