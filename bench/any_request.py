"""Sends random requests to a server's API (schemathesis over its OpenAPI document) and counts the faults.

    python bench/any_request.py [EXAMPLES]      # for each route; 200 unless said

The server is built in this process on an empty data folder; no job runs. A fault is an answer of 500 or more.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from ingest.engine.queue import JobQueue
from ingest.server.app import create_app
from ingest.server.core import make_core
from ingest.server.settings import ServerSettings


@schemathesis.serializer("application/offset+octet-stream")
def piece(_context: object, value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


def main(examples: int) -> int:
    answers: Counter[tuple[str, int]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        queue = JobQueue.open(Path(folder))
        core = make_core(queue, ServerSettings(Path(folder), rate=None))
        key = core.keys.create("bench", account="bench", scopes=("admin",)).text
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", create_app(core))
        for result in schema.get_all_operations():
            operation = result.ok()
            if not operation.path.endswith("/events"):
                _try(operation, key, examples, answers)
        queue.close()
    for (name, status), count in sorted(answers.items()):
        print(f"{count:6d}  {status}  {name}")
    faults = sum(count for (_, status), count in answers.items() if status >= 500)
    print(f"{answers.total()} requests, {faults} faults")
    return 1 if faults else 0


def _try(operation: object, key: str, examples: int, answers: Counter[tuple[str, int]]) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: object) -> None:
        response = case.call(headers={"authorization": f"Bearer {key}"})
        answers[f"{case.method} {operation.path}", response.status_code] += 1

    call()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
