"""The record as it is told over the network: without where this machine keeps its files. Pure.

Messages, and the last words of programs, name files where that helps whoever runs `ingest run` on this machine. Who
asks over HTTP is told names and no folders.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ingest.job.record import Brief, Failure, Record

_ENDS: Final = r"\s/'\"`:;,()<>\[\]|"
# At least two names behind slashes, of which the first does not stand behind a word: that would be a relative path, a
# quotient, or what follows a host in a URL.
_PLACE: Final = re.compile(rf"(?:\bfile:(?://)?|(?<![\w.:/%…-]))/(?:[^{_ENDS}]+/)+([^{_ENDS}]*)")
_WEB: Final = ("http", "https")


def public_record(record: Record) -> Record:
    """The same record, in which every path is its last name; the process that runs it is nobody's business."""
    known: list[str] | None = None

    def plain(text: str) -> str:
        nonlocal known
        if "/" not in text:  # most are so, and there are many
            return text
        if known is None:
            known = _known(record)
        return without_places(text, known)

    request, error, url = record.request, record.error, record.inputs.service_url
    changes: dict[str, Any] = {
        "inputs": record.inputs.model_copy(update={"service_url": url if _scheme(url) in _WEB else ""}),
        "messages": tuple(map(plain, record.messages)),
        "source": record.source.model_copy(update={"path": record.source.name}),
        "output": "",
        "outputs": tuple(
            o.model_copy(update={"messages": tuple(map(plain, o.messages))}) if o.messages else o
            for o in record.outputs
        ),
        "warnings": tuple(w.model_copy(update={"message": plain(w.message)}) for w in record.warnings),
        "process": None,
    }
    if error is not None:
        changes["error"] = _public_failure(error, plain)
    if request is not None:
        options = {key: _named(value) for key, value in request.options.items()}
        nowhere = {"source": "", "output": "", "preset_dir": None, "options": options}
        changes["request"] = request.model_copy(update=nowhere)
    return record.model_copy(update=changes)


def public_error(record: Record | Brief) -> Failure | None:
    """`error` of `public_record` alone."""
    error = record.error
    if error is None:
        return None
    known = _known(record) if "/" in error.message + error.remedy + error.detail else ()
    return _public_failure(error, lambda text: without_places(text, known))


def _public_failure(error: Failure, plain: Callable[[str], str]) -> Failure:
    texts = {name: plain(getattr(error, name)) for name in ("message", "remedy", "detail")}
    return error.model_copy(update=texts)


def without_places(text: str, known: Iterable[str] = ()) -> str:
    """The text with the last name of each absolute path only.

    `known`: folders that may have blanks in their names, the longest first.

    >>> without_places("12 MiB are free where /srv/in gest/packages lies", ["/srv/in gest"])
    '12 MiB are free where …/packages lies'
    >>> without_places("file:///srv/a/b.mp4: no such file, 1/2, a/b, https://a.example/b/c")
    '…/b.mp4: no such file, 1/2, a/b, https://a.example/b/c'
    """
    if "/" not in text:
        return text
    for folder in known:
        if folder in text:
            text = re.sub(rf"{re.escape(folder)}(?=/)", "…", text)
            text = re.sub(rf"{re.escape(folder)}(?![^{_ENDS}])", f"…/{PurePosixPath(folder).name}", text)
    text = re.sub(rf"…/(?:[^{_ENDS}]+/)+", "…/", text)
    return _PLACE.sub(r"…/\1", text)


def _known(record: Record | Brief) -> list[str]:
    """The folders of this job, with those above them, the longest first."""
    places = [record.output, record.source.path]
    if record.request is not None:
        said = (record.request.source, record.request.output, record.request.preset_dir or "")
        places += [unquote(urlsplit(url).path) for url in said if _scheme(url) == "file"]
    found: set[str] = set()
    for place in places:
        folder = place.rstrip("/")
        while folder.startswith("/") and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found, key=lambda folder: (-len(folder), folder))


def _named(value: Any) -> Any:
    """An option's value, in which a path is its last name."""
    match value:
        case str() if value.startswith("/") or _scheme(value) == "file":
            return PurePosixPath(unquote(urlsplit(value).path)).name
        case dict():
            return {key: _named(each) for key, each in value.items()}
        case list() | tuple():
            return [_named(each) for each in value]
        case _:
            return value


def _scheme(url: str) -> str:
    scheme, colon, _ = url.partition(":")
    return scheme.lower() if colon else ""
