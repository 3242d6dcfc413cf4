"""`ingest keys`: who may use the job server on this data folder."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json, echo_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.server.keys import KeyInfo, KeyRing, Scope

_LIFETIME = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """A time from now (`90d`, `12h`), or a date or time of ISO 8601; without a zone it is UTC."""
    if value is None:
        return None
    now = datetime.now(UTC)
    try:
        if match := _LIFETIME.fullmatch(value):
            when = now + timedelta(**{_UNITS[match[2]]: int(match[1])})
        else:
            when = datetime.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{value!r} is no time: give for example 90d, 12h or 2030-01-31") from error
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    if when <= now:
        raise click.BadParameter(f"{value!r} has passed")
    return when


@click.group(short_help="Make, list and revoke the API keys of the job server.")
def keys() -> None:
    """Who may use the job server on this data folder. A change holds at once, also for a server that runs."""


@keys.command(short_help="Make a key and print it, this once.")
@click.argument("name")
@click.option("--account", default="default", show_default=True, help="Whose jobs and files it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("submit",),
    show_default=True,
    type=click.Choice(["read", "submit", "admin"]),
    help="What it may do: look, make jobs as well, or all that and see every account. Repeatable.",
)
@click.option(
    "--expires",
    metavar="TIME",
    callback=_moment,
    help="Until when: 90d, 12h, or a date. Without it, for ever.",
)
@json_option
def create(
    name: str, account: str, scopes: tuple[Scope, ...], expires: datetime | None, as_json: bool
) -> None:
    """Make a key for NAME (a person or a program) and print it. It is kept as a hash: it cannot be shown again."""
    with _ring() as ring:
        made = ring.create(name, account=account, scopes=scopes, expires=expires)
        if as_json:
            echo_json({"key": made.text} | _document(made.info))
        else:
            click.echo(made.text)


@keys.command("list", short_help="List the keys and what they may do.")
@json_option
def list_keys(as_json: bool) -> None:
    """List all keys, the oldest first; the keys themselves are known to nobody."""
    with _ring() as ring:
        found = ring.list()
        if as_json:
            echo_json([_document(key) for key in found])
        elif not found:
            click.echo("no keys")
        else:
            header = ("KEY", "NAME", "ACCOUNT", "SCOPES", "STATE", "CREATED", "EXPIRES", "LAST USED")
            echo_table(header, [_row(key) for key in found])


@keys.command(short_help="End a key, and the tokens made with it, for ever.")
@click.argument("key")
@json_option
def revoke(key: str, as_json: bool) -> None:
    """End KEY, named by its id, or by its name where only one has it; and the tokens that were made with it."""
    with _ring() as ring:
        gone = ring.revoke(key)
        if as_json:
            echo_json(_document(gone))
        else:
            click.echo(f"key {gone.key_id} ({gone.name}) is revoked")


@contextmanager
def _ring() -> Iterator[KeyRing]:
    """The ring of this data folder, once; its database is closed after use."""
    from ingest.home import data_home
    from ingest.server.keys import KeyRing
    from ingest.store.database import open_database

    database = open_database(data_home())
    try:
        yield KeyRing(database)
    finally:
        database.close()


def _row(key: KeyInfo) -> tuple[str, ...]:
    def minute(stamp: str | None) -> str:
        return f"{stamp[:10]} {stamp[11:16]}Z" if stamp else "never"

    account = f"{key.account_name} ({key.account})"
    scopes = ",".join(key.scopes)
    return (
        key.key_id,
        key.name,
        account,
        scopes,
        key.state,
        minute(key.created),
        minute(key.expires),
        minute(key.used),
    )


def _document(key: KeyInfo) -> dict[str, Any]:
    """A key in the record's spelling."""
    spelling = {"key_id": "keyId", "account_name": "accountName"}
    return {spelling.get(k, k): v for k, v in asdict(key).items()} | {"state": key.state}
