"""What a program says: stdout kept or handed on by lines, a tail of stderr, the line that tells most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from ingest.job import codes
from ingest.job.errors import ProcessingError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_LIMIT = 1024 * 1024
TAIL_BYTES = 16 * 1024
TAIL_LINES = 100
_WORDS_LENGTH = 300

# ffmpeg's "[vost#0:0/libx264 @ 0x55d0] [enc:libx264 @ 0x55d1] ", glog's "E1122 11:37:27.076 7754 a.cc:94] "
_PREFIX = re.compile(
    r"(?:\[[^\]\n]* @ 0x[0-9a-f]+\]\s*)+|\[(?:panic|fatal|error|warning)\]\s*"
    r"|[EWIF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] "
)
_WARNING, _WORSE = re.compile(r"\[warning\] "), re.compile(r"\[(?:panic|fatal|error)\] ")
_TROUBLE = re.compile(
    r"error|invalid|fail|not found|no such|can ?not|can't|could not|couldn't|unable|denied|not permitted"
    r"|refused|unsupported|not supported|unknown|unrecognized|no space|missing|corrupt|exceed|out of memory"
    r"|too (?:large|big|many|long|small)|no capable|no va display|requires?\b|does not",
    re.IGNORECASE,
)
# True, but only the echo of a line said before.
_ECHO = re.compile(
    r"Error (?:opening|initializing|parsing|splitting|while opening|while filtering|sending|submitting"
    r"|selecting|processing|reinitializing|closing|muxing)\b|Failed to set value|Device creation failed"
    r"|Conversion failed|Failed to create +hardware device|Task finished with|Terminating thread|frame=|size="
    r"|Nothing was written"
    r"|Could not open encoder before|Exiting normally|(?:Last|Previous) message repeated"
    r"|.*Assertion .* failed|.*: Invalid data found when processing"
)


class Output(Protocol):
    """Where a program's stdout goes."""

    @property
    def kept(self) -> bytes:
        """What was kept of it."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def progress(self, *, arrived: bool) -> bool:
        """Whether there was progress since the last call; `arrived`: whether any byte came."""

    def end(self) -> None:
        """The program has ended by itself."""


class Whole:
    """Keeps everything; more than `limit` bytes is a `ProcessingError` (TOOL_KILLED)."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._kept = bytearray()

    @property
    def kept(self) -> bytes:
        return bytes(self._kept)

    def feed(self, chunk: bytes) -> None:
        if len(self._kept) + len(chunk) > self._limit:
            text = f"{self._name} wrote more than {self._limit} bytes to its standard output and was ended"
            raise ProcessingError(codes.TOOL_KILLED, text)
        self._kept += chunk

    def progress(self, *, arrived: bool) -> bool:
        return arrived

    def end(self) -> None:
        """Nothing is pending."""


class Lines:
    """Hands each line on; of a line beyond `LINE_LIMIT` bytes the rest is dropped, to bound the memory.

    The callback's value is the progress: ffmpeg goes on writing lines while nothing moves any more.
    """

    def __init__(self, callback: Callable[[str], object]) -> None:
        self._callback = callback
        self._pending = bytearray()
        self._value: object = None
        self._moved = False

    @property
    def kept(self) -> bytes:
        return b""

    def feed(self, chunk: bytes) -> None:
        *lines, rest = chunk.split(b"\n")
        if lines and self._pending:
            lines[0] = bytes(self._pending) + lines[0]
            self._pending.clear()
        for line in lines:
            self._hand_on(line[:LINE_LIMIT])
        self._pending += rest[: LINE_LIMIT - len(self._pending)]

    def progress(self, *, arrived: bool) -> bool:  # noqa: ARG002 - see the class
        moved, self._moved = self._moved, False
        return moved

    def end(self) -> None:
        """Hand on a last line that has no end."""
        if self._pending:
            self._hand_on(bytes(self._pending))
            self._pending.clear()

    def _hand_on(self, line: bytes) -> None:
        value = self._callback(line.rstrip(b"\r").decode("utf-8", "replace"))
        if value is not None and value != self._value:
            self._value, self._moved = value, True


class Tail:
    """The last `TAIL_BYTES` of a stream; what a carriage return overwrote on a terminal is dropped."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk
        if len(self._buffer) > 4 * TAIL_BYTES:
            self._buffer = _cut(_overwritten(self._buffer))

    def text(self) -> str:
        """At most `TAIL_LINES` lines without control characters, invalid UTF-8 replaced."""
        text = _cut(_overwritten(self._buffer)).decode("utf-8", "replace")
        lines = [one_line(line.rstrip("\r")) for line in text.split("\n")]
        return "\n".join([line for line in lines if line.strip()][-TAIL_LINES:])


def only_warnings(stderr: str) -> bool:
    """Whether nothing was said that is worse than a warning (with ffmpeg's `level` in `-loglevel`), or nothing at all.

    >>> only_warnings("[swscaler @ 0x1] [warning] deprecated pixel format used"), only_warnings("Conversion failed!")
    (True, False)
    """
    return all(_WARNING.search(line) for line in stderr.split("\n") if line.strip())


def last_words(stderr: str) -> str:
    """The most telling line, without addresses, times and file names of the program's own source.

    >>> last_words("[mov @ 0x55d0] moov atom not found\\nError opening input files: Invalid data found")
    'moov atom not found'
    """
    said = stderr.split("\n")
    # A warning tells most only where nothing worse was said.
    worse = [line for line in said if not _WARNING.search(line)] if any(map(_WORSE.search, said)) else said
    lines = [bare for line in worse if (bare := _PREFIX.sub("", line).strip())]
    own = [line for line in lines if not _ECHO.match(line)]
    trouble = [line for line in own if _TROUBLE.search(line)]
    # Echoes come after what they echo, so the first of them says most.
    echoes = [line for line in lines if _TROUBLE.search(line)]
    words = (trouble[-1:] or echoes[:1] or own[-1:] or lines[-1:] or [""])[0]
    return words if len(words) <= _WORDS_LENGTH else f"{words[: _WORDS_LENGTH - 3]}..."


def _overwritten(buffer: bytes) -> bytes:
    """Each line as a terminal would show it; a pending carriage return stays, for the chunk that follows."""
    lines = []
    for line in buffer.split(b"\n"):
        shown = [part for part in line.split(b"\r") if part]
        lines.append((shown[-1] if shown else b"") + (b"\r" if line.endswith(b"\r") else b""))
    return b"\n".join(lines)


def _cut(buffer: bytes) -> bytes:
    """The last bytes, from the start of a line where there is one."""
    if len(buffer) <= TAIL_BYTES:
        return buffer
    kept = buffer[-TAIL_BYTES:]
    _, newline, rest = kept.partition(b"\n")
    return rest if newline else kept
