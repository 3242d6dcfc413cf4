"""What the server says no to. A route raises a `Refusal`; the dialect that was spoken gives it its own shape."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, Literal

from ingest.job import codes
from ingest.job.errors import (
    BusyError,
    Cancelled,
    IngestError,
    OutputError,
    ResourceError,
    SourceError,
    ToolError,
    UsageError,
    one_line,
)
from ingest.job.public import without_places

Kind = Literal[
    "missing_credentials",
    "bad_credentials",
    "expired",
    "forbidden",
    "not_found",
    "method",
    "invalid",
    "conflict",
    "too_large",
    "too_many",
    "unavailable",
    "internal",
]

# RFC 9110, section 15.5; 429 is RFC 6585, section 4. `expired` is a credential that was good once.
STATUSES: Final[dict[Kind, HTTPStatus]] = {
    "missing_credentials": HTTPStatus.UNAUTHORIZED,
    "bad_credentials": HTTPStatus.UNAUTHORIZED,
    "expired": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "method": HTTPStatus.METHOD_NOT_ALLOWED,
    "invalid": HTTPStatus.BAD_REQUEST,
    "conflict": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}
REFUSALS: Final = (
    "ingest.refusals"  # of an ASGI scope: a list of what was refused, for the middleware around it
)
_MISSING = frozenset({codes.JOB_NOT_FOUND, codes.SOURCE_NOT_FOUND})
_CONFLICTS = frozenset(
    {codes.JOB_NOT_CANCELLABLE, codes.JOB_NOT_CHANGEABLE, codes.JOB_NOT_RESUMABLE, codes.OUTPUT_EXISTS}
)


class Refusal(Exception):  # noqa: N818 - an answer, and not always somebody's error
    """One request that is not done.

    Attributes:
        kind: what is wrong, in words that every dialect can translate.
        message: one line for a person, without secrets.
        details: more lines, as one for each faulty field.
        code: the machine's word for it in snake_case; the kind itself where nothing finer is known.
        status: the HTTP status that fits best; a dialect may answer with another.
        headers: to be sent along whatever the dialect (`Retry-After`, `Allow`, `Tus-Resumable`).
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        details: tuple[str, ...] = (),
        code: str = "",
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.message = one_line(message)
        self.details = tuple(one_line(d) for d in details)
        self.code = code or kind
        self.status = int(STATUSES[kind] if status is None else status)
        self.headers = dict(headers or {})
        super().__init__(self.message)


def refusal_of(error: IngestError) -> Refusal:
    """What a failure of the core is to those who asked over HTTP; `code` is the message code's text in snake_case."""
    code = error.code.text.lower().replace(" ", "_")
    if error.code in _MISSING:
        return Refusal("not_found", error.message, code=code)  # the remedy is one for the command line
    kind: Kind
    match error:
        case UsageError():
            kind = "conflict" if error.code in _CONFLICTS else "invalid"
        case SourceError():
            kind = "invalid"
        case BusyError() | Cancelled():
            kind = "conflict"
        case ToolError() | ResourceError() | OutputError():
            # What is wrong is the server's own affair.
            return Refusal("unavailable", error.code.meaning, code=code)
        case _:
            return Refusal("internal", error.code.meaning, code=code)
    return Refusal(kind, without_places(error.line), code=code)
