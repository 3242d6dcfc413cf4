"""A long film in chunks is the film of one run, and a job that was stopped goes on from what it had finished."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed, descendants, names, read_record, tree, until
from helpers_media import X264, box_at, hiss, picture
from main_job import ROOT
from measuring import likeness, pictures, run
from test_chunk_joins import JUMPY

from ingest.job import codes
from ingest.job.status import Status
from ingest.media.toolchain import find

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli, Finished, Running
    from helpers_media import Clips

    from ingest.job.record import Record

pytestmark = pytest.mark.media

ENV = {"INGEST_CHUNK_SECONDS": "2"}
KEYS = ("-g", "5", "-bf", "2")


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`sd` in segments of one second."""
    text = (ROOT / "presets/sd.toml").read_text("utf-8")
    folder = tmp_path_factory.mktemp("presets")
    (folder / "sd.toml").write_text(text.replace('"2s"', '"1s"').replace('"6s"', '"1s"'), "utf-8")
    return folder


@pytest.fixture(scope="module")
def film(clips: Clips) -> Path:
    return clips.make("film.mp4", *picture("160x90", 8), *hiss(8), *X264, *KEYS, "-c:a", "aac")


def frames(output: Path, folder: Path) -> list[tuple[object, ...]]:
    """Time, and whether it is a key picture, of each picture of the package."""
    whole = folder / f"{output.name}.mp4"
    rung = output / "video/sd"
    whole.write_bytes(b"".join(p.read_bytes() for p in (rung / "init.mp4", *sorted(rung.glob("seg-*.m4s")))))
    asked = (
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts,flags,duration",
        "-of",
        "csv=p=0",
    )
    done = run(str(find().ffprobe.path), *asked, str(whole))
    rows = (line.split(",") for line in done.stdout.decode().splitlines())
    return sorted((int(pts), int(duration), flags[0]) for pts, duration, flags, *_ in rows)


def notes(record: Record, code: codes.Code) -> list[str]:
    return [
        m
        for m, c in zip(record.messages, record.custom_attributes.message_codes, strict=True)
        if c == code.number
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("film.mp4", (*picture("160x90", 8), *hiss(8), *X264, *KEYS, "-c:a", "aac"), ()),
        ("screen.mkv", (*picture("96x64", 14, 30), *JUMPY, *X264, "-g", "20"), ("--codec", "h264,hevc,av1")),
    ],
)
def test_in_chunks_and_in_one_piece(
    name: str, arguments: tuple[str, ...], options: tuple[str, ...], cli: Cli, clips: Clips, presets: Path
) -> None:
    source = clips.make(name, *arguments)
    chosen = ("--preset-dir", presets, *options)
    pieces = assert_completed(
        cli.ingest(source, "-o", "pieces", "--jobs", "2", *chosen, env=ENV), cli.cwd / "pieces"
    )
    (said,) = notes(pieces, codes.ENCODED_IN_CHUNKS)
    assert said.split()[3] == str(pieces.chunks)
    whole = assert_completed(cli.ingest(source, "-o", "whole", *chosen), cli.cwd / "whole")
    assert notes(whole, codes.ENCODED_IN_CHUNKS) == []
    assert whole.chunks == 1
    assert frames(cli.cwd / "pieces", cli.folder) == frames(cli.cwd / "whole", cli.folder)
    alike = ("audio", "previews", "poster.jpg", "info/loudness.json")
    trees = [tree(cli.cwd / folder) for folder in ("pieces", "whole")]
    # Initialization segments say when they were made.
    one, other = (
        {k: v for k, v in t.items() if k.startswith(alike) and not k.endswith("init.mp4")} for t in trees
    )
    assert one == other
    found = likeness(*(pictures(cli.folder / f"{folder}.mp4") for folder in ("pieces", "whole")))
    assert found.worst > 30
    assert found.misplaced == ()


def start(cli: Cli, film: Path, presets: Path) -> Running:
    """A job that has finished its first chunk and not its last; its presets and chunks are those of its shell."""
    env = ENV | {"INGEST_PRESET_DIR": str(presets)}
    job = cli.start("run", film, "--res", "sd", "-o", "out", env=env)
    until(lambda: any((cli.cwd / "out").glob(".work-*/temporary/chunks/00000/chunk.json")), 60, "no chunk")
    os.kill(until(lambda: next(iter(chunk_encoders(job.pid)), None), 60, "no ffmpeg"), signal.SIGSTOP)
    return job


