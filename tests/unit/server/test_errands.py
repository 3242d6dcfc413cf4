"""Errands: done in order, each once, undone where they fail, gone on with after a crash."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select

from ingest.job import codes
from ingest.job.errors import ResourceError, UsageError
from ingest.server.errands import Errand, Errands
from ingest.server.refusals import Refusal
from ingest.store.database import Database, open_database
from ingest.store.tables import ERRAND_DONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ACCOUNT = "A623uY2"


class Copying:
    """Adds names to a set of files; `before` is called ahead of each."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.log: list[str] = []
        self.open = True
        self.errands: Errands | None = None

    def ready(self, errand: Errand) -> bool:
        return self.open

    def acts(self, errand: Errand) -> Sequence[object]:
        return list(errand.asked["names"])

    def act(self, errand: Errand, act: object) -> str | None:
        name = str(act)
        self.log.append(name)
        if name == "missing":
            raise Refusal("not_found", "there is no such file", code="file_not_found")
        if name == "full":
            raise ResourceError(codes.DISK_FULL, "no space left", remedy="free some")
        if name == "crowded":
            raise OSError(errno.EMLINK, "Too many links", "/somewhere/secret")
        if name == "fault":
            raise KeyError(name)
        if name == "stop" and self.errands is not None:
            self.errands.cancel(ACCOUNT, errand.job_id)
        if name in self.files:
            return None
        self.files.add(name)
        return name

    def undo(self, errand: Errand, made: str) -> None:
        self.log.append(f"-{made}")
        self.files.discard(made)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def copying() -> Copying:
    return Copying()


@pytest.fixture
def errands(database: Database, copying: Copying) -> Errands:
    copying.errands = Errands(database, {"Copy": copying})
    return copying.errands


def ended(errands: Errands, names: list[str]) -> Errand:
    errand = errands.post(ACCOUNT, "Copy", {"names": names})
    assert (errand.status, errand.attempts, errand.asked) == ("Pending", 0, {"names": names})
    errands.settle()
    return errands.get(ACCOUNT, errand.job_id)


def test_acts_are_done_in_order(errands: Errands, copying: Copying) -> None:
    errand = ended(errands, ["b", "a", "c"])
    assert (errand.status, errand.attempts, errand.position, errand.error) == ("Succeeded", 1, 3, None)
    assert copying.log == ["b", "a", "c"]
    assert errand.updated >= errand.created


def test_the_acts_of_a_large_one_are_read_and_written_once(errands: Errands, database: Database) -> None:
    """Else its time grows with the square of their number."""
    asked: list[str] = []

    def count(*said: object) -> None:
        asked.append(str(said[2]))

    names = [f"{n:03}" for n in range(100)]
    event.listen(database._reader, "before_cursor_execute", count)
    assert ended(errands, names).position == len(names)
    event.remove(database._reader, "before_cursor_execute", count)
    assert len([text for text in asked if "errands.acts" in text]) == 1
    assert len([text for text in asked if text.startswith("UPDATE errands")]) == 2
    with database.read() as db:  # what was to be undone is of no use any more
        assert db.execute(select(ERRAND_DONE)).all() == []


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("missing", "file_not_found", "there is no such file"),
        ("full", "disk_full", "no space left; free some"),
        ("crowded", "io_error", "too many links"),
    ],
)
def test_what_was_made_is_undone_where_a_later_act_fails(
    errands: Errands, copying: Copying, name: str, code: str, message: str
) -> None:
    copying.files = {"old"}
    errand = ended(errands, ["a", "old", "b", name, "c"])
    assert errand.status == "Failed"
    assert errand.error is not None
    assert (errand.error["code"], errand.error["message"]) == (code, message)
    assert len(errand.error["timestamp"]) == 24
    assert copying.log == ["a", "old", "b", name, "-b", "-a"]
    assert copying.files == {"old"}


def test_a_fault_in_one_keeps_no_other_waiting(errands: Errands) -> None:
    bad, good = (errands.post(ACCOUNT, "Copy", {"names": names}) for names in (["fault"], ["a"]))
    assert errands.settle()  # the bad one waits to be tried again
    assert [errands.get(None, e.job_id).status for e in (bad, good)] == ["Running", "Succeeded"]


def test_a_running_one_is_cancelled_between_two_acts(errands: Errands, copying: Copying) -> None:
    errand = ended(errands, ["a", "stop", "b"])
    assert (errand.status, errand.error) == ("Cancelled", None)
    assert copying.log == ["a", "stop", "-stop", "-a"]


def test_a_waiting_one_is_cancelled_at_once(errands: Errands, copying: Copying) -> None:
    copying.open = False
    errand = errands.post(ACCOUNT, "Copy", {"names": ["a"]})
    assert errands.settle()
    assert errands.cancel(ACCOUNT, errand.job_id).status == "Cancelled"
    copying.open = True
    assert not errands.settle()
    assert copying.log == []


def test_one_that_has_ended_stays_as_it_is(errands: Errands) -> None:
    errand = ended(errands, ["a"])
    assert errands.cancel(ACCOUNT, errand.job_id) == errand


