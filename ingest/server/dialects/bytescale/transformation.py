"""What a media URL of Bytescale asks for: a file, a transformation, its parameters in order, and an artifact.

`/{account}/{transformation}{path}?h=480&h=1080&artifact=/video.m3u8`, where `!` may stand for `?`: a relative URL in
the artifact then resolves to the artifact of that name of the same transformation. Pure.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote, unquote

from ingest.server.refusals import Refusal

Pair = tuple[str, str]
Group = tuple[Pair, ...]
CachePermanently = Literal["auto", "true", "false"]

MAX_PARAMETERS = 200
_ARTIFACT = ("artifact", "a")
_YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Controls:
    """What a URL says of caching and delivery; the transformation is the same without it.

    Attributes:
        cache: False: transform again, even where the result is there.
        cache_only: serve what is there and transform nothing.
        cache_ttl, cache_ttl_404: seconds that an answer, and one that there is nothing, may be kept.
        expires: epoch milliseconds after which the URL is no good; None: never.
        download: the browser is to save the file.
        token: an access token, for players that send no header; it is nobody's cache key.
    """

    cache: bool = True
    cache_only: bool = False
    cache_ttl: int | None = None
    cache_ttl_404: int | None = None
    expires: int | None = None
    download: bool = False
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """One media URL, taken apart.

    Attributes:
        name: the transformation: `raw`, `video`, `image`, or a preset's name.
        path: of the file, decoded, absolute.
        groups: the transformation's parameters in order; one group for a URL, as many as were sent for JSON.
        version: of the file, as the client counts; another version is another transformation.
        artifact: absolute; None: the transformation itself.
        banged: `!` stood for `?`.
    """

    name: str
    path: str
    groups: tuple[Group, ...] = ()
    version: str = ""
    artifact: str | None = None
    controls: Controls = Controls()
    banged: bool = False

    @property
    def pairs(self) -> Group:
        return tuple(pair for group in self.groups for pair in group)

    def last(self, name: str, default: str = "") -> str:
        """The value of a parameter that is said once for all; the last one where it is repeated."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def key(self, etag: str) -> str:
        """The same for every URL of one transformation of one content; 32 hexadecimal digits."""
        said = json.dumps([self.name, self.path, etag, self.groups, self.version], ensure_ascii=False)
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def parse(raw_path: str, query: str) -> Asked:
    """Take apart what follows `/{account}/` in a URL, still percent-encoded, and what follows `?`.

    Raises:
        Refusal: invalid: no file, an artifact that is not last or not absolute, a control that cannot be understood.
    """
    before, bang, banged = raw_path.partition("!")
    name, slash, path = before.partition("/")
    decoded = _decoded(slash + path)
    if not slash or decoded == "/":
        raise Refusal("invalid", "the URL names no file", code="file_path_missing")
    said = "&".join(part for part in (banged, query) if part)
    pairs = [_pair(part) for part in said.split("&") if part]
    if len(pairs) > MAX_PARAMETERS:
        raise Refusal("invalid", f"more than {MAX_PARAMETERS} parameters", code="too_many_parameters")
    return replace(_sorted(_decoded(name), decoded, (tuple(pairs),)), banged=bool(bang))


def with_extended(asked: Asked, extended: object) -> Asked:
    """`asked` with the parameters of a request's body (`extendedParams`) behind its own.

    An array's objects stay groups of their own, which a query string cannot say.

    Raises:
        Refusal: invalid: neither an object nor an array of objects of texts, numbers and booleans.
    """
    if extended is None:
        return asked
    groups = extended if isinstance(extended, list) else [extended]
    parsed = tuple(_group(group) for group in groups)
    if sum(map(len, parsed)) > MAX_PARAMETERS:
        raise Refusal("invalid", f"more than {MAX_PARAMETERS} parameters", code="too_many_parameters")
    more = _sorted(asked.name, asked.path, parsed)
    return replace(asked, groups=asked.groups + more.groups, version=more.version or asked.version)


def _group(group: object) -> Group:
    if not isinstance(group, Mapping):
        raise Refusal(
            "invalid", "extendedParams must be an object or an array of objects", code="invalid_parameter"
        )
    return tuple((str(key), _written(str(key), value)) for key, value in group.items() if value is not None)


