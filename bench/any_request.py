"""Sends random requests to every route of a server, native and of each dialect, and counts the faults.

    python bench/any_request.py [--examples 50] [--only DIALECT ...] [--seed 0]

The routes of the native API are those of its OpenAPI document, the dialects' those of the route table
(`dialect_schema`). Each is asked with an administrator's key, with none, with one that is not known, and of a server
without keys; with requests as described, with such as are not, and with bodies in which one value is a bad one. The
server is built in this process on a data folder in which there is one of each thing, so that much is found. A fault
is an answer of 500 or more, and an exception that the application does not catch. Before them go requests that must
succeed (`sure_requests`), for the routes that random ones hardly ever bring so far.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import copy
import json
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import schemathesis
from dialect_schema import FORM, QUERIES, document
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from request_world import World, make_world
from schemathesis import GenerationMode
from schemathesis.python.asgi import shutdown_lifespans
from sure_requests import FILM, answers

from ingest.engine.queue import JobQueue
from ingest.server.app import create_app
from ingest.server.core import make_core
from ingest.server.dialects import DIALECTS
from ingest.server.settings import ServerSettings

# What JSON can say and few expect: halves of surrogate pairs, numbers that are none or have too many digits.
BAD: Final = (
    *('"\\ud800"', '"\\u0000"', "NaN", "Infinity", "-1e400", "1" * 5000, "9223372036854775808", "-1", "0.5"),
    *(
        "null",
        "true",
        "[]",
        "{}",
        '""',
        "[" * 600 + "]" * 600,
        f'"{"a" * 5000}"',
        '{"": {"a": [null]}}',
        '"{}"',
    ),
    *('"%s%n"', '"{{.job_name}}"', '"../../etc/passwd"', '"100%"', '"\\u202e"', "[[]]", "1e308", "1e-320"),
)
# What parameters of a query say else.
ODD: Final = (
    "",
    "x",
    "\x00",
    "\udcff",
    "ü" * 300,
    "%",
    "-0",
    "١",
    "1" * 5000,
    "[1]",
    "null",
    "../../x",
    "a,b,,",
)
ESCAPED: Final = (
    "%FF",
    "%00",
    "..%2F..",
    "%2E%2E",
    "%",
    "%C3%BC" * 100,
    "a!b",
    "%0A",
    "%25",
    "*",
    "%F0%9F%8E%AC",
)
# Parameters without which nothing is found below these paths.
NEEDED: Final = {
    "/jobs": "jobType",
    "/files": "filePath",
    "/folders": "folderPath",
    "/downloads": "file_id",
    "/playlists": "job_id",
}
HEADERS: Final = (
    *(("accept", said) for said in ("*/*", "text/html", "application/xml", ";q=x,", "text/event-stream")),
    *(("range", said) for said in ("bytes=0-1", "bytes=-1", "bytes=9-1", "bytes=a-", "bytes=0-1,3-4")),
    *(("content-type", said) for said in ("", "x", "multipart/form-data", "application/json; charset=x")),
    *(("x-upload-metadata", said) for said in ("{", '{"a": NaN}', "[" * 5000)),
    *(
        ("content-encoding", "gzip"),
        ("if-none-match", "*"),
        ("cookie", "ingest_session=x"),
        ("origin", "null"),
    ),
)


@dataclass
class Seen:
    """Answers by dialect, route and status; what each kind of fault was, once."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    slowest: list[tuple[float, str]] = field(default_factory=list)


