"""What goes wrong around a job: tools, disks, signals, other runs. The record tells it, and nothing is left."""

from __future__ import annotations

import itertools
import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from helpers_cli import (
    assert_completed,
    assert_failed,
    descendants,
    fill,
    names,
    reached,
    read_record,
    script,
    sleeping_tool,
    small_disk,
    tree,
    until,
)
from helpers_media import X264

import ingest
from ingest.job import codes
from ingest.job.ids import new_job_id
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.media.cancel import CancelToken
from ingest.pipeline.events import Message

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

    from ingest.job.codes import Code
    from ingest.pipeline.events import Event

pytestmark = pytest.mark.media
START, PROBE, TRANSCODE = codes.STARTING_INGEST, codes.PROBING_VIDEO_CODEC, codes.TRANSCODING_WITH_CPU
MB = 2**20


# -- tools --


@pytest.mark.parametrize("variable", ["INGEST_FFMPEG", "INGEST_FFPROBE", "INGEST_PACKAGER"])
def test_tool_is_not_there(variable: str, cli: Cli, clips: Clips) -> None:
    done = cli.ingest(clips.tiny(), "-o", "out", env={variable: "/nowhere/tool"})
    assert_failed(
        cli,
        done,
        codes.TOOL_MISSING,
        exit_code=5,
        step=START,
        says=(f"{variable} names /nowhere/tool, which is not there", "pip install"),
        output=cli.cwd / "out",
    )


def test_tool_is_a_folder(cli: Cli, clips: Clips) -> None:
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_FFMPEG": str(cli.cwd)})
    assert_failed(
        cli,
        done,
        codes.TOOL_MISSING,
        exit_code=5,
        step=START,
        says=f"INGEST_FFMPEG names {cli.cwd}, which",
        output=cli.cwd / "out",
    )


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("echo ffmpeg version 4.4 Copyright", codes.TOOL_TOO_OLD, "is version 4.4, and 6 or newer is needed"),
        ("echo hello", codes.TOOL_MISSING, "does not answer like ffmpeg"),
        ("echo 'libx.so: cannot open shared object' >&2; exit 127", codes.TOOL_MISSING, "does not start"),
    ],
    ids=["too old", "another program", "broken"],
)
def test_tool_that_cannot_serve(text: str, code: Code, says: str, cli: Cli, clips: Clips) -> None:
    tool = script(cli.folder / "tool", text)
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_FFMPEG": tool})
    assert_failed(
        cli, done, code, exit_code=5, step=START, says=(says, "INGEST_FFMPEG"), output=cli.cwd / "out"
    )


def test_tool_is_garbage(cli: Cli, clips: Clips) -> None:
    tool = cli.folder / "tool"
    tool.write_bytes(b"\x7fELF" + bytes(range(256)))
    tool.chmod(0o755)
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_FFMPEG": str(tool)})
    assert_failed(
        cli, done, codes.TOOL_MISSING, exit_code=5, step=START, says=str(tool), output=cli.cwd / "out"
    )


def test_ffmpeg_killed_from_outside(cli: Cli, clips: Clips) -> None:
    run = cli.start("run", clips.long(), "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", TRANSCODE)
    os.kill(run.child("ffmpeg"), signal.SIGKILL)
    record = assert_failed(
        cli,
        run.end(),
        codes.TOOL_KILLED,
        exit_code=1,
        step=TRANSCODE,
        says="ffmpeg was killed by SIGKILL",
        output=cli.cwd / "out",
    )
    assert [(o.resolution, o.status) for o in record.outputs] == [("sd", "FAILED")]


def test_ffmpeg_ended_by_sigterm_from_outside(cli: Cli, clips: Clips) -> None:
    """ffmpeg catches it, finishes a short but playable file and ends with 255: not a success, not our cancel."""
    run = cli.start("run", clips.long(), "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", TRANSCODE)
    _busy(run.child("ffmpeg"))
    os.kill(run.child("ffmpeg"), signal.SIGTERM)
    assert_failed(
        cli,
        run.end(),
        codes.TOOL_KILLED,
        exit_code=1,
        step=TRANSCODE,
        says="ffmpeg was ended by a signal from outside",
        output=cli.cwd / "out",
    )


