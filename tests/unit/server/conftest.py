"""A server's core in a folder of its own, as every test of a route needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from made_core import made_core

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.server.core import Core


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """`made_core.key_of(core)` makes a key for it."""
    with made_core(tmp_path / "home") as core:
        yield core


@pytest.fixture
def core_without_keys(tmp_path: Path) -> Iterator[Core]:
    with made_core(tmp_path / "home", no_auth=True) as core:
        yield core
