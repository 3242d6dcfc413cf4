"""Where ingest keeps its own data; without pydantic, so that `ingest jobs` need not load it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def data_home(environ: Mapping[str, str] | None = None) -> Path:
    """The absolute data folder: INGEST_HOME, else `ingest` in the XDG data folder. It need not exist yet.

    As the XDG Base Directory Specification demands, a relative XDG_DATA_HOME is passed over.

    Raises:
        UsageError: the user has no home folder.
    """
    env = os.environ if environ is None else environ
    try:
        if own := env.get("INGEST_HOME"):
            return Path(own).expanduser().absolute()
        xdg = Path(env.get("XDG_DATA_HOME", ""))
        base = xdg if xdg.is_absolute() else Path("~/.local/share").expanduser()
    except RuntimeError as error:
        raise UsageError(
            codes.USAGE, "the home folder is not known", remedy="set INGEST_HOME to a folder"
        ) from error
    return base / "ingest"
