"""What a job loads: modules that only some sources need cost all others CPU seconds."""

from __future__ import annotations

import subprocess
import sys

# Each belongs to steps, packages or questions that a plain film to CMAF does not have.
RARE = {
    "asyncio",
    "ingest.klv",
    "ingest.packaging.ass",
    "ingest.packaging.transport",
    "ingest.packaging.webvtt_reader",
    "ingest.steps.generating_chapters",
    "ingest.steps.generating_klv_cues",
    "ingest.steps.generating_subtitles",
    "ingest.steps.measuring_quality",
    "ingest.store.queries",
    "ingest.telemetry",
    "langcodes",
    "pyclipper",
    "rich",
    "sqlalchemy",
}


START = "ingest.cli.run, ingest.api, ingest.pipeline.runner, ingest.settings, ingest.store"
AFTER_THE_ENCODE = {
    "ingest.steps.generating_abr_info_files",
    "ingest.steps.generating_hls_service_files",
    "ingest.steps.generating_poster_image",
    "ingest.steps.generating_preview_images",
    "ingest.steps.verifying_package",
}
# What only they need.
LATE = AFTER_THE_ENCODE | {
    "PIL",
    "ingest.packaging.measure",
    "ingest.packaging.playlists",
    "m3u8",
    "xml.etree.ElementTree",
}


def loaded(modules: str) -> set[str]:
    """What a Python of its own has loaded once it has imported these."""
    code = f"import sys, {modules}\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_a_plain_job_loads_nothing_rare() -> None:
    everything = loaded(", ".join([START, *sorted(AFTER_THE_ENCODE)]))
    assert everything >= LATE
    assert RARE & everything == set()


def test_a_job_encodes_before_it_loads_what_comes_after() -> None:
    before = loaded(START)
    assert {"ingest.steps.transcoding", "ingest.steps.planning_resolutions"} <= before
    assert LATE & before == set()
