"""Accounts, API keys and tokens: who may ask for what.

A key is `secret_`, the account's seven characters and forty more of A-Z, a-z and 0-9 (238 bits). One key works in
every dialect: as a bearer, as a password, as a client secret. Only its SHA-256 is kept: with so much chance in a key
there is nothing that a slow hash would protect. A token stands for a key for some time, and dies with it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, func, insert, or_, select, update

from ingest.job import codes
from ingest.job.errors import IngestError, UsageError, one_line
from ingest.job.record import utc_now
from ingest.server.looked_up import KeyRows
from ingest.server.rates import Rate
from ingest.server.refusals import Refusal
from ingest.store.tables import ACCOUNTS, KEYS, TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from ingest.store.database import Database

Scope = Literal["read", "submit", "admin"]
# What each scope lets one do; admin sees the jobs of all accounts.
SCOPES: dict[Scope, frozenset[Scope]] = {
    "read": frozenset({"read"}),
    "submit": frozenset({"read", "submit"}),
    "admin": frozenset({"read", "submit", "admin"}),
}
KEY_PREFIX = "secret_"
KEY_ID_PREFIX = "k"
LOCAL_ACCOUNT = "local"  # whose jobs and files are those made with --no-auth
_ALPHABET = string.ascii_letters + string.digits
_ACCOUNT_LENGTH, _SECRET_LENGTH, _NAME_LIMIT = 7, 40, 100


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `account` is the seven characters; `name` is what stands as `username` in records.

    `until`: when the key or token that was shown ends; None: never. `shown` is its digest, for `KeyRing.check`.
    """

    account: str
    name: str
    scopes: frozenset[Scope]
    key_id: str = ""
    until: datetime | None = field(default=None, compare=False)
    shown: str = field(default="", compare=False, repr=False)
    is_token: bool = field(default=False, compare=False)

    @property
    def seen(self) -> str | None:
        """The account whose jobs and files are seen; None (an administrator): of all."""
        return None if "admin" in self.scopes else self.account

    def require(self, scope: Scope) -> None:
        """Raises Refusal `forbidden`."""
        if scope not in self.scopes:
            raise Refusal("forbidden", f"the key {self.name!r} lacks the scope {scope}", code="scope_missing")


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as lists show it; its text is known to nobody."""

    key_id: str
    account: str
    account_name: str
    name: str
    scopes: tuple[Scope, ...]
    created: str
    expires: str | None
    revoked: str | None
    used: str | None

    @property
    def state(self) -> Literal["valid", "expired", "revoked"]:
        if self.revoked:
            return "revoked"
        return "expired" if _past(self.expires) else "valid"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment at which its text is known."""

    text: str
    info: KeyInfo


@dataclass(frozen=True, slots=True)
class Token:
    """A token at the only moment at which its text is known."""

    text: str
    expires: datetime
    scopes: frozenset[Scope]
    lifetime: timedelta


