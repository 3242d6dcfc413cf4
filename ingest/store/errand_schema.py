"""Version 3 of the store: work on stored files that is no ingest. Never edited: add a version."""

from __future__ import annotations

ERRANDS: tuple[str, ...] = (
    # `asked`: what is to be done, a JSON object; `acts`: the same taken apart, a JSON list, NULL until it begins;
    # `undo`: paths that it has made, a JSON list; `error`: a JSON object.
    """
    CREATE TABLE errands (
        job_id TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        created TEXT NOT NULL,
        updated TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        position INTEGER NOT NULL DEFAULT 0,
        asked TEXT NOT NULL,
        acts TEXT,
        undo TEXT NOT NULL DEFAULT '[]',
        error TEXT
    )
    """,
    "CREATE INDEX errands_account ON errands (account, kind, created, job_id)",
    """
    CREATE INDEX errands_open ON errands (created, job_id)
        WHERE status IN ('Pending', 'Running', 'Rollback', 'Cancelling')
    """,
)
