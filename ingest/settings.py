"""Settings from the environment: every INGEST_* variable but the tools'.

=====================  =========================================================  =======================
INGEST_HOME            data folder (job store)                                    XDG data folder/ingest
INGEST_PRESET_DIR      folder of own presets                                      none
INGEST_STALL_SECONDS   a program without progress for so long is ended            120
INGEST_MAX_PIXELS      largest picture of a source, pixels                        36000000
INGEST_MAX_STREAMS     most streams of a source                                   128
INGEST_MAX_SECONDS     longest source, seconds                                    172800 (48 h)
INGEST_MAX_MEMORY      memory for one program, bytes or `8G`                      three quarters of RAM
INGEST_MIN_FREE        disk space to leave free, bytes or `200M`                  200M
INGEST_CHUNK_SECONDS   length of the pieces that a long film is encoded in        60
INGEST_MAX_DOWNLOAD    largest source that is fetched from a URL, bytes or `8G`   100G
INGEST_DOWNLOAD_SECONDS  longest time that fetching a source may take             21600 (6 h)
INGEST_PRIVATE_URLS    1: URLs may lead to private and loopback addresses         0
=====================  =========================================================  =======================

K, M, G and T are powers of 1024. An empty variable is an unset one. INGEST_FFMPEG, INGEST_FFPROBE and
INGEST_PACKAGER are read by the toolchain, INGEST_DEBUG by the command line.

This module loads pydantic: import it inside the function that needs it. The variables are read here rather than by
pydantic-settings, whose import (asyncio, argparse, dotenv) costs a job a tenth of a CPU second.
"""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ingest.home import data_home
from ingest.job import codes
from ingest.job.errors import UsageError

_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?)(?:([KMGT])(?:i?B)?)?")
_REMEDIES = {
    "stall_seconds": "seconds above 0, for example 120",
    "max_pixels": "a whole number of pixels above 0, for example 36000000",
    "max_streams": "a whole number from 1 to 10000, for example 128",
    "max_seconds": "seconds above 0, for example 172800",
    "max_memory": "bytes or a size such as 8G, at least 64M",
    "min_free": "bytes or a size such as 200M",
    "chunk_seconds": "seconds from 1 on, for example 60",
    "max_download": "bytes or a size such as 100G",
    "download_seconds": "seconds above 0, for example 21600",
    "private_urls": "0 or 1",
    "preset_dir": "a folder",
    "home": "a folder",
}


def parse_size(value: object) -> object:
    """Bytes of `1048576`, `200M`, `1.5G` or `8GiB`; what is not a string is passed on.

    Raises:
        ValueError: not of this form, or not whole bytes.

    >>> parse_size("8G")
    8589934592
    """
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError("not a size")
    size = Fraction(match[1]) * 1024 ** " KMGT".index(match[2] or " ")
    if size.denominator != 1:
        raise ValueError("not whole bytes")
    return int(size)


def _folder(value: object) -> object:
    try:
        return Path(value).expanduser().absolute() if isinstance(value, (str, Path)) else value
    except RuntimeError as error:  # `~name` of an unknown user; pydantic passes on only ValueError
        raise ValueError(str(error)) from error


Folder = Annotated[Path, BeforeValidator(_folder)]
Size = Annotated[int, BeforeValidator(parse_size)]
Duration = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """Limits and places; sizes in bytes, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Folder = Field(default_factory=data_home)
    preset_dir: Folder | None = None
    stall_seconds: Duration = 120.0
    max_pixels: Annotated[int, Field(gt=0)] = 36_000_000
    max_streams: Annotated[int, Field(ge=1, le=10_000)] = 128
    max_seconds: Duration = 48 * 3600.0
    max_memory: Annotated[Size, Field(ge=64 * 1024**2)] | None = None
    min_free: Annotated[Size, Field(ge=0)] = 200 * 1024**2
    chunk_seconds: Annotated[Duration, Field(ge=1)] = 60.0
    max_download: Annotated[Size, Field(ge=0)] = 100 * 1024**3
    download_seconds: Duration = 6 * 3600.0
    private_urls: bool = False

    @property
    def memory_limit(self) -> int:
        """Bytes that one program may use: `max_memory`, else three quarters of the machine's memory."""
        if self.max_memory is not None:
            return self.max_memory
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4


def load() -> Settings:
    """The settings of this process's environment.

    Raises:
        UsageError: USAGE, naming the variable, its value and what it should be.
    """
    variables = {name: f"INGEST_{name.upper()}" for name in Settings.model_fields}
    said = {name: value for name, variable in variables.items() if (value := os.environ.get(variable))}
    try:
        return Settings.model_validate(said)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = str(fault["loc"][0])
        raise UsageError(
            codes.USAGE,
            f"{variables[field]} is {str(fault['input'])[:60]!r}",
            remedy=f"set it to {_REMEDIES.get(field, 'a valid value')}",
        ) from error
