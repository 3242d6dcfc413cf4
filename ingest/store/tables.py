"""The store's tables as queries see them; `schema` makes them and says what the columns hold; a test compares them."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, MetaData, Table, Text

METADATA = MetaData()


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _maybe(name: str) -> Column[str]:
    return Column(name, Text)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", Text, primary_key=True),
    _maybe("short_id"),
    _text("account", ""),
    _text("dialect", "cli"),
    _text("queue", ""),
    _count("cancelling"),
    _count("deleting"),
    _text("status"),
    _maybe("state"),  # kept by triggers
    _text("created"),
    _text("updated"),
    Column("percent", Float, nullable=False),
    _text("step"),
    Column("pid", Integer),
    _maybe("host"),
    Column("pid_started", Integer),
    _maybe("label"),
    _count("priority"),
    Column("size", Integer),  # of the source, bytes
    _count("attempts"),
    _count("deaths"),  # attempts whose process ended by itself without a final record
    Column("ran", Float, nullable=False, server_default="0"),  # seconds of all attempts that have ended
    _maybe("queued"),
    _maybe("start_at"),
    _maybe("begun"),
    _maybe("ended"),
    Column("time_limit", Float),  # seconds
    _text("search", ""),  # the source's name, lower case
    _text("source"),
    _text("output"),
    _text("resolutions"),  # a JSON list
    _text("asked", "{}"),
    _text("submission", "{}"),
    _text("record"),
    _count("lost"),
)

# Kept by triggers.
JOB_COUNTS = Table(
    "job_counts",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("dialect", Text, primary_key=True),
    Column("jobs", Integer, nullable=False),
)
ACCOUNTS = Table(
    "accounts", METADATA, Column("account", Text, primary_key=True), _text("name"), _text("created")
)
KEYS = Table(
    "keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    _text("account"),
    _text("name"),
    _text("digest"),
    _text("scopes"),
    _text("created"),
    _maybe("expires"),
    _maybe("revoked"),
    _maybe("used"),
)
TOKENS = Table(
    "tokens",
    METADATA,
    Column("digest", Text, primary_key=True),
    _text("key_id"),
    _text("kind"),
    _text("name"),
    _text("scopes"),
    _text("created"),
    _text("expires"),
)
FILES = Table(
    "files",
    METADATA,
    Column("file_id", Text, primary_key=True),
    _text("account"),
    _text("path"),
    _text("name"),
    _text("mime"),
    Column("size", Integer, nullable=False),
    _text("etag"),
    _text("created"),
    _text("stored"),
    _text("metadata", "{}"),
    _text("tags", "[]"),
)
UPLOADS = Table(
    "uploads",
    METADATA,
    Column("upload_id", Text, primary_key=True),
    _text("account"),
    _text("kind"),
    _text("path"),
    _text("name"),
    _text("mime"),
    Column("size", Integer),
    Column("part_size", Integer),
    _count("arrived"),
    _text("parts", "{}"),
    _text("metadata", "{}"),
    _text("tags", "[]"),
    _text("created"),
    _text("updated"),
    _maybe("expires"),
    _maybe("file_id"),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    _text("job_id"),
    _text("account"),
    _text("happening"),
    _text("url"),
    _text("payload"),
    _text("created"),
    _maybe("due"),
    _count("attempts"),
    Column("answered", Integer),  # the last answer's HTTP status
    _maybe("delivered"),
    _text("problem", ""),
)
ERRANDS = Table(
    "errands",
    METADATA,
    Column("job_id", Text, primary_key=True),
    _text("account"),
    _text("kind"),
    _text("status"),
    _text("created"),
    _text("updated"),
    _count("attempts"),
    _count("position"),  # of the next thing to do, where `errand_done` does not say
    _text("asked"),
    _maybe("acts"),
    _text("undo", "[]"),
    _maybe("error"),
)
ERRAND_DONE = Table(
    "errand_done",
    METADATA,
    Column("job_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    _maybe("made"),
)
RESOURCES = Table(
    "resources",
    METADATA,
    Column("resource_id", Text, primary_key=True),
    _text("account"),
    _text("kind"),
    _text("document"),
    _text("created"),
    _text("updated"),
)
