"""The queue without an engine: what it writes down, who sees it, and what may follow what."""

from __future__ import annotations

import base64
import itertools
import json
import sqlite3
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from engine_asking import film, open_queue, preset, wanted
from sqlalchemy import delete, func, insert, select, update

from ingest.engine import cursors, rows, spawning
from ingest.engine.leftovers import sweep_job_folders
from ingest.engine.local import Engine
from ingest.engine.model import (
    Filter,
    Job,
    LocalSource,
    State,
    StoredLogo,
    StoredSource,
    Submission,
    UrlSource,
)
from ingest.engine.places import job_folder, presets_folder
from ingest.engine.queue import record_columns
from ingest.engine.rows import J
from ingest.engine.sources import Sources
from ingest.engine.stopping import cancel_anywhere
from ingest.engine.submissions import dumped, loaded
from ingest.job import codes
from ingest.job.errors import IngestError, SourceError, UsageError
from ingest.job.ids import new_job_id, object_id
from ingest.job.status import Status
from ingest.media.logo_choice import Logo
from ingest.media.options import Options
from ingest.pipeline.first_record import first_record, options_of
from ingest.pipeline.request import Request
from ingest.pipeline.resuming import stopped_job
from ingest.store import JobSummary, open_store, store_path
from ingest.store.tables import DELIVERIES, FILES, JOB_COUNTS, JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.engine.queue import JobQueue
    from ingest.job.codes import Code


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    made = open_queue(tmp_path)
    yield made
    made.close()


