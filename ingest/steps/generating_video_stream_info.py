"""157 Generating Video Stream Info: info/streams.json, one entry for each stream of the source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.media.document import Document, fraction, integer
from ingest.media.plan.text import usable_text
from ingest.media.video_facts import language_tag
from ingest.steps.context import Outcome, write_json

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts, KlvFacts
    from ingest.steps.probing_video_codec import Probed

FILE = Path("info/streams.json")


def run(
    package: Path, probed: Probed, audio: tuple[AudioFacts, ...], klv: tuple[KlvFacts, ...]
) -> Outcome[Path]:
    write_json(package / FILE, document(probed, audio, klv))
    return Outcome(FILE)


def document(probed: Probed, audio: tuple[AudioFacts, ...], klv: tuple[KlvFacts, ...]) -> dict[str, Any]:
    used = {probed.video.index, *(a.index for a in audio), *(t.index for t in usable_text(probed.text))}
    klv_indexes = {k.index for k in klv}
    return {
        "streams": [
            describe(s, used=int(s["index"]) in used, klv=int(s["index"]) in klv_indexes)
            for s in probed.document.get("streams", [])
        ]
    }


def describe(stream: Document, *, used: bool, klv: bool) -> dict[str, Any]:
    """One stream as it is declared; texts are cut to a bound, since they come from a stranger."""
    kind = str(stream.get("codec_type", "unknown"))
    facts: dict[str, Any] = {
        "index": stream.get("index"),
        "type": "klv" if klv else kind,
        "codec": stream.get("codec_name", "unknown"),
        "codecTag": str(stream.get("codec_tag_string", ""))[:16],
        "profile": stream.get("profile"),
        "used": used,
        "language": language_tag(stream.get("tags", {}).get("language")),
        "timeBase": stream.get("time_base"),
        "startSeconds": fraction(stream.get("start_time")),
        "durationSeconds": fraction(stream.get("duration")),
        "bitRate": integer(stream.get("bit_rate")),
        "dispositions": sorted(k for k, v in stream.get("disposition", {}).items() if v),
    }
    if kind == "video":
        facts |= {
            "width": stream.get("width"),
            "height": stream.get("height"),
            "pixelFormat": stream.get("pix_fmt"),
            "sampleAspectRatio": stream.get("sample_aspect_ratio"),
            "declaredFrameRate": stream.get("r_frame_rate"),
            "averageFrameRate": stream.get("avg_frame_rate"),
            "level": stream.get("level"),
        }
    if kind == "audio":
        facts |= {
            "sampleRate": integer(stream.get("sample_rate")),
            "channels": stream.get("channels"),
            "channelLayout": stream.get("channel_layout"),
        }
    return facts
