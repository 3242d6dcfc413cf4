"""The bodies that ByteNite's customer API takes, checked; unknown keys are passed over, as gRPC's gateway does."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads it
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, model_validator
from pydantic.alias_generators import to_camel

from ingest.server.jsontext import is_unicode

MAX_SECONDS = 7 * 24 * 3600
MOST_OFFSET = 2**63 - 1  # an int64
PRIORITIES = {
    "EXECUTION_PRIORITY_UNDEFINED": 0,
    "EXECUTION_PRIORITY_LOW": -10,
    "EXECUTION_PRIORITY_NORMAL": 0,
    "EXECUTION_PRIORITY_HIGH": 10,
}


def _whole(document: Any) -> Any:
    """Refuse what could be read and never be written again."""
    if not is_unicode(document):
        raise ValueError("has half a surrogate pair, or a number that is none")
    return document


class _Body(BaseModel):
    """JSON's mapping of Protocol Buffers takes null for a field's default."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, document: object) -> object:
        if isinstance(document, dict):
            return {key: value for key, value in _whole(document).items() if value is not None}
        return document


def _int64(value: object) -> object:
    """JSON's mapping of Protocol Buffers writes 64-bit numbers as strings; both are taken."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


Seconds = Annotated[int, BeforeValidator(_int64), Field(ge=0, le=MAX_SECONDS)]


class Config(_Body):
    """`task_timeout` and `job_timeout` are seconds, 0 for none. A job is one task here: the shorter one holds."""

    task_timeout: Seconds = 0
    job_timeout: Seconds = 0
    is_test_job: bool = False


class DataSource(_Body):
    data_source_descriptor: Annotated[str, Field(min_length=1, max_length=40)]
    params: dict[str, Any] | None = None


class Regions(_Body):
    blacklist: tuple[str, ...] = ()
    whitelist: tuple[str, ...] = ()


class CreateJob(_Body):
    name: Annotated[str, Field(min_length=4, max_length=200)]
    template_id: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=4000)] = ""
    app_id: Annotated[str, Field(max_length=200)] = ""
    data_source: DataSource | None = None
    data_destination: DataSource | None = None
    params: dict[str, Any] | None = None
    config: Config = Config()
    priority: Literal[
        "EXECUTION_PRIORITY_UNDEFINED",
        "EXECUTION_PRIORITY_LOW",
        "EXECUTION_PRIORITY_NORMAL",
        "EXECUTION_PRIORITY_HIGH",
    ] = "EXECUTION_PRIORITY_UNDEFINED"
    start_at: datetime | None = None
    regions: Regions = Regions()


class ChangeSources(_Body):
    data_source: DataSource | None = None
    data_destination: DataSource | None = None


class AskSource(_Body):
    data_source: DataSource
    list_files: bool = False


class ChangeParams(RootModel[dict[str, Any]]):
    """Parameters, with or without `params` around them."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, document: object) -> object:
        # What was sent as another type than JSON comes as its bytes.
        return _whole(document) if isinstance(document, dict) else document

    @property
    def said(self) -> dict[str, Any]:
        within = self.root.get("params", self.root)
        return {} if within is None else within if isinstance(within, dict) else self.root


class ChangeName(_Body):
    name: Annotated[str, Field(min_length=4, max_length=200)]


class ChangeConfig(_Body):
    config: Config = Config()


class RunJob(Config):
    """The configuration stands in `config`, or bare, as ByteNite's guides send it."""

    config: Config | None = None

    @property
    def said(self) -> Config | None:
        bare = self.model_fields_set & Config.model_fields.keys()
        return self.config or (Config(**self.model_dump(include=bare)) if bare else None)


class Pagination(_Body):
    limit: Annotated[int, BeforeValidator(_int64), Field(ge=1, le=1000)] = 50
    offset: Annotated[int, BeforeValidator(_int64), Field(ge=0, le=MOST_OFFSET)] = 0


class FilterValue(_Body):
    type: Annotated[str, Field(alias="@type")] = "type.googleapis.com/google.protobuf.Value"
    value: Any = None


class FilterCondition(_Body):
    field: str
    condition: Literal["FILTER_CONDITION_EQ"]
    value: FilterValue | str


class FilterJobs(_Body):
    pagination: Pagination = Pagination()
    filters: tuple[FilterCondition, ...] = ()
    order_by: str = ""


class AskLogs(_Body):
    job_id: str
    task_ids: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


class AccessToken(_Body):
    api_key: Annotated[str, Field(max_length=500)]
