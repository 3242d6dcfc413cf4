"""Interlaced sources of every kind: motion keeps its motion, film becomes film, whole pictures stay whole."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import flash_and_beep
import made_fields
import pytest
from made_transport import VIDEO_PID, Writer, pes
from main_job import SAMPLES
from measuring import Picture, ffmpeg, flashes, likeness, packet_times, pictures, probe, run

from ingest.job import codes

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

PAL, NTSC, FILM = Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001)
SIZE = (88, 72)
LOSSLESS = ("-c:v", "ffv1", "-an")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-flags", "+ildct+ilme")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "10")


def motion(clips: Clips) -> str:
    """Eighty-one pictures of a camera that moves fast, lossless."""
    faster = "select=not(mod(n\\,2)),setpts=N/25/TB,scale=360:288"
    name = (
        "motion.mkv",
        "-i",
        str(SAMPLES / "park.mp4"),
        "-an",
        "-vf",
        faster,
        "-r",
        "25",
        "-frames:v",
        "81",
    )
    return str(clips.make(*name, *LOSSLESS))


def moving(rate: Fraction, size: str) -> str:
    """Filters: the moving camera with another clock, so that each picture is one field's moment."""
    return f"scale={size.replace('x', ':')},setsar=1,settb=1/{rate.numerator},setpts=N*{rate.denominator},fps={rate}"


def whole(clips: Clips, rate: Fraction, size: str, count: int = 81) -> tuple[Picture, ...]:
    """What was filmed, picture by picture, before any field was made of it."""
    name = f"whole-{rate.numerator}-{size}.mkv"
    made = clips.make(name, "-i", motion(clips), "-vf", moving(rate, size), *LOSSLESS)
    return pictures(made, size=SIZE)[:count]


def fields(clips: Clips, name: str, size: str, rate: Fraction, *coding: str, top: bool = True) -> Path:
    """Video in which each picture holds two moments; `rate` in pictures a second."""
    order = "top" if top else "bottom"
    weave = f"{moving(2 * rate, size)},tinterlace=interleave_{order},setfield={order[0]}ff"
    return clips.make(name, "-i", motion(clips), "-vf", weave, "-an", "-frames:v", "40", *coding)


def x264(top: bool) -> tuple[str, ...]:
    return (*H264, "-x264-params", "tff=1" if top else "bff=1")


