"""What is told of a record over the network."""

from __future__ import annotations

import pytest

from ingest.job.public import public_error, public_record, without_places
from ingest.job.record import (
    Asked,
    Brief,
    Failure,
    Inputs,
    Output,
    Process,
    Record,
    Results,
    SourceFile,
    Times,
    Warned,
)

JOB = "j2f9e2a4c-6b1d-4c57-9a3e-0d5b7c8e1f20"
OUTPUT = f"/srv/in gest/packages/acc0001/{JOB}"
SOURCE = f"/srv/in gest/jobs/{JOB}/source/a film.mp4"
RECORD = Record(
    job_id=JOB,
    inputs=Inputs(
        service_item_id="0" * 32,
        requested_resolutions="sd",
        file_ids="i1",
        service_url=f"file:///srv/in%20gest/packages/acc0001/{JOB}/",
    ),
    messages=("Starting Ingest", f"Kept what {OUTPUT} had"),
    results=Results(layer_id=0, layer_name="a film", service_name="a film"),
    username="anna",
    custom_attributes={"messageCodes": [117, 9001]},  # type: ignore[arg-type]
    source=SourceFile(path=SOURCE, name="a film.mp4", size=7),
    output=OUTPUT,
    times=Times(submitted="2026-11-22T11:14:29.123Z", updated="2026-11-22T11:14:29.123Z"),
    outputs=(Output(resolution="sd", messages=(f"from {SOURCE}",), message_codes=(9101,)),),
    files=("ABR.m3u8", "video/sd/seg-1.m4s"),
    warnings=(Warned(code=9201, message=f"{OUTPUT}/.work-1/x.ts: 1/2 of it"),),
    error=Failure(
        code=9301,
        message="only 3 MiB are free where /srv/in gest/packages/acc0001 lies",
        remedy="look into /srv/in gest",
        step=None,
        step_code=None,
        exit_code=6,
        detail="[mov @ 0x7f] file:/proc/self/fd/7: invalid\n/opt/ffmpeg/bin/ffmpeg: not found",
    ),
    tools={"ffmpeg": "n9.0"},
    process=Process(pid=17, host="vm"),
    request=Asked(
        source="file:///srv/in%20gest/jobs/x/source/a%20film.mp4",
        output="file:///srv/in%20gest/packages/acc0001/x",
        resolutions=("sd",),
        preset_dir="file:///srv/in%20gest/jobs/x/presets",
        options={
            "mp4": True,
            "crop": None,
            "logos": [{"path": "file:///srv/in%20gest/a%20b.png", "width": 3}],
        },
    ),
)


def test_a_record_is_told_without_its_places() -> None:
    shown = public_record(RECORD)
    assert shown == RECORD.model_copy(
        update={
            "inputs": RECORD.inputs.model_copy(update={"service_url": ""}),
            "messages": ("Starting Ingest", f"Kept what …/{JOB} had"),
            "source": SourceFile(path="a film.mp4", name="a film.mp4", size=7),
            "output": "",
            "outputs": (Output(resolution="sd", messages=("from …/a film.mp4",), message_codes=(9101,)),),
            "warnings": (Warned(code=9201, message="…/x.ts: 1/2 of it"),),
            "error": Failure(
                code=9301,
                message="only 3 MiB are free where …/acc0001 lies",
                remedy="look into …/in gest",
                step=None,
                step_code=None,
                exit_code=6,
                detail="[mov @ 0x7f] …/7: invalid\n…/ffmpeg: not found",
            ),
            "process": None,
            "request": Asked(
                source="",
                output="",
                resolutions=("sd",),
                options={"mp4": True, "crop": None, "logos": [{"path": "a b.png", "width": 3}]},
            ),
        }
    )
    assert "srv" not in shown.to_json()
    assert Record.from_json(shown.to_json()) == shown
    assert public_record(shown) == shown


def test_a_brief_is_what_lists_show_of_the_record() -> None:
    brief = Brief.from_json(RECORD.to_json())
    names = ("job_id", "status", "username", "source", "output", "times", "progress", "error")
    assert {n: getattr(brief, n) for n in names} == {n: getattr(RECORD, n) for n in names}
    assert [o.resolution for o in brief.outputs] == ["sd"]
    assert public_error(brief) == public_error(RECORD) == public_record(RECORD).error


def test_a_served_place_is_told() -> None:
    served = RECORD.inputs.model_copy(update={"service_url": "https://a.example/arcgis/rest/services/x"})
    assert public_record(RECORD.model_copy(update={"inputs": served})).inputs == served


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no path", "no path"),
        ("a/b and 1/2 and video/mp4", "a/b and 1/2 and video/mp4"),
        ("https://a.example/b/c.mp4 was not found", "https://a.example/b/c.mp4 was not found"),
        ("'/srv/a/b.mp4' is gone", "'…/b.mp4' is gone"),
        ("(/srv/a/b)", "(…/b)"),
        ("/srv/a/", "…/"),
        ("file:///srv/a%20b/c.mp4", "…/c.mp4"),
        ("/tmp is full", "/tmp is full"),
        ("…/b.mp4", "…/b.mp4"),
    ],
)
def test_a_path_is_its_last_name(text: str, told: str) -> None:
    assert without_places(text) == told
