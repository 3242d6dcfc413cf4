"""The spellings of a job's id, where dialects look for them; `ingest.job.ids` has them."""

from ingest.job.ids import from_ulid, is_job_id, new_job_id, object_id, ulid, uuid_of

__all__ = ["from_ulid", "is_job_id", "new_job_id", "object_id", "ulid", "uuid_of"]
