"""The job record: Esri's Video Server job resource, key for key, then our additions in keys of their own.

Esri's part (order included): jobId, inputs, messages, type, results, status, username, customAttributes.
Times are ISO 8601 in UTC with milliseconds; durations are seconds; percentages run from 0 to 100.
A record is a value: the methods return a new one and leave the old one as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from ingest.job.errors import IngestError, exit_code_of, one_line
from ingest.job.ids import JOB_ID
from ingest.job.status import Status, advance

if TYPE_CHECKING:
    from ingest.job.codes import Code

SCHEMA_VERSION = 1
JobId = Annotated[str, StringConstraints(pattern=JOB_ID)]
Percent = Annotated[float, Field(ge=0, le=100)]
StepResult = Literal["running", "done", "failed", "cancelled", "interrupted"]


def utc_now() -> str:
    """Now, as the record writes times: `2026-11-22T11:14:29.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Inputs(_Model):
    service_item_id: str
    requested_resolutions: str
    file_ids: str
    service_url: str


class Results(_Model):
    layer_id: int
    layer_name: str
    service_name: str


class CustomAttributes(_Model):
    message_codes: tuple[int, ...] = ()
    saving_to_storage: bool = False
    new_layer_id: int = 0


class SourceFile(_Model):
    """The source as it was opened: `name` without folders, `size` in bytes, `modified` as a time."""

    path: str
    name: str
    size: int | None = None
    modified: str | None = None


class Asked(_Model):
    """What a person asked for, and what the settings said of the plan, so that the job can be taken up again.

    `source` and `output` are file URLs (RFC 8089), exact also where a name is no text; `options` has every choice of
    `ingest run` under its own name in camelCase.
    """

    source: str
    output: str
    resolutions: tuple[str, ...]
    preset_dir: str | None = None
    force: bool = False
    chunk_seconds: float | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Times(_Model):
    submitted: str
    started: str | None = None
    ended: str | None = None
    updated: str
    seconds: float | None = None


class Progress(_Model):
    """`speed` is media seconds made per second; `remaining_seconds` is an estimate, null while unknown."""

    percent: Percent = 0.0
    step: str | None = None
    code: int | None = None
    speed: float | None = None
    remaining_seconds: float | None = None


class StepRecord(_Model):
    code: int
    message: str
    started: str
    ended: str | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None
    result: StepResult = "running"


class Warned(_Model):
    code: int
    message: str


class Failure(_Model):
    """Why the job failed: the code, one line, what to do, the step, and the program's own last words."""

    code: int
    message: str
    remedy: str
    step: str | None
    step_code: int | None
    exit_code: int
    detail: str


class Output(_Model):
    """One requested resolution. Status LEFT_OUT is not a failure: its message says why."""

    resolution: str
    status: Literal["WAITING", "EXECUTING", "COMPLETED", "FAILED", "CANCELLED", "LEFT_OUT"] = "WAITING"
    percent: Percent = 0.0
    width: int | None = None
    height: int | None = None
    messages: tuple[str, ...] = ()
    message_codes: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    details: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _parallel(self) -> Self:
        if len(self.messages) != len(self.message_codes):
            raise ValueError("messages and messageCodes must have the same length")
        return self


class Process(_Model):
    """Who runs the job; `started` is the kernel's start time of the process in clock ticks since boot."""

    pid: int
    host: str
    started: int | None = None


class _Part(_Model):
    """Of a larger object these keys; whatever else it has is passed over."""

    model_config = ConfigDict(extra="ignore")


class _Named(_Part):
    resolution: str


class _Where(_Part):
    source: str
    output: str
    preset_dir: str | None = None


class Brief(_Part):
    """What lists show of a record, and what they must keep to themselves: a fifth of the work of reading it all."""

    job_id: JobId
    status: Status
    username: str
    source: SourceFile
    output: str
    times: Times
    progress: Progress
    outputs: tuple[_Named, ...] = ()
    error: Failure | None = None
    request: _Where | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Raises pydantic.ValidationError when `text` is no record."""
        return cls.model_validate_json(text)


class Record(_Model):
    """`chunks` is how many pieces the picture is encoded in; null until that is decided."""

    job_id: JobId
    inputs: Inputs
    messages: tuple[str, ...] = ()
    type: str = "Publish Streaming Service"
    results: Results
    status: Status = Status.SUBMITTED
    username: str
    custom_attributes: CustomAttributes = CustomAttributes()
    # --- ours from here on ---
    schema_version: int = SCHEMA_VERSION
    source: SourceFile
    output: str
    times: Times
    progress: Progress = Progress()
    steps: tuple[StepRecord, ...] = ()
    outputs: tuple[Output, ...] = ()
    chunks: int | None = None
    files: tuple[str, ...] = ()
    warnings: tuple[Warned, ...] = ()
    error: Failure | None = None
    tools: dict[str, str] = Field(default_factory=dict)
    process: Process | None = None
    request: Asked | None = None

    @model_validator(mode="after")
    def _parallel(self) -> Self:
        if len(self.messages) != len(self.custom_attributes.message_codes):
            raise ValueError("messages and messageCodes must have the same length")
        return self

    # -- changes: each returns a new record --

    def evolve(self, **changes: Any) -> Record:
        """A copy with `changes`, and `times.updated` set to now."""
        times = changes.pop("times", self.times)
        return self.model_copy(update=changes | {"times": times.model_copy(update={"updated": utc_now()})})

    def with_status(self, status: Status) -> Record:
        """Raises ValueError when the status table does not allow it."""
        return self.evolve(status=advance(self.status, status))

    def resumed(self, process: Process | None) -> Record:
        """The record of the same job in a new run of it: what was said stays, what was reached begins again.

        `process` is None while the job waits for one.
        """
        steps = self.steps
        if steps and steps[-1].ended is None:
            steps = (*steps[:-1], steps[-1].model_copy(update={"ended": utc_now(), "result": "interrupted"}))
        outputs = tuple(
            Output(resolution=o.resolution, messages=o.messages, message_codes=o.message_codes)
            for o in self.outputs
        )
        return self.evolve(
            status=Status.SUBMITTED,
            steps=steps,
            outputs=outputs,
            progress=Progress(),
            files=(),
            error=None,
            process=process,
            times=self.times.model_copy(update={"ended": None, "seconds": None}),
        )

    def with_message(self, code: Code, detail: str = "", *, resolutions: tuple[str, ...] = ()) -> Record:
        """Append a message and its code together; also to the own lists of the outputs named."""
        text = f"{code.text}: {one_line(detail)}" if detail else code.text
        attributes = self.custom_attributes
        outputs = tuple(
            o.model_copy(
                update={"messages": (*o.messages, text), "message_codes": (*o.message_codes, code.number)}
            )
            if o.resolution in resolutions
            else o
            for o in self.outputs
        )
        return self.evolve(
            messages=(*self.messages, text),
            custom_attributes=attributes.model_copy(
                update={"message_codes": (*attributes.message_codes, code.number)}
            ),
            outputs=outputs,
        )

    def with_warning(self, code: Code, detail: str = "") -> Record:
        text = f"{code.text}: {one_line(detail)}" if detail else code.text
        return self.evolve(warnings=(*self.warnings, Warned(code=code.number, message=text)))

    def with_output(self, resolution: str, **changes: Any) -> Record:
        """Change the output of one resolution."""
        return self.evolve(
            outputs=tuple(
                o.model_copy(update=changes) if o.resolution == resolution else o for o in self.outputs
            )
        )

    def with_error(self, error: IngestError, step: StepRecord | None) -> Record:
        return self.evolve(
            error=Failure(
                code=error.code.number,
                message=error.message,
                remedy=error.remedy,
                step=step.message if step else None,
                step_code=step.code if step else None,
                exit_code=exit_code_of(error),
                # A program's words, or a traceback, may hold undecodable bytes; JSON cannot.
                detail=error.detail.encode("utf-8", "backslashreplace").decode("utf-8"),
            )
        )

    def to_json(self) -> str:
        """The document that `job.json` holds: two-space indentation, newline at the end."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Record:
        """Raises pydantic.ValidationError when `text` is not a record."""
        return cls.model_validate_json(text)
