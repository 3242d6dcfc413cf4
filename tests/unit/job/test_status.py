"""The one table of transitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job.status import TRANSITIONS, Status, advance

ALLOWED = {
    ("SUBMITTED", "EXECUTING"),
    ("SUBMITTED", "CANCELLED"),
    ("SUBMITTED", "FAILED"),
    ("EXECUTING", "CANCELLING"),
    ("EXECUTING", "CANCELLED"),
    ("EXECUTING", "FAILED"),
    ("EXECUTING", "COMPLETED"),
    ("CANCELLING", "CANCELLED"),
    ("CANCELLING", "FAILED"),
}
FINAL = {Status.CANCELLED, Status.FAILED, Status.COMPLETED}


def test_names_are_esris() -> None:
    assert [s.value for s in Status] == [
        *("SUBMITTED", "EXECUTING", "CANCELLING", "CANCELLED", "FAILED", "COMPLETED")
    ]


@pytest.mark.parametrize("now", Status)
@pytest.mark.parametrize("then", Status)
def test_every_pair(now: Status, then: Status) -> None:
    if (now.value, then.value) in ALLOWED:
        assert advance(now, then) is then
    else:
        with pytest.raises(ValueError, match=f"a job cannot go from {now} to {then}"):
            advance(now, then)


def test_final_statuses() -> None:
    assert {s for s in Status if s.final} == FINAL


def test_the_table_knows_every_status() -> None:
    assert set(TRANSITIONS) == set(Status)


@given(st.lists(st.sampled_from(Status), max_size=12))
def test_no_path_leaves_a_final_status(wishes: list[Status]) -> None:
    now, ended = Status.SUBMITTED, None
    for wish in wishes:
        try:
            now = advance(now, wish)
        except ValueError:
            continue
        assert ended is None, f"{ended} was left for {now}"
        ended = now if now in FINAL else None


def test_every_status_can_still_reach_a_final_one() -> None:
    for status in set(Status) - FINAL:
        assert TRANSITIONS[status] & FINAL
