"""The error tree. Every failure a person can meet is one of these; a traceback is a bug.

IngestError
├── UsageError       exit 2  arguments, resolutions or presets that cannot work
├── SourceError      exit 3  the source cannot be used
├── OutputError      exit 4  the output folder cannot be used
├── ToolError        exit 5  ffmpeg, ffprobe or the packager is missing or too old
├── ResourceError    exit 6  disk, memory or time ran out
├── BusyError        exit 7  another run holds what this one needs
├── ProcessingError  exit 1  a step failed, or a package failed verification
└── Cancelled        exit 129 (SIGHUP), 130 (SIGINT) or 143 (SIGTERM)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ingest.job import codes

if TYPE_CHECKING:
    from ingest.job.codes import Code


class IngestError(Exception):
    """One failure: what is wrong and what to do, in one line, with its message code.

    `detail` holds a program's own last words where they help; it goes into the record, not onto the line.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: Code, message: str, *, remedy: str = "", detail: str = "") -> None:
        self.code = code
        self.message = one_line(message)
        self.remedy = one_line(remedy)
        self.detail = detail
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The single line that reaches the user."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class UsageError(IngestError):
    """Arguments, resolutions or presets that cannot work."""

    exit_code = 2


class SourceError(IngestError):
    """The source cannot be used."""

    exit_code = 3


class OutputError(IngestError):
    """The output folder cannot be used."""

    exit_code = 4


class ToolError(IngestError):
    """A program ingest needs is missing or too old."""

    exit_code = 5


class ResourceError(IngestError):
    """Disk, memory or time ran out."""

    exit_code = 6


class BusyError(IngestError):
    """Another run holds what this one needs."""

    exit_code = 7


class ProcessingError(IngestError):
    """A step failed, or a package failed verification."""

    exit_code = 1


class Cancelled(IngestError):  # noqa: N818 - not an error, but it ends a job like one
    """Stopped by a signal or by a person; `signal_number` decides the exit code (128 + signal).

    `by` says who asked, where it was no signal.
    """

    def __init__(self, signal_number: int = 2, by: str = "") -> None:
        self.signal_number = signal_number
        name = {1: "SIGHUP", 2: "SIGINT", 15: "SIGTERM"}.get(signal_number, f"signal {signal_number}")
        super().__init__(codes.CANCELLED, f"cancelled by {by or name}")


def exit_code_of(error: IngestError) -> int:
    """The process exit code for an error."""
    return 128 + error.signal_number if isinstance(error, Cancelled) else error.exit_code


def one_line(text: str) -> str:
    """`text` with control characters (newlines, escapes) made visible, so that it is one harmless terminal line.

    >>> one_line("a\\nb")
    'a\\\\nb'
    """
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in safe)
