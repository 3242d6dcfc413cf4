"""What a connection may cost before anybody has shown a key: how many there are, and how long one may be silent."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

MOST: Final = 10_000
HEAD_SECONDS: Final = 20.0
BODY_SECONDS: Final = 60.0
# Descriptors of the store, the jobs, the log; beside a connection's own, one for the file that it is sent or sends.
_RESERVED = 256
_PER_CONNECTION = 2
_LEAST = 16
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """`connections` at once, and of one address, but this machine's own (a proxy is there), not more than `each`.

    `head` seconds for all of a request's head; `body` seconds between two pieces of its body.
    """

    connections: int
    each: int
    head: float = HEAD_SECONDS
    body: float = BODY_SECONDS


def limits_for(descriptors: int) -> Limits:
    """As many connections as a process with so many descriptors can bear.

    >>> limits_for(1024)
    Limits(connections=384, each=192, head=20.0, body=60.0)
    """
    connections = max(_LEAST, min(MOST, (descriptors - _RESERVED) // _PER_CONNECTION))
    return Limits(connections, connections // 2)


def raise_descriptors() -> int:
    """Have as many descriptors as the administrator allows, not only as many as programs have without asking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, 2 * MOST * _PER_CONNECTION)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # more than the kernel has for one process
        return soft
    return wanted


def protocol_for(given: Limits) -> type[asyncio.Protocol]:
    """uvicorn's `http`: its own protocol within these limits."""

    class Limited(_LimitedProtocol):
        limits = given

    return Limited


class _LimitedProtocol(H11Protocol):
    limits: Limits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._awaited: tuple[str, object] | None = None
        self.network = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.network = network_of(self.client[0]) if self.client else "loopback"
        if self._is_one_too_many():
            transport.write(_BUSY)
            transport.close()
            return
        self._await()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._awaited is not None and self._awaited[0] == "body":
            self._awaited = None  # each piece has its own time
        super().data_received(data)
        self._await()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await()

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > self.limits.connections:
            return True
        mine = self.network
        if mine == "loopback":
            return False
        same: int = sum(
            isinstance(other, _LimitedProtocol) and other.network == mine for other in self.connections
        )
        return same > self.limits.each

    def _await(self) -> None:
        """See to it that what the client has to send now comes in time."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            awaited, seconds = ("head", cycle), self.limits.head
        elif cycle.more_body:
            awaited, seconds = ("body", cycle), self.limits.body
        else:
            self._disarm()
            return
        if awaited != self._awaited:
            self._disarm()
            self._awaited = awaited
            self._timer = self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._awaited = self._timer = None
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if (
            cycle is not None
            and cycle.more_body
            and (self.flow.read_paused or cycle.waiting_for_100_continue)
        ):
            self._await()  # it is the server who does not read
            return
        self.transport.abort()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._awaited = None


def network_of(address: str) -> str:
    """Whom an address belongs to: of IPv6 whoever has one has a whole network of 64 bits.

    >>> network_of("2001:db8:1:2:3::4"), network_of("192.0.2.7"), network_of("::1")
    ('2001:db8:1:2::', '192.0.2.7', 'loopback')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return "loopback" if found.is_loopback else str(IPv6Address(int(found) >> 64 << 64))
        found = found.ipv4_mapped
    return "loopback" if found.is_loopback else str(found)
