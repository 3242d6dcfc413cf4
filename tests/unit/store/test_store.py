from __future__ import annotations

import dataclasses
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ingest.job import codes
from ingest.job.errors import OutputError, ResourceError, UsageError
from ingest.job.ids import object_id
from ingest.job.record import Inputs, Output, Process, Progress, Record, Results, SourceFile, Times
from ingest.job.status import Status
from ingest.store import JobStore, JobSummary, StoredJob, open_store, store_path
from ingest.store.schema import MIGRATIONS, NewerSchemaError, migrate
from ingest.store.tables import METADATA

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table

FIRST = JobSummary(
    job_id="j11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    status="EXECUTING",
    source="/videos/first.mp4",
    output="/videos/first_ingest",
    resolutions=("sd", "fhd"),
    created="2026-11-22T11:14:29.123Z",
    updated="2026-11-22T11:14:31.000Z",
    percent=12.5,
    step="Transcoding with CPU",
    pid=4711,
    host="studio",
    pid_started=123456,
)
SECOND = JobSummary(
    job_id="j11112222-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    status="COMPLETED",
    source="/videos/second.mp4",
    output="/videos/second_ingest",
    resolutions=(),
    created="2026-11-22T11:14:29.124Z",
    updated="2026-11-22T11:20:00.000Z",
    percent=100.0,
    step="Ingest Complete",
)


def test_a_job_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    text = '{\n  "jobId": "j1",  "é": "\\ud83d\\ude00 \U0001f600"\n}\n'
    with open_store(tmp_path) as store:
        store.save(text, summary=FIRST)
    with open_store(tmp_path) as store:
        assert store.get(FIRST.job_id) == StoredJob(FIRST, text)


def test_saving_again_replaces(tmp_path: Path) -> None:
    later = dataclasses.replace(
        FIRST, status="COMPLETED", percent=100.0, pid=None, host=None, pid_started=None
    )
    with open_store(tmp_path) as store:
        store.save("{}", summary=FIRST)
        store.save('{"n": 2}', summary=later)
        assert store.list() == (later,)
        assert store.get(FIRST.job_id) == StoredJob(later, '{"n": 2}')


def test_a_job_that_was_deleted_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, open_store(tmp_path, known_only=True) as of_child:
        store.save("{}", summary=FIRST)
        of_child.save('{"n": 2}', summary=dataclasses.replace(FIRST, percent=99.0))
        assert store.get(FIRST.job_id).record_json == '{"n": 2}'
        assert store.get(FIRST.job_id).summary.percent == 99.0
        store.delete(FIRST.job_id)
        of_child.save("{}", summary=FIRST)
        assert store.list() == ()