def resumed(cli: Cli, done: Finished) -> Record:
    record = assert_completed(done, cli.cwd / "out")
    (said,) = notes(record, codes.WORK_TAKEN_UP)
    again, _, count = said.removeprefix("Work Taken Up: ").removesuffix(" chunks were there already").split()
    assert 0 < int(again) < int(count)
    verified = cli.run("verify", "out", "--json")
    assert verified.exit_code == 0, verified.stdout
    return record


@pytest.mark.parametrize("stop", ["kill -9", "kill -9 of ffmpeg", "Ctrl-C"])
def test_a_stopped_job_goes_on(stop: str, cli: Cli, film: Path, presets: Path) -> None:
    job = start(cli, film, presets)
    if stop == "kill -9 of ffmpeg":
        os.kill(chunk_encoders(job.pid)[0], signal.SIGKILL)
    else:
        job.signal({"kill -9": signal.SIGKILL, "Ctrl-C": signal.SIGINT}[stop])
    ended = job.end(grace=5)
    assert ended.left == ()
    before = read_record(cli.cwd / "out")
    if stop != "kill -9":
        assert before.error is not None
        assert f"go on with `ingest resume {before.job_id}`" in ended.last_line
        assert notes(before, codes.CAN_BE_RESUMED) == [f"Can Be Resumed: ingest resume {before.job_id}"]
        assert before.status is (Status.FAILED if "ffmpeg" in stop else Status.CANCELLED)
    record = resumed(cli, cli.run("resume", "out"))
    assert record.job_id == before.job_id
    assert record.messages[: len(before.messages)] == before.messages
    assert frames(cli.cwd / "out", cli.folder) == [
        (n * 512, 512, "K" if n % 25 == 0 else "_") for n in range(200)
    ]


def chunk_encoders(pid: int) -> list[int]:
    return [p for p in descendants(pid) if b"at-end.txt" in cmdline(p) and b"launch.py" not in cmdline(p)]