class KeyRing:
    """The keys of one server; safe to share among threads.

    With `no_auth` whoever asks is the administrator, of the account `local`, whatever credential is shown. `rate` is
    how many requests one key may send in a second: it counts where a credential is looked at, so that every dialect
    refuses what is above it in its own manner.
    """

    def __init__(self, database: Database, *, no_auth: bool = False, rate: int | None = None) -> None:
        self._database = database
        self._rate = Rate(rate) if rate is not None else None
        self._anybody: Principal | None = None
        self._rows = KeyRows(database)
        if no_auth:
            with database.write() as db:
                account = _account(db, LOCAL_ACCOUNT)
            self._anybody = Principal(account, LOCAL_ACCOUNT, SCOPES["admin"])

    def principal(self, credential: str) -> Principal:
        """Who shows this key or token.

        Raises:
            Refusal: `missing_credentials` for none, `bad_credentials` for one that is unknown or revoked, `expired`;
                `too_many` requests of one key in a second.
        """
        if (known := self.known(credential)) is not None:
            return known
        text = credential.strip()
        if not text:
            raise Refusal("missing_credentials", "an API key is needed")
        digest, is_token = _digest(text), not text.startswith(KEY_PREFIX)
        row = self._valid(digest, is_token=is_token)
        if self._rate is not None:
            self._rate.hit(row.key_id)
        self._note_use(row)
        return _principal(row, digest, is_token)

    def known(self, credential: str) -> Principal | None:
        """As `principal` for a credential that was looked at since anything in the store has changed last, else None.

        It waits for nobody and for no disk. A key that was revoked, here or by another process, is none from then on.

        Raises:
            Refusal: as `principal`.
        """
        if self._anybody is not None:
            return self._anybody
        text = credential.strip()
        digest = _digest(text)
        row = self._rows.remembered(digest)
        if row is None or not _is_noted(row):
            return None
        _check(row)
        if self._rate is not None:
            self._rate.hit(row.key_id)
        return _principal(row, digest, not text.startswith(KEY_PREFIX))

    def check(self, principal: Principal) -> None:
        """For answers that last: whether what was shown for them is worth something still.

        Raises:
            Refusal: as `principal`.
        """
        if self._anybody is None:
            self._valid(principal.shown, is_token=principal.is_token)

    def is_good(self, key_id: str) -> bool:
        """Whether a key is neither revoked nor expired. Remembered as `known` does."""
        if self._anybody is not None:
            return True
        row = self._rows.of_id(key_id)
        return row is not None and not row.revoked and not _past(row.expires)

    def _valid(self, digest: str, *, is_token: bool) -> Row[tuple[Any, ...]]:
        return _check(self._rows.of_credential(digest, is_token=is_token))

    def client(self, client_id: str, client_secret: str) -> Principal:
        """Who shows a key together with its id or name, or its account's (OAuth 2 clients, user and password).

        Raises:
            Refusal: as `principal`; `bad_credentials` where the two do not belong together.
        """
        found = self.principal(client_secret)
        if self._anybody is not None:
            return found
        with self._database.read() as db:
            account = db.execute(
                select(ACCOUNTS.c.name).where(ACCOUNTS.c.account == found.account)
            ).scalar_one()
        if client_id not in {found.key_id, found.name, found.account, account}:
            raise Refusal("bad_credentials", "the client and the key do not belong together")
        return found

    def issue_token(
        self,
        principal: Principal,
        lifetime: timedelta,
        *,
        kind: str = "token",
        scopes: Iterable[Scope] | None = None,
    ) -> Token:
        """A token for a key, with all of its scopes or with those of `scopes` that it has.

        It ends at the latest when the key or token does that was shown for it: a token makes none that outlives it.
        `kind` says in which manner it was asked for (`generateToken`, `oauth2`).
        """
        granted = principal.scopes if scopes is None else principal.scopes & frozenset(scopes)
        text = secrets.token_urlsafe(32)
        now = datetime.now(UTC).replace(microsecond=0)
        expires = now + lifetime
        if principal.until is not None:
            expires = min(expires, principal.until)
        if self._anybody is not None:
            return Token(text, expires, granted, lifetime)  # nobody will look whether it is there
        with self._database.write() as db:
            db.execute(delete(TOKENS).where(TOKENS.c.expires < utc_now()))
            db.execute(
                insert(TOKENS).values(
                    digest=_digest(text),
                    key_id=principal.key_id,
                    kind=kind,
                    name=principal.name,
                    scopes=json.dumps(sorted(granted)),
                    created=utc_now(),
                    expires=_stamp(expires),
                )
            )
        return Token(text, expires, granted, expires - now)

    def end_token(self, text: str) -> None:
        """Let a token be worth nothing from now on; one that is not known is left alone."""
        with self._database.write() as db:
            db.execute(delete(TOKENS).where(TOKENS.c.digest == _digest(text)))

    def create(
        self, name: str, *, account: str, scopes: Iterable[Scope], expires: datetime | None = None
    ) -> NewKey:
        """A new key; the account is made where there is none of this name.

        Raises:
            UsageError: USAGE, a name is empty or longer than 100 characters.
        """
        granted = frozenset[Scope]().union(*(SCOPES[s] for s in scopes))
        with self._database.write() as db:
            account_id = _account(db, _checked(account))
            text = KEY_PREFIX + account_id + _random(_SECRET_LENGTH)
            key_id = KEY_ID_PREFIX + _random(15)
            db.execute(
                insert(KEYS).values(
                    key_id=key_id,
                    account=account_id,
                    name=_checked(name),
                    scopes=json.dumps(sorted(granted)),
                    digest=_digest(text),
                    created=utc_now(),
                    expires=_stamp(expires) if expires else None,
                )
            )
            info = _info(db.execute(_LISTED.where(KEYS.c.key_id == key_id)).one())
        return NewKey(text, info)

    def first_key(self) -> NewKey | None:
        """The first start's key, an administrator's; None where there has ever been a key."""
        with self._database.read() as db:
            if db.execute(select(func.count()).select_from(KEYS)).scalar_one():
                return None
        return self.create("first", account="default", scopes=("admin",))

    def list(self) -> tuple[KeyInfo, ...]:
        """All keys, the oldest first."""
        with self._database.read() as db:
            return tuple(_info(row) for row in db.execute(_LISTED.order_by(KEYS.c.created, KEYS.c.key_id)))

    def revoke(self, key: str) -> KeyInfo:
        """End a key for ever, named by its id, or by its name where only one valid key has it.

        Raises:
            UsageError: KEY_NOT_FOUND, no such key or more than one.
        """
        named = or_(KEYS.c.key_id == key, (KEYS.c.name == key) & KEYS.c.revoked.is_(None))
        with self._database.write() as db:
            rows = db.execute(_LISTED.where(named)).all()
            if len(rows) != 1:
                what = f"several keys are named {key!r}" if rows else f"no key {key!r}"
                raise UsageError(codes.KEY_NOT_FOUND, what, remedy="`ingest keys list` shows the ids")
            mine = KEYS.c.key_id == rows[0].key_id
            db.execute(update(KEYS).where(mine, KEYS.c.revoked.is_(None)).values(revoked=utc_now()))
            db.execute(delete(TOKENS).where(TOKENS.c.key_id == rows[0].key_id))
            return _info(db.execute(_LISTED.where(mine)).one())

    def accounts(self) -> dict[str, str]:
        """The names of the accounts by id."""
        with self._database.read() as db:
            return {r.account: r.name for r in db.execute(select(ACCOUNTS))}

    def _note_use(self, row: Row[tuple[object, ...]]) -> None:
        """To the minute: a write for each request would cost more than the request.

        Nobody is refused, or waits, because it cannot be written now: the next request tries again.
        """
        if not _is_noted(row):
            with suppress(IngestError), self._database.write(wait=False) as db:
                db.execute(update(KEYS).where(KEYS.c.key_id == row.key_id).values(used=utc_now()))


