"""The parts of later steps that need no program."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from made_facts import FHD, SD, clip, constant, portrait_vfr

from ingest.job import codes
from ingest.media.plan import make_plan
from ingest.packaging.findings import Finding, not_as_planned
from ingest.packaging.verify import Expected, ExpectedRung
from ingest.steps import removing_temporary_files, video_files_created
from ingest.steps.generating_hls_service_files import fragment_seconds
from ingest.steps.verifying_package import expected

if TYPE_CHECKING:
    from pathlib import Path


def test_what_verification_expects_of_a_constant_clip() -> None:
    plan = make_plan(clip(), (), (SD, FHD), preview_interval=Fraction(1), tile=(160, 90))
    step = Fraction(1, 30)
    assert expected(plan, exact=True) == Expected(
        rungs={
            "sd": ExpectedRung(width=720, height=404, frames=300, duration=Fraction(10), frame_duration=step),
            "fhd": ExpectedRung(
                width=1920, height=1080, frames=300, duration=Fraction(10), frame_duration=step
            ),
        },
        poster=True,
        previews=True,
    )


def test_what_verification_expects_of_a_damaged_and_of_an_uneven_clip() -> None:
    damaged = make_plan(clip(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    assert expected(damaged, exact=False).rungs["sd"] == ExpectedRung(
        width=720, height=404, frames=None, duration=None, frame_duration=Fraction(1, 30)
    )
    uneven = make_plan(portrait_vfr(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    assert expected(uneven, exact=True).rungs["sd"] == ExpectedRung(
        width=480, height=642, frames=144, duration=Fraction(5), frame_duration=Fraction(5, 144)
    )


def test_fragments() -> None:
    even = make_plan(
        clip(timing=constant(Fraction(30_000, 1001), 300, Fraction(1, 30_000))),
        *((), (SD,)),
        preview_interval=Fraction(1),
        tile=(160, 90),
    )
    uneven = make_plan(portrait_vfr(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    assert fragment_seconds(even.video.grid) == Fraction(1001, 500)
    assert fragment_seconds(uneven.video.grid) == 1


def test_removing_temporary_files(tmp_path: Path) -> None:
    work = tmp_path / "temporary"
    for name, size in (("quality", 1024), ("rungs", 7)):
        (work / name).mkdir(parents=True)
        (work / name / "file").write_bytes(bytes(size))
    outside = tmp_path / "outside"
    outside.write_bytes(bytes(5))
    (work / "quality/dangling").symlink_to(tmp_path / "nowhere")
    assert removing_temporary_files.run(work).value == 1024
    assert [p.name for p in work.iterdir()] == ["rungs"]
    assert outside.exists()


def test_files_are_listed_before_they_move(tmp_path: Path) -> None:
    for name in ("video/sd/init.mp4", "ABR.m3u8", "audio/en-stereo/init.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = ("ABR.m3u8", "audio/en-stereo/init.mp4", "video/sd/init.mp4")
    told: list[object] = []
    outcome = video_files_created.run(tmp_path, told.append, lambda: told.append("published"))
    assert outcome.value == files
    assert told == [files, "published"]


FAULT = Finding("Apple 9.2", "MUST", "video/sd/seg-00002.m4s", "12 pictures", "60")


def test_what_is_said_of_a_package_that_is_not_as_planned() -> None:
    error = not_as_planned("film.mp4", [FAULT], damaged=False)
    assert error.code is codes.VERIFICATION_FAILED
    assert error.line == (
        "the package made of film.mp4 is not as planned and was not published: "
        "video/sd/seg-00002.m4s: found 12 pictures, wanted 60; "
        "run again; if it stays, report it with the detail in the record"
    )
    assert error.detail == "Apple 9.2 video/sd/seg-00002.m4s: found 12 pictures, wanted 60"


def test_what_is_said_where_the_source_is_damaged() -> None:
    error = not_as_planned("film.mp4", [FAULT] * 60, damaged=True)
    assert error.line.endswith(
        "wanted 60 (and 59 more); its source is damaged, see the warnings: copy or upload it again"
    )
    assert len(error.detail.splitlines()) == 50
