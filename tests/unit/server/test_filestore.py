"""The files of accounts: whole, copied, in pieces, and after a crash."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_core import made_core

from ingest.server.filepaths import checked_path, numbered, safe_name
from ingest.server.filestore import About
from ingest.server.mimes import checked_mime, mime_of
from ingest.server.pieces import Checksum
from ingest.server.refusals import Refusal
from ingest.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from ingest.server.core import Core
    from ingest.server.filestore import FileStore
    from ingest.server.uploads import Upload
    from ingest.store.database import Database

A, B = "AAAAAAA", "BBBBBBB"


@pytest.fixture
def files(core: Core) -> FileStore:
    return core.files


def refusal(call: object, *args: object, **kwargs: object) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.value.kind, caught.value.code


def blobs(core: Core) -> list[Path]:
    return sorted(p for p in (core.settings.home / "files").rglob("*") if p.is_file())


def test_a_file_is_what_was_put_there(files: FileStore) -> None:
    made = files.put(A, About("/uploads/a b.mp4", metadata={"k": [1]}, tags=("x",)), b"film")
    assert made == files.get(A, made.file_id) == files.at(A, "/uploads/a b.mp4")
    assert (made.name, made.mime, made.size) == ("a b.mp4", "video/mp4", 4)
    assert (made.metadata, made.tags) == ({"k": [1]}, ("x",))
    assert made.etag == hashlib.md5(b"film").hexdigest()
    assert made.stored.read_bytes() == b"film"
    assert made.stored.name == made.file_id


def test_another_account_s_file_is_a_missing_one(files: FileStore) -> None:
    made = files.put(A, About("/a"), b"1")
    missing = ("not_found", "file_not_found")
    assert refusal(files.get, B, made.file_id) == refusal(files.get, A, "i0") == missing
    assert refusal(files.at, B, "/a") == missing
    assert refusal(files.delete, B, made.file_id) == missing
    assert refusal(files.copy, B, made.file_id, About("/b")) == missing
    assert refusal(files.describe, B, made.file_id, tags=()) == missing
    assert files.list(B) == ()
    assert files.get(None, made.file_id).account == A


def test_a_taken_path_gets_a_number_or_is_replaced(files: FileStore, core: Core) -> None:
    paths = [files.put(A, About("/a/film.mp4"), b"x").path for _ in range(3)]
    assert paths == ["/a/film.mp4", "/a/film (2).mp4", "/a/film (3).mp4"]
    new = files.put(A, About("/a/film.mp4", replace=True), b"new")
    assert files.at(A, "/a/film.mp4").file_id == new.file_id
    assert sorted(p.read_bytes() for p in blobs(core)) == [b"new", b"x", b"x"]


def test_what_is_replaced_goes_only_when_the_new_row_is_there(
    files: FileStore, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at a kill or a full disk before the COMMIT: the old file, which was acknowledged, is whole."""
    old = files.put(A, About("/a"), b"old")
    upload = core.uploads.begin(A, About("/a"), kind="parts", size=3, part_size=3)
    with core.uploads.part(upload, 0) as piece:
        piece.write(b"new")
        whole = piece.commit()
    with monkeypatch.context() as patched:
        patched.setattr(type(files.database), "write", failing_at_commit(type(files.database).write))
        with pytest.raises(ConnectionAbortedError):
            files.put(A, About("/a", replace=True), b"new")
        with pytest.raises(ConnectionAbortedError):
            core.uploads.complete(whole, replace=True)
    assert files.at(A, "/a") == old
    assert old.stored.read_bytes() == b"old"
    assert core.uploads.complete(whole, replace=True).stored.read_bytes() == b"new"
    assert not old.stored.exists()


def failing_at_commit(write: Callable[[Database], AbstractContextManager[Connection]]) -> object:
    @contextmanager
    def failing(database: Database) -> Iterator[Connection]:
        with write(database) as db:
            yield db
            raise ConnectionAbortedError

    return failing


def test_a_copy_outlives_its_source(files: FileStore) -> None:
    first = files.put(A, About("/a.mp4", mime="video/x-odd"), b"film")
    second = files.copy(A, first.file_id, About("/b.mp4", mime=first.mime, tags=("copy",)))
    assert first.stored.samefile(second.stored)
    files.delete(A, first.file_id)
    assert files.at(A, "/b.mp4").stored.read_bytes() == b"film"
    assert (second.etag, second.mime, second.tags) == (first.etag, "video/x-odd", ("copy",))


