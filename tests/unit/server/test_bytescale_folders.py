"""Bytescale's folders: whole answers, pages from end to end, and what the batch jobs do to folders that were put."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from made_core import made_core

from ingest.server.app import create_app
from ingest.server.dialects.bytescale import folders
from ingest.server.dialects.bytescale.documents import folder_details, milliseconds
from ingest.server.filestore import About
from ingest.server.folders import Folder, Folders
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

NOBODY = [
    {"permissions": {"file": {"downloadFile": []}}, "scope": "Children"},
    {"permissions": {"file": {"downloadFile": []}}, "scope": "Grandchildren+"},
]
INHERITED = {
    "publicPermissions": {"folderPath": "/", "value": NOBODY},
    "storageLayer": {"folderPath": "/", "value": {"type": "InternalStorageV2"}},
}
FILES = ("/a", "/a/b/c.mp4", "/a/b/d.mp4", "/a-b/e.mp4", "/a.mp4", "/z/y/x/w.mp4")
# What is in the top and below it, in order: a folder stands right before what is in it.
ALL = [
    *("/a", "/a-b/", "/a-b/e.mp4", "/a.mp4", "/a/", "/a/b/", "/a/b/c.mp4", "/a/b/d.mp4", "/a/put/"),
    *("/p/", "/p/q/", "/z/", "/z/y/", "/z/y/x/", "/z/y/x/w.mp4"),
]
PUT = ["/a/put/", "/p/", "/p/q/"]


class Asker:
    """One account's client."""

    def __init__(self, app: FastAPI, name: str, prefix: str = "") -> None:
        self.core = app.state.core
        self.errands = app.state.errands
        key = self.core.keys.create(name, account=name, scopes=("submit",)).text
        self.account = key[7:14]
        self.api = f"{prefix}/v2/accounts/{self.account}"
        self.http = TestClient(app, headers={"authorization": f"Bearer {key}"})

    def files(self, *paths: str) -> None:
        for path in paths:
            self.core.files.put(self.account, About(path), b"12")

    def put(self, path: str, **settings: Any) -> Any:
        body = {"folderPath": path, "folderSettings": settings}
        answer = self.http.put(f"{self.api}/folders", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def details(self, path: str) -> Any:
        return self.http.get(f"{self.api}/folders", params={"folderPath": path}).json()

    def page(self, path: str, **query: Any) -> Any:
        answer = self.http.get(f"{self.api}/folders/list", params={"folderPath": path, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self, path: str, **query: Any) -> list[str]:
        """All pages: files' paths, and folders' with a slash at the end."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.page(path, **query, **cursor)
            found += [i["filePath"] if i["type"] == "File" else f"{i['folderPath']}/" for i in page["items"]]
            if page["isPaginationComplete"]:
                return found
            assert page["cursor"] > cursor.get("cursor", "")
            cursor = {"cursor": page["cursor"]}

    def done(self, method: str, path: str, body: Any) -> Any:
        """The batch job, ended."""
        answer = self.http.request(method, f"{self.api}/folders{path}", json=body)
        assert answer.status_code == 202, answer.text
        self.errands.settle()
        job = answer.json()
        return self.http.get(f"{self.api}/jobs/{job['jobType']}/{job['jobId']}").json()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """One for all tests, each of which has an account of its own."""
    with made_core(tmp_path_factory.mktemp("server") / "home") as core:
        yield create_app(core)


@pytest.fixture
def asker(app: FastAPI, request: pytest.FixtureRequest) -> Asker:
    return Asker(app, request.node.name[:100])


@pytest.fixture
def tree(asker: Asker) -> Asker:
    asker.files(*FILES)
    asker.put("/p/q")
    asker.put("/a/put", description={"set": True, "value": "kept"})
    return asker


def test_a_folder_that_is_put_is_as_published(asker: Asker) -> None:
    """The published answer of PutFolder, but for what is inherited: that is as this server is."""
    assert asker.put("/uploads") == {
        "folderPath": "/uploads",
        "settings": {},
        "settingsInherited": INHERITED,
        "type": "Folder",
        "virtual": True,
    }
    assert list(asker.details("/uploads")) == [
        *("folderPath", "settings", "settingsInherited", "type", "virtual")
    ]


def test_a_list_is_as_published(asker: Asker) -> None:
    asker.put("/uploads", description={"set": True, "value": "This is an example folder description."})
    asker.files("/uploads/image.jpg", "/uploads/a b/c")
    file = asker.core.files.at(asker.account, "/uploads/image.jpg")
    page = asker.page("/uploads")
    assert page == {
        "cursor": "/uploads/image.jpg",
        "folder": {
            "folderPath": "/uploads",
            "settings": {"description": "This is an example folder description."},
            "type": "Folder",
            "virtual": True,
        },
        "isPaginationComplete": True,
        "items": [
            {"folderPath": "/uploads/a b", "settings": {}, "type": "Folder", "virtual": False},
            {
                "filePath": "/uploads/image.jpg",
                "fileUrl": f"http://testserver/{asker.account}/raw/uploads/image.jpg",
                "lastModified": milliseconds(file.created),
                "size": 2,
                "type": "File",
            },
        ],
    }
    assert list(page) == ["cursor", "folder", "isPaginationComplete", "items"]


def test_the_top_has_the_settings_that_all_inherit(asker: Asker) -> None:
    assert asker.details("/") == {
        "folderPath": "/",
        "settings": {"publicPermissions": NOBODY, "storageLayer": {"type": "InternalStorageV2"}},
        "settingsInherited": {},
        "type": "Folder",
        "virtual": True,
    }
    assert asker.page("/")["cursor"] == "/"


def test_a_folder_that_is_not_there_is_an_empty_one(asker: Asker) -> None:
    nothing = {"folderPath": "/none", "settings": {}, "type": "Folder", "virtual": False}
    assert asker.details("/none") == {**nothing, "settingsInherited": INHERITED}
    assert asker.page("/none") == {
        "cursor": "/none/",
        "folder": nothing,
        "isPaginationComplete": True,
        "items": [],
    }


def test_whether_files_are_public_is_said() -> None:
    line = (Folder("/a", {"description": "b"}), Folder(""))
    grant = {"file": {"downloadFile": ["*"]}}
    scopes = ("Children", "Grandchildren+")
    everywhere = [{"permissions": grant, "scope": scope} for scope in scopes]
    assert folder_details(line, public=True) == {
        "folderPath": "/a",
        "settings": {"description": "b"},
        "settingsInherited": {
            "publicPermissions": {"folderPath": "/", "value": everywhere},
            "storageLayer": {"folderPath": "/", "value": {"type": "InternalStorageV2"}},
        },
        "type": "Folder",
        "virtual": False,
    }


def test_settings_are_changed_one_by_one(asker: Asker) -> None:
    said = {"set": True, "value": "films"}
    internal = {"set": True, "value": {"type": "InternalStorageV2"}}
    assert asker.put("/a", description=said)["settings"] == {"description": "films"}
    both = {"description": "films", "storageLayer": {"type": "InternalStorageV2"}}
    assert asker.put("/a", description={"set": False}, storageLayer=internal)["settings"] == both
    assert asker.put("/a")["settings"] == both
    assert asker.details("/a/b")["settingsInherited"]["storageLayer"]["folderPath"] == "/a"
    assert asker.put("/a", description={"set": True})["settings"] == {"storageLayer": internal["value"]}
    assert asker.put("/a", storageLayer={"set": True, "value": None})["settings"] == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"folderPath": 7}, "invalid"),
        ({"folderPath": "a"}, "invalid_file_path"),
        ({"folderPath": "/a/"}, "invalid_file_path"),
        ({"folderPath": "/a/", "allowUnnamedFolder": True}, "invalid_file_path"),
        ({"folderPath": "/a/../b"}, "invalid_file_path"),
        ({"folderPath": "/a\nb"}, "invalid_file_path"),
        ({"folderPath": "/a\\b"}, "invalid_file_path"),
        ({"folderPath": "/" + "\N{GRINNING FACE}" * 300}, "invalid_file_path"),
        ({"folderPath": "/" + "a" * 512}, "invalid_file_path"),
        ({"folderPath": "/a", "folderSettings": {"description": "b"}}, "invalid"),
        ({"folderPath": "/a", "folderSettings": {"description": {"value": "b"}}}, "invalid"),
        ({"folderPath": "/a", "folderSettings": {"description": {"set": True, "value": 1}}}, "invalid"),
        (
            {"folderPath": "/a", "folderSettings": {"description": {"set": True, "value": "b" * 1025}}},
            "invalid",
        ),
        (
            {"folderPath": "/a", "folderSettings": {"publicPermissions": {"set": True, "value": []}}},
            "folder_setting_not_supported",
        ),
        (
            {"folderPath": "/a", "folderSettings": {"storageLayer": {"set": True, "value": {"type": "S3"}}}},
            "folder_setting_not_supported",
        ),
    ],
)
def test_what_no_folder_can_be_is_refused(asker: Asker, body: Any, code: str) -> None:
    answer = asker.http.put(f"{asker.api}/folders", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert asker.names("/") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "folderPath=a",
        "folderPath=/a/../b",
        "folderPath=/a&limit=0",
        "folderPath=/a&limit=1001",
        "folderPath=/a&limit=x",
        "folderPath=/a&recursive=maybe",
        f"folderPath=/a&cursor={'a' * 2049}",
    ],
)
def test_a_list_that_is_asked_for_wrongly_is_refused(asker: Asker, query: str) -> None:
    answer = asker.http.get(f"{asker.api}/folders/list?{query}")
    assert (answer.status_code, answer.json()["error"]["code"] in ("invalid", "invalid_file_path")) == (
        400,
        True,
    )


def test_folders_above_are_made_where_they_are_not_there(asker: Asker) -> None:
    asker.files("/films/a.mp4")
    asker.put("/films/2026/05")
    assert [asker.details(p)["virtual"] for p in ("/films", "/films/2026", "/films/2026/05")] == [
        *(False, True, True)
    ]


def test_an_account_puts_so_many_folders(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    asker.put("/a")
    monkeypatch.setattr("ingest.server.folders.MOST", 3)
    asker.put("/a/b")
    answer = asker.http.put(f"{asker.api}/folders", json={"folderPath": "/a/c/d"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "quota_exceeded")
    assert asker.names("/", recursive=True) == ["/a/", "/a/b/"]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_hold_everything_once(tree: Asker, limit: int) -> None:
    assert tree.names("/", recursive=True, limit=limit) == ALL
    children = [name for name in ALL if name.rstrip("/").count("/") == 1]
    assert tree.names("/", limit=limit) == children
    assert tree.names("/a", limit=limit) == ["/a/b/", "/a/put/"]
    assert tree.names("/a/", recursive=True, limit=limit) == ["/a/b/", "/a/b/c.mp4", "/a/b/d.mp4", "/a/put/"]
    assert tree.names("/p/q", limit=limit) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_nothing_is_left_out_where_more_is_read_than_once(asker: Asker, limit: int) -> None:
    inside = [f"/f/{n:02}" for n in range(9)]
    asker.files("/a", "/b", *inside, "/f0", "/g/a", "/h")
    asker.put("/f/04/in")
    assert asker.names("/", limit=limit) == ["/a", "/b", "/f/", "/f0", "/g/", "/h"]
    below = sorted([*inside, "/f/04/", "/f/04/in/"])
    assert asker.names("/", recursive=True, limit=limit) == [
        "/a",
        "/b",
        "/f/",
        *below,
        "/f0",
        "/g/",
        "/g/a",
        "/h",
    ]


def test_a_page_that_looks_at_enough_is_the_last_but_one(
    tree: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MOST_READ", 2)
    first = tree.page("/", recursive=True, includeFiles=False, includePhysicalFolders=False)
    assert (first["items"], first["cursor"], first["isPaginationComplete"]) == ([], "/a-b/", False)
    assert tree.names("/", recursive=True, includeFiles=False, includePhysicalFolders=False) == PUT


def test_a_list_can_be_of_files_or_of_folders(tree: Asker) -> None:
    every = {"recursive": True, "limit": 2}
    files = [name for name in ALL if name[-1] != "/"]
    assert tree.names("/", **every, includePhysicalFolders=False, includeVirtualFolders=False) == files
    assert tree.names("/", **every, includeFiles=False) == [name for name in ALL if name[-1] == "/"]
    assert tree.names("/", **every, includeFiles=False, includePhysicalFolders=False) == PUT
    assert tree.names("/", includeVirtualFolders=False, includeFiles=False) == ["/a-b/", "/a/", "/z/"]


def test_a_dry_run_shows_what_an_operation_would_do(tree: Asker) -> None:
    assert tree.names("/a", dryRun=True, limit=1) == ["/a/b/c.mp4", "/a/b/d.mp4", "/a/put/"]
    assert tree.names("/p", dryRun=True, limit=1) == ["/p/", "/p/q/"]
    assert tree.names("/p", dryRun=True, recursive=False) == ["/p/"]
    assert tree.names("/p", dryRun=True, includeVirtualFolders=False) == []
    before = tree.names("/", recursive=True)
    told = tree.names("/", dryRun=True)
    assert tree.done("DELETE", "", {"folderPath": "/"})["status"] == "Succeeded"
    assert (tree.names("/", recursive=True), sorted({*before} - {*told})) == (
        [],
        ["/a-b/", "/a/", "/a/b/", "/z/", "/z/y/", "/z/y/x/"],
    )


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, []),
        ({"recursive": False}, ["/f/in/", "/f/in/b.mp4", "/f/put/"]),
        ({"deleteFiles": False}, ["/f/a.mp4", "/f/in/", "/f/in/b.mp4"]),
        ({"deleteVirtualFolders": False}, ["/f/put/"]),
        ({"recursive": False, "deleteFiles": False}, ["/f/a.mp4", "/f/in/", "/f/in/b.mp4", "/f/put/"]),
    ],
)
def test_a_folder_is_deleted(asker: Asker, options: Any, left: list[str]) -> None:
    asker.put("/f/put")
    asker.files("/f/a.mp4", "/f/in/b.mp4")
    told = asker.done("DELETE", "", {"folderPath": "/f", **options})
    asked = {
        "folderPath": "/f",
        "deleteFiles": True,
        "deleteVirtualFolders": True,
        "recursive": True,
        **options,
    }
    assert (told["status"], told["summary"]) == ("Succeeded", {"deletions": [asked]})
    assert asker.names("/f", recursive=True) == left
    # Its own settings go with it, whatever is in it.
    assert asker.details("/f")["virtual"] is (options.get("deleteVirtualFolders") is False)


@pytest.mark.parametrize(
    ("recursive", "left"), [(True, ["/f/put/"]), (False, ["/f/in/", "/f/in/b.mp4", "/f/put/"])]
)
def test_a_deletion_that_an_earlier_ingest_began_comes_to_its_end(
    asker: Asker, recursive: bool, left: list[str]
) -> None:
    """Its acts were lists of a folder's path and of whether those in it are meant as well, and of files alone."""
    asker.put("/f/put")
    asker.files("/e/a.mp4", "/f/a.mp4", "/f/in/b.mp4")
    folders = [{"folderPath": path, "recursive": recursive} for path in ("/e", "/f")]
    errand = asker.errands.post(asker.account, "DeleteFolderBatchJob", {"folders": folders})
    acts = json.dumps([["/e", recursive], ["/f", recursive]])
    assert asker.errands._change(
        errand.job_id, ("Pending",), status="Running", attempts=1, position=1, acts=acts
    )
    asker.errands.settle()
    assert asker.errands.get(None, errand.job_id).status == "Succeeded"
    assert asker.names("/f", recursive=True) == left
    assert asker.names("/e") == ["/e/a.mp4"]  # done already, by what the errand says


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({}, ["/g/a.mp4", "/g/in/", "/g/in/b.mp4", "/g/put/"]),
        ({"recursive": False}, ["/g/a.mp4"]),
        ({"copyFiles": False}, ["/g/put/"]),
        ({"copyVirtualFolders": False}, ["/g/a.mp4", "/g/in/", "/g/in/b.mp4"]),
        ({"copyVirtualFolders": False, "copyOverriddenStorage": True, "recursive": False}, ["/g/a.mp4"]),
    ],
)
def test_a_folder_is_copied(asker: Asker, options: Any, made: list[str]) -> None:
    asker.put("/f", description={"set": True, "value": "films"})
    asker.put("/f/put")
    asker.files("/f/a.mp4", "/f/in/b.mp4")
    told = asker.done("POST", "/copy", {"source": "/f", "destination": "/g", **options})
    assert told["status"] == "Succeeded"
    assert asker.names("/g", recursive=True) == made
    copied = options.get("copyVirtualFolders", True)
    assert asker.details("/g")["settings"] == ({"description": "films"} if copied else {})
    assert asker.details("/g/in")["virtual"] is False
    assert asker.names("/f", recursive=True) == ["/f/a.mp4", "/f/in/", "/f/in/b.mp4", "/f/put/"]


