"""Which renditions become a progressive MP4 beside the package, and with which sound. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media.languages import SHORT_TAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.codec_names import Codec
    from ingest.media.plan.audio import AudioRendition
    from ingest.media.plan.rungs import Rung

UNDETERMINED = "und"
# Terminological codes come before bibliographic ones, as ISO/IEC 14496-12 8.4.2 wants them.
_LONG_CODES = {short: long for long, short in reversed(SHORT_TAGS.items())}


@dataclass(frozen=True, slots=True)
class Mp4Plan:
    """A rendition of the picture (`rung`) with one of the sound, by their names; `language` is ISO 639-2/T."""

    rung: str
    codec: Codec
    sound: str | None
    language: str


def plan_mp4(rungs: Sequence[Rung], audio: Sequence[AudioRendition]) -> tuple[Mp4Plan, ...]:
    """One for each rendition of the picture, all with the sound that plays by itself, in stereo."""
    sound = next((a for a in audio if a.default), audio[0] if audio else None)
    return tuple(
        Mp4Plan(
            rung=r.name,
            codec=r.codec,
            sound=sound.name if sound else None,
            language=long_code(sound.language) if sound else UNDETERMINED,
        )
        for r in rungs
    )


def long_code(tag: str) -> str:
    """The three letters that a track's header has room for.

    >>> long_code("de"), long_code("pt-BR"), long_code("haw"), long_code("cy"), long_code("x-own")
    ('deu', 'por', 'haw', 'cym', 'und')
    """
    primary = tag.partition("-")[0]
    if len(primary) == 3:
        return primary
    known = _LONG_CODES.get(primary)
    if known is not None or len(primary) != 2:
        return known or UNDETERMINED
    from langcodes import Language

    try:
        return str(Language.get(primary).to_alpha3())
    except LookupError:
        return UNDETERMINED
