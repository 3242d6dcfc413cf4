"""`ingest serve`: what its options become, and which values are refused before anything listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.server import serving
from ingest.server.settings import ServerSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_limits_reach_the_server(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def served(_settings: object, chosen: ServerSettings, **places: Any) -> None:
        asked.update(places, chosen=chosen)

    monkeypatch.setattr(serving, "serve", served)
    options = [
        "--slots",
        "3",
        "--allow",
        str(tmp_path),
        "--public-url",
        "https://v.example/",
        "--max-upload",
        "2G",
    ]
    more = ["--max-stored", "1T", "--max-queued", "7", "--rate", "20"]
    done = CliRunner().invoke(main, ["serve", *options, *more], prog_name="ingest")
    assert (done.exit_code, done.output) == (0, "")
    assert asked["slots"] == 3
    assert asked["chosen"] == ServerSettings(
        home=home,
        allow=(tmp_path,),
        public_url="https://v.example",
        max_upload=2 * 1024**3,
        max_stored=1024**4,
        max_queued=7,
        rate=20,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-upload", "lots"], "'lots' is not a size; give bytes or a size such as 8G"),
        (["--max-queued", "0"], "0 is not in the range x>=1"),
        (["--allow", "/no/such/folder"], "Directory '/no/such/folder' does not exist"),
    ],
)
def test_values_that_cannot_be(options: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["serve", *options], prog_name="ingest")
    assert done.exit_code == 2
    assert done.output.startswith("ingest: error: invalid value for ") or said in done.output
    assert said in done.output
    assert len(done.output.splitlines()) == 1
