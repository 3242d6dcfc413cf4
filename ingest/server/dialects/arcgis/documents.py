"""What ArcGIS Video Server answers about jobs and about itself, made of our jobs. Pure.

Shapes: developers.arcgis.com/rest/enterprise-administration/video-server, pages "job", "jobs", "catalog", "self",
"generateToken" (12.0). Where those pages end, docs/dialects.md says what is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ingest.engine.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ingest.engine.model import Job, Page

FULL_VERSION = "12.0.0"
CURRENT_VERSION = 12.0
ROOT = "/arcgis/rest"
ROOTS = (ROOT, "/video/rest")  # the second is what the web adaptor calls it, and Esri's clients with it
DATA_STORE = "local"  # the data folder
LAYER = 0  # every package is the one layer of a service of its own

# Esri's jobs are submitted when they are made; it has no drafts.
_STATUSES = {State.DRAFT: State.SUBMITTED}


def job(job: Job, base: str, root: str = ROOT) -> dict[str, Any]:
    """The job resource: Esri's keys in Esri's order, nothing of ours beside them.

    Args:
        base: what URLs of this server begin with.
        root: that of `ROOTS` which was asked: what is linked lies below the same.
    """
    record = job.record
    attributes = record.custom_attributes
    return {
        "jobId": record.job_id,
        "inputs": {
            "serviceItemId": record.inputs.service_item_id,
            "requestedResolutions": record.inputs.requested_resolutions,
            "fileIds": record.inputs.file_ids,
            "serviceUrl": service_url(job, base, root),
        },
        "messages": list(job.shown.messages),
        "type": record.type,
        "results": {
            "layerId": record.results.layer_id,
            "layerName": record.results.layer_name,
            "serviceName": record.results.service_name,
        },
        "status": status(job.state),
        "username": record.username,
        "customAttributes": {
            "messageCodes": list(attributes.message_codes),
            "savingToStorage": attributes.saving_to_storage,
            "newLayerId": attributes.new_layer_id,
        },
    }


def status(state: State) -> str:
    """In the spelling of Esri's example and of ArcGIS Enterprise's jobs: upper case."""
    return _STATUSES.get(state, state).value


def service_url(job: Job, base: str, root: str = ROOT) -> str:
    """Where the package is served as a video service; a record that already names a served place is believed."""
    stated = job.record.inputs.service_url
    if stated.startswith(("http://", "https://")):
        return stated
    return f"{base}{service_path(job, root)}"


def service_path(job: Job, root: str = ROOT) -> str:
    """A service's folder is the job's id, so that two films of one name do not meet."""
    return f"{root}/services/{job.job_id}/{quote(job.record.results.service_name, safe='')}/VideoServer"


def jobs(page: Page[Job], start: int, base: str, root: str = ROOT) -> dict[str, Any]:
    """A page of the list, newest first, in the house style of the server's own lists (`services`).

    Args:
        start: the place of the first job, counted from 1.
    """
    shown = len(page.jobs)
    return {
        "total": page.total,
        "num": shown,
        "start": start,
        "nextStart": start + shown if page.more else -1,
        "jobs": [listed(each, base, root) for each in page.jobs],
    }


def listed(job: Job, base: str, root: str = ROOT) -> dict[str, Any]:
    """One job in a list."""
    record = job.record
    return {
        "jobId": record.job_id,
        "type": record.type,
        "status": status(job.state),
        "username": record.username,
        "serviceName": record.results.service_name,
        "requestedResolutions": record.inputs.requested_resolutions,
        "created": milliseconds(job.created),
        "url": f"{base}{root}/jobs/job/{record.job_id}",
    }


def catalog(base: str, root: str = ROOT, *, secured: bool) -> dict[str, Any]:
    """The catalogue: versions, and where a token is to be had. `owningSystemUrl` is this server: it has no portal."""
    return {
        "owningSystemUrl": f"{base}/arcgis",
        "fullVersion": FULL_VERSION,
        "currentVersion": CURRENT_VERSION,
        "authInfo": {"tokenServicesUrl": f"{base}{root}/generateToken", "isTokenBasedSecurity": secured},
    }


def self_document(encoders: Mapping[str, bool], *, upload_limit: int) -> dict[str, Any]:
    """The server's own abilities. The page lists them in words; the names of the keys are ours.

    Args:
        encoders: H.264 and H.265 encoders by ffmpeg's name, and whether a trial encode worked.
        upload_limit: bytes.
    """
    hardware = sorted(name for name, works in encoders.items() if works and not name.startswith("lib"))
    return {
        "gpuSupported": bool(hardware),
        "gpuEncoders": hardware,
        "supportsH264Encode": any(works for name, works in encoders.items() if "264" in name),
        "supportsH265Encode": any(
            works for name, works in encoders.items() if "265" in name or "hevc" in name
        ),
        "maxUploadSize": upload_limit,
        "defaultDataStoreId": DATA_STORE,
        "dataStores": [{"id": DATA_STORE, "type": "folder"}],
        "elevationSources": [],
        "livestreamPorts": [],
    }


def token(text: str, expires: datetime, *, administrator: bool) -> dict[str, Any]:
    """The answer of generateToken."""
    return {"expires": milliseconds(expires), "loginAsPSA": administrator, "token": text}


def error(code: int, message: str, details: Sequence[str] = ()) -> dict[str, Any]:
    """Every failure; the HTTP status stays 200."""
    return {"error": {"code": code, "message": message, "details": list(details)}}


def milliseconds(moment: datetime) -> int:
    """Since 1970-01-01 UTC."""
    return round(moment.timestamp() * 1000)
