from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.job import codes
from ingest.job.errors import OutputError, UsageError
from ingest.server.keys import KeyRing, Principal
from ingest.server.refusals import Refusal
from ingest.store.database import Database, open_database
from ingest.store.sqlite import store_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def ring(database: Database) -> KeyRing:
    return KeyRing(database)


def refused(ring: KeyRing, credential: str) -> str:
    with pytest.raises(Refusal) as caught:
        ring.principal(credential)
    return caught.value.kind


def soon(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


def test_a_key_says_whose_it_is(ring: KeyRing) -> None:
    made = ring.create("ci", account="studio", scopes=("submit",))
    assert made.text.startswith(f"secret_{made.info.account}")
    assert len(made.text) == len("secret_") + 7 + 40
    assert made.text[7:].isalnum()
    found = ring.principal(f" {made.text}\n")
    assert found == Principal(made.info.account, "ci", frozenset({"read", "submit"}), made.info.key_id)
    assert found.seen == made.info.account


def test_keys_of_one_account_share_it(ring: KeyRing) -> None:
    one, two = (ring.create(n, account="studio", scopes=("read",)) for n in ("a", "b"))
    other = ring.create("a", account="elsewhere", scopes=("read",))
    assert one.info.account == two.info.account != other.info.account
    assert ring.accounts() == {one.info.account: "studio", other.info.account: "elsewhere"}
    assert [k.key_id for k in ring.list()] == [k.info.key_id for k in (one, two, other)]


def test_an_administrator_sees_all_accounts(ring: KeyRing) -> None:
    found = ring.principal(ring.create("root", account="studio", scopes=("admin",)).text)
    assert found.seen is None
    for scope in ("read", "submit", "admin"):
        found.require(scope)


def test_a_scope_that_is_not_there_is_forbidden(ring: KeyRing) -> None:
    found = ring.principal(ring.create("viewer", account="studio", scopes=("read",)).text)
    found.require("read")
    with pytest.raises(Refusal, match="lacks the scope submit") as caught:
        found.require("submit")
    assert (caught.value.kind, caught.value.code) == ("forbidden", "scope_missing")


def test_the_key_itself_is_nowhere_in_the_database(ring: KeyRing, tmp_path: Path) -> None:
    text = ring.create("ci", account="studio", scopes=("read",)).text
    token = ring.issue_token(ring.principal(text), timedelta(hours=1)).text
    kept = b"".join(p.read_bytes() for p in tmp_path.iterdir() if p.is_file())
    assert b"studio" in kept
    assert text[14:].encode() not in kept
    assert token.encode() not in kept


@pytest.mark.parametrize("wrong", ["secret_", "x", "secret_abcdefg" + "0" * 40, "\udcff", "a" * 100_000])
def test_what_is_no_key_is_refused(ring: KeyRing, wrong: str) -> None:
    ring.create("ci", account="studio", scopes=("read",))
    assert refused(ring, wrong) == "bad_credentials"


def test_no_key_at_all_is_said(ring: KeyRing) -> None:
    assert (refused(ring, ""), refused(ring, "  ")) == ("missing_credentials", "missing_credentials")


def test_a_key_ends_with_its_time(ring: KeyRing) -> None:
    late = ring.create("late", account="studio", scopes=("read",), expires=soon(seconds=-1))
    good = ring.create("good", account="studio", scopes=("read",), expires=soon(hours=1))
    assert refused(ring, late.text) == "expired"
    assert ring.principal(good.text).name == "good"
    assert [k.state for k in ring.list()] == ["expired", "valid"]


def test_a_revoked_key_takes_its_tokens_along(ring: KeyRing) -> None:
    kept = ring.create("kept", account="studio", scopes=("read",))
    gone = ring.create("gone", account="studio", scopes=("read",))
    tokens = [ring.issue_token(ring.principal(k.text), timedelta(hours=1)) for k in (kept, gone)]
    assert ring.revoke("gone").state == "revoked"
    assert refused(ring, gone.text) == "bad_credentials"
    assert refused(ring, tokens[1].text) == "bad_credentials"
    assert ring.principal(tokens[0].text).name == "kept"


def test_revoking_needs_one_key(ring: KeyRing) -> None:
    twins = [ring.create("twin", account="studio", scopes=("read",)) for _ in range(2)]
    for name in ("nobody", "twin"):
        with pytest.raises(UsageError) as caught:
            ring.revoke(name)
        assert caught.value.code is codes.KEY_NOT_FOUND
    assert ring.revoke(twins[0].info.key_id).key_id == twins[0].info.key_id
    assert ring.revoke("twin").key_id == twins[1].info.key_id


def test_a_token_has_at_most_its_keys_scopes_and_time(ring: KeyRing) -> None:
    key = ring.create("ci", account="studio", scopes=("submit",), expires=soon(hours=1))
    found = ring.principal(key.text)
    narrow = ring.issue_token(found, timedelta(minutes=5), scopes=("read", "admin"))
    whole = ring.issue_token(found, timedelta(minutes=5))
    dead = ring.issue_token(found, timedelta(minutes=-5))
    assert narrow.scopes == {"read"}
    assert ring.principal(narrow.text) == Principal(found.account, "ci", frozenset({"read"}), found.key_id)
    assert ring.principal(whole.text) == found
    assert refused(ring, dead.text) in ("expired", "bad_credentials")


def test_a_token_makes_none_that_outlives_it(ring: KeyRing) -> None:
    key = ring.create("ci", account="studio", scopes=("submit",))
    assert ring.principal(key.text).until is None
    first = ring.issue_token(ring.principal(key.text), timedelta(minutes=5))
    second = ring.issue_token(ring.principal(first.text), timedelta(days=1))
    third = ring.issue_token(ring.principal(second.text), timedelta(minutes=1))
    assert first.lifetime == timedelta(minutes=5)
    assert second.expires == first.expires
    assert second.lifetime <= timedelta(minutes=5)
    assert third.expires < second.expires


def test_a_token_ends_with_its_key(ring: KeyRing, tmp_path: Path) -> None:
    key = ring.create("ci", account="studio", scopes=("submit",), expires=soon(hours=1))
    token = ring.issue_token(ring.principal(key.text), timedelta(hours=2))
    with closing(sqlite3.connect(store_path(tmp_path))) as db, db:
        db.execute("UPDATE keys SET expires = '2020-01-01T00:00:00.000Z'")
    assert refused(ring, token.text) == "expired"


def test_a_client_s_two_halves_belong_together(ring: KeyRing) -> None:
    key = ring.create("ci", account="studio", scopes=("submit",))
    for client_id in ("ci", "studio", key.info.account, key.info.key_id):
        assert ring.client(client_id, key.text).key_id == key.info.key_id
    with pytest.raises(Refusal) as caught:
        ring.client("someone", key.text)
    assert caught.value.kind == "bad_credentials"


def test_the_first_key_is_made_once(ring: KeyRing) -> None:
    first = ring.first_key()
    assert first is not None
    assert ring.principal(first.text).seen is None
    ring.revoke("first")
    assert ring.first_key() is None


def test_without_authentication_everybody_is_the_administrator(database: Database) -> None:
    ring = KeyRing(database, no_auth=True)
    found = ring.principal("")
    assert (found.name, found.seen, len(found.account)) == ("local", None, 7)
    assert KeyRing(database, no_auth=True).principal("anything") == found
    assert ring.principal(ring.issue_token(found, timedelta(hours=1)).text) == found


def test_the_last_use_is_noted(ring: KeyRing) -> None:
    key = ring.create("ci", account="studio", scopes=("read",))
    assert key.info.used is None
    ring.principal(key.text)
    first = ring.list()[0].used
    ring.principal(key.text)
    assert first is not None
    assert ring.list()[0].used == first or ring.list()[0].used[:16] != first[:16]


def test_nobody_waits_for_the_note_of_the_last_use(ring: KeyRing, tmp_path: Path) -> None:
    key = ring.create("ci", account="studio", scopes=("read",))
    with closing(sqlite3.connect(store_path(tmp_path), isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert ring.principal(key.text).name == "ci"
        assert time.monotonic() - began < 10
        assert ring.list()[0].used is None
        db.execute("ROLLBACK")
    ring.principal(key.text)
    assert ring.list()[0].used is not None


def test_a_hasty_write_leaves_the_connection_patient(database: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store_path(tmp_path), isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError), database.write(wait=False):
            pass
    for wait in (True, False):
        with database.write(wait=wait) as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000


def test_what_was_shown_can_be_looked_at_again(ring: KeyRing, database: Database) -> None:
    key = ring.create("ci", account="studio", scopes=("submit",))
    token = ring.issue_token(ring.principal(key.text), timedelta(hours=1))
    by_key, by_token = ring.principal(key.text), ring.principal(token.text)
    ring.check(by_key)
    ring.check(by_token)
    ring.end_token(token.text)
    ring.check(by_key)
    with pytest.raises(Refusal, match="not known"):
        ring.check(by_token)
    ring.revoke("ci")
    with pytest.raises(Refusal, match="not known"):
        ring.check(by_key)
    nobody = KeyRing(database, no_auth=True)
    nobody.check(nobody.principal(""))


def known(ring: KeyRing, credential: str) -> bool:
    """Whether a credential is known without a look into the store, after two looks: the first notes its use."""
    for _ in range(2):
        with suppress(Refusal):
            ring.principal(credential)
    return ring.known(credential) == ring.principal(credential)


def test_what_was_looked_at_is_known_until_anything_changes(
    ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ring.create("ci", account="studio", scopes=("submit",), expires=soon(hours=2))
    token = ring.issue_token(ring.principal(key.text), timedelta(hours=1))
    assert ring.known(key.text) is None
    assert known(ring, key.text)
    assert known(ring, token.text)
    assert ring.known(key.text) is not None
    assert ring.known("secret_nobody") is None
    with closing(sqlite3.connect(store_path(tmp_path), isolation_level=None)) as other:
        other.execute("UPDATE keys SET name = 'ci2'")
        assert ring.known(key.text) is None
        assert known(ring, key.text)
        assert ring.principal(key.text).name == "ci2"
    ring.end_token(token.text)
    assert ring.known(token.text) is None
    assert known(ring, key.text)
    monkeypatch.setattr("ingest.server.keys.utc_now", lambda: key.info.expires)
    assert ring.known(key.text) is None  # its use in this minute is not noted
    monkeypatch.undo()
    other_process = KeyRing(open_database(tmp_path))
    assert known(ring, key.text)
    other_process.revoke("ci2")
    assert ring.known(key.text) is None
    assert refused(ring, key.text) == "bad_credentials"


def test_a_key_that_is_known_ends_with_its_time_too(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    end = soon(seconds=3600).replace(second=30)
    key = ring.create("ci", account="studio", scopes=("submit",), expires=end)
    minute = end.isoformat()[:17]
    monkeypatch.setattr("ingest.server.keys.utc_now", lambda: f"{minute}10.000Z")
    assert known(ring, key.text)
    monkeypatch.setattr("ingest.server.keys.utc_now", lambda: f"{minute}31.000Z")
    with pytest.raises(Refusal, match="expired"):
        ring.known(key.text)


def test_one_that_is_known_asks_too_often_too(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing(database, rate=4)
    key = ring.create("ci", account="studio", scopes=("read",))
    monkeypatch.setattr("time.time", lambda: 1_900_000_000.25)
    assert known(ring, key.text)
    with pytest.raises(Refusal, match="more than 4 requests"):
        ring.known(key.text)


def test_a_key_that_asks_too_often_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_900_000_000.25)  # all of it within one second
    ring = KeyRing(database, rate=3)
    one, two = (ring.create(n, account="studio", scopes=("read",)) for n in ("a", "b"))
    token = ring.issue_token(ring.principal(one.text), timedelta(hours=1))
    for _ in range(2):
        ring.principal(token.text)
    with pytest.raises(Refusal) as caught:
        ring.principal(one.text)
    assert (caught.value.kind, caught.value.status) == ("too_many", 429)
    assert caught.value.headers == {"Retry-After": "1"}
    assert ring.principal(two.text).name == "b"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "\x1b[31m"])
def test_names_are_plain(ring: KeyRing, name: str) -> None:
    with pytest.raises(UsageError, match="is no name"):
        ring.create(name, account="studio", scopes=("read",))
    with pytest.raises(UsageError, match="is no name"):
        ring.create("ci", account=name, scopes=("read",))