def test_folders_are_listed_by_path_in_pages(files: FileStore) -> None:
    for path in ("/f/b", "/f/a", "/f0", "/f/sub/c", "/f-", "/g"):
        files.put(A, About(path), b"")
    assert [f.path for f in files.list(A, "/f")] == ["/f/a", "/f/b", "/f/sub/c"]
    assert [f.path for f in files.list(A, "/f/", after="/f/a", limit=1)] == ["/f/b"]
    assert len(files.list(A)) == 6


def test_half_a_surrogate_in_a_client_s_words_is_kept(files: FileStore) -> None:
    """JSON may hold one (RFC 8259, section 8.2), UTF-8 and the database may not."""
    words = {"title": "half \ud83d"}
    file = files.put("abc", About("/odd.bin", metadata=words, tags=["\udc00"]), b"x")
    assert (file.metadata, file.tags) == (words, ("\udc00",))


def test_words_about_a_file_can_change(files: FileStore) -> None:
    made = files.put(A, About("/a", metadata={"old": 1}, tags=("t",)), b"1")
    assert files.describe(A, made.file_id, metadata={"new": "ü"}).metadata == {"new": "ü"}
    assert files.describe(A, made.file_id, tags=()).tags == ()
    assert files.get(A, made.file_id).metadata == {"new": "ü"}


def test_a_file_that_is_too_large_leaves_nothing(files: FileStore, core: Core) -> None:
    assert refusal(files.put, A, About("/a"), b"x" * 5001) == ("too_large", "file_too_large")
    assert blobs(core) == []
    assert files.list(A) == ()


def test_an_account_s_room_ends(tmp_path: Path) -> None:
    with made_core(tmp_path, max_stored=10) as core:
        core.files.put(A, About("/a"), b"x" * 6)
        core.files.put(B, About("/a"), b"x" * 10)
        core.uploads.begin(A, About("/u"), kind="tus", size=3)
        assert core.files.used(A) == 9
        assert refusal(core.files.put, A, About("/b"), b"xx") == ("too_large", "quota_exceeded")
        assert refusal(core.uploads.begin, A, About("/v"), kind="tus", size=2) == (
            "too_large",
            "quota_exceeded",
        )
        core.files.put(A, About("/b"), b"x")


def test_an_account_s_room_ends_for_all_who_come_at_once(tmp_path: Path) -> None:
    with made_core(tmp_path, max_stored=10) as core, ThreadPoolExecutor(6) as pool:
        together = threading.Barrier(6)

        def bring(number: int) -> str:
            try:
                if number % 2:
                    core.files.room(A, 6)
                    together.wait()
                    core.uploads.begin(A, About("/u"), kind="tus", size=6)
                else:
                    with core.files.writer(A, About("/a")) as writer:
                        writer.write(b"x" * 6)
                        together.wait()
                        writer.commit()
            except Refusal as refusal:
                return refusal.code
            return ""

        assert sorted(pool.map(bring, range(6))) == ["", *["quota_exceeded"] * 5]
        assert core.files.used(A) == 6
        assert len(blobs(core)) == 1


def test_a_stream_is_broken_off_where_the_account_s_room_ends(tmp_path: Path) -> None:
    with made_core(tmp_path, max_stored=10) as core:
        first = core.files.put(A, About("/a"), b"x" * 6)
        with core.files.writer(A, About("/b")) as writer:
            writer.write(b"x" * 4)
            assert refusal(writer.write, b"x") == ("too_large", "quota_exceeded")
        upload = core.uploads.begin(A, About("/u"), kind="tus", size=None)
        with core.uploads.piece(upload, 0) as piece:
            assert refusal(piece.write, b"x" * 5) == ("too_large", "piece_too_long")
            piece.write(b"x" * 4)
            upload = piece.commit()
        assert refusal(core.uploads.declare, upload, 5) == ("too_large", "quota_exceeded")
        core.files.delete(A, first.file_id)
        assert core.uploads.declare(upload, 10).size == 10


