"""Version 5 of the store: indexes for what lists of jobs are filtered and sorted by. Never edited: add a version."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z_]{1,40}")


def asked_key(name: str) -> str:
    """The SQL of a key of a job's own document, in the words that an index has; NULL where there is nothing.

    Raises:
        ValueError: what is no name of a key.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no key")
    return f"json_extract(asked, '$.{name}')"


FILTERS: tuple[str, ...] = (
    "DROP INDEX jobs_ended",
    "CREATE INDEX jobs_ended ON jobs (account, ended, job_id, state)",
    # The state comes first: counting all that have none of a key is as quick as counting those that have it.
    f"CREATE INDEX jobs_autograph ON jobs (account, state, {asked_key('autograph')}, created, job_id)",
    f"""
    CREATE INDEX jobs_pipeline ON jobs (account, {asked_key("pipeline")}, created, job_id, state)
        WHERE {asked_key("pipeline")} IS NOT NULL
    """,
)
