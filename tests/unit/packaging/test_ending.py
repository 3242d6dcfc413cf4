"""Decoding times that let the last picture end where it was planned."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_boxes import box, full, words

from ingest.packaging.boxes import BoxError
from ingest.packaging.ending import end_at, ending, with_end

if TYPE_CHECKING:
    from pathlib import Path

# How an encoder with at most three B-frames orders groups of pictures: the later one first.
GROUPS = {1: (0,), 2: (1, 0), 3: (2, 0, 1), 4: (3, 1, 0, 2)}


def coded(gaps: list[int], sizes: list[int]) -> tuple[list[int], list[int], int]:
    """Durations and offsets as encoders give them to pictures so far apart, and the end of the last one.

    Decoding times are the sorted times of showing, two pictures late.
    """
    shown = [0, *accumulate(gaps)]
    order = [0]
    for size in sizes:
        base = len(order)
        order += [base + i for i in GROUPS[size] if base + i < len(shown) - 1]
    order = [i for i in order if i < len(shown) - 1]
    order += [i for i in range(len(shown) - 1) if i not in order]
    times = shown[:-1]
    lead = times[min(2, len(times) - 1)]
    decoded = [times[i - 2] if i >= 2 else times[i] - lead for i in range(len(times))]
    start = decoded[0]
    decoded = [d - start for d in decoded]
    placed = [times[i] - start for i in order]
    durations = [*(b - a for a, b in pairwise(decoded)), 1]
    return durations, [p - d for p, d in zip(placed, decoded, strict=True)], shown[-1] - start


def check(durations: list[int], offsets: list[int], end: int, until: int) -> bool:
    """Whether there are new ones; that these keep what they must."""
    found = ending(durations, offsets, end=end, until=until)
    if found is None:
        return False
    before = [d + o for d, o in zip([0, *accumulate(durations)], offsets, strict=False)]
    decoded = [0, *accumulate(found[0])][:-1]
    assert [d + o for d, o in zip(decoded, found[1], strict=True)] == before
    assert min(found[1]) >= 0
    assert min(found[0]) >= 1
    ends = [p + d for p, d in zip(before, found[0], strict=True)]
    assert max(ends) == end == ends[before.index(max(before))]
    return True


@given(
    st.lists(st.integers(1, 400), min_size=32, max_size=80),
    st.lists(st.integers(1, 4), min_size=40, max_size=40),
)
def test_all_are_shown_when_they_were_and_the_last_one_to_the_end(gaps: list[int], sizes: list[int]) -> None:
    mean = sum(gaps) / len(gaps)
    gaps = [min(g, max(1, int(4 * mean))) for g in gaps]
    durations, offsets, end = coded(gaps, sizes)
    assert min(offsets) >= 0
    check(durations, offsets, end, end)


@given(st.lists(st.integers(1, 4), min_size=40, max_size=40), st.data())
def test_many_pictures_always_leave_room(sizes: list[int], data: st.DataObject) -> None:
    """No picture longer than four times the mean, as the plan wants it for B-frames."""
    gaps = data.draw(st.lists(st.integers(50, 200), min_size=32, max_size=80))
    assert check(*coded(gaps, sizes), until=1)


def test_the_last_picture_shown_for_long_moves_others_to_earlier() -> None:
    # I P b b: shown at 2, 5, 3, 4; decoded at 0, 1, 2, 3; the P is to stay until 8.
    assert ending([1, 1, 1, 1], [2, 4, 1, 1], end=8, until=6) is None
    # With more room before: shown at 2, 12, 25, 23, 24, the third to stay until 29.
    assert ending([1, 10, 1, 1, 1], [2, 11, 14, 11, 11], end=29, until=27) == (
        [1, 10, 4, 6, 5],
        [2, 11, 14, 8, 3],
    )


def test_without_reordering_only_the_last_length_changes() -> None:
    assert ending([10, 20, 7], [0, 0, 0], end=45, until=45) == ([10, 20, 15], [0, 0, 0])


def test_an_end_before_the_last_picture_is_none() -> None:
    assert ending([10, 20, 7], [0, 0, 0], end=30, until=30) is None


def moov(stts: list[tuple[int, int]], ctts: list[tuple[int, int]], *, lead: int, duration: int) -> bytes:
    """A movie of one track in milliseconds."""
    tables = [
        full("stsd", 0, 0, words(1), box("avc1", bytes(78))),
        full("stts", 0, 0, words(len(stts)), *(words(*run) for run in stts)),
    ]
    if ctts:
        tables.append(full("ctts", 0, 0, words(len(ctts)), *(words(*run) for run in ctts)))
    return box(
        "moov",
        full("mvhd", 0, 0, words(0, 0, 1000, duration), bytes(80)),
        box(
            "trak",
            full("tkhd", 0, 7, words(0, 0, 1, 0, duration), bytes(60)),
            box("edts", full("elst", 0, 0, words(1, duration, lead, 0x10000))),
            box(
                "mdia",
                full("mdhd", 0, 0, words(0, 0, 1000, duration, 0)),
                full("hdlr", 0, 0, words(0), b"vide", bytes(13)),
                box("minf", box("stbl", *tables)),
            ),
        ),
    )


def test_the_tables_and_all_lengths_are_rewritten() -> None:
    made = moov([(3, 40), (1, 100)], [], lead=0, duration=220)
    assert with_end(made, Fraction(160, 1000)) == moov([(4, 40)], [], lead=0, duration=160)


def test_reordered_pictures() -> None:
    # I P b b with 40 ms each, then the same once more; the last P is to stay for 80 ms.
    stts, ctts = [(8, 40)], [(1, 80), (1, 160), (2, 40), (1, 80), (1, 160), (2, 40)]
    made = moov(stts, ctts, lead=80, duration=320)
    wanted = moov(
        [(5, 40), (1, 80), (2, 40)],
        [(1, 80), (1, 160), (2, 40), (1, 80), (1, 160), (2, 0)],
        lead=80,
        duration=360,
    )
    assert with_end(made, Fraction(360, 1000)) == wanted


def test_only_the_tail_of_a_long_film_is_touched() -> None:
    made = moov([(5000, 40)], [], lead=0, duration=200_000)
    assert with_end(made, Fraction(200_060, 1000)) == moov(
        [(4999, 40), (1, 100)], [], lead=0, duration=200_060
    )


@pytest.mark.parametrize(
    ("stts", "ctts"), [([], []), ([(3, 40)], [(2, 0)])], ids=["no-samples", "fewer-offsets"]
)
def test_tables_that_do_not_fit_together_are_refused(
    stts: list[tuple[int, int]], ctts: list[tuple[int, int]]
) -> None:
    with pytest.raises(BoxError, match="same number of samples"):
        with_end(moov(stts, ctts, lead=0, duration=120), Fraction(1))


def test_a_file_that_does_not_end_with_its_moov_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(moov([(3, 40)], [], lead=0, duration=120) + box("mdat", b"x"))
    with pytest.raises(BoxError, match="ends with a box 'mdat'"):
        end_at(path, Fraction(1))


def test_a_file_is_changed_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(box("mdat", b"xyz") + moov([(3, 40), (1, 100)], [], lead=0, duration=220))
    assert end_at(path, Fraction(160, 1000))
    changed = box("mdat", b"xyz") + moov([(4, 40)], [], lead=0, duration=160)
    assert path.read_bytes() == changed
    assert not end_at(path, Fraction(100, 1000))
    assert path.read_bytes() == changed
