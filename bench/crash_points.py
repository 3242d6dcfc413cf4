"""Dies at each change of a folder that a job makes, before and after it, and goes on: nothing may be stuck or lost.

A tiny film is ingested, and before and after every rename, link, unlink and removed folder of its work and output
folders all that is on the disk is copied: what a job that dies there leaves. Each of these that is not like another is
put back, and `ingest resume` (`ingest run` where there is no record yet) must end COMPLETED, the package verify,
nothing be left over, and no finished chunk be encoded again. In three ways: into a new folder, over an old package in
one exchange, and over one entry by entry, where folders cannot be exchanged. Ends with 1 where something is not so.

`--per-site N` takes at most N calls (first, last, spread) of each place in the code; 0, the default, takes all. With
`--die` a job of its own dies at each of them (`os._exit`, as kill -9 would do it), which takes twice as long.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kills import TRANSCODING, finished_chunks, record_in, small_presets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAYS = ("new", "exchange", "entries")
CALLS = ("rename", "replace", "link", "unlink", "remove", "rmdir")
EXCHANGE = "_rename_exchange"
CHUNK_SECONDS = "1"
CHOICES: dict[str, Any] = {"jobs": 1, "encoder": "cpu", "copy": "never"}
DIED = 9


@dataclass(frozen=True)
class Call:
    """One change of a folder: which one of the job, what it was, and the line of ours that asked for it."""

    number: int
    what: str
    site: str


@dataclass(frozen=True)
class Trial:
    way: str
    call: Call
    after: bool
    faults: tuple[str, ...]
    reached: bool = True


class Counted:
    """Counts the calls that change `folder` and what is beside it but for the home, and dies at the one with `number`;
    or copies all of that to `copies`, before and after each. Used in a process of its own."""

    def __init__(
        self,
        folder: Path,
        log: Path,
        number: int | None = None,
        *,
        after: bool = False,
        copies: Path | None = None,
    ) -> None:
        self._folder, self._log, self._number, self._after = str(folder), log, number, after
        self._count, self._copies = 0, copies
        self._one = threading.Lock()

    def watch(self, *, exchange: bool) -> None:
        for name in CALLS:
            setattr(os, name, self._counted(name, getattr(os, name)))
        if not exchange:
            forbid_exchange()
        workspace = importlib.import_module("ingest.pipeline.workspace")
        setattr(workspace, EXCHANGE, self._counted("exchange", getattr(workspace, EXCHANGE)))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if not self._ours(arguments[0], options):
                return call(*arguments, **options)
            with self._one:
                self._count += 1
                number = self._count
            mine = number == self._number
            if self._number is None or mine:
                with self._log.open("a") as file:
                    file.write(json.dumps([number, f"{name} {self._short(arguments[0])}", _site()]) + "\n")
            if mine and not self._after:
                os._exit(DIED)
            self._copy(number, "before")
            done = call(*arguments, **options)
            self._copy(number, "after")
            if mine:
                os._exit(DIED)
            return done

        return counted

    def _copy(self, number: int, moment: str) -> None:
        if self._copies is not None:
            target = self._copies / f"{number:04d}-{moment}"
            # What other threads are at work on may come and go.
            command = ["cp", "-a", str(Path(self._folder).parent), str(target)]
            subprocess.run(command, stderr=subprocess.DEVNULL, check=False)

    def _ours(self, path: Any, options: dict[str, Any]) -> bool:
        if isinstance(path, int):
            return False
        if options.get("dir_fd") is not None:  # of `shutil.rmtree`, which works below an open folder
            whole = Path(f"/proc/self/fd/{options['dir_fd']}").readlink()
        else:
            whole = Path(os.path.abspath(os.fsdecode(path)))
        beside = Path(self._folder).parent  # where a package stands until it is exchanged for the old one
        return whole.is_relative_to(beside) and not whole.is_relative_to(beside / "home")

    def _short(self, path: Any) -> str:
        return Path(os.fsdecode(path)).name


def forbid_exchange() -> None:
    """As on a file system that cannot exchange folders."""
    setattr(importlib.import_module("ingest.pipeline.workspace"), EXCHANGE, lambda *_: False)


def _site() -> str:
    """The innermost line of ours on the stack."""
    for frame in reversed(traceback.extract_stack()):
        if "/ingest/" in frame.filename and frame.filename.endswith(".py"):
            return f"{frame.filename.rpartition('/ingest/')[2]}:{frame.lineno} {frame.name}"
    return "?"


@dataclass(frozen=True)
class Bench:
    """Where everything is; each job runs in a process of its own that is forked from this one."""

    folder: Path
    source: Path
    presets: Path

    def job(self, output: Path, *, force: bool, counted: Counted | None = None, exchange: bool = True) -> int:
        """Exit status of a run; 0 where it was COMPLETED."""
        import ingest

        def work() -> bool:
            if counted is not None:
                counted.watch(exchange=exchange)
            done = ingest.run(self.source, "sd", output, preset_dir=self.presets, force=force, **CHOICES)
            return done.status == "COMPLETED"

        return forked(work)

    def resumed(self, job: str, *, exchange: bool) -> int:
        import ingest

        def work() -> bool:
            if not exchange:
                forbid_exchange()
            return ingest.resume(job).status == "COMPLETED"

        return forked(work)


def tiny_film(folder: Path, seconds: int) -> Path:
    """Every picture a key picture, so that it can be cut anywhere, and sound."""
    from ingest.media.toolchain import find

    path = folder / "film.mp4"
    picture = f"testsrc2=size=96x64:rate=25:duration={seconds}"
    command = [
        *(str(find().ffmpeg.path), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture),
        *("-f", "lavfi", "-i", f"sine=duration={seconds}", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-g", "1", "-c:a", "aac", str(path)),
    ]
    subprocess.run(command, check=True)
    return path


def forked(work: Callable[[], bool]) -> int:
    """The exit status of a child in which `work` is done: 0 where it gives True."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if work() else 1
        except BaseException:  # noqa: BLE001 - the child must end here, whatever happened
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def newest_job(home: Path) -> tuple[str, str] | None:
    """Id and status of the newest job of the store."""
    from ingest.store import open_store

    with open_store(home) as store:
        jobs = store.list(limit=1)
    return (jobs[0].job_id, str(jobs[0].status)) if jobs else None