class Watched:
    """The application, with what it lets out kept: whoever runs it would log that, and end the connection."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.raised: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            raise
        except Exception:
            self.raised.append(traceback.format_exc())
            if scope["type"] != "http":
                raise


@schemathesis.serializer("application/offset+octet-stream", "application/octet-stream")
def piece(_context: object, value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--examples", type=int, default=50, help="cases for each route; each is sent seven times"
    )
    parser.add_argument("--only", action="append", default=[], help="native or a dialect's name")
    parser.add_argument("--seed", type=int, default=0)
    given_ = parser.parse_args()
    seen = Seen()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        queue = JobQueue.open(Path(folder), allowed=(Path(folder) / "films",))
        chosen = ServerSettings(Path(folder), rate=None, max_queued=None, max_upload=1024**2)
        begun = time.monotonic()
        world = make_world(make_core(queue, replace(chosen, max_upload=1024**3)))
        print(f"the jobs of the world took {time.monotonic() - begun:.0f} s", flush=True)
        core, bare = make_core(queue, chosen), make_core(queue, replace(chosen, no_auth=True))
        app, opened = Watched(create_app(core)), Watched(create_app(bare))
        callers = [(app, {"authorization": f"Bearer {world.key}"})] * 4
        callers += [(app, {}), (app, {"authorization": "Basic YTpi"}), (opened, {"host": "127.0.0.1"})]
        missed = sent_surely(world, replace(chosen, max_upload=1024**3, private_urls=True))
        spelled: set[str] = set()
        for name, operation in operations(world, given_.only):
            same = f"{name} {operation.definition.raw.get('summary')} {operation.method}"
            count = 2 if same in spelled else given_.examples
            spelled.add(same)
            draw = random.Random(f"{given_.seed} {operation.label}")
            Asking(world, name, operation, callers, draw, seen).ask(count, given_.seed)
        print(f"all is done after {time.monotonic() - begun:.0f} s", flush=True)
        shutdown_lifespans()
        queue.close()
    return max(report(seen), 1 if missed else 0)


def sent_surely(world: World, chosen: ServerSettings) -> list[str]:
    """What `sure_requests` sends to a server that may fetch from this machine; which of it did not succeed."""

    class Films(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(FILM)))
            self.end_headers()
            self.wfile.write(FILM)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Films) as films:
        threading.Thread(target=films.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{films.server_port}/film.mp4"
        with TestClient(create_app(make_core(world.core.queue, chosen))) as client:
            sent = list(answers(client, world, url))
        films.shutdown()
    missed = [f"{label}: {status}" for label, status in sent if status >= 400]
    print(f"{len(sent)} requests that must succeed, {len(missed)} did not", *missed, sep="\n", flush=True)
    return missed


def operations(world: World, only: list[str]) -> list[tuple[str, Any]]:
    """Every route but those whose answers do not end; what takes away comes last, or the others would find nothing."""
    schemas = [(d.name, schemathesis.openapi.from_dict(document(d))) for d in DIALECTS]
    schemas.append(("native", schemathesis.openapi.from_asgi("/api/openapi.json", create_app(world.core))))
    found = [
        (name, result.ok())
        for name, schema in schemas
        if not only or name in only
        for result in schema.get_all_operations()
    ]
    kept = [(name, operation) for name, operation in found if not operation.path.endswith("/events")]
    return sorted(kept, key=lambda o: o[1].method == "delete" or "abort" in o[1].path)


@dataclass
class Asking:
    """The requests of one route."""

    world: World
    dialect: str
    operation: Any
    callers: list[tuple[Watched, dict[str, str]]]
    draw: random.Random
    seen: Seen

    def ask(self, count: int, number: int) -> None:
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        for mode in modes if self.operation.body and count > 2 else modes[:1]:
            chosen = settings(
                max_examples=max(1, count // len(modes)),
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            strategy = self.operation.as_strategy(generation_mode=mode)
            with contextlib.suppress(Unsatisfiable):
                chosen(seed(number)(given(case=strategy)(self.call)))()

    def call(self, case: Any) -> None:
        """To draw a case takes longer than to send it: it is sent a few times, each time filled otherwise."""
        drawn = (case.path_parameters, case.query, case.headers, case.body)
        for app, headers in self.callers:
            case.path = self.operation.path
            case.path_parameters, case.query, case.headers, case.body = copy.deepcopy(drawn)
            fill(case, self.world, self.dialect, self.draw)
            json_body = isinstance(case.body, (dict, list)) and "json" in str(case.media_type)
            if json_body and self.draw.random() < 0.5:
                spoil(case, self.draw)
            self.send(case, app, headers)

    def send(self, case: Any, app: Watched, headers: dict[str, str]) -> None:
        label = f"{case.method} {self.operation.path}"
        begun = time.perf_counter()
        try:
            response = case.call(app=app, base_url="http://127.0.0.1", headers=headers)
        except (UnicodeError, ValueError):  # a request that no client can write
            self.seen.answers[self.dialect, label, 0] += 1
            return
        took = time.perf_counter() - begun
        self.seen.slowest = sorted([*self.seen.slowest, (took, label)], reverse=True)[:5]
        status = status_of(response, self.dialect)
        self.seen.answers[self.dialect, label, status] += 1
        if status >= 500 or app.raised:
            last = app.raised[-1] if app.raised else response.text[:500]
            curl = case.as_curl_command(headers=headers)
            known = f"{self.dialect} {status} {last.strip().splitlines()[-1]}"
            self.seen.faults.setdefault(known, f"{label}: {status}\n{curl[:3000]}\n{last[-1500:]}")
            app.raised.clear()


def status_of(response: Any, name: str) -> int:
    """Esri's servers say what is wrong in the body alone."""
    if name == "arcgis" and response.content.startswith(b'{"error"'):
        code = response.json()["error"]["code"]
        return code if isinstance(code, int) else 200
    return int(response.status_code)


