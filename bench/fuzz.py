"""Damaged and forged videos through probe and plan, and through whole runs: what must hold always, does it?

Run by hand, on Linux: `python bench/fuzz.py --media FOLDER [--plans 10000] [--runs 200] [--seed 1] [--first 0]
[--jobs 1] [--keep DIR]`. Input N of a seed is always the same bytes, so a finding is named by `seed:N`; `--first N
--plans 1 --runs 0 --keep DIR` makes it again. Ends with 1 when there is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

import fuzz_bases
from fuzz_trials import PLAN_SECONDS, STUCK, Outcome, serve
from main_job import table
from mutate import mutated

from ingest.media import toolchain

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from multiprocessing.process import BaseProcess

    from mutate import Clip

PROGRESS = 100
SLOWEST = 3
Order = tuple[str, int]


@dataclass(slots=True)
class Worker:
    """A process that makes one trial after the other; `order` is the one it is at."""

    process: BaseProcess
    connection: Connection
    folder: Path
    order: Order | None = None

    def take(self, order: Order | None) -> None:
        self.order = order
        self.connection.send(order)

    def dismiss(self) -> None:
        """It ends after the trial that it is at."""
        self.connection.close()
        self.process.join()

    def died(self) -> tuple[str, str]:
        """The finding and its detail, when the process ended in the middle of a trial."""
        self.process.join()
        stack = (self.folder / STUCK).read_text() if (self.folder / STUCK).exists() else ""
        if "Timeout" in stack:
            return f"no end after {PLAN_SECONDS} s", stack
        return f"the process ended with {self.process.exitcode}", stack


@dataclass(slots=True)
class Fuzz:
    """The series: its clips, its number, and where its workers live."""

    clips: tuple[Clip, ...]
    seed: int
    folder: Path
    started: int = 0

    def outcomes(self, orders: Sequence[Order], jobs: int) -> Generator[Outcome, None, None]:
        """In the order in which they are ready; `jobs` at a time."""
        waiting = iter(orders)
        workers = [self._hired() for _ in range(jobs)]
        try:
            for worker in workers:
                worker.take(next(waiting, None))
            while busy := {w.connection: w for w in workers if w.order is not None}:
                for ready in wait(list(busy)):
                    worker = busy[ready]  # type: ignore[index]
                    try:
                        yield worker.connection.recv()
                    except EOFError:
                        yield self._obituary(worker)
                        workers.remove(worker)
                        worker = self._hired()
                        workers.append(worker)
                    worker.take(next(waiting, None))
        finally:  # also where we are told to stop: nobody works in a folder that is being removed
            for worker in workers:
                worker.dismiss()

    def _hired(self) -> Worker:
        self.started += 1
        folder = self.folder / f"worker{self.started}"
        ours, theirs = multiprocessing.Pipe()
        # Not fork: nothing of this process is in the way of what is measured there.
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(theirs, self.clips, self.seed, folder)
        )
        process.start()
        theirs.close()
        return Worker(process, ours, folder)

    def _obituary(self, worker: Worker) -> Outcome:
        assert worker.order is not None
        what, number = worker.order
        made = mutated(self.clips, self.seed, number)
        finding, detail = worker.died()
        return Outcome(what, number, made.kinds[0], made.clip.name, "finding", finding, detail)


@dataclass(frozen=True, slots=True)
class Archive:
    """`--keep`: every outcome as a line of JSON, and the input and the detail of each finding."""

    folder: Path

    def add(self, fuzz: Fuzz, outcome: Outcome) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        line = {"seed": fuzz.seed, **asdict(outcome)}
        del line["detail"]
        with (self.folder / "outcomes.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        if outcome.finding:
            made = mutated(fuzz.clips, fuzz.seed, outcome.number)
            stem = f"{outcome.what}-{fuzz.seed}-{outcome.number}"
            (self.folder / f"{stem}{made.clip.suffix}").write_bytes(made.data)
            told = f"{outcome.finding}\n{', '.join(made.kinds)}: {outcome.clip}\n\n{outcome.detail}\n"
            (self.folder / f"{stem}.txt").write_text(told, "utf-8", "replace")

    def outcomes(self, seed: int) -> list[Outcome]:
        """Of all calls so far; of an input that was tried again, the last one."""
        lines = map(json.loads, (self.folder / "outcomes.jsonl").read_text().splitlines())
        last = {(line["what"], line["number"]): line for line in lines if line.pop("seed") == seed}
        return [Outcome(**line) for line in last.values()]


def report(outcomes: Sequence[Outcome], seed: int) -> str:
    """The tables, the slowest, and the findings."""
    parts = []
    for what in ("plan", "run"):
        mine = [o for o in outcomes if o.what == what]
        if mine:
            parts.append(f"### {len(mine)} {what}s\n\n{outcome_table(mine)}")
            slow = sorted(mine, key=lambda o: -o.seconds)[:SLOWEST]
            parts.append("Slowest: " + ", ".join(f"{seed}:{o.number} {o.seconds:.1f} s" for o in slow))
    found = [o for o in outcomes if o.finding]
    parts += [f"{seed}:{o.number} {o.what}, {o.kind}, {o.clip}: {o.finding[:300]}" for o in found]
    return "\n\n".join([*parts, f"{len(found)} findings"])


def outcome_table(outcomes: Sequence[Outcome]) -> str:
    """Kinds of mutation against what became of them, the most frequent first."""
    columns = [name for name, _ in Counter(o.result for o in outcomes).most_common()]
    counts = Counter((o.kind, o.result) for o in outcomes)
    kinds = sorted({o.kind for o in outcomes})
    rows = [[kind, *(str(counts[kind, c] or "") for c in columns)] for kind in kinds]
    rows.append(["all", *(str(sum(counts[kind, c] for kind in kinds)) for c in columns)])
    return table(["first mutation", *columns], rows, markdown=True)


def told(done: int, of: int, findings: int, began: float) -> None:
    seconds = time.monotonic() - began
    print(f"{done} of {of}, {findings} findings, {seconds:.0f} s", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--media", type=Path, required=True, help="folder of the clips to damage")
    parser.add_argument("--plans", type=int, default=10_000, help="inputs through probe and plan")
    parser.add_argument("--runs", type=int, default=200, help="inputs through whole runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first input")
    parser.add_argument("--jobs", type=int, default=1, help="trials at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where outcomes and findings are kept")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    numbers = range(options.first, options.first + max(options.plans, options.runs))
    orders = [("plan", n) for n in numbers[: options.plans]] + [("run", n) for n in numbers[: options.runs]]
    archive = Archive(options.keep) if options.keep else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # temporary files go, what is kept stays
    with tempfile.TemporaryDirectory(prefix="ingest-fuzz-") as name:
        clips = fuzz_bases.make(toolchain.find(), options.media, Path(name))
        fuzz = Fuzz(clips, options.seed, Path(name))
        print(f"{len(clips)} clips, {fuzz_bases.digest(clips)}", file=sys.stderr, flush=True)
        outcomes: list[Outcome] = []
        began, findings = time.monotonic(), 0
        with contextlib.closing(fuzz.outcomes(orders, options.jobs)) as made:
            for done, outcome in enumerate(made, 1):
                outcomes.append(outcome)
                findings += bool(outcome.finding)
                if archive:
                    archive.add(fuzz, outcome)
                if done % PROGRESS == 0 or done == len(orders):
                    told(done, len(orders), findings, began)
    print(f"Seed {options.seed}, {len(clips)} clips ({fuzz_bases.digest(clips)}).\n")
    print(report(archive.outcomes(options.seed) if archive else outcomes, options.seed))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