def test_options_that_exclude_each_other_are_refused(asker: Asker) -> None:
    body = {"source": "/f", "destination": "/g", "copyOverriddenStorage": True}
    answer = asker.http.post(f"{asker.api}/folders/copy", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_parameter")


def test_a_folder_is_copied_into_itself_once_and_to_the_top(asker: Asker) -> None:
    asker.files("/f/a.mp4")
    asker.put("/f/put")
    asker.done("POST", "/copy", {"source": "/f", "destination": "/f/g"})
    asker.done("POST", "/copy", {"source": "/f", "destination": "/f/g"})
    inside = ["/f/a.mp4", "/f/g/", "/f/g/a.mp4", "/f/g/put/", "/f/put/"]
    assert asker.names("/f", recursive=True) == inside
    assert asker.done("POST", "/copy", {"source": "/f/g", "destination": "/"})["status"] == "Succeeded"
    assert asker.names("/", recursive=True) == ["/a.mp4", "/f/", *inside, "/put/"]


def test_what_a_failed_copy_put_is_taken_away(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    asker.put("/f/put")
    asker.put("/g/there")
    asker.files("/f/a.mp4")
    copies = [{"source": "/f", "destination": "/g"}, {"source": "/f", "destination": "/h/i"}]
    monkeypatch.setattr("ingest.server.folders.MOST", 6)  # there are /f, /f/put, /g and /g/there
    failed = asker.done("POST", "/copy/batch", {"folders": copies})
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "quota_exceeded")
    assert asker.names("/", recursive=True) == ["/f/", "/f/a.mp4", "/f/put/", "/g/", "/g/there/"]


def described(value: str | None) -> dict[str, Any]:
    return {"description": {"set": True, "value": value}}


def test_a_failed_copy_leaves_folders_that_were_there_their_settings(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker.put("/f", **described("copied"))
    for name in ("changed", "plain", "same"):
        asker.put(f"/f/{name}", **described("copied"))
    asker.put("/f/untold")
    asker.put("/g", **described("old"))
    asker.put("/g/changed", **described("old"))
    asker.put("/g/plain")
    asker.put("/g/same", **described("copied"))
    asker.put("/g/untold", **described("old"))
    put = Folders.put

    def late(store: Folders, account: str, path: str, changes: Any) -> Any:
        if path == "/h/untold":  # the last of the second copy
            put(store, account, "/g/changed", {"description": "of somebody else"})
            raise Refusal("conflict", "no more", code="quota_exceeded")
        return put(store, account, path, changes)

    monkeypatch.setattr(Folders, "put", late)
    copies = [{"source": "/f", "destination": to} for to in ("/g", "/h")]
    assert asker.done("POST", "/copy/batch", {"folders": copies})["status"] == "Failed"
    there = {path: asker.details(path)["settings"].get("description") for path in asker.names("/g")}
    assert asker.details("/g")["settings"] == {"description": "old"}
    assert there == {
        "/g/changed/": "of somebody else",
        "/g/plain/": None,
        "/g/same/": "copied",
        "/g/untold/": "old",
    }
    assert asker.names("/h") == []


def test_a_copy_whose_folder_is_gone_meanwhile_is_taken_back(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker.put("/f", **described("copied"))
    asker.put("/f/in")
    asker.put("/g", **described("old"))
    put = Folders.put

    def late(store: Folders, account: str, path: str, changes: Any) -> Any:
        if path == "/g/in":
            store.remove(account, "/g")
            raise Refusal("conflict", "no more", code="quota_exceeded")
        return put(store, account, path, changes)

    monkeypatch.setattr(Folders, "put", late)
    assert asker.done("POST", "/copy", {"source": "/f", "destination": "/g"})["status"] == "Failed"
    assert asker.names("/") == ["/f/"]


def test_a_folder_that_is_copied_twice_is_put_once(asker: Asker) -> None:
    asker.put("/f", description={"set": True, "value": "films"})
    asker.put("/f/put")
    body = {"folders": [{"source": "/f", "destination": "/g"}] * 30}
    assert asker.done("POST", "/copy/batch", body)["status"] == "Succeeded"
    (errand,) = asker.errands.recent(asker.account, {"CopyFolderBatchJob"}, 5)
    assert asker.errands.work(errand.job_id).acts == (
        {"folder": "/g", "settings": {"description": "films"}},
        {"folder": "/g/put", "settings": {}},
    )


def test_more_folders_than_may_be_put_are_refused_before_one_is(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker.put("/f/put")
    monkeypatch.setattr("ingest.server.batches.MOST", 3)
    copies = [{"source": "/f", "destination": f"/{n}"} for n in range(2)]
    failed = asker.done("POST", "/copy/batch", {"folders": copies})
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "quota_exceeded")
    assert asker.names("/") == ["/f/"]


@pytest.mark.parametrize("before", [{}, {"/f": Folder("/f", {}, put=True)}])
def test_who_puts_a_folder_beside_another_one_looks_again(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, before: dict[str, Folder]
) -> None:
    """Another one has made it, or taken it away, since the folders were looked at."""
    store = Folders(asker.core.files)
    if not before:
        store.put(asker.account, "/f", {})
    real, answers = Folders._put, [before]
    monkeypatch.setattr(Folders, "_put", lambda *asked: answers.pop() if answers else real(*asked))
    store.put(asker.account, "/f", {"description": "films"})
    assert asker.details("/f")["settings"] == {"description": "films"}


def test_a_folder_is_put_however_many_of_those_above_it_come_meanwhile(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, coming = Folders(asker.core.files), ["/f", "/f/in", "/f/in/deep"]
    real = Folders._put

    def late(*asked: Any) -> Any:
        """After each look another one puts one more."""
        found = real(*asked)
        if coming:
            monkeypatch.setattr(Folders, "_put", real)
            store.put(asker.account, coming.pop(0), {"title": "another's"})
            monkeypatch.setattr(Folders, "_put", late)
        return found

    monkeypatch.setattr(Folders, "_put", late)
    store.put(asker.account, "/f/in/deep", {"description": "films"})
    assert not coming
    assert asker.names("/", recursive=True) == ["/f/", "/f/in/", "/f/in/deep/"]
    assert store.get(asker.account, "/f/in/deep").settings == {"title": "another's", "description": "films"}


@pytest.mark.parametrize("there", [True, False])
def test_of_changes_at_once_none_is_lost(asker: Asker, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    store, number = Folders(asker.core.files), 4
    if there:
        store.put(asker.account, "/f", {"before": 1})
    real, looked, first = Folders._put, threading.Barrier(number), threading.local()

    def together(*asked: Any) -> Any:
        """All look before one of them writes."""
        found = real(*asked)
        if not hasattr(first, "done"):
            first.done = True
            looked.wait(10)
        return found

    monkeypatch.setattr(Folders, "_put", together)
    with ThreadPoolExecutor(number) as pool:
        list(pool.map(lambda n: store.put(asker.account, "/f", {f"n{n}": n}), range(number)))
    monkeypatch.undo()
    assert store.get(asker.account, "/f").settings == {f"n{n}": n for n in range(number)} | (
        {"before": 1} if there else {}
    )


@pytest.mark.parametrize("settings", [None, {}, {"description": None}])
def test_no_settings_are_none(asker: Asker, settings: Any) -> None:
    body = {"folderPath": "/f", "folderSettings": settings}
    answer = asker.http.put(f"{asker.api}/folders", json=body)
    assert (answer.status_code, answer.json()["settings"]) == (200, {})


def test_a_copy_makes_no_folder_that_no_file_could_be_in(asker: Asker) -> None:
    """Nor one whose place in a list is longer than a cursor may be."""
    long = "x" * 500
    asker.put(f"/s/{long}")
    assert asker.done("POST", "/copy", {"source": "/s", "destination": f"/t/{long}"})["status"] == "Succeeded"
    failed = asker.done("POST", "/copy", {"source": "/t", "destination": f"/u/{long}"})
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "path_invalid")
    assert asker.names("/u") == []


def test_a_reader_reads(app: FastAPI, asker: Asker) -> None:
    asker.put("/f")
    key = asker.core.keys.create("reader", account="test_a_reader_reads", scopes=("read",)).text
    asker.http.headers["authorization"] = f"Bearer {key}"
    assert asker.names("/") == ["/f/"]
    answer = asker.http.put(f"{asker.api}/folders", json={"folderPath": "/g"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")


def test_the_older_shape_has_null_for_what_is_not_set(app: FastAPI) -> None:
    asker = Asker(app, "older", "/uploadio")
    unset = {"set": False}
    told = asker.put(
        "/a",
        description={"set": True, "value": "b"},
        publicPermissions=unset,
        storageLayer={"set": True, "value": None},
    )
    settings = {"description": "b", "publicPermissions": None, "storageLayer": None}
    assert told == {
        "folderPath": "/a",
        "settings": settings,
        "settingsInherited": INHERITED,
        "type": "Folder",
        "virtual": True,
    }
    assert asker.details("/")["settingsInherited"] == {"publicPermissions": None, "storageLayer": None}
    assert asker.page("/")["items"] == [
        {"folderPath": "/a", "settings": settings, "type": "Folder", "virtual": True}
    ]
