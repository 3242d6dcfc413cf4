"""From the plan to Shaka Packager's argument list. Pure.

All paths are relative: the packager runs with the folder above the package as its current folder. One fragment
is one GOP, so that the I-frame playlists have an entry for each key picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

INIT = "init.mp4"
SEGMENT = "seg-$Number%05d$.m4s"
TRANSPORT_SEGMENT = "seg-$Number%05d$.ts"
PACKED_SEGMENT = "seg-$Number%05d$.aac"
TRANSPORT_START = 10_000
"""Milliseconds on a transport stream's clock where the film begins: reordered pictures are decoded before they are
shown, at one picture a second by seconds, and there is no time below 0."""
_CACHE = f"--io_cache_size={2**20}"
"""Bytes that the packager sets aside, and clears, for each file that it opens: its own 32 MiB for every segment, be it
of two kilobytes, were nine tenths of what packaging a short film costs."""
_CLOCK = (f"--transport_stream_timestamp_offset_ms={TRANSPORT_START}",)
MEDIA_PLAYLIST = "index.m3u8"
IFRAME_PLAYLIST = "iframes.m3u8"
TRICK_MASTER = "trick.m3u8"
TRICK = "trick"  # the folder of the trick play rendition
MASTER = "ABR.m3u8"
MPD = "manifest.mpd"
UNDETERMINED = "und"  # BCP 47 (ISO 639-2) for a language that nobody stated
GROUP_STEREO = "stereo"
GROUP_SURROUND = "surround"
GROUP_TEXT = "text"
GROUP_KLV = "klv"
"""What the group of all text renditions is called where KLV is among them."""
KLV_FOLDER = "telemetry"


def video_folder(name: str) -> str:
    """Where a rendition of the picture is in the package."""
    return f"video/{name}"


def audio_folder(name: str) -> str:
    """Where a rendition of the sound is in the package."""
    return f"audio/{name}"


@dataclass(frozen=True, slots=True)
class VideoInput:
    """`folder` is the rendition's place in the package, such as `video/hd`."""

    file: str
    folder: str


@dataclass(frozen=True, slots=True)
class AudioInput:
    """`role` and `accessibility` as DASH has them (ISO/IEC 23009-1, 5.8.5.5), `characteristics` as HLS has them."""

    file: str
    folder: str
    language: str
    label: str
    group: str
    default: bool
    role: str = "main"
    accessibility: str | None = None
    characteristics: str | None = None


def packager_arguments(
    program: str,
    package: str,
    videos: tuple[VideoInput, ...],
    audios: tuple[AudioInput, ...],
    *,
    segment: Fraction,
    fragment: Fraction,
    transport: bool = False,
) -> tuple[str, ...]:
    """The whole packager command; `package` is the package folder's relative name.

    `transport`: pictures as transport streams and sound as packed audio (RFC 8216bis 3.1.3: a transport stream would
    make stereo AAC at 128 kbit/s a quarter larger), and no DASH manifest, which has no use for either.
    """
    default = next((a.language for a in audios if a.default and a.language != UNDETERMINED), None)
    return (
        program,
        *(_video(package, v, transport=transport) for v in videos),
        *(_audio(package, a, transport=transport) for a in audios),
        f"--segment_duration={decimal(segment)}",
        f"--fragment_duration={decimal(fragment)}",
        "--hls_playlist_type=VOD",
        _CACHE,
        f"--hls_master_playlist_output={package}/{MASTER}",
        *(_CLOCK if transport else (f"--mpd_output={package}/{MPD}", "--generate_static_live_mpd")),
        *((f"--default_language={default}",) if default else ()),
    )


def trick_arguments(
    program: str, package: str, file: str, *, segment: Fraction, fragment: Fraction, transport: bool = False
) -> tuple[str, ...]:
    """The command for the trick play rendition: a run of its own, as its fragments are one picture each.

    The master playlist (`TRICK_MASTER`) is there since the packager insists on one; nobody needs it.
    """
    return (
        program,
        _video(package, VideoInput(file, TRICK), transport=transport),
        f"--segment_duration={decimal(segment)}",
        f"--fragment_duration={decimal(fragment)}",
        "--hls_playlist_type=VOD",
        _CACHE,
        f"--hls_master_playlist_output={package}/{TRICK_MASTER}",
        *(_CLOCK if transport else ()),
    )


def decimal(value: Fraction) -> str:
    """Seconds to a microsecond, rounded down.

    The packager cuts at the first key picture at or after a multiple of this: a hair too long and it would cut
    one GOP late, a hair too short makes no difference.

    >>> decimal(Fraction(3003, 500)), decimal(Fraction(1001, 240))
    ('6.006000', '4.170833')
    """
    micros = value.numerator * 1_000_000 // value.denominator
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _video(package: str, video: VideoInput, *, transport: bool) -> str:
    return ",".join(
        (
            f"in={video.file}",
            "stream=video",
            *_segments(f"{package}/{video.folder}", TRANSPORT_SEGMENT if transport else None),
            f"playlist_name={video.folder}/{MEDIA_PLAYLIST}",
            f"iframe_playlist_name={video.folder}/{IFRAME_PLAYLIST}",
        )
    )


def _audio(package: str, audio: AudioInput, *, transport: bool) -> str:
    return ",".join(
        (
            f"in={audio.file}",
            "stream=audio",
            *_segments(f"{package}/{audio.folder}", PACKED_SEGMENT if transport else None),
            f"playlist_name={audio.folder}/{MEDIA_PLAYLIST}",
            f"hls_group_id={audio.group}",
            f"hls_name={audio.label}",
            # Without a label of its own, two tracks of one language would be one set that players switch inside.
            f"dash_label={audio.label}",
            f"dash_roles={audio.role}",
            *((f"dash_accessibilities={audio.accessibility}",) if audio.accessibility else ()),
            *((f"hls_characteristics={audio.characteristics}",) if audio.characteristics else ()),
            # The packager refuses "und"; the master playlist gets its LANGUAGE afterwards.
            *((f"language={audio.language}",) if audio.language != UNDETERMINED else ()),
        )
    )


def _segments(folder: str, own: str | None) -> tuple[str, ...]:
    """Where segments go: `own` are such as need no initialization segment."""
    if own:
        return (f"segment_template={folder}/{own}",)
    return f"init_segment={folder}/{INIT}", f"segment_template={folder}/{SEGMENT}"
