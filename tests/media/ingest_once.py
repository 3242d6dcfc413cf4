"""Pytest plugin: each source is ingested once a session, and its package shared by all tests, of all workers."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from main_job import ROOT, Ingest

if TYPE_CHECKING:
    from pathlib import Path


def fast_presets(presets: Path) -> Path:
    """The shipped presets at x264's and SVT-AV1's fast speeds, in this new folder."""
    presets.mkdir()
    for shipped in (ROOT / "presets").glob("*.toml"):
        text, count = re.subn(r'speed = "\w+"', 'speed = "superfast"', shipped.read_text("utf-8"))
        text, svt = re.subn(r"speed = \d+", "speed = 9", text)
        assert (count, svt) == (2, 1)
        (presets / shipped.name).write_text(text, "utf-8")
    return presets


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingest:
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared-packages"
    shared.mkdir(exist_ok=True)
    folder = tmp_path_factory.mktemp("packages")
    return Ingest(shared, folder, fast_presets(folder / "presets"), {})
