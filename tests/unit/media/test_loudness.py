"""Loudness figures and gains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.media.loudness import KEYS, Levelling, Loudness, last_figure, levelling, read

if TYPE_CHECKING:
    from pathlib import Path


def printed(key: str, *values: str) -> str:
    return "".join(f"frame:{i} pts:{i} pts_time:{i}\n{key}={v}\n" for i, v in enumerate(values))


@pytest.mark.parametrize("text", ["", "frame:1\n", "x=-1.0\n", f"{KEYS[0]}=nan\n", f" {KEYS[0]}=-1.0\n"])
def test_what_is_no_figure(text: str) -> None:
    assert last_figure(text, KEYS[0]) is None


def files(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / key for key in KEYS]
    for path, text in zip(paths, texts, strict=False):
        path.write_text(text)
    return paths


def test_the_last_figures_of_a_long_file_count(tmp_path: Path) -> None:
    values = [f"-{n / 100:.3f}" for n in range(3000, 2300, -1)]
    made = files(
        tmp_path, printed(KEYS[0], *values), printed(KEYS[1], "1.000", "4.500"), printed(KEYS[2], "0.500")
    )
    assert read(made) == Loudness(integrated=-23.01, range=4.5, true_peak=-6.02)


def test_silence_and_nothing_at_all(tmp_path: Path) -> None:
    assert read(files(tmp_path)) == Loudness(None, 0.0, None)
    made = files(tmp_path, *(printed(k, v) for k, v in zip(KEYS, ("-70.000", "0.000", "0.000"), strict=True)))
    assert read(made) == Loudness(None, 0.0, None)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Loudness(-30.0, 5.0, -12.0), Levelling(7.0)),
        (Loudness(-14.0, 5.0, 0.4), Levelling(-9.0)),
        (Loudness(-30.0, 5.0, -4.5), Levelling(3.5, 3.5)),
        # Already above the ceiling: brought down to it, further from what was asked for.
        (Loudness(-24.0, 5.0, 1.0), Levelling(-2.0, 3.0)),
        (Loudness(None, 0.0, -50.0), Levelling(0.0)),
        (Loudness(None, 0.0, None), Levelling(0.0)),
    ],
)
def test_the_gain_is_as_large_as_the_peak_allows(found: Loudness, wanted: Levelling) -> None:
    assert levelling(found, -23.0) == wanted
