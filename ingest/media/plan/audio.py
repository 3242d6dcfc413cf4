"""Which audio renditions are made of which tracks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media.plan.audio_sources import audio_sources
from ingest.media.plan.track_names import label, unique

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from ingest.media.facts import AudioFacts, Role
    from ingest.media.plan.audio_sources import AudioSource, Take
    from ingest.media.presets import Preset

AAC_FRAME = 1024  # samples, ISO/IEC 14496-3
MAX_AUDIO_SOURCES = 8
_ROLES: dict[Role, str] = {
    "commentary": "commentary",
    "description": "audio description",
    "clear-speech": "clear speech",
}
DESCRIBES_VIDEO = "public.accessibility.describes-video"  # RFC 8216bis 4.4.6.1


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """One audio rendition. `samples` go into the encoder, which adds one frame of priming in front of them.

    Attributes:
        indexes: the streams that it is made of.
        take, positions, source_layout: how their channels are read, see `AudioSource`.
        layout, channels: what is made.
        mixed_down: several channels come together in one, which may pass full scale.
        autoselect: a player may choose it by itself, to suit the viewer's settings.
        gain: dB by which it is made louder, always the same.
        copied: the source's packets are taken as they are, from the one on that begins with the picture.
    """

    name: str
    indexes: tuple[int, ...]
    language: str
    label: str
    role: Role
    take: Take
    positions: tuple[tuple[int, str], ...]
    source_layout: str | None
    layout: str
    channels: int
    mixed_down: bool
    sample_rate: int
    bitrate: int
    samples: int
    default: bool
    autoselect: bool
    gain: float = 0.0
    copied: bool = False

    @property
    def frames(self) -> int:
        return self.samples // AAC_FRAME + 1

    @property
    def characteristics(self) -> str | None:
        return DESCRIBES_VIDEO if self.role == "description" else None


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """`assumed`: what was taken for granted of which stream; `unused`: streams beyond the most that are carried."""

    renditions: tuple[AudioRendition, ...]
    assumed: tuple[str, ...]
    unused: tuple[int, ...]


def plan_audio(tracks: Sequence[AudioFacts], preset: Preset, duration: Fraction) -> AudioPlan:
    """Stereo AAC for each sound, and 5.1 beside it where there is surround.

    Args:
        duration: seconds that the sound must last: the picture's.
    """
    every = audio_sources(tracks)
    sources = every[:MAX_AUDIO_SOURCES]
    return AudioPlan(
        renditions=tuple(_renditions(sources, preset, duration)),
        assumed=tuple(s.assumed for s in sources if s.assumed),
        unused=tuple(i for s in every[MAX_AUDIO_SOURCES:] for i in s.indexes),
    )


def default_source(sources: Sequence[AudioSource]) -> AudioSource | None:
    """What plays unless another is chosen: the flagged one, else the first; no commentary while there is better."""
    main = [s for s in sources if s.role == "main"] or list(sources)
    return next((s for s in main if s.default), main[0] if main else None)


def _renditions(sources: Sequence[AudioSource], preset: Preset, duration: Fraction) -> list[AudioRendition]:
    made: list[AudioRendition] = []
    names: set[str] = set()
    labels: set[str] = set()
    default = default_source(sources)
    chosen = _autoselected(sources, default)
    for source in sources:
        language = source.first.language
        layouts = [("stereo", 2, preset.audio.stereo_bitrate)]
        if source.surround:
            layouts.append(("5.1", 6, preset.audio.surround_bitrate))
        rate = source.first.sample_rate if source.first.sample_rate in {44_100, 48_000} else 48_000
        # Whole AAC frames nearest to the picture's length, less the priming frame that the encoder adds.
        frames = max(2, round(duration * rate / AAC_FRAME))
        # One label for all layouts of a sound (RFC 8216bis 4.4.6.1.1: groups have the same members).
        shown = unique(label(language, "Audio", _ROLES.get(source.role)), labels, " ")
        for layout, channels, bitrate in layouts:
            made.append(
                AudioRendition(
                    name=unique(f"{language}-{layout.replace('.', '')}", names, "-"),
                    indexes=source.indexes,
                    language=language,
                    label=shown,
                    role=source.role,
                    take=source.take,
                    positions=source.positions,
                    source_layout=source.layout,
                    layout=layout,
                    channels=channels,
                    mixed_down=source.channels > channels,
                    sample_rate=rate,
                    bitrate=bitrate,
                    samples=(frames - 1) * AAC_FRAME,
                    default=source is default,
                    autoselect=source in chosen,
                )
            )
    return made


def _autoselected(sources: Sequence[AudioSource], default: AudioSource | None) -> list[AudioSource]:
    """Those that a player may choose by itself: one for each language and purpose (RFC 8216bis 4.4.6.1.1).

    Nobody gets a commentary, or another mix, without asking for it; a description is for those whose settings ask.
    """
    found: dict[tuple[str, bool], AudioSource] = {}
    for source in sorted(sources, key=lambda s: s is not default):
        if source is default or source.role in {"main", "description"}:
            found.setdefault((source.first.language, source.role == "description"), source)
    return list(found.values())
