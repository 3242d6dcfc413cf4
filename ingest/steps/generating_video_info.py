"""158 Generating Video Info: info/video.json, the picture as it was measured."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.steps.context import Outcome, rate_text, write_json

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts, Container, KlvFacts, Scan, VideoFacts
    from ingest.media.light import Light
    from ingest.media.text_facts import Chapter, TextFacts

FILE = Path("info/video.json")
# Esri's sourceQuality, by the short side (arcgis.md 2.1, 2.3).
QUALITIES = ((2160, "uhd"), (1440, "qhd"), (1080, "fhd"), (720, "hd"), (0, "sd"))


def run(
    package: Path,
    container: Container,
    video: VideoFacts,
    audio: tuple[AudioFacts, ...],
    klv: tuple[KlvFacts, ...],
    text: tuple[TextFacts, ...] = (),
    chapters: tuple[Chapter, ...] = (),
) -> Outcome[Path]:
    write_json(package / FILE, document(container, video, audio, klv, text, chapters))
    return Outcome(FILE)


def light(found: Light | None) -> dict[str, Any] | None:
    """Chromaticities as CIE 1931 x and y, luminances in cd/m2; 0 is unknown."""
    if found is None:
        return None
    display = found.mastering
    return {
        "maxContentLightLevel": found.max_cll,
        "maxFrameAverageLightLevel": found.max_fall,
        "masteringDisplay": display
        and {
            "red": display.red,
            "green": display.green,
            "blue": display.blue,
            "white": display.white,
            "maxLuminance": display.brightest,
            "minLuminance": display.darkest,
        },
    }


def document(
    container: Container,
    video: VideoFacts,
    audio: tuple[AudioFacts, ...],
    klv: tuple[KlvFacts, ...],
    text: tuple[TextFacts, ...] = (),
    chapters: tuple[Chapter, ...] = (),
) -> dict[str, Any]:
    timing = video.timing
    aspect = Fraction(video.display_width, video.display_height)
    short = min(video.display_width, video.display_height)
    return {
        "containerFormat": container.format,
        "sizeBytes": container.size,
        "durationMs": round(timing.duration * 1000),
        "startSeconds": timing.start,
        "frameCount": timing.frames,
        "frameRate": rate_text(timing.rate) if timing.rate else None,
        "meanFrameRate": timing.mean_rate,
        "variableFrameRate": timing.rate is None,
        "longestGapSeconds": timing.longest_gap,
        "gop": {"keyFrames": timing.key_frames, "longestSeconds": timing.longest_key_distance},
        "codec": video.codec,
        "profile": video.profile,
        "level": video.level,
        "pixelFormat": video.pixel_format,
        "bitDepth": video.bit_depth,
        "bitRate": video.bit_rate,
        "codedWidth": video.width,
        "codedHeight": video.height,
        "width": video.display_width,
        "height": video.display_height,
        "aspectRatio": f"{aspect.numerator}:{aspect.denominator}",
        "sampleAspectRatio": f"{video.sample_aspect.numerator}:{video.sample_aspect.denominator}",
        "rotation": video.rotation,
        "mirrored": video.mirrored,
        "fieldOrder": video.field_order,
        "scan": scan(video.scan),
        "colour": {
            "primaries": video.colour.primaries,
            "transfer": video.colour.transfer,
            "matrix": video.colour.matrix,
            "fullRange": video.colour.full_range,
            "hdr": video.colour.hdr,
            "dolbyVision": video.dolby_vision
            and {
                "profile": video.dolby_vision.profile,
                "compatibility": video.dolby_vision.compatibility,
            },
        },
        "light": light(video.light),
        "sourceQuality": next(name for lines, name in QUALITIES if short >= lines),
        "audio": [
            {
                "index": a.index,
                "codec": a.codec,
                "profile": a.profile,
                "sampleRate": a.sample_rate,
                "channels": a.channels,
                "channelLayout": a.layout,
                "language": a.language,
                "title": a.title,
                "role": a.role,
                "default": a.default,
                "startSeconds": a.start,
                "durationSeconds": a.duration,
                "bitRate": a.bit_rate,
            }
            for a in audio
        ],
        "text": [
            {
                "index": t.index,
                "codec": t.codec,
                "kind": t.kind,
                "language": t.language,
                "default": t.default,
                "forced": t.forced,
                "hearingImpaired": t.hearing_impaired,
            }
            for t in text
        ],
        "chapters": [{"startSeconds": c.start, "endSeconds": c.end, "title": c.title} for c in chapters],
        "klv": [{"index": k.index, "carriage": k.carriage, "programId": k.program_id} for k in klv],
    }


def scan(found: Scan) -> dict[str, Any]:
    """The sample of pictures from all over the film; `judged` null where no doubt asked for it."""
    judged = found.judged
    return {
        "sampled": found.pictures,
        "flaggedTopFirst": found.top,
        "flaggedBottomFirst": found.bottom,
        "judged": judged
        and {
            "sampled": judged.pictures,
            "topFirst": judged.top,
            "bottomFirst": judged.bottom,
            "progressive": judged.smooth,
            "pulldown": judged.pulldown,
        },
    }
