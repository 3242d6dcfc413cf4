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


def test_a_plain_job_loads_nothing_rare() -> None:
    code = (
        "import sys, ingest.cli.run, ingest.api, ingest.pipeline.runner, ingest.settings, ingest.store\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert {"ingest.steps.verifying_package", "ingest.packaging.measure"} <= loaded
    assert RARE & loaded == set()
