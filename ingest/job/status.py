"""Job statuses and the one table of allowed transitions.

The set is Esri's (ArcGIS Enterprise job resource), always in upper case.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    SUBMITTED = "SUBMITTED"
    EXECUTING = "EXECUTING"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"

    @property
    def final(self) -> bool:
        """Nothing follows a final status within the same run."""
        return not TRANSITIONS[self]


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.SUBMITTED: frozenset({Status.EXECUTING, Status.CANCELLED, Status.FAILED}),
    Status.EXECUTING: frozenset({Status.CANCELLING, Status.CANCELLED, Status.FAILED, Status.COMPLETED}),
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.FAILED}),
    Status.CANCELLED: frozenset(),
    Status.FAILED: frozenset(),
    Status.COMPLETED: frozenset(),
}


def advance(now: Status, then: Status) -> Status:
    """`then`, when the table allows it.

    Raises:
        ValueError: the transition is not in the table.
    """
    if then not in TRANSITIONS[now]:
        raise ValueError(f"a job cannot go from {now} to {then}")
    return then
