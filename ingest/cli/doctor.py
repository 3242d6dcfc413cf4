"""`ingest doctor`: what ingest found on this machine, and whether the main job can run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json
from ingest.job.errors import IngestError, one_line

if TYPE_CHECKING:
    from ingest.media.toolchain import Tool

_ENCODERS = ("libx264", "libx265", "libsvtav1", "aac")
_FILTERS = ("scale", "select", "bwdif", "zscale", "tonemap", "libvmaf")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check that ingest has what it needs on this machine.

    Each hardware encoder is tried on a few frames. Exit status 0 when the main job can run, else 5.
    """
    from ingest.media import toolchain

    answers = dict(toolchain.survey())
    errors = [answer for answer in answers.values() if isinstance(answer, IngestError)]
    ffmpeg = answers["ffmpeg"]
    abilities: dict[str, Any] = {}
    if not isinstance(ffmpeg, IngestError):
        try:
            toolchain.require(ffmpeg)
        except IngestError as error:
            errors.append(error)
        abilities = _abilities(ffmpeg)
    document = {
        "ok": not errors,
        "errors": [error.line for error in errors],
        "tools": {name: _tool(answer) for name, answer in answers.items()},
        **abilities,
        "confinement": _confinement(),
        "machine": _machine(),
    }
    if as_json:
        echo_json(document)
    else:
        click.echo("\n".join(report(document)))
    if errors:
        raise errors[0]


def report(document: dict[str, Any]) -> list[str]:
    """The document as aligned lines for a person."""
    confinement, machine = document["confinement"], document["machine"]
    abi = confinement["landlockAbi"]
    tried = document.get("hardwareEncoders", {}).items()
    disks = machine["disks"]
    sections: list[tuple[str, list[tuple[str, ...]]]] = [
        ("Programs", [(name, *_described(tool)) for name, tool in document["tools"].items()]),
        ("Encoders", [(name, _yes(there)) for name, there in document.get("encoders", {}).items()]),
        ("Filters", [(name, _yes(there)) for name, there in document.get("filters", {}).items()]),
        ("Hardware encoders", [(name, _yes(why is None), why or "") for name, why in tried]),
        (
            "Confinement of programs",
            [
                ("files", f"Landlock ABI {abi}" if abi else "open"),
                ("network", "closed" if confinement["networkClosed"] else "open"),
                *(("gap", reason) for reason in confinement["reasons"]),
            ],
        ),
        (
            "Machine",
            [
                ("cores", str(machine["cores"])),
                ("memory", _gib(machine["memoryBytes"])),
                *(("free disk", _gib(disk["freeBytes"]), disk["path"]) for disk in disks),
            ],
        ),
    ]
    lines: list[str] = []
    for title, rows in sections:
        if rows:
            lines += [*([""] if lines else []), title, *_aligned(rows)]
    return lines


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    cells = [[*map(one_line, row), ""][:3] for row in rows]
    first, second = (max(len(row[column]) for row in cells) for column in (0, 1))
    return [f"  {name:<{first}}  {value:<{second}}  {more}".rstrip() for name, value, more in cells]


def _yes(there: bool) -> str:
    return "yes" if there else "no"


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _described(tool: dict[str, str | None]) -> tuple[str, ...]:
    if tool["error"] is not None:
        return "no", tool["error"]
    return str(tool["version"]), f"{tool['path']} ({tool['origin']})"


def _tool(answer: Tool | IngestError) -> dict[str, str | None]:
    if isinstance(answer, IngestError):
        return {"path": None, "version": None, "origin": None, "error": answer.line}
    return {"path": str(answer.path), "version": answer.version, "origin": answer.origin, "error": None}


def _abilities(ffmpeg: Tool) -> dict[str, Any]:
    from ingest.media import toolchain

    try:
        can = toolchain.capabilities(ffmpeg)
    except IngestError:  # told already
        return {}
    return {
        "encoders": {name: name in can.encoders for name in _ENCODERS},
        "filters": {name: name in can.filters for name in _FILTERS},
        # None: it works; else why it does not.
        "hardwareEncoders": {
            name: toolchain.trial_encode(ffmpeg, name) for name in toolchain.hardware_encoders(ffmpeg)
        },
    }


def _confinement() -> dict[str, Any]:
    from ingest.media.process import protections

    had = protections()
    return {"landlockAbi": had.landlock_abi, "networkClosed": had.network, "reasons": list(had.reasons)}


def _machine() -> dict[str, Any]:
    """Cores that this process may use, memory and free disk in bytes."""
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": cores or 1,
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "disks": _disks(),
    }


def _disks() -> list[dict[str, Any]]:
    """Where packages go by default and where the job store is; a folder that cannot be asked is left out."""
    import contextlib
    import shutil

    from ingest.home import data_home

    disks: dict[str, int] = {}
    for place in (Path.cwd, data_home):
        with contextlib.suppress(OSError, IngestError):
            folder = place()
            there = next(parent for parent in (folder, *folder.parents) if parent.exists())
            disks[str(folder)] = shutil.disk_usage(there).free
    return [{"path": path, "freeBytes": free} for path, free in disks.items()]
