"""What a caller may choose: every choice by its name, checked, and nothing said is the default."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ingest.job.errors import UsageError
from ingest.media.choices import Choices, options_of
from ingest.media.options import DEFAULTS, Options


def test_nothing_said_is_the_default() -> None:
    assert options_of() == DEFAULTS


def test_every_option_can_be_chosen() -> None:
    assert Choices.__annotations__.keys() == {f.name for f in fields(Options)}


def test_texts_become_what_options_have() -> None:
    made = options_of(codecs="h264,av1", klv="flight.klv", copy="never", jobs=3)
    assert made == Options(codecs=("h264", "av1"), klv=Path("flight.klv"), copy="never", jobs=3)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"hdr": "hlg"}, "unknown hdr 'hlg': known are sdr, keep"),
        ({"quality": "psnr"}, "unknown quality 'psnr': known are vmaf"),
        ({"copy": ""}, "unknown copy '': known are auto, never, require"),
        ({"codecs": "vp9"}, "unknown codec 'vp9'"),
        ({"jobs": 0}, "0 jobs"),
        ({"loudness": -3.0}, "a loudness of -3 LUFS"),
        ({"ground": 10_000.0}, "ground at 10000 m"),
        ({"klv": ""}, "'' is not a path"),
        ({"klv": "a\0b"}, "'a\\x00b' is not a path"),
        ({"format": "ts", "codecs": "h264,hevc"}, "hevc cannot be made as transport streams"),
    ],
)
def test_bad_values_are_refused(choices: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        options_of(**choices)
    assert error.value.message.startswith(said)
    assert error.value.exit_code == 2


def test_an_unknown_choice_is_a_mistake_of_the_caller_s() -> None:
    with pytest.raises(TypeError, match="colour"):
        options_of(colour="red")  # type: ignore[call-arg]
