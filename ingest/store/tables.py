"""The store's tables as queries see them; `schema` makes them, and a test compares the two."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, MetaData, Table, Text

METADATA = MetaData()
JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("resolutions", Text, nullable=False),  # a JSON list
    Column("created", Text, nullable=False, index=True),
    Column("updated", Text, nullable=False),
    Column("percent", Float, nullable=False),
    Column("step", Text, nullable=False),
    Column("pid", Integer),
    Column("host", Text),
    Column("pid_started", Integer),
    Column("record", Text, nullable=False),
)
