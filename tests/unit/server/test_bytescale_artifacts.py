"""A package's files as artifacts, and where the URLs in its playlists lead."""

from __future__ import annotations

from urllib.parse import urljoin

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.server.dialects.bytescale.artifacts import artifact_of, artifacts, file_of, rewritten
from ingest.server.dialects.bytescale.transformation import Asked, encode_path, media_url, parse

FILES = (
    "ABR.m3u8",
    "audio/en-stereo/index.m3u8",
    "audio/en-stereo/seg-00001.m4s",
    "job.json",
    "mp4/h180.mp4",
    "mp4/h360.mp4",
    "poster.jpg",
    "video/h180/index.m3u8",
    "video/h180/init.mp4",
    "video/h180/seg-00001.m4s",
)
MASTER = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",URI="audio/en-stereo/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS="avc1.64001e",AUDIO="a"
video/h180/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100,URI="video/h180/iframes.m3u8"
"""
MEDIA = """#EXTM3U
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6,
seg-00001.m4s
#EXTINF:6,
https://elsewhere.example/seg-2.m4s
#EXTINF:6,
../h360/seg-00001.m4s
#EXT-X-ENDLIST
"""
ASKED = parse("video/my%20clip!.mp4".replace("!", "%21"), "f=hls-h264&h=180&h=360")


@pytest.mark.parametrize(
    ("artifact", "file"),
    [
        ("/video.m3u8", "ABR.m3u8"),
        ("/video.mp4", "mp4/h360.mp4"),
        ("/poster.jpg", "poster.jpg"),
        ("/video/h180/seg-00001.m4s", "video/h180/seg-00001.m4s"),
        ("/job.json", None),
        ("/video/h180", None),
        ("/nothing", None),
        ("/", None),
    ],
)
def test_the_file_of_an_artifact(artifact: str, file: str | None) -> None:
    assert file_of(artifact, FILES) == file


def test_a_package_without_single_files_has_none() -> None:
    assert file_of("/video.mp4", ["ABR.m3u8"]) is None
    assert file_of("/video.m3u8", ["poster.jpg"]) is None


def test_every_artifact_leads_back_to_its_file() -> None:
    named = artifacts(FILES)
    assert sorted(named.values()) == sorted(f for f in FILES if f != "job.json")
    assert {a: file_of(a, FILES) for a in named} == named
    assert named["/video.m3u8"] == "ABR.m3u8"


def url_of(artifact: str) -> str:
    return media_url("", "A623uY2", ASKED, artifact)


def test_where_the_url_has_a_question_mark_a_playlist_names_whole_urls() -> None:
    lines = rewritten(MEDIA, "/video/h180/index.m3u8", url_of).splitlines()
    begin = "/A623uY2/video/my%20clip%21.mp4!f=hls-h264&h=180&h=360&a="
    assert lines == [
        "#EXTM3U",
        f'#EXT-X-MAP:URI="{begin}/video/h180/init.mp4"',
        "#EXTINF:6,",
        f"{begin}/video/h180/seg-00001.m4s",
        "#EXTINF:6,",
        "https://elsewhere.example/seg-2.m4s",
        "#EXTINF:6,",
        f"{begin}/video/h360/seg-00001.m4s",
        "#EXT-X-ENDLIST",
    ]


def test_a_rewritten_master_leads_to_the_same_children_as_one_at_its_bang_url() -> None:
    def children(text: str, base: str) -> list[str]:
        parsed = m3u8.loads(text)
        uris = [p.uri for p in parsed.playlists] + [m.uri for m in parsed.media]
        return [urljoin(base, uri) for uri in [*uris, *(p.uri for p in parsed.iframe_playlists)]]

    base = "https://cdn.example" + url_of("/video.m3u8")
    asked = base.replace("!", "?").replace("my%20clip?", "my%20clip%21")
    assert children(rewritten(MASTER, "/video.m3u8", url_of), asked) == children(MASTER, base)
    assert children(MASTER, base)[0] == (
        "https://cdn.example/A623uY2/video/my%20clip%21.mp4!f=hls-h264&h=180&h=360&a=/video/h180/index.m3u8"
    )


_NAME = st.text(st.sampled_from("abz0-_."), min_size=1, max_size=6).filter(lambda t: t.strip("."))


@given(st.lists(_NAME, min_size=1, max_size=3), st.lists(_NAME, min_size=1, max_size=3))
def test_relative_urls_are_those_of_their_artifacts(playlist: list[str], child: list[str]) -> None:
    """What a player makes of a child's URL at the `!` URL is what is written where there is `?`."""
    own, uri = "/" + "/".join(playlist), "/".join(child)
    base = "https://cdn.example" + media_url("", "A623uY2", Asked("video", "/e.mp4"), own)
    written = rewritten(f"{uri}\n", own, lambda a: media_url("", "A623uY2", Asked("video", "/e.mp4"), a))
    joined = urljoin(base, encode_path(uri))
    if artifact_of(uri) == "/video.m3u8":
        return
    assert urljoin(base, written.strip()) == joined
    assert parse(joined.removeprefix("https://cdn.example/A623uY2/"), "").artifact == (
        own.rpartition("/")[0] + "/" + uri
    )