def end(queue: JobQueue, job: Job, status: Status) -> None:
    """As if an engine had run the job."""
    record = job.record.with_status(Status.EXECUTING).with_status(status)
    with open_store(queue.home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
    put(queue, job, queue="ended")


def put(queue: JobQueue, job: Job, /, **values: Any) -> None:
    with queue.database.write() as connection:
        connection.execute(update(JOBS).where(J.job_id == job.job_id).values(values))


def refused(code: Code, call: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(IngestError) as caught:
        call(*arguments, **more)
    assert caught.value.code == code
    return caught.value.message


# -- what is written down --


def test_a_submitted_job_is_queued_with_its_first_record(queue: JobQueue, tmp_path: Path) -> None:
    start = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    job = queue.submit(
        "acc1234",
        "maria",
        wanted(
            tmp_path,
            "Größe.mov",
            resolutions=("sd", "hd"),
            dialect="xvid",
            asked={"user_data": "é"},
            label="mine",
            priority=3,
            start_at=start,
        ),
    )
    record = job.record
    assert (job.state, job.queue, job.account, job.dialect) == (State.SUBMITTED, "queued", "acc1234", "xvid")
    assert (job.asked, job.label, job.priority, job.start_at) == ({"user_data": "é"}, "mine", 3, start)
    assert (job.attempts, job.begun, job.ended, job.cancelling) == (0, None, None, False)
    assert job.queued is not None
    assert timedelta(0) <= job.queued - job.created < timedelta(seconds=5)
    assert (record.status, record.username, record.process) == (Status.SUBMITTED, "maria", None)
    assert (record.source.path, record.source.name) == (str(tmp_path / "films/Größe.mov"), "Größe.mov")
    assert record.results.layer_name == "Größe"
    assert record.output == str(tmp_path / "home/packages/acc1234" / job.job_id)
    assert [o.resolution for o in record.outputs] == ["sd", "hd"]


def test_what_was_asked_for_comes_back(queue: JobQueue, tmp_path: Path) -> None:
    asked = Submission(
        resolutions=("tiny",),
        source=UrlSource("https://example.org/a/b.mp4?token=1", "b.mp4", "me", "secret"),
        options=Options(
            codecs=("h264", "hevc"),
            loudness=-23.0,
            klv=film(tmp_path, "k.klv").path,
            logos=(Logo(film(tmp_path, "l.png").path),),
        ),
        presets={"tiny": preset("tiny")},
        dialect="bytenite",
        asked={"a": [1, None]},
        label="l",
        priority=-2,
        start_at=datetime(2031, 1, 1, tzinfo=UTC),
        time_limit=timedelta(seconds=90.5),
        webhooks={"finished": "https://example.org/hook"},
    )
    assert queue.submission(queue.submit("a", "u", asked)) == asked
    for source in (None, LocalSource(tmp_path / "films" / "é.mp4")):
        other = Submission(("sd",), source)
        assert queue.submission(queue.draft("a", "u", other)) == other
    stored = Submission(
        ("sd",), StoredSource("i1"), asked={"b": 2}, logos=(StoredLogo("i2", "left", 5.5, 0.5),)
    )
    assert loaded(dumped(stored), {"b": 2}) == stored


def test_a_job_is_on_the_disk_when_it_is_answered(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    with closing(sqlite3.connect(store_path(queue.home))) as db:
        assert db.execute("SELECT job_id, queue FROM jobs").fetchall() == [(job.job_id, "queued")]


def test_a_job_s_own_presets_lie_in_its_folder(tmp_path: Path) -> None:
    presets = tmp_path / "presets"
    presets.mkdir()
    (presets / "house.toml").write_text(preset("house"))
    queue = open_queue(tmp_path, preset_dir=presets)
    job = queue.submit(
        "a", "u", wanted(tmp_path, resolutions=("tiny", "house"), presets={"tiny": preset("tiny")})
    )
    folder = presets_folder(queue.home, job.job_id)
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        "tiny.toml": preset("tiny"),
        "house.toml": preset("house"),
    }
    assert job.record.request is not None
    assert job.record.request.preset_dir == folder.as_uri()


def test_without_presets_of_its_own_the_server_s_are_used(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    assert job.record.request is not None
    assert job.record.request.preset_dir is None
    assert not job_folder(queue.home, job.job_id).exists()


def test_a_stored_file_gets_a_second_name(queue: JobQueue, tmp_path: Path) -> None:
    blob = queue.home / "files" / "blob"
    blob.parent.mkdir()
    blob.write_bytes(b"film")
    row = {
        "file_id": "i1",
        "account": "a",
        "path": "/f/../x y.mp4",
        "name": "../x y.mp4",
        "mime": "video/mp4",
    }
    row |= {"size": 4, "etag": "", "created": "", "stored": str(blob)}
    with queue.database.write() as connection:
        connection.execute(insert(FILES), row)
    job = queue.submit("a", "u", Submission(("sd",), StoredSource("i1")))
    blob.unlink()
    linked = job_folder(queue.home, job.job_id) / "source" / "_x y.mp4"
    assert (job.record.source.path, linked.read_bytes()) == (str(linked), b"film")
    refused(codes.SOURCE_NOT_FOUND, queue.submit, "b", "u", Submission(("sd",), StoredSource("i1")))


def test_stored_logos_get_second_names(queue: JobQueue, tmp_path: Path) -> None:
    blob = queue.home / "files" / "logo"
    blob.parent.mkdir()
    blob.write_bytes(b"png")
    row = {"file_id": "i2", "account": "a", "path": "/l.png", "name": "../l.png", "mime": "image/png"}
    with queue.database.write() as connection:
        connection.execute(insert(FILES), row | {"size": 3, "etag": "", "created": "", "stored": str(blob)})
    logos = (StoredLogo("i2", "left", 5.0, 0.5), StoredLogo("i2"))
    refused(codes.SOURCE_NOT_FOUND, queue.submit, "b", "u", wanted(tmp_path, logos=logos))
    refused(codes.USAGE, queue.submit, "a", "u", wanted(tmp_path, logos=(StoredLogo("i2", "nowhere"),)))
    refused(codes.USAGE, queue.submit, "a", "u", wanted(tmp_path, logos=(StoredLogo("i2"),) * 5))
    job = queue.submit("a", "u", wanted(tmp_path, logos=logos))
    blob.unlink()
    folder = job_folder(queue.home, job.job_id) / "logos"
    linked = [folder / "0-_l.png", folder / "1-_l.png"]
    assert [path.read_bytes() for path in linked] == [b"png", b"png"]
    assert job.record.request is not None
    assert options_of(job.record.request.options).logos == (
        Logo(linked[0], "left", 5.0, 0.5),
        Logo(linked[1], "top-right", 10.0, 1.0),
    )
    assert queue.submission(job).logos == logos


def test_a_url_is_fetched_later(queue: JobQueue) -> None:
    named = queue.submit("a", "u", Submission(("sd",), UrlSource("http://example.org/x%20y.mp4?k=1", "")))
    bare = queue.submit("a", "u", Submission(("sd",), UrlSource("http://example.org/", "")))
    assert (named.record.source.name, bare.record.source.name) == ("x y.mp4", "example.org")
    assert named.record.source.path == str(job_folder(queue.home, named.job_id) / "source" / "x y.mp4")


# -- what is refused, and leaves nothing behind --


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"resolutions": ("huge",)}, codes.UNKNOWN_RESOLUTION),
        ({"resolutions": ()}, codes.USAGE),
        ({"presets": {"tiny": "title = 1"}}, codes.PRESET_INVALID),
        ({"presets": {"../tiny": preset("tiny")}}, codes.PRESET_INVALID),
        ({"presets": {"tiny": preset("tiny")}, "resolutions": ("tiny", "sd")}, codes.PRESET_INVALID),
        ({"source": None}, codes.USAGE),
        ({"source": UrlSource("file:///etc/passwd", "x")}, codes.USAGE),
        ({"source": UrlSource("http://[", "x")}, codes.USAGE),
        ({"source": StoredSource("i404")}, codes.SOURCE_NOT_FOUND),
    ],
)
def test_a_submission_that_cannot_work(
    queue: JobQueue, tmp_path: Path, changes: dict[str, Any], code: Code
) -> None:
    refused(code, queue.submit, "a", "u", wanted(tmp_path, **changes))
    assert queue.jobs(Filter(None)).total == 0
    assert not list((queue.home / "jobs").glob("*"))


