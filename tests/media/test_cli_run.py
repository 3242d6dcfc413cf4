"""`ingest run` as it is typed: what it prints where, and what is in the job store afterwards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from helpers_cli import Cli
from ingest_once import fast_presets
from main_job import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers_cli import Finished
    from helpers_media import Clips

pytestmark = pytest.mark.media


def objects(lines: bytes) -> list[dict[str, Any]]:
    """One JSON object a line."""
    return [json.loads(line) for line in lines.decode("ascii").splitlines()]


def record(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "job.json").read_bytes())
    return document


def shown(cli: Cli, *arguments: str) -> Any:
    done = cli.run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_quiet_prints_nothing(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "-q", "-o", "out")
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", "")
    assert record(cli.cwd / "out")["status"] == "COMPLETED"


def test_quiet_still_says_why_it_failed(cli: Cli) -> None:
    done = cli.run("run", "nothing.mp4", "--res", "sd", "-q", "-o", "out")
    assert done.exit_code != 0
    assert done.stdout == b""
    assert re.fullmatch(r"ingest: error: .*nothing\.mp4.*\n", done.stderr)


def test_json_prints_exactly_the_record(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "--json", "-o", "out")
    assert done.exit_code == 0
    assert done.stdout == (cli.cwd / "out" / "job.json").read_bytes()
    quiet = cli.run("run", clips.tiny(), "--res", "sd", "--json", "-q", "-o", "quiet")
    assert (quiet.stdout, quiet.stderr) == ((cli.cwd / "quiet" / "job.json").read_bytes(), "")


def test_json_prints_the_record_of_a_failure_too(cli: Cli) -> None:
    done = cli.run("run", "nothing.mp4", "--res", "sd", "--json", "-q", "-o", "out")
    document = json.loads(done.stdout)
    assert (document["status"], document["error"]["exitCode"]) == ("FAILED", done.exit_code)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cli, Finished]]:
    """A run of the sample clip with JSON lines."""
    cli = Cli(tmp_path_factory.mktemp("told"))
    fast_presets(cli.cwd / "presets")
    asked = ("--res", "sd", "--res", "hd,qhd", "--preset-dir", "presets", "--progress", "json", "-o", "out")
    yield cli, cli.run("run", SAMPLES / "park.mp4", *asked)
    cli.close()


def test_json_lines_have_a_beginning_and_an_end(told: tuple[Cli, Finished]) -> None:
    cli, done = told
    assert (done.exit_code, done.stderr) == (0, "")
    events = objects(done.stdout)
    kinds = [e["event"] for e in events]
    assert (kinds[0], kinds[-1]) == ("job", "end")
    assert set(kinds[1:-1]) == {"message", "progress"}
    first, last, final = events[0], events[-1], record(cli.cwd / "out")
    assert {k: first[k] for k in ("jobId", "source", "output", "resolutions")} == {
        "jobId": final["jobId"],
        "source": str(SAMPLES / "park.mp4"),
        "output": str(cli.cwd / "out"),
        "resolutions": ["sd", "hd", "qhd"],
    }
    assert {k: last[k] for k in ("jobId", "status", "exitCode", "error")} == {
        "jobId": final["jobId"],
        "status": "COMPLETED",
        "exitCode": 0,
        "error": None,
    }


def test_json_lines_tell_every_message_of_the_record(told: tuple[Cli, Finished]) -> None:
    cli, done = told
    final = record(cli.cwd / "out")
    messages = [(e["code"], e["message"]) for e in objects(done.stdout) if e["event"] == "message"]
    warned = [(w["code"], w["message"]) for w in final["warnings"]]
    assert [m for m in messages if m not in warned] == list(
        zip(final["customAttributes"]["messageCodes"], final["messages"], strict=True)
    )


def test_percentages_never_fall_and_each_resolution_has_one(told: tuple[Cli, Finished]) -> None:
    _, done = told
    progress = [e for e in objects(done.stdout) if e["event"] == "progress"]
    percents = [e["percent"] for e in progress]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len([p for p in percents if 5 < p < 90]) > 2
    encoding = [e for e in progress if e["code"] == 9001]
    assert all(set(e["resolutions"]) == {"sd", "hd"} for e in encoding)
    for name in ("sd", "hd"):
        own = [e["resolutions"][name] for e in progress if name in e["resolutions"]]
        assert own == sorted(own)
        assert own[-1] == 100
    assert any(e["speed"] and e["remainingSeconds"] is not None for e in encoding)


def test_a_pipe_gets_plain_lines(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "-o", "out")
    assert (done.exit_code, done.stdout) == (0, b"")
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    final = record(cli.cwd / "out")
    codes, messages = final["customAttributes"]["messageCodes"], final["messages"]
    note = {c: "- " if 9101 <= c < 9200 else "" for c in codes}
    lines = done.stderr.splitlines()
    assert lines[0] == f"job {final['jobId']}: {clips.tiny()} -> {cli.cwd / 'out'}"
    assert [x for x in lines if x.startswith("[") and "] ! " not in x] == [
        f"[{c}] {note[c]}{m}" for c, m in zip(codes, messages, strict=True)
    ]
    assert re.fullmatch(r"COMPLETED in \d+\.\d s", lines[-1])


def test_json_lines_and_the_record_can_be_had_together(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "--json", "--progress", "json", "-o", "out")
    assert done.stdout == (cli.cwd / "out" / "job.json").read_bytes()
    events = objects(done.stderr.encode())
    assert (events[0]["event"], events[-1]["event"]) == ("job", "end")


def test_the_default_folder_is_named_after_the_source(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "-q")
    assert done.exit_code == 0
    assert [p.name for p in cli.cwd.iterdir()] == ["tiny_ingest"]
    assert record(cli.cwd / "tiny_ingest")["output"] == str(cli.cwd / "tiny_ingest")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--res", "sd,hd"),
        ("--res", "sd", "--res", "hd"),
        ("--res", "hd", "--res", "sd,hd"),
        ("--res", " sd , hd "),
    ],
    ids=" ".join,
)
def test_resolutions_are_repeated_or_separated_by_commas(
    cli: Cli, clips: Clips, arguments: tuple[str, ...]
) -> None:
    """The plan is what is made (`test_dry_run`), and costs no encode."""
    plan = shown(cli, "run", str(clips.tiny()), *arguments, "-o", "out", "--dry-run", "--json")["plan"]
    assert [rung["resolution"] for rung in plan["rungs"]] == ["sd"]
    assert [name for name, _ in plan["leftOut"]] == ["hd"]


def test_the_store_has_the_record_afterwards(told: tuple[Cli, Finished]) -> None:
    cli, _ = told
    final = record(cli.cwd / "out")
    (job,) = shown(cli, "jobs", "--json")
    assert {k: job[k] for k in ("jobId", "status", "percent", "source", "output", "interrupted")} == {
        "jobId": final["jobId"],
        "status": "COMPLETED",
        "percent": 100.0,
        "source": final["source"]["path"],
        "output": final["output"],
        "interrupted": False,
    }
    assert list(job["resolutions"]) == ["sd", "hd", "qhd"]
    assert shown(cli, "show", final["jobId"], "--json") == final
    assert shown(cli, "show", final["jobId"][:12], "--json") == final


def test_verify_of_what_was_made(told: tuple[Cli, Finished]) -> None:
    cli, _ = told
    report = shown(cli, "verify", "out", "--json")
    assert (report["passed"], report["findings"]) == (True, [])
    assert sorted(r["playlist"] for r in report["renditions"]) == [
        "audio/en-stereo/index.m3u8",
        "video/hd/index.m3u8",
        "video/sd/index.m3u8",
    ]
