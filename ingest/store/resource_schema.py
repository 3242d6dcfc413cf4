"""Version 4 of the store: what dialects keep for their clients beside jobs and files. Never edited: add a version."""

from __future__ import annotations

RESOURCES: tuple[str, ...] = (
    # `kind`: what it is in its dialect's own word, `xvid.preset`; `document`: a JSON object.
    """
    CREATE TABLE resources (
        resource_id TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        document TEXT NOT NULL,
        created TEXT NOT NULL,
        updated TEXT NOT NULL
    )
    """,
    "CREATE INDEX resources_account ON resources (account, kind, created, resource_id)",
    # For those who ask what has just ended.
    "CREATE INDEX jobs_ended ON jobs (account, ended) WHERE ended IS NOT NULL",
)
