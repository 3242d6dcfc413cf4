"""9011 Generating Chapters: info/chapters.json, and text/chapters.vtt for a `<track kind="chapters">`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.packaging import webvtt
from ingest.packaging.webvtt import Cue, Run
from ingest.steps.context import Outcome, write_json

if TYPE_CHECKING:
    from ingest.media.plan import Plan

FILE = Path("info/chapters.json")
TRACK = Path("text/chapters.vtt")


def run(package: Path, plan: Plan) -> Outcome[Path]:
    write_json(package / FILE, document(plan))
    track = package / TRACK
    track.parent.mkdir(parents=True, exist_ok=True)
    track.write_text(webvtt.whole(cues(plan)), encoding="utf-8")
    return Outcome(FILE)


def document(plan: Plan) -> dict[str, Any]:
    return {
        "track": TRACK.as_posix(),
        "chapters": [
            {"number": number, "startSeconds": c.start, "endSeconds": c.end, "title": c.title}
            for number, c in enumerate(plan.chapters, 1)
        ],
    }


def cues(plan: Plan) -> tuple[Cue, ...]:
    """One cue a chapter (WebVTT 1.2, chapter titles); one without a title is called by its number."""
    made = [
        Cue(round(c.start * 1000), round(c.end * 1000), (Run(c.title or f"Chapter {number}"),))
        for number, c in enumerate(plan.chapters, 1)
    ]
    return webvtt.tidy(made, plan.duration)[0]