def test_only_allowed_folders_are_read_and_nothing_is_told_of_others(queue: JobQueue, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"x")
    (tmp_path / "films" / "link.mp4").symlink_to(secret)
    said = set()
    for path in (
        secret,
        tmp_path / "none.mp4",
        tmp_path / "films/link.mp4",
        tmp_path / "films/../secret.mp4",
    ):
        text = refused(
            codes.SOURCE_NOT_ALLOWED, queue.submit, "a", "u", Submission(("sd",), LocalSource(path))
        )
        said.add(text.replace(str(path), "PATH"))
    assert said == {"PATH is in no folder that the server may read"}
    refused(
        codes.SOURCE_NOT_ALLOWED,
        queue.submit,
        "a",
        "u",
        Submission(("sd",), LocalSource(tmp_path / "films/a\0b")),
    )
    klv = wanted(tmp_path, options=Options(klv=secret))
    refused(codes.SOURCE_NOT_ALLOWED, queue.submit, "a", "u", klv)
    logo = wanted(tmp_path, options=Options(logos=(Logo(secret),)))
    refused(codes.SOURCE_NOT_ALLOWED, queue.submit, "a", "u", logo)
    missing = Submission(("sd",), LocalSource(tmp_path / "films/none.mp4"))
    refused(codes.SOURCE_NOT_FOUND, queue.submit, "a", "u", missing)


def test_links_in_options_are_followed_once(queue: JobQueue, tmp_path: Path) -> None:
    """What was looked at is what is read: a link may lead elsewhere a moment later."""
    real = [film(tmp_path, name).path for name in ("real.klv", "real.png")]
    links = [tmp_path / "films" / name for name in ("link.klv", "link.png")]
    for link, path in zip(links, real, strict=True):
        link.symlink_to(path)
    wanted_ = wanted(tmp_path, options=Options(klv=links[0], logos=(Logo(links[1]),)))
    for job in (queue.submit("a", "u", wanted_), queue.draft("a", "u", wanted_)):
        assert job.record.request is not None
        options = options_of(job.record.request.options)
        assert [options.klv, options.logos[0].path] == real
        assert queue.submission(job).options == options


def test_what_a_killed_server_left_of_jobs_is_swept(queue: JobQueue, tmp_path: Path) -> None:
    done, failed, waiting = (queue.submit("a", "u", wanted(tmp_path)) for _ in range(3))
    end(queue, done, Status.COMPLETED)
    end(queue, failed, Status.FAILED)
    sources = [job_folder(queue.home, job.job_id) / "source" for job in (done, failed, waiting)]
    nobody_s = queue.home / "jobs" / "j-of-nobody"
    for folder in (*sources, nobody_s):
        folder.mkdir(parents=True)
        (folder / "film.mp4").write_bytes(b"film")
    assert sweep_job_folders(queue.database, queue.home) == 1
    assert [folder.exists() for folder in (*sources, nobody_s)] == [False, True, True, True]
    assert sweep_job_folders(queue.database, queue.home, time.time() + 90_000) == 1
    assert [folder.exists() for folder in (*sources, nobody_s)] == [False, True, True, False]
    assert sweep_job_folders(queue.database, tmp_path / "nowhere") == 0


