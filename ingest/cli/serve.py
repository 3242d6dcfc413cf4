"""`ingest serve`: the job server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.cli.options import json_option

if TYPE_CHECKING:
    from ingest.server.serving import Started


def _size(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Bytes, or a size such as `8G`."""
    from ingest.settings import parse_size

    try:
        size = parse_size(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is {error}; give bytes or a size such as 8G") from error
    return size if isinstance(size, int) else None


@click.command(short_help="Serve jobs over HTTP, and run them, until it is stopped.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes any that is free."
)
@click.option(
    "--slots",
    type=click.IntRange(0, 1024),
    metavar="N",
    help="Jobs that run at once; by default one for every 8 cores. 0 runs none.",
)
@click.option(
    "--allow",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder whose files may be named as sources. Repeatable; without it, none may.",
)
@click.option(
    "--public-url", metavar="URL", help="What the server is called from outside, for URLs in answers."
)
@click.option(
    "--drain",
    type=click.FloatRange(0, 86_400),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running jobs may go on to the end of a piece when the server is stopped.",
)
@click.option("--no-auth", is_flag=True, help="No keys: everybody on this machine is the administrator.")
@click.option(
    "--public-media", is_flag=True, help="Bytescale's media URLs of what is there already need no key."
)
@click.option(
    "--max-upload",
    default="100G",
    show_default=True,
    callback=_size,
    metavar="SIZE",
    help="The largest file.",
)
@click.option(
    "--max-stored",
    callback=_size,
    metavar="SIZE",
    help="What one account's files may have together; by default as much as there is room for.",
)
@click.option(
    "--max-queued",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="N",
    help="Jobs of one account that wait or run.",
)
@click.option(
    "--rate",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    metavar="N",
    help="Requests of one key in a second.",
)
@json_option
def serve(
    host: str,
    port: int,
    slots: int | None,
    allow: tuple[Path, ...],
    public_url: str | None,
    drain: float,
    no_auth: bool,
    public_media: bool,
    max_upload: int,
    max_stored: int | None,
    max_queued: int,
    rate: int,
    as_json: bool,
) -> None:
    """Serve jobs over HTTP and run them, in this process's engine, until SIGTERM or Ctrl-C.

    The first start prints a key. A stopped server's jobs go on when it is started again.

    \b
    ingest serve --allow /srv/films
    """
    import logging

    from ingest import settings as settings_module
    from ingest.job import codes
    from ingest.job.errors import ToolError

    try:
        from ingest.server import serving
        from ingest.server.settings import ServerSettings
    except ModuleNotFoundError as error:
        raise ToolError(
            codes.TOOL_MISSING,
            f"the job server needs {error.name}",
            remedy="install it with pip install 'ingest[server]'",
        ) from error

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = settings_module.load()

    def tell(started: Started) -> None:
        if as_json:
            document = {
                "url": started.url,
                "slots": started.slots,
                "home": str(started.home),
                "key": started.key,
            }
            click.echo(json.dumps(document))
            return
        click.echo(f"listening on {started.url}; jobs at once: {started.slots}; data in {started.home}")
        if started.key:
            click.echo(f"the first key, which is shown this once: {started.key}")

    serving.serve(
        settings,
        ServerSettings(
            home=settings.home,
            allow=allow,
            no_auth=no_auth,
            public_media=public_media,
            max_upload=max_upload,
            max_stored=max_stored,
            max_queued=max_queued,
            rate=rate,
            public_url=public_url.rstrip("/") if public_url else None,
            private_urls=settings.private_urls,
        ),
        host=host,
        port=port,
        slots=serving.default_slots() if slots is None else slots,
        drain=drain,
        on_start=tell,
    )
