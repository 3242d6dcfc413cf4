from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import main
from ingest.cli.show import page
from ingest.store import JobSummary, open_store, this_process

if TYPE_CHECKING:
    from pathlib import Path

RECORD: dict[str, Any] = {
    "jobId": "j11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "inputs": {"requestedResolutions": "sd,fhd"},
    "messages": ["Starting Ingest", "Transcoding with CPU"],
    "type": "Publish Streaming Service",
    "results": {},
    "status": "FAILED",
    "username": "ann",
    "customAttributes": {"messageCodes": [117, 9001]},
    "source": {"path": "/videos/grö\x1b[31mße.mp4", "name": "größe.mp4", "size": 1000},
    "output": "/videos/one_ingest",
    "times": {
        "submitted": "2026-11-22T11:14:29.123Z",
        "started": "2026-11-22T11:14:29.200Z",
        "ended": "2026-11-22T11:14:41.640Z",
        "seconds": 12.44,
    },
    "progress": {"percent": 42.25, "step": "Transcoding with CPU", "code": 9001},
    "steps": [
        {"code": 117, "message": "Starting Ingest", "seconds": 0.04, "result": "done"},
        {"code": 9001, "message": "Transcoding with CPU", "seconds": None, "result": "failed"},
    ],
    "outputs": [
        {
            "resolution": "sd",
            "status": "FAILED",
            "percent": 42.25,
            "width": 720,
            "height": 404,
            "messages": ["Transcoding Failed"],
        },
        {
            "resolution": "fhd",
            "status": "LEFT_OUT",
            "percent": 0,
            "width": None,
            "height": None,
            "messages": ["Resolution Left Out: above the source"],
        },
    ],
    "warnings": [{"code": 9202, "message": "Source Damaged: 3 frames"}],
    "error": {
        "code": 9318,
        "message": "ffmpeg ended with 1",
        "remedy": "look at the source",
        "step": "Transcoding with CPU",
        "detail": "first line\nlast\x07 line\n",
    },
    "tools": {"ffmpeg": "9.0.2", "packager": "3.8.0"},
}
PAGE = """\
job        j11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa
status     FAILED
source     /videos/grö\\x1b[31mße.mp4
output     /videos/one_ingest
submitted  2026-11-22T11:14:29.123Z
started    2026-11-22T11:14:29.200Z
ended      2026-11-22T11:14:41.640Z
took       12.4 s
progress   42.2 %  Transcoding with CPU
made with  ffmpeg 9.0.2, packager 3.8.0

Steps
  117   Starting Ingest       done    0.0 s
  9001  Transcoding with CPU  failed

Resolutions
  sd   FAILED    720x404  42.2 %  Transcoding Failed
  fhd  LEFT_OUT           0.0 %   Resolution Left Out: above the source

Warnings
  9202  Source Damaged: 3 frames

Error
  code     9318
  message  ffmpeg ended with 1
  step     Transcoding with CPU
  remedy   look at the source
  | first line
  | last\\x07 line"""

SUMMARY = JobSummary(
    job_id=RECORD["jobId"],
    status="EXECUTING",
    source="s",
    output="o",
    resolutions=(),
    created="2026-11-22T11:14:29.123Z",
    updated="2026-11-22T11:14:31.000Z",
    percent=0.0,
    step="",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("INGEST_HOME", str(folder))
    return folder


def save(home: Path, text: str, summary: JobSummary = SUMMARY) -> None:
    with open_store(home) as store:
        store.save(text, summary=summary)


def test_the_page() -> None:
    assert page(RECORD) == PAGE


def test_a_page_of_little() -> None:
    assert page({"jobId": "j1", "status": "SUBMITTED"}) == "job     j1\nstatus  SUBMITTED"
    assert page({}) == ""


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RECORD, *SUMMARY.__slots__]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(RECORD)), values))
def test_no_record_is_too_strange(record: dict[str, Any]) -> None:
    assert all(line.isprintable() for line in page(record).split("\n"))


def test_the_page_of_a_stored_job(home: Path) -> None:
    save(home, json.dumps(RECORD))
    result = CliRunner().invoke(main, ["show", "j1111"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, PAGE + "\n", "")


def test_an_interrupted_job_says_so(home: Path) -> None:
    pid, host, _ = this_process()
    summary = JobSummary(**{**{k: getattr(SUMMARY, k) for k in SUMMARY.__slots__}, "pid": pid, "host": host})
    save(home, '{"jobId": "j1", "status": "EXECUTING"}', summary)  # `updated` is older than this process
    result = CliRunner().invoke(main, ["show", "j1"])
    line = "status  EXECUTING (interrupted: its process is gone; run the same command again)"
    assert result.stdout.splitlines() == ["job     j1", line]


def test_json_is_the_record_exactly(home: Path) -> None:
    text = '{"b":1,   "a": "größe 🎬", "n": 1.50}\n'
    save(home, text)
    result = CliRunner().invoke(main, ["show", "j1111", "--json"])
    assert (result.exit_code, result.stdout) == (0, text)


def test_json_on_a_terminal_without_the_letters_is_still_the_same_json(home: Path) -> None:
    text = '{"b":1,   "a": "größe 🎬"}\n'
    save(home, text)
    code = "from ingest.cli import main; main(['show', 'j1', '--json'])"
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ)
    assert done.stdout == '{"b":1,   "a": "gr\\u00f6\\u00dfe \\ud83c\\udfac"}\n'


def test_an_unknown_job(home: Path) -> None:
    save(home, "{}")
    result = CliRunner().invoke(main, ["show", "j9"])
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        f"ingest: error: no job 'j9' in {home}/jobs.sqlite3; `ingest jobs` lists them\n",
    )


def test_no_store_at_all(home: Path) -> None:
    result = CliRunner().invoke(main, ["show", "j9"])
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"ingest: error: no job 'j9': {home}/jobs.sqlite3 does not exist; "
            "is INGEST_HOME the one that the job ran with?\n"
        ),
    )
    assert not home.exists()


def test_a_stored_text_that_is_no_json(home: Path) -> None:
    save(home, "{")
    result = CliRunner().invoke(main, ["show", "j1"])
    assert (result.exit_code, result.stderr) == (
        4,
        f"ingest: error: the stored record of {SUMMARY.job_id} is not JSON\n",
    )
