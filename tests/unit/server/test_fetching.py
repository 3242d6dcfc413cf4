"""Downloads within limits, and the URLs that are not asked."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from typing import TYPE_CHECKING

import pytest
from served import answering, reply

from ingest.engine.model import UrlSource
from ingest.job import codes
from ingest.job.errors import Cancelled, SourceError
from ingest.media.cancel import CancelToken
from ingest.server import addresses, fetching
from ingest.server.addresses import checked_url, is_public, shown_url
from ingest.server.fetching import FetchLimits, fetch, size_of
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

FREE = FetchLimits(size=1000, seconds=10.0, private=True)
FILM = bytes(range(256)) * 3


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *(
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
        ),
        *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *(
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
        ),
        *(
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fe80::1%eth0",
        ),
        *("fec0::1", "ff02::1", "not an address", ""),
    ],
)
def test_no_public_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450::1"]
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


HOSTILE = [
    *(
        "",
        "films",
        "//films.example/a",
        "http:",
        "http://",
        "http:///a",
        "https://:443/a",
        "http://films.example:0/",
    ),
    *(
        "ftp://films.example/a",
        "file:///etc/passwd",
        "gopher://films.example/",
        "data:,x",
        "javascript:alert(1)",
    ),
    *("concat:http://a.example/", "http://films.example:99999/", "http://films.example:x/", "http://[::1/a"),
    *("http://films.example/\r\nHost: x", "http://films.example/\x00", "http://films.example\\@127.0.0.1/"),
    *("http://films.example /a", "http://films.example/" + "a" * 5000),
    *(
        "http://127.0.0.1/",
        "https://127.0.0.1:8443/",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
    ),
    *("http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://0/"),
    *("http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://a.localhost/", "http://[::1]/"),
    *(
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[fe80::1]/",
    ),
    *(
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
    ),
    *(
        "http://user:pass@127.0.0.1/",
        "http://films.example@127.0.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "http://224.0.0.1/",
    ),
]


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_urls_are_refused_by_their_text_alone(url: str) -> None:
    with pytest.raises(Refusal) as caught:
        checked_url(url, private=False)
    assert (caught.value.kind, caught.value.code) == ("invalid", "url_invalid")


@pytest.mark.parametrize(
    "url",
    ["https://films.example/a b".replace(" ", "%20"), "http://films.example:8080/a?x#y", "http://1.1.1.1/"],
)
def test_plain_urls_are_taken(url: str) -> None:
    assert checked_url(url, private=False).geturl() == url


def said(url: str, target: Path, limits: FetchLimits = FREE, **source: str) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(UrlSource(url, "a", **source), target / "film.mp4", CancelToken(), limits)
    assert caught.value.code is codes.SOURCE_NOT_FETCHED
    assert list(target.iterdir()) == []
    return caught.value.message


def test_a_file_arrives_whole(tmp_path: Path) -> None:
    with answering(lambda h: reply(h, body=FILM)) as url:
        fetch(UrlSource(f"{url}/film.mp4", "film.mp4"), tmp_path / "in/film.mp4", CancelToken(), FREE)
    assert (tmp_path / "in/film.mp4").read_bytes() == FILM
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["film.mp4"]


def test_a_name_of_this_machine_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with answering(lambda h: asked.append(h.path)) as url:
        port = url.rpartition(":")[2]

        def resolver(host: str, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
            assert host == "films.example"
            return [(2, 1, 6, "", (address, int(port))) for address in ("93.184.216.34", "127.0.0.1")]

        monkeypatch.setattr(addresses.socket, "getaddrinfo", resolver)
        closed = FetchLimits(1000, 10.0)
        assert said(f"http://films.example:{port}/a", tmp_path, closed).endswith(
            "to an address that is not asked"
        )
    assert asked == []


def test_the_connection_goes_to_the_address_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        hosts.append(handler.headers["host"])
        reply(handler, body=FILM)

    with answering(answer) as url:
        port = int(url.rpartition(":")[2])
        real, asked = addresses.socket.getaddrinfo, []

        def resolver(host: str, *args: object, **kwargs: object) -> list[object]:
            if host == "films.example":
                asked.append(host)
                return [(2, 1, 6, "", ("127.0.0.1", port))]
            return real(host, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(addresses.socket, "getaddrinfo", resolver)
        fetch(UrlSource(f"http://films.example:{port}/a", "a"), tmp_path / "a", CancelToken(), FREE)
    assert asked == ["films.example"]
    assert hosts == [f"films.example:{port}"]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "file:///etc/passwd",
        "//[::1]/x",
        "ftp://a.example/",
    ],
)
def test_a_redirect_is_looked_at_like_the_first_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    paths: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        paths.append(handler.path)
        reply(handler, 302, location=target.format(port=handler.server.server_address[1]))

    with answering(answer) as url:
        port = int(url.rpartition(":")[2])
        # The first host alone counts as public; what it leads to is looked at for what it is.
        first = "http://films.example"

        def resolved(host: str, port: int, *, private: bool) -> tuple[str, ...]:
            if host == "films.example":
                return ("127.0.0.1",)
            raise addresses.ForbiddenAddressError(host)

        monkeypatch.setattr(addresses, "resolved", resolved)
        message = said(f"{first}:{port}/begin", tmp_path, FetchLimits(1000, 10.0))
    assert "cannot be fetched" in message
    assert paths == ["/begin"]


@pytest.mark.parametrize(
    ("status", "headers", "size"),
    [
        (206, {"content_range": "bytes 0-0/768", "content_length": "0"}, 768),
        (416, {"content_range": "bytes */0"}, 0),
        (200, {"content_length": "768"}, 768),
        (206, {"content_range": "bytes 0-0/*"}, None),
        (206, {"content_range": "bytes 0-0/" + "9" * 5000}, None),
    ],
)
def test_a_server_says_how_large_its_file_is(status: int, headers: dict[str, str], size: int | None) -> None:
    asked: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["range"])
        reply(handler, status, **headers)

    with answering(answer) as url:
        assert size_of(UrlSource(f"{url}/a", "a"), CancelToken(), FREE) == size
    assert asked == ["bytes=0-0"]


def test_what_cannot_be_fetched_has_no_size() -> None:
    def said_of(url: str, limits: FetchLimits = FREE) -> str:
        with pytest.raises(SourceError) as caught:
            size_of(UrlSource(url, "a"), CancelToken(), limits)
        return caught.value.message.partition(" cannot be fetched: ")[2]

    with answering(lambda h: reply(h, 404)) as url:
        assert said_of(url) == "the server answers 404"
    assert said_of(url) == "the server cannot be reached"
    with answering(lambda h: reply(h, content_length="1001")) as url:
        assert said_of(url) == "it has more than 1000 bytes"
        with answering(lambda h: reply(h, 302, location="/again")) as loop:
            assert said_of(loop) == "more than 5 redirects"
    with pytest.raises(Refusal):
        size_of(UrlSource(url, "a"), CancelToken(), FetchLimits(1000, 10.0))


def test_redirects_end(tmp_path: Path) -> None:
    with answering(lambda h: reply(h, 302, location="/again")) as url:
        assert said(url, tmp_path).endswith("more than 5 redirects")


def test_a_password_goes_to_its_host_only_and_into_no_message(tmp_path: Path) -> None:
    shown: list[str | None] = []

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        shown.append(handler.headers["authorization"])
        reply(handler, 500)

    with answering(elsewhere) as other:

        def first(handler: BaseHTTPRequestHandler) -> None:
            shown.append(handler.headers["authorization"])
            reply(handler, 302, location=other.replace("127.0.0.1", "localhost") + "/b")

        with answering(first) as url:
            message = said(f"{url}/a?Signature=sig", tmp_path, username="me", password="secret-word")
    assert shown == ["Basic " + base64.b64encode(b"me:secret-word").decode(), None]
    assert message == f"{url}/a cannot be fetched: the server answers 500"


@pytest.mark.parametrize(("declared", "body"), [("1001", b""), ("", b"x" * 1001)])
def test_a_file_that_is_too_large_is_not_taken(tmp_path: Path, declared: str, body: bytes) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if declared:
            handler.send_header("content-length", declared)
        handler.end_headers()
        handler.wfile.write(body)

    with answering(answer) as url:
        assert said(url, tmp_path).endswith("it has more than 1000 bytes")


def test_a_coded_answer_does_not_unfold(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        assert handler.headers["accept-encoding"] == "identity"
        reply(handler, body=FILM, content_encoding="gzip")

    with answering(answer) as url:
        fetch(UrlSource(url, "a"), tmp_path / "a", CancelToken(), FREE)
    assert (tmp_path / "a").read_bytes() == FILM


def test_a_connection_that_breaks_off_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_PAUSE_SECONDS", 0.0)
    ranges: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ranges.append(handler.headers["range"])
        if len(ranges) == 1:
            reply(handler, body=FILM[:300], content_length=str(len(FILM)), etag='"one"')
        else:
            assert handler.headers["if-range"] == '"one"'
            reply(
                handler, 206, FILM[300:], content_range=f"bytes 300-{len(FILM) - 1}/{len(FILM)}", etag='"one"'
            )

    with answering(answer) as url:
        fetch(UrlSource(url, "a"), tmp_path / "a", CancelToken(), FREE)
    assert ranges == [None, "bytes=300-"]
    assert (tmp_path / "a").read_bytes() == FILM


def test_another_file_meanwhile_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_PAUSE_SECONDS", 0.0)
    count: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        count.append(1)
        if len(count) == 1:
            reply(handler, body=FILM[:600], content_length=str(len(FILM)), etag='"one"')
        else:
            reply(handler, body=b"other", etag='"two"')

    with answering(answer) as url:
        fetch(UrlSource(url, "a"), tmp_path / "a", CancelToken(), FREE)
    assert (tmp_path / "a").read_bytes() == b"other"


def test_what_cannot_be_gone_on_with_is_not_guessed(tmp_path: Path) -> None:
    with answering(lambda h: reply(h, body=FILM[:300], content_length="768")) as url:
        assert said(url, tmp_path).endswith("the connection broke off")


def slowly(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "900")
    handler.end_headers()
    for _ in range(200):
        try:
            handler.wfile.write(b"xxx")
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.02)


def test_it_may_not_take_for_ever(tmp_path: Path) -> None:
    with answering(slowly) as url:
        assert said(url, tmp_path, FetchLimits(1000, 0.2, private=True)).endswith("it took longer than 0.2 s")


def test_a_job_that_is_cancelled_stops_fetching(tmp_path: Path) -> None:
    token = CancelToken()
    threading.Timer(0.2, token.cancel).start()
    with answering(slowly) as url, pytest.raises(Cancelled):
        fetch(UrlSource(url, "a"), tmp_path / "a", token, FREE)
    assert list(tmp_path.iterdir()) == []


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Headers that do not end, each byte of them in time."""
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        for _ in range(1500):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)