def test_ffmpeg_that_makes_no_progress(cli: Cli, clips: Clips) -> None:
    run = cli.start("run", clips.long(), "--res", "sd", "-o", "out", env={"INGEST_STALL_SECONDS": "2"})
    reached(cli.cwd / "out", TRANSCODE)
    ffmpeg = run.child("ffmpeg")
    _busy(ffmpeg)
    os.kill(ffmpeg, signal.SIGSTOP)
    stopped = time.monotonic()
    done = run.end()
    assert_failed(
        cli,
        done,
        codes.TOOL_STALLED,
        exit_code=6,
        step=TRANSCODE,
        says="ffmpeg made no progress for 2 s",
        output=cli.cwd / "out",
    )
    assert 1.5 < time.monotonic() - stopped < 60


def test_prober_that_makes_no_progress(cli: Cli, clips: Clips) -> None:
    tool = sleeping_tool(cli.folder / "tool", "ffprobe")
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_FFPROBE": tool, "INGEST_STALL_SECONDS": "1"})
    assert_failed(
        cli,
        done,
        codes.TOOL_STALLED,
        exit_code=6,
        step=PROBE,
        says="made no progress",
        output=cli.cwd / "out",
    )


def test_packager_that_fails(cli: Cli, clips: Clips) -> None:
    tool = script(
        cli.folder / "tool",
        'case "$1" in --version) echo packager version 3; exit;; esac\necho "cannot parse in.mp4" >&2; exit 3',
    )
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_PACKAGER": tool})
    record = assert_failed(
        cli,
        done,
        codes.PACKAGING_FAILED,
        exit_code=1,
        step=codes.GENERATING_HLS,
        says="cannot parse in.mp4",
        output=cli.cwd / "out",
    )
    assert record.error is not None
    assert record.error.detail == "cannot parse in.mp4"


def test_packager_that_lies(cli: Cli, clips: Clips) -> None:
    """Exit 0 is not success: what it was to write is looked at."""
    tool = script(cli.folder / "tool", 'case "$1" in --version) echo packager version 3;; esac')
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_PACKAGER": tool})
    assert_failed(
        cli,
        done,
        codes.VERIFICATION_FAILED,
        exit_code=1,
        step=codes.GENERATING_HLS,
        says="index.m3u8: found the file is missing",
        output=cli.cwd / "out",
    )


# -- disks --


def test_too_little_space_is_seen_before_the_work(cli: Cli, clips: Clips) -> None:
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_MIN_FREE": "1000T"})
    assert_failed(
        cli,
        done,
        codes.DISK_FULL,
        exit_code=6,
        step=START,
        says=("MiB are needed", "name another folder with -o"),
        output=cli.cwd / "out",
    )


def test_plan_that_does_not_fit_is_refused(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 10 * MB) as disk:
        done = cli.ingest(clips.tiny(), "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        assert_failed(
            cli,
            done,
            codes.DISK_FULL,
            exit_code=6,
            step=codes.PLANNING_RESOLUTIONS,
            says=("MiB are needed and", "MiB are free"),
            output=disk / "out",
        )


