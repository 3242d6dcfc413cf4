"""Version 7 of the store: how many jobs there are of each kind, kept as they change. Never edited: add a version.

Counting a hundred thousand entries of an index costs more than all else of a page of a list.
"""

from __future__ import annotations

_KEY = "account, state, dialect"
_CHANGED = "AFTER UPDATE OF state, account, dialect ON jobs"
_OTHER = "(old.state IS NOT new.state OR old.account <> new.account OR old.dialect <> new.dialect)"


def _trigger(name: str, when: str, row: str, by: int) -> str:
    return (
        f"CREATE TRIGGER {name} {when} BEGIN"  # noqa: S608 - nothing but words of our own
        f" INSERT INTO job_counts ({_KEY}, jobs) VALUES ({row}.account, {row}.state, {row}.dialect, {by})"
        f" ON CONFLICT ({_KEY}) DO UPDATE SET jobs = jobs + excluded.jobs; END"
    )


COUNTS: tuple[str, ...] = (
    # Of each account, state and dialect that there were jobs of; jobs that are being deleted are none.
    f"""
    CREATE TABLE job_counts (
        account TEXT NOT NULL,
        state TEXT NOT NULL,
        dialect TEXT NOT NULL,
        jobs INTEGER NOT NULL,
        PRIMARY KEY ({_KEY})
    ) WITHOUT ROWID
    """,
    f"INSERT INTO job_counts SELECT {_KEY}, count(*) FROM jobs WHERE state IS NOT NULL GROUP BY {_KEY}",  # noqa: S608
    _trigger("jobs_counted", "AFTER INSERT ON jobs WHEN new.state IS NOT NULL", "new", 1),
    _trigger("jobs_counted_in", f"{_CHANGED} WHEN new.state IS NOT NULL AND {_OTHER}", "new", 1),
    _trigger("jobs_counted_out", f"{_CHANGED} WHEN old.state IS NOT NULL AND {_OTHER}", "old", -1),
    _trigger("jobs_counted_gone", "AFTER DELETE ON jobs WHEN old.state IS NOT NULL", "old", -1),
)