@pytest.mark.parametrize("status", ["Running", "Rollback", "Cancelling"])
def test_a_later_start_goes_on(database: Database, copying: Copying, errands: Errands, status: str) -> None:
    """The server died behind the first of two acts."""
    errand = errands.post(ACCOUNT, "Copy", {"names": ["a", "b"]})
    copying.files = {"a"}
    assert errands._change(
        errand.job_id, ("Pending",), status=status, attempts=1, position=1, acts='["a", "b"]', undo='["a"]'
    )
    Errands(database, {"Copy": copying}).settle()
    last = errands.get(ACCOUNT, errand.job_id).status
    assert (last, copying.log, copying.files) == {
        "Running": ("Succeeded", ["b"], {"a", "b"}),
        "Rollback": ("Failed", ["-a"], set()),
        "Cancelling": ("Cancelled", ["-a"], set()),
    }[status]


def test_a_later_start_undoes_what_an_earlier_one_made(database: Database, copying: Copying) -> None:
    errands = Errands(database, {"Copy": copying})
    errand = errands.post(ACCOUNT, "Copy", {"names": ["a", "b", "fault", "c"]})
    copying.files = {"b"}
    assert errands.settle()
    assert (errands.get(None, errand.job_id).position, copying.log) == (2, ["a", "b", "fault"])
    assert errands.work(errand.job_id).undo == ("a",)
    errands.cancel(ACCOUNT, errand.job_id)
    assert not Errands(database, {"Copy": copying}).settle()
    last = errands.get(None, errand.job_id)
    assert (last.status, last.position, copying.files) == ("Cancelled", 2, {"b"})
    assert errands.work(errand.job_id).undo == ()


@pytest.mark.parametrize(
    ("acts", "names", "end"),
    [(1, ["a", "b"], "Succeeded"), (2, ["a", "b"], "Succeeded"), (1, ["a", "missing"], "Failed")],
)
def test_what_another_server_has_done_as_well_is_done(
    errands: Errands,
    copying: Copying,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    acts: int,
    names: list[str],
    end: str,
) -> None:
    """One act of it, or all that there are, while the first act is being done here."""
    act, done = copying.act, 0
    another = Errands(database, {"Copy": copying})

    def beside(errand: Errand, name: object) -> str | None:
        nonlocal done
        made = act(errand, name)
        done += 1
        if done == 1:
            another.settle()
        elif done == 1 + acts:
            another._stop.set()
        return made

    monkeypatch.setattr(copying, "act", beside)
    errand = ended(errands, names)
    assert (errand.status, copying.files) == (end, set(names) if end == "Succeeded" else set())
    assert errand.position == (2 if end == "Succeeded" else 1)
    with database.read() as db:
        assert db.execute(select(ERRAND_DONE)).all() == []


def test_the_thread_does_what_is_posted(errands: Errands, copying: Copying) -> None:
    done = threading.Event()
    act = copying.act

    def told(errand: Errand, what: object) -> str | None:
        made = act(errand, what)
        done.set()
        return made

    copying.act = told  # type: ignore[method-assign]
    errands.start()
    errand = errands.post(ACCOUNT, "Copy", {"names": ["a"]})
    assert done.wait(10)
    errands.close()
    assert errands.get(None, errand.job_id).position == 1


def test_others_do_not_see_it(errands: Errands) -> None:
    errand = errands.post(ACCOUNT, "Copy", {"names": []})
    assert errands.find("another", errand.job_id) is None
    assert errands.recent("another", {"Copy"}, 10) == ()
    for ask in (errands.get, errands.cancel):
        with pytest.raises(UsageError) as caught:
            ask("another", errand.job_id)
        assert caught.value.code == codes.JOB_NOT_FOUND


def test_the_newest_come_first(errands: Errands) -> None:
    posted = [errands.post(ACCOUNT, kind, {}) for kind in ("Copy", "Other", "Copy", "Copy")]
    copies = [e for e in posted if e.kind == "Copy"]
    assert errands.recent(ACCOUNT, {"Copy"}, 2) == tuple(reversed(copies))[:2]
    assert errands.recent(None, {"Copy", "Other"}, 9) == tuple(reversed(posted))


def test_one_of_a_later_version_is_left_alone(errands: Errands) -> None:
    errand = errands.post(ACCOUNT, "Unknown", {})
    assert not errands.settle()
    assert errands.get(ACCOUNT, errand.job_id).status == "Pending"


def test_it_can_end_while_another_thread_begins_it(errands: Errands, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[Exception] = []

    def close() -> None:
        try:
            errands.close()
        except RuntimeError as error:
            failed.append(error)

    really, closer = threading.Thread.start, threading.Thread(target=close)

    def start(thread: threading.Thread) -> None:
        if thread.name == "errands":
            really(closer)
            closer.join(0.1)
        really(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    errands.start()
    closer.join(10)
    assert (closer.is_alive(), failed) == (False, [])
    assert "errands" not in [thread.name for thread in threading.enumerate()]