def _written(key: str, value: object) -> str:
    """A value as it would stand in a URL."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(int(value)) if value.is_integer() else repr(value)
        case _:
            raise Refusal("invalid", f"{key} must be a text, a number or a boolean", code="invalid_parameter")


def _sorted(name: str, path: str, groups: Sequence[Group]) -> Asked:
    """The transformation's own parameters, apart from those that every transformation has."""
    own: list[Group] = []
    artifact: str | None = None
    version = ""
    controls = Controls()
    for group in groups:
        kept: list[Pair] = []
        for key, value in group:
            if artifact is not None:
                raise Refusal(
                    "invalid", f"{key} stands behind artifact, which must be last", code="artifact_not_last"
                )
            # The SDK's UrlBuilder writes underscores where its FileApi writes dashes.
            match key.replace("_", "-"):
                case "artifact" | "a":
                    artifact = _artifact(value)
                case "version" | "v":
                    version = value
                case control if control in _CONTROLS:
                    controls = _controlled(controls, control, value)
                case _:
                    kept.append((key, value))
        if kept:
            own.append(tuple(kept))
    return Asked(name, path, tuple(own), version, artifact if artifact != "/" else None, controls)


_CONTROLS = frozenset(
    {"cache", "cache-only", "cache-perm", "cache-ttl", "cache-ttl-404", "exp", "download", "token", "auth"}
    | {"cache-permanently", "force-download-prompt"}
)


def _controlled(controls: Controls, key: str, value: str) -> Controls:
    match key:
        case "cache":
            return replace(controls, cache=boolean(key, value))
        case "cache-only":
            return replace(controls, cache_only=boolean(key, value))
        case "cache-ttl":
            return replace(controls, cache_ttl=whole(key, value, 0, 31_536_000))
        case "cache-ttl-404":
            return replace(controls, cache_ttl_404=whole(key, value, 0, 31_536_000))
        case "exp":
            return replace(controls, expires=_expiry(value))
        case "download" | "force-download-prompt":
            return replace(controls, download=boolean(key, value))
        case "token":
            return replace(controls, token=value)
        case "cache-perm" | "cache-permanently":
            if value not in ("auto", "true", "false"):
                raise _invalid(key, value, "auto, true or false")
            return controls  # what was made is always kept
        case _:
            return controls  # `auth` has no effect any more, says the SDK


def _artifact(value: str) -> str:
    parts = value.split("/")
    if not value.startswith("/") or ".." in parts or "." in parts:
        raise _invalid("artifact", value, "a path that begins with /")
    return value


def _expiry(value: str) -> int | None:
    """Seconds or milliseconds since 1970: nobody means seconds of the year 5138, nor milliseconds of 1973."""
    if value == "inf":
        return None
    moment = whole("exp", value, 0, 10**15)
    return moment if moment >= 10**11 else 1000 * moment


def boolean(key: str, value: str) -> bool:
    """`true` or `false`. Raises Refusal."""
    try:
        return _YES_OR_NO[value.lower()]
    except KeyError:
        raise _invalid(key, value, "true or false") from None


def whole(key: str, value: str, low: int, high: int) -> int:
    """A whole number of these bounds. Raises Refusal."""
    if not (value.isascii() and value.isdigit() and len(value) <= 15 and low <= int(value) <= high):
        raise _invalid(key, value, f"a whole number from {low} to {high}")
    return int(value)


def _invalid(key: str, value: str, wanted: str) -> Refusal:
    shown = value if len(value) <= 60 else f"{value[:57]}..."
    return Refusal("invalid", f"{key} is {shown!r}, must be {wanted}", code="invalid_parameter")


def _pair(part: str) -> Pair:
    key, _, value = part.partition("=")
    return _decoded(key), _decoded(value)


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Refusal("invalid", "the URL is not percent-encoded UTF-8", code="invalid_url") from None


def encode_path(path: str) -> str:
    """A file's path as it stands in a URL: the SDK's `encodeFilePath`."""
    return quote(path, safe="/~*'()-_.")


def encode_pairs(pairs: Iterable[Pair]) -> str:
    """Parameters as they stand in a URL, in this order; an artifact's slashes stay."""
    return "&".join(
        f"{quote(key, safe=_KEPT)}={quote(value, safe=_KEPT + '/' * (key in _ARTIFACT))}"
        for key, value in pairs
    )


_KEPT = "~*'()-_."


def media_url(base: str, account: str, asked: Asked, artifact: str, *, token: str = "") -> str:
    """The URL of an artifact in the spelling with `!`, in which its relative URLs resolve."""
    said = [*asked.pairs]
    if asked.version:
        said.append(("version", asked.version))
    if token:
        said.append(("token", token))
    said.append(("a", artifact))
    return f"{base}/{account}/{quote(asked.name, safe='')}{encode_path(asked.path)}!{encode_pairs(said)}"
