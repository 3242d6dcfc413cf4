"""Captions in the picture (CEA-608) become a text rendition, and are in no rendition's pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8
import pytest
from captioned import caption, captioned
from helpers_media import X264, picture

from ingest.media.cancel import CancelToken
from ingest.packaging.verify import verify
from ingest.pipeline.look import look
from ingest.pipeline.request import Request
from ingest.settings import load

if TYPE_CHECKING:
    from helpers_media import Clips
    from main_job import Ingest

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media


@pytest.mark.parametrize("name", ["captions.ts", "captions.mp4"])
def test_captions_in_the_picture(clips: Clips, ingested: Ingest, name: str) -> None:
    pairs = caption("Hello there", 30, 90) | caption("Second <one>", 150, 180)
    source = captioned(clips, name, 8, pairs)
    package = ingested(source, "sd")
    # Picture n is shown at n * 1001 / 30000 s.
    assert (package.folder / "text/und/whole.vtt").read_text("utf-8") == (
        "WEBVTT\n\n00:00:01.001 --> 00:00:03.003 line:84% position:10% align:left\nHello there\n"
        "\n00:00:05.005 --> 00:00:06.006 line:84% position:10% align:left\nSecond &lt;one&gt;\n"
    )
    assert b"GA94" in source.read_bytes()
    assert not any(b"GA94" in p.read_bytes() for p in package.folder.rglob("*.m4s"))
    master = m3u8.load(str(package.folder / "ABR.m3u8"))
    assert {p.stream_info.closed_captions for p in master.playlists} == {"NONE"}
    (media,) = master.media
    assert (media.type, media.uri, media.language) == ("SUBTITLES", "text/und/index.m3u8", "und")
    assert [f for f in verify(package.folder).findings if f.rule != "Apple 9.9"] == []


def test_padding_alone_is_no_text(clips: Clips, ingested: Ingest) -> None:
    package = ingested(captioned(clips, "padding.mp4", 2, {}), "sd")
    said = package.record["messages"]
    assert "Subtitles Empty: the captions in the picture (eia_608, und)" in said
    assert not (package.folder / "text").exists()


@pytest.mark.parametrize("name", ["b-frames.ts", "b-frames.mpg", "b-frames.mp4"])
def test_pictures_shown_in_another_order_are_looked_at_too(clips: Clips, name: str) -> None:
    """In transport and program streams a key picture is found by the time at which it is decoded."""
    codec = ("-c:v", "mpeg2video", "-b:v", "2M") if name.endswith("mpg") else X264
    source = clips.make(name, *picture("128x72", 6), *codec, "-bf", "2", "-g", "25")
    request = Request(source, ("sd",), clips.folder / "none")
    scan = look(request, load(), CancelToken(), every_resolution=False).found["video"]["scan"]
    assert 20 <= scan["sampled"] <= 60
