"""Tables of sample times, read and changed without being taken apart."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_boxes import full, words

from ingest.packaging.boxes import Box, BoxError
from ingest.packaging.sample_times import MOST, SampleTimes, span

RUNS = st.lists(st.tuples(st.integers(0, 5), st.integers(-9, 9)), max_size=12)


def table(runs: list[tuple[int, int]], *, said: int | None = None) -> SampleTimes:
    data = full("ctts", 1, 0, words(len(runs) if said is None else said), *(words(*run) for run in runs))
    return SampleTimes.of(data, Box("ctts", 0, 8, len(data)), ">Ii")


@given(RUNS, st.integers(0, 70))
def test_a_table_is_split_between_samples(runs: list[tuple[int, int]], head: int) -> None:
    whole = table(runs)
    values = [value for count, value in runs for _ in range(count)]
    first, rest = whole.split(head)
    assert (list(first.each()), list(rest.each())) == (values[:head], values[head:])
    assert (whole.samples, whole.total) == (len(values), sum(values))


@given(RUNS, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=12))
def test_the_span_is_that_of_sample_after_sample(
    runs: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    offsets = table(runs)
    count = offsets.samples
    durations, _ = SampleTimes.alike(0, 0, ">2I").then(others).split(count)
    durations = durations.then([(count - durations.samples, 4)])
    decoded = [0, *accumulate(durations.each())]
    shown = [d + o for d, o in zip(decoded, offsets.each(), strict=False)]
    ends = [s + d for s, d in zip(shown, durations.each(), strict=True)]
    assert span(durations, offsets) == ((min(shown), max(shown), max(ends)) if shown else (0, 0, 0))


def test_a_run_of_billions_costs_no_more_than_one_of_two() -> None:
    many = 2**33
    assert span(SampleTimes.alike(many, 1, ">2I"), SampleTimes.alike(many, 7, ">Ii")) == (
        7,
        many + 6,
        many + 7,
    )
    assert SampleTimes.alike(MOST, 1, ">2I").then([(1, 1)]).samples == MOST + 1


@given(RUNS, RUNS)
def test_what_is_put_behind_goes_on_with_the_last_run(
    runs: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    whole = table(runs).then(more)
    assert list(whole.each()) == [*table(runs).each(), *table(more).each()]
    if runs and more and runs[-1][1] == more[0][1]:
        assert list(whole.runs()) == [*runs[:-1], (runs[-1][0] + more[0][0], more[0][1]), *more[1:]]
    else:
        assert list(whole.runs()) == [*runs, *more]


def test_more_entries_said_than_there_are() -> None:
    with pytest.raises(BoxError, match="says 3 entries, more than it holds"):
        table([(1, 2), (1, 3)], said=3)


def test_the_first_and_last_picture_shown_and_the_end() -> None:
    # Decoded at 0, 10, 20; shown at 10, 40, 25.
    assert span(SampleTimes.alike(3, 10, ">2I"), table([(1, 10), (1, 30), (1, 5)])) == (10, 40, 50)
    assert span(table([]), table([])) == (0, 0, 0)
