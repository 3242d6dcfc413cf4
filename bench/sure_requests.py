"""Requests that must succeed, for the routes that random ones hardly ever bring to success.

Most need what an earlier answer said: a ticket in a URL, the id of a draft, the etag of a part. Each is sent in every
spelling that its dialect has. `answers` yields the route and the status of each; one of 400 or more is a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.engine.ids import object_id, uuid_of
from ingest.server.dialects.xvid import ids
from ingest.server.dialects.xvid.presets import system_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient
    from httpx2 import Response
    from request_world import World

    Answers = Iterator[tuple[str, int]]

FILM = b"not a film, but bytes of one"


def answers(client: TestClient, world: World, film_url: str) -> Answers:
    """`film_url` is an address of some bytes that the server may fetch."""
    key = {"authorization": f"Bearer {world.key}"}
    yield from _arcgis(client, world)
    for base in ("/v1/customer", "/v1/computing"):
        yield from _bytenite(client, world, base, film_url)
    for prefix in ("", "/uploadio"):
        yield from _bytescale(client, world, prefix, key, film_url)
    yield from _native(client, key)
    yield from _xvid(client, world, key)


def _said(label: str, answer: Response) -> tuple[str, int]:
    """With the number of Esri's error, whose HTTP status is 200."""
    if answer.content.startswith(b'{"error":{'):
        code = answer.json()["error"].get("code")
        return label, code if isinstance(code, int) else answer.status_code
    return label, answer.status_code


def _arcgis(client: TestClient, world: World) -> Answers:
    job = next(job for job in world.done if job.state.value == "COMPLETED")
    service = f"services/{job.job_id}/{job.record.results.service_name}/VideoServer"
    signed = {"password": world.key, "f": "json"}
    for root in ("/arcgis/rest", "/video/rest"):
        for end in ("", "/"):
            form = {"username": "bench", "password": world.key, "redirect": "/jobs"}
            origin = {"origin": "http://testserver"}
            login = f"{root}/login{end}"
            yield _said(
                f"POST {login}", client.post(login, data=form, headers=origin, follow_redirects=False)
            )
            token = client.post(f"{root}/generateToken{end}", data={"username": "bench", **signed})
            yield _said(f"POST {root}/generateToken{end}", token)
            given = {"f": "json", "token": token.json()["token"]}
            for part in ("", "/0", "/0/content/preview/preview.json", "/0/original"):
                path = f"{root}/{service}{part}{end}"
                for method in ("GET", "POST"):
                    said: dict[str, Any] = {"data": given} if method == "POST" else {"params": given}
                    answer = client.request(method, path, follow_redirects=False, **said)
                    yield _said(f"{method} {root}/{part}{end}", answer)


def _bytenite(client: TestClient, world: World, base: str, film_url: str) -> Answers:
    token = client.post("/v1/auth/access_token", json={"apiKey": world.key})
    yield _said("POST /v1/auth/access_token", token)
    key = {"authorization": token.json()["token"]}
    by_url = {"dataSourceDescriptor": "url", "params": {"@type": "x", "url": film_url, "name": "a.mp4"}}
    by_file = {"dataSourceDescriptor": "file", "params": {"@type": "x", "name": "a.mp4"}}

    def posted(path: str, body: Any = None, method: str = "POST") -> Response:
        return client.request(method, f"{base}{path}", json=body, headers=key)

    def draft() -> str:
        return str(
            posted("/jobs", {"name": "sure", "params": {"app": {"resolutions": ["sd"]}}}).json()["job"]["id"]
        )

    changes = {
        "datasource": {"dataSource": by_url, "dataDestination": {"dataSourceDescriptor": "bucket"}},
        "params": {"params": {"app": {"resolutions": ["sd"]}}},
        "jobname": {"name": "another"},
        "configs": {"config": {"taskTimeout": "60"}},
    }
    for spelled in ("/jobs/{id}/{what}", "/jobs/{what}/{id}"):
        own = draft()
        for what, body in changes.items():
            path, method = (
                spelled.format(id=own, what=what),
                "PATCH" if spelled.endswith("{what}") else "POST",
            )
            yield _said(f"{method} {base}{spelled} {what}", posted(path, body, method))
        for what in ("run", "abort"):
            yield _said(f"POST {base}{spelled} {what}", posted(spelled.format(id=own, what=what), {}))
        own = draft()
        made = posted(f"/jobs/datasource/{own}", {"dataSource": by_file}).json()
        url = made["job"]["dataSource"]["params"]["tempUrl"]
        url = url.replace("/v1/customer", base) if base not in url else url
        yield _said(f"PUT {base} tempUrl", client.put(url, content=FILM))
        yield _said(
            f"POST {base}{spelled} uploadcompleted", posted(spelled.format(id=own, what="uploadcompleted"))
        )
        yield _said(f"DELETE {base}/jobs/id", posted(f"/jobs/{own}", method="DELETE"))
    for path in ("/datasource/info", "/datasource/test"):
        yield _said(f"POST {base}{path}", posted(path, {"dataSource": by_url, "listFiles": True}))
    done = next(job for job in world.done if job.dialect == "bytenite")
    logs = {"jobId": str(uuid_of(done.job_id)), "levels": ["INFO"]}
    yield _said(f"POST {base}/logs", posted("/logs", logs))
    yield _said(f"POST {base}/jobs/runningTasks", posted("/jobs/runningTasks", {}))


