"""A finished package as a video service with one layer, as Esri's clients load it. Pure.

What `VideoLayer` of the ArcGIS Maps SDK for JavaScript needs was found by running it: `currentVersion` on the service,
`connectionUrl` as an object, `klv` never null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.server.dialects.arcgis.documents import (
    CURRENT_VERSION,
    FULL_VERSION,
    LAYER,
    milliseconds,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.engine.model import Job

_WGS_84 = {"wkid": 4326}


def service(job: Job, files: str) -> dict[str, Any]:
    """The VideoServer resource.

    Args:
        files: the URL of the package's folder, with a slash at its end.
    """
    name = job.record.results.service_name
    return {
        "currentVersion": CURRENT_VERSION,
        "fullVersion": FULL_VERSION,
        "serviceDescription": "",
        "serviceName": name,
        "serviceItemId": job.record.inputs.service_item_id,
        "layers": [
            {
                "id": LAYER,
                "name": job.record.results.layer_name,
                "poster": f"{files}poster.jpg",
                "serviceType": "ondemand",
                "type": "Video Layer",
            }
        ],
    }


def layer(
    job: Job,
    files: str,
    video: Mapping[str, Any],
    abr: Mapping[str, Any],
    klv: Mapping[str, Any] | None,
    coverage: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The layer resource.

    Args:
        files: the URL of the package's folder, with a slash at its end.
        video, abr, klv: the package's info/video.json, info/abr.json and info/klv.json (None where there is none).
        coverage: the package's telemetry/coverage.json; None without positions.
    """
    extent = extent_of(coverage)
    klv_used = klv is not None and klv.get("used") is not None
    rungs = abr["rungs"]
    duration = round(abr["durationSeconds"] * 1000)
    return {
        "currentVersion": CURRENT_VERSION,
        "id": LAYER,
        "name": job.record.results.layer_name,
        "type": "Video Layer",
        "serviceType": "ondemand",
        "description": "",
        "livestreamInfo": None,
        "sourceQuality": video["sourceQuality"],
        "qualities": list(dict.fromkeys(rung["resolution"] for rung in rungs)),
        "connectionUrl": {"hls": f"{files}{abr['masterPlaylist']}"},
        "poster": f"{files}poster.jpg",
        "codecs": {
            "video": rungs[0]["codecs"],
            "audio": video["audio"][0]["codec"] if video["audio"] else "",
            "text": "wvtt" if klv_used or video["text"] else "",
        },
        "frameCount": max(rung["frames"] for rung in rungs),
        "time": {"start": 0, "end": duration, "duration": duration, "timezone": 0},
        "playbackInfo": {
            "framerate": rungs[-1]["frameRate"] or str(rungs[-1]["meanFrameRate"]),
            "containerFormat": video["containerFormat"],
            "gop": rungs[-1]["gop"]["longestSeconds"],
            "aspectRatio": video["aspectRatio"],
            "klv": {"0601": True} if klv_used else {},
        },
        "fullExtent": extent,
        "initialExtent": extent,
        "spatialReference": _WGS_84,
        "elevationSource": None,
        "created": milliseconds(job.created) // 1000,
        "supportsPreviews": True,
        "supportsMensuration": False,
        "supportsExportFrameset": False,
        "supportsExportClip": False,
        "supportedQueryFormats": "JSON",
    }


def extent_of(coverage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The box around what was seen and where the sensor was, in degrees; None where nothing is known."""
    points: list[list[float]] = []
    if coverage is not None:
        points += [point for ring in coverage["area"]["rings"] for point in ring]
        points += coverage["sensorPoints"]["points"]
    if not points:
        return None
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return {
        "xmin": min(xs),
        "ymin": min(ys),
        "xmax": max(xs),
        "ymax": max(ys),
        "spatialReference": _WGS_84,
    }