def test_saving_does_not_load_what_only_questions_need(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ingest.store import JobSummary, open_store\n"
        "job = JobSummary('j1', 'COMPLETED', '/s', '/o', (), '', '', 100.0, '')\n"
        f"with open_store(Path({str(tmp_path)!r})) as store: store.save('{{}}', summary=job)\n"
        "print('sqlalchemy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
    with open_store(tmp_path) as store:
        assert [job.job_id for job in store.list()] == ["j1"]


def test_list_is_newest_first(tmp_path: Path) -> None:
    third = dataclasses.replace(SECOND, job_id="j2", created="2025-01-01T00:00:00.000Z")
    with open_store(tmp_path) as store:
        assert store.list() == ()
        for job in (FIRST, SECOND, third):
            store.save("{}", summary=job)
        assert store.list() == (SECOND, FIRST, third)
        assert store.list(limit=1) == (SECOND,)
        assert store.list("COMPLETED") == (SECOND, third)
        assert store.list("FAILED") == ()


def test_list_without_limit(tmp_path: Path) -> None:
    made = [dataclasses.replace(FIRST, job_id=f"j{n:03}", created=f"{n:03}") for n in range(60)]
    with open_store(tmp_path) as store:
        for job in made:
            store.save("{}", summary=job)
        assert store.list() == tuple(reversed(made[10:]))
        assert store.list(limit=None) == tuple(reversed(made))


def test_the_beginning_of_an_id_is_enough(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        for job in (FIRST, SECOND):
            store.save("{}", summary=job)
        assert store.get("j1111111").summary == FIRST
        assert store.get("j11112").summary == SECOND


def test_an_id_that_begins_another_is_still_found(tmp_path: Path) -> None:
    short = dataclasses.replace(FIRST, job_id="j1")
    with open_store(tmp_path) as store:
        for job in (FIRST, SECOND, short):
            store.save("{}", summary=job)
        assert store.get("j1").summary == short


@pytest.mark.parametrize("wanted", ["", "j9", "J1", "%", "j1111_", "\udcff"])
def test_an_unknown_id(tmp_path: Path, wanted: str) -> None:
    with open_store(tmp_path) as store:
        store.save("{}", summary=FIRST)
        with pytest.raises(UsageError) as caught:
            store.get(wanted)
    assert caught.value.code == codes.JOB_NOT_FOUND
    assert caught.value.line == f"no job {wanted!r} in {store_path(tmp_path)}; `ingest jobs` lists them"


def test_an_ambiguous_id(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        for job in (FIRST, SECOND):
            store.save("{}", summary=job)
        with pytest.raises(UsageError) as caught:
            store.delete("j1111")
        assert store.list() == (SECOND, FIRST)
    assert caught.value.code == codes.JOB_NOT_FOUND
    assert caught.value.line == (
        f"several jobs begin with 'j1111': {FIRST.job_id}, {SECOND.job_id}; give more of the id"
    )


def test_delete(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        for job in (FIRST, SECOND):
            store.save("{}", summary=job)
        store.delete("j1111111")
        assert store.list() == (SECOND,)
        with pytest.raises(UsageError):
            store.delete("j1111111")


def test_names_that_are_not_utf8_are_kept_readable(tmp_path: Path) -> None:
    job = dataclasses.replace(FIRST, source="/videos/\udcff.mp4")
    with open_store(tmp_path) as store:
        store.save('{"path": "\udcff"}', summary=job)
        found = store.get(FIRST.job_id)
    assert (found.summary.source, found.record_json) == ("/videos/\\udcff.mp4", '{"path": "\\udcff"}')


def test_the_summary_of_a_record() -> None:
    record = Record(
        job_id="j11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
        inputs=Inputs(service_item_id="", requested_resolutions="sd,fhd", file_ids="", service_url=""),
        results=Results(layer_id=0, layer_name="first", service_name="first"),
        status=Status.EXECUTING,
        username="ann",
        source=SourceFile(path="/videos/first.mp4", name="first.mp4"),
        output="/videos/first_ingest",
        times=Times(submitted="2026-11-22T11:14:29.123Z", updated="2026-11-22T11:14:31.000Z"),
        progress=Progress(percent=12.5, step="Transcoding with CPU"),
        outputs=(Output(resolution="sd"), Output(resolution="fhd")),
        process=Process(pid=4711, host="studio", started=123456),
    )
    assert JobSummary.of(record) == FIRST


# -- durability and many writers --


def test_wal_full_sync_and_private_files(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    with open_store(home) as store, store._asked()._database.write() as connection:
        names = ("journal_mode", "synchronous", "busy_timeout")
        saving = {name: store._writer().execute(f"PRAGMA {name}").fetchone()[0] for name in names}
        asking = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
        store_files = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (home, *home.iterdir())}
    assert saving == asking == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000}
    assert store_files == {
        "home": 0o700,
        "jobs.sqlite3": 0o600,
        "jobs.sqlite3-wal": 0o600,
        "jobs.sqlite3-shm": 0o600,
    }


WRITER = """
import sys
from pathlib import Path
from ingest.store import JobSummary, open_store

home, writer = Path(sys.argv[1]), sys.argv[2]
for n in range(50):
    with open_store(home) as store:
        summary = JobSummary(f"j{writer}-{n:02}", "EXECUTING", "s", "o", ("sd",), f"{n:02}", "u", n, "step")
        store.save(f'{{"n": {n}}}', summary=summary)
"""


def test_four_processes_write_at_once(tmp_path: Path) -> None:
    """They also make the database together, and each opens it fifty times."""
    home = tmp_path / "home"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(home), str(w)]) for w in range(4)]
    assert [w.wait(120) for w in writers] == [0, 0, 0, 0]
    with open_store(home) as store:
        found = {job.job_id: store.get(job.job_id).record_json for job in store.list(limit=None)}
    assert found == {f"j{w}-{n:02}": f'{{"n": {n}}}' for w in range(4) for n in range(50)}


def test_a_killed_writer_loses_no_commit(tmp_path: Path) -> None:
    code = WRITER + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path), "0"]).returncode == -9
    with open_store(tmp_path) as store:
        assert len(store.list(limit=None)) == 50


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=store.save, args=("{}",), kwargs={"summary": FIRST})
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert store.list() == ()  # a reader does not wait
        other.execute("COMMIT")
        thread.join(30)
        assert store.list() == (FIRST,)


# -- schema --


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda t: t.name)
def test_the_migrations_make_the_tables_that_queries_use(tmp_path: Path, table: Table) -> None:
    path = tmp_path / "new.sqlite3"
    migrate(path)
    with closing(sqlite3.connect(path)) as db:
        made = [
            (name, kind, bool(needed))
            for _, name, kind, needed, *_ in db.execute(f"PRAGMA table_xinfo({table.name})")
        ]
    kinds = {"TEXT": "TEXT", "INTEGER": "INTEGER", "FLOAT": "REAL"}
    assert made == [(c.name, kinds[str(c.type)], not c.nullable) for c in table.columns]