def test_a_file_may_be_replaced_where_both_have_no_room(tmp_path: Path) -> None:
    with made_core(tmp_path, max_stored=10) as core:
        core.files.put(A, About("/a"), b"old" * 2)
        upload = core.uploads.begin(A, About("/a"), kind="parts", size=4, part_size=4)
        with core.uploads.part(upload, 0) as piece:
            piece.write(b"new!")
            piece.commit()
        assert core.uploads.complete(upload, replace=True).size == core.files.used(A) == 4


def test_a_name_that_is_new_is_not_swept_though_its_bytes_are_old(files: FileStore, core: Core) -> None:
    """As `copy` and `adopt` make it, before its row is there."""
    old = files.put(A, About("/a"), b"1")
    os.utime(old.stored, (0, 0))
    files.blob(A, "i-new-name").hardlink_to(old.stored)
    assert files.sweep() == 0
    assert files.sweep(time.time() + 90_000) == 1
    assert [p.name for p in blobs(core)] == [old.file_id]


def test_what_is_left_of_downloads_is_swept(files: FileStore, core: Core) -> None:
    left = core.settings.home / "fetch-abc"
    left.mkdir()
    (left / "file").write_bytes(b"1")
    files.sweep()
    assert left.exists()
    files.sweep(time.time() + 90_000)
    assert not left.exists()
    assert (core.settings.home / "server.secret").exists()


def test_bytes_that_nobody_names_are_swept(files: FileStore, core: Core) -> None:
    kept = files.put(A, About("/a"), b"1")
    open_one = core.uploads.begin(A, About("/u"), kind="tus", size=3)
    files.blob(A, "i-left-by-a-crash").write_bytes(b"2")
    assert files.sweep() == 0
    assert files.sweep(time.time() + 90_000) == 1
    assert {p.name for p in blobs(core)} == {kept.file_id, open_one.upload_id}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "/",
        "//a",
        "/a/",
        "/../a",
        "/a/./b",
        "/a/..",
        "/a\n",
        "/\x00",
        "/a\\b",
        "/" + "x" * 1024,
        "/\udcff",
    ],
)
def test_paths_that_are_none(files: FileStore, path: str) -> None:
    assert refusal(files.put, A, About(path), b"") == ("invalid", "path_invalid")


@given(st.text(max_size=300))
def test_any_name_becomes_one_of_a_path(text: str) -> None:
    name = safe_name(text)
    assert checked_path(f"/uploads/{name}") == f"/uploads/{name}"
    assert "/" not in name
    assert len(name.encode()) <= 255
    assert numbered(f"/uploads/{name}", 2).startswith("/uploads/")


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("ABR.m3u8", "application/vnd.apple.mpegurl"),
        ("manifest.mpd", "application/dash+xml"),
        ("seg-00001.m4s", "video/iso.segment"),
        ("init.MP4", "video/mp4"),
        ("seg.ts", "video/mp2t"),
        ("a.vtt", "text/vtt"),
        ("poster.jpg", "image/jpeg"),
        ("job.json", "application/json"),
        ("noextension", "application/octet-stream"),
    ],
)
def test_media_types(name: str, mime: str) -> None:
    assert mime_of(name) == mime


def test_a_client_s_media_type_must_look_like_one() -> None:
    assert checked_mime("video/x-odd; codecs=avc1", "a.mp4") == "video/x-odd; codecs=avc1"
    for wrong in ("", "video", "a/b\r\nX: y", "text/html; a=\x7f", "a/b;" + "x" * 500):
        assert checked_mime(wrong, "a.mp4") == "video/mp4"


# -- in pieces --


def test_parts_come_in_any_order_and_again(core: Core) -> None:
    about = About("/u/film.mp4", name="Film.mp4", metadata={"a": 1}, tags=("t",))
    upload = core.uploads.begin(A, about, kind="parts", size=10, part_size=4)
    assert (upload.part_count, [upload.part_length(n) for n in range(3)]) == (3, [4, 4, 2])
    for number, content in ((2, b"89"), (0, b"xxxx"), (0, b"0123"), (1, b"4567")):
        now = core.uploads.get(A, upload.upload_id)
        assert refusal(core.uploads.complete, now) == ("conflict", "upload_incomplete")
        with core.uploads.part(upload, number) as piece:
            piece.write(content)
            after = piece.commit()
        assert after.parts[number] == hashlib.md5(content).hexdigest()
    assert after.arrived == 10
    made = core.uploads.complete(after)
    assert made.stored.read_bytes() == b"0123456789"
    assert (made.path, made.name, made.size, made.metadata) == ("/u/film.mp4", "Film.mp4", 10, {"a": 1})
    assert made.etag == hashlib.md5(b"0123456789").hexdigest()
    assert core.uploads.complete(core.uploads.get(A, upload.upload_id)) == made
    assert [p.name for p in blobs(core)] == [made.file_id]
    assert refusal(core.uploads.part(upload, 0).__enter__) == ("conflict", "upload_complete")


