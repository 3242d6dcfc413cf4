"""Which hardware encodes: a family is used only where a trial encode has just worked.

Nothing is remembered between jobs: a card may be gone, or come, before the next one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ingest.media import toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.media.codec_names import Codec
    from ingest.media.options import EncoderChoice
    from ingest.media.toolchain import Tool

Family = Literal["nvenc", "qsv", "vaapi", "amf", "videotoolbox"]
FAMILIES: tuple[Family, ...] = get_args(Family)  # in the order in which `auto` tries them
# What must be there before a trial is worth its time; on a machine without any, `auto` starts nothing.
_NODES: dict[Family, tuple[str, ...]] = {
    "nvenc": ("nvidia[0-9]*", "dxg"),
    "qsv": ("dri/renderD*",),
    "vaapi": ("dri/renderD*",),
    "amf": ("dri/renderD*",),
    "videotoolbox": (),
}


@dataclass(frozen=True, slots=True)
class Hardware:
    """A family, the codecs whose trial worked, and the device node that its encoder must be given."""

    family: Family
    codecs: tuple[Codec, ...]
    device: str | None = None

    def encoder(self, codec: Codec) -> str | None:
        return encoder_name(codec, self.family) if codec in self.codecs else None


def encoder_name(codec: Codec, family: Family) -> str:
    """ffmpeg's name, for example `h264_nvenc`."""
    return f"{codec}_{family}"


def present(dev: Path = Path("/dev"), platform: str = sys.platform) -> tuple[Family, ...]:
    """The families that this machine could have."""
    if platform == "darwin":
        return ("videotoolbox",)
    return tuple(f for f in FAMILIES if any(n for pattern in _NODES[f] for n in dev.glob(pattern)))


def choose(
    choice: EncoderChoice,
    codecs: Sequence[Codec],
    families: Sequence[Family],
    trial: Callable[[str], str | None],
) -> tuple[Hardware | None, tuple[str, ...]]:
    """The hardware to use, and why that which was asked for by name is not used.

    Args:
        codecs: those that hardware may make.
        families: that this machine could have; `auto` takes the first of them that makes any of `codecs`.
        trial: tries ffmpeg's encoder of this name; None when it worked, else the reason.
    """
    if choice == "cpu" or not codecs:
        return None, ()
    for family in families if choice == "auto" else (choice,):
        reasons = {codec: trial(encoder_name(codec, family)) for codec in codecs}
        working = tuple(codec for codec, reason in reasons.items() if reason is None)
        refused = tuple(f"{encoder_name(c, family)}: {why}" for c, why in reasons.items() if why is not None)
        if choice != "auto" or working:
            found = Hardware(family, working) if working else None
            return found, refused if choice != "auto" else ()
    return None, ()


def find(
    ffmpeg: Tool, choice: EncoderChoice, codecs: Sequence[Codec]
) -> tuple[Hardware | None, tuple[str, ...]]:
    """As `choose`, on this machine."""
    families = present() if choice == "auto" else ()
    found, refused = choose(choice, codecs, families, lambda name: toolchain.trial_encode(ffmpeg, name))
    if found and found.family == "vaapi":
        found = Hardware(found.family, found.codecs, toolchain.render_node())
    return found, refused
