"""What the Xvid dialect answers, as whole documents: the published example first."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.engine.model import Job
from ingest.job.record import Failure, Inputs, Output, Progress, Record, Results, SourceFile, Times
from ingest.job.status import Status
from ingest.server.dialects.xvid import documents, ids
from ingest.server.dialects.xvid.files import files_of
from ingest.server.dialects.xvid.formats import Manner, accepted, manner, rendered
from ingest.server.dialects.xvid.ids import Place
from ingest.server.refusals import Refusal

# Published at docs-prd.xvid.com/display/XMHDOCPRD, "Get info on a specific Job", with `human=true&show_null=true`;
# there without quotes around the keys.
PUBLISHED = """\
{ "job": { "pipeline": { "id": "552b87a814eab3a29d1b3d90",
 "href": "https://api.xvid.com/v1/pipelines/552b87a814eab3a29d1b3d90" },
 "application": { "id": "552cae3514ea10cb4d3ac69e",
 "href": "https://api.xvid.com/v1/applications/552cae3514ea10cb4d3ac69e" },
 "user_data": null, "input": { "input_name": "uploads/vnaqaHDKsCfX6X1UNN1iU97aSpkspyPP/movie.mp4",
 "force_container": null, "force_aspect_ratio": null, "force_framerate": null, "force_interlaced": null,
 "file": { "id": "559cbbe7a636e56d8ae111f0", "href": "https://api.xvid.com/v1/files/559cbbe7a636e56d8ae111f0" } },
 "autograph": null, "output_prefix": "559cbbec14ea67a7cad6c7d8/", "outputs": [{
 "preset": { "id": "5260e39d84aea12008b69bc1", "href": "https://api.xvid.com/v1/presets/5260e39d84aea12008b69bc1" },
 "file": { "id": "559cbbeca636e56d8ae111f4", "href": "https://api.xvid.com/v1/files/559cbbeca636e56d8ae111f4" },
 "output_name": "MyTest", "percentage_completed": 100,
 "thumbnail_zip": { "file": { "id": "559cbbeca636e56d8ae111f2",
 "href": "https://api.xvid.com/v1/files/559cbbeca636e56d8ae111f2" } },
 "thumbnails": [{ "thumbnail_names": "MyTest_{resolution}", "thumbnail_preset": "thumbnails_small",
 "file": { "id": "559cbbeca636e56d8ae111f3", "href": "https://api.xvid.com/v1/files/559cbbeca636e56d8ae111f3" } }],
 "logos": [{ "logo_image": "https://s3-us-east-1.amazonaws.com/my_logo_pngs/logo30.png",
 "logo_preset": "logo_30_bottom_right" }], "settings": null }],
 "status": "SUCCESS", "percentage_completed": 100, "error_msg": null, "error_code": null,
 "finished_at": 1436335151874, "version": 1, "user": { "id": "552b874d14eab3a29d1b3d8d",
 "href": "https://api.xvid.com/v1/users/552b874d14eab3a29d1b3d8d" }, "created_at": 1436335084087,
 "updated_at": 1436335083585, "id": "559cbbec14ea67a7cad6c7d8",
 "href": "https://api.xvid.com/v1/jobs/559cbbec14ea67a7cad6c7d8" } }
