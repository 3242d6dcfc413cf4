"""Which URLs the server fetches from, or sends to, at somebody's wish: none that lead into its own network.

A name is resolved once, each address that it has is looked at, and the connection goes to an address that was looked
at: a second answer of the name server changes nothing (DNS rebinding). A redirect is a request like the first.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

import httpx2

from ingest.server.refusals import Refusal

CONNECT_SECONDS: Final = 10.0
URL_LIMIT: Final = 4096
LOOKUP_SECONDS: Final = 10.0
_LOOKING: Final = threading.BoundedSemaphore(256)  # lookups whose askers may have given up
# Addresses that stand for others (RFC 6052, 3056, 4380, 4291): what they lead to depends on who carries them.
_TRANSLATED = tuple(
    IPv6Network(n)
    for n in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0/96")
)


class ForbiddenAddressError(Exception):
    """A URL leads, or leads on, to an address that is not asked."""


def checked_url(url: str, *, private: bool) -> SplitResult:
    """The parts of a URL that may be asked, as far as its text tells; what its name stands for is checked later.

    Raises:
        Refusal: `invalid`: not http or https, no host, or an address that is not asked, written as one.
    """
    try:
        if len(url) > URL_LIMIT or not url.isprintable() or " " in url or "\\" in url:
            raise ValueError(url)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refusal("this is no URL") from error
    if parts.scheme not in ("http", "https"):
        raise _refusal("only http and https URLs are asked")
    if not host or port == 0:
        raise _refusal("the URL names no host")
    if not private and (
        host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost") or _written(host)
    ):
        raise _refusal("the URL leads to an address that is not asked")
    return parts


def without_credentials(url: str) -> tuple[str, str, str]:
    """The URL, and the user and password that stood in it; both empty where there were none.

    >>> without_credentials("https://me:s%40c@films.example/a.mp4?x=1")
    ('https://films.example/a.mp4?x=1', 'me', 's@c')
    """
    parts = urlsplit(url)
    userinfo, _, place = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=place)), unquote(user), unquote(password)


def shown_url(url: str) -> str:
    """A URL as it may stand in a log or a message: without user, password, query (signatures) and fragment.

    >>> shown_url("https://me:secret@films.example/a b.mp4?Signature=abc")
    'https://films.example/a%20b.mp4'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL"
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{quote(unquote(parts.path))}"


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, for a single receiver, and stands for no other."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (
        found.is_site_local or any(found in network for network in _TRANSLATED)
    ):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved and not found.is_unspecified


def resolved(host: str, port: int, *, private: bool) -> tuple[str, ...]:
    """The addresses of a host, all of them looked at.

    Raises:
        ForbiddenAddressError: one of them is not public, and `private` ones are not allowed.
        OSError: the name is not known, or not in time.
    """
    found = _looked_up(host, port)
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private and not all(is_public(address) for address in addresses):
        raise ForbiddenAddressError(host)
    return addresses


def _looked_up(host: str, port: int) -> list[Any]:
    """The system's resolver, which nothing interrupts, in a thread that is left to itself after `LOOKUP_SECONDS`."""
    answer: Future[list[Any]] = Future()

    def look() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)
        finally:
            _LOOKING.release()

    if not _LOOKING.acquire(timeout=LOOKUP_SECONDS):
        raise OSError("too many names are being looked up")
    try:
        threading.Thread(target=look, name="lookup", daemon=True).start()
    except RuntimeError as error:  # the system has no more threads
        _LOOKING.release()
        raise OSError(str(error)) from error
    try:
        return answer.result(LOOKUP_SECONDS)
    except TimeoutError as error:
        raise OSError(f"the name {host} was not found in time") from error


class PinnedTransport(httpx2.BaseTransport):
    """Sends each request, redirected ones too, to an address that was looked at. No proxy, no connection kept."""

    def __init__(self, *, private: bool, inner: httpx2.BaseTransport | None = None) -> None:
        self._private = private
        # A kept connection is found again by its address: it might be another name's.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._inner = inner or httpx2.HTTPTransport(trust_env=False, limits=limits)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises ForbiddenAddressError; httpx2.TransportError."""
        try:
            parts = checked_url(str(request.url), private=self._private)
        except Refusal as refusal:
            raise ForbiddenAddressError(refusal.message) from refusal
        host = parts.hostname or ""
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        try:
            addresses = resolved(host, port, private=self._private)
        except (OSError, UnicodeError) as error:
            raise httpx2.ConnectError(f"the name {host} is not known", request=request) from error
        failure: httpx2.TransportError | None = None
        for address in addresses:
            pinned = httpx2.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,  # with the Host of the name
                stream=request.stream,
                extensions=dict(request.extensions) | {"sni_hostname": host},
            )
            try:
                return self._inner.handle_request(pinned)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure or httpx2.ConnectError(f"the name {host} has no address", request=request)

    def close(self) -> None:
        self._inner.close()


def _written(host: str) -> bool:
    """Whether a host is an address that is not public, in any spelling that the system's resolver takes for one."""
    try:
        found: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        try:
            found = IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433, 0177.0.0.1
        except (OSError, UnicodeError):
            return False
    return not is_public(str(found))


def _refusal(why: str) -> Refusal:
    return Refusal("invalid", why, code="url_invalid")