def cmdline(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


def test_the_same_run_again_uses_it_and_another_preset_does_not(
    cli: Cli, film: Path, presets: Path, tmp_path: Path
) -> None:
    job = start(cli, film, presets)
    job.signal(signal.SIGKILL)
    job.end(grace=5)
    shutil.copytree(cli.cwd / "out", cli.cwd / "copy")
    again = ("--preset-dir", presets, "-o", "out")
    record = resumed(cli, cli.ingest(film, *again, env=ENV))
    assert record.job_id != read_record(cli.cwd / "copy").job_id
    text = (presets / "sd.toml").read_text("utf-8")
    own = tmp_path / "own"
    own.mkdir()
    (own / "sd.toml").write_text(text.replace("crf = 21", "crf = 30"), "utf-8")
    other = assert_completed(cli.ingest(film, "--preset-dir", own, "-o", "copy", env=ENV), cli.cwd / "copy")
    assert notes(other, codes.WORK_TAKEN_UP) == []


def test_nothing_is_encoded_again_behind_the_encoder(cli: Cli, film: Path, presets: Path) -> None:
    """Also a film of one piece: killed while it is packaged, it is packaged and no more."""
    job = cli.start("run", film, "--res", "sd", "--preset-dir", presets, "-o", "out")
    until(lambda: any((cli.cwd / "out").glob(".work-*/temporary/encoded.json")), 60, "not encoded")
    job.signal(signal.SIGKILL)
    job.end(grace=5)
    record = assert_completed(cli.run("resume", "out"), cli.cwd / "out")
    assert notes(record, codes.WORK_TAKEN_UP) == ["Work Taken Up: everything was encoded already"]
    *_, spent = [
        s.cpu_seconds
        for s in record.steps
        if s.code == codes.TRANSCODING_WITH_CPU.number and s.result == "done"
    ]
    assert spent is None
    assert (cli.cwd / "out/info/loudness.json").is_file()
    refused = cli.run("resume", "out")
    assert (refused.exit_code, names(cli.cwd / "out")[0]) == (2, "ABR.m3u8")
    assert "is complete" in refused.last_line


DIES = """
import os, sys
import ingest
from ingest.pipeline.workspace import Workspace
where, source, presets = sys.argv[1:]
die = lambda *_, **__: os._exit(9)
if where == "published":
    Workspace.discard = die
def listen(event):
    told = event.as_json()
    if told["event"] == "message" and str(told["code"]) == where:
        die()
ingest.run(source, "sd", "out", preset_dir=presets, on_event=listen)
"""


@pytest.mark.parametrize("where", ["163", "205", "published"])
def test_killed_on_the_way_out(where: str, cli: Cli, film: Path, presets: Path) -> None:
    """From the last step that makes anything to the end nothing is made again, and the folder is never stuck."""
    dead = cli.run(where, film, presets, program=(sys.executable, "-c", DIES))
    assert dead.exit_code == 9, dead.stderr
    if where == "published":
        # Whoever comes next sees a finished package.
        refused = cli.ingest(film, "--preset-dir", presets, "-o", "out")
        assert (refused.exit_code, "already holds a package" in refused.last_line) == (4, True)
    resumed = cli.run("resume", "out")
    if where == "published":
        assert (resumed.exit_code, "is complete" in resumed.last_line) == (2, True)
    else:
        record = assert_completed(resumed, cli.cwd / "out")
        assert notes(record, codes.WORK_TAKEN_UP) == ["Work Taken Up: everything was encoded already"]
    record = read_record(cli.cwd / "out")
    assert (record.status, record.messages[-1], record.progress.percent) == (
        Status.COMPLETED,
        "Ingest Complete",
        100,
    )
    assert {o.status for o in record.outputs} == {"COMPLETED"}
    assert [n for n in names(cli.cwd / "out") if n.startswith(".")] == []
    assert cli.run("verify", "out").exit_code == 0
    assert cli.ingest(film, "--preset-dir", presets, "-o", "out", "--force").exit_code == 0


def test_damage_at_the_end_of_a_long_film(
    cli: Cli, clips: Clips, film: Path, presets: Path, tmp_path: Path
) -> None:
    """A piece without a picture that decodes is no failure of the encoder."""
    data = bytearray(film.read_bytes())
    at = box_at(bytes(data), b"mdat")
    end = at + int.from_bytes(data[at - 8 : at - 4], "big") - 8
    length = end - at
    data[end - length // 4 : end] = bytes(length // 4)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    asked = ("--preset-dir", presets, "--allow-damage")
    record = assert_completed(cli.ingest(damaged, *asked, "-o", "out", env=ENV), cli.cwd / "out")
    assert notes(record, codes.ENCODED_IN_ONE_PIECE)
    whole = assert_completed(cli.ingest(damaged, *asked, "-o", "whole"), cli.cwd / "whole")
    assert frames(cli.cwd / "out", cli.folder) == frames(cli.cwd / "whole", cli.folder)
    assert [w.code for w in record.warnings] == [w.code for w in whole.warnings]


def test_clean_removes_what_was_kept(cli: Cli, film: Path, presets: Path) -> None:
    job = start(cli, film, presets)
    assert cli.run("cancel", "out").exit_code == 0
    assert job.end().exit_code == 143
    (done,) = json.loads(cli.run("clean", "--all", "--json").stdout)
    assert done["freed"] > 1000
    assert names(cli.cwd / "out") == ["job.json"]
    assert cli.run("clean", "--all").stdout == b"nothing to remove\n"


def test_one_more_resolution_of_the_same_source(cli: Cli, film: Path, presets: Path, tmp_path: Path) -> None:
    own = tmp_path / "two"
    own.mkdir()
    text = (presets / "sd.toml").read_text("utf-8")
    for name, box in (("small", "[96, 54]"), ("large", "[160, 90]")):
        (own / f"{name}.toml").write_text(
            text.replace('"sd"', f'"{name}"').replace("[720, 480]", box), "utf-8"
        )
    asked = ("run", film, "--preset-dir", own, "--copy", "never", "-o", "out")
    first = assert_completed(cli.run(*asked, "--res", "large"), cli.cwd / "out")
    assert [o.resolution for o in first.outputs] == ["large"]
    before = tree(cli.cwd / "out/video/large")
    again = cli.run(*asked, "--res", "large")
    assert (again.exit_code, "already holds a package" in again.last_line) == (4, True)
    # Killed on the way, the old package stands, and the next run goes on.
    job = cli.start(*asked, "--res", "small")
    until(lambda: any((cli.cwd / "out").glob(".work-*/temporary/encoded.json")), 60, "not encoded")
    job.signal(signal.SIGKILL)
    job.end(grace=5)
    both = assert_completed(cli.run(*asked, "--res", "small"), cli.cwd / "out")
    assert [o.resolution for o in both.outputs] == ["large", "small"]
    assert notes(both, codes.TAKEN_OVER) == ["Rendition Taken Over: large of the package that was there"]
    assert notes(both, codes.WORK_TAKEN_UP) == ["Work Taken Up: everything was encoded already"]
    after = tree(cli.cwd / "out/video/large")
    assert {k: v for k, v in after.items() if k.startswith("seg-")} == {
        k: v for k, v in before.items() if k.startswith("seg-")
    }
    assert cli.run("verify", "out").exit_code == 0
    # Another quality is another film.
    (own / "large.toml").write_text(
        (own / "large.toml").read_text("utf-8").replace("crf = 21", "crf = 30"), "utf-8"
    )
    assert cli.run(*asked, "--res", "small,large").exit_code == 4
