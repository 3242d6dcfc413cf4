"""Xvid's requests as what the queue takes. Pure.

A job's own document (`Job.asked`) has the keys of Xvid's job that the record has no field for, with ids in place of
references; an output says under `resolution` which of the record's it is.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from ingest.engine.model import Filter, StoredLogo, Submission
from ingest.media.options import Options
from ingest.media.thumbnail_sets import MOST_SETS
from ingest.server.addresses import shown_url
from ingest.server.dialects.xvid.documents import DIALECT, STATUSES
from ingest.server.dialects.xvid.formats import truth
from ingest.server.dialects.xvid.naming import check_pattern, output_file_name
from ingest.server.dialects.xvid.presets import invalid, logo_place, resolved, sharing, thumbnail_size
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.engine.model import Happening, Source
    from ingest.server.dialects.xvid.bodies import JobBody, Output
from ingest.server.dialects.xvid.presets import Basis

MOST_LISTED, USUALLY_LISTED = 5000, 1000
RECENT: Final = timedelta(minutes=15)
# No watermark is put into anything, and it is not said that one were.
NO_WATERMARK: Final = {"watermark_strength": "none"}
_HAPPENINGS: Final[dict[str, Happening]] = {"started": "started", "finished": "finished", "error": "failed"}
Sort = Literal["created", "updated", "ended", "status", "percent", "source", "label"]
_SORTS: Final[dict[str, Sort]] = {
    "created_at": "created",
    "updated_at": "updated",
    "finished_at": "ended",
    "status": "status",
    "percentage_completed": "percent",
    "input.input_name": "source",
    "input.file.name": "source",
    "user_data": "label",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What the server has of what a job names.

    Attributes:
        source, input_name, file: where it reads from, how that is shown (without secrets), and the id of the file of
            the account that it is.
        bases: by the ids of the presets that its outputs name.
        ping_urls: those of its pipeline.
        logos: the file of the account that each `logo_image` is, by its own id.
    """

    source: Source
    input_name: str
    file: str | None
    bases: Mapping[str, Basis]
    pipeline: str
    application: str
    ping_urls: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    logos: Mapping[str, str] = dataclasses.field(default_factory=dict)


def submission(body: JobBody, found: Found) -> Submission:
    """Raises Refusal `invalid`: what cannot be done, as the name of the key and why."""
    if not body.outputs:
        raise invalid("outputs", "must have at least one output")
    bases = sharing(found.bases)
    presets: dict[str, str] = {}
    resolutions, outputs = [], []
    for number, output in enumerate(body.outputs):
        basis = bases[output.preset.id]
        name, text = resolved(basis, output.settings, f"out_{number}")
        if name in resolutions:
            # The same preset once more: of its own, so that each output is one rendition.
            name, text = resolved(dataclasses.replace(basis, name=None), output.settings, f"out_{number}")
        if text is not None:
            presets[name] = text
        resolutions.append(name)
        outputs.append(_output(output, name, number))
    names = [output_file_name(o["output_name"], found.input_name) for o in outputs]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise invalid("output_name", f"{twice!r} is given to more than one output")
    check_pattern(body.output_prefix or "", {"job_id", "input_name"}, "output_prefix")
    start = body.input.start_time or None
    asked: dict[str, Any] = {
        "pipeline": found.pipeline,
        "application": found.application,
        "input": {"input_name": found.input_name, "file": found.file, "start_time": start},
        "autograph": NO_WATERMARK if body.autograph is not None else None,
        "output_prefix": body.output_prefix,
        "outputs": outputs,
        "unique_custom_key": body.unique_custom_key,
    }
    return Submission(
        resolutions=tuple(resolutions),
        source=found.source,
        options=_options(body, start),
        presets=presets,
        logos=_logos(body, found.logos),
        dialect=DIALECT,
        asked=asked,
        label=body.user_data,
        webhooks={
            happening: url for name, happening in _HAPPENINGS.items() if (url := found.ping_urls.get(name))
        },
    )


