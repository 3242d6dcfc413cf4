"""A page of a list: a `Filter` as queries that indexes answer.

What is asked for again and again in the same words differs in its values alone: to make a statement, and to have it
written as SQL, costs more than SQLite takes for its answer. So the statements of each manner of asking are made once.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, func, literal_column, or_, select, tuple_

from ingest.engine import cursors
from ingest.engine.model import State, stamp
from ingest.engine.rows import J, owned
from ingest.store.filter_schema import asked_key
from ingest.store.model import storable
from ingest.store.tables import JOB_COUNTS, JOBS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from ingest.engine.model import Filter

    Names = frozenset[str]

_SORTED: Final = {
    "created": J.created,
    "updated": J.updated,
    "ended": J.ended,
    "status": J.state,
    "percent": J.percent,
    "source": J.search,
    "label": J.label,
}
_SOMETIMES: Final = frozenset({"ended", "label"})  # not every job has them
_KEY: Final = "asked_"  # of the request's own document, before the key's name
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "account": J.account == bindparam("account"),
    "job_id": J.job_id == bindparam("job_id"),
    "state": J.state == bindparam("state"),
    "states": J.state.in_(bindparam("states", expanding=True)),
    "dialect": J.dialect == bindparam("dialect"),
    "label": J.label == bindparam("label"),
    "text": func.instr(J.search, bindparam("text")) > 0,
    "created_from": J.created >= bindparam("created_from"),
    "created_until": J.created <= bindparam("created_until"),
}
_C = JOB_COUNTS.c
_COUNTED: Final[dict[str, ColumnElement[bool]]] = {
    "account": _C.account == bindparam("account"),
    "state": _C.state == bindparam("state"),
    "states": _C.state.in_(bindparam("states", expanding=True)),
    "dialect": _C.dialect == bindparam("dialect"),
}


def page_ids(connection: Connection, wanted: Filter) -> tuple[Sequence[str], int, str | None]:
    """The ids of a page, how many jobs the filter lets through in all, and the cursor of the page behind this one.

    Raises:
        UsageError: `wanted.after` is no cursor of this order; a moment that is none in UTC.
    """
    values = _values(wanted)
    names = frozenset(values)
    total: int = connection.execute(_counting(names), values).scalar_one()
    behind = ""
    paging: dict[str, Any] = {"most": wanted.limit + 1, "offset": wanted.offset}
    if wanted.after is not None:
        value, job_id = cursors.read(wanted.after, wanted.sort)
        behind = "nothing" if value is None else "value"
        paging |= {"offset": 0, "there": value, "there_id": job_id}
    query = _choosing(names, wanted.sort, wanted.descending, behind)
    rows = connection.execute(query, values | paging).all()
    shown = rows[: wanted.limit]
    following = None
    if len(rows) > wanted.limit and shown:
        job_id, value = shown[-1]
        following = cursors.written(wanted.sort, (value, job_id))
    return [row.job_id for row in shown], total, following


def among(ids: Sequence[str]) -> dict[str, str]:
    """The value of `AMONG`."""
    return {"ids": json.dumps(ids)}


# One parameter for however many there are: the statement stays the same.
AMONG: Final[ColumnElement[bool]] = J.job_id.in_(
    select(func.json_each(bindparam("ids")).table_valued("value").c.value)
)


def _values(wanted: Filter) -> dict[str, Any]:
    """The value of each condition that a filter has, by its name; all of it but the paging."""
    found: dict[str, Any] = {}
    if wanted.account is not None:
        found["account"] = wanted.account
    if wanted.job_id is not None:
        found["job_id"] = wanted.job_id
    if wanted.states is not None:
        states = sorted(s.value for s in wanted.states)
        found |= {"state": states[0]} if len(states) == 1 else {"states": states}
    if wanted.dialect is not None:
        found["dialect"] = wanted.dialect
    if wanted.label is not None:
        found["label"] = storable(wanted.label)
    if wanted.text:
        found["text"] = storable(wanted.text.casefold())
    if wanted.created_from is not None:
        found["created_from"] = stamp(wanted.created_from)
    if wanted.created_until is not None:
        found["created_until"] = stamp(wanted.created_until)
    if wanted.active_since is not None:
        found["active_since"] = stamp(wanted.active_since)
    for key, value in wanted.asked.items():
        asked_key(key)  # raises for what is no key
        if isinstance(value, str):
            found[_KEY + key] = storable(value)
        else:
            found[f"{'has' if value else 'lacks'}_{key}"] = None
    return found


def _condition(name: str, names: Names) -> ColumnElement[bool]:
    if name in _CONDITIONS:
        return _CONDITIONS[name]
    if name == "active_since":
        # Two questions that indexes answer; of an OR of both SQLite would look at every job.
        mine = and_(owned(None), *(_CONDITIONS[n] for n in names & {"account"}))
        running = select(J.job_id).where(mine, J.state == State.EXECUTING.value)
        recent = select(J.job_id).where(mine, J.ended >= bindparam("active_since"))
        return J.job_id.in_(running.union(recent))
    manner, _, key = name.partition("_")
    kept: ColumnElement[str] = literal_column(asked_key(key))
    match manner:
        case "has":
            return kept.is_not(None)
        case "lacks":
            return kept.is_(None)
        case _:
            return kept == bindparam(name)


def _conditions(names: Names) -> ColumnElement[bool]:
    return and_(owned(None), *(_condition(name, names) for name in sorted(names)))


@lru_cache(maxsize=256)
def _counting(names: Names) -> Select[Any]:
    if not names <= _COUNTED.keys():
        return select(func.count()).select_from(JOBS).where(_conditions(names))
    return counting(names)


def counting(names: Names, *columns: ColumnElement[Any]) -> Select[Any]:
    """How many jobs there are of an account, a state or states, a dialect, whatever of these is named."""
    found = func.coalesce(func.sum(_C.jobs), 0)
    return select(*columns, found).select_from(JOB_COUNTS).where(*(_COUNTED[n] for n in sorted(names)))


@lru_cache(maxsize=256)
def _choosing(names: Names, sort: str, descending: bool, behind: str) -> Select[Any]:
    """The ids of a page and one more, with what they are sorted by.

    `behind`: a page begins behind the place of a cursor, with a `value` or with `nothing`; empty: at an offset.
    """
    key = _SORTED[sort]
    order = (key.desc(), J.job_id.desc()) if descending else (key, J.job_id)
    chosen = select(J.job_id, key).where(_conditions(names)).order_by(*order).limit(bindparam("most"))
    if not behind:
        return chosen.offset(bindparam("offset"))
    return chosen.where(_behind(key, descending, nothing=behind == "nothing", sometimes=sort in _SOMETIMES))


def _behind(
    key: ColumnElement[Any], descending: bool, *, nothing: bool, sometimes: bool
) -> ColumnElement[bool]:
    """Behind a place in the order; SQLite sorts what has no value before all that has one."""
    there_id: ColumnElement[str] = bindparam("there_id")
    if nothing:
        if descending:
            return and_(key.is_(None), J.job_id < there_id)
        return or_(key.is_not(None), J.job_id > there_id)
    here, there = tuple_(key, J.job_id), tuple_(bindparam("there"), there_id)
    if not descending:
        return here > there
    return or_(here < there, key.is_(None)) if sometimes else here < there
