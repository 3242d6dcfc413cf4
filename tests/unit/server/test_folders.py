"""Lists of folders: the same as by looking at everything that there is, and by few questions to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert

from ingest.server.filestore import FileStore, new_file_id
from ingest.server.folders import Folder, Folders, above, place_of
from ingest.store.database import Database, open_database
from ingest.store.tables import FILES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# What sorts before a slash, behind it, and behind all that has one byte.
PATHS = st.lists(st.sampled_from(("a", "a-", "a0", "é", "🎬")), min_size=1, max_size=4).map(
    lambda names: "/" + "/".join(names)
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileStore]:
    home: Path = tmp_path_factory.mktemp("folders")
    database = open_database(home)
    yield FileStore(database, home, max_size=1000)
    database.close()


def add(database: Database, account: str, paths: Collection[str]) -> None:
    """Rows alone: no bytes are asked for."""
    same = {
        "name": "n",
        "mime": "m/m",
        "size": 1,
        "etag": "e",
        "created": "2026-01-01T00:00:00.000Z",
        "stored": "/",
    }
    if paths:
        with database.write() as db:
            db.execute(
                insert(FILES),
                [
                    {"file_id": new_file_id(), "account": account, "path": path, **same}
                    for path in sorted(paths)
                ],
            )


def expected(paths: Collection[str], put: Collection[str], top: str, *, recursive: bool) -> list[str]:
    """Places, by looking at every one."""
    folders = {f"{p}/" for path in paths for p in above(path) if p} | {f"{path}/" for path in put}
    below = {place for place in {*paths, *folders} if place.startswith(top) and place != top}
    return sorted(place for place in below if recursive or "/" not in place[len(top) :].rstrip("/"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    paths=st.sets(PATHS, max_size=12),
    wanted=st.sets(PATHS, max_size=4),
    folder=st.one_of(st.just(""), PATHS),
    recursive=st.booleans(),
    whole=st.booleans(),
    at_once=st.integers(1, 3),
)
def test_a_list_is_as_by_looking_at_everything(
    files: FileStore,
    paths: set[str],
    wanted: set[str],
    folder: str,
    recursive: bool,
    whole: bool,
    at_once: int,
) -> None:
    account = new_file_id()
    add(files.database, account, paths)
    add(files.database, "another", {f"/a/{account}", f"/{account}"})
    folders = Folders(files)
    for path in wanted:
        folders.put(account, path, {"description": path})
    put = {
        p
        for path in wanted
        for p in (path, *above(path))
        if p and (p in wanted or folders.get(account, p).put)
    }
    all_of_it = expected(paths, put, f"{folder}/", recursive=recursive)
    behind = [f"{folder}/", *all_of_it]
    for after in behind:
        found = list(
            folders.entries(account, folder, after=after, recursive=recursive, files=whole, at_once=at_once)
        )
        assert [place_of(entry) for entry in found] == [place for place in all_of_it if place > after]
        for entry in found:
            if isinstance(entry, Folder):
                assert entry.put is (entry.path in put)
                assert entry.settings == ({"description": entry.path} if entry.path in wanted else {})
            else:
                assert isinstance(entry, str) is not whole


@pytest.mark.parametrize("put", [True, False])
def test_a_page_of_folders_asks_the_store_a_few_times(files: FileStore, put: bool) -> None:
    """However many there are: each question costs more than what it answers."""
    account = f"few{put}"
    add(files.database, account, {f"/f/{n:03}/{m}/film.mp4" for n in range(100) for m in range(3)})
    folders = Folders(files)
    if put:
        for n in range(10):
            folders.put(account, f"/f/{n:03}/0", {"description": "films"})
    asked: list[str] = []

    def count(*said: object) -> None:
        asked.append(str(said[2]))

    engine = files.database._reader
    event.listen(engine, "before_cursor_execute", count)
    try:
        found = list(folders.entries(account, "/f", at_once=101))
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert [place_of(entry) for entry in found] == [f"/f/{n:03}/" for n in range(100)]
    assert len([text for text in asked if "SELECT" in text]) == 2
