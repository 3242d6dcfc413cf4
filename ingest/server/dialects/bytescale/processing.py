"""Transformations as jobs: the same URL of the same content is the same job, begun by whoever asks first."""

from __future__ import annotations

import fnmatch
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ingest.engine.model import Filter, State, StoredSource, Submission, moment
from ingest.job import codes
from ingest.job.errors import IngestError, UsageError
from ingest.media.options import Options
from ingest.pipeline.request import split_resolutions
from ingest.server.batches import SAVE
from ingest.server.dialects.bytescale.artifacts import MASTER, SINGLE, SINGLE_FOLDER, names
from ingest.server.dialects.bytescale.documents import in_their_words
from ingest.server.dialects.bytescale.renditions import video
from ingest.server.dialects.bytescale.transformation import encode_path, media_url
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.engine.model import Job, StoredFile
    from ingest.server.dialects.bytescale.access import Access
    from ingest.server.dialects.bytescale.transformation import Asked
    from ingest.server.errands import Errands

NAME: Final = "bytescale"
# Names of Bytescale's APIs that do what this server does not: no preset is looked for under them.
ELSEWHERE: Final = frozenset({"audio", "archive", "antivirus"})
_RESETS = 100  # of the newest resets of an account, those that are looked at
# Two requests for one URL at once are to find one job. Bound to nothing that a server has: it is held for moments.
_BEGINNING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a transformation is as a job. `artifact` is its primary one."""

    resolutions: tuple[str, ...]
    presets: dict[str, str]
    options: Options
    artifact: str

    @property
    def single(self) -> bool:
        """It makes one file; what is saved is that file and no folder."""
        return self.artifact == SINGLE


def wanted(asked: Asked) -> Wanted:
    """The renditions and options of a transformation.

    Raises:
        Refusal: invalid, as `renditions.video`; not_found: a transformation that this server does not know.
    """
    _check_api(asked)
    if asked.name != "video":
        single = _preset_format(asked) == "mp4-h264"
        return Wanted(split_resolutions((asked.name,)), {}, Options(mp4=single), SINGLE if single else MASTER)
    found = video(asked.groups)
    single = found.format == "mp4-h264"
    options = Options(
        mp4=single,
        audio=not found.mute,
        start=float(found.start or 0),
        end=None if found.end is None else float(found.end),
    )
    return Wanted(tuple(found.presets), found.presets, options, SINGLE if single else MASTER)


def _check_api(asked: Asked) -> None:
    if asked.name in ELSEWHERE:
        message = f"this server has no {asked.name} API"
        raise Refusal("not_found", message, code="transformation_not_supported")


def _preset_format(asked: Asked) -> str:
    """A named preset takes no parameter but the format: it says all others itself."""
    for key, value in asked.pairs:
        if key != "f":
            raise Refusal("invalid", f"unknown parameter {key!r}", code="unknown_parameter")
        if value not in ("hls-h264", "hls-h264-rt", "mp4-h264", "html"):
            raise Refusal("invalid", f"f is {value[:60]!r}", code="unknown_format")
    return asked.last("f", "hls-h264")


def label_of(asked: Asked, file: StoredFile) -> str:
    """The same for every URL that asks for the same work: where one has made it, another finds it.

    Raises:
        Refusal: invalid.
    """
    _check_api(asked)
    if asked.name == "video":
        return replace(asked, groups=video(asked.groups).groups).key(file.etag)
    made = "mp4-h264" if _preset_format(asked) == "mp4-h264" else "hls-h264"
    return replace(asked, groups=((("f", made),),)).key(file.etag)


def find(access: Access, errands: Errands, asked: Asked, file: StoredFile) -> Job | None:
    """The job of this transformation that counts: the newest that was not cancelled, nor made void by a reset."""
    label = label_of(asked, file)
    page = access.core.queue.jobs(Filter(access.account, dialect=NAME, label=label, limit=1))
    for job in page.jobs:
        if job.state is not State.CANCELLED and not _void(access, errands, asked, job):
            return job
    return None


def _void(access: Access, errands: Errands, asked: Asked, job: Job) -> bool:
    for reset in errands.recent(access.account, {"ResetCacheJob"}, _RESETS):
        posted = moment(reset.created)
        if posted is None or posted < job.created:
            return False
        pattern = str(reset.asked["pattern"])
        if reset.asked["resetPermanentCache"] and fnmatch.fnmatchcase(asked.path, pattern):
            return True
    return False


def find_or_begin(access: Access, errands: Errands, asked: Asked, file: StoredFile) -> Job:
    """The job of this transformation; a new one where there is none, or where nothing kept is wanted.

    Raises:
        Refusal: not_found where nothing new is wanted; forbidden; invalid; too_many.
        UsageError: a preset that is none.
    """
    with _BEGINNING:
        found = find(access, errands, asked, file)
        stale = not asked.controls.cache and asked.artifact is None
        if found is not None and not (stale and found.state.final):
            return found
        if asked.controls.cache_only:
            raise Refusal("not_found", "this was not transformed before", code="transformation_not_cached")
        return begin(access, asked, file)


def begin(access: Access, asked: Asked, file: StoredFile) -> Job:
    """A new job. Raises as `find_or_begin`."""
    with _named(asked):
        return access.core.submit(access.actor, _submission(access, asked, file, wanted(asked)))


def begin_saving(
    access: Access, errands: Errands, asked: Asked, file: StoredFile, path: str, about: dict[str, Any]
) -> Job:
    """A new job whose files become files of the account at `path`; the errand stands before the job can run.

    Raises:
        Refusal: as `find_or_begin`.
    """
    want = wanted(asked)
    raw = f"/{access.account}/raw{encode_path(path)}"
    result = {
        "type": "Artifact",
        "artifact": want.artifact,
        "artifactUrl": raw if want.single else raw + want.artifact,
        "filePath": path,
        "fileUrl": raw,
    }
    submission = _submission(access, asked, file, want)
    # A saved result is no cached one: it must not be found by the URL's key.
    submission = replace(
        submission, label=None, asked={**submission.asked, "result": result, "save": {"path": path}}
    )
    with _named(asked):
        job = access.core.draft(access.actor, submission)
    place = {"file": path, "only": SINGLE_FOLDER} if want.single else {"folder": path, "names": names()}
    try:
        errands.post(access.account, SAVE, {**place, **about}, job_id=job.job_id)
        begun = access.core.run(access.actor, job.job_id)
    except BaseException:  # refused: nothing of it stays
        with suppress(IngestError):
            access.core.queue.delete(None, job.job_id)
        with suppress(IngestError):
            errands.cancel(None, job.job_id)
        raise
    errands.poke()
    return begun


@contextmanager
def _named(asked: Asked) -> Iterator[None]:
    """A transformation that is no API of Bytescale's is a preset's name: one that nobody knows is not there."""
    try:
        yield
    except UsageError as error:
        if error.code == codes.USAGE:
            message = in_their_words(error.message)
            raise Refusal("invalid", message, code="invalid_parameter") from error
        if error.code != codes.UNKNOWN_RESOLUTION:
            raise
        message = f"there is no transformation {asked.name[:60]!r}"
        raise Refusal("not_found", message, code="transformation_not_found") from error


def _submission(access: Access, asked: Asked, file: StoredFile, want: Wanted) -> Submission:
    return Submission(
        resolutions=want.resolutions,
        presets=want.presets,
        source=StoredSource(file.file_id),
        options=want.options,
        dialect=NAME,
        label=label_of(asked, file),
        asked={
            "transformation": asked.name,
            "filePath": asked.path,
            "parameters": [list(pair) for pair in asked.pairs],
            "result": {
                "type": "Artifact",
                "artifact": want.artifact,
                "artifactUrl": media_url("", access.account, asked, want.artifact),
            },
        },
    )
