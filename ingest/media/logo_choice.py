"""Which logo is laid over the picture, where, how large and how strong: as a person says it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ingest.job import codes
from ingest.job.errors import UsageError, one_line

POSITIONS = (
    *("top-left", "top", "top-right"),
    *("left", "center", "right"),
    *("bottom-left", "bottom", "bottom-right"),
)
MOST_LOGOS = 4

# From the right, so that a path may have colons: what stands in front of a position is the file.
_TEXT = re.compile(
    rf"(?P<file>.+?)(:(?P<position>{'|'.join(POSITIONS)})(:(?P<width>[0-9.]+)%(:(?P<opacity>[0-9.]+))?)?)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Logo:
    """`width` in percent of the finished picture's, above 0 and at most 100; `opacity` above 0, 1 is as in the file."""

    path: Path
    position: str = "top-right"
    width: float = 10.0
    opacity: float = 1.0


def parse_logo(text: str) -> Logo:
    """`FILE[:POSITION[:WIDTH%[:OPACITY]]]`. Raises UsageError.

    >>> parse_logo("a:b.png:bottom-right:12%:0.8")
    Logo(path=PosixPath('a:b.png'), position='bottom-right', width=12.0, opacity=0.8)
    """
    found = _TEXT.fullmatch(text)
    if found is None or "\0" in text:
        raise _refused(text, "is not a file with its place")
    defaults = Logo(Path(found["file"]))
    try:
        logo = Logo(
            defaults.path,
            found["position"] or defaults.position,
            float(found["width"] or defaults.width),
            float(found["opacity"] or defaults.opacity),
        )
    except ValueError:
        raise _refused(text, "has something that is no number") from None
    check_logo(logo)
    return logo


def check_logo(logo: Logo) -> None:
    """Raises UsageError where a value is out of its range."""
    if logo.position not in POSITIONS:
        raise _refused(str(logo.path), f"has an unknown position, known are {', '.join(POSITIONS)}")
    if not 0 < logo.width <= 100:
        raise _refused(str(logo.path), f"with {logo.width:g}% of the picture's width is impossible")
    if not 0 < logo.opacity <= 1:
        raise _refused(str(logo.path), f"with an opacity of {logo.opacity:g} is impossible")


def _refused(what: str, why: str) -> UsageError:
    return UsageError(
        codes.USAGE,
        f"logo {one_line(what)[:200]!r} {why}",
        remedy="write it as logo.png:bottom-right:12%:0.8",
    )
