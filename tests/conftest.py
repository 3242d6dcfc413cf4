"""Which tests stay together when the suite runs on several cores: those that share what is costly to make."""

from __future__ import annotations

from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One group for each file, and one for everything that plays in a browser."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        group = "browser" if item.path.is_relative_to(BROWSER) else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
