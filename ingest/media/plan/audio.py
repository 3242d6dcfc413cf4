"""Which audio renditions are made of which tracks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from ingest.media.facts import AudioFacts
    from ingest.media.presets import Preset

AAC_FRAME = 1024  # samples, ISO/IEC 14496-3
MAX_AUDIO_TRACKS = 8


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """One audio rendition. `samples` go into the encoder, which adds one frame of priming in front of them."""

    name: str
    index: int
    language: str
    label: str
    layout: str
    channels: int
    source_channels: int
    sample_rate: int
    bitrate: int
    samples: int
    default: bool

    @property
    def frames(self) -> int:
        return self.samples // AAC_FRAME + 1


def audio_renditions(
    tracks: Sequence[AudioFacts], preset: Preset, duration: Fraction
) -> list[AudioRendition]:
    """Stereo AAC for each track, and 5.1 beside it where the track has at least six channels."""
    made: list[AudioRendition] = []
    names: set[str] = set()
    labels: set[str] = set()
    default = next((t for t in tracks if t.default), tracks[0] if tracks else None)
    for track in tracks:
        layouts = [("stereo", 2, preset.audio.stereo_bitrate)]
        if track.channels >= 6 and (track.layout or "5.1").startswith(("5.1", "6.1", "7.1", "hexagonal")):
            layouts.append(("5.1", 6, preset.audio.surround_bitrate))
        rate = track.sample_rate if track.sample_rate in {44_100, 48_000} else 48_000
        # Whole AAC frames nearest to the picture's length, less the priming frame that the encoder adds.
        frames = max(2, round(duration * rate / AAC_FRAME))
        # One label for all layouts of a track (RFC 8216bis 4.4.6.1.1: groups have the same members), and no text
        # from the source: a title could hold quotes or newlines, which an HLS attribute cannot.
        label = _unique(track.language if track.language != "und" else "Audio", labels, " ")
        for layout, channels, bitrate in layouts:
            name = _unique(f"{track.language}-{layout.replace('.', '')}", names)
            made.append(
                AudioRendition(
                    name=name,
                    index=track.index,
                    language=track.language,
                    label=label,
                    layout=layout,
                    channels=channels,
                    source_channels=track.channels,
                    sample_rate=rate,
                    bitrate=bitrate,
                    samples=(frames - 1) * AAC_FRAME,
                    default=track is default,
                )
            )
    return made


def _unique(name: str, taken: set[str], separator: str = "-") -> str:
    number, result = 1, name
    while result in taken:
        number += 1
        result = f"{name}{separator}{number}"
    taken.add(result)
    return result
