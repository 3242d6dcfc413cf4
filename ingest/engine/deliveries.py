"""What is to be told to a job's webhooks: written down in the transaction in which it happens, sent by the server."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from ingest.job.record import utc_now
from ingest.job.status import Status
from ingest.store.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from ingest.engine.model import Happening
    from ingest.job.record import Record

_ENDS: dict[Status, Happening] = {
    Status.COMPLETED: "finished",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}


def tell_begun(connection: Connection, row: Row[*tuple[Any, ...]]) -> None:
    """`row` has job_id, account and submission."""
    _tell(connection, row, [("started", {"jobId": row.job_id, "status": Status.EXECUTING.value})])


def tell_ended(connection: Connection, row: Row[*tuple[Any, ...]], record: Record) -> None:
    """Each rung that was finished, then the end."""
    status = {"jobId": row.job_id, "status": record.status.value}
    rungs: list[tuple[Happening, dict[str, str]]] = [
        ("rung_finished", status | {"resolution": output.resolution})
        for output in record.outputs
        if record.status is Status.COMPLETED and output.status == "COMPLETED"
    ]
    _tell(connection, row, [*rungs, (_ENDS[record.status], status)])


def _tell(
    connection: Connection,
    row: Row[*tuple[Any, ...]],
    happenings: Iterable[tuple[Happening, dict[str, str]]],
) -> None:
    urls = json.loads(row.submission).get("webhooks") or {}
    now = utc_now()
    rows = [
        {
            "delivery_id": f"msg_{uuid.uuid4().hex}",
            "job_id": row.job_id,
            "account": row.account,
            "happening": happening,
            "url": urls[happening],
            "payload": json.dumps({"type": f"job.{happening}", "timestamp": now, "data": data}),
            "created": now,
            "due": now,
        }
        for happening, data in happenings
        if happening in urls
    ]
    if rows:
        connection.execute(insert(DELIVERIES), rows)
