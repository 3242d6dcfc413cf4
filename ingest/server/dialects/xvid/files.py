"""Files in Xvid's words: sources, MP4s of finished jobs, their thumbnails and archives of these.

What is said of a finished file comes from the package's own `info/*.json`, where it was measured.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from ingest.engine.ids import object_id
from ingest.engine.model import State
from ingest.server.dialects.xvid.documents import (
    DIALECT,
    ROOT,
    VERSION,
    milliseconds,
    mp4_of,
    output_prefix,
    reference,
    rendition,
    user_id,
)
from ingest.server.dialects.xvid.ids import Place, file_id, stored_id
from ingest.server.dialects.xvid.naming import filled, output_file_name, stem_of
from ingest.server.dialects.xvid.presets import thumbnail_size
from ingest.server.mimes import mime_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ingest.engine.model import Job, StoredFile

KINDS: Final = ("file", "folder", "archive")
MOST_INLINE: Final = 4 * 1024 * 1024  # bytes of pictures in one answer
_CONTAINERS: Final = {
    "mov": "ISO MP4/M4A",
    "matroska": "Matroska",
    "mpegts": "MPEG-TS",
    "avi": "AVI",
}
_CODECS: Final = {
    "h264": "H.264 / AVC",
    "hevc": "H.265 / HEVC",
    "av1": "AV1",
    "mpeg4": "MPEG-4 Visual",
    "mpeg2video": "MPEG-2",
    "aac": "MPEG-4 AAC",
    "mp3": "MPEG Audio",
    "ac3": "Dolby Digital",
}


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job has to show.

    Attributes:
        path: in the package; of thumbnails the folder, of an archive that is made when it is asked for empty.
        pictures: of thumbnails and archives: the name of each picture, and where it is in the package.
    """

    job: Job
    place: Place
    name: str
    kind: str
    path: str = ""
    pictures: tuple[tuple[str, str], ...] = ()

    @property
    def file_id(self) -> str:
        return file_id(object_id(self.job.job_id), self.place)


def files_of(job: Job) -> Iterator[JobFile]:
    """The files of a job: its source where no stored file is that, then what each output has made."""
    asked = job.asked if job.dialect == DIALECT else {}
    said = asked.get("input", {})
    if not said.get("file"):
        yield JobFile(job, Place(), job.record.source.name, "file")
    if job.state is not State.COMPLETED:
        return
    source = said.get("input_name", job.record.source.name)
    prefix = output_prefix(job, asked) or ""
    plain = [{"resolution": o.resolution, "output_name": None} for o in job.record.outputs]
    for number, each in enumerate(asked.get("outputs") or plain):
        stated = each["output_name"] or f"{job.record.results.service_name}_{each['resolution']}"
        name = prefix + output_file_name(stated, source)
        mp4 = mp4_of(rendition(job, each["resolution"]))
        if mp4:
            yield JobFile(job, Place(number), f"{name}.mp4", "file", mp4)
        yield from _thumbnails(job, number, name, each, source)


def _thumbnails(
    job: Job, number: int, name: str, output: Mapping[str, Any], source: str
) -> Iterator[JobFile]:
    every: list[tuple[str, str]] = []
    for place, each in enumerate(output.get("thumbnails") or ()):
        size = "{}x{}".format(*thumbnail_size(each["thumbnail_preset"]))
        folder = f"thumbnails/{size}/"
        stem = filled(each["thumbnail_names"], resolution=size, input_name=stem_of(source))
        pictures = tuple(
            (f"{stem}_{PurePosixPath(f).stem}.jpg", f)
            for f in job.record.files
            if f.startswith(folder) and f.endswith(".jpg")
        )
        every += pictures
        yield JobFile(job, Place(number, thumbnails=place), stem, "folder", folder, pictures)
    if output.get("thumbnail_zip"):
        archive = f"thumbnails_{PurePosixPath(name).name}.zip"
        yield JobFile(job, Place(number, archive=True), archive, "archive", "", tuple(every))


