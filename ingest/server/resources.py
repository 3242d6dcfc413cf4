"""What dialects keep for their clients beside jobs and files: presets, pipelines, templates. One table for all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ingest.job.record import utc_now
from ingest.server.refusals import Refusal
from ingest.store.model import storable
from ingest.store.tables import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Row, Select

    from ingest.store.database import Database

R = RESOURCES.c
MOST = 1000  # of one kind in an account


@dataclass(frozen=True, slots=True)
class Resource:
    """One of them; `document` is whatever its dialect says of it."""

    resource_id: str
    account: str
    kind: str
    document: Mapping[str, Any]
    created: datetime
    updated: datetime


class Resources:
    """Safe to share among threads; an account None, where one is asked for, means whoever owns it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, account: str | None, kind: str, resource_id: str) -> Resource:
        """Raises Refusal `not_found`."""
        with self._database.read() as db:
            row = db.execute(_one(account, kind, resource_id)).one_or_none()
        if row is None:
            raise _missing()
        return _resource(row)

    def list(self, account: str | None, kind: str) -> tuple[Resource, ...]:
        """All of them, the oldest first."""
        query = select(RESOURCES).where(R.kind == kind).order_by(R.created, R.resource_id)
        if account is not None:
            query = query.where(R.account == account)
        with self._database.read() as db:
            return tuple(_resource(row) for row in db.execute(query))

    def documents(
        self, account: str, kind: str, ids: Iterable[str] | None = None
    ) -> dict[str, Mapping[str, Any]]:
        """Those of the account by id, the oldest first; with `ids` only those of them that are there."""
        query = select(R.resource_id, R.document).where(R.account == account, R.kind == kind)
        query = query.order_by(R.created, R.resource_id)
        if ids is not None:
            query = query.where(R.resource_id.in_(list(ids)))
        with self._database.read() as db:
            return {resource_id: json.loads(document) for resource_id, document in db.execute(query)}

    def add(
        self,
        account: str,
        kind: str,
        resource_id: str,
        document: Mapping[str, Any],
        *,
        most: int | None = MOST,
    ) -> Resource:
        """A new one.

        Raises:
            Refusal: `conflict` where there is one of this id, or the account has `most` of the kind.
        """
        self.add_all(account, kind, {resource_id: document}, most=most)
        return self.get(account, kind, resource_id)

    def add_all(
        self,
        account: str,
        kind: str,
        documents: Mapping[str, Mapping[str, Any]],
        *,
        most: int | None = MOST,
    ) -> None:
        """New ones by their ids, all of them or none. Raises Refusal as `add`."""
        now = utc_now()
        rows = [
            {
                "resource_id": resource_id,
                "account": account,
                "kind": kind,
                "document": json.dumps(document),
                "created": now,
                "updated": now,
            }
            for resource_id, document in documents.items()
        ]
        there = select(func.count()).where(R.account == account, R.kind == kind)
        with self._database.write() as db:
            if most is not None and db.execute(there).scalar_one() + len(rows) > most:
                raise too_many_of(most)
            try:
                db.execute(insert(RESOURCES), rows)
            except IntegrityError as error:
                raise Refusal("conflict", "there is one of this id", code="exists") from error

    def replace(
        self, account: str | None, kind: str, resource_id: str, document: Mapping[str, Any]
    ) -> Resource:
        """Another document. Raises Refusal `not_found`."""
        found = self.get(account, kind, resource_id)
        values = {"document": json.dumps(document), "updated": utc_now()}
        with self._database.write() as db:
            db.execute(update(RESOURCES).where(R.resource_id == found.resource_id).values(values))
        return self.get(account, kind, resource_id)

    def change(
        self,
        account: str,
        kind: str,
        resource_id: str,
        changed: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    ) -> Mapping[str, Any]:
        """Another document, made of the one that is there, which is returned; nobody writes in between.

        Raises:
            Refusal: `not_found`.
        """
        with self._database.write() as db:
            row = db.execute(_one(account, kind, resource_id)).one_or_none()
            if row is None:
                raise _missing()
            before: Mapping[str, Any] = json.loads(row.document)
            values = {"document": json.dumps(changed(before)), "updated": utc_now()}
            db.execute(update(RESOURCES).where(R.resource_id == row.resource_id).values(values))
        return before

    def delete(self, account: str | None, kind: str, resource_id: str) -> None:
        """Raises Refusal `not_found`."""
        found = self.get(account, kind, resource_id)
        with self._database.write() as db:
            db.execute(delete(RESOURCES).where(R.resource_id == found.resource_id))


def _one(account: str | None, kind: str, resource_id: str) -> Select[tuple[Any, ...]]:
    query = select(RESOURCES).where(R.kind == kind, R.resource_id == storable(resource_id))
    return query if account is None else query.where(R.account == account)


def _missing() -> Refusal:
    return Refusal("not_found", "there is no such resource")


def _resource(row: Row[tuple[Any, ...]]) -> Resource:
    return Resource(
        resource_id=row.resource_id,
        account=row.account,
        kind=row.kind,
        document=json.loads(row.document),
        created=datetime.fromisoformat(row.created),
        updated=datetime.fromisoformat(row.updated),
    )


def too_many_of(most: int) -> Refusal:
    return Refusal("conflict", f"an account has {most} of these at most", code="quota_exceeded")
