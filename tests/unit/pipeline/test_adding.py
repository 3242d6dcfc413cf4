"""When one more resolution is asked for, and what of the package that is there counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ingest.job.record import Output, Record
from ingest.job.status import Status
from ingest.media.options import Options
from ingest.media.source import mtime_text
from ingest.pipeline.adding import with_those_there
from ingest.pipeline.first_record import first_record
from ingest.pipeline.request import Request

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    source = tmp_path / "film.mp4"
    source.write_bytes(b"film")
    return Request(source=source, resolutions=("hd",), output=tmp_path / "out", options=Options(jobs=2))


def finished(asked: Request, *resolutions: str, **changes: Any) -> Record:
    """The record of the same request for other resolutions, in its folder."""
    facts = asked.source.stat()
    record = first_record(replace(asked, resolutions=resolutions, options=replace(asked.options, jobs=None)))
    source = record.source.model_copy(
        update={"size": facts.st_size, "modified": mtime_text(facts.st_mtime_ns)}
    )
    outputs = tuple(Output(resolution=r, status="COMPLETED") for r in resolutions)
    record = record.evolve(**({"status": Status.COMPLETED, "source": source, "outputs": outputs} | changes))
    asked.folder.mkdir(exist_ok=True)
    (asked.folder / "job.json").write_text(record.to_json())
    return record


def test_what_is_there_and_what_is_asked_for(request_: Request) -> None:
    finished(request_, "sd", "fhd")
    assert with_those_there(request_) == replace(request_, resolutions=("sd", "fhd", "hd"))
    assert with_those_there(replace(request_, resolutions=("fhd",))) is None


def test_not_where_there_is_nothing_of_the_kind(request_: Request, tmp_path: Path) -> None:
    assert with_those_there(request_) is None
    finished(request_, "fhd", status=Status.FAILED)
    assert with_those_there(request_) is None
    finished(request_, "fhd", request=None)
    assert with_those_there(request_) is None
    finished(request_, "fhd")
    assert with_those_there(replace(request_, force=True)) is None
    assert with_those_there(replace(request_, options=replace(request_.options, hdr="keep"))) is None
    assert with_those_there(replace(request_, preset_dir=tmp_path)) is None
    other = tmp_path / "other.mp4"
    other.write_bytes(b"film")
    assert with_those_there(replace(request_, source=other)) is None
    request_.source.write_bytes(b"longer film")
    assert with_those_there(request_) is None


def test_a_dead_run_hides_the_record_of_the_package(request_: Request) -> None:
    record = finished(request_, "fhd")
    work = request_.folder / ".work-j11111111-1111-1111-1111-111111111111"
    work.mkdir()
    (work / "previous-job.json").write_text(record.to_json())
    finished(request_, "fhd", "hd", status=Status.EXECUTING)
    assert with_those_there(request_) == replace(request_, resolutions=("fhd", "hd"))


def test_a_package_that_is_older_than_an_option(request_: Request) -> None:
    record = finished(request_, "fhd")
    assert record.request is not None
    younger = {name: value for name, value in record.request.options.items() if name != "mp4"}
    finished(request_, "fhd", request=record.request.model_copy(update={"options": younger}))
    assert with_those_there(request_) == replace(request_, resolutions=("fhd", "hd"))
    assert with_those_there(replace(request_, options=replace(request_.options, mp4=True))) is None