def _output(output: Output, resolution: str, number: int) -> dict[str, Any]:
    name = output.output_name or f"{{input_name}}_{resolution}"
    check_pattern(name, {"input_name"}, f"outputs.{number}.output_name")
    sets = [t.model_dump() for t in output.thumbnails]
    sizes = [thumbnail_size(t.thumbnail_preset) for t in output.thumbnails]
    if len(set(sizes)) < len(sizes):
        raise invalid(f"outputs.{number}.thumbnails", "must each have a size of their own")
    for each in sets:
        check_pattern(each["thumbnail_names"], {"resolution", "input_name"}, "thumbnail_names")
    if len({s["thumbnail_names"] for s in sets if "{resolution}" not in s["thumbnail_names"]}) < sum(
        "{resolution}" not in s["thumbnail_names"] for s in sets
    ):
        raise invalid(f"outputs.{number}.thumbnails", "must each have names of their own")
    if output.thumbnail_zip and not sets:
        raise invalid(f"outputs.{number}.thumbnail_zip", "needs thumbnails")
    return {
        "preset": output.preset.id,
        "resolution": resolution,
        "output_name": name,
        "thumbnails": sets,
        # An empty object asks for it as `true` does.
        "thumbnail_zip": output.thumbnail_zip not in (None, False),
        "logos": [
            {"logo_image": shown_name(logo.logo_image), "logo_preset": logo.logo_preset}
            for logo in output.logos or ()
        ],
        "settings": output.settings.model_dump(exclude_none=True) if output.settings else None,
    }


def _logos(body: JobBody, files: Mapping[str, str]) -> tuple[StoredLogo, ...]:
    """Logos are the job's: one decode feeds all of its outputs."""
    first, *others = (output.logos or [] for output in body.outputs)
    if any(logos != first for logos in others):
        raise invalid("logos", "must be the same for all outputs of a job")
    return tuple(StoredLogo(files[logo.logo_image], *logo_place(logo.logo_preset)) for logo in first)


def _options(body: JobBody, start: float | None) -> Options:
    """Sets of pictures are the job's: outputs that want the same size share one."""
    sizes = {thumbnail_size(t.thumbnail_preset): None for o in body.outputs for t in o.thumbnails}
    if len(sizes) > MOST_SETS:
        raise invalid("thumbnails", f"may have {MOST_SETS} sizes in all")
    return Options(
        mp4=True,
        start=start or 0.0,
        thumbnails=tuple(f"{width}x{height}" for width, height in sizes),
    )


def shown_name(name: str) -> str:
    """An input's or a logo's name without what may be secret in it: what stands behind `?` may be a signature."""
    return shown_url(name) if "://" in name else name


def address_of(input_name: str, folder: str | None) -> str | None:
    """The URL that an input's name stands for; None where it is the path of a file of the account.

    Args:
        folder: the pipeline's `input_download_dir`.
    """
    if "://" in input_name:
        return input_name
    if folder:
        return f"{folder.rstrip('/')}/{quote(input_name.lstrip('/'))}"
    return None


def filter_of(parameters: Mapping[str, str], account: str | None, now: datetime | None = None) -> Filter:
    """Which jobs a list has.

    Raises:
        Refusal: invalid.
    """
    start, limit = paging(parameters)
    states = frozenset(STATUSES)
    if status := parameters.get("status"):
        states = frozenset(s for s, name in STATUSES.items() if name == status.upper())
        if not states:
            raise invalid("status", f"must be one of {', '.join(STATUSES.values())}")
    asked: dict[str, str | bool] = {}
    if (marked := truth(parameters, "autograph")) is not None:
        asked["autograph"] = marked
    if pipeline := parameters.get("pipeline.id"):
        asked["pipeline"] = pipeline
    at = now or datetime.now(UTC)
    return Filter(
        account=account,
        states=states,
        label=parameters.get("user_data") or None,
        text=parameters.get("input.file.name") or None,
        active_since=at - RECENT if truth(parameters, "inprogress") else None,
        asked=asked,
        # Whatever key there is may be sorted by; all others are alike in all jobs, or in no order.
        sort=_SORTS.get(parameters.get("sort", ""), "created"),
        descending=descending(parameters),
        offset=start,
        limit=limit,
    )


def paging(parameters: Mapping[str, str]) -> tuple[int, int]:
    """`start` and `limit`. Raises Refusal `invalid`."""
    start = _whole(parameters, "start", 0, 0, 2**31)
    return start, _whole(parameters, "limit", USUALLY_LISTED, 1, MOST_LISTED)


def descending(parameters: Mapping[str, str]) -> bool:
    """Raises Refusal `invalid`."""
    direction = parameters.get("direction", "") or "1"
    if direction not in ("1", "-1"):
        raise invalid("direction", "must be 1 or -1")
    return direction == "-1"


def _whole(parameters: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = parameters.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not least <= int(text) <= most:
        raise Refusal("invalid", f"{name} must be a whole number from {least} to {most}", details=(name,))
    return int(text)