def test_disk_without_any_space(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """Not even the record fits: the store has it, and no folder is left."""
    with small_disk(tmp_path / "disk", 1 * MB) as disk:
        fill(disk, leave=0)
        done = cli.ingest(clips.tiny(), "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        assert_failed(cli, done, codes.DISK_FULL, exit_code=6, step=START, says="no space left", output=None)
        assert names(disk) == ["filler"]


def test_disk_without_room_for_another_file(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 * MB, files=3) as disk:
        done = cli.ingest(clips.tiny(), "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        assert_failed(cli, done, codes.DISK_FULL, exit_code=6, step=START, says="no space left", output=None)
        assert names(disk) == []


def test_disk_is_full_before_anything_is_made(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """Nothing of ours can be given up for the record but what was set aside for it."""
    with small_disk(tmp_path / "disk", 8 * MB) as disk:
        run = cli.start("run", clips.tiny(), "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        until((disk / "out" / "job.json").exists, 60, "no record")
        fill(disk, leave=0)
        done = run.end()
        record = json.loads((disk / "out" / "job.json").read_text())
        assert (done.exit_code, record["status"], record["error"]["code"]) == (
            6,
            "FAILED",
            codes.DISK_FULL.number,
        )
        assert names(disk / "out") == ["job.json"]


def test_disk_fills_up_while_ffmpeg_writes(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 * MB) as disk:
        run = cli.start("run", clips.long(), "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        reached(disk / "out", TRANSCODE)
        fill(disk, leave=400_000)
        assert_failed(
            cli,
            run.end(),
            codes.DISK_FULL,
            exit_code=6,
            step=TRANSCODE,
            says="no space left",
            output=disk / "out",
        )


def noisy(clips: Clips) -> Path:
    """16 s of noise: at the cap of sd (2 Mbit/s) it becomes 4 MB, and each of its stills is small."""
    noise = "color=gray:size=320x180:rate=25:duration=16,noise=alls=100:allf=t"
    return clips.make("noisy.mp4", "-f", "lavfi", "-i", noise, *X264, "-qp", "20")


def test_disk_fills_up_while_the_packager_writes(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """Room for the encoded file of 4 MB and 1 MB of stills, but not for the packaged copy of 4 MB."""
    with small_disk(tmp_path / "disk", 32 * MB) as disk:
        run = cli.start("run", noisy(clips), "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        reached(disk / "out", TRANSCODE)
        fill(disk, leave=7 * MB)
        assert_failed(
            cli,
            run.end(),
            codes.DISK_FULL,
            exit_code=6,
            step=codes.GENERATING_HLS,
            says="no space left",
            output=disk / "out",
        )


def test_disk_fills_up_while_we_write(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """After the packager come writes of our own: which of them meets the full disk first is left to chance."""
    with small_disk(tmp_path / "disk", 24 * MB) as disk:
        run = cli.start("run", clips.small(), "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        reached(disk / "out", codes.GENERATING_POSTER)
        fill(disk, leave=0)
        done = run.end()
        step = codes.BY_NUMBER[read_record(disk / "out").steps[-1].code]
        assert step in {
            codes.GENERATING_POSTER,
            codes.GENERATING_PREVIEWS,
            codes.GENERATING_ABR_INFO,
            codes.VERIFYING_PACKAGE,
        }
        assert_failed(
            cli, done, codes.DISK_FULL, exit_code=6, step=step, says="o space left", output=disk / "out"
        )


def test_a_plan_that_just_fits_is_made(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """Noise takes all that its encoder may use: the estimate is one from above."""
    looked = cli.run("run", noisy(clips), "--res", "sd", "-o", "out", "--dry-run", "--json").stdout
    working = json.loads(looked)["plan"]["space"]["working"]
    with small_disk(tmp_path / "disk", working + 64 * 1024) as disk:
        done = cli.ingest(noisy(clips), "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        assert_completed(done, disk / "out")


def test_file_size_limit_of_the_shell(cli: Cli, clips: Clips) -> None:
    """`ulimit -f`, for those who cannot mount anything: ffmpeg dies of SIGXFSZ."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    done = cli.ingest(noisy(clips), "-o", "out", preexec=limit)
    assert_failed(
        cli,
        done,
        codes.DISK_FULL,
        exit_code=6,
        step=TRANSCODE,
        says="ffmpeg",
        output=cli.cwd / "out",
    )


# -- signals --


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("probe", signal.SIGINT),
        ("encode", signal.SIGINT),
        ("encode", signal.SIGTERM),
        ("package", signal.SIGTERM),
    ],
)
def test_cancelled_by_a_signal(moment: str, number: signal.Signals, cli: Cli, clips: Clips) -> None:
    step, tool, source = {
        "probe": (PROBE, "ffprobe", clips.tiny()),
        "encode": (TRANSCODE, "", clips.long()),
        "package": (codes.GENERATING_HLS, "packager", clips.tiny()),
    }[moment]
    env = {}
    if tool:
        env[f"INGEST_{tool.upper()}"] = sleeping_tool(cli.folder / tool, tool)
    run = cli.start("run", source, "--res", "sd", "-o", "out", env=env)
    reached(cli.cwd / "out", step)
    program = run.child("sleep" if tool else "ffmpeg")
    run.signal(number)
    asked = time.monotonic()
    done = run.end()
    took = time.monotonic() - asked
    assert_failed(
        cli,
        done,
        codes.CANCELLED,
        exit_code={signal.SIGINT: 130, signal.SIGTERM: 143}[number],
        step=step,
        says=f"cancelled by {number.name}",
        output=cli.cwd / "out",
        status=Status.CANCELLED,
    )
    assert took < 20
    assert program not in descendants(os.getpid())


def test_second_signal_ends_at_once(cli: Cli, clips: Clips) -> None:
    """A program that does not heed SIGTERM gets a second's grace; a second Ctrl-C does not wait for that."""
    env = {"INGEST_FFPROBE": sleeping_tool(cli.folder / "tool", "ffprobe")}
    run = cli.start("run", clips.tiny(), "--res", "sd", "-o", "out", env=env)
    reached(cli.cwd / "out", PROBE)
    run.child("sleep")
    run.signal(signal.SIGINT)
    time.sleep(0.2)
    run.signal(signal.SIGINT)
    done = run.end(grace=2)
    assert done.exit_code == -signal.SIGINT
    assert "Traceback" not in done.stderr
    assert done.left == ()
    (record,) = cli.stored()
    assert record.status is Status.EXECUTING
    assert "interrupted" in cli.run("show", record.job_id).stdout.decode()


@pytest.mark.parametrize("force", [False, True])
def test_cancelling_what_is_published_is_too_late(
    force: bool, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is there, whole: a record that says CANCELLED would be wrong."""
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    out, cancel = tmp_path / "out", CancelToken()
    if force:
        assert ingest.run(clips.tiny(), "sd", out).status is Status.COMPLETED

    def stop(event: Event) -> None:
        if isinstance(event, Message) and event.code == codes.VIDEO_FILES_CREATED.number:
            cancel.cancel()

    record = ingest.run(clips.tiny(), "sd", out, force=force, on_event=stop, cancel=cancel)
    assert cancel.requested
    assert (record.status, record.error, record.warnings) == (Status.COMPLETED, None, ())
    assert read_record(out) == record
    assert (out / "ABR.m3u8").is_file()


def test_killed_run_takes_ffmpeg_along_and_the_next_one_cleans_up(cli: Cli, clips: Clips) -> None:
    shutil.copy(clips.long(), cli.cwd / "film.mp4")
    run = cli.start("run", "film.mp4", "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", TRANSCODE)
    _busy(run.child("ffmpeg"))
    run.signal(signal.SIGKILL)
    died = time.monotonic()
    done = run.end(grace=5)
    assert time.monotonic() - died < 8
    assert (done.exit_code, done.left) == (-signal.SIGKILL, ())
    stale = read_record(cli.cwd / "out")
    assert stale.status is Status.EXECUTING
    assert [p.name for p in (cli.cwd / "out").glob(".work-*")] == [f".work-{stale.job_id}"]
    assert "interrupted" in cli.run("jobs").stdout.decode()
    shutil.copy(clips.tiny(), cli.cwd / "film.mp4")  # the same command, made short
    record = assert_completed(cli.ingest("film.mp4", "-o", "out"), cli.cwd / "out")
    assert record.job_id != stale.job_id


# -- the reader of what we print --

_TERMINAL_GONE = (
    "import os, pty, sys; master, slave = pty.openpty(); os.dup2(slave, 2); os.close(slave);"
    "pid = os.fork(); os.execv(sys.argv[1], sys.argv[1:]) if pid else (os.read(master, 100), os._exit(0))"
)
_GONE = (
    "import os, sys; reader, writer = os.pipe(); os.close(reader); os.dup2(writer, int(sys.argv[1]));"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


@pytest.mark.parametrize(
    ("prefix", "arguments"),
    [
        ((sys.executable, "-c", _GONE, "2"), ()),
        ((sys.executable, "-c", _GONE, "1"), ("--progress", "json")),
        (("sh", "-c", 'exec "$@" 2>&-', "sh"), ()),
        (("sh", "-c", 'exec "$@" 2>/dev/full', "sh"), ()),
        ((sys.executable, "-c", _TERMINAL_GONE), ()),
    ],
    ids=["stderr went away", "stdout went away", "no stderr", "stderr on a full disk", "terminal went away"],
)
def test_nobody_reads_the_progress(
    prefix: tuple[str, ...], arguments: tuple[str, ...], cli: Cli, clips: Clips
) -> None:
    """`ingest run film.mp4 --res sd 2>&1 | head`, a terminal that was closed: the package still comes to be."""
    done = cli.ingest(clips.tiny(), "-o", "out", *arguments, prefix=prefix)
    assert_completed(done, cli.cwd / "out")


def test_exit_code_where_nobody_reads_the_error(cli: Cli) -> None:
    done = cli.ingest("gone.mp4", "-o", "out", prefix=(sys.executable, "-c", _GONE, "2"))
    assert (done.exit_code, done.left) == (3, ())
    assert read_record(cli.cwd / "out").status is Status.FAILED


# -- the source while it is read --


def few_seconds(clips: Clips) -> Path:
    """4 s, 1280x720."""
    return clips.make("few.mp4", "-t", "4", "-i", str(clips.long()), "-c", "copy")


def test_source_that_grows_while_it_is_read(cli: Cli, clips: Clips) -> None:
    shutil.copy(few_seconds(clips), cli.cwd / "film.mp4")
    run = cli.start("run", "film.mp4", "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", TRANSCODE)
    with (cli.cwd / "film.mp4").open("ab") as file:
        file.write(bytes(1000))
    assert_failed(
        cli,
        run.end(),
        codes.SOURCE_CHANGED,
        exit_code=3,
        step=TRANSCODE,
        says="film.mp4 changed while it was being read",
        output=cli.cwd / "out",
    )


def test_source_replaced_while_it_is_read(cli: Cli, clips: Clips) -> None:
    """It was opened once: what its name means later does not matter."""
    source = cli.cwd / "film.mp4"
    shutil.copy(few_seconds(clips), source)
    run = cli.start("run", source, "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", PROBE)
    source.rename(cli.cwd / "elsewhere.mp4")
    source.write_text("another file")
    record = assert_completed(run.end(), cli.cwd / "out")
    assert [o.details["frames"] for o in record.outputs] == [100]


# -- other runs, and what was there before --


def test_second_run_into_the_same_folder(cli: Cli, clips: Clips) -> None:
    first = cli.start("run", clips.small(), "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", PROBE)
    first.signal(signal.SIGSTOP)  # so that it holds the folder for as long as we want
    holder = read_record(cli.cwd / "out")
    before = tree(cli.cwd / "out", but=("job.json",)).keys()
    second = cli.ingest(clips.tiny(), "-o", "out", "--force")
    assert_failed(
        cli,
        second,
        codes.OUTPUT_BUSY,
        exit_code=7,
        step=START,
        says=(f"out is in use by job {holder.job_id} (process {first.pid} on ", "wait for it to end"),
        output=None,
    )
    assert read_record(cli.cwd / "out") == holder
    assert tree(cli.cwd / "out", but=("job.json",)).keys() == before
    first.signal(signal.SIGCONT)
    record = assert_completed(first.end(), cli.cwd / "out")
    assert record.job_id == holder.job_id


def test_force_replaces_and_its_absence_does_not(cli: Cli, clips: Clips) -> None:
    out = cli.cwd / "out"
    first = assert_completed(cli.ingest(clips.small(), "-o", "out"), out)
    before = tree(out)

    refused = cli.ingest(clips.tiny(), "-o", "out")
    assert_failed(
        cli,
        refused,
        codes.OUTPUT_EXISTS,
        exit_code=4,
        step=START,
        says=(f"already holds a package (job {first.job_id})", "--force"),
        output=None,
    )
    assert tree(out) == before

    (out / "notes.txt").write_text("ours")
    (out / "cuts").mkdir()
    (out / "cuts/a.edl").write_text("a")
    (out / "latest").symlink_to("notes.txt")
    second = assert_completed(cli.ingest(clips.tiny(), "-o", "out", "--force"), out)
    assert second.job_id != first.job_id
    assert [(o.width, o.height) for o in second.outputs] == [(64, 64)]
    assert {*names(out)} == {
        *("ABR.m3u8", "audio", "cuts", "info", "job.json", "latest", "manifest.mpd", "notes.txt"),
        *("poster.jpg", "previews", "trick", "video"),
    }
    assert (out / "cuts/a.edl").read_text() == "a"
    assert (out / "latest").readlink().name == "notes.txt"
    assert not (tree(out).keys() - {"notes.txt", "cuts/a.edl", "latest", "job.json"}) - set(second.files)
    assert names(cli.cwd) == ["out"]


def test_forced_run_that_fails_leaves_the_old_package(cli: Cli, clips: Clips) -> None:
    """With its own record: what happened to the forced run is in the store."""
    out = cli.cwd / "out"
    assert_completed(cli.ingest(clips.tiny(), "-o", "out"), out)
    before = tree(out)
    (cli.cwd / "text.mp4").write_text("not a film")
    done = cli.ingest("text.mp4", "-o", "out", "--force", "--json")
    assert (done.exit_code, done.left) == (3, ())
    record = Record.from_json(done.stdout)
    assert record.status is Status.FAILED
    assert record.error is not None
    assert record.error.code == codes.SOURCE_NOT_MEDIA.number
    assert [w.code for w in record.warnings] == [codes.PREVIOUS_PACKAGE_KEPT.number]
    stored = Record.from_json(cli.run("show", record.job_id, "--json").stdout)
    assert stored == record
    assert tree(out) == before
    assert cli.run("verify", "out").exit_code == 0
    again = cli.ingest(clips.tiny(), "-o", "out")
    assert (again.exit_code, "already holds a package" in again.last_line) == (4, True)
    assert tree(out) == before


def test_output_reached_through_a_link(cli: Cli, clips: Clips) -> None:
    real = cli.cwd / "real"
    (real / "pkg").mkdir(parents=True)
    (cli.cwd / "parent").symlink_to(real)
    (cli.cwd / "link").symlink_to(real / "pkg")
    assert_completed(cli.ingest(clips.tiny(), "-o", "parent/pkg"), real / "pkg")
    assert_completed(cli.ingest(clips.tiny(), "-o", "link", "--force"), real / "pkg")
    assert (cli.cwd / "link").is_symlink()


def test_leftovers_beside_the_folder_are_removed(cli: Cli, clips: Clips) -> None:
    """A run that dies while it exchanges old and new leaves one of them beside the folder."""
    stale = f".out.{new_job_id()}"
    for name in (stale, ".out.notes", ".outer.j1"):
        (cli.cwd / name).mkdir()
        (cli.cwd / name / "ABR.m3u8").write_text("#EXTM3U\n")
    assert_completed(cli.ingest(clips.tiny(), "-o", "out"), cli.cwd / "out")
    assert names(cli.cwd) == [".out.notes", ".outer.j1", "out"]


# -- the record while it is written --


def test_every_read_of_the_record_is_a_whole_and_growing_one(cli: Cli, clips: Clips) -> None:
    """Also while a package is replaced: two jobs, the second forced over the first."""
    path = cli.cwd / "out/job.json"
    seen: list[Record] = []
    faults: list[str] = []
    ended = threading.Event()

    def read() -> None:
        last = b""
        while not ended.is_set():
            try:
                data = path.read_bytes()
                if data != last:
                    seen.append(Record.from_json(data))
                last = data
            except FileNotFoundError:
                if seen:
                    faults.append("the record went away")
            except ValueError as error:
                faults.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        first = assert_completed(cli.ingest(clips.tiny(), "-o", "out"), cli.cwd / "out")
        second = assert_completed(cli.ingest(clips.tiny(), "-o", "out", "--force"), cli.cwd / "out")
    finally:
        ended.set()
        reader.join()
    assert faults == []
    jobs = [list(records) for _, records in itertools.groupby(seen, key=lambda r: r.job_id)]
    assert [records[-1] for records in jobs] == [first, second]
    for records in jobs:
        assert len(records) > 10
        assert {r.status for r in records[:-1]} == {Status.EXECUTING}
        for earlier, later in itertools.pairwise(records):
            assert later.messages[: len(earlier.messages)] == earlier.messages
            numbers = earlier.custom_attributes.message_codes
            assert later.custom_attributes.message_codes[: len(numbers)] == numbers
            assert later.progress.percent >= earlier.progress.percent
            assert later.times.updated >= earlier.times.updated


def test_what_a_run_leaves_behind_is_seen(cli: Cli) -> None:
    """The proof that `left == ()` above means something: another session, folder and environment do not hide."""
    # It ends when what it leaves runs under its own name: until then a process has another's, or none.
    named = 'until grep -aq "^sleep" /proc/$!/cmdline; do :; done'
    leaving = ("sh", "-c", f"cd /; env -i setsid sleep 30 & {named}; exit 0")
    done = cli.start(program=leaving).end()
    assert len(done.left) == 1
    assert "sleep 30" in done.left[0]


def _busy(pid: int) -> None:
    """Wait until a program has used half a second of CPU time: it is past its start."""

    def used() -> bool:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.5

    until(used, 20, "the program does nothing")
