"""Media URLs of Bytescale, taken apart and put together."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.server.dialects.bytescale.transformation import (
    Asked,
    Controls,
    encode_pairs,
    encode_path,
    media_url,
    parse,
    with_extended,
)
from ingest.server.refusals import Refusal

HLS = Asked(
    "video",
    "/example.mp4",
    ((("f", "hls-h264"), ("h", "480"), ("h", "1080")),),
    artifact="/video.m3u8",
)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("raw/a%20b/c%21.mp4", "", Asked("raw", "/a b/c!.mp4")),
        ("raw/a%20b/c%21.mp4", "cache=false", Asked("raw", "/a b/c!.mp4", controls=Controls(cache=False))),
        ("video/example.mp4", "f=hls-h264&h=480&h=1080&artifact=/video.m3u8", HLS),
        ("video/example.mp4", "f=hls-h264&h=480&h=1080&a=%2Fvideo.m3u8", HLS),
        (
            "video/example.mp4!f=hls-h264&h=480&h=1080&artifact=/video.m3u8",
            "",
            Asked("video", "/example.mp4", HLS.groups, artifact="/video.m3u8", banged=True),
        ),
        # A player resolved `video/h480/index.m3u8` against the master's URL.
        (
            "video/example.mp4!f=hls-h264&h=480&h=1080&artifact=/video/h480/index.m3u8",
            "",
            Asked("video", "/example.mp4", HLS.groups, artifact="/video/h480/index.m3u8", banged=True),
        ),
        # The default artifact is the transformation itself.
        ("video/e.mp4", "f=hls-h264&artifact=/", Asked("video", "/e.mp4", ((("f", "hls-h264"),),))),
        (
            "video/e.mp4!cache_only=true&exp=1700000000&token=t",
            "v=2&cache-ttl=60",
            Asked(
                "video",
                "/e.mp4",
                version="2",
                controls=Controls(cache_only=True, cache_ttl=60, expires=1_700_000_000_000, token="t"),
                banged=True,
            ),
        ),
        ("video/e.mp4", "exp=1700000000123&exp=inf", Asked("video", "/e.mp4")),
        (
            "image/e.mp4",
            "input=video&f=webp",
            Asked("image", "/e.mp4", ((("input", "video"), ("f", "webp")),)),
        ),
    ],
)
def test_a_url_is_taken_apart(path: str, query: str, expected: Asked) -> None:
    assert parse(path, query) == expected


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("video", "", "file_path_missing"),
        ("video/", "h=480", "file_path_missing"),
        ("video/!h=480", "", "file_path_missing"),
        ("video/%ff.mp4", "", "invalid_url"),
        ("video/e.mp4", "artifact=/video.m3u8&h=480", "artifact_not_last"),
        ("video/e.mp4", "artifact=video.m3u8", "invalid_parameter"),
        ("video/e.mp4", "artifact=/../job.json", "invalid_parameter"),
        ("video/e.mp4", "artifact=/a/%2e%2e/b", "invalid_parameter"),
        ("video/e.mp4", "cache=perhaps", "invalid_parameter"),
        ("video/e.mp4", "cache-ttl=-1", "invalid_parameter"),
        ("video/e.mp4", "cache-perm=maybe", "invalid_parameter"),
        ("video/e.mp4", "&".join(["h=480"] * 201), "too_many_parameters"),
    ],
)
def test_a_url_that_cannot_be_understood_is_refused(path: str, query: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(path, query)
    assert (caught.value.kind, caught.value.code) == ("invalid", code)


def test_parameters_of_a_body_keep_their_groups() -> None:
    asked = parse("video/e.mp4", "f=hls-h264")
    extended = [{"w": 640, "h": 480}, {"h": 1080.0, "mute": True, "q": None}, {"ts": 1.5, "version": "7"}]
    assert with_extended(asked, extended) == Asked(
        "video",
        "/e.mp4",
        (
            (("f", "hls-h264"),),
            (("w", "640"), ("h", "480")),
            (("h", "1080"), ("mute", "true")),
            (("ts", "1.5"),),
        ),
        version="7",
    )
    assert with_extended(asked, None) == asked
    assert with_extended(asked, {}) == asked


@pytest.mark.parametrize("extended", ["h=480", [["h", 480]], {"h": [480]}, {"h": {}}, {"h": float("inf")}])
def test_a_body_of_another_form_is_refused(extended: object) -> None:
    with pytest.raises(Refusal) as caught:
        with_extended(parse("video/e.mp4", ""), extended)
    assert caught.value.code == "invalid_parameter"


def test_the_published_artifact_url_is_written_as_published() -> None:
    asked = parse("video/example.mp4", "f=mp4-h264")
    assert media_url("https://upcdn.io", "W142hJk", asked, "/video.mp4") == (
        "https://upcdn.io/W142hJk/video/example.mp4!f=mp4-h264&a=/video.mp4"
    )


def test_what_is_delivered_otherwise_is_the_same_transformation() -> None:
    plain = parse("video/e.mp4", "f=hls-h264&h=480")
    same = parse("video/e.mp4!f=hls-h264&h=480&token=x&cache=false&artifact=/video.m3u8", "")
    assert plain.key("e1") == same.key("e1")
    others = [
        parse("video/e.mp4", "f=hls-h264&h=481").key("e1"),
        parse("video/e.mp4", "h=480&f=hls-h264").key("e1"),
        parse("video/e.mp4", "f=hls-h264&h=480&version=2").key("e1"),
        parse("video/f.mp4", "f=hls-h264&h=480").key("e1"),
        plain.key("e2"),
        plain.key("e1"),
    ]
    assert len(set(others)) == len(others)


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(parse("video/e.mp4", "token=secret"))


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
_OWN = _TEXT.filter(
    lambda key: key.replace("_", "-") not in {"a", "artifact", "v", "version", "cache", "exp"}
)


@given(
    name=_TEXT.filter(lambda t: "/" not in t),
    parts=st.lists(_TEXT, min_size=1, max_size=3),
    pairs=st.lists(st.tuples(_OWN, _TEXT), max_size=5),
    artifact=st.lists(_TEXT.filter(lambda t: t not in {".", ".."} and "/" not in t), min_size=1, max_size=3),
)
def test_what_is_written_is_read_again(
    name: str, parts: list[str], pairs: list[tuple[str, str]], artifact: list[str]
) -> None:
    own = tuple((f"x{key}", value) for key, value in pairs)
    asked = Asked(name, "/" + "/".join(parts), (own,) if own else (), artifact="/" + "/".join(artifact))
    url = media_url("", "A623uY2", asked, asked.artifact or "")
    read = parse(url.removeprefix("/A623uY2/"), "")
    assert (read.name, read.path, read.groups, read.artifact) == (
        name,
        asked.path,
        asked.groups,
        asked.artifact,
    )
    # As encodeURIComponent writes it, but for slashes.
    assert encode_path(asked.path) == quote(asked.path, safe="/*'()~")
    assert "/" not in encode_pairs(own)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_whatever_is_asked_is_answered(path: bytes, query: bytes) -> None:
    try:
        asked = parse(path.decode("latin-1"), query.decode("latin-1"))
    except Refusal as refusal:
        assert refusal.kind == "invalid"
    else:
        assert asked.path.startswith("/")
        assert asked.artifact is None or asked.artifact.startswith("/")
