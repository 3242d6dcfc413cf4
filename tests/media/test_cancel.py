"""`ingest cancel`: a running job ends within two seconds, CANCELLED, and leaves nothing but its record."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_failed, descendants, left_of, names, reached, read_record, sleeping_tool

import ingest
from ingest.job import codes
from ingest.job.status import Status
from ingest.pipeline.events import Message

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

    from ingest.job.codes import Code
    from ingest.pipeline.events import Event

pytestmark = pytest.mark.media


@pytest.mark.parametrize("moment", ["probe", "encode", "package"])
def test_cancelled_from_another_shell(moment: str, cli: Cli, clips: Clips) -> None:
    step, tool, source = {
        "probe": (codes.PROBING_VIDEO_CODEC, "ffprobe", clips.tiny()),
        "encode": (codes.TRANSCODING_WITH_CPU, "", clips.long()),
        "package": (codes.GENERATING_HLS, "packager", clips.tiny()),
    }[moment]
    env = {f"INGEST_{tool.upper()}": sleeping_tool(cli.folder / tool, tool)} if tool else {}
    run = cli.start("run", source, "--res", "sd", "-o", "out", env=env)
    reached(cli.cwd / "out", step)
    program = run.child("sleep" if tool else "ffmpeg")
    # By its folder, from a shell with another store; or by its id.
    called, elsewhere = ("out", {"INGEST_HOME": str(cli.cwd / "no")}) if moment == "encode" else ("j", {})
    said = json.loads(cli.run("cancel", called, "--json", env=elsewhere).stdout)
    assert (said["status"], said["interrupted"]) == ("CANCELLED", False)
    assert said["seconds"] < 20  # bench/bad_days.py measures the 2 s that are promised
    record = assert_failed(
        cli,
        run.end(),
        codes.CANCELLED,
        exit_code=143,
        step=step,
        says="cancelled by `ingest cancel`",
        output=cli.cwd / "out",
        status=Status.CANCELLED,
    )
    assert record.job_id == said["jobId"]
    assert program not in descendants(os.getpid())
    assert not (cli.cwd / "no").exists()


@pytest.mark.parametrize(
    "code",
    [codes.GENERATING_POSTER, codes.GENERATING_ABR_INFO, codes.VERIFYING_PACKAGE],
    ids=lambda code: code.text,
)
def test_a_job_inside_somebody_s_program(
    code: Code, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That program, here this one, goes on living. What Python does alone stops as soon as what ffmpeg does."""
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    asked: list[tuple[float, float]] = []

    def cancel(event: Event) -> None:
        if isinstance(event, Message) and event.code == code.number:
            asked.append((time.process_time(), time.monotonic()))
            assert ingest.cancel(tmp_path / "out", wait=False).status is Status.CANCELLING

    record = ingest.run(clips.tiny(), "sd", tmp_path / "out", on_event=cancel)
    ((cpu, clock),) = asked
    assert time.process_time() - cpu < 2
    assert time.monotonic() - clock < 10  # also where others have the cores: it does not wait
    assert record.status is Status.CANCELLED
    assert names(tmp_path / "out") == [f".work-{record.job_id}", "job.json"] == left_of(record)
    assert read_record(tmp_path / "out") == record
    assert record.error is not None
    assert record.error.message == "cancelled by `ingest cancel`"
    assert ingest.cancel(record.job_id).status is Status.CANCELLED
