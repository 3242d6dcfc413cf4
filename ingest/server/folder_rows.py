"""Pages of what is in a folder: what stands right in it, found without reading all that is below, and what was put.

`top` is the place of the folder, `after` that of an entry in it, or `top`. A file that nobody wants is its path alone.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, Text, bindparam, case, func, literal, select

from ingest.server.file_rows import stored_file
from ingest.store.model import storable
from ingest.store.tables import FILES, RESOURCES

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

    from ingest.engine.model import StoredFile

KIND: Final = "folder"  # of the resources that folders are which were put
# Behind every path that begins with what stands before it: no path has a character that is none (filepaths.py).
LAST: Final = "\U0010ffff"

_PATH: Final = FILES.c.path
_ACCOUNT, _TOP, _END, _AFTER = (bindparam(name, type_=Text) for name in ("account", "top", "end", "after"))
_LIMIT, _LENGTH = (bindparam(name, type_=Integer) for name in ("limit", "length"))


def files_below(
    db: Connection, account: str, top: str, after: str, limit: int, *, wanted: bool = True
) -> tuple[StoredFile | str, ...]:
    """At most `limit` files, whatever folders they are in, by path."""
    rows = db.execute(_below(wanted), _bound(account, top, after, limit))
    return tuple(map(stored_file, rows)) if wanted else tuple(rows.scalars())


def children(
    db: Connection, account: str, top: str, after: str, limit: int, *, wanted: bool = True
) -> tuple[tuple[str, StoredFile | str | None], ...]:
    """At most `limit` entries right in the folder, each behind its place; None for a folder."""
    rows = db.execute(_right_in(wanted), _bound(account, top, _behind(after, top), limit))
    found: list[tuple[str, StoredFile | str | None]] = []
    for row in rows:
        end = row.path.find("/", len(top))
        if end != -1:
            found.append((row.path[: end + 1], None))
        else:
            found.append((row.path, stored_file(row) if wanted else row.path))
    return tuple(found)


def put_folders(
    db: Connection, account: str, top: str, after: str, limit: int, *, recursive: bool
) -> tuple[dict[str, Any], ...]:
    """The documents of at most `limit` folders that were put, by place.

    Without `recursive` the first of those that stand in one folder right in this one, itself where it was put.
    """
    bound = _bound(account, top, after if recursive else _behind(after, top), limit)
    return tuple(json.loads(row.document) for row in db.execute(_put(recursive), bound))


# The statements are made once: that takes longer than SQLite needs for them.


@cache
def _below(wanted: bool) -> Select[tuple[Any, ...]]:
    query = select(FILES) if wanted else select(_PATH)
    return query.where(FILES.c.account == _ACCOUNT, *_within(_PATH)).order_by(_PATH).limit(_LIMIT)


@cache
def _right_in(wanted: bool) -> Select[tuple[Any, ...]]:
    """The row of each file right in the folder, and of the first file of each folder there."""
    # From each path a single look into the index leads to the next one that is not in the same folder.
    least = select(func.min(_PATH)).where(FILES.c.account == _ACCOUNT)
    first = least.where(*_within(_PATH)).subquery()
    step = select(first.c[0].label("path"), literal(1).label("number")).cte("step", recursive=True)
    inside = _first_step(step.c.path)
    behind = case((inside != _TOP, inside.concat(LAST)), else_=step.c.path)
    following = least.where(behind < _PATH, _PATH < _END).scalar_subquery()
    step = step.union_all(
        select(following, step.c.number + 1).where(step.c.path.is_not(None), step.c.number < _LIMIT)
    )
    if not wanted:
        return select(step.c.path).where(step.c.path.is_not(None)).order_by(step.c.path)
    found = FILES.join(step, (step.c.path == _PATH) & (FILES.c.account == _ACCOUNT))
    return select(FILES).select_from(found).order_by(_PATH)


@cache
def _put(recursive: bool) -> Select[tuple[Any, ...]]:
    document = RESOURCES.c.document
    place = func.json_extract(document, "$.path").concat("/")
    query = select(document, (place if recursive else func.min(place)).label("place")).where(
        RESOURCES.c.account == _ACCOUNT, RESOURCES.c.kind == KIND, *_within(place)
    )
    if not recursive:  # SQLite: beside a minimum stand the columns of its own row
        query = query.group_by(_first_step(place))
    return query.order_by("place").limit(_LIMIT)


def _bound(account: str, top: str, after: str, limit: int) -> dict[str, Any]:
    top = storable(top)
    return {
        "account": account,
        "top": top,
        "length": len(top),
        "end": top + LAST,
        "after": storable(after),
        "limit": limit,
    }


def _within(place: ColumnElement[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return place > _AFTER, place < _END


def _first_step(place: ColumnElement[str]) -> ColumnElement[str]:
    """The place of the folder right in this one that something below stands in; this one's for a file right in it."""
    slash = func.instr(func.substr(place, _LENGTH + 1), "/")
    return func.substr(place, 1, slash + _LENGTH)


def _behind(after: str, top: str) -> str:
    """Of a folder that was an entry, what is in it is none."""
    return after + LAST if after.endswith("/") and after != top else after
