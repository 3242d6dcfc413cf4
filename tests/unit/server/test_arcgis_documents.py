"""What the ArcGIS dialect answers, as whole documents: the published example first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.engine.model import Job, Page
from ingest.job.record import (
    CustomAttributes,
    Inputs,
    Record,
    Results,
    SourceFile,
    Times,
)
from ingest.job.status import Status
from ingest.server.dialects.arcgis import documents, layers

# Published at https://developers.arcgis.com/rest/enterprise-administration/video-server/job/ ("JSON Response example").
PUBLISHED = """\
{
  "jobId": "j1b81346f-1460-482a-94f0-72b78ee843e5",
  "inputs": {
    "serviceItemId": "f17630387bee47b88fe001f7875eb18a",
    "requestedResolutions": "fhd",
    "fileIds": "ib8abf0cb-8739-48b0-9db5-a8547d1139aa",
    "serviceUrl": "https://organization.example.com/video/rest/services/Cheyenne_TS/VideoServer"
  },
  "messages": [
    "Starting Ingest",
    "Probing Video Codec",
    "Probing Audio",
    "Probing Video Klv",
    "Generating Video Stream Info",
    "Generating Video Info",
    "Transcoding with GPU",
    "Extracting KLV Metadata",
    "Generating HLS Service Files",
    "Generating Poster Image",
    "Generating Preview Images",
    "Generating ABR Info Files",
    "Removing Temporary Files",
    "Video Files Created",
    "Saving To Storage",
    "Ingest Complete"
  ],
  "type": "Publish Streaming Service",
  "results": {
    "layerId": 0,
    "layerName": "Cheyenne_TS",
    "serviceName": "Cheyenne_TS"
  },
  "status": "COMPLETED",
  "username": "portaladmin",
  "customAttributes": {
    "messageCodes": [117, 154, 155, 156, 157, 158, 159, 160, 161, 174, 182, 162, 163, 205, 206, 118],
    "savingToStorage": true,
    "newLayerId": 0
  }
}
"""
CREATED = datetime(2026, 11, 26, 12, 0, 0, 500_000, tzinfo=UTC)
BASE = "https://video.example.com"


def published_record() -> Record:
    """The record of a job that did what the published one did."""
    seed = json.loads(PUBLISHED)
    now = "2026-11-26T12:00:00.500Z"
    attributes = seed["customAttributes"]
    return Record(
        job_id=seed["jobId"],
        inputs=Inputs.model_validate(seed["inputs"]),
        messages=tuple(seed["messages"]),
        results=Results.model_validate(seed["results"]),
        status=Status.COMPLETED,
        username=seed["username"],
        custom_attributes=CustomAttributes.model_validate(attributes),
        source=SourceFile(path="/films/Cheyenne_TS.ts", name="Cheyenne_TS.ts"),
        output="/packages/Cheyenne_TS",
        times=Times(submitted=now, updated=now),
    )


def made(record: Record | None = None, **changes: Any) -> Job:
    job = Job(
        record=record or published_record(),
        account="W142hJk",
        dialect="arcgis",
        queue="ended",
        asked={},
        label=None,
        priority=0,
        attempts=1,
        created=CREATED,
        updated=CREATED,
    )
    return replace(job, **changes)


def local(record: Record) -> Record:
    """As a record is written here: its service is a folder."""
    return record.evolve(
        inputs=record.inputs.model_copy(update={"service_url": "file:///packages/Cheyenne_TS/"})
    )


def test_the_published_example_key_for_key() -> None:
    answer = documents.job(made(), BASE)
    assert json.dumps(answer) == json.dumps(json.loads(PUBLISHED))


def test_the_service_of_a_job_of_ours_is_on_this_server() -> None:
    record = local(published_record())
    named = record.evolve(results=record.results.model_copy(update={"service_name": "Zug/Bahn 1"}))
    url = documents.job(made(named), BASE)["inputs"]["serviceUrl"]
    assert url == (
        "https://video.example.com/arcgis/rest/services/j1b81346f-1460-482a-94f0-72b78ee843e5/"
        "Zug%2FBahn%201/VideoServer"
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"queue": "draft"}, "SUBMITTED"),
        ({"queue": "queued"}, "SUBMITTED"),
        ({"queue": "queued", "cancelling": True}, "CANCELLING"),
        ({"queue": "running"}, "EXECUTING"),
        ({"queue": "running", "cancelling": True}, "CANCELLING"),
        ({"queue": "ended"}, "COMPLETED"),
    ],
)
def test_statuses(changes: dict[str, Any], status: str) -> None:
    record = published_record()
    if changes["queue"] == "running":
        record = record.evolve(status=Status.EXECUTING)
    assert documents.job(made(record, **changes), BASE)["status"] == status


def test_a_page_of_the_list() -> None:
    first, second = made(), made(created=CREATED + timedelta(seconds=1), queue="queued")
    assert documents.jobs(Page((second, first), total=5, more=True), 2, BASE) == {
        "total": 5,
        "num": 2,
        "start": 2,
        "nextStart": 4,
        "jobs": [
            {
                "jobId": "j1b81346f-1460-482a-94f0-72b78ee843e5",
                "type": "Publish Streaming Service",
                "status": status,
                "username": "portaladmin",
                "serviceName": "Cheyenne_TS",
                "requestedResolutions": "fhd",
                "created": created,
                "url": "https://video.example.com/arcgis/rest/jobs/job/j1b81346f-1460-482a-94f0-72b78ee843e5",
            }
            for status, created in (("SUBMITTED", 1795694401500), ("COMPLETED", 1795694400500))
        ],
    }


def test_the_last_page_says_so() -> None:
    answer = documents.jobs(Page((), total=0, more=False), 1, BASE)
    assert answer == {"total": 0, "num": 0, "start": 1, "nextStart": -1, "jobs": []}


def test_the_catalogue() -> None:
    assert documents.catalog(BASE, secured=True) == {
        "owningSystemUrl": "https://video.example.com/arcgis",
        "fullVersion": "12.0.0",
        "currentVersion": 12.0,
        "authInfo": {
            "tokenServicesUrl": "https://video.example.com/arcgis/rest/generateToken",
            "isTokenBasedSecurity": True,
        },
    }


@pytest.mark.parametrize(
    ("encoders", "gpu", "h264", "h265"),
    [
        ({"libx264": True, "libx265": True, "h264_nvenc": False}, [], True, True),
        ({"libx264": True, "h264_nvenc": True}, ["h264_nvenc"], True, False),
        ({"hevc_vaapi": True}, ["hevc_vaapi"], False, True),
        ({}, [], False, False),
    ],
)
def test_what_the_server_can_do(encoders: dict[str, bool], gpu: list[str], h264: bool, h265: bool) -> None:
    assert documents.self_document(encoders, upload_limit=1000) == {
        "gpuSupported": bool(gpu),
        "gpuEncoders": gpu,
        "supportsH264Encode": h264,
        "supportsH265Encode": h265,
        "maxUploadSize": 1000,
        "defaultDataStoreId": "local",
        "dataStores": [{"id": "local", "type": "folder"}],
        "elevationSources": [],
        "livestreamPorts": [],
    }


def test_a_token_and_an_error() -> None:
    assert documents.token("abc", CREATED, administrator=False) == {
        "expires": 1795694400500,
        "loginAsPSA": False,
        "token": "abc",
    }
    assert documents.error(499, "Token Required") == {
        "error": {"code": 499, "message": "Token Required", "details": []}
    }


VIDEO = {
    "sourceQuality": "hd",
    "audio": [{"codec": "aac"}],
    "text": [],
    "containerFormat": "mpegts",
    "aspectRatio": "16:9",
}
ABR = {
    "masterPlaylist": "ABR.m3u8",
    "durationSeconds": 12.0401,
    "rungs": [
        {"resolution": "sd", "codecs": "avc1.64001e", "frames": 300, "frameRate": "25/1", "meanFrameRate": 25.0,
         "gop": {"longestSeconds": 2.0}},
        {"resolution": "hd", "codecs": "avc1.64001f", "frames": 301, "frameRate": None, "meanFrameRate": 24.97,
         "gop": {"longestSeconds": 2.04}},
    ],
}  # fmt: skip
FILES = "https://video.example.com/f/"


def test_a_service() -> None:
    assert layers.service(made(), FILES) == {
        "currentVersion": 12.0,
        "fullVersion": "12.0.0",
        "serviceDescription": "",
        "serviceName": "Cheyenne_TS",
        "serviceItemId": "f17630387bee47b88fe001f7875eb18a",
        "layers": [
            {
                "id": 0,
                "name": "Cheyenne_TS",
                "poster": "https://video.example.com/f/poster.jpg",
                "serviceType": "ondemand",
                "type": "Video Layer",
            }
        ],
    }


def test_a_layer_without_klv() -> None:
    answer = layers.layer(made(), FILES, VIDEO, ABR, None, None)
    assert answer == {
        "currentVersion": 12.0,
        "id": 0,
        "name": "Cheyenne_TS",
        "type": "Video Layer",
        "serviceType": "ondemand",
        "description": "",
        "livestreamInfo": None,
        "sourceQuality": "hd",
        "qualities": ["sd", "hd"],
        "connectionUrl": {"hls": "https://video.example.com/f/ABR.m3u8"},
        "poster": "https://video.example.com/f/poster.jpg",
        "codecs": {"video": "avc1.64001e", "audio": "aac", "text": ""},
        "frameCount": 301,
        "time": {"start": 0, "end": 12040, "duration": 12040, "timezone": 0},
        "playbackInfo": {
            "framerate": "24.97",
            "containerFormat": "mpegts",
            "gop": 2.04,
            "aspectRatio": "16:9",
            "klv": {},
        },
        "fullExtent": None,
        "initialExtent": None,
        "spatialReference": {"wkid": 4326},
        "elevationSource": None,
        "created": 1795694400,
        "supportsPreviews": True,
        "supportsMensuration": False,
        "supportsExportFrameset": False,
        "supportsExportClip": False,
        "supportedQueryFormats": "JSON",
    }


def test_a_layer_with_klv_says_0601_and_where_it_was() -> None:
    coverage = {
        "area": {"rings": [[[10.0, 50.0], [10.2, 50.0], [10.2, 50.1], [10.0, 50.0]]]},
        "sensorPoints": {"points": [[9.9, 49.5, 1200.0, 0]]},
    }
    answer = layers.layer(made(), FILES, VIDEO, ABR, {"used": 0}, coverage)
    assert answer["playbackInfo"]["klv"] == {"0601": True}
    assert answer["codecs"]["text"] == "wvtt"
    assert answer["fullExtent"] == {
        "xmin": 9.9,
        "ymin": 49.5,
        "xmax": 10.2,
        "ymax": 50.1,
        "spatialReference": {"wkid": 4326},
    }


def test_klv_of_which_nothing_is_used_is_not_0601() -> None:
    answer = layers.layer(made(), FILES, VIDEO, ABR, {"used": None}, None)
    assert answer["playbackInfo"]["klv"] == {}
