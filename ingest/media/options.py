"""What a person may choose of how a package is made; the presets say the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.codec_names import Codec
    from ingest.media.logo_choice import Logo

Hdr = Literal["sdr", "keep"]
EncoderChoice = Literal["auto", "cpu", "nvenc", "qsv", "vaapi", "amf", "videotoolbox"]
Verify = Literal["default", "full"]
Format = Literal["cmaf", "ts"]
Quality = Literal["vmaf"]
Copy = Literal["auto", "never", "require"]

GROUND_LOWEST, GROUND_HIGHEST = -1000.0, 9000.0  # metres
LOUDNESS_SOFTEST, LOUDNESS_LOUDEST = -70.0, -5.0  # LUFS


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one job, checked; the defaults are what a job does when nothing is said.

    Attributes:
        allow_damage: take a source of which more than 1 % or 2 s is lost.
        codecs: every resolution is made in each of them.
        hdr: HDR becomes SDR, or is kept in HEVC and AV1.
        encoder: hardware where a trial encode works, software, or hardware of one kind.
        loudness: LUFS that each audio rendition is brought to by a constant gain; None: as it is.
        verify: `default` decodes parts of each rendition, `full` every frame.
        format: CMAF segments for HLS and DASH, or HLS alone over MPEG-2 transport streams.
        klv: a file of telemetry beside the film; None: only what the film itself has.
        ground: metres above the sea of the ground where telemetry does not say it, for computed footprints.
        quality: measure each rendition against the source; None: do not.
        copy: renditions that the source already is are copied, encoded, or copied or the job fails.
        jobs: chunks that are encoded side by side; None: by cores and memory.
        start, end: seconds from the film's first picture on: only what is shown between them is made; None: to its end.
        audio: whether there is sound.
        crop: pixels that go at the top, on the right, at the bottom and on the left of the upright picture.
        logos: pictures laid over every rendition, the first one at the bottom; each names a file.
        pad: the finished picture's shape, 16 by 9 for example, and the colour of the bars (`#rrggbb`); None: its own.
        thumbnails: sets of pictures, each as `thumbnail_sets.parse_set` reads it.
        mp4: each rendition with its sound is made a progressive MP4 file as well.
    """

    allow_damage: bool = False
    codecs: tuple[Codec, ...] = ("h264",)
    hdr: Hdr = "sdr"
    encoder: EncoderChoice = "auto"
    loudness: float | None = None
    verify: Verify = "default"
    format: Format = "cmaf"
    quality: Quality | None = None
    klv: Path | None = None
    ground: float = 0.0
    copy: Copy = "auto"
    jobs: int | None = None
    mp4: bool = False
    start: float = 0.0
    end: float | None = None
    thumbnails: tuple[str, ...] = ()
    audio: bool = True
    crop: tuple[int, int, int, int] | None = None
    logos: tuple[Logo, ...] = ()
    pad: tuple[int, int, str] | None = None


DEFAULTS = Options()