def test_an_account_cannot_name_a_folder(queue: JobQueue, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an account"):
        queue.submit("../x", "u", wanted(tmp_path))


# -- who sees it --


def test_a_foreign_job_is_a_missing_one(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    asked = (queue.job, queue.cancel, queue.retry, queue.delete, queue.run)
    foreign = {refused(codes.JOB_NOT_FOUND, ask, "b", job.job_id).replace(job.job_id, "ID") for ask in asked}
    missing = {refused(codes.JOB_NOT_FOUND, ask, "a", "j404").replace("j404", "ID") for ask in asked}
    assert foreign == missing == {"there is no job 'ID'"}
    refused(codes.JOB_NOT_FOUND, queue.by_short_id, "b", object_id(job.job_id))
    assert queue.job(None, job.job_id) == queue.job("a", job.job_id)
    assert queue.by_short_id("a", object_id(job.job_id)) == queue.job("a", job.job_id)


def test_jobs_of_ingest_run_are_seen_by_all_accounts_together(queue: JobQueue, tmp_path: Path) -> None:
    record = first_record(Request(tmp_path / "x.mp4", ("sd",), tmp_path / "out"))
    with open_store(queue.home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
    job = queue.job(None, record.job_id)
    assert (job.dialect, job.account, job.queue, job.state) == ("cli", "", "running", State.EXECUTING)
    assert queue.jobs(Filter("a")).total == 0
    assert [j.job_id for j in queue.jobs(Filter(None)).jobs] == [record.job_id]


# -- what follows what --


def test_a_draft_waits_until_it_is_run(queue: JobQueue, tmp_path: Path) -> None:
    draft = queue.draft("a", "u", Submission(("sd",), label="before"))
    assert (draft.state, draft.queued, draft.record.request) == (State.DRAFT, None, None)
    refused(codes.USAGE, queue.run, "a", draft.job_id)
    changed = queue.change("a", draft.job_id, submission=wanted(tmp_path, resolutions=("hd",), label="after"))
    assert (changed.state, changed.label, changed.created) == (State.DRAFT, "after", draft.created)
    job = queue.run("a", draft.job_id)
    assert (job.state, job.created) == (State.SUBMITTED, draft.created)
    # The job's process saves its record, from which the store's row is made anew.
    assert job.record.times.submitted == draft.record.times.submitted
    assert [o.resolution for o in job.record.outputs] == ["hd"]
    refused(codes.JOB_NOT_CHANGEABLE, queue.run, "a", draft.job_id)
    refused(codes.JOB_NOT_CHANGEABLE, queue.change, "a", draft.job_id, submission=wanted(tmp_path))


def test_a_waiting_job_is_cancelled_at_once(queue: JobQueue, tmp_path: Path) -> None:
    hooks = {"cancelled": "https://example.org/c", "failed": "https://example.org/f"}
    job = queue.submit("a", "u", wanted(tmp_path, webhooks=hooks))
    done = queue.cancel("a", job.job_id)
    assert (done.state, done.queue) == (State.CANCELLED, "ended")
    assert done.ended is not None
    assert done.record.error is not None
    assert (done.record.error.code, done.record.error.message) == (9323, "cancelled by a request")
    assert [o.status for o in done.record.outputs] == ["CANCELLED"]
    assert queue.cancel("a", job.job_id) == done
    with queue.database.read() as connection:
        told = connection.execute(
            select(DELIVERIES.c.happening, DELIVERIES.c.url, DELIVERIES.c.payload)
        ).all()
    assert [(t.happening, t.url) for t in told] == [("cancelled", "https://example.org/c")]
    payload = json.loads(told[0].payload)
    assert payload.pop("timestamp").endswith("Z")
    assert payload == {"type": "job.cancelled", "data": {"jobId": job.job_id, "status": "CANCELLED"}}


def test_what_an_earlier_attempt_left_in_the_folder_says_it_too(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    job.folder.mkdir(parents=True)
    (job.folder / "job.json").write_text(job.record.with_status(Status.EXECUTING).to_json())
    queue.cancel("a", job.job_id)
    assert json.loads((job.folder / "job.json").read_text())["status"] == "CANCELLED"


def test_a_waiting_job_is_not_resumed_beside_the_server(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    refused(codes.OUTPUT_BUSY, stopped_job, job.job_id, queue.home)


def test_a_waiting_job_is_cancelled_from_the_command_line(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    done = cancel_anywhere(job.job_id[:14], queue.home)
    assert (done.job_id, done.status, done.interrupted) == (job.job_id, Status.CANCELLED, False)
    assert queue.job("a", job.job_id).state is State.CANCELLED
    assert cancel_anywhere(job.job_id, queue.home).status is Status.CANCELLED


def test_a_job_whose_server_was_killed_is_cancelled_from_the_command_line(
    queue: JobQueue, tmp_path: Path
) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    put(queue, job, queue="running")
    done = cancel_anywhere(job.job_id, queue.home)
    assert (done.status, done.interrupted) == (Status.CANCELLED, True)
    assert queue.job("a", job.job_id).queue == "ended"


def test_a_running_job_of_ingest_run_is_not_deleted_under_it(queue: JobQueue, tmp_path: Path) -> None:
    record = first_record(Request(tmp_path / "x.mp4", ("sd",), tmp_path / "out"))
    (tmp_path / "out" / f".work-{record.job_id}").mkdir(parents=True)
    with open_store(queue.home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
    refused(codes.JOB_NOT_CHANGEABLE, queue.delete, None, record.job_id)
    assert list((tmp_path / "out" / f".work-{record.job_id}").glob("cancel-*"))
    assert queue.jobs(Filter(None)).total == 1


def test_a_running_job_is_asked_to_stop(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    put(queue, job, queue="running")
    assert queue.job("a", job.job_id).state is State.EXECUTING
    asked = queue.cancel("a", job.job_id)
    assert (asked.state, asked.queue, asked.cancelling) == (State.CANCELLING, "running", True)


def test_a_failed_job_is_tried_again(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    refused(codes.JOB_NOT_CHANGEABLE, queue.retry, "a", job.job_id)
    end(queue, job, Status.FAILED)
    put(queue, job, attempts=1, deaths=2, ran=7.5)
    assert queue.job("a", job.job_id).state is State.FAILED
    again = queue.retry("a", job.job_id)
    assert (again.state, again.queue, again.ended, again.attempts) == (State.SUBMITTED, "queued", None, 1)
    end(queue, again, Status.COMPLETED)
    refused(codes.JOB_NOT_CHANGEABLE, queue.retry, "a", job.job_id)


def test_what_is_tried_again_is_not_what_it_was_when_the_clock_is_put_back(
    queue: JobQueue, tmp_path: Path
) -> None:
    job = queue.submit("x", "u", wanted(tmp_path))
    failed = job.record.with_status(Status.EXECUTING).with_status(Status.FAILED)
    failed = failed.evolve(times=failed.times.model_copy(update={"updated": "2999-01-01T00:00:00.000Z"}))
    job.folder.mkdir(parents=True)
    (job.folder / "job.json").write_text(failed.to_json())
    put(queue, job, queue="ended", **record_columns(failed))
    queue.retry("x", job.job_id)
    put(queue, job, queue="running")
    assert queue.job("x", job.job_id).record.status is Status.SUBMITTED


def test_a_draft_is_changed_by_one_at_a_time(
    queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the one that comes too late has asked for is not what is run."""
    own = {"tiny": preset("tiny")}
    job = queue.draft("x", "u", wanted(tmp_path, resolutions=("tiny",), presets=own))
    other = wanted(
        tmp_path, "two.mp4", resolutions=("tiny",), presets={"tiny": own["tiny"].replace("30\n", "40\n", 1)}
    )
    prepare = Sources.prepare

    def slowly(*of: Any, **more: Any) -> Any:
        found = prepare(*of, **more)
        begun.set()
        assert not changed.wait(0.2)
        return found

    begun, changed = Event(), Event()
    monkeypatch.setattr(Sources, "prepare", slowly)
    said: list[str] = []

    def change() -> None:
        begun.wait(10)
        said.append(refused(codes.JOB_NOT_CHANGEABLE, queue.change, "x", job.job_id, submission=other))
        changed.set()

    late = Thread(target=change)
    late.start()
    queue.run("x", job.job_id)
    late.join(20)
    assert said == [f"job {job.job_id} is no draft any more"]
    assert (presets_folder(queue.home, job.job_id) / "tiny.toml").read_text() == own["tiny"]


def test_a_deleted_job_is_gone_with_its_files(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path, resolutions=("tiny",), presets={"tiny": preset("tiny")}))
    job.folder.mkdir(parents=True)
    (job.folder / "ABR.m3u8").write_text("")
    queue.delete("a", job.job_id)
    refused(codes.JOB_NOT_FOUND, queue.job, None, job.job_id)
    assert not job.folder.exists()
    assert not job_folder(queue.home, job.job_id).exists()
    with closing(sqlite3.connect(store_path(queue.home))) as db:
        assert db.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_a_job_that_is_tried_again_while_it_is_deleted_is_not_run(
    queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.submit("x", "u", wanted(tmp_path))
    end(queue, job, Status.FAILED)
    cancel = queue.cancel

    with ExitStack() as engine:

        def cancel_and_retry(*of: Any) -> Job:
            cancel(*of)
            again = queue.retry("x", job.job_id)
            assert engine.enter_context(spawning.locked(queue.home, job.job_id))  # about to begin it
            return again

        monkeypatch.setattr(queue, "cancel", cancel_and_retry)
        queue.delete("x", job.job_id)
        refused(codes.JOB_NOT_FOUND, queue.retry, "x", job.job_id)
        assert Engine(queue, slots=1)._claim(job.job_id) is None
        with queue.database.read() as connection:
            row = connection.execute(select(J.queue, J.deleting)).one()
        assert (row.queue, row.deleting) == ("ended", 1)
    Engine(queue, slots=1)._find_lost()
    with queue.database.read() as connection:
        assert connection.execute(select(J.job_id)).all() == []
    assert not job_folder(queue.home, job.job_id).exists()


def test_a_running_job_that_is_deleted_is_hidden_until_it_has_ended(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    put(queue, job, queue="running")
    queue.delete("a", job.job_id)
    refused(codes.JOB_NOT_FOUND, queue.job, None, job.job_id)
    assert queue.jobs(Filter(None)).total == 0
    with queue.database.read() as connection:
        rows = connection.execute(select(J.queue, J.cancelling, J.deleting)).all()
    assert rows == [("running", 1, 1)]


def test_the_folder_of_ingest_run_stays_when_its_job_is_deleted(queue: JobQueue, tmp_path: Path) -> None:
    record = first_record(Request(tmp_path / "x.mp4", ("sd",), tmp_path / "out")).with_status(Status.FAILED)
    (tmp_path / "out").mkdir()
    with open_store(queue.home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
    queue.delete(None, record.job_id)
    assert (tmp_path / "out").is_dir()
    assert queue.jobs(Filter(None)).total == 0


def test_a_running_job_is_read_from_its_folder(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    put(queue, job, queue="running")
    record = job.record.with_status(Status.EXECUTING)
    record = record.evolve(progress=record.progress.model_copy(update={"percent": 41.5}))
    job.folder.mkdir(parents=True)
    later = record.times.model_copy(update={"updated": "2999-01-01T00:00:00.000Z"})
    (job.folder / "job.json").write_text(record.model_copy(update={"times": later}).to_json())
    assert queue.job("a", job.job_id).record.progress.percent == 41.5
    assert queue.jobs(Filter("a")).jobs[0].record.progress.percent == 41.5
    put(queue, job, queue="ended")
    assert queue.job("a", job.job_id).record.progress.percent == 0.0


def test_a_record_of_another_version_is_shown_as_far_as_its_columns_go(
    queue: JobQueue, tmp_path: Path
) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    put(queue, job, record='{"new": 1}', status="FAILED", queue="ended", percent=12.5)
    found = queue.job("a", job.job_id)
    assert (found.state, found.record.progress.percent) == (State.FAILED, 12.5)
    assert (found.record.source.name, found.record.output) == ("one.mp4", job.record.output)


def test_the_store_and_the_model_call_every_state_the_same(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    for where, status, cancelling in itertools.product(
        ("draft", "queued", "running", "ended", ""), Status, (0, 1)
    ):
        record = job.record.model_copy(update={"status": status})
        put(queue, job, queue=where, status=status.value, cancelling=cancelling, record=record.to_json())
        with queue.database.read() as connection:
            stored = connection.execute(select(J.state)).scalar_one()
        assert queue.job("a", job.job_id).state.value == stored, (where, status, cancelling)


# -- lists --


def filled(queue: JobQueue, tmp_path: Path) -> list[Job]:
    names = ("Zebra.mp4", "apple.MOV", "müLLER.mkv", "apple.MOV")
    jobs = [
        queue.submit("a", "u", wanted(tmp_path, name, label=str(n % 2), dialect=("xvid", "native")[n // 2]))
        for n, name in enumerate(names)
    ]
    put(queue, jobs[0], status="COMPLETED", queue="ended", percent=100.0)
    put(queue, jobs[1], status="EXECUTING", queue="running", percent=30.0)
    queue.submit("b", "u", wanted(tmp_path))
    return jobs


@pytest.mark.parametrize(
    ("changes", "order"),
    [
        ({}, [3, 2, 1, 0]),
        ({"descending": False}, [0, 1, 2, 3]),
        ({"states": frozenset({State.SUBMITTED})}, [3, 2]),
        ({"states": frozenset({State.COMPLETED, State.EXECUTING})}, [1, 0]),
        ({"states": frozenset()}, []),
        ({"dialect": "xvid"}, [1, 0]),
        ({"label": "0"}, [2, 0]),
        ({"text": "APPLE"}, [3, 1]),
        ({"text": "Müll"}, [2]),
        ({"text": "%"}, []),
        ({"sort": "percent", "states": frozenset({State.COMPLETED, State.EXECUTING})}, [0, 1]),
        ({"sort": "source", "descending": False}, [1, 3, 2, 0]),
        ({"sort": "status", "descending": False}, [0, 1, 2, 3]),
        ({"label": "0", "dialect": "native", "text": "ller"}, [2]),
    ],
)
def test_filters_and_orders(
    queue: JobQueue, tmp_path: Path, changes: dict[str, Any], order: list[int]
) -> None:
    jobs = filled(queue, tmp_path)
    page = queue.jobs(Filter("a", **changes))
    assert [jobs.index(next(k for k in jobs if k.job_id == j.job_id)) for j in page.jobs] == order
    assert (page.total, page.more) == (len(order), False)


def test_filter_by_the_time_of_creation(queue: JobQueue, tmp_path: Path) -> None:
    jobs = filled(queue, tmp_path)
    for n, job in enumerate(jobs):
        put(queue, job, created=f"2026-01-0{n + 1}T00:00:00.000Z")
    page = queue.jobs(
        Filter(
            "a", created_from=datetime(2026, 1, 2, tzinfo=UTC), created_until=datetime(2026, 1, 3, tzinfo=UTC)
        )
    )
    assert [j.job_id for j in page.jobs] == [jobs[2].job_id, jobs[1].job_id]


@pytest.mark.parametrize("sort", ["created", "updated", "status", "percent", "source"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_by_offset_and_by_cursor_are_the_whole(
    queue: JobQueue, tmp_path: Path, sort: Any, descending: bool
) -> None:
    filled(queue, tmp_path)
    every = Filter("a", sort=sort, descending=descending)
    whole = [j.job_id for j in queue.jobs(every).jobs]
    by_offset = [queue.jobs(replace(every, limit=1, offset=n)) for n in range(4)]
    assert [p.jobs[0].job_id for p in by_offset] == whole
    assert [(p.total, p.more) for p in by_offset] == [(4, True)] * 3 + [(4, False)]
    by_cursor: list[str] = []
    cursor: str | None = None
    more = True
    while more:
        page = queue.jobs(replace(every, limit=3, after=cursor))
        by_cursor += [j.job_id for j in page.jobs]
        cursor = page.next
        more = page.more
    assert by_cursor == whole


@pytest.mark.parametrize(
    ("sort", "descending"), [("created", True), ("source", False), ("label", True), ("ended", False)]
)
def test_paging_goes_on_where_the_job_of_the_cursor_is_gone(
    queue: JobQueue, tmp_path: Path, sort: Any, descending: bool
) -> None:
    filled(queue, tmp_path)
    every = Filter("a", sort=sort, descending=descending, limit=2)
    whole = [j.job_id for j in queue.jobs(replace(every, limit=50)).jobs]
    cursor = queue.jobs(every).next
    with queue.database.write() as connection:
        connection.execute(delete(JOBS).where(JOBS.c.job_id == whole[1]))
    page = queue.jobs(replace(every, after=cursor))
    assert ([j.job_id for j in page.jobs], page.next) == (whole[2:], None)


@pytest.mark.parametrize(
    "cursor", ["", "nope", "\u00e9", "W10", "bnVsbA", cursors.written("updated", ("2026", "j")),
               cursors.written("created", (float("nan"), "j")), cursors.written("created", (10**30, "j")),
               base64.urlsafe_b64encode(b"[" * 3000).decode()]
)  # fmt: skip
def test_what_is_no_cursor_is_refused(queue: JobQueue, cursor: str) -> None:
    with pytest.raises(UsageError, match="the cursor is none of this list"):
        queue.jobs(Filter("a", after=cursor))


def test_counts(queue: JobQueue, tmp_path: Path) -> None:
    filled(queue, tmp_path)
    mine = {State.COMPLETED: 1, State.EXECUTING: 1, State.SUBMITTED: 2}
    assert (queue.counts("a"), queue.counts("c")) == (mine, {})
    assert queue.counts(None) == mine | {State.SUBMITTED: 3}


def test_lines_are_the_jobs_in_short(queue: JobQueue, tmp_path: Path) -> None:
    jobs = filled(queue, tmp_path)
    queue.cancel("a", jobs[2].job_id)
    end(queue, jobs[3], Status.FAILED)
    record = first_record(Request(tmp_path / "x.mp4", ("sd",), tmp_path / "out"))
    ended = record.with_status(Status.EXECUTING).with_status(Status.FAILED)
    fault = SourceError(codes.SOURCE_DAMAGED, f"{tmp_path}/a/b is none", remedy="look there")
    ended = ended.with_error(fault, None).evolve(
        times=ended.times.model_copy(update={"started": "2026-01-01T00:00:00.000Z"})
    )
    with open_store(queue.home) as store:
        store.save(ended.to_json(), summary=JobSummary.of(ended))
    put(
        queue,
        queue.submit("c", "u", wanted(tmp_path, start_at=datetime(2031, 1, 2, tzinfo=UTC))),
        record="{}",
    )
    page, lines = queue.jobs(Filter(None, limit=6)), queue.lines(Filter(None, limit=6))
    assert [job.line for job in page.jobs] == list(lines.jobs)
    assert (len(lines.jobs), lines.total, lines.next) == (6, 7, page.next)
    assert lines.jobs[1].begun == "2026-01-01T00:00:00.000Z"
    assert lines.jobs[1].error is not None
    assert lines.jobs[1].error.message == "…/b is none"


@pytest.mark.parametrize("largest", [rows.LARGEST_KEPT, 0])
def test_lines_that_were_seen_before_follow_every_change(
    queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr(rows, "LARGEST_KEPT", largest)
    rows._kept_line.cache_clear()
    jobs = filled(queue, tmp_path)
    seen = []

    def look() -> None:
        found = {line.job_id: line for line in queue.lines(Filter(None)).jobs}
        lines = tuple(found[job.job_id] for job in jobs[2:])
        assert lines == tuple(queue.job(None, job.job_id).line for job in jobs[2:])
        seen.append(lines)

    look()
    queue.cancel("a", jobs[3].job_id)
    look()
    queue.retry("a", jobs[3].job_id)
    look()
    put(queue, jobs[2], label="another")
    look()
    end(queue, jobs[2], Status.COMPLETED)
    look()
    with queue.database.write() as connection:  # the record alone, within the millisecond
        record = connection.execute(select(J.record).where(J.job_id == jobs[2].job_id)).scalar_one()
        renamed = record.replace(f'"name": "{jobs[2].record.source.name}"', '"name": "b.mp4"')
        assert renamed != record
        connection.execute(update(JOBS).where(J.job_id == jobs[2].job_id).values(record=renamed))
    look()
    assert len(set(seen)) == 6
    assert (rows._kept_line.cache_info().currsize == 0) == (largest == 0)


def test_what_is_counted_is_what_is_there(queue: JobQueue, tmp_path: Path) -> None:
    jobs = filled(queue, tmp_path)
    queue.cancel("a", jobs[3].job_id)
    queue.retry("a", jobs[3].job_id)
    queue.delete("a", jobs[2].job_id)
    draft = queue.draft("b", "u", Submission(("sd",), dialect="bytenite"))
    queue.change("b", draft.job_id, submission=Submission(("hd",), dialect="bytenite"))
    put(queue, jobs[1], account="b", dialect="xvid")
    record = first_record(Request(tmp_path / "x.mp4", ("sd",), tmp_path / "out"))
    with open_store(queue.home) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))
        record = record.with_status(Status.EXECUTING).with_status(Status.FAILED)
        store.save(record.to_json(), summary=JobSummary.of(record))
    with queue.database.write() as connection:
        connection.execute(update(JOBS).where(J.job_id == jobs[0].job_id).values(deleting=1))
    key = (J.account, J.state, J.dialect)
    with queue.database.read() as connection:
        there = connection.execute(select(*key, func.count()).where(J.state.is_not(None)).group_by(*key))
        found = sorted(tuple(row) for row in there)
        kept = connection.execute(select(JOB_COUNTS).where(JOB_COUNTS.c.jobs != 0))
        assert sorted(tuple(row) for row in kept) == found
    assert len(found) > 3


def test_the_dialect_s_document_can_be_replaced(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path, asked={"a": 1}))
    queue.asked(job.job_id, {"b": "é"})
    assert queue.job("a", job.job_id).asked == {"b": "é"}


def test_events_end_with_the_job(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    events = queue.events("a", job.job_id, heartbeat=0.0)
    first = next(events)
    assert first is not None
    assert first.state is State.SUBMITTED
    assert next(events) is None
    queue.cancel("a", job.job_id)
    last = next(e for e in events if e is not None)
    assert (last.state, list(events)) == (State.CANCELLED, [])
    refused(codes.JOB_NOT_FOUND, next, queue.events("a", new_job_id()))


def test_listeners_hear_of_what_is_to_be_done(queue: JobQueue, tmp_path: Path) -> None:
    heard: list[str] = []
    queue.listen(lambda: heard.append("!"))
    job = queue.submit("a", "u", wanted(tmp_path))
    queue.cancel("a", job.job_id)
    assert heard == ["!", "!"]


def test_the_errors_are_the_tree_s(queue: JobQueue, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        queue.job("a", "\udcff")
    with pytest.raises(SourceError):
        queue.submit("a", "u", wanted(tmp_path, "empty.mp4", 0))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"asked": {"pipeline": "p1"}}, [0]),
        ({"asked": {"pipeline": "p"}}, []),
        ({"asked": {"pipeline": True}}, [0, 1]),
        ({"asked": {"pipeline": False}}, [2]),
        ({"asked": {"pipeline": True, "autograph": True}}, [1]),
        ({"asked": {"autograph": False}}, [0, 2]),
        ({"active_since": datetime(2000, 1, 1, tzinfo=UTC)}, [2]),
        ({"active_since": datetime(2000, 1, 1, tzinfo=UTC), "asked": {"pipeline": True}}, []),
        ({"active_since": datetime(2100, 1, 1, tzinfo=UTC)}, []),
        ({"sort": "label", "descending": True}, [1, 2, 0]),
        ({"sort": "ended", "descending": True}, [2, 1, 0]),
    ],
)
def test_lists_by_the_request_s_own_document_and_by_what_goes_on(
    queue: JobQueue, tmp_path: Path, condition: dict[str, Any], found: list[int]
) -> None:
    documents = [{"pipeline": "p1", "autograph": None}, {"pipeline": "p2", "autograph": {"x": 1}}, {}]
    jobs = [
        queue.submit("a", "u", wanted(tmp_path, asked=asked, label=label))
        for asked, label in zip(documents, ("a", "c", "b"), strict=True)
    ]
    queue.cancel("a", jobs[2].job_id)
    page = queue.jobs(Filter(account="a", **{"descending": False} | condition))
    assert [j.job_id for j in page.jobs] == [jobs[n].job_id for n in found]
    assert page.total == len(found)
    assert queue.jobs(Filter(account="b", **condition)).total == 0


def test_the_files_of_a_job_find_it_by_the_beginning_of_its_short_id(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("a", "u", wanted(tmp_path))
    short = object_id(job.job_id)
    assert queue.by_short_prefix("a", short[:20]).job_id == job.job_id
    refused(codes.JOB_NOT_FOUND, queue.by_short_prefix, "b", short[:20])
    refused(codes.JOB_NOT_FOUND, queue.by_short_prefix, "a", "0" * 20)
