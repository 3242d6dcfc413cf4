"""Which text renditions are made of which tracks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media.plan.track_names import label, unique
from ingest.media.text_facts import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.text_facts import TextFacts

MAX_TEXT_TRACKS = 32


@dataclass(frozen=True, slots=True)
class TextRendition:
    """One text rendition; `index` is the source's stream, None for the captions in the picture.

    `selectable`: a player may choose it by itself, by language. Of two that are alike only the first may
    (RFC 8216bis 4.4.6.1.1).
    """

    name: str
    index: int | None
    codec: str
    language: str
    label: str
    forced: bool
    hearing_impaired: bool
    default: bool
    selectable: bool

    @property
    def decoded(self) -> bool:
        """Whether ffmpeg decodes it; else its samples are documents."""
        return self.codec not in DOCUMENTS


def usable_text(tracks: Sequence[TextFacts]) -> tuple[TextFacts, ...]:
    """The tracks that renditions are made of."""
    return tuple(t for t in tracks if t.kind == "text")[:MAX_TEXT_TRACKS]


def text_renditions(tracks: Sequence[TextFacts]) -> tuple[TextRendition, ...]:
    """One rendition for each track that is text.

    The first track with the default flag is shown unless a person chooses otherwise; forced ones, which players
    show by themselves, never are the default.
    """
    usable = usable_text(tracks)
    default = next((t for t in usable if t.default and not t.forced), None)
    names: set[str] = set()
    labels: set[str] = set()
    alike: set[tuple[str, bool, bool]] = set()
    made: list[TextRendition] = []
    for track in usable:
        kind = (track.language, track.forced, track.hearing_impaired)
        note = "forced" if track.forced else "SDH" if track.hearing_impaired else None
        made.append(
            TextRendition(
                name=unique(track.language, names, "-"),
                index=track.index,
                codec=track.codec,
                language=track.language,
                label=unique(label(track.language, "Text", note), labels, " "),
                forced=track.forced,
                hearing_impaired=track.hearing_impaired,
                default=track is default,
                selectable=kind not in alike or track is default,
            )
        )
        alike.add(kind)
    return tuple(made)
