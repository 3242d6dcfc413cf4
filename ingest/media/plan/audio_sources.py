"""What belongs together among the audio tracks of a source, and where each channel of it goes. Pure.

Cameras and broadcast files (MXF, MOV) carry each channel as a track of its own, and some files do not say where
their channels belong. What is assumed then is the practice of the field: channels 1 and 2 are left and right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.facts import AudioFacts, Role

Take = Literal["mixed", "mapped", "joined", "single", "ambisonic"]

_LEFT_AND_RIGHT = ("FL", "FR")
_SURROUND = ("FL", "FR", "FC", "LFE")
# Layouts, as ffmpeg names them, by the positions that make them up.
_LAYOUTS = {
    _LEFT_AND_RIGHT: "stereo",
    ("FL", "FR", "FC"): "3.0",
    ("FL", "FR", "FC", "BL", "BR"): "5.0",
    ("FL", "FR", "FC", "SL", "SR"): "5.0(side)",
    (*_SURROUND, "BL", "BR"): "5.1",
    (*_SURROUND, "SL", "SR"): "5.1(side)",
}
# What an unnamed number of channels is taken for (SMPTE ST 2035, Rec. ITU-R BS.775 order); others: 1 and 2.
_ASSUMED = {3: ("FL", "FR", "FC"), 5: ("FL", "FR", "FC", "BL", "BR"), 6: (*_SURROUND, "BL", "BR")}
_NAMED_LAYOUT = re.compile(
    r"(?:mono|stereo|downmix|binaural|quad|cube|[a-z]*gonal|\d\d?\.\d(?:\.\d)?)(?:\([a-z-]+\))?"
)
_SINGLE = re.compile(r"1 channels \(([A-Z0-9]{1,5})\)")
_LISTED = re.compile(r"\d{1,3} channels \(([A-Z0-9]{1,5}(?:\+[A-Z0-9]{1,5})*)\)")


@dataclass(frozen=True, slots=True)
class AudioSource:
    """One sound: a track, or mono tracks that make one together.

    Attributes:
        tracks: streams of the source.
        take: how its channels are read. mixed: as the decoder names them; mapped: by number; joined: one from
            each track; single: one for both sides (stereo may follow it); ambisonic: the first order's W and Y.
        positions: for mapped and joined: channel or track number and the position that it gets.
        layout: of what is read so; None: the decoder's own.
        assumed: what was taken for granted, for a person to know; None where the file says it.
    """

    tracks: tuple[AudioFacts, ...]
    take: Take
    channels: int
    layout: str | None
    positions: tuple[tuple[int, str], ...] = ()
    assumed: str | None = None

    @property
    def first(self) -> AudioFacts:
        return self.tracks[0]

    @property
    def indexes(self) -> tuple[int, ...]:
        return tuple(t.index for t in self.tracks)

    @property
    def role(self) -> Role:
        return self.first.role

    @property
    def default(self) -> bool:
        return any(t.default for t in self.tracks)

    @property
    def surround(self) -> bool:
        """It has a centre or sides and backs that a 5.1 rendition keeps."""
        return (
            self.channels >= 5
            and re.match(r"[579]\.|6\.[01](?!\(front)|22\.2|hexag|octag", self.layout or "") is not None
        )


def audio_sources(tracks: Sequence[AudioFacts]) -> list[AudioSource]:
    """The sounds of a source in file order."""
    if not _discrete(tracks):
        return [_of_track(t) for t in tracks]
    found: list[AudioSource] = []
    rest = list(tracks)
    while rest:
        taken = _labelled(rest) or _pair(rest) or _of_track(rest[0])
        found.append(taken)
        rest = rest[len(taken.tracks) :]
    return found


def _discrete(tracks: Sequence[AudioFacts]) -> bool:
    """Channels in tracks of their own: all mono and alike, uncompressed as only production files are."""
    kinds = {(t.codec, t.sample_rate, t.language, t.role) for t in tracks}
    mono = all(t.channels == 1 and t.codec.startswith("pcm_") for t in tracks)
    return len(tracks) > 1 and mono and len(kinds) == 1


def _labelled(tracks: Sequence[AudioFacts]) -> AudioSource | None:
    """The first tracks, where they are labelled as a whole layout (QuickTime's `chan` atom)."""
    labels = [m[1] if (m := _SINGLE.fullmatch(t.layout or "")) else _centre(t) for t in tracks]
    for positions, layout in sorted(_LAYOUTS.items(), key=lambda item: -len(item[0])):
        count = len(positions)
        if sorted(labels[:count]) == sorted(positions):
            order = tuple((labels.index(p), p) for p in positions)
            return AudioSource(tuple(tracks[:count]), "joined", count, layout, order)
    return None


def _centre(track: AudioFacts) -> str:
    """A mono track among labelled ones is the centre."""
    return "FC" if track.layout == "mono" else ""


def _pair(tracks: Sequence[AudioFacts]) -> AudioSource | None:
    pair = tuple(tracks[:2])
    if len(pair) < 2 or any((t.layout or "mono") not in {"mono", "unknown"} for t in pair):
        return None
    assumed = f"streams {pair[0].index} and {pair[1].index} are taken as left and right"
    return AudioSource(pair, "joined", 2, "stereo", ((0, "FL"), (1, "FR")), assumed)


def _of_track(track: AudioFacts) -> AudioSource:
    if track.channels == 1:
        if track.layout == "mono":
            return AudioSource((track,), "single", 1, "stereo")
        return AudioSource((track,), "mapped", 1, "stereo", ((0, "FL"), (0, "FR")))
    layout = track.layout or ""
    if layout.startswith("ambisonic ") and track.channels >= 4:
        return AudioSource((track,), "ambisonic", track.channels, "stereo")
    if track.channels == 2 or _NAMED_LAYOUT.fullmatch(layout):
        return AudioSource((track,), "mixed", track.channels, layout if track.channels > 2 else "stereo")
    names = m[1].split("+") if (m := _LISTED.fullmatch(layout)) else []
    for positions, known in sorted(_LAYOUTS.items(), key=lambda item: -len(item[0])):
        if len(names) == track.channels and all(names.count(p) == 1 for p in positions):
            order = tuple((names.index(p), p) for p in positions)
            return AudioSource((track,), "mapped", len(order), known, order)
    assumed = _ASSUMED.get(track.channels, _LEFT_AND_RIGHT)
    words = (
        f"channels 1 and 2 of {track.channels} are taken as left and right"
        if assumed == _LEFT_AND_RIGHT
        else f"its {track.channels} channels are taken as {_LAYOUTS[assumed]}"
    )
    return AudioSource(
        (track,),
        "mapped",
        len(assumed),
        _LAYOUTS[assumed],
        tuple(enumerate(assumed)),
        f"stream {track.index} does not say where its channels belong: {words}",
    )
