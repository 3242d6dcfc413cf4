"""A few inputs of `bench/fuzz.py`: it works, and finds nothing in them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from main_job import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

pytestmark = pytest.mark.media


def test_damaged_and_forged_sources(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    for clip in (clips.small(), clips.tiny()):
        shutil.copy(clip, tmp_path / "media")
    options = ["--plans", "40", "--runs", "3", "--jobs", "2", "--keep", str(tmp_path / "kept")]
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "fuzz.py"), "--media", str(tmp_path / "media"), *options],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 findings\n")
    lines = (tmp_path / "kept" / "outcomes.jsonl").read_text("utf-8").splitlines()
    tried = [(line["what"], line["number"]) for line in map(json.loads, lines)]
    assert sorted(tried) == [*(("plan", n) for n in range(40)), *(("run", n) for n in range(3))]
