"""A job's process for the engine's tests: it does what the source's name says, and no media work."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path

from ingest.engine.orders import Orders, die_with
from ingest.job import codes
from ingest.job.errors import Cancelled, ProcessingError
from ingest.job.status import Status
from ingest.media.cancel import CancelToken
from ingest.pipeline.closing import closed
from ingest.pipeline.first_record import this_process
from ingest.store import JobSummary, open_store

LOG = "turns"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lock", type=int)
    parser.add_argument("--parent", type=int)
    given = parser.parse_args()
    os.set_inheritable(given.lock, False)
    die_with(given.parent)
    token = CancelToken()
    signal.signal(signal.SIGTERM, lambda number, _: token.cancel(number, "a request"))
    orders = Orders.of(json.loads(sys.stdin.buffer.read()))
    home = Path(os.environ["INGEST_HOME"])
    what = orders.record.source.name.removesuffix(".mp4").split("-")[0]
    output = Path(orders.record.output)
    output.mkdir(parents=True, exist_ok=True)
    alone = os.open(output, os.O_RDONLY)
    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as the workspace does: a second one would fail
    with (home / LOG).open("a") as turns:
        turns.write(f"{orders.record.source.name}\n")
    record = orders.record.evolve(process=this_process()).with_status(Status.EXECUTING)
    with open_store(home, known_only=True) as store:  # as the real one
        store.save(record.to_json(), summary=JobSummary.of(record))
        (output / "job.json").write_text(record.to_json())
        if what == "die" or (what == "once" and not (output / "tried").exists()):
            (output / "tried").touch()
            os.write(2, b"out of luck\n")
            os.kill(os.getpid(), signal.SIGKILL)
        until = time.monotonic() + {"long": 60.0, "stubborn": 60.0, "short": 0.3}.get(what, 0.0)
        while time.monotonic() < until and not (token.requested and what != "stubborn"):
            time.sleep(0.02)
            if what == "stubborn":
                (output / f".work-{record.job_id}/temporary/chunks/0001").mkdir(parents=True, exist_ok=True)
                if (home / "finish").exists():
                    (output / f".work-{record.job_id}/temporary/chunks/0001/chunk.json").touch()
        if token.requested:
            record = closed(record, Cancelled(15, "a request"))
        elif what == "fail":
            record = closed(record, ProcessingError(codes.TRANSCODING_FAILED, "no"))
        else:
            record = record.with_output("sd", status="COMPLETED").with_status(Status.COMPLETED)
        store.save(record.to_json(), summary=JobSummary.of(record))
        (output / "job.json").write_text(record.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
