"""What dialects keep beside jobs and files: one table, each account its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.server.refusals import Refusal
from ingest.server.resources import Resources

if TYPE_CHECKING:
    from ingest.server.core import Core


@pytest.fixture
def kept(core: Core) -> Resources:
    return Resources(core.queue.database)


def test_what_is_kept_can_be_read_changed_and_forgotten(kept: Resources) -> None:
    made = kept.add("mine", "preset", "a1", {"name": "x"})
    assert kept.get("mine", "preset", "a1") == made
    assert (made.document, made.account, made.created) == ({"name": "x"}, "mine", made.updated)
    changed = kept.replace("mine", "preset", "a1", {"name": "y"})
    assert (changed.document, changed.created) == ({"name": "y"}, made.created)
    kept.delete("mine", "preset", "a1")
    with pytest.raises(Refusal, match="no such resource"):
        kept.get("mine", "preset", "a1")


@pytest.mark.parametrize(("account", "kind"), [("other", "preset"), ("mine", "pipeline")])
def test_of_another_account_or_kind_there_is_none(kept: Resources, account: str, kind: str) -> None:
    made = kept.add("mine", "preset", "a1", {})
    for ask in (
        lambda: kept.get(account, kind, "a1"),
        lambda: kept.replace(account, kind, "a1", {"name": "theirs"}),
        lambda: kept.delete(account, kind, "a1"),
    ):
        with pytest.raises(Refusal, match="no such resource"):
            ask()
    assert kept.list(account, kind) == ()
    assert kept.get(None, "preset", "a1") == made


def test_lists_are_in_the_order_of_creation(kept: Resources) -> None:
    for account, own in (("a", "1"), ("b", "2"), ("a", "3")):
        kept.add(account, "preset", own, {})
    assert [r.resource_id for r in kept.list("a", "preset")] == ["1", "3"]
    assert [r.resource_id for r in kept.list(None, "preset")] == ["1", "2", "3"]


def test_there_is_one_of_an_id_and_not_too_many(kept: Resources) -> None:
    kept.add("mine", "preset", "a1", {})
    with pytest.raises(Refusal, match="one of this id"):
        kept.add("mine", "preset", "a1", {})
    with pytest.raises(Refusal, match="has 1 of these"):
        kept.add("mine", "preset", "a2", {}, most=1)
    assert len(kept.list("mine", "preset")) == 1
