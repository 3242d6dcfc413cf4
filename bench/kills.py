"""Kills jobs at random instants, resumes them, and looks whether anything was lost or done twice.

One film is ingested undisturbed; then, again and again, a job is killed with SIGKILL (Python alone, ffmpeg alone, the
packager alone, or all of them) and resumed. Every resumed package must verify, have the undisturbed one's pictures,
leave nothing behind, use every chunk that was finished, and cost no more CPU than the undisturbed job and one chunk.
Ends with 1 where it does not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WHO = ("python", "ffmpeg", "packager", "all")
CHUNK_SECONDS = "4"
TRANSCODING = 9001


@dataclass(frozen=True)
class Job:
    """How the jobs are called."""

    source: Path
    presets: Path
    home: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(*arguments), env=self.environment(), capture_output=True, check=False
        )

    def start(self, output: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*self.asked(output)),
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def asked(self, output: Path) -> tuple[str | Path, ...]:
        return ("run", self.source, "--res", "sd,hd", "--preset-dir", self.presets, "-o", output)

    def command(self, *arguments: str | Path) -> list[str]:
        return [
            sys.executable,
            "-m",
            "ingest",
            *map(str, arguments),
            *(["-q"] if arguments[0] != "verify" else []),
        ]

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("INGEST_")}
        return kept | {"INGEST_HOME": str(self.home), "INGEST_CHUNK_SECONDS": CHUNK_SECONDS}


@dataclass(frozen=True)
class Killed:
    """One trial; `faults` says what was wrong."""

    who: str
    seconds: float
    step: str
    finished: int
    taken_up: int
    cpu: float
    faults: tuple[str, ...]


def small_presets(folder: Path) -> Path:
    """Shipped presets in small, so that a trial takes seconds: segments of one second."""
    folder.mkdir()
    for name, box, own in (("sd", "[160, 90]", "[720, 480]"), ("hd", "[320, 180]", "[1280, 720]")):
        text = (ROOT / "presets" / f"{name}.toml").read_text("utf-8")
        for old, new in (('"2s"', '"1s"'), ('"6s"', '"1s"'), (own, box)):
            if old not in text:
                raise SystemExit(f"presets/{name}.toml has no {old}")
            text = text.replace(old, new)
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


def film(folder: Path, seconds: int) -> Path:
    """A busy film with sound, made with the ffmpeg that ingest uses."""
    from ingest.media.toolchain import find

    path = folder / "film.mp4"
    picture = f"testsrc2=size=640x360:rate=25:duration={seconds}"
    command = [
        *(str(find().ffmpeg.path), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture),
        *("-f", "lavfi", "-i", f"sine=duration={seconds}", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-g", "25", "-bf", "2", "-c:a", "aac", str(path)),
    ]
    subprocess.run(command, check=True)
    return path


def record_in(output: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((output / "job.json").read_bytes())
    return document


def pictures(output: Path) -> dict[str, list[str]]:
    """Time, length and kind of every picture, by rung."""
    from ingest.media.toolchain import find

    found = {}
    for rung in sorted((output / "video").iterdir()):
        whole = b"".join(p.read_bytes() for p in (rung / "init.mp4", *sorted(rung.glob("seg-*.m4s"))))
        asked = (
            "-v",
            "error",
            "-show_entries",
            "packet=pts,duration,flags",
            "-of",
            "csv=p=0",
            "-i",
            "pipe:0",
        )
        done = subprocess.run(
            [str(find().ffprobe.path), *asked], input=whole, capture_output=True, check=True
        )
        found[rung.name] = sorted(done.stdout.decode().split())
    return found


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, children before their own."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def named(pid: int, word: str) -> bool:
    with contextlib.suppress(OSError):
        return word in Path(f"/proc/{pid}/exe").readlink().name
    return False


def strike(job: subprocess.Popen[bytes], who: str) -> None:
    below = descendants(job.pid)
    victims = {
        "python": [job.pid],
        "all": [job.pid, *below],
        "ffmpeg": [p for p in below if named(p, "ffmpeg")],
        "packager": [p for p in below if named(p, "packager")],
    }[who]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def finished_chunks(output: Path) -> dict[str, dict[str, Any]]:
    return {
        p.parts[-2]: json.loads(p.read_bytes())
        for p in output.glob(".work-*/temporary/chunks/*[0-9]/chunk.json")
    }


def step_cpu(record: dict[str, Any], since: int = 0) -> float:
    return sum(s["cpuSeconds"] or 0 for s in record["steps"][since:] if s["code"] == TRANSCODING)


def trial(
    job: Job, output: Path, who: str, seconds: float, whole: dict[str, list[str]], usual: float
) -> Killed:
    running = job.start(output)
    if who == "packager":
        _until(lambda: _packaging(running.pid) or running.poll() is not None)
    time.sleep(seconds)
    below = descendants(running.pid)
    strike(running, who)
    running.wait()
    faults = _left_running(below)
    if not (output / "job.json").exists():
        again = job.run(*job.asked(output))
        return _judged(job, output, who, seconds, "before the record", {}, 0, again, whole, usual, faults)
    before = record_in(output)
    if before["status"] == "COMPLETED":
        step = "too late"
        return Killed(who, seconds, step, 0, 0, step_cpu(before), tuple(faults))
    chunks = finished_chunks(output)
    encoded = any(output.glob(".work-*/temporary/encoded.json"))
    step = before["steps"][-1]["message"] if before["steps"] else ""
    again = job.run("resume", output)
    row = _judged(job, output, who, seconds, step, chunks, len(before["steps"]), again, whole, usual, faults)
    if encoded and not row.faults and step_cpu(record_in(output), len(before["steps"])) > 0:
        return replace(row, faults=("everything was encoded, and something was encoded again",))
    return row


def _judged(
    job: Job,
    output: Path,
    who: str,
    seconds: float,
    step: str,
    chunks: dict[str, dict[str, Any]],
    steps_before: int,
    again: subprocess.CompletedProcess[bytes],
    whole: dict[str, list[str]],
    usual: float,
    faults: list[str],
) -> Killed:
    if again.returncode != 0:
        words = again.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Killed(who, seconds, step, len(chunks), 0, 0, (*faults, f"not resumed: {words}"))
    record = record_in(output)
    said = [m.split(": ")[1] for m in record["messages"] if m.startswith("Work Taken Up")]
    taken = (
        len(chunks) if said == ["everything was encoded already"] else int(said[0].split()[0]) if said else 0
    )
    spent = step_cpu(record, steps_before)
    cpu = spent + sum(c["cpuSeconds"] for c in chunks.values())
    longest = max((c["cpuSeconds"] for c in chunks.values()), default=usual)
    if taken < len(chunks):
        faults.append(f"{len(chunks)} chunks were finished and {taken} were used")
    # A tenth for what a second start of everything and a noisy machine cost.
    if chunks and cpu > 1.1 * usual + longest:
        faults.append(f"{cpu:.1f} CPU s of encoding, {usual:.1f} undisturbed")
    if pictures(output) != whole:
        faults.append("other pictures than the undisturbed package's")
    if [p.name for p in output.iterdir() if p.name.startswith(".")]:
        faults.append("something was left behind")
    verified = job.run("verify", output)
    if verified.returncode != 0:
        faults.append("verify finds a fault")
    return Killed(who, seconds, step, len(chunks), taken, cpu, tuple(faults))


def _left_running(below: list[int]) -> list[str]:
    """Programs die with their parent; a moment is theirs."""
    deadline = time.monotonic() + 3
    alive = below
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = [p for p in below if named(p, "ffmpeg") or named(p, "ffprobe") or named(p, "packager")]
    return [f"process {p} was left" for p in alive]


def _packaging(pid: int) -> bool:
    """Whether a packager is at work, and not only asked for its version as at the start of each job."""
    with contextlib.suppress(OSError):
        found = [p for p in descendants(pid) if named(p, "packager")]
        return any(b"--version" not in Path(f"/proc/{p}/cmdline").read_bytes() for p in found)
    return False


def _until(probe: Any) -> None:
    while not probe():
        time.sleep(0.001)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=24, help="of film")
    parser.add_argument("--who", choices=WHO, action="append", help="only these")
    options = parser.parse_args()
    chance, among = random.Random(options.seed), options.who or WHO
    rows: list[Killed] = []
    with tempfile.TemporaryDirectory(prefix="ingest-kills-") as name:
        folder = Path(name)
        job = Job(film(folder, options.seconds), small_presets(folder / "presets"), folder / "home")
        began = time.monotonic()
        undisturbed = folder / "undisturbed"
        if job.run(*job.asked(undisturbed)).returncode != 0:
            raise SystemExit("the undisturbed job failed")
        took = time.monotonic() - began
        whole, usual = pictures(undisturbed), step_cpu(record_in(undisturbed))
        for number in range(options.kills):
            who = among[number % len(among)]
            # A packager lives for a tenth of a second; the others are met anywhere in the job.
            seconds = chance.uniform(0, 0.05 if who == "packager" else took)
            row = trial(job, folder / f"out{number}", who, seconds, whole, usual)
            rows.append(row)
            for fault in row.faults:
                print(f"{number}: {row.who} after {row.seconds:.2f} s, in {row.step}: {fault}", flush=True)
            shutil.rmtree(folder / f"out{number}")
    report(rows, usual)
    return 1 if any(row.faults for row in rows) else 0


def report(rows: list[Killed], usual: float) -> None:
    print(
        "| killed | jobs | of these in the encoder | ended before | chunks finished | used | with a fault |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for who in WHO:
        mine = [r for r in rows if r.who == who]
        late = sum(r.step == "too late" for r in mine)
        encoding = sum(r.step.startswith("Transcoding") for r in mine)
        finished, used = sum(r.finished for r in mine), sum(r.taken_up for r in mine)
        faulty = sum(bool(r.faults) for r in mine)
        print(f"| {who} | {len(mine)} | {encoding} | {late} | {finished} | {used} | {faulty} |")
    spent = [r.cpu / usual for r in rows if r.finished]
    if spent:
        print(
            f"\nencoding, CPU: {sum(spent) / len(spent):.2f} times the undisturbed job's, at most {max(spent):.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