def test_the_migrations_make_no_other_tables(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    migrate(path)
    with closing(sqlite3.connect(path)) as db:
        made = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        versions = db.execute("SELECT version FROM schema_version").fetchall()
    assert made == {"schema_version", *METADATA.tables}
    assert versions == [(n,) for n in range(1, len(MIGRATIONS) + 1)]


def test_a_database_of_version_1_keeps_its_jobs(tmp_path: Path) -> None:
    path = store_path(tmp_path)
    migrate(path, MIGRATIONS[:1])
    row = (
        FIRST.job_id,
        "EXECUTING",
        FIRST.source,
        FIRST.output,
        '["sd", "fhd"]',
        FIRST.created,
        FIRST.updated,
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, 12.5, 'Transcoding with CPU', 4711, 'studio', 123456, '{}')",
            row,
        )
    with open_store(tmp_path) as store:
        assert store.get(FIRST.job_id) == StoredJob(FIRST, "{}")
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT short_id, account, dialect, queue, state, search FROM jobs").fetchall()
        counts = db.execute("SELECT account, state, dialect, jobs FROM job_counts").fetchall()
    assert found == [("11111111" + "8aaaaaaaaaaaaaaa", "", "cli", "", "EXECUTING", "first.mp4")]
    assert found[0][0] == object_id(FIRST.job_id)
    assert counts == [("", "EXECUTING", "cli", 1)]


def test_a_later_version_keeps_the_jobs(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.save("{}", summary=FIRST)
    later = (*MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",))
    for _ in range(2):
        migrate(store_path(tmp_path), later)
    with closing(sqlite3.connect(store_path(tmp_path))) as db:
        assert db.execute("SELECT job_id, note FROM jobs").fetchall() == [(FIRST.job_id, "none")]
        versions = db.execute("SELECT version FROM schema_version").fetchall()
    assert versions == [(n,) for n in range(1, len(later) + 1)]


def test_a_failed_migration_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with pytest.raises(sqlite3.OperationalError):
        migrate(path, (("CREATE TABLE one (a)", "CREATE NONSENSE"),))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = store_path(tmp_path)
    migrate(path, (*MIGRATIONS, (), ()))
    with pytest.raises(NewerSchemaError):
        migrate(path)
    with pytest.raises(OutputError) as caught:
        open_store(tmp_path)
    assert caught.value.code == codes.STORE_UNUSABLE
    assert caught.value.line == (
        f"job store {path}: schema version {len(MIGRATIONS) + 2}, this ingest knows {len(MIGRATIONS)}; "
        "upgrade ingest, or set INGEST_HOME to another folder"
    )


# -- faults --


def unusable(home: Path) -> str:
    with pytest.raises(OutputError) as caught:
        open_store(home)
    assert caught.value.code == codes.STORE_UNUSABLE
    return caught.value.line.removeprefix(f"job store {store_path(home)}: ")


ANOTHER_FOLDER = "set INGEST_HOME to a folder on a local disk that you may write"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    store_path(tmp_path).write_text("this is a text, long enough for SQLite to look at it " * 40)
    assert unusable(tmp_path) == (
        "file is not a database; move the file away, or set INGEST_HOME to another folder"
    )


def test_a_damaged_database(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        for n in range(50):
            store.save("x" * 5000, summary=dataclasses.replace(FIRST, job_id=f"j{n}"))
    data = bytearray(store_path(tmp_path).read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    store_path(tmp_path).write_bytes(data)
    with pytest.raises(OutputError) as caught, open_store(tmp_path) as store:
        store.list()
    assert caught.value.line == (
        f"job store {store_path(tmp_path)}: database disk image is malformed; "
        "move the file away, or set INGEST_HOME to another folder"
    )


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.touch()
    assert unusable(home) == f"file exists; {ANOTHER_FOLDER}"
    assert unusable(home / "below") == f"not a directory; {ANOTHER_FOLDER}"


def test_a_folder_in_place_of_the_database(tmp_path: Path) -> None:
    store_path(tmp_path).mkdir()
    assert unusable(tmp_path) == f"unable to open database file; {ANOTHER_FOLDER}"


def test_a_database_of_someone_else(tmp_path: Path) -> None:
    with closing(sqlite3.connect(store_path(tmp_path))) as db:
        db.execute("CREATE TABLE jobs (other)")
    assert unusable(tmp_path) == f"table jobs already exists; {ANOTHER_FOLDER}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert unusable(tmp_path) == f"permission denied; {ANOTHER_FOLDER}"


def test_a_full_disk(tmp_path: Path) -> None:
    store = JobStore(store_path(tmp_path))
    migrate(store.path)
    store._writer().execute("PRAGMA max_page_count=1")  # the smallest possible: what it has now
    with pytest.raises(ResourceError) as caught:
        store.save("x" * 1_000_000, summary=FIRST)
    assert caught.value.code == codes.DISK_FULL
    assert caught.value.line == f"job store {store.path}: no space left; free some space"
    assert store.list() == ()
    store.close()
