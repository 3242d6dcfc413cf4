"""Ids of jobs and their other spellings: RFC 9562's layout, and no two ids with one spelling."""

from __future__ import annotations

import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job.ids import from_ulid, is_job_id, new_job_id, object_id, ulid, uuid_of

IDS = st.integers(0, 2**128 - 1).map(lambda n: f"j{uuid.UUID(int=n)}")
# RFC 9562, appendix A.6: a UUIDv7 of 22 February 2022, 19:22:22.00 UTC.
EXAMPLE = "j017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(IDS)
def test_a_ulid_is_another_spelling_of_the_same_id(job_id: str) -> None:
    spelled = ulid(job_id)
    assert (len(spelled), from_ulid(spelled), from_ulid(spelled.lower())) == (26, job_id, job_id)


@given(IDS, IDS)
def test_ulids_sort_as_ids_do(one: str, other: str) -> None:
    assert (ulid(one) < ulid(other)) == (one < other)


@given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26))
def test_every_ulid_is_some_job_s_or_more_than_128_bits(text: str) -> None:
    if text[0] > "7":
        with pytest.raises(ValueError, match="not a ULID"):
            from_ulid(text)
    else:
        assert ulid(from_ulid(text)) == text


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "U" + "0" * 25, "0" * 25 + "é", " " * 26])
def test_what_is_no_ulid(text: str) -> None:
    with pytest.raises(ValueError, match="not a ULID"):
        from_ulid(text)


def test_the_rfc_s_example() -> None:
    assert object_id(EXAMPLE) == f"{1645557742:08x}98c4dc0c0c07398f"
    assert ulid(EXAMPLE) == "01FWHE4YDGFK1SHH6W1G60EECF"


def test_an_id_without_a_time_keeps_its_own_first_bytes() -> None:
    assert object_id("j12345678-aaaa-4bbb-8ccc-0123456789ab") == "123456788ccc0123456789ab"


def test_new_ids_hold_the_time_and_sort_by_it() -> None:
    before = time.time_ns() // 1_000_000
    made = []
    for _ in range(50):
        made.append(new_job_id())
        time.sleep(0.000_01)  # the time's last bit is a quarter of a microsecond
    found = [uuid_of(job_id) for job_id in made]
    assert made == sorted(made)
    assert len(set(map(object_id, made))) == 50
    assert {(u.version, u.variant) for u in found} == {(7, uuid.RFC_4122)}
    assert all(before <= u.int >> 80 <= time.time_ns() // 1_000_000 for u in found)


@pytest.mark.parametrize("text", ["", EXAMPLE[1:], EXAMPLE.upper(), EXAMPLE + "0", "j" + EXAMPLE])
def test_what_is_no_job_id(text: str) -> None:
    assert not is_job_id(text)
    with pytest.raises(ValueError, match="not a job's id"):
        uuid_of(text)