def test_a_part_has_its_length(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="parts", size=5, part_size=4)
    with core.uploads.part(upload, 1) as piece:
        assert refusal(piece.commit) == ("invalid", "part_too_short")
        assert refusal(piece.write, b"xx") == ("too_large", "piece_too_long")
    assert refusal(core.uploads.part, upload, 2) == ("not_found", "part_not_found")
    assert refusal(core.uploads.part, upload, -1) == ("not_found", "part_not_found")
    assert core.uploads.get(A, upload.upload_id).parts == {}


def test_no_file_is_made_while_a_part_is_written(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="parts", size=4, part_size=4)
    with core.uploads.part(upload, 0) as piece:
        piece.write(b"good")
        whole = piece.commit()
    with core.uploads.part(upload, 0) as piece:
        piece.write(b"ba")
        assert refusal(core.uploads.complete, whole) == ("conflict", "upload_locked")
    # It broke off: what was overwritten is not here any more.
    assert core.uploads.get(A, upload.upload_id).parts == {}
    assert refusal(core.uploads.complete, whole) == ("conflict", "upload_incomplete")
    with core.uploads.part(upload, 0):
        pass
    with core.uploads.part(upload, 0) as piece:
        piece.write(b"last")
        piece.commit()
    with core.uploads.part(upload, 0):
        pass  # nothing came: the part is what it was
    made = core.uploads.complete(whole)
    assert (made.stored.read_bytes(), made.etag) == (b"last", hashlib.md5(b"last").hexdigest())


def test_a_part_of_an_upload_that_was_given_up_is_a_missing_one(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="parts", size=4, part_size=4)
    with core.uploads.part(upload, 0) as piece:
        piece.write(b"film")
        core.uploads.cancel(upload)
        assert refusal(piece.commit) == ("not_found", "upload_not_found")


WRITER = """
import sys
from pathlib import Path
from ingest.engine.queue import JobQueue
from ingest.server.core import make_core
from ingest.server.settings import ServerSettings
home, account, upload_id, number = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
core = make_core(JobQueue.open(home), ServerSettings(home))
upload = core.uploads.get(account, upload_id)
with core.uploads.part(upload, int(number)) if number else core.uploads.piece(upload, 0) as piece:
    piece.write(b"ba")
    print("writing", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_server(core: Core, upload: Upload, number: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process that is in the middle of a piece, as another server on the same data folder is; killed at the end."""
    command = [sys.executable, "-c", WRITER, str(core.settings.home), A, upload.upload_id, number]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "writing\n"
            yield process
        finally:
            process.kill()


def test_servers_on_one_data_folder_write_an_upload_in_turns(core: Core) -> None:
    parts = core.uploads.begin(A, About("/u"), kind="parts", size=8, part_size=4)
    with another_server(core, parts, "0"):
        assert refusal(core.uploads.part(parts, 0).__enter__) == ("conflict", "upload_locked")
        with core.uploads.part(parts, 1) as piece:  # of another part nobody is in the way
            piece.write(b"gone")
            piece.commit()
        assert refusal(core.uploads.complete, parts) == ("conflict", "upload_locked")
    # Who was killed in the middle holds nothing, and has acknowledged nothing.
    with core.uploads.part(parts, 0) as piece:
        piece.write(b"all ")
        piece.commit()
    assert core.uploads.complete(parts).stored.read_bytes() == b"all gone"


def test_servers_on_one_data_folder_go_on_with_an_upload_in_turns(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=4)
    with another_server(core, upload):
        assert refusal(core.uploads.piece(upload, 0).__enter__) == ("conflict", "upload_locked")
    with core.uploads.piece(upload, 0) as piece:
        piece.write(b"film")
        piece.commit()
    assert core.uploads.complete(upload).stored.read_bytes() == b"film"
    assert refusal(core.uploads.piece(upload, 4).__enter__) == ("conflict", "upload_complete")


