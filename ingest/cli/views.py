"""How a running job is shown: a live view on a terminal, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

from ingest.job.errors import one_line
from ingest.pipeline.events import Ended, Event, JobStarted, Message, Progressed

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

PLAIN_INTERVAL = 5.0  # seconds between two progress lines


class View:
    """Shows nothing; the base of the others. A context, so that a live view leaves the terminal as it was."""

    _lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def on_event(self, event: Event) -> None:
        """Take one event. Where nobody reads any more (`| head`, a full disk), the job goes on unseen."""
        if self._lost:
            return
        try:
            self.show(event)
        except OSError:
            self._lost = True

    def show(self, event: Event) -> None:
        """Show one event; OSError when it cannot be written."""


class JsonView(View):
    """One JSON object a line: the contract is in the README."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        self._stream.write(json.dumps(event.as_json(), ensure_ascii=True) + "\n")
        self._stream.flush()


class PlainView(View):
    """A line for each message, and for progress every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = time.monotonic()

    def show(self, event: Event) -> None:
        if isinstance(event, JobStarted):
            self._line(f"job {event.job_id}: {event.source} -> {event.output}")
        elif isinstance(event, Message):
            mark = {"step": "", "note": "- ", "warning": "! ", "error": "! "}[event.kind]
            self._line(f"[{event.code}] {mark}{event.message}")
        elif isinstance(event, Progressed):
            if event.speed is not None and time.monotonic() - self._shown >= PLAIN_INTERVAL:
                self._line(f"      {event.percent:5.1f} %{_pace(event)}")
        elif event.status == "COMPLETED":
            self._line(f"COMPLETED in {event.seconds:.1f} s")
        else:
            self._line(event.status)

    def _line(self, text: str) -> None:
        self._shown = time.monotonic()
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        safe = one_line(text).encode(encoding, "backslashreplace").decode(encoding)
        self._stream.write(safe + "\n")
        self._stream.flush()


class LiveView(View):
    """rich: the steps as they come, and below them the current one with a bar for each resolution."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream, highlight=False)
        self._live: Live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._progress: Progressed | None = None
        self._step = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            self._live.stop()

    def show(self, event: Event) -> None:
        from rich.text import Text

        if isinstance(event, JobStarted):
            self._console.print(Text(one_line(f"{event.source} -> {event.output}"), style="bold"))
            self._console.print(Text(event.job_id, style="dim"))
        elif isinstance(event, Message):
            if event.kind == "step":
                self._step = event.message
            style = {"step": "", "note": "cyan", "warning": "yellow", "error": "red"}[event.kind]
            lead = {"step": "", "note": "  ", "warning": "  ! ", "error": "  ! "}[event.kind]
            self._console.print(Text(f"{event.code:>5}  {lead}{one_line(event.message)}", style=style))
        elif isinstance(event, Progressed):
            self._progress = event
        elif isinstance(event, Ended):
            self._progress = None
            good = event.status == "COMPLETED"
            self._console.print(
                Text(f"{event.status} in {event.seconds:.1f} s", style="bold green" if good else "bold red")
            )
            self._live.update(Text(""))
            return
        self._live.update(self._panel())

    def _panel(self) -> Group:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        event = self._progress
        title = Text.assemble((self._step, "bold"), (f" {_pace(event)}" if event else "", "dim"))
        if event is not None:
            for name, percent in (*event.resolutions.items(), ("all", event.percent)):
                bar = ProgressBar(total=100, completed=percent, width=40)
                table.add_row(Text(f"{name:>6}"), bar, Text(f"{percent:5.1f} %"))
        return Group(title, table)


def _pace(event: Progressed) -> str:
    """` 1.44x, 12 s left`, as far as known."""
    speed = f" {event.speed:.2f}x" if event.speed is not None else ""
    left = f", {duration(event.remaining_seconds)} left" if event.remaining_seconds is not None else ""
    return speed + left


def duration(seconds: float) -> str:
    """
    >>> duration(7.4), duration(75), duration(3700)
    ('7 s', '1 min 15 s', '1 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def choose_view(progress: str, *, record_on_stdout: bool) -> View:
    """The view for `--progress`. With the record on stdout, JSON lines go to stderr."""
    if progress == "none":
        return View()
    stream = sys.stdout if progress == "json" and not record_on_stdout else sys.stderr
    if stream is None:  # closed by whoever started us (`2>&-`)
        return View()
    if progress == "json":
        return JsonView(stream)
    if progress == "auto" and stream.isatty():
        return LiveView(stream)
    return PlainView(stream)