def trial(bench: Bench, way: str, call: Call, *, after: bool, old: Path | None) -> Trial:
    """One job that dies, and is taken up."""
    place = bench.folder / "trial"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    output, log, home = place / "out", bench.folder / "died", place / "home"
    os.environ["INGEST_HOME"] = str(home)
    log.unlink(missing_ok=True)
    if old is not None:
        shutil.copytree(old, output)
    before = newest_job(home)
    counted = Counted(place / "out", log, call.number, after=after)
    status = bench.job(output, force=old is not None, counted=counted, exchange=way == "exchange")
    if status == 0:
        return Trial(way, call, after, (), reached=False)
    if status != DIED:
        return Trial(way, call, after, (f"the job ended with {status} and did not die",))
    _, what, site = json.loads(log.read_text())
    return Trial(way, Call(call.number, what, site), after, gone_on(bench, way, place, old, before))


def gone_on(
    bench: Bench, way: str, place: Path, old: Path | None, before: tuple[str, str] | None = None
) -> tuple[str, ...]:
    """What is wrong with a job that died, and with what comes of it when it goes on; `before`: the store's last job."""
    output, home = place / "out", place / "home"
    faults = _standing(output, old)
    dead = record_in(output) if (output / "job.json").exists() else {"jobId": "", "steps": []}
    chunks = len(finished_chunks(output))
    whole = any(output.glob(".work-*/temporary/encoded.json"))
    job = newest_job(home)
    if job is None or job == before:
        again = bench.job(output, force=old is not None, exchange=way == "exchange")
    elif job[1] == "COMPLETED":
        again = 0
    else:
        again = bench.resumed(job[0], exchange=way == "exchange")
    if again != 0:
        faults.append(f"going on ended with {again}")
    else:
        faults += _done(output, place, dead, chunks, whole=whole)
    return tuple(faults)


def _standing(output: Path, old: Path | None) -> list[str]:
    """What a reader would find wrong in the moment after the death."""
    found = []
    if (output / "job.json").exists():
        try:
            record_in(output)
        except ValueError:
            found.append("half a record")
    if old is not None and (output / "ABR.m3u8").is_file():
        found += [
            f"{p.relative_to(output)} is missing beside its playlist"
            for playlist in output.rglob("*.m3u8")
            if ".work-" not in str(playlist)
            for line in playlist.read_text().splitlines()
            if line and not line.startswith("#") and not (p := playlist.parent / line).exists()
        ]
    return found


def _done(output: Path, place: Path, dead: dict[str, Any], chunks: int, *, whole: bool) -> list[str]:
    """What is wrong with a package that is said to be complete; `dead` is the record as the job left it."""
    from ingest.packaging.verify import verify

    faults = []
    record = record_in(output)
    if (record["status"], record["messages"][-1]) != ("COMPLETED", "Ingest Complete"):
        faults.append(f"the record says {record['status']}, {record['messages'][-1]}")
    said = [m.partition(": ")[2] for m in record["messages"] if m.startswith("Work Taken Up")]
    everything = "everything was encoded already" in said
    taken = max((int(s.split()[0]) for s in said if s.split()[0].isdigit()), default=0)
    before = len(dead["steps"]) if dead["jobId"] == record["jobId"] else 0
    encoding = any(s["code"] == TRANSCODING for s in record["steps"][before:])
    if encoding and whole and not everything:
        faults.append("everything was encoded, and something was encoded again")
    elif encoding and taken < chunks and not everything:
        faults.append(f"{chunks} chunks were finished and {taken} were used")
    faults += [f"verify: {f.rule} {f.place}: {f.found}" for f in verify(output).findings if f.level == "MUST"]
    left = [p.name for folder in (output, place) for p in folder.iterdir() if p.name.startswith(".")]
    if left:
        faults.append(f"left behind: {', '.join(left)}")
    return faults