def test_an_empty_file_has_one_empty_part(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="parts", size=0, part_size=4)
    with core.uploads.part(upload, 0) as piece:
        done = piece.commit()
    assert core.uploads.complete(done).size == 0


def test_a_piece_that_breaks_off_keeps_what_arrived(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=6)
    with pytest.raises(ConnectionResetError), core.uploads.piece(upload, 0) as piece:
        piece.write(b"012")
        raise ConnectionResetError
    reached = core.uploads.get(A, upload.upload_id)
    assert reached.arrived == 3
    assert refusal(core.uploads.complete, reached) == ("conflict", "upload_incomplete")
    with core.uploads.piece(reached, 3) as piece:
        piece.write(b"345")
        done = piece.commit()
    assert core.uploads.complete(done).stored.read_bytes() == b"012345"


def test_only_one_writes_and_only_where_it_goes_on(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=6)
    with core.uploads.piece(upload, 0) as piece:
        locked = core.uploads.piece(upload, 0)
        with pytest.raises(Refusal) as caught:
            locked.__enter__()
        assert (caught.value.code, caught.value.status) == ("upload_locked", 423)
        piece.write(b"01")
        piece.commit()
    # What was known of it before is old by now.
    assert refusal(core.uploads.piece(upload, 0).__enter__) == ("conflict", "offset_conflict")
    assert refusal(core.uploads.piece(upload, 3).__enter__) == ("conflict", "offset_conflict")
    with core.uploads.piece(upload, 2) as piece:
        assert refusal(piece.write, b"23456") == ("too_large", "piece_too_long")


def test_a_wrong_checksum_lets_nothing_in(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=3)
    wrong = Checksum("sha1", hashlib.sha1(b"no").digest())
    with pytest.raises(Refusal) as caught, core.uploads.piece(upload, 0, wrong) as piece:
        piece.write(b"012")
        piece.commit()
    assert caught.value.status == 460
    assert core.uploads.get(A, upload.upload_id).arrived == 0
    with core.uploads.piece(upload, 0, Checksum("sha1", hashlib.sha1(b"012").digest())) as piece:
        piece.write(b"012")
        assert piece.commit().arrived == 3


def test_a_size_may_be_said_later(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=None)
    with core.uploads.piece(upload, 0) as piece:
        piece.write(b"0123")
        upload = piece.commit()
    assert refusal(core.uploads.complete, upload) == ("conflict", "upload_incomplete")
    assert refusal(core.uploads.declare, upload, 3) == ("conflict", "size_too_small")
    upload = core.uploads.declare(upload, 4)
    assert refusal(core.uploads.declare, upload, 5) == ("conflict", "size_changed")
    assert core.uploads.complete(upload).size == 4


def test_an_upload_is_its_account_s_own_and_can_be_given_up(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=3)
    missing = ("not_found", "upload_not_found")
    assert refusal(core.uploads.get, B, upload.upload_id) == missing
    core.uploads.cancel(upload)
    assert refusal(core.uploads.get, A, upload.upload_id) == missing
    assert blobs(core) == []


def test_an_upload_ends_with_its_time(core: Core) -> None:
    brief = Uploads(core.files, timedelta(seconds=-1))
    old = brief.begin  # its rows have ended when they are made
    assert refusal(old, A, About("/u"), kind="tus", size=3) == ("not_found", "upload_not_found")
    kept = core.uploads.begin(A, About("/v"), kind="tus", size=3)
    assert len(blobs(core)) == 2
    assert core.uploads.sweep() == 1
    assert [p.name for p in blobs(core)] == [kept.upload_id]


def test_what_a_killed_server_wrote_but_did_not_say_is_overwritten(core: Core) -> None:
    upload = core.uploads.begin(A, About("/u"), kind="tus", size=4)
    core.files.blob(A, upload.upload_id).write_bytes(b"garbage behind the end")
    with core.uploads.piece(upload, 0) as piece:
        piece.write(b"film")
        done = piece.commit()
    assert core.uploads.complete(done).stored.read_bytes() == b"film"
