"""Several filter graphs in one ffmpeg command: when what goes into one changes, that one alone is built anew. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ffmpeg

if TYPE_CHECKING:
    from collections.abc import Sequence

_LABEL = re.compile(r"\[s(\d+)\]")


def joined(groups: Sequence[Sequence[Any]]) -> list[str]:
    """The arguments from the input to the last output: a graph for each group of outputs of one and the same input."""
    arguments: list[str] = []
    for number, outputs in enumerate(groups):
        own: list[str] = ffmpeg.merge_outputs(*outputs).get_args()
        start = own.index("-i") + 2
        arguments = arguments or own[:start]
        # Labels are looked up in all graphs.
        arguments += [_LABEL.sub(rf"[g{number}s\1]", a) if number else a for a in own[start:]]
    return arguments
