"""182 Generating Preview Images: sprite sheets, previews.vtt and Esri's preview.json."""

from __future__ import annotations

from pathlib import Path

from ingest.images.frames import list_frames
from ingest.images.previews import write_preview_json, write_vtt
from ingest.images.sprites import Previews, build_sheets
from ingest.media.plan import Plan
from ingest.steps.context import Env, Outcome
from ingest.steps.transcoding import Encoded

FOLDER = Path("previews")


def run(env: Env, plan: Plan, encoded: Encoded) -> Outcome[Previews]:
    folder = env.package / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    frames = list_frames(encoded.previews)
    previews = build_sheets(frames, plan.duration, plan.stills.preview_interval, folder)
    write_vtt(previews, folder / "previews.vtt")
    write_preview_json(previews, folder)
    return Outcome(previews)