def calls_of(bench: Bench, way: str, old: Path | None, *, die: bool) -> list[Call]:
    """Those of an undisturbed job; what is on the disk around each of them is copied, unless jobs are to die."""
    place = bench.folder / "trial"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    os.environ["INGEST_HOME"] = str(place / "home")
    log = bench.folder / f"calls-{way}"
    if old is not None:
        shutil.copytree(old, place / "out")
    copies = bench.folder / "copies"
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir()
    counted = Counted(place / "out", log, copies=None if die else copies)
    if bench.job(place / "out", force=old is not None, counted=counted, exchange=way == "exchange") != 0:
        raise SystemExit("the undisturbed job failed")
    return [Call(*json.loads(line)) for line in log.read_text().splitlines()]


def chosen(calls: list[Call], per_site: int) -> list[Call]:
    """At most `per_site` calls of each place in the code, the first and the last among them; 0: all."""
    if per_site == 0:
        return calls
    found = []
    for site in dict.fromkeys((c.site, c.what.split()[0]) for c in calls):
        mine = [c for c in calls if (c.site, c.what.split()[0]) == site]
        places = {round(n * (len(mine) - 1) / max(1, per_site - 1)) for n in range(per_site)}
        found += [mine[n] for n in sorted(places)]
    return sorted(found, key=lambda c: c.number)


def walk(
    folder: Path, ways: list[str], per_site: int, only: str = "", *, die: bool = False, minutes: float = 0
) -> list[Trial]:
    """All trials; what is wrong is printed as it is found."""
    import ingest

    os.environ["INGEST_CHUNK_SECONDS"] = CHUNK_SECONDS
    os.environ["INGEST_HOME"] = str(folder / "home")
    bench = Bench(folder, tiny_film(folder, 2), small_presets(folder / "presets"))
    package = folder / "old"
    # In this process: what is loaded and found out here, no trial has to load.
    if ingest.run(bench.source, "sd", package, preset_dir=bench.presets, **CHOICES).chunks < 2:
        raise SystemExit("the old package was not made, or not in chunks")
    deadline = time.monotonic() + 60 * minutes if minutes else None
    rows: list[Trial] = []
    for way in ways:
        old = package if way != "new" else None
        calls = calls_of(bench, way, old, die=die)
        points = [c for c in chosen(calls, per_site) if only in f"{c.what} {c.site}"]
        print(f"{way}: {len(calls)} calls, {len(points)} of them tried, before and after", flush=True)
        for row in trials(bench, way, points, old, die=die):
            rows.append(row)
            for fault in row.faults:
                moment = "after" if row.after else "before"
                print(
                    f"{way} {row.call.number}: {moment} {row.call.what} ({row.call.site}): {fault}",
                    flush=True,
                )
            if deadline and time.monotonic() > deadline:
                print(f"{way}: stopped behind call {row.call.number}: no time left", flush=True)
                break
    return rows


def trials(bench: Bench, way: str, points: list[Call], old: Path | None, *, die: bool) -> Iterator[Trial]:
    """One before and one after each call; where jobs do not die themselves, one for each state that is new."""
    seen: set[str] = set()
    place = bench.folder / "trial"
    for call, after in itertools.product(points, (False, True)):
        if die:
            yield trial(bench, way, call, after=after, old=old)
            continue
        state = bench.folder / "copies" / f"{call.number:04d}-{'after' if after else 'before'}"
        if not state.exists() or (like := digest(state)) in seen:
            continue
        seen.add(like)
        shutil.rmtree(place, ignore_errors=True)
        state.rename(place)
        os.environ["INGEST_HOME"] = str(place / "home")
        yield Trial(way, call, after, gone_on(bench, way, place, old))


def digest(folder: Path) -> str:
    """Of all but the store that is in a folder and beside it: names and contents."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if folder / "home" not in p.parents):
        found.update(os.fsencode(path.relative_to(folder)) + b"\0")
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--per-site", type=int, default=0, metavar="N")
    parser.add_argument("--way", choices=WAYS, action="append")
    parser.add_argument("--only", default="", metavar="WORD", help="only calls whose name or place has it")
    parser.add_argument("--die", action="store_true", help="let jobs die there")
    parser.add_argument(
        "--minutes", type=float, default=0, help="for each way, at most; 0: all that it takes"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ingest-crash-points-") as name:
        rows = walk(
            *(Path(name), options.way or list(WAYS), options.per_site, options.only),
            die=options.die,
            minutes=options.minutes,
        )
    report(rows)
    return 1 if not rows or any(row.faults for row in rows) else 0


def report(rows: list[Trial]) -> None:
    print("\n| way | tried | died there | with a fault |\n| --- | ---: | ---: | ---: |")
    for way in dict.fromkeys(r.way for r in rows):
        mine = [r for r in rows if r.way == way]
        died, faulty = sum(r.reached for r in mine), sum(bool(r.faults) for r in mine)
        print(f"| {way} | {len(mine)} | {died} | {faulty} |")
    sites = Counter(r.call.site.split()[0].partition(":")[0] for r in rows if r.reached)
    print("\n" + ", ".join(f"{site} {count}" for site, count in sites.most_common()))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
