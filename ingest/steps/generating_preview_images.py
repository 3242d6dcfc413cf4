"""182 Generating Preview Images: sprite sheets, previews.vtt and Esri's preview.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingest.images.frames import list_frames
from ingest.images.previews import write_preview_json, write_vtt
from ingest.images.sprites import Previews, build_sheets
from ingest.steps.context import Env, Outcome

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.steps.encoding import Encoded
    from ingest.steps.generating_hls_service_files import Packaged

FOLDER = Path("previews")


def run(env: Env, plan: Plan, encoded: Encoded, packaged: Packaged) -> Outcome[Previews]:
    folder = env.package / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    frames = list_frames(encoded.previews)
    # As measured: a damaged source may have come out shorter than planned.
    duration = max(t.last_presentation for t in packaged.videos.values())
    previews = build_sheets(frames, duration, plan.stills.preview_interval, folder)
    write_vtt(previews, folder / "previews.vtt")
    write_preview_json(previews, folder)
    return Outcome(previews)
