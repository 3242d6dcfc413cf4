"""The command line. Each command lives in a module of its own, loaded only when it is asked for.

`main` is also the one place where a failure becomes a line on stderr and an exit code.
"""

from __future__ import annotations

import atexit
import difflib
import errno
import gc
import importlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ingest import __version__

# Not `import codes`: the submodule ingest.cli.codes takes that name in this package once it is loaded.
from ingest.job.codes import DISK_FULL
from ingest.job.errors import Cancelled, IngestError, ResourceError, exit_code_of, one_line

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# In the order of --help. The module ingest.cli.<name> holds a click command of the same name, whose own short
# help is the text here: it stands twice so that --help need not load eight modules (a test compares them).
COMMANDS = {
    "run": "Ingest a video file into a verified HLS and DASH package.",
    "probe": "Show what ingest sees in a video file.",
    "klv": "Show the KLV metadata (MISB) and other telemetry in a file.",
    "verify": "Read a package back and check that it is what it claims to be.",
    "resume": "Go on with a job that was stopped, from its last finished piece.",
    "clean": "Remove what stopped jobs have left to go on from.",
    "jobs": "List the jobs of this machine, newest first.",
    "show": "Show one job: its steps, its results and why it failed.",
    "cancel": "Stop a running job and wait until it has stopped.",
    "watch": "Watch a job that another process runs, until it has ended.",
    "serve": "Serve jobs over HTTP, and run them, until it is stopped.",
    "keys": "Make, list and revoke the API keys of the job server.",
    "presets": "List the resolutions that --res can ask for.",
    "codes": "List the message codes and what they mean.",
    "doctor": "Check that ingest has what it needs on this machine.",
}

GC_THRESHOLD = 50_000  # more containers made than freed before a collection, where Python has 700


class IngestGroup(click.Group):
    """A group of the commands in `COMMANDS` that turns every error into one line and its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"ingest.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"no such command {name!r}{_suggestion(name)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        commands = [CompletionItem(n, help=h) for n, h in COMMANDS.items() if n.startswith(incomplete)]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The program's start. What `invoke` cannot see is --help that could not be written."""
        spare_the_processor()
        try:
            return super().__call__(*args, **kwargs)
        except OSError as error:
            sys.exit(f"ingest: error: the output cannot be written: {error.strerror}")

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; `INGEST_DEBUG=1` adds the traceback to an internal error."""
        # Where stdout's encoding lacks a character (LANG=C), an escape is better than a crash.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else ctx.command_path
            message = error.format_message().removesuffix(".")
            click.echo(one_line(f"ingest: error: {message}; try '{path} --help'"), err=True)
            ctx.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise  # click's own: --help, a reader such as `head` that went away
        except (KeyboardInterrupt, click.Abort):
            _fail(ctx, Cancelled())
        except IngestError as error:
            _fail(ctx, error)
        except Exception as error:  # noqa: BLE001 (the outermost handler: a traceback is a bug, whatever raised it)
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                _fail(ctx, ResourceError(DISK_FULL, "no space left on device", remedy="free some space"))
            if os.environ.get("INGEST_DEBUG") == "1":
                import traceback

                traceback.print_exc()
            kind = type(error).__name__
            click.echo(one_line(f"ingest: internal error: {kind}: {error}; please report it"), err=True)
            ctx.exit(1)


def spare_the_processor() -> None:
    """For a process of our own, never for a library's caller: a third of a short command is spent on this.

    The collector of reference cycles looks at all modules again and again while they load, and once more at the end,
    where freeing them one by one serves nobody. Pydantic opens every installed package in search of its plugins.
    """
    gc.set_threshold(GC_THRESHOLD)
    atexit.register(gc.freeze)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _fail(ctx: click.Context, error: IngestError) -> NoReturn:
    click.echo(f"ingest: error: {error.line}", err=True)
    ctx.exit(exit_code_of(error))


def _suggestion(name: str) -> str:
    if near := difflib.get_close_matches(name, COMMANDS, n=1):
        return f"; did you mean {near[0]}?"
    return f"; did you mean ingest run {name}?" if Path(name).exists() else ""


@click.group(
    cls=IngestGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="ingest", message="%(prog)s %(version)s")
def main() -> None:
    """Any video file in, a verified HLS and DASH package and a job record out."""