"""
BASE = "https://api.xvid.com"
SHORT = "559cbbec14ea67a7cad6c7d8"
JOB_ID = "j559cbbec-0000-4000-14ea-67a7cad6c7d8"  # whose id in Xvid's manner is that of the example
ASKED: dict[str, Any] = {
    "pipeline": "552b87a814eab3a29d1b3d90",
    "application": "552cae3514ea10cb4d3ac69e",
    "input": {
        "input_name": "uploads/vnaqaHDKsCfX6X1UNN1iU97aSpkspyPP/movie.mp4",
        "file": "559cbbe7a636e56d8ae111f0",
        "start_time": None,
    },
    "autograph": None,
    "output_prefix": "{job_id}/",
    "outputs": [
        {
            "preset": "5260e39d84aea12008b69bc1",
            "resolution": "hd",
            "output_name": "MyTest",
            "thumbnails": [
                {"thumbnail_names": "MyTest_{resolution}", "thumbnail_preset": "thumbnails_small"}
            ],
            "thumbnail_zip": True,
            "logos": [
                {
                    "logo_image": "https://s3-us-east-1.amazonaws.com/my_logo_pngs/logo30.png",
                    "logo_preset": "logo_30_bottom_right",
                }
            ],
            "settings": None,
        }
    ],
    "unique_custom_key": None,
}


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def made(status: Status = Status.COMPLETED, **changes: Any) -> Job:
    now = "2015-07-08T05:58:04.087Z"
    output = Output(
        resolution="hd", status="COMPLETED", percent=100, files=("mp4/hd.mp4", "video/hd/init.mp4")
    )
    record = Record(
        job_id=JOB_ID,
        inputs=Inputs(service_item_id="", requested_resolutions="hd", file_ids="", service_url=""),
        results=Results(layer_id=0, layer_name="movie", service_name="movie"),
        status=status,
        username="tester",
        source=SourceFile(path="/files/movie.mp4", name="movie.mp4"),
        output="/nowhere",
        times=Times(submitted=now, updated=now),
        outputs=(output,),
        progress=Progress(percent=100),
        files=("ABR.m3u8", "thumbnails/160x90/001.jpg", "thumbnails/160x90/002.jpg", "thumbnails/160x90.zip"),
    )
    job = Job(
        record=record,
        account="W142hJk",
        dialect="xvid",
        queue="ended",
        asked=ASKED,
        label=None,
        priority=0,
        attempts=1,
        created=at(1436335084087),
        updated=at(1436335083585),
        ended=at(1436335151874),
    )
    return replace(job, **changes)


def published() -> dict[str, Any]:
    """The example; ids of files that its job made, and of its user, follow here from the job and the account."""
    seed = json.loads(PUBLISHED)["job"]

    def ours(kind: str, own: str) -> dict[str, str]:
        return {"id": own, "href": f"{BASE}/v1/{kind}/{own}"}

    output = seed["outputs"][0]
    output["file"] = ours("files", ids.file_id(SHORT, Place(0)))
    output["thumbnail_zip"]["file"] = ours("files", ids.file_id(SHORT, Place(0, archive=True)))
    output["thumbnails"][0]["file"] = ours("files", ids.file_id(SHORT, Place(0, thumbnails=0)))
    seed["user"] = ours("users", documents.user_id("W142hJk"))
    return {"job": seed}


def test_the_published_example_key_for_key() -> None:
    answer = {"job": documents.job(made(), BASE, {})}
    body, media = rendered(answer, Manner(human=True, show_null=True))
    assert media == "application/json; charset=utf-8"
    assert body.decode() == json.dumps(published(), indent=2, ensure_ascii=False)


def test_without_show_null_unset_keys_are_left_out() -> None:
    body, _ = rendered({"job": documents.job(made(), BASE, {})}, Manner())
    expected = published()["job"]
    for name in ("user_data", "autograph", "error_msg", "error_code"):
        del expected[name]
    for name in ("container", "aspect_ratio", "framerate", "interlaced"):
        del expected["input"][f"force_{name}"]
    del expected["outputs"][0]["settings"]
    assert body.decode() == json.dumps({"job": expected}, separators=(",", ":"))


def test_a_job_that_waits_has_no_files_yet() -> None:
    record = made(Status.SUBMITTED).record.evolve(outputs=(Output(resolution="hd"),), progress=Progress())
    job = documents.job(made(record=record, queue="queued", ended=None), BASE, {})
    output = job["outputs"][0]
    assert (job["status"], job["percentage_completed"], job["finished_at"]) == ("QUEUED", 0, None)
    assert (output["file"], output["percentage_completed"]) == (None, 0)
    assert (output["thumbnail_zip"], output["thumbnails"][0]["file"]) == ({"file": None}, None)


def test_a_job_that_runs_is_never_at_a_hundred() -> None:
    outputs = (Output(resolution="hd", status="EXECUTING", percent=99.9),)
    record = made(Status.EXECUTING).record.evolve(outputs=outputs, progress=Progress(percent=99.99))
    job = documents.job(made(record=record, queue="running", ended=None), BASE, {})
    assert (job["status"], job["percentage_completed"]) == ("PROCESSING", 99)
    assert job["outputs"][0]["percentage_completed"] == 99


def test_for_an_output_that_is_left_out_the_largest_stands() -> None:
    def output(name: str, width: int) -> Output:
        return Output(
            resolution=name,
            status="COMPLETED",
            percent=100,
            width=width,
            height=9,
            files=(f"mp4/{name}.mp4",),
        )

    outputs = (output("sd", 16), output("hd", 32), Output(resolution="fhd", status="LEFT_OUT"))
    asked = ASKED | {"outputs": [{"resolution": n, "output_name": n} for n in ("fhd", "sd")]}
    job = made(record=made().record.evolve(outputs=outputs), asked=asked)
    shown = documents.job(job, BASE, {})["outputs"]
    assert [(o["percentage_completed"], o["file"]["id"]) for o in shown] == [
        (100, ids.file_id(SHORT, Place(0))),
        (100, ids.file_id(SHORT, Place(1))),
    ]
    assert [(f.name, f.path) for f in files_of(job) if f.kind == "file"] == [
        ("559cbbec14ea67a7cad6c7d8/fhd.mp4", "mp4/hd.mp4"),
        ("559cbbec14ea67a7cad6c7d8/sd.mp4", "mp4/sd.mp4"),
    ]


def test_a_failed_job_says_why() -> None:
    failure = Failure(
        code=9301, message="no picture", remedy="", step=None, step_code=None, exit_code=3, detail=""
    )
    record = made(Status.FAILED).record.evolve(
        error=failure, outputs=(Output(resolution="hd", status="FAILED"),)
    )
    job = documents.job(made(record=record), BASE, {})
    assert (job["status"], job["error_msg"], job["error_code"]) == ("FAILURE", "no picture", "9301")
    assert job["outputs"][0]["file"] is None


def test_a_job_of_another_dialect_is_shown_by_its_record() -> None:
    job = documents.job(made(dialect="native", asked={"pipeline": "x", "input": 3}), BASE, {"hd": "5" * 24})
    assert job["input"]["input_name"] == "movie.mp4"
    assert job["input"]["file"]["id"] == ids.file_id(SHORT, Place())
    assert (job["pipeline"], job["application"], job["output_prefix"]) == (None, None, None)
    (output,) = job["outputs"]
    assert (output["preset"]["id"], output["output_name"]) == ("5" * 24, "movie_hd")
    assert output["file"]["id"] == ids.file_id(SHORT, Place(0))


def test_what_the_example_has_not_is_shown_where_it_was_said() -> None:
    asked = ASKED | {"unique_custom_key": "k1", "input": ASKED["input"] | {"start_time": 2.5}}
    job = documents.job(made(asked=asked), BASE, {})
    assert (job["unique_custom_key"], job["input"]["start_time"]) == ("k1", 2.5)


@pytest.mark.parametrize("short", [SHORT, "559cbbec14ea67a7cad6ffff"])
def test_files_of_a_job_have_ids_that_lead_back(short: str) -> None:
    places = [Place()]
    for output in (0, 7, ids.MOST_OUTPUTS - 1):
        places += [Place(output), Place(output, archive=True)]
        places += [Place(output, thumbnails=n) for n in range(ids.MOST_THUMBNAILS)]
    made_ids = [ids.file_id(short, p) for p in places]
    assert len(set(made_ids)) == len(places)
    assert short not in made_ids
    assert all(ids.ID.fullmatch(i) for i in made_ids)
    assert [ids.place_in(short, i) for i in made_ids] == places
    assert ids.place_in("0" * 24, made_ids[0]) is None
    assert ids.place_in(short, short) is None


# -- formats --


def of_xml(element: ET.Element) -> Any:
    """What a client that knows our XML reads of it; all leaves are texts."""
    if element.get("nil"):
        return None
    children = list(element)
    if (
        children
        and element.tag.endswith("s")
        and {c.tag for c in children} == {element.tag.removesuffix("s")}
    ):
        return [of_xml(c) for c in children]
    if children:
        return {c.get("key", c.tag): of_xml(c) for c in children}
    return element.text or ""


def texts(value: Any) -> Any:
    match value:
        case dict():
            return {k: texts(v) for k, v in value.items()}
        case list():
            return [texts(v) for v in value]
        case bool():
            return str(value).lower()
        case None:
            return None
        case _:
            return str(value)


@pytest.mark.parametrize("human", [False, True])
@pytest.mark.parametrize("show_null", [False, True])
def test_xml_says_the_same(human: bool, show_null: bool) -> None:
    document = {"job": documents.job(made(label='a<b> & "c" ]]> \u00e4\x01'), BASE, {})}
    wanted = Manner(human=human, show_null=show_null)
    body, media = rendered(document, replace(wanted, format="xml"))
    root = ET.fromstring(body)
    same = json.loads(rendered(document, wanted)[0])
    same["job"]["user_data"] = 'a<b> & "c" ]]> \u00e4\N{REPLACEMENT CHARACTER}'
    assert media == "application/xml; charset=utf-8"
    assert body.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    assert {root.tag: of_xml(root)} == texts(same)


def test_a_document_of_several_keys_is_a_response_in_xml() -> None:
    document = documents.jobs([{"id": "1", "ok": True}, {"id": "2", "ok": None}], 2, 0, 10)
    body, _ = rendered(document, Manner(format="xml"))
    assert body.decode().partition("?>\n")[2] == (
        "<response><jobs><job><id>1</id><ok>true</ok></job><job><id>2</id></job></jobs>"
        "<total>2</total><start>0</start><limit>10</limit></response>"
    )


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/xml", "xml"),
        ("text/xml;q=0.5, application/json;q=0.4", "xml"),
        ("application/xml;q=0.5, application/json", "json"),
        ("application/xml;q=0, text/html", "json"),
        ("application/xml;q=nonsense", "json"),
    ],
)
def test_accept(accept: str, format: str) -> None:  # noqa: A002 - the parameter's own name
    assert accepted(accept) == format
    assert manner({"format": "json"}, accept).format == "json"
    assert manner({"format": "xml"}, accept).format == "xml"


@pytest.mark.parametrize("parameters", [{"format": "yaml"}, {"human": "maybe"}, {"show_null": "2"}])
def test_what_is_asked_wrongly(parameters: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        manner(parameters, "")


def ref(kind: str, own: str) -> dict[str, str]:
    return {"id": own * 24, "href": f"{BASE}/v1/{kind}/{own * 24}"}


LOOKED_UP: dict[tuple[str, str], dict[str, Any]] = {
    ("files", "f" * 24): {
        "name": "film",
        "job": ref("jobs", "a"),
        "user": ref("users", "b"),
        **ref("files", "f"),
    },
    ("users", "b" * 24): {"name": "me", **ref("users", "b")},
}


@pytest.mark.parametrize(
    ("expand", "file", "user"),
    [
        (frozenset(), ref("files", "f"), ref("users", "b")),
        (frozenset({"file"}), LOOKED_UP["files", "f" * 24], ref("users", "b")),
        (frozenset({"user"}), ref("files", "f"), LOOKED_UP["users", "b" * 24]),
        (
            None,
            LOOKED_UP["files", "f" * 24] | {"user": LOOKED_UP["users", "b" * 24]},
            LOOKED_UP["users", "b" * 24],
        ),
    ],
)
def test_references_are_looked_up(expand: frozenset[str] | None, file: Any, user: Any) -> None:
    """A file refers to its job, which is not put into itself; a preset that is gone stays a reference."""
    job = {"outputs": [{"file": ref("files", "f"), "preset": ref("presets", "c")}], "user": ref("users", "b")}
    document = {"jobs": [job | ref("jobs", "a")]}
    body, _ = rendered(document, Manner(expand=expand), lambda kind, own: LOOKED_UP.get((kind, own)))
    outputs = [{"file": file, "preset": ref("presets", "c")}]
    assert json.loads(body) == {"jobs": [{"outputs": outputs, "user": user, **ref("jobs", "a")}]}
