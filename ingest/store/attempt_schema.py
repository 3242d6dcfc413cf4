"""Version 6 of the store: lost attempts, and jobs by their last change and their kind. Never edited: add a version."""

from __future__ import annotations

# Whether a job is a named preset of Bytescale's dialect. What is no JSON for SQLite (NaN) must not keep a job out.
NAMED = (
    "CASE WHEN dialect = 'bytescale' AND json_valid(asked)"
    " THEN coalesce(json_extract(asked, '$.transformation'), 'video') <> 'video' ELSE 0 END"
)
ATTEMPTS: tuple[str, ...] = (
    # `lost`: attempts whose server was killed with them, so that nobody saw their end; since it was queued last.
    "ALTER TABLE jobs ADD COLUMN lost INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX jobs_updated_all ON jobs (updated, job_id, state)",
    f"CREATE INDEX jobs_named ON jobs (account, {NAMED}, created, job_id)",
)