# name: size, pictures a second, top field first, coding.
KINDS: dict[str, tuple[str, Fraction, bool, tuple[str, ...]]] = {
    "mpeg2-50i.ts": ("352x288", PAL, True, MPEG2),
    "mpeg2-59.94i.mpg": ("352x240", NTSC, False, (*MPEG2, "-field_order", "bb")),
    "mbaff-59.94i.mp4": ("352x240", NTSC, True, x264(top=True)),
    "mbaff-50i.mkv": ("352x288", PAL, False, x264(top=False)),
    "dv.avi": ("720x576", PAL, False, ("-c:v", "dvvideo")),
    "prores.mov": ("352x288", PAL, True, ("-c:v", "prores_ks", "-flags", "+ildct")),
    "xdcam.mxf": (
        *("720x576", PAL, True),
        (*MPEG2, "-pix_fmt", "yuv422p", "-profile:v", "0", "-level:v", "2", "-intra_vlc", "1"),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_field_becomes_a_picture(clips: Clips, ingested: Ingest, name: str) -> None:
    size, rate, top, coding = KINDS[name]
    package = ingested(fields(clips, name, size, rate, *coding, top=top), "sd")
    check(package, [Fraction(n) / (2 * rate) for n in range(80)], whole(clips, 2 * rate, size, 80))
    assert combed(package.joined("video/sd")) <= 10  # of 80: idet doubts fine lines


def check(package: Package, times: list[Fraction], shown: tuple[Picture, ...], worst: float = 27) -> None:
    """The rung has exactly these pictures, at these times, each the one that was filmed then."""
    made = pictures(package.joined("video/sd"), size=SIZE)
    assert [p.time for p in made] == times
    inner = slice(3, -3)  # at the ends there is no neighbour to interpolate from
    found = likeness(made[inner], shown[inner])
    assert found.in_place, found
    assert found.told_apart > len(made) // 4
    assert found.worst > worst


def combed(path: Path) -> int:
    """How many pictures ffmpeg's idet takes for interlaced."""
    done = run(
        *(ffmpeg(), "-nostdin", "-hide_banner", "-nostats", "-v", "info", "-i", str(path)),
        *("-vf", "idet", "-an", "-f", "null", "-"),
    )
    line = [x for x in done.stderr.decode().splitlines() if "Multi frame detection" in x][-1]
    words = line.replace(":", " ").split()
    return int(words[words.index("TFF") + 1]) + int(words[words.index("BFF") + 1])


def said(package: Package) -> list[str]:
    """What the record says of fields."""
    text = codes.FIELDS_HANDLED.text
    return [m.removeprefix(f"{text}: ") for m in package.record["messages"] if m.startswith(text)]


def unflagged(clips: Clips, size: str = "352x576") -> Path:
    weave = f"{moving(2 * PAL, size)},tinterlace=interleave_top,setfield=prog"
    return clips.make(
        *("unflagged.avi", "-i", motion(clips), "-vf", weave, "-an", "-frames:v", "40", "-c:v", "ffv1")
    )


def cut_within_a_group(source: Path, target: Path) -> Path:
    """A recording that ends with a picture of which those shown before it are missing."""
    data = source.read_bytes()
    begins = [
        (at, data[at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0) + 7] >> 6)
        for at in range(0, len(data), 188)
        if data[at + 1] & 0x5F == 0x41 and data[at + 2] == 0  # a picture's first packet
    ]
    # One that is decoded before it is shown says both times; after it comes one that does not.
    end = max(b for (_, one), (b, other) in pairwise(begins) if (one, other) == (3, 2))
    target.write_bytes(data[:end])
    return target


def test_a_recording_that_is_cut_within_a_group(clips: Clips, ingested: Ingest) -> None:
    source = cut_within_a_group(fields(clips, "whole.ts", "160x120", PAL, *MPEG2), clips.folder / "cut.ts")
    shown = packet_times(source)
    assert shown[-1] - shown[-2] == 3 / PAL
    package = ingested(source, "sd", allow_damage=True)
    times = packet_times(package.joined("video/sd"))
    assert len(times) == 2 * len(shown)
    first = [shown[-2] - shown[0], shown[-1] - shown[0]]
    assert times[-4:] == [time for t in first for time in (t, t + 1 / (2 * PAL))]


def test_fields_that_are_not_flagged_are_seen(clips: Clips, ingested: Ingest) -> None:
    size = "352x576"
    package = ingested(unflagged(clips, size), "sd")
    assert said(package) == ["not flagged, but its lines show fields of different times"]
    check(package, [Fraction(n, 50) for n in range(80)], whole(clips, 2 * PAL, size, 80))


def flagged_but_whole(clips: Clips) -> Path:
    return clips.make(
        *("psf.ts", "-i", motion(clips), "-vf", f"{moving(PAL, '352x288')},setfield=tff", "-an"),
        *("-frames:v", "80", *MPEG2),
    )


def test_whole_pictures_that_are_flagged_as_interlaced_stay_whole(clips: Clips, ingested: Ingest) -> None:
    source = flagged_but_whole(clips)
    (stream,) = probe(source, "-show_streams")["streams"]
    assert stream["field_order"] == "tt"
    package = ingested(source, "sd")
    assert said(package) == ["flagged as interlaced, but each picture is of one moment"]
    check(package, [Fraction(n, 25) for n in range(80)], whole(clips, PAL, "352x288", 80), worst=30)
    (stream,) = probe(package.joined("video/sd"), "-show_streams")["streams"]
    assert stream["field_order"] == "progressive"


def late_fields(clips: Clips, size: str = "352x288") -> Path:
    """A second of progressive pictures, then fields, in one H.264 stream."""
    plain = clips.make(
        *("plain.ts", "-i", motion(clips), "-vf", moving(PAL, size), "-an", "-frames:v", "25"),
        *(*H264, "-bf", "0", "-muxdelay", "0"),
    )
    woven = fields(
        clips, "woven.ts", size, PAL, *x264(top=True), "-bf", "0", "-muxdelay", "0", "-output_ts_offset", "1"
    )
    source = clips.folder / "mixed.ts"
    source.write_bytes(plain.read_bytes() + woven.read_bytes())
    return source


def test_flags_that_begin_late_in_the_film_are_not_missed(clips: Clips, ingested: Ingest) -> None:
    size = "352x288"
    package = ingested(late_fields(clips, size), "sd")
    made = pictures(package.joined("video/sd"), size=SIZE)
    assert [p.time for p in made] == [Fraction(n, 50) for n in range(130)]
    assert likeness(made[:50:2], whole(clips, PAL, size, 25)).in_place
    assert likeness(made[53:-3], whole(clips, 2 * PAL, size, 80)[3:-3]).in_place


def telecined(clips: Clips, first: str) -> Path:
    """3:2 pulldown in the pictures themselves: 80 of film fill 100 of video."""
    order = f"{first[0]}ff"
    return clips.make(
        *(f"telecine-{first}.ts", "-i", motion(clips), "-an", "-frames:v", "100"),
        *("-vf", f"{moving(FILM, '352x240')},telecine=pattern=23:first_field={first},setfield={order}"),
        *(*MPEG2, "-field_order", "tt" if first == "top" else "bb"),
    )


@pytest.mark.parametrize("first", ["top", "bottom"])
def test_film_in_video_becomes_film_again(clips: Clips, ingested: Ingest, first: str) -> None:
    package = ingested(telecined(clips, first), "sd")
    assert said(package) == ["3:2 pulldown undone"]
    check(package, [n / FILM for n in range(80)], whole(clips, FILM, "352x240", 80))


def flag_pulldown(stream: bytes) -> bytes:
    """An MPEG-2 stream of film at 23.976 with the flags that show it as 29.97 (ISO/IEC 13818-2, 6.2.2 and 6.2.3)."""
    data = bytearray(stream)
    number, at = 0, data.find(b"\0\0\1")
    while at >= 0:
        kind = data[at + 3]
        if kind == 0xB3:  # sequence header
            data[at + 7] = data[at + 7] & 0xF0 | 4
        elif kind == 0xB5 and data[at + 4] >> 4 == 1:  # sequence extension: progressive_sequence
            data[at + 5] &= ~0x08
        elif kind == 0xB5 and data[at + 4] >> 4 == 8:  # picture coding extension
            top, repeat = ((1, 1), (0, 0), (0, 1), (1, 0))[number % 4]
            data[at + 7] = data[at + 7] & ~0x82 | top << 7 | repeat << 1
            data[at + 8] |= 0x80  # progressive_frame
            number += 1
        at = data.find(b"\0\0\1", at + 4)
    return bytes(data)


def flagged_film(clips: Clips, size: str = "352x288") -> Path:
    """Soft pulldown: film whose pictures' times limp in the file."""
    name = ("film.m2v", "-i", motion(clips), "-vf", moving(FILM, size), "-an", "-frames:v", "80")
    film = clips.make(*name, "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0", "-f", "mpeg2video")
    flagged = clips.folder / "flagged.m2v"
    flagged.write_bytes(flag_pulldown(film.read_bytes()))
    return clips.make("soft.ts", "-fflags", "+genpts", "-f", "mpegvideo", "-i", str(flagged), "-c", "copy")


def test_film_that_is_flagged_to_be_shown_as_video_is_film(clips: Clips, ingested: Ingest) -> None:
    """Its times are even in the rung."""
    size = "352x288"
    source = flagged_film(clips, size)
    assert len({round(float(b - a), 3) for a, b in pairwise(packet_times(source))}) > 1
    check(ingested(source, "sd"), [n / FILM for n in range(80)], whole(clips, FILM, size, 80), worst=30)


def test_picture_and_sound_stay_together(clips: Clips, ingested: Ingest) -> None:
    """Flashes of two fields: 0.48 s is the first moment of picture 12."""
    weave = "fps=50,tinterlace=interleave_top,setfield=tff"
    source = clips.make(
        *("flashing-50i.ts", "-f", "lavfi", "-i", flash_and_beep.flashing("50")),
        *("-f", "lavfi", "-i", flash_and_beep.beeping(48000, "stereo")),
        *("-vf", weave, *x264(top=True), "-c:a", "mp2"),
    )
    package = ingested(source, "sd")
    light = flashes(pictures(package.joined("video/sd"), pixel_format="gray", size=(2, 2)))
    heard = package.sound("und-stereo").onsets()
    assert len(light) == len(heard) == flash_and_beep.SECONDS
    assert max(abs(f - h) for f, h in zip(light, heard, strict=True)) < 0.002


# Some are coded as frames, as an encoder may choose picture by picture (PAFF).
CODED = tuple(made_fields.Picture(40 + 4 * n, 42 + 4 * n, fields=n % 7 != 3) for n in range(30))


def coded_as_fields(
    clips: Clips, times: int, *, timing: bool = True, starts: tuple[int, ...] = (90_000,)
) -> Path:
    """A transport stream in which each picture has one time for both fields, or two, one for each.

    It is there once for each of `starts`, in ticks: several are a clock that begins anew.
    """
    writer, data = Writer(), b""
    for start in starts:
        data += writer.tables((0x1B, VIDEO_PID))
        for number, units in enumerate(made_fields.access_units(CODED, timing=timing)):
            parts = units if times == 2 else (b"".join(units),)
            for later, part in enumerate(parts):
                data += writer.packets(VIDEO_PID, pes(part, start + number * 3600 + later * 1800))
    source = clips.folder / f"paff-{times}{'' if timing else '-untold'}-{len(starts)}.ts"
    source.write_bytes(data)
    return source


def test_a_bare_stream_of_whole_pictures_and_fields(clips: Clips, ingested: Ingest) -> None:
    source = clips.folder / "paff.h264"
    source.write_bytes(b"".join(b"".join(units) for units in made_fields.access_units(CODED, timing=True)))
    package = ingested(source, "sd")
    assert packet_times(package.joined("video/sd")) == [Fraction(n, 50) for n in range(60)]
    assert off(package.joined("video/sd")) <= 4


def test_a_bare_stream_of_interlaced_whole_pictures(clips: Clips, ingested: Ingest) -> None:
    weave = "testsrc2=size=128x96:rate=50:duration=2,tinterlace=interleave_top"
    source = clips.make("interlaced.h264", "-f", "lavfi", "-i", weave, *x264(top=True))
    package = ingested(source, "sd")
    assert packet_times(package.joined("video/sd")) == [Fraction(n, 50) for n in range(100)]


def test_fields_whose_clock_begins_anew(clips: Clips, ingested: Ingest) -> None:
    package = ingested(coded_as_fields(clips, 2, starts=(9_000_000, 90_000)), "sd")
    assert packet_times(package.joined("video/sd")) == [Fraction(n, 50) for n in range(120)]
    detail = "the clock begins anew at 1.2 s; the parts are shown one after the other"
    (told,) = [w["message"] for w in package.record["warnings"] if w["code"] == codes.CLOCK_JUMPS.number]
    assert told == f"{codes.CLOCK_JUMPS.text}: {detail}"


def off(path: Path) -> int:
    """The most that the luma of a picture is off that of its field; of lines between, neighbours in time have a say."""
    made = pictures(path, size=(1, 1), pixel_format="gray", signal="pc")
    shown = [luma for p in CODED for luma in (p.top, p.bottom if p.fields else p.top)]
    return max(abs(p.pixels[0] - luma) for p, luma in zip(made, shown, strict=True))


@pytest.mark.parametrize(("times", "timing"), [(1, True), (1, False), (2, True)])
def test_h264_pictures_coded_as_two_fields_are_whole_pictures(
    clips: Clips, ingested: Ingest, times: int, timing: bool
) -> None:
    package = ingested(coded_as_fields(clips, times, timing=timing), "sd")
    assert packet_times(package.joined("video/sd")) == [Fraction(n, 50) for n in range(60)]
    assert off(package.joined("video/sd")) <= 4
