"""Version 2 of the store: the queue's columns on `jobs`, and the server's own tables. Never edited: add a version.

`jobs` is made anew so that the long texts come last: SQLite reads a row from its front. A row of a job that `ingest
run` made has an empty `queue`; `state` is what those who ask over HTTP are told, NULL while the job is being deleted.
Times are ISO 8601 in UTC with milliseconds and `Z`, so that they sort as text.
"""

from __future__ import annotations

STATE = (
    "CASE WHEN deleting THEN NULL"
    " WHEN queue = 'draft' THEN 'DRAFT'"
    " WHEN queue = 'queued' THEN CASE WHEN cancelling THEN 'CANCELLING' ELSE 'SUBMITTED' END"
    " WHEN queue IN ('running', '') AND status NOT IN ('CANCELLED', 'FAILED', 'COMPLETED') THEN"
    " CASE WHEN cancelling THEN 'CANCELLING' WHEN status = 'SUBMITTED' THEN 'EXECUTING' ELSE status END"
    " ELSE status END"
)
_SET_STATE = f"UPDATE jobs SET state = {STATE} WHERE rowid = new.rowid AND state IS NOT ({STATE})"  # noqa: S608
TURN = f"coalesce(size, {1 << 62})"  # a source whose size is not known yet comes last
_COVERED = "state, dialect, label, search"
_KEPT = "job_id, status, source, output, resolutions, created, updated, percent, step, pid, host, pid_started, record"
# Ids of version 4 are all that there can be; `ingest.job.ids.object_id` says the same in Python.
_COPY = (
    f"INSERT INTO jobs ({_KEPT}, short_id, search) SELECT {_KEPT},"  # noqa: S608
    " CASE WHEN length(job_id) = 37 THEN substr(job_id, 2, 8) || substr(replace(job_id, '-', ''), 18) END,"
    " lower(replace(source, rtrim(source, replace(source, '/', '')), '')) FROM jobs_1"
)

_JOBS = (
    "DROP INDEX jobs_created",
    "ALTER TABLE jobs RENAME TO jobs_1",
    """
    CREATE TABLE jobs (
        job_id TEXT NOT NULL PRIMARY KEY,
        short_id TEXT,
        account TEXT NOT NULL DEFAULT '',
        dialect TEXT NOT NULL DEFAULT 'cli',
        queue TEXT NOT NULL DEFAULT '',
        cancelling INTEGER NOT NULL DEFAULT 0,
        deleting INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL,
        state TEXT,
        created TEXT NOT NULL,
        updated TEXT NOT NULL,
        percent REAL NOT NULL,
        step TEXT NOT NULL,
        pid INTEGER,
        host TEXT,
        pid_started INTEGER,
        label TEXT,
        priority INTEGER NOT NULL DEFAULT 0,
        size INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        deaths INTEGER NOT NULL DEFAULT 0,
        ran REAL NOT NULL DEFAULT 0,
        queued TEXT,
        start_at TEXT,
        begun TEXT,
        ended TEXT,
        time_limit REAL,
        search TEXT NOT NULL DEFAULT '',
        source TEXT NOT NULL,
        output TEXT NOT NULL,
        resolutions TEXT NOT NULL,
        asked TEXT NOT NULL DEFAULT '{}',
        submission TEXT NOT NULL DEFAULT '{}',
        record TEXT NOT NULL
    )
    """,
    # Not a generated column: no index that has one covers a query.
    f"CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN {_SET_STATE}; END",
    f"CREATE TRIGGER jobs_changed AFTER UPDATE OF queue, status, cancelling, deleting ON jobs BEGIN {_SET_STATE}; END",
    _COPY,
    "DROP TABLE jobs_1",
    "CREATE UNIQUE INDEX jobs_short_id ON jobs (short_id)",
    f"CREATE INDEX jobs_created ON jobs (created, job_id, {_COVERED})",
    f"CREATE INDEX jobs_account ON jobs (account, created, job_id, {_COVERED})",
    "CREATE INDEX jobs_state ON jobs (state, created, job_id)",
    "CREATE INDEX jobs_account_state ON jobs (account, state, created, job_id)",
    "CREATE INDEX jobs_updated ON jobs (account, updated, job_id, state)",
    "CREATE INDEX jobs_percent ON jobs (account, percent, job_id, state)",
    f"CREATE INDEX jobs_waiting ON jobs (priority DESC, {TURN}, queued, job_id, start_at) WHERE queue = 'queued'",
    "CREATE INDEX jobs_running ON jobs (job_id) WHERE queue = 'running'",
    "CREATE INDEX jobs_deleting ON jobs (job_id) WHERE deleting",
)

