"""What a row is: a source with one trait, one real `ingest run` of it, and what is measured of the result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers_media import Clips
from ingest_once import fast_presets
from main_job import Package
from measuring import probe

from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

SECONDS = 600  # after which a job is taken to hang


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was measured, what it had to be, and whether it is."""

    measured: str
    wanted: str
    passed: bool


@dataclass(frozen=True)
class Job:
    """A run of `ingest run` that has ended, and what it has left."""

    source: Path
    package: Package
    exit_code: int
    presets: Path
    clips: Clips

    @cached_property
    def record(self) -> dict[str, Any]:
        return self.package.record if (self.package.folder / "job.json").exists() else {}

    @property
    def rung(self) -> Path:
        """The pictures of the rendition `sd`, in one file."""
        return self.package.joined("video/sd")


Check = Callable[[Job], Finding]


@dataclass(frozen=True, slots=True)
class Case:
    """A row to be measured.

    Attributes:
        options: of `ingest run`.
        warnings: codes of exactly the warnings that the record must have.
        refused: the code of the error that the job must end with; None where it must succeed.
    """

    trait: str
    name: str
    make: Callable[[Clips], Path]
    checks: tuple[Check, ...] = ()
    options: tuple[str, ...] = ()
    warnings: tuple[int, ...] = ()
    refused: int | None = None
    resolutions: str = "sd"


@dataclass(frozen=True, slots=True)
class Row:
    """A case as it was measured."""

    case: Case
    source: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(f.passed for f in self.findings)


@dataclass
class Lab:
    """Makes sources and runs jobs, each once, in a folder of its own."""

    folder: Path
    jobs: dict[tuple[str, ...], Job] = field(default_factory=dict)

    @cached_property
    def clips(self) -> Clips:
        (self.folder / "clips").mkdir()
        return Clips(self.folder / "clips")

    @cached_property
    def presets(self) -> Path:
        return fast_presets(self.folder / "presets")

    def measure(self, case: Case) -> Row:
        """The row of a case. A measurement that cannot be made is one that was missed."""
        source = "none was made"
        findings = []
        try:
            path = case.make(self.clips)
            source = describe(path)
            job = self.run(path, case)
            findings.append(outcome(job, case))
            if findings[0].passed or not case.refused:
                findings += [guarded(check, job) for check in case.checks]
        except (OSError, AssertionError, subprocess.SubprocessError, LookupError, ValueError) as error:
            findings.append(failure(error))
        return Row(case, source, tuple(findings))

    def run(self, source: Path, case: Case) -> Job:
        key = (str(source), case.resolutions, *case.options)
        if key not in self.jobs:
            work = self.folder / f"job-{len(self.jobs) + 1}"
            work.mkdir()
            package = work / "package"
            argv = (Path(sys.executable).with_name("ingest"), "run", source, "--res", case.resolutions)
            argv += ("-o", package, "--preset-dir", self.presets, "--progress", "none", *case.options)
            done = subprocess.run(
                argv,
                env={**os.environ, "INGEST_HOME": str(self.folder / "home")},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
            )
            self.jobs[key] = Job(
                source, Package(source, package, work), done.returncode, self.presets, self.clips
            )
        return self.jobs[key]


def guarded(check: Check, job: Job) -> Finding:
    try:
        return check(job)
    except (OSError, AssertionError, subprocess.SubprocessError, LookupError, ValueError) as error:
        return failure(error)


def failure(error: Exception) -> Finding:
    text = " ".join(str(error).split())
    return Finding(f"not measurable: {type(error).__name__} {text[-150:]}", "measurable", passed=False)


def outcome(job: Job, case: Case) -> Finding:
    """Status and exit code, warnings, and what reading the whole package back says."""
    warned = sorted({w["code"] for w in job.record.get("warnings", ())})
    said = f", warnings {' '.join(map(str, warned))}" if warned else ""
    wanted = f", warnings {' '.join(map(str, sorted(case.warnings)))}" if case.warnings else ""
    if case.refused:
        error = job.record.get("error") or {}
        found = f"{job.record.get('status')} {error.get('code')}, exit {job.exit_code}"
        passed = error.get("code") == case.refused and job.exit_code == error.get("exitCode")
        return Finding(found, f"FAILED {case.refused}", passed)
    if job.exit_code or job.record.get("status") != "COMPLETED":
        error = job.record.get("error") or {}
        found = (
            f"{job.record.get('status')}, exit {job.exit_code}: {error.get('code')} {error.get('message')}"
        )
        return Finding(found, "COMPLETED", passed=False)
    faults = verify(job.package.folder, decode=make_decoder(find().ffmpeg, job.package.folder.parent)).must
    ending = ", verify clean" if not faults else f", verify finds {faults[0].rule}: {faults[0].found}"
    passed = not faults and warned == sorted(case.warnings)
    return Finding(f"COMPLETED{said}{ending}", f"COMPLETED{wanted}, verify clean", passed)


def describe(path: Path) -> str:
    """Container and streams in a few words, by ffprobe."""
    try:
        streams = probe(path, "-show_streams").get("streams", [])
    except AssertionError:
        return f"{path.name}: not readable"
    words = [_stream(s) for s in streams]
    more = f", and {len(words) - 3} streams more" if len(words) > 4 else ""
    return f"{path.name}: {', '.join(words if not more else words[:3])}{more}"


def _stream(stream: dict[str, Any]) -> str:
    name = stream.get("codec_name") or stream.get("codec_tag_string", "data")
    if stream["codec_type"] == "video":
        return f"{name} {stream['width']}x{stream['height']}"
    if stream["codec_type"] == "audio":
        return f"{name} {stream['sample_rate']} Hz {stream['channels']} ch"
    return str(name)
