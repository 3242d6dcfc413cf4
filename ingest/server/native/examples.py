"""Answers of the native API, for its OpenAPI document; a test compares their keys with real ones."""

from typing import Any

_BASE = "https://ingest.example"
_ID = "j019ad0f2-3c4d-7e5f-8a9b-0c1d2e3f4a5b"
_HERE = f"{_BASE}/api/jobs/{_ID}"
_FILE = "i0e8a4c1e-6a54-4d0e-9f0a-2b8f7f1f1c11"

SUMMARY: dict[str, Any] = {
    "jobId": _ID,
    "state": "COMPLETED",
    "percent": 100.0,
    "step": "Ingest Complete",
    "source": "park.mp4",
    "resolutions": ["hd", "fhd"],
    "account": "W142ifv",
    "username": "ci",
    "dialect": "native",
    "label": "tuesday",
    "priority": 5,
    "attempts": 1,
    "created": "2026-11-22T11:14:29.123Z",
    "updated": "2026-11-22T11:15:02.480Z",
    "queued": "2026-11-22T11:14:29.123Z",
    "startAt": None,
    "begun": "2026-11-22T11:14:29.600Z",
    "ended": "2026-11-22T11:15:02.480Z",
    "error": None,
    "links": {"self": _HERE, "events": f"{_HERE}/events", "files": f"{_HERE}/files"},
}
_MEDIA = f"{_BASE}/media/AZrQ8jxNfl-KmwwdLj9KW2kh.../"
JOB: dict[str, Any] = SUMMARY | {
    "links": SUMMARY["links"]
    | {"hls": f"{_MEDIA}ABR.m3u8", "dash": f"{_MEDIA}manifest.mpd", "poster": f"{_MEDIA}poster.jpg"},
    "record": {"jobId": _ID, "status": "COMPLETED", "messages": ["Starting Ingest", "..."]},
}
JOBS = {"jobs": [SUMMARY], "total": 1, "next": None}
EVENTS = (
    "retry: 2000\n\n"
    f'id: 2026-11-22T11:15:02.480Z\nevent: job\ndata: {{"jobId": "{_ID}", "state": "COMPLETED"}}\n\n'
)
FILE: dict[str, Any] = {
    "file": _FILE,
    "path": "/uploads/park.mp4",
    "name": "park.mp4",
    "mime": "video/mp4",
    "size": 1048576,
    "etag": "b6d81b360a5672d80c27430f39153e2c",
    "created": "2026-11-22T11:14:20.000Z",
    "metadata": {},
    "tags": [],
    "links": {"self": f"{_BASE}/api/files/{_FILE}", "content": f"{_BASE}/api/files/{_FILE}/content"},
}
FILES = {"files": [FILE], "next": None}
PACKAGE = {
    "files": [
        {
            "name": "ABR.m3u8",
            "size": 812,
            "mime": "application/vnd.apple.mpegurl",
            "url": f"{_HERE}/files/ABR.m3u8",
        }
    ],
    "media": _MEDIA,
}
UPLOAD = {
    "upload": "u0f3c5f0e7c0a4b5e9d0c1b2a3f4e5d6c",
    "name": "park.mp4",
    "offset": 524288,
    "size": 1048576,
    "expires": "2026-11-23T11:14:20.000000+00:00",
    "file": None,
}
ME = {
    "account": "W142ifv",
    "name": "ci",
    "scopes": ["read", "submit"],
    "filesBytes": 1048576,
    "limits": {
        "uploadBytes": 107374182400,
        "filesBytes": None,
        "queuedJobs": 1000,
        "requestsPerSecond": 100,
    },
}
TOKEN = {"token": "Zq3v...", "expires": "2026-11-22T12:14:29.000Z", "scopes": ["read", "submit"]}
PRESETS = {
    "presets": [
        {"name": "hd", "title": "HD 720p", "box": [1280, 720], "maxBitrate": 3900000, "shipped": True},
    ]
}
METRICS = 'ingest_jobs{state="EXECUTING"} 2.0\n'
WEBHOOKS = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "deliveries": [
        {
            "delivery": "msg_5c2b0f",
            "jobId": _ID,
            "happening": "finished",
            "url": "https://shop.example/hooks/ingest",
            "created": "2026-11-22T11:15:02.480Z",
            "attempts": 1,
            "next": None,
            "answered": 200,
            "delivered": "2026-11-22T11:15:02.731Z",
            "problem": "",
        }
    ],
}