_KEYS = (
    """
    CREATE TABLE accounts (
        account TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        created TEXT NOT NULL
    )
    """,
    # `digest`: SHA-256 of the key in hexadecimal; `scopes`: a JSON list.
    """
    CREATE TABLE keys (
        key_id TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES accounts (account),
        name TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        created TEXT NOT NULL,
        expires TEXT,
        revoked TEXT,
        used TEXT
    )
    """,
    # Short-lived credentials made from a key: `kind` says in which dialect's manner; gone with their key.
    """
    CREATE TABLE tokens (
        digest TEXT NOT NULL PRIMARY KEY,
        key_id TEXT NOT NULL REFERENCES keys (key_id),
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created TEXT NOT NULL,
        expires TEXT NOT NULL
    )
    """,
    "CREATE INDEX tokens_expires ON tokens (expires)",
    "CREATE INDEX tokens_key ON tokens (key_id)",
)

_FILES = (
    # `size` in bytes, `etag` hexadecimal MD5, `stored` an absolute path, `metadata` a JSON object, `tags` a JSON list.
    """
    CREATE TABLE files (
        file_id TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL,
        path TEXT NOT NULL,
        name TEXT NOT NULL,
        mime TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        created TEXT NOT NULL,
        stored TEXT NOT NULL,
        metadata TEXT NOT NULL DEFAULT '{}',
        tags TEXT NOT NULL DEFAULT '[]',
        UNIQUE (account, path)
    )
    """,
    "CREATE INDEX files_stored ON files (stored)",
    # `size` NULL while unknown; `part_size` NULL for tus; `parts` a JSON object of what has arrived, by part number.
    """
    CREATE TABLE uploads (
        upload_id TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        path TEXT NOT NULL,
        name TEXT NOT NULL,
        mime TEXT NOT NULL,
        size INTEGER,
        part_size INTEGER,
        arrived INTEGER NOT NULL DEFAULT 0,
        parts TEXT NOT NULL DEFAULT '{}',
        metadata TEXT NOT NULL DEFAULT '{}',
        tags TEXT NOT NULL DEFAULT '[]',
        created TEXT NOT NULL,
        updated TEXT NOT NULL,
        expires TEXT,
        file_id TEXT
    )
    """,
    "CREATE INDEX uploads_account ON uploads (account, created)",
)

_DELIVERIES = (
    # `payload`: the JSON text to send; `due`: when to try (again), NULL once delivered or given up.
    """
    CREATE TABLE deliveries (
        delivery_id TEXT NOT NULL PRIMARY KEY,
        job_id TEXT NOT NULL,
        account TEXT NOT NULL,
        happening TEXT NOT NULL,
        url TEXT NOT NULL,
        payload TEXT NOT NULL,
        created TEXT NOT NULL,
        due TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        answered INTEGER,
        delivered TEXT,
        problem TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX deliveries_due ON deliveries (due) WHERE due IS NOT NULL",
    "CREATE INDEX deliveries_job ON deliveries (job_id)",
)

SERVER: tuple[str, ...] = (*_JOBS, *_KEYS, *_FILES, *_DELIVERIES)