def test_headers_that_drip_may_not_take_for_ever(tmp_path: Path) -> None:
    begun = time.monotonic()
    with answering(dripping) as url:
        assert said(url, tmp_path, FetchLimits(1000, 0.2, private=True)).endswith("it took longer than 0.2 s")
        assert time.monotonic() - begun < 15


def test_a_cancelled_job_does_not_wait_for_headers(tmp_path: Path) -> None:
    token, begun = CancelToken(), time.monotonic()
    threading.Timer(0.2, token.cancel).start()
    with answering(dripping) as url, pytest.raises(Cancelled):
        fetch(UrlSource(url, "a"), tmp_path / "a", token, FREE)
    assert time.monotonic() - begun < 15


def test_what_was_cut_off_at_its_time_is_not_the_whole(tmp_path: Path) -> None:
    """Without a length an answer ends with its connection, whoever ends that."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"half")
        gone.wait(5)

    gone = threading.Event()
    with answering(answer) as url:
        message = said(url, tmp_path, FetchLimits(1000, 0.3, private=True))
        gone.set()
    assert message.endswith("it took longer than 0.3 s")


def test_what_a_redirect_says_is_not_read(tmp_path: Path) -> None:
    sent: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/film":
            reply(handler, body=FILM)
            return
        handler.send_response(302)
        handler.send_header("location", "/film")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(400):
                handler.wfile.write(b"x" * 1_000_000)
                sent.append(1_000_000)

    with answering(answer) as url:
        fetch(UrlSource(url, "a"), tmp_path / "a", CancelToken(), FREE)
    assert (tmp_path / "a").read_bytes() == FILM
    assert sum(sent) < 20_000_000  # what the buffers of two sockets hold


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_PAUSE_SECONDS", 0.0)
    with answering(lambda h: None) as url:
        pass
    assert said(url, tmp_path).endswith("the server cannot be reached")


def test_urls_are_shown_without_their_secrets() -> None:
    assert (
        shown_url("https://me:p@films.example:8443/a?X-Amz-Signature=1#t") == "https://films.example:8443/a"
    )
    assert shown_url("http://[broken") == "a URL"


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 0.1)
    monkeypatch.setattr(addresses, "_LOOKING", threading.BoundedSemaphore(1))
    monkeypatch.setattr(
        addresses.socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("192.0.2.1", 80))] * answer.wait(30)
    )
    for why in ("not found in time", "too many names"):
        begun = time.monotonic()
        with pytest.raises(OSError, match=why):
            addresses.resolved("films.example", 80, private=True)
        assert time.monotonic() - begun < 5
    answer.set()
    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 10.0)
    assert addresses.resolved("films.example", 80, private=True) == ("192.0.2.1",)


def test_what_the_resolver_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise addresses.socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", unknown)
    with pytest.raises(OSError, match="not known"):
        addresses.resolved("films.example", 80, private=True)