def stored_document(file: StoredFile, base: str) -> dict[str, Any]:
    """A file that a client brought."""
    own = stored_id(file.file_id)
    return _document(
        own,
        base,
        name=file.path.removeprefix("/"),
        title=file.name,
        kind="file",
        subtype="video" if file.mime.startswith("video/") else None,
        mime_type=file.mime,
        md5_checksum=file.etag,
        size=file.size,
        user=reference("users", user_id(file.account), base),
        created_at=milliseconds(file.created),
        updated_at=milliseconds(file.created),
        finished_at=milliseconds(file.created),
    )


def job_document(file: JobFile, base: str, media_url: str, *, bin_data: bool = False) -> dict[str, Any]:
    """A file that a job has read or made.

    Args:
        media_url: where the package's files are found, for pictures.
        bin_data: pictures come along, as far as they are not too many.
    """
    job = file.job
    asked = job.asked if job.dialect == DIALECT else {}
    own = object_id(job.job_id)
    known: dict[str, Any] = {
        "name": file.name,
        "title": PurePosixPath(file.name).name,
        "kind": file.kind,
        "job": reference("jobs", own, base),
        "autograph": asked.get("autograph"),
        "application": reference("applications", asked.get("application"), base),
        "pipeline": reference("pipelines", asked.get("pipeline"), base),
        "user_data": job.label,
        "user": reference("users", user_id(job.account), base),
        "created_at": milliseconds(job.created),
        "updated_at": milliseconds(job.updated),
    }
    if file.place.output is None:
        return _document(file.file_id, base, **known, **_of_source(job))
    source = asked.get("input", {}).get("file") or file_id(own, Place())
    known["parents"] = [{"id": source, "type": "file", "is_root": True}]
    known["finished_at"] = milliseconds(job.ended)
    match file.kind:
        case "folder":
            known["elements"] = _elements(file, media_url, inline=bin_data)
        case "archive":
            known |= {"subtype": "zip", "mime_type": mime_of(file.name)}
        case _:
            known |= {"subtype": "video", "mime_type": "video/mp4", "container": _CONTAINERS["mov"]}
            known |= _of_mp4(job, file)
    return _document(file.file_id, base, **known)


def _document(own: str, base: str, **known: Any) -> dict[str, Any]:
    """A file, keys in the order of Xvid's page."""
    return {
        "storage": "intern",
        "title": known["title"],
        "name": known["name"],
        "type": known["kind"],
        **{
            key: known.get(key)
            for key in (
                "subtype",
                "job",
                "autograph",
                "container",
                "mime_type",
                "md5_checksum",
                "size",
                "size_on_disk",
                "application",
                "duration",
                "pipeline",
                "finished_at",
                "expires_at",
                "elements",
                "video_tracks",
                "audio_tracks",
                "subtitle_tracks",
                "description",
                "parents",
                "user_data",
            )
        },
        "uri": f"{base}{ROOT}/files/downloads/?file_id={own}",
        "version": VERSION,
        "user": known.get("user"),
        "created_at": known.get("created_at"),
        "updated_at": known.get("updated_at"),
        "id": own,
        "href": f"{base}{ROOT}/files/{own}",
    }


