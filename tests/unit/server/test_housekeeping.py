"""Who does what a server does beside answering, where several share a data folder."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from made_core import app_of

from ingest.server import housekeeping
from ingest.server.housekeeping import Housekeeping

if TYPE_CHECKING:
    import pytest

    from ingest.server.core import Core


def test_one_of_two_servers_does_it_and_the_other_follows(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "LOOK_SECONDS", 0.02)
    begun = [threading.Event(), threading.Event()]
    first, second = (Housekeeping(core, event.set) for event in begun)
    first.start()
    assert begun[0].wait(10)
    second.start()
    assert not begun[1].wait(0.2)
    first.stop()
    assert begun[1].wait(10)
    second.stop()


def test_the_application_begins_it_once(core: Core) -> None:
    from fastapi.testclient import TestClient

    def keepers() -> int:
        return sum(t.name == "housekeeping" for t in threading.enumerate())

    before = keepers()
    with TestClient(app_of(core)):
        assert keepers() == before + 1
    assert keepers() == before
