"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files import shortened, sync_folder, sync_tree, write_atomic


def listing(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_writes_a_new_file_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o644 & ~umask
    assert listing(tmp_path) == ["job.json"]


def test_replaces_a_file_by_another(tmp_path: Path) -> None:
    """A reader that has the old one open goes on reading it."""
    path = tmp_path / "job.json"
    write_atomic(path, b"one")
    with path.open("rb") as reader:
        write_atomic(path, b"two, longer")
        assert reader.read() == b"one"
    assert path.read_bytes() == b"two, longer"


def test_what_a_dead_process_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / f".job.json.{os.getpid()}.tmp").write_bytes(b"half a fi")
    write_atomic(tmp_path / "job.json", b"{}")
    assert listing(tmp_path) == ["job.json"]
    assert (tmp_path / "job.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "failing", ["ingest.files.os.fsync", "pathlib.Path.replace", "ingest.files.os.fdopen"]
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "job.json"
    write_atomic(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(failing, full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == ["job.json"]


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "no" / "job.json", b"x")


def test_data_is_on_the_disk_before_its_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    sync, replace = os.fsync, Path.replace

    def spy_sync(descriptor: int) -> None:
        kind = "folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file"
        calls.append(f"sync {kind}")
        sync(descriptor)

    def spy_replace(path: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(path, target)

    monkeypatch.setattr("ingest.files.os.fsync", spy_sync)
    monkeypatch.setattr("pathlib.Path.replace", spy_replace)
    write_atomic(tmp_path / "job.json", b"x")
    assert calls == ["sync file", "rename", "sync folder"]
    calls.clear()
    write_atomic(tmp_path / "job.json", b"y", at_once=False)
    assert calls == ["sync file", "rename"]
    assert (tmp_path / "job.json").read_bytes() == b"y"


def test_sync_tree_takes_every_file_and_every_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video/hd").mkdir(parents=True)
    (tmp_path / "video/hd/init.mp4").touch()
    (tmp_path / "poster.jpg").touch()
    synced: list[str] = []
    monkeypatch.setattr(
        "ingest.files.os.fsync",
        lambda fd: synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())),
    )
    sync_tree(tmp_path)
    root = os.path.realpath(tmp_path)
    assert synced == [
        f"{root}/video/hd/init.mp4",
        f"{root}/video/hd",
        f"{root}/video",
        f"{root}/poster.jpg",
        root,
    ]


def test_sync_folder_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "x")


@pytest.mark.parametrize(
    ("name", "limit", "short"),
    [("abc", 5, "abc"), ("abc", 3, "abc"), ("abc", 2, "ab"), ("日本", 5, "日"), ("é", 1, ""), ("", 0, "")],
)
def test_shortened(name: str, limit: int, short: str) -> None:
    assert shortened(name, limit) == short


@given(st.text(), st.integers(0, 40))
def test_a_short_name_is_the_longest_beginning_that_fits(name: str, limit: int) -> None:
    short = shortened(name, limit)
    assert name.startswith(short)
    assert len(short.encode()) <= limit
    assert short == name or len(name[: len(short) + 1].encode()) > limit
