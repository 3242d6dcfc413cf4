from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("helpers_cli")

from helpers_cli import Cli  # noqa: E402 - after the line above
from helpers_media import Clips  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session", autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test's job is listed among those of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    made = Cli(tmp_path)
    yield made
    made.close()
