"""The programs under bench/ are run by hand; that they still fit what they measure with is seen here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
PROGRAMS = sorted(file.stem for file in BENCH.glob("*.py"))


@pytest.mark.parametrize(
    "code", [f"import {', '.join(PROGRAMS)}", "import traits; traits.cases(traits.ROOT)"]
)
def test_every_module_finds_what_it_imports(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=BENCH, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
