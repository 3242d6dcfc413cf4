"""Version 8 of the store: what of an errand is done, a row for each act. Never edited: add a version.

In the errand's own row it would have to be written again, with all of its acts, after each of them.
"""

from __future__ import annotations

PROGRESS: tuple[str, ...] = (
    # `position`: of the act among those of the errand; `made`: what is to be undone of it. Gone when the errand ends.
    """
    CREATE TABLE errand_done (
        job_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        made TEXT,
        PRIMARY KEY (job_id, position)
    ) WITHOUT ROWID
    """,
)