_LISTED = select(KEYS, ACCOUNTS.c.name.label("account_name")).join(
    ACCOUNTS, ACCOUNTS.c.account == KEYS.c.account
)


def _principal(row: Row[tuple[Any, ...]], digest: str, is_token: bool) -> Principal:
    until = datetime.fromisoformat(row.until) if row.until is not None else None
    return Principal(row.account, row.name, _scopes(row.granted), row.key_id, until, digest, is_token)


def _check(row: Row[tuple[Any, ...]] | None) -> Row[tuple[Any, ...]]:
    if row is None or row.revoked:
        raise Refusal("bad_credentials", "the key or token is not known here")
    if _past(row.until) or _past(row.expires):
        raise Refusal("expired", "the key or token has expired")
    return row


def _is_noted(row: Row[tuple[Any, ...]]) -> bool:
    """Whether the store says that the key is used in this minute."""
    return row.used is not None and row.used[:16] == utc_now()[:16]


def _account(db: Connection, name: str) -> str:
    """The id of the account of this name, which is made where there is none."""
    found = db.execute(select(ACCOUNTS.c.account).where(ACCOUNTS.c.name == name)).scalar_one_or_none()
    if found is not None:
        return str(found)
    account_id = _random(_ACCOUNT_LENGTH)
    db.execute(insert(ACCOUNTS).values(account=account_id, name=name, created=utc_now()))
    return account_id


def _info(row: Row[tuple[object, ...]]) -> KeyInfo:
    return KeyInfo(
        key_id=row.key_id,
        account=row.account,
        account_name=row.account_name,
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        used=row.used,
    )


def _checked(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _NAME_LIMIT or one_line(cleaned) != cleaned:
        raise UsageError(
            codes.USAGE, f"{name[:40]!r} is no name", remedy="give 1 to 100 printable characters"
        )
    return cleaned


def _scopes(text: str) -> frozenset[Scope]:
    return frozenset(json.loads(text))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _past(stamp: str | None) -> bool:
    return stamp is not None and stamp <= utc_now()
