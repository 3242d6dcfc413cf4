"""A server's data with one of each thing in it, for requests that are drawn at random to find something."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tiny_preset import PRESET

from ingest.engine.ids import object_id, ulid, uuid_of
from ingest.engine.local import Engine
from ingest.engine.model import StoredSource, Submission
from ingest.media.options import Options
from ingest.server.dialects.xvid import ids
from ingest.server.dialects.xvid.access import PIPELINES, PRESETS, TEMPLATES
from ingest.server.dialects.xvid.documents import application_id, user_id
from ingest.server.dialects.xvid.presets import system_id
from ingest.server.filestore import About
from ingest.server.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.engine.model import Job, StoredFile
    from ingest.server.core import Core
    from ingest.server.keys import Principal
    from ingest.server.uploads import Upload

FILM = Path(__file__).parents[1] / "sample_media" / "park.mp4"
PATH = "/uploads/film.mp4"
_HOUR = timedelta(hours=1)
EACH = 4  # drafts, and jobs that wait, of each dialect: some are taken away on the way
PATIENCE = 300.0  # seconds until the jobs that are to be done are


@dataclass(frozen=True)
class World:
    """What there is: `key` is an administrator's; `done` has a job of each dialect that has ended well."""

    core: Core
    key: str
    who: Principal
    file: StoredFile
    uploads: tuple[Upload, ...]
    resources: tuple[str, ...]
    waiting: tuple[Job, ...]
    done: tuple[Job, ...]

    def known(self, name: str, dialect: str) -> list[Any]:
        """What the parameter, or the key of a body, of this name may say, mostly to find something."""
        match name.lower().replace("_", ""):
            case "account":
                return [self.who.account] * 5 + ["abcdefg"]
            case "jobid" | "job" | "job.id" | "id":
                spell = _SPELLINGS.get(dialect, str)
                own = [
                    job for job in (*self.waiting, *self.done * EACH) if dialect in ("arcgis", job.dialect)
                ]
                other = [self.done[0].job_id, f"j{uuid.uuid4()}", *self.resources, system_id("sd")]
                return [spell(job.job_id) for job in own or self.done] * 4 + other
            case "jobtype":
                return ["ProcessVideoJob"] * 3 + ["ProcessFileJob", "CopyFileBatchJob", "SaveJob"]
            case "fileid":
                own_files = [file for job in self.done for file in _files(job)]
                brought = [self.file.file_id if dialect == "native" else ids.stored_id(self.file.file_id)]
                return brought * 5 + own_files
            case "resolutions":
                return ["sd", "hd", "none"]
            case "file" if dialect == "native":
                return [self.file.file_id]
            case "uploadid":
                return [upload.upload_id for upload in self.uploads]
            case "templateid" if dialect == "bytenite":
                return ["video-transcoding@1"]
            case "presetid" | "pipelineid" | "templateid" | "pipeline.id":
                return [system_id("sd"), *self.resources]
            case "layerid" | "number":
                return ["0", "0", "1", "-1", "99999999999999999999"]
            case "name":
                return [job.record.results.service_name for job in self.done]
            case "file":
                return ["preview.json", "sheet-0.jpg", "../x", "sheet-99999.jpg"]
            case "path":
                return ["ABR.m3u8", "manifest.mpd", "poster.jpg", "job.json", "../job.json", "tiny"]
            case "rest":
                names = ("raw", "video", "image", "sd", "sd,hd", "tiny", "audio", "")
                return [f"{name}{PATH}" for name in names] + [f"video{PATH}!f=hls-h264&a=/video.m3u8"]
            case "source" | "destination" | "filepath" | "folderpath" | "inputname" | "pattern" | "logoimage":
                return [PATH, "/uploads", "/", PATH[1:], "/uploads/none.mp4", "/" + "a" * 300, "/a/../b"]
            case "url" | "inputdownloaddir" | "imagedownloaddir" | "started" | "finished" | "error":
                return ["http://127.0.0.1:9/a.mp4", "http://[", "ftp://a/b", "file:///etc/passwd", "http://"]
            case "token" | "password" | "clientsecret" | "apikey":
                return [self.key, self.core.keys.issue_token(self.who, _HOUR).text, "secret_none"]
            case "username" | "clientid":
                return ["bench"]
            case "userid":
                return [user_id(self.who.account)]
            case "applicationid":
                return [application_id(self.who.key_id)]
            case "datasourcedescriptor":
                return ["url", "file", "bypass", "bucket"]
            case "ticket":
                return ["x"]
            case _:
                return []


_SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "bytenite": lambda job_id: str(uuid_of(job_id)),
    "bytescale": ulid,
    "uploadio": ulid,
    "xvid": object_id,
}


def _files(job: Job) -> list[str]:
    from ingest.server.dialects.xvid.files import files_of

    return [file.file_id for file in files_of(job)]


def make_world(core: Core) -> World:
    """On an empty home; a few jobs are run, with a preset that makes little work."""
    key = core.keys.create("bench", account="bench", scopes=("admin",)).text
    who = core.keys.principal(key)
    with FILM.open("rb") as film:
        file = core.files.put(who.account, About(PATH, metadata={"a": [1]}, tags=("t",)), film.read())
    uploads = (
        core.uploads.begin(who.account, About("/uploads/b"), kind="parts", size=8, part_size=4),
        core.uploads.begin(who.account, About("/uploads/c"), kind="tus", size=8),
        core.uploads.begin(who.account, About("/uploads/d"), kind="tus", size=None),
        core.uploads.begin(who.account, About("/uploads/e"), kind="parts", size=0, part_size=4),
    )

    def submission(dialect: str, **changes: Any) -> Submission:
        chosen = {"options": Options(mp4=True, thumbnails=("160x90",)), "asked": ASKED.get(dialect, {})}
        source = StoredSource(file.file_id)
        return Submission(("tiny",), source, dialect=dialect, presets={"tiny": PRESET}, **chosen | changes)

    done = [core.submit(who, submission(dialect)) for dialect in ("native", *ASKED)]
    engine = Engine(core.queue, slots=1)
    engine.start()
    until = time.monotonic() + PATIENCE
    while not all(core.queue.job(None, job.job_id).state.final for job in done):
        if time.monotonic() > until:
            raise TimeoutError("the jobs of this world do not end")
        time.sleep(0.2)
    engine.stop()
    every = ("native", *ASKED) * EACH
    waiting = [make(who, submission(dialect)) for dialect in every for make in (core.draft, core.submit)]
    ended = tuple(core.queue.job(None, job.job_id) for job in done)
    return World(core, key, who, file, uploads, _resources(core, who), tuple(waiting), ended)


def _resources(core: Core, who: Principal) -> tuple[str, ...]:
    """A preset, a pipeline and a template of Xvid's, and their ids."""
    target = {"container": "mp4", "vcodec": {"codec": {"name": "H.264 / AVC"}}}
    preset = {"type": "custom", "name": "a", "description": "b", "target_format": target}
    pipeline = {"name": "a", "input_download_dir": "http://127.0.0.1:9/films"}
    template = {"name": "a", "job_settings": {"outputs": [{"preset": {"id": system_id("sd")}}]}}
    kept = Resources(core.queue.database)
    kinds = ((PRESETS, preset), (PIPELINES, pipeline), (TEMPLATES, template))
    return tuple(kept.add(who.account, kind, ids.new_id(), document).resource_id for kind, document in kinds)


# What each dialect keeps of a request, as its own requests would have it.
ASKED: dict[str, dict[str, Any]] = {
    "arcgis": {},
    "bytescale": {
        "transformation": "video",
        "filePath": PATH,
        "parameters": [["f", "hls-h264"]],
        "result": {"type": "Artifact", "artifact": "/video.m3u8", "artifactUrl": "/x"},
    },
    "bytenite": {
        "templateId": "video-transcoding@1",
        "name": "a film",
        "description": "",
        "appId": "",
        "config": {"taskTimeout": 0, "jobTimeout": 0, "isTestJob": False},
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "regions": {"blacklist": [], "whitelist": []},
        "dataSource": {"dataSourceDescriptor": "file", "params": {"@type": "", "name": "a.mp4"}},
        "dataDestination": None,
        "params": {"app": {"resolutions": ["sd"]}},
    },
    "xvid": {
        "pipeline": "0" * 24,
        "application": "1" * 24,
        "input": {"input_name": PATH[1:], "file": None, "start_time": None},
        "autograph": None,
        "output_prefix": None,
        "unique_custom_key": None,
        "outputs": [
            {
                "preset": system_id("sd"),
                "resolution": "tiny",
                "output_name": "film",
                "thumbnails": [{"thumbnail_names": "thumb", "thumbnail_preset": "thumbnails_small"}],
                "thumbnail_zip": True,
                "logos": [],
                "settings": None,
            }
        ],
    },
}
