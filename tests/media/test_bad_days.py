"""What goes wrong around a job: tools, disks, signals, other runs. The record tells it, and nothing is left."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from helpers_cli import (
    assert_completed,
    assert_failed,
    descendants,
    fill,
    reached,
    read_record,
    script,
    sleeping_tool,
    small_disk,
    tree,
    until,
)
from helpers_media import X264

from ingest.job import codes
from ingest.job.record import Record
from ingest.job.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

    from ingest.job.codes import Code

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
        says="ffmpeg was killed by SIGTERM",
        output=cli.cwd / "out",
    )


def test_ffmpeg_that_makes_no_progress(cli: Cli, clips: Clips) -> None:
    run = cli.start(
        "run", clips.long(), "--res", "sd", "-o", "out", env={"INGEST_STALL_SECONDS": "2"}
    )
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
    assert 1.5 < time.monotonic() - stopped < 8


def test_prober_that_makes_no_progress(cli: Cli, clips: Clips) -> None:
    tool = sleeping_tool(cli.folder / "tool", "ffprobe")
    done = cli.ingest(
        clips.tiny(), "-o", "out", env={"INGEST_FFPROBE": tool, "INGEST_STALL_SECONDS": "1"}
    )
    assert_failed(
        cli, done, codes.TOOL_STALLED, exit_code=6, step=PROBE, says="made no progress", output=cli.cwd / "out"
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
    """Exit 0 is not success: a packager that writes nothing is found out."""
    tool = script(cli.folder / "tool", 'case "$1" in --version) echo packager version 3;; esac')
    done = cli.ingest(clips.tiny(), "-o", "out", env={"INGEST_PACKAGER": tool})
    assert_failed(
        cli,
        done,
        codes.PACKAGING_FAILED,
        exit_code=1,
        step=codes.GENERATING_HLS,
        says="index.m3u8",
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
        assert_failed(
            cli, done, codes.DISK_FULL, exit_code=6, step=START, says="no space left", output=None
        )
        assert os.listdir(disk) == ["filler"]


def test_disk_fills_up_while_ffmpeg_writes(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 * MB) as disk:
        run = cli.start("run", clips.long(), "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        reached(disk / "out", TRANSCODE)
        fill(disk, leave=400_000)
        record = assert_failed(
            cli,
            run.end(),
            codes.DISK_FULL,
            exit_code=6,
            step=TRANSCODE,
            says="ffmpeg could not write: no space left on device",
            output=disk / "out",
        )
        assert record.error is not None
        assert "No space left on device" in record.error.detail


def noisy(clips: Clips) -> Path:
    """10 s that cost several megabytes at any size."""
    picture = "nullsrc=size=640x360:rate=25:duration=10,geq=random(1)*255:128:128"
    return clips.make("noisy.mp4", "-f", "lavfi", "-i", picture, *X264, "-qp", "30")


def test_disk_fills_up_while_the_packager_writes(cli: Cli, clips: Clips, tmp_path: Path) -> None:
    """Room for the encoded file, which an identical run has measured, but not for its packaged copy."""
    source = noisy(clips)
    package = assert_completed(cli.ingest(source, "-o", "measured"), cli.cwd / "measured")
    size = sum((cli.cwd / "measured" / f).stat().st_size for f in package.files if f.startswith("video/"))
    assert size > MB
    with small_disk(tmp_path / "disk", 96 * MB) as disk:
        run = cli.start("run", source, "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        reached(disk / "out", TRANSCODE)
        fill(disk, leave=size + size // 2)
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
    """The packager itself, at its end, is followed by our own writes: they meet the full disk."""
    with small_disk(tmp_path / "disk", 96 * MB) as disk:
        run = cli.start("run", noisy(clips), "--res", "sd", "-o", disk / "out", env={"INGEST_MIN_FREE": "0"})
        reached(disk / "out", codes.GENERATING_POSTER)
        fill(disk, leave=0)
        done = run.end()
        step = {c.number: c for c in codes.ALL}[read_record(disk / "out").steps[-1].code]
        assert step in {
            codes.GENERATING_POSTER,
            codes.GENERATING_PREVIEWS,
            codes.GENERATING_ABR_INFO,
            codes.VERIFYING_PACKAGE,
        }
        assert_failed(
            cli, done, codes.DISK_FULL, exit_code=6, step=step, says="no space left", output=disk / "out"
        )


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
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
@pytest.mark.parametrize("moment", ["probe", "encode", "package"])
def test_cancelled_by_a_signal(
    moment: str, number: signal.Signals, exit_code: int, cli: Cli, clips: Clips
) -> None:
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
        exit_code=exit_code,
        step=step,
        says=f"cancelled by {number.name}",
        output=cli.cwd / "out",
        status=Status.CANCELLED,
    )
    assert took < 5
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


def test_killed_run_takes_ffmpeg_along_and_the_next_one_cleans_up(cli: Cli, clips: Clips) -> None:
    shutil.copy(clips.long(), cli.cwd / "film.mp4")
    run = cli.start("run", "film.mp4", "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", TRANSCODE)
    _busy(run.child("ffmpeg"))
    run.signal(signal.SIGKILL)
    died = time.monotonic()
    done = run.end(grace=2)
    assert time.monotonic() - died < 2.5
    assert (done.exit_code, done.left) == (-signal.SIGKILL, ())
    stale = read_record(cli.cwd / "out")
    assert stale.status is Status.EXECUTING
    assert [p.name for p in (cli.cwd / "out").glob(".work-*")] == [f".work-{stale.job_id}"]
    assert "interrupted" in cli.run("jobs").stdout.decode()
    shutil.copy(clips.tiny(), cli.cwd / "film.mp4")  # the same command, made short
    record = assert_completed(cli.ingest("film.mp4", "-o", "out"), cli.cwd / "out")
    assert record.job_id != stale.job_id


# -- the source while it is read --


def test_source_that_grows_while_it_is_read(cli: Cli, clips: Clips) -> None:
    source = cli.cwd / "film.mp4"
    shutil.copy(clips.small(), source)
    env = {"INGEST_PACKAGER": sleeping_tool(cli.folder / "packager", "packager")}
    run = cli.start("run", clips_long := _copy(clips.long(), cli), "--res", "sd", "-o", "out", env=env)
    reached(cli.cwd / "out", TRANSCODE)
    with clips_long.open("ab") as file:
        file.write(bytes(1000))
    assert_failed(
        cli,
        run.end(),
        codes.SOURCE_CHANGED,
        exit_code=3,
        step=TRANSCODE,
        says="copied.mp4 changed while it was being read",
        output=cli.cwd / "out",
    )


def test_source_renamed_while_it_is_read(cli: Cli, clips: Clips) -> None:
    """It was opened once: what the name means later does not matter."""
    source = _copy(clips.make("ten.mp4", "-t", "10", "-i", str(clips.long()), "-c", "copy"), cli)
    run = cli.start("run", source, "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", PROBE)
    source.rename(cli.cwd / "elsewhere.mp4")
    source.write_text("another file")
    record = assert_completed(run.end(), cli.cwd / "out")
    assert [o.details["frames"] for o in record.outputs] == [250]


# -- other runs, and what was there before --


def test_second_run_into_the_same_folder(cli: Cli, clips: Clips) -> None:
    first = cli.start("run", clips.make("ten.mp4", "-t", "10", "-i", str(clips.long()), "-c", "copy"), "--res", "sd", "-o", "out")
    reached(cli.cwd / "out", TRANSCODE)
    holder = read_record(cli.cwd / "out")
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
    assert {*os.listdir(out)} == {
        *("ABR.m3u8", "audio", "cuts", "info", "job.json", "latest", "manifest.mpd", "notes.txt"),
        *("poster.jpg", "previews", "video"),
    }
    assert (out / "cuts/a.edl").read_text() == "a"
    assert (out / "latest").readlink().name == "notes.txt"
    assert not (tree(out).keys() - {"notes.txt", "cuts/a.edl", "latest", "job.json"}) - set(second.files)
    assert os.listdir(cli.cwd) == ["out"]


def test_forced_run_that_fails_leaves_the_old_package(cli: Cli, clips: Clips) -> None:
    out = cli.cwd / "out"
    assert_completed(cli.ingest(clips.tiny(), "-o", "out"), out)
    before = tree(out, but=("job.json",))
    run = cli.start("run", clips.long(), "--res", "sd", "-o", "out", "--force")
    until(lambda: read_record(out).status is Status.EXECUTING, 20, "the second run does not begin")
    reached(out, TRANSCODE)
    os.kill(run.child("ffmpeg"), signal.SIGKILL)
    done = run.end()
    assert (done.exit_code, done.left) == (1, ())
    record = read_record(out)
    assert record.status is Status.FAILED
    assert record.error is not None
    assert record.error.code == codes.TOOL_KILLED.number
    assert [w.code for w in record.warnings] == [codes.PREVIOUS_PACKAGE_KEPT.number]
    assert tree(out, but=("job.json",)) == before
    assert cli.run("verify", "out").exit_code == 0
    again = cli.ingest(clips.tiny(), "-o", "out")
    assert again.exit_code == 4
    assert tree(out, but=("job.json",)) == before


# -- the record while it is written --


def test_every_read_of_the_record_is_a_whole_and_growing_one(cli: Cli, clips: Clips) -> None:
    path = cli.cwd / "out/job.json"
    run = cli.start("run", clips.small(), "--res", "sd", "-o", "out")
    seen: list[Record] = []
    faults: list[str] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                if seen:
                    faults.append("the record went away")
                continue
            try:
                record = Record.from_json(data)
            except ValueError as error:
                faults.append(str(error))
                continue
            if not seen or record != seen[-1]:
                seen.append(record)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done = run.end()
    finally:
        ended.set()
        reader.join()
    assert_completed(done, cli.cwd / "out")
    assert faults == []
    assert len(seen) > 10
    for earlier, later in zip(seen, seen[1:], strict=False):
        assert later.messages[: len(earlier.messages)] == earlier.messages
        codes_before = earlier.custom_attributes.message_codes
        assert later.custom_attributes.message_codes[: len(codes_before)] == codes_before
        assert later.progress.percent >= earlier.progress.percent
        assert later.times.updated >= earlier.times.updated
    assert {r.status for r in seen[:-1]} == {Status.EXECUTING}


def test_what_a_run_leaves_behind_is_seen(cli: Cli) -> None:
    """The proof that `left == ()` above means something: another session, folder and environment do not hide."""
    leaving = ("sh", "-c", "cd /; env -i setsid sleep 30 & exit 0")
    done = cli.start(program=leaving).end()
    assert len(done.left) == 1
    assert "sleep 30" in done.left[0]


def _busy(pid: int) -> None:
    """Wait until a program has used a tenth of a second of CPU time: it is past its start."""

    def used() -> bool:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.5

    until(used, 20, "the program does nothing")


def _copy(source: Path, cli: Cli) -> Path:
    copied = cli.cwd / "copied.mp4"
    shutil.copy(source, copied)
    return copied
