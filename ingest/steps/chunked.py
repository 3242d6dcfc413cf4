"""A long film in chunks: each is encoded by itself, checked, and never made again; then they are joined.

The sound is made in one piece, beside the chunks. Where chunks do not fit together after all, `NotExact` says so and
the film is to be made in one piece.
"""

from __future__ import annotations

import shutil
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import Cancelled, ProcessingError
from ingest.media import process
from ingest.media.cancel import CancelToken
from ingest.media.command import encode_arguments, names, sound_arguments
from ingest.media.command.chunks import AT_END, BEFORE, joining_arguments, joining_list
from ingest.media.decode_errors import DecodeErrors
from ingest.media.machine import usable_cores, usable_memory
from ingest.media.plan.at_once import at_once
from ingest.media.plan.chunks import lengths
from ingest.media.plan.logos import marked_sizes
from ingest.media.process import Command, Confinement
from ingest.media.progress import ProgressReader
from ingest.packaging.boxes import BoxError
from ingest.packaging.sample_times import shown
from ingest.steps import checkpoints
from ingest.steps.encoding import (
    Run,
    arguments,
    check_written,
    encode_limits,
    encoded_files,
    make_folders,
    planned_pictures,
    put_logos,
    source_of,
    step_progress,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk
    from ingest.media.source import Source
    from ingest.steps.context import Env

SOUND = "sound"
_GATHERED = (
    *(names.CANDIDATES, names.PREVIEWS, names.REFERENCE, names.WIDE_REFERENCE),
    *(names.AUDIO, names.LOUDNESS),
)
_TICK = 0.5  # seconds between two tellings of progress
_WORDS = 8000  # characters of what ffmpeg said that are kept of all chunks together


class NotExact(Exception):  # noqa: N818 - no error: the film is made in one piece then
    """The chunks are not what one run would have made; the text says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished unit of work: a chunk, or all of the sound. `again`: an earlier run has made it."""

    frames: int
    concealed: dict[int, int]
    refused: dict[int, int]
    stderr: str
    cpu_seconds: float
    again: bool = False


def encode_chunks(env: Env, source: Source, plan: Plan) -> tuple[Run, int]:
    """What `encode_whole` gives, and how many chunks an earlier run had made.

    Raises:
        NotExact: the film is to be made in one piece.
        IngestError: as `encode_whole`.
    """
    make_folders(env.temporary, plan)
    (env.temporary / checkpoints.CHUNKS).mkdir(exist_ok=True)
    made = _Work(env, source, plan).all()
    started = sum(m.cpu_seconds for m in made if not m.again)
    frames = sum(m.frames for m in made)
    joined = _join(env, plan, frames)
    encoded = encoded_files(env, plan)
    words = "\n".join(m.stderr for m in made if m.stderr)[-_WORDS:]
    check_written(encoded, words)
    errors = DecodeErrors()
    for one in made:
        errors.concealed.update(one.concealed)
        errors.refused.update(one.refused)
    return Run(encoded, errors, frames, 0, words, started + joined), sum(
        m.again for m in made[: len(plan.chunks)]
    )


def commands(env: Env, source: Source, plan: Plan) -> tuple[tuple[str, ...], ...]:
    """What will be run, word for word: one command, or one for each chunk, for the sound, and for each joining."""
    if not plan.chunks:
        return (arguments(env, source, plan),)
    program, given = str(env.tools.ffmpeg.path), source_of(env, source)
    return (
        *((sound_arguments(program, plan, given),) if plan.audio else ()),
        *(encode_arguments(program, plan, given, chunk) for chunk in plan.chunks),
        *(_joining(env, *file) for file in _files(plan)),
    )


class _Work:
    """Runs the units side by side and tells how far they are together. Used once, in one thread."""

    def __init__(self, env: Env, source: Source, plan: Plan) -> None:
        self._env, self._source, self._plan = env, source, plan
        self._stop = CancelToken(env.cancel)
        files = [names.rung_file(r.name) for r in plan.encoded]
        self._known = [_known(self._place(c.number), files) for c in plan.chunks]
        self._frames = [known.frames if known else 0 for known in self._known]
        self._before = sum(self._frames)
        self._good: set[int] = set()
        self._began = time.monotonic()

    def all(self) -> list[Made]:
        """Every chunk in order, then the sound where there is any."""
        plan = self._plan
        side_by_side = at_once(
            plan,
            cores=usable_cores(),
            memory=min(self._env.probe_limits.memory_bytes or 1 << 62, usable_memory() * 3 // 4),
            asked=self._env.options.jobs,
        )
        with ThreadPoolExecutor(side_by_side) as pictures, ThreadPoolExecutor(1) as sound:
            jobs = [pictures.submit(self._chunk, chunk) for chunk in plan.chunks]
            if plan.audio:
                jobs.append(sound.submit(self._sound))
            try:
                self._watch(jobs)
            finally:  # where all are done there is nothing left to stop
                self._stop.cancel()
                for job in jobs:
                    job.cancel()
        return [job.result() for job in jobs]

    def _watch(self, jobs: list[Future[Made]]) -> None:
        """Until all are done; raises what the first one that failed has raised."""
        left, told = set(jobs), 0
        while left:
            done, left = wait(left, timeout=_TICK, return_when=FIRST_COMPLETED)
            failures = [f for job in done if (f := job.exception()) is not None]
            if failures:
                raise next((f for f in failures if not isinstance(f, Cancelled)), failures[0])
            if done:
                self._compare({jobs.index(job) for job in done})
            if (frames := sum(self._frames)) != told:
                told = frames
                self._tell(frames, frames - self._before)

    def _compare(self, done: set[int]) -> None:
        """Neighbours of which both are done must have decoded the same pictures around their join."""
        count = len(self._plan.chunks)
        self._good |= done
        for number in {n for d in done if d < count for n in (d - 1, d)}:
            if {number, number + 1} <= self._good and 0 <= number < count - 1:
                earlier = _seen(self._place(number) / AT_END)
                later = _seen(self._place(number + 1) / BEFORE)
                if not earlier or earlier != later:
                    at = float(self._plan.chunks[number + 1].start)
                    raise NotExact(f"decoding it from {at:.1f} s on does not give the same pictures")

    def _tell(self, frames: int, new: int) -> None:
        plan = self._plan
        seconds = time.monotonic() - self._began
        speed = float(new * plan.duration / planned_pictures(plan)) / seconds if new > 0 else None
        self._env.on_progress(step_progress(plan, min(1.0, frames / planned_pictures(plan)), speed))

    def _place(self, number: int) -> Path:
        return self._env.temporary / checkpoints.CHUNKS / f"{number:05d}"

    def _chunk(self, chunk: Chunk) -> Made:
        place, known = self._place(chunk.number), self._known[chunk.number]
        if known is not None:
            return known
        shutil.rmtree(place, ignore_errors=True)  # of what is not whole
        part = place.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        env, plan = self._env, self._plan
        make_folders(part, plan)
        put_logos(env, part, plan.video.logos, marked_sizes(plan))

        def tell(frames: int) -> None:
            self._frames[chunk.number] = frames

        reader, errors = ProgressReader(lambda p: tell(p.frames)), DecodeErrors()
        done = process.run(
            Command(
                argv=encode_arguments(str(env.tools.ffmpeg.path), plan, source_of(env, self._source), chunk),
                cwd=part,
                confinement=Confinement(
                    write=(part,),
                    descriptors=(self._source.descriptor,),
                    devices=plan.hardware is not None,
                ),
                limits=encode_limits(plan, env.limits),
            ),
            cancel=self._stop,
            on_stdout_line=reader.line,
            on_stderr_line=errors.line,
        )
        try:
            process.check(done, codes.TRANSCODING_FAILED)
        except ProcessingError as error:
            if error.code is not codes.TRANSCODING_FAILED:
                raise
            # An encoder that gets no picture fails, where a whole film with a hole in it would not.
            raise NotExact(
                f"the piece from {float(chunk.start):.1f} s on was not made: {error.message}"
            ) from error
        self._source.check_unchanged()
        frames = _checked(part, plan, chunk)
        tell(frames)
        made = Made(frames, dict(errors.concealed), dict(errors.refused), done.stderr, done.cpu_seconds)
        _finish(part, place, made)
        return made

    def _sound(self) -> Made:
        env = self._env
        place = env.temporary / checkpoints.CHUNKS / SOUND
        known = _known(place)
        if known is not None:
            return known
        part = place.with_suffix(".part")
        for folder in (place, part):
            shutil.rmtree(folder, ignore_errors=True)
        make_folders(part, self._plan)
        errors = DecodeErrors()
        done = process.run(
            Command(
                argv=sound_arguments(str(env.tools.ffmpeg.path), self._plan, source_of(env, self._source)),
                cwd=part,
                confinement=Confinement(write=(part,), descriptors=(self._source.descriptor,)),
                limits=encode_limits(self._plan, env.limits),
            ),
            cancel=self._stop,
            on_stdout_line=lambda line: line if line.startswith("out_time_us=") else None,
            on_stderr_line=errors.line,
        )
        process.check(done, codes.TRANSCODING_FAILED)
        self._source.check_unchanged()
        made = Made(0, dict(errors.concealed), dict(errors.refused), done.stderr, done.cpu_seconds)
        _finish(part, place, made)
        return made


def _seen(path: Path) -> list[tuple[str, str]]:
    """Time and hash of each picture in a file of ffmpeg's `framehash`."""
    lines = [line.split(",") for line in path.read_text("ascii").splitlines() if not line.startswith("#")]
    return [(fields[2].strip(), fields[5].strip()) for fields in lines]


def _finish(part: Path, place: Path, made: Made) -> None:
    """A unit is done: its files, with what is to be known of them, take their place."""
    document = {
        "frames": made.frames,
        "concealed": {str(k): v for k, v in made.concealed.items()},
        "refused": {str(k): v for k, v in made.refused.items()},
        "stderr": made.stderr,
        "cpuSeconds": made.cpu_seconds,
        "sizes": checkpoints.sizes(part),
    }
    checkpoints.store(part / checkpoints.CHUNK, document)
    checkpoints.finish(part, place)


def _known(place: Path, files: Iterable[str] = ()) -> Made | None:
    """A unit that an earlier run has finished; None where there is none, or not all of it.

    `files` it must have: a rendition that was to be taken over from a package is perhaps not there any more.
    """
    document = checkpoints.stored(place / checkpoints.CHUNK)
    if document is None or not checkpoints.whole(place, document) or set(files) - document["sizes"].keys():
        return None
    return Made(
        frames=document["frames"],
        concealed={int(k): v for k, v in document["concealed"].items()},
        refused={int(k): v for k, v in document["refused"].items()},
        stderr=document["stderr"],
        cpu_seconds=document["cpuSeconds"],
        again=True,
    )


def _checked(folder: Path, plan: Plan, chunk: Chunk) -> int:
    """How many pictures the chunk has; every rung must have those that it was planned to have, when they are due."""
    counts = set()
    for rung in plan.encoded:
        path = folder / names.rung_file(rung.name)
        try:
            found = shown(path)
        except (BoxError, OSError) as error:
            raise ProcessingError(
                codes.TRANSCODING_FAILED,
                f"what ffmpeg wrote for {rung.name} cannot be read: {error}",
                remedy="look at the detail in the record",
            ) from error
        counts.add(found.pictures)
        if chunk.frames is not None and (found.pictures, found.first, found.last) != (
            chunk.frames,
            chunk.begins,
            chunk.ends,
        ):
            raise NotExact(
                f"{chunk.frames} pictures from {float(chunk.start):.1f} s on were to come, "
                f"and {found.pictures} came at other times"
                if found.pictures == chunk.frames
                else f"{chunk.frames} pictures from {float(chunk.start):.1f} s on were to come, not {found.pictures}"
            )
    if len(counts) != 1:
        raise NotExact(f"the rungs have different pictures from {float(chunk.start):.1f} s on")
    return counts.pop()


def _files(plan: Plan) -> list[tuple[str, int, str | None]]:
    """What is joined: the file, its ticks a second, and its sample entry's name where it is not the usual one."""
    scale = plan.video.grid.timescale
    tags = {"hevc": "hvc1"}
    captions = any(t.index is None for t in plan.text)
    return [
        *((names.rung_file(r.name), scale, tags.get(r.codec)) for r in plan.encoded),
        (names.TRICK, scale, None),
        *([(names.CAPTIONS_PICTURE, names.CAPTIONS_TIMESCALE, None)] if captions else []),
    ]


def _join(env: Env, plan: Plan, frames: int) -> float:
    """One file of each rendition, and all stills in one folder. CPU seconds."""
    folder = env.temporary
    seconds = sum(_joined(env, plan, *file) for file in _files(plan))
    last = plan.chunks[-1]
    for rung in plan.encoded:
        try:
            found = shown(folder / names.rung_file(rung.name))
        except BoxError as error:
            raise NotExact(f"joined, {rung.name} cannot be read: {error}") from error
        if found.pictures != frames or (last.ends is not None and found.last != last.start + last.ends):
            raise NotExact(f"joined, {rung.name} has other pictures than its pieces")
    # Copies: what is finished stays as it is until nobody needs it any more.
    for place in (*_places(plan), *((SOUND,) if plan.audio else ())):
        for name in (*_GATHERED, *map(names.thumbnails_folder, range(len(plan.thumbnails)))):
            for file in (folder / checkpoints.CHUNKS / place / name).iterdir():
                shutil.copyfile(file, folder / name / file.name)
    return seconds


def _places(plan: Plan) -> list[str]:
    return [f"{c.number:05d}" for c in plan.chunks]


def _list(name: str) -> str:
    return f"{checkpoints.CHUNKS}/{name.replace('/', '-')}.txt"


def _joining(env: Env, name: str, timescale: int, tag: str | None) -> tuple[str, ...]:
    return joining_arguments(str(env.tools.ffmpeg.path), f"file:{_list(name)}", name, timescale, tag)


def _joined(env: Env, plan: Plan, name: str, timescale: int, tag: str | None) -> float:
    spans = lengths(plan.chunks, plan.duration)
    files = [(f"{place}/{name}", span) for place, span in zip(_places(plan), spans, strict=True)]
    (env.temporary / _list(name)).write_text(joining_list(files), encoding="ascii")
    done = process.run(
        Command(
            argv=_joining(env, name, timescale, tag),
            cwd=env.temporary,
            confinement=Confinement(write=(env.temporary,)),
            limits=encode_limits(plan, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=lambda line: line if line.startswith("total_size=") else None,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    return done.cpu_seconds
