"""JSON files of the package."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from ingest.steps.context import as_plain, rate_text, write_json

if TYPE_CHECKING:
    from pathlib import Path


def test_as_plain() -> None:
    assert as_plain(
        {
            "a": Fraction(1, 3),
            "b": (Fraction(5), [None, "x", Fraction(1001, 30_000)]),
            "c": {"d": 7, "e": True},
        }
    ) == {"a": 0.333333, "b": [5.0, [None, "x", 0.033367]], "c": {"d": 7, "e": True}}


def test_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "info/x.json"
    write_json(path, {"seconds": Fraction(1, 2), "title": "größe \udcff\n", "list": ()})
    assert path.read_bytes() == (
        b'{\n  "seconds": 0.5,\n  "title": "gr\\u00f6\\u00dfe \\udcff\\n",\n  "list": []\n}\n'
    )
    assert json.loads(path.read_bytes())["title"] == "größe \udcff\n"


@pytest.mark.parametrize(
    ("rate", "text"),
    [(Fraction(30), "30/1"), (Fraction(30_000, 1001), "30000/1001"), (Fraction(25, 2), "25/2")],
)
def test_rate_text(rate: Fraction, text: str) -> None:
    assert rate_text(rate) == text
