"""The names of `--codec`."""

from __future__ import annotations

import pytest

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media.codec_names import parse_codecs


@pytest.mark.parametrize(
    ("values", "parsed"),
    [
        (("h264",), ("h264",)),
        (("av1", "hevc"), ("hevc", "av1")),
        (("av1,h264", " hevc ,av1"), ("h264", "hevc", "av1")),
        (("hevc,",), ("hevc",)),
    ],
)
def test_each_once_in_the_order_in_which_players_learned_them(
    values: tuple[str, ...], parsed: tuple[str, ...]
) -> None:
    assert parse_codecs(values) == parsed


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (("vp9",), "unknown codec 'vp9': known are h264, hevc, av1"),
        (("h264,H265",), "unknown codec 'H265': known are h264, hevc, av1"),
        ((",",), "no codec given: known are h264, hevc, av1"),
        ((), "no codec given: known are h264, hevc, av1"),
    ],
)
def test_others_are_refused(values: tuple[str, ...], line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_codecs(values)
    assert (caught.value.code, caught.value.line) == (codes.USAGE, line)
