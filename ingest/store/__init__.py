"""The job store: every job's record, kept where `ingest jobs` and `ingest show` find it again."""

from ingest.store.liveness import is_alive, is_interrupted, this_process
from ingest.store.model import JobSummary, StoredJob
from ingest.store.sqlite import JobStore, open_store, store_path

__all__ = [
    "JobStore",
    "JobSummary",
    "StoredJob",
    "is_alive",
    "is_interrupted",
    "open_store",
    "store_path",
    "this_process",
]
