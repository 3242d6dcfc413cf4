"""Chunks of a film are cut exactly: together they hold the very pictures of one run, at the same times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chunking import film
from helpers_media import picture

if TYPE_CHECKING:
    from pathlib import Path

    from chunking import Film
    from helpers_media import Clips

pytestmark = pytest.mark.media

SIZE = "96x64"
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "3")
OPEN = "keyint=40:min-keyint=40:scenecut=0:open-gop=1:bframes=3"
STEADY = picture(SIZE, 13)
NTSC = ("-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate=30000/1001:duration=13")
TELEPHONE = ("-vf", "setpts='PTS+floor(mod(N,7)/2)*0.011/TB'", "-fps_mode", "passthrough")
UNEVEN = ("-vf", "setpts='PTS+mod(N,3)*0.003/TB'", "-fps_mode", "passthrough")
JUMPY = ("-vf", "select='not(mod(floor(n/40),3))+not(mod(n,9))'", "-fps_mode", "passthrough")

SOURCES: dict[str, tuple[str, ...]] = {
    "25.mp4": (*STEADY, *H264, "-g", "50"),
    "29.97.mp4": (*NTSC, *H264, "-g", "45"),
    "29.97.ts": (*NTSC, *H264, "-g", "45"),
    "23.976.mkv": (*picture(SIZE, 13, 24), "-r", "24000/1001", *H264, "-g", "30"),
    "late.ts": (*STEADY, *H264, "-g", "30", "-output_ts_offset", "4000.3"),
    "telephone.mp4": (
        *picture(SIZE, 13, 30),
        *TELEPHONE,
        *H264,
        "-g",
        "40",
        "-video_track_timescale",
        "90000",
    ),
    "telephone.mkv": (*picture(SIZE, 13, 30), *TELEPHONE, *H264, "-g", "40"),
    "screen.mkv": (*picture(SIZE, 14, 30), *JUMPY, *H264, "-g", "20"),
    "open.mp4": (*STEADY, *H264, "-x264-params", OPEN),
    "open.ts": (*STEADY, *H264, "-x264-params", OPEN),
    "open-hevc.mp4": (
        *STEADY,
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        f"log-level=error:{OPEN}",
    ),
    "mpeg2.ts": (*STEADY, "-c:v", "mpeg2video", "-q:v", "4", "-g", "15", "-bf", "2"),
    "fields.ts": (
        *picture("96x64", 13, 50),
        "-vf",
        "tinterlace=interleave_top",
        *H264,
        "-flags",
        "+ildct+ilme",
        "-g",
        "25",
    ),
    "fast.mp4": (*picture(SIZE, 13, 120), *H264, "-g", "120"),
    "too-fast-uneven.mkv": (*picture(SIZE, 13, 110), *UNEVEN, *H264, "-g", "110"),
    "far.mp4": (*STEADY, *H264, "-g", "110"),
    "av1.webm": (*STEADY, "-c:v", "libsvtav1", "-preset", "12", "-g", "40"),
    "all-keys.mov": (*STEADY, "-c:v", "prores_ks", "-profile:v", "0"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_exact_joins(name: str, clips: Clips, tmp_path: Path) -> None:
    check(clips.make(name, *SOURCES[name]), tmp_path)


def test_an_edit_list_hides_what_comes_before(clips: Clips, tmp_path: Path) -> None:
    whole = clips.make("25.mp4", *SOURCES["25.mp4"])
    check(clips.make("cut.mp4", "-ss", "1.3", "-i", str(whole), "-c", "copy"), tmp_path)


# Uneven groups, so that segments begin at 0, 3.08, 6.08, 9.12 and 12.2 s.
KEYS = "0,0.6,1.24,1.8,2.4,2.76,3.08,3.7,4.3,5,5.6,5.8,6.08,6.6,7.2,7.9,8.5,8.8,9.12,9.7,10.3,11,11.6,11.9,12.2,12.7"
BT709 = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
FORCED = ("-g", "999", "-sc_threshold", "0", "-forced-idr", "1", "-force_key_frames", KEYS)


@pytest.mark.parametrize("name", ["copied.mp4", "copied.ts", "copied.mkv"])
def test_exact_joins_beside_a_copied_rendition(name: str, clips: Clips, tmp_path: Path) -> None:
    made = check(clips.make(name, *STEADY, *H264, *BT709, *FORCED), tmp_path, copied=True)
    starts = made.plan.video.grid.starts
    assert len(starts) > 3
    assert {c.first for c in made.plan.chunks} <= set(starts)
    assert any(c.first % 25 for c in made.plan.chunks)


def check(source: Path, tmp_path: Path, *, copied: bool = False) -> Film:
    made = film(source, tmp_path, copied=copied)
    assert (made.plan.copies is not None) is copied
    assert len(made.plan.chunks) >= 2, made.why
    whole = made.pictures(tmp_path / "whole")
    pieces = made.pieces(tmp_path)
    assert [p for piece in pieces for p in piece] == whole
    assert [c.frames for c in made.plan.chunks if c.frames is not None] == [
        len(p) for p, c in zip(pieces, made.plan.chunks, strict=True) if c.frames is not None
    ]
    for earlier, later in made.around_joins(tmp_path):
        assert earlier
        assert earlier == later
    return made


WHOLE: dict[str, tuple[tuple[str, ...], str]] = {
    "no-keys.mp4": ((*STEADY, *H264, "-g", "1000"), "its key pictures are up to 13.0 s apart"),
    "untimed.mpg": (
        (*STEADY, "-c:v", "mpeg2video", "-q:v", "4", "-bf", "2"),
        "the source does not say when its pictures are shown",
    ),
    "slides.mkv": (
        (*picture(SIZE, 13, 25), "-vf", "select='not(mod(n,160))'", "-fps_mode", "passthrough", *H264),
        "its pictures are up to 6.4 s apart",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_left_whole(name: str, clips: Clips, tmp_path: Path) -> None:
    arguments, why = WHOLE[name]
    made = film(clips.make(name, *arguments), tmp_path)
    assert (made.plan.chunks, made.why) == ((), why)


def test_gradual_refresh_shows_at_the_join(clips: Clips, tmp_path: Path) -> None:
    """Key pictures that are refreshed bit by bit: where that is not done when a chunk starts, its neighbours see it."""
    refresh = "intra-refresh=1:keyint=40:bframes=0"
    source = clips.make("refresh.ts", *STEADY, *H264, "-x264-params", refresh)
    made = film(source, tmp_path)
    whole, pieces = made.pictures(tmp_path / "whole"), made.pieces(tmp_path)
    alike = [a == b for a, b in made.around_joins(tmp_path)]
    assert not all(alike) or [p for piece in pieces for p in piece] == whole
    assert not all(alike[:1]) or pieces[0] + pieces[1] == whole[: len(pieces[0] + pieces[1])]