def _of_source(job: Job) -> dict[str, Any]:
    """What was measured of the source; its size alone where the job has not come to an end."""
    video = read_info(job, "info/video.json")
    found: dict[str, Any] = {
        "subtype": "video",
        "mime_type": mime_of(job.record.source.name),
        "size": job.record.source.size,
        "finished_at": milliseconds(job.created),
    }
    if not video:
        return found
    return found | {
        "container": _container(video["containerFormat"]),
        "duration": video["durationMs"],
        "video_tracks": [
            {
                "video_codec": _CODECS.get(video["codec"], video["codec"]),
                "video_bitrate": _kilo(video["bitRate"]),
                "width": video["codedWidth"],
                "height": video["codedHeight"],
                "framerate": round(_rate(video["frameRate"]) or video["meanFrameRate"], 2),
                "aspect_ratio": video["sampleAspectRatio"],
                "video_duration": video["durationMs"],
                "orientation": f"rotate-{video['rotation']}" if video["rotation"] else None,
            }
        ],
        "audio_tracks": [
            {
                "audio_codec": _CODECS.get(a["codec"], a["codec"]),
                "audio_bitrate": _kilo(a["bitRate"]),
                "audio_width": None,
                "samplingrate": a["sampleRate"],
                "nb_channels": a["channels"],
                "audio_duration": _thousand(a["durationSeconds"]),
            }
            for a in video["audio"]
        ],
        "subtitle_tracks": [{"language": t["language"], "codec": t["codec"]} for t in video["text"]],
    }


def _of_mp4(job: Job, file: JobFile) -> dict[str, Any]:
    """What was measured of the rendition that it has, and of the sound beside it."""
    path = job.folder / file.path
    size = path.stat().st_size if path.is_file() else None
    found: dict[str, Any] = {"size": size, "size_on_disk": size}
    abr = read_info(job, "info/abr.json")
    stem = PurePosixPath(file.path).stem
    rung = next((r for r in abr.get("rungs", ()) if r["name"] == stem), None)
    if rung is None:
        return found
    codec = rung["codecs"].partition(".")[0]
    audio = abr["audio"]
    sound = next((a for a in audio if a["default"]), audio[0] if audio else None)
    return found | {
        "duration": _thousand(rung["durationSeconds"]),
        "video_tracks": [
            {
                "video_codec": {"avc1": "H.264 / AVC", "av01": "AV1"}.get(codec, "H.265 / HEVC"),
                "video_bitrate": _kilo(rung["averageBandwidth"]),
                "width": rung["width"],
                "height": rung["height"],
                "framerate": round(_rate(rung["frameRate"]) or rung["meanFrameRate"], 2),
                "aspect_ratio": "1:1",
                "video_duration": _thousand(rung["durationSeconds"]),
                "orientation": None,
            }
        ],
        "audio_tracks": [
            {
                "audio_codec": "MPEG-4 AAC",
                "audio_bitrate": _kilo(sound["averageBandwidth"]),
                "audio_width": None,
                "samplingrate": sound["sampleRate"],
                "nb_channels": sound["channels"],
                "audio_duration": _thousand(sound["durationSeconds"]),
            }
        ]
        if sound
        else [],
        "subtitle_tracks": [],
    }


def _elements(file: JobFile, media_url: str, *, inline: bool) -> list[dict[str, Any]]:
    left = MOST_INLINE if inline else 0
    found = []
    for name, path in file.pictures:
        entry: dict[str, Any] = {"name": name, "uri": media_url + path}
        picture = file.job.folder / path
        if left > 0 and picture.is_file():
            data = picture.read_bytes()
            left -= len(data)
            if left >= 0:
                entry["bin_data"] = f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        found.append(entry)
    return found


def read_info(job: Job, name: str) -> dict[str, Any]:
    """One of the package's own JSON files; empty where it has none."""
    if job.state is not State.COMPLETED:
        return {}
    try:
        return dict(json.loads((job.folder / name).read_bytes()))
    except FileNotFoundError:
        return {}


def _container(names: str) -> str:
    """ffprobe has several names for one demuxer, `mov,mp4,m4a`."""
    first = names.partition(",")[0]
    return _CONTAINERS.get(first, first)


def _rate(text: str | None) -> float | None:
    return float(Fraction(text)) if text else None


def _kilo(bits: float | None) -> int | None:
    return round(bits / 1000) if bits is not None else None


def _thousand(seconds: float | None) -> int | None:
    return round(seconds * 1000) if seconds is not None else None