def fill(case: Any, world: World, name: str, draw: random.Random) -> None:
    """Say mostly what there is: in the path, in a few parameters of the query, in the body; and how to be answered."""
    values = QUERIES[name] | FORM

    def known(key: str) -> list[Any]:
        return [*values.get(key, ()), *world.known(key, name)]

    for key in case.path_parameters or ():
        if draw.random() < 0.85 and (found := world.known(key, name)):
            said = draw.choice(found) if draw.random() < 0.95 else draw.choice(ESCAPED)
            # By hand: slashes and escapes stay as they are.
            case.path = case.path.replace(f"{{{key}}}", said)
    query = dict(case.query or {})
    needed = [key for part, key in NEEDED.items() if part in case.path and draw.random() < 0.8]
    others = draw.sample(sorted(QUERIES[name]), min(len(QUERIES[name]), draw.choice((0, 0, 1, 2, 5))))
    for key in {*needed, *others}:
        found = known(key)
        query[key] = draw.choice(found if found and draw.random() < 0.75 else ODD)
    case.query = query
    headers = dict(case.headers or {})
    if draw.random() < 0.3:
        headers |= dict([draw.choice(HEADERS)])
    if "/uploads" in case.path and name == "native" and draw.random() < 0.85:
        headers |= {"tus-resumable": "1.0.0", "upload-offset": "0", "upload-length": "8"}
    case.headers = headers
    if isinstance(case.body, dict):
        _fill(case.body, known, draw)


def _fill(node: Any, known: Any, draw: random.Random, within: str = "") -> None:
    """`within`: the key behind which the node stands; `{"preset": {"id"}}` is the id of a preset."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        name = within if isinstance(key, int) else f"{within}id" if key == "id" else key
        if isinstance(value, (dict, list)):
            _fill(value, known, draw, name)
        elif isinstance(value, str) and draw.random() < 0.7 and (found := known(name)):
            node[key] = draw.choice(found)


def spoil(case: Any, draw: random.Random) -> None:
    """One value of the body, wherever it stands, is a bad one."""
    mark = "\u0001here"
    body = json.loads(json.dumps(case.body, default=str))
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            places.append((node, key))
            if isinstance(value, (dict, list)):
                walk(value)

    walk(body)
    if places:
        node, key = draw.choice(places)
        node[key] = mark
    text = json.dumps(body).replace(json.dumps(mark), draw.choice(BAD))
    case.body = text.encode()


def report(seen: Seen) -> int:
    sums: Counter[tuple[str, int]] = Counter()
    for (name, _label, status), count in seen.answers.items():
        sums[name, status] += count
    for (name, status), count in sorted(sums.items()):
        print(f"{count:7d}  {status}  {name}")
    found = {(name, label) for name, label, status in seen.answers if 200 <= status < 400}
    every = {(name, label) for name, label, _ in seen.answers}
    for name, label in sorted(every - found):
        print(f"never found anything: {name} {label}")
    for took, label in seen.slowest:
        print(f"{took:7.2f} s  {label}")
    for fault in seen.faults.values():
        print(f"\nFAULT {fault}")
    print(f"{seen.answers.total()} requests of {len(every)} routes, {len(seen.faults)} different faults")
    return 1 if seen.faults else 0


if __name__ == "__main__":
    sys.exit(main())
