"""The video codecs that can be asked for, by the names of `--codec`."""

from __future__ import annotations

from typing import Literal, get_args

from ingest.job import codes
from ingest.job.errors import UsageError

Codec = Literal["h264", "hevc", "av1"]
CODECS: tuple[Codec, ...] = get_args(Codec)


def parse_codecs(values: tuple[str, ...]) -> tuple[Codec, ...]:
    """`("hevc,h264",)` -> `("h264", "hevc")`: each once, the one that most players know first.

    Raises:
        UsageError: USAGE for an unknown name, or for none.
    """
    names = {part.strip() for value in values for part in value.split(",")} - {""}
    unknown = sorted(names - set(CODECS))
    if unknown or not names:
        what = f"unknown codec {unknown[0]!r}" if unknown else "no codec given"
        raise UsageError(codes.USAGE, f"{what}: known are {', '.join(CODECS)}")
    return tuple(c for c in CODECS if c in names)
