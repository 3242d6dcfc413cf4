"""Version 6 of the store: attempts that were lost, and jobs by their last change. Never edited: add a version."""

from __future__ import annotations

ATTEMPTS: tuple[str, ...] = (
    # `lost`: attempts whose server was killed with them, so that nobody saw their end; since it was queued last.
    "ALTER TABLE jobs ADD COLUMN lost INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX jobs_updated_all ON jobs (updated, job_id, state)",
)
