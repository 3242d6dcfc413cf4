"""What the source showed and how loud it was, as the encode run left it beside the renditions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media.command.names import REFERENCE, WIDE_REFERENCE, levels_file
from ingest.media.command.reference import HEIGHT, WIDTH
from ingest.packaging.levels import read_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction
    from pathlib import Path

_HEADER = f"P5\n{WIDTH} {HEIGHT}\n255\n".encode()
_NAME = re.compile(r"([0-9]{1,12})\.pgm")


@dataclass(frozen=True, slots=True)
class SourceReference:
    """What the renditions of a package must show and sound like.

    `pictures` are by their time in milliseconds, luma of `WIDTH` by `HEIGHT`; `wide_pictures` the same for the
    renditions of `wide`, which keep the source's dynamic range. `levels` are by the name of the audio rendition's
    folder, RMS in dBFS for each second.
    """

    pictures: Mapping[int, bytes] = field(default_factory=dict)
    levels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    wide_pictures: Mapping[int, bytes] = field(default_factory=dict)
    wide: frozenset[str] = frozenset()

    def pictures_of(self, name: str) -> Mapping[int, bytes]:
        """The pictures for the video rendition whose folder has this name."""
        return self.wide_pictures if name in self.wide else self.pictures


def picture_at(pictures: Mapping[int, bytes], time: Fraction) -> bytes | None:
    """The picture of this very instant, which the file's name gives to the millisecond."""
    near = round(time * 1000)
    return next((pictures[ms] for ms in (near, near - 1, near + 1) if ms in pictures), None)


def read_reference(
    folder: Path, sounds: Iterable[str], wide: frozenset[str] = frozenset()
) -> SourceReference:
    """Read what the encode run wrote below `folder`; `sounds` are the plan's audio renditions in their order.

    Raises ProcessingError where it is not what was asked for.
    """
    levels = {name: read_levels(folder / levels_file(number)) for number, name in enumerate(sounds)}
    return SourceReference(_pictures(folder / REFERENCE), levels, _pictures(folder / WIDE_REFERENCE), wide)


def _pictures(folder: Path) -> dict[int, bytes]:
    pictures: dict[int, bytes] = {}
    for path in sorted(folder.glob("*.pgm")):
        name, data = _NAME.fullmatch(path.name), path.read_bytes()
        if name is None or not data.startswith(_HEADER) or len(data) != len(_HEADER) + WIDTH * HEIGHT:
            raise ProcessingError(
                codes.TRANSCODING_FAILED,
                f"ffmpeg left a reference picture {path.name} that cannot be read",
                remedy="run the job again; if it happens again, the disk or ffmpeg is at fault",
            )
        pictures[int(name[1])] = data[len(_HEADER) :]
    return pictures