def _bytescale(client: TestClient, world: World, prefix: str, key: dict[str, str], film_url: str) -> Answers:
    account = f"{prefix}/v2/accounts/{world.who.account}"

    def sent(method: str, path: str, **more: Any) -> tuple[str, int]:
        return _said(
            f"{method} {prefix}{path}", client.request(method, f"{account}{path}", headers=key, **more)
        )

    yield sent("POST", "/uploads/url", json={"url": film_url, "path": "/sure/url.mp4"})
    begun = client.post(
        f"{account}/uploads", headers=key, json={"size": len(FILM), "path": "/sure/parts.mp4"}
    )
    part = begun.json()["uploadParts"]["first"]
    stored = client.put(part["uploadUrl"], content=FILM)
    yield _said(f"PUT {prefix} uploadUrl", stored)
    number = f"/uploads/{part['uploadId']}/parts/{part['uploadPartIndex']}"
    yield sent("PUT", number, json={"etag": stored.headers["etag"]})
    copy = {"source": "/sure/parts.mp4", "destination": "/sure/copy.mp4"}
    yield sent("POST", "/files/copy", json=copy)
    yield sent("POST", "/files/copy/batch", json={"files": [copy]})
    yield sent("DELETE", "/files", params={"filePath": "/sure/copy.mp4"})
    yield sent("DELETE", "/files/batch", json={"files": ["/sure/parts.mp4"]})


def _native(client: TestClient, key: dict[str, str]) -> Answers:
    path = client.post("/api/files", params={"name": "sure.mp4"}, content=FILM, headers=key)
    yield _said("POST /api/files", path)
    file = path.json()["file"]
    asked = {"source": {"file": file}, "resolutions": ["sd"], "draft": True}
    made = client.post("/api/jobs", json=asked, headers=key)
    yield _said("POST /api/jobs", made)
    job = f"/api/jobs/{made.json()['jobId']}"
    for doing in ("run", "cancel", "retry"):
        yield _said(f"POST /api/jobs/id/{doing}", client.post(f"{job}/{doing}", headers=key))
    tus = key | {"tus-resumable": "1.0.0"}
    begun = client.post("/api/uploads", headers=tus | {"upload-length": str(len(FILM))})
    yield _said("POST /api/uploads", begun)
    piece = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
    overriding = tus | piece | {"x-http-method-override": "PATCH"}
    yield _said(
        "POST /api/uploads/id", client.post(begun.headers["location"], content=FILM, headers=overriding)
    )
    yield _said("DELETE /api/files/id", client.delete(f"/api/files/{file}", headers=key))


def _xvid(client: TestClient, world: World, key: dict[str, str]) -> Answers:
    target = {"container": "mp4", "vcodec": {"codec": {"name": "H.264 / AVC"}, "caps": {"max_height": 72}}}
    output = {"output_name": "{input_name}_small", "preset": {"id": system_id("sd")}}
    film = ids.stored_id(world.file.file_id)
    bodies: dict[str, dict[str, Any]] = {
        "presets": {"preset": {"name": "a", "description": "b", "target_format": target}},
        "pipelines": {"pipeline": {"name": "a", "description": "b"}},
        "jobs/templates": {"template": {"name": "a", "job_settings": {"outputs": [output]}}},
    }
    for end in ("", "/"):
        form = {"grant_type": "client_credentials", "client_id": "bench", "client_secret": world.key}
        yield _said(f"POST /v1/oauth2/token{end}", client.post(f"/v1/oauth2/token{end}", data=form))
        for kind, body in bodies.items():
            made = client.post(f"/v1/{kind}{end}", json=body, headers=key)
            yield _said(f"POST /v1/{kind}{end}", made)
            own = f"/v1/{kind}/{next(iter(made.json().values()))['id']}{end}"
            for method in ("GET", "PUT", "DELETE"):
                more = {"json": body} if method == "PUT" else {}
                yield _said(f"{method} /v1/{kind}/id{end}", client.request(method, own, headers=key, **more))
        asked = {"input": {"input_name": "uploads/film.mp4"}, "outputs": [output]}
        job = client.post(f"/v1/jobs{end}", json={"job": asked}, headers=key)
        yield _said(f"POST /v1/jobs{end}", job)
        own = f"/v1/jobs/{job.json()['job']['id']}{end}"
        yield _said(f"DELETE /v1/jobs/id{end}", client.delete(own, headers=key))
        yield _said(f"GET /v1/files/id{end}", client.get(f"/v1/files/{film}{end}", headers=key))
    done = object_id(next(job for job in world.done if job.dialect == "xvid").job_id)
    for name in ("hls.m3u8", "dash.mpd"):
        yield _said(f"GET {name}", client.get(f"/v1/playlists/{name}", params={"job_id": done}, headers=key))
