"""What stands beside the picture: covers, chapters, timecode, data, further pictures and programs."""

from __future__ import annotations

import itertools
import json
from functools import partial
from typing import TYPE_CHECKING

import test_subtitles as subtitles
from helpers_media import X264, hiss, picture
from PIL import Image

from trait_cases.checks import every, says, shows_the_source, sized, sounds
from trait_cases.core import Case, Check, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

TRAIT = "cover pictures, chapters, timecode, data, several video tracks"


def cover(clips: Clips) -> Path:
    """Larger than the film, and first in the file."""
    Image.new("RGB", (640, 640), "red").save(clips.folder / "cover.png")
    mapped = ("-map", "0", "-map", "1", "-map", "2", "-c:v:0", "png", "-disposition:v:0", "attached_pic")
    coding = ("-c:v:1", *X264[1:], "-c:a", "aac")
    return clips.make("cover.mp4", "-i", "cover.png", *picture("320x180", 2), *hiss(2), *mapped, *coding)


def cover_mkv(clips: Clips) -> Path:
    Image.new("RGB", (640, 640), "red").save(clips.folder / "cover.jpg")
    attached = ("-attach", "cover.jpg", "-metadata:s:t", "mimetype=image/jpeg")
    return clips.make("cover.mkv", *picture("320x180", 2), *hiss(2), *X264, "-c:a", "aac", *attached)


def timecode(clips: Clips) -> Path:
    options = (*X264, "-c:a", "aac", "-timecode", "10:00:00:00")
    return clips.make("timecode.mov", *picture("128x72", 2), *hiss(2), *options)


def private(clips: Clips) -> Path:
    (clips.folder / "private.bin").write_bytes(b"\x01secret data\n" * 20)
    data = ("-f", "data", "-i", "private.bin", "-map", "0", "-map", "1", *X264, "-c:d", "copy")
    return clips.make("private.ts", *picture("128x72", 2), *data)


def font(clips: Clips) -> Path:
    (clips.folder / "font.ttf").write_bytes(b"\x00\x01\x00\x00" + bytes(200))
    attached = ("-attach", "font.ttf", "-metadata:s:t", "mimetype=application/x-truetype-font")
    return clips.make("font.mkv", *picture("128x72", 2), *hiss(2), *X264, *attached)


def two_pictures(clips: Clips, name: str, second: str, default: int) -> Path:
    """A picture of 128x72, and one of another size and content behind it."""
    other = f"testsrc=size={second}:rate=25:duration=2"
    flags = [p for n in (0, 1) for p in (f"-disposition:v:{n}", "default" if n == default else "0")]
    mapped = ("-map", "0", "-map", "1", *X264, *flags)
    return clips.make(f"{name}.mkv", *picture("128x72", 2), "-f", "lavfi", "-i", other, *mapped)


def programs(clips: Clips) -> Path:
    return clips.make(
        "two-programs.ts",
        *(*picture("64x36", 2), "-f", "lavfi", "-i", "sine=440:d=2"),
        *(*picture("128x72", 2), "-f", "lavfi", "-i", "sine=1500:d=2"),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-c:v", "mpeg2video", "-c:a", "mp2"),
        *("-program", "program_num=1:st=0:st=1", "-program", "program_num=2:st=2:st=3"),
    )


def pitch(job: Job) -> Finding:
    """How often the wave rises through zero in the second from 0.5 s on."""
    heard = job.package.sound("und-stereo")
    part = heard.samples[heard.rate // 2 : heard.rate // 2 * 3]
    found = sum(a < 0 <= b for a, b in itertools.pairwise(part))
    return Finding(f"a tone of {found} Hz", "1500 Hz", abs(found - 1500) <= 2)


def chapters(*wanted: tuple[float, float, str | None]) -> Check:
    def check(job: Job) -> Finding:
        made = json.loads((job.package.folder / "info/chapters.json").read_bytes())["chapters"]
        found = [(c["startSeconds"], c["endSeconds"], c["title"]) for c in made]
        cues = (job.package.folder / "text/chapters.vtt").read_text("utf-8").count(" --> ")
        passed = found == list(wanted) and cues == len(wanted)
        return Finding(f"{found}, {cues} cues in the track", f"{list(wanted)}, as many cues", passed)

    return check


def _two_case(words: str, name: str, second: str, default: int) -> Case:
    """The second picture is the one that must be taken."""
    width, height = map(int, second.split("x"))
    shown = shows_the_source(stream="v:1", matrix="bt601")
    checks = (sized(width, height), shown, says("Stream Left Out: stream 0 (h264)"))
    return Case(TRAIT, words, partial(two_pictures, name=name, second=second, default=default), checks)


TITLE = "Opening & <i>titles</i>"
CASES = (
    Case(
        *(TRAIT, "cover picture before the film, mp4", cover),
        checks=(sized(320, 180), every(50, 25), sounds(und_stereo=2), says("Stream Left Out: stream")),
    ),
    Case(
        *(TRAIT, "cover picture, mkv", cover_mkv),
        checks=(sized(320, 180), every(50, 25), says("Stream Left Out: stream")),
    ),
    Case(
        TRAIT, "chapters, mkv", subtitles.three_languages, (chapters((0.0, 4.0, TITLE), (4.0, 13.0, None)),)
    ),
    Case(TRAIT, "chapters, mp4", subtitles.mov_text, (chapters((0.0, 5.0, TITLE), (5.0, 6.0, None)),)),
    Case(
        *(TRAIT, "timecode track, mov", timecode),
        checks=(every(50, 25), says("Stream Left Out: stream 2 (tmcd): a timecode")),
    ),
    Case(
        *(TRAIT, "private data, ts", private),
        checks=(every(50, 25), says("Stream Left Out: stream 1 (bin_data): private data")),
    ),
    Case(
        *(TRAIT, "attached font, mkv", font),
        checks=(every(50, 25), says("Stream Left Out: stream 2 (ttf): a font")),
    ),
    _two_case("two video tracks, the first is the default: the larger", "larger", "320x180", 0),
    _two_case("two video tracks of one size: the default", "same", "128x72", 1),
    Case(
        *(TRAIT, "two programs in a ts: the sound of the picture's own", programs),
        checks=(sized(128, 72), sounds(und_stereo=2), pitch, says("Stream Left Out: stream 1 (mp2)")),
    ),
)
