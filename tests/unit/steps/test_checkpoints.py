"""What is kept of a job's encoding, and what of it a later run may use."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.media.source import open_source
from ingest.media.toolchain import Tool
from ingest.steps import checkpoints
from ingest.steps.context import Note

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def digest(source: Path, tool: Path, *parts: object, version: str = "9.0") -> str:
    env: Any = SimpleNamespace(tools=SimpleNamespace(ffmpeg=Tool("ffmpeg", tool, version, "PATH")))
    with open_source(source) as opened:
        return checkpoints.digest(env, opened, *parts)


def test_the_key_depends_on_source_tool_and_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, tool = tmp_path / "film.mp4", tmp_path / "ffmpeg"
    source.write_bytes(bytes(3 << 20))
    tool.write_bytes(b"x" * 10)
    os.utime(source, ns=(5, 5))
    key = digest(source, tool, "plan")
    assert len(key) == 64
    moved = source.rename(tmp_path / "other name.mp4")
    assert digest(moved, tool, "plan") == key
    assert digest(moved, tool, "another plan") != key
    assert digest(moved, tool, "plan", version="9.1") != key
    os.utime(moved, ns=(5, 6))
    assert digest(moved, tool, "plan") != key
    with moved.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    os.utime(moved, ns=(5, 5))
    changed = digest(moved, tool, "plan")
    assert changed != key
    tool.write_bytes(b"x" * 11)
    assert digest(moved, tool, "plan") != changed
    tool.write_bytes(b"x" * 10)
    assert digest(moved, tool, "plan") == changed
    monkeypatch.setattr(checkpoints, "__version__", "77")
    assert digest(moved, tool, "plan") != changed


def test_another_key_takes_everything_away(tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    checkpoints.begin(folder, "one")
    (folder / "rungs").mkdir()
    checkpoints.begin(folder, "one")
    assert checkpoints.holds(folder, "one")
    assert (folder / "rungs").is_dir()
    checkpoints.begin(folder, "two")
    assert sorted(p.name for p in folder.iterdir()) == ["key"]
    assert checkpoints.holds(folder, "two")


def test_what_another_job_has_left_is_taken_over_where_it_is_the_same(tmp_path: Path) -> None:
    mine = tmp_path / ".work-mine/temporary"
    others = [tmp_path / f".work-{n}/temporary" for n in range(3)]
    for folder, key in zip((mine, *others), ("old", "other", "same", "same"), strict=True):
        folder.mkdir(parents=True)
        checkpoints.begin(folder, key)
        (folder / folder.parent.name).write_bytes(b"film")
    checkpoints.begin(mine, "same", others)
    assert checkpoints.holds(mine, "same")
    assert sorted(p.name for p in mine.iterdir()) == [".work-1", "key"]
    assert not others[1].parent.exists()
    assert [checkpoints.holds(f, k) for f, k in ((others[0], "other"), (others[2], "same"))] == [True, True]
    checkpoints.begin(mine, "new", [others[0]])
    assert sorted(p.name for p in mine.iterdir()) == ["key"]
    assert (others[0] / ".work-0").read_bytes() == b"film"


def test_what_is_worth_keeping(tmp_path: Path) -> None:
    assert not checkpoints.worth_keeping(tmp_path / "not there")
    checkpoints.store(tmp_path / "encoded.json", {})
    assert not checkpoints.worth_keeping(tmp_path)
    checkpoints.begin(tmp_path, "key")
    assert not checkpoints.worth_keeping(tmp_path)
    part = tmp_path / "chunks" / "00003.part"
    part.mkdir(parents=True)
    checkpoints.store(part / "chunk.json", {"frames": 9})
    assert not checkpoints.worth_keeping(tmp_path)
    checkpoints.finish(part, part.with_suffix(""))
    assert checkpoints.worth_keeping(tmp_path)
    assert checkpoints.stored(tmp_path / "chunks/00003/chunk.json") == {"frames": 9}


def test_a_finished_encode_says_again_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "chunks" / "00000").mkdir(parents=True)
    checkpoints.begin(tmp_path, "key")
    notes = (Note(codes.SUBTITLES_MADE, "three", "hd"),)
    checkpoints.keep(tmp_path, notes, (Note(codes.SOURCE_DAMAGED),), {"audio": []}, durable=True)
    document = checkpoints.kept(tmp_path)
    assert document is not None
    assert checkpoints.notes_of(document["notes"]) == notes
    assert checkpoints.notes_of(document["warnings"]) == (Note(codes.SOURCE_DAMAGED),)
    assert document["loudness"] == {"audio": []}
    assert not (tmp_path / "chunks").exists()
    assert checkpoints.worth_keeping(tmp_path)


def test_a_file_that_a_power_cut_has_emptied_is_missed(tmp_path: Path) -> None:
    checkpoints.begin(tmp_path, "key")
    (tmp_path / "rungs").mkdir()
    (tmp_path / "rungs/sd.mp4").write_bytes(b"film")
    assert checkpoints.kept(tmp_path) is None
    checkpoints.keep(tmp_path, (), (), None, durable=False)
    assert checkpoints.kept(tmp_path) is not None
    (tmp_path / "more").write_bytes(b"of a step that came later")
    assert checkpoints.kept(tmp_path) is not None
    (tmp_path / "rungs/sd.mp4").write_bytes(b"")
    assert checkpoints.kept(tmp_path) is None


def test_half_a_document_is_none(tmp_path: Path) -> None:
    path = tmp_path / "chunk.json"
    for content in (b"", b'{"frames": 1', b"\xff\xfe", b"[1]"):
        path.write_bytes(content)
        assert checkpoints.stored(path) is None
