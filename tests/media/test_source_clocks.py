"""Sources whose clock is odd: the pictures' times in the package are those that a player of the source would show."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import flash_and_beep
import m3u8
import pytest
from helpers_media import X264, box_at, hiss, picture
from measuring import cuts, flashes, likeness, packet_times, pictures
from tiny_rung import TINY, with_tiny

from ingest.job.errors import SourceError
from ingest.media.cancel import CancelToken
from ingest.media.options import Options
from ingest.pipeline.look import look
from ingest.pipeline.request import Request
from ingest.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

SMALL = "128x72"
STEP = Fraction(1, 25)
BOUND = 0.002  # seconds between light and sound


@pytest.fixture(scope="module")
def tiny(ingested: Ingest) -> Ingest:
    return with_tiny(ingested)


def times(package: Package) -> list[Fraction]:
    return packet_times(package.joined(f"video/{TINY}"))


def warned(package: Package) -> list[int]:
    return [w["code"] for w in package.record["warnings"]]


# -- what the plan says is what comes out --


def planned(source: Path, package: Package, presets: Path, resolution: str = TINY) -> list[Fraction]:
    """The times that the plan promises, from what `--dry-run` prints."""
    request = Request(
        source, (resolution,), package.folder, force=False, preset_dir=presets, options=Options()
    )
    grid = look(request, load(), CancelToken(), every_resolution=False).plan["video"]["grid"]
    if grid["rate"] is not None:
        return [n / Fraction(grid["rate"]) for n in range(grid["frames"])]
    shown = packet_times(source)
    assert len(shown) == grid["frames"]
    return [t - shown[0] for t in shown]


PLANNED = {
    "ntsc.mp4": ("testsrc2=size=128x72:rate=30000/1001:duration=7", 210),
    "film.mkv": ("testsrc2=size=128x72:rate=24000/1001:duration=3", 72),
    "screen.mp4": (
        r"testsrc2=size=128x72:rate=30:duration=9,select=lt(t\,1)+gt(t\,6)*gt(random(5)\,0.6)",
        None,
    ),
    "slow.mp4": ("testsrc2=size=128x72:rate=1:duration=8", 8),
    "very-slow.mp4": ("testsrc2=size=128x72:rate=1/5:duration=30", 6),
    "fast.mp4": ("testsrc2=size=128x72:rate=100:duration=2", 100),
    "faster.mp4": ("testsrc2=size=128x72:rate=120000/1001:duration=2", 120),
    "fastest.mp4": ("testsrc2=size=128x72:rate=240:duration=1", 60),
}


@pytest.mark.parametrize("name", PLANNED)
def test_every_picture_is_where_the_plan_says(clips: Clips, tiny: Ingest, name: str) -> None:
    lavfi, count = PLANNED[name]
    source = clips.make(name, "-f", "lavfi", "-i", lavfi, *X264, "-fps_mode", "passthrough")
    package = tiny(source, TINY)
    found = times(package)
    assert found == planned(source, package, tiny.presets)
    assert count in {None, len(found)}
    lengths = [Fraction(str(s.duration)) for s in m3u8.load(str(package.playlist(f"video/{TINY}"))).segments]
    last = found[-1] - found[-2]
    assert abs(sum(lengths) - (found[-1] + last)) <= max(last, Fraction(1, 25))
    assert max(lengths) <= Fraction("6.01") + max(b - a for a, b in pairwise(found))


def lying(clips: Clips) -> Path:
    """A film whose header says half the rate that its pictures have."""
    honest = clips.make("honest.mkv", *picture(SMALL, 2), *X264)
    data = bytearray(honest.read_bytes())
    at = data.index(b"\x23\xe3\x83")  # DefaultDuration (RFC 9559 5.1.4.1.13), nanoseconds
    length = data[at + 3] & 0x7F
    nanoseconds = int.from_bytes(data[at + 4 : at + 4 + length], "big")
    assert nanoseconds == 40_000_000
    data[at + 4 : at + 4 + length] = (2 * nanoseconds).to_bytes(length, "big")
    source = clips.folder / "lying.mkv"
    source.write_bytes(data)
    return source


def test_a_wrong_declared_rate_changes_nothing(clips: Clips, tiny: Ingest) -> None:
    package = tiny(lying(clips), TINY)
    assert times(package) == [n * STEP for n in range(50)]
    assert cuts(package.playlist(f"video/{TINY}")) == [2]


# -- clocks that begin anew --


def joined(clips: Clips, name: str, *starts: str) -> Path:
    """Transport streams of flashes and beeps that start at these seconds, one behind the other."""
    whole = clips.folder / name
    parts = [
        flash_and_beep.clip(clips, f"{n}-{name}", "-output_ts_offset", s, codec=("-c:a", "mp2"))
        for n, s in enumerate(starts)
    ]
    whole.write_bytes(b"".join(p.read_bytes() for p in parts))
    return whole


@pytest.mark.parametrize("starts", [("0", "40"), ("40", "0"), ("0", "40", "7")], ids="-".join)
def test_parts_with_clocks_of_their_own_are_shown_one_after_the_other(
    clips: Clips, tiny: Ingest, starts: tuple[str, ...]
) -> None:
    source = joined(clips, f"joined-{'-'.join(starts)}.ts", *starts)
    package = tiny(source, TINY)
    length = flash_and_beep.SECONDS * len(starts)
    assert times(package) == [n * STEP for n in range(25 * length)]
    assert warned(package) == [9222]
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    assert light == [n + Fraction("0.48") for n in range(length)]
    heard = package.sound("und-stereo").onsets()
    assert max(abs(h - f) for h, f in zip(heard, light, strict=True)) < BOUND


def test_sound_that_changes_where_the_clock_begins_anew(clips: Clips, tiny: Ingest) -> None:
    parts = [
        flash_and_beep.clip(
            clips,
            f"{layout}.ts",
            *("-t", "2", "-bf", "0", "-muxdelay", "0", "-output_ts_offset", start),
            layout=layout,
            codec=("-c:a", "ac3"),
            sound_seconds=2,
        )
        for layout, start in (("mono", "40"), ("stereo", "0"))
    ]
    source = clips.folder / "layouts.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    package = tiny(source, TINY)
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    assert light == [n + Fraction("0.48") for n in range(4)]
    heard = package.sound("und-stereo").onsets()
    assert max(abs(h - f) for h, f in zip(heard, light, strict=True)) < 0.04  # a frame of AC-3 more or less


def under_other_pids(
    clips: Clips, name: str, *parts: tuple[int, str], codecs: tuple[str, ...] = ("libx264",) * 3
) -> Path:
    """Transport streams of two seconds each, one behind the other: the first PID and the start in seconds of each."""
    made = [
        flash_and_beep.clip(
            clips,
            f"{number}-{name}",
            *("-t", "2", "-c:v", codecs[number], "-bf", "0", "-muxdelay", "0", "-output_ts_offset", start),
            *("-streamid", f"0:{pid}", "-streamid", f"1:{pid + 1}"),
            codec=("-c:a", "mp2"),
            sound_seconds=2,
        )
        for number, (pid, start) in enumerate(parts)
    ]
    whole = clips.folder / name
    whole.write_bytes(b"".join(part.read_bytes() for part in made))
    return whole


@pytest.mark.parametrize(
    ("name", "parts", "codes"),
    [
        ("advertisement.ts", ((256, "10"), (481, "12"), (256, "14")), []),
        ("restarted.ts", ((256, "40"), (512, "0")), [9222]),
    ],
    ids=["advertisement", "restarted"],
)
def test_streams_that_go_on_under_other_pids_are_shown_whole(
    clips: Clips, tiny: Ingest, name: str, parts: tuple[tuple[int, str], ...], codes: list[int]
) -> None:
    """A new PMT gives the streams of the program other PIDs (ISO/IEC 13818-1 2.4.4.9)."""
    package = tiny(under_other_pids(clips, name, *parts), TINY)
    assert times(package) == [n * STEP for n in range(50 * len(parts))]
    assert warned(package) == codes
    assert 9107 not in package.record["customAttributes"]["messageCodes"]
    assert package.sounds == ("und-stereo",)
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    assert light == [n + Fraction("0.48") for n in range(2 * len(parts))]
    heard = package.sound("und-stereo").onsets()
    assert max(abs(h - f) for h, f in zip(heard, light, strict=True)) < 0.03  # a frame of sound more or less


def parts_with_sound(clips: Clips, name: str, *codecs: str | None) -> Path:
    """Transport streams one behind the other, each with its sound in this codec or without any."""
    whole, start, data = clips.folder / name, 10, b""
    for number, codec in enumerate(codecs):
        seconds = 2 if codec else flash_and_beep.SECONDS  # longer than ffprobe looks for sound
        part = flash_and_beep.clip(
            clips,
            f"{number}-{name}",
            *("-t", str(seconds), "-bf", "0", "-muxdelay", "0", "-output_ts_offset", str(start)),
            *(() if codec else ("-an",)),
            codec=("-c:a", codec or "aac"),
            sound_seconds=seconds,
        )
        data, start = data + part.read_bytes(), start + seconds
    whole.write_bytes(data)
    return whole


def test_sound_that_begins_late_is_there(clips: Clips, tiny: Ingest) -> None:
    """Nothing but the sound itself says what form it has, and the first PMT not even that there is some."""
    package = tiny(parts_with_sound(clips, "late.ts", None, "mp2"), TINY)
    assert warned(package) == []
    heard = package.sound("und-stereo").onsets()
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    assert max(abs(h - f) for h, f in zip(heard, light[-2:], strict=True)) < 0.03


def test_sound_that_goes_on_in_another_codec_is_told(clips: Clips, tiny: Ingest) -> None:
    package = tiny(parts_with_sound(clips, "turns.ts", "mp2", "ac3", "mp2"), TINY)
    (warning,) = package.record["warnings"]
    assert warning["code"] == 9225
    assert re.fullmatch(
        r"Sound Goes On Elsewhere: (2\.0|1\.9) s of the sound are in stream 2 \(ac3\) at (1\.9|2\.0)\d to "
        r"(3\.9|4\.0)\d s; stream 1 \(mp2\) is silent there",
        warning["message"],
    )
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    for name, seen in (("und-stereo", [*light[:2], *light[4:]]), ("und-stereo-2", light[2:4])):
        heard = package.sound(name).onsets()
        assert max(abs(h - f) for h, f in zip(heard, seen, strict=True)) < 0.04


def test_a_film_that_goes_on_in_another_codec_is_not_taken_for_whole(clips: Clips, tiny: Ingest) -> None:
    source = under_other_pids(clips, "codecs.ts", (256, "10"), (481, "12"), codecs=("libx264", "mpeg2video"))
    request = Request(source, (TINY,), clips.folder / "none", preset_dir=tiny.presets)
    with pytest.raises(SourceError, match=r"2\.00 s of 4\.00 s are lost, at 2\.00 s") as refused:
        look(request, load(), CancelToken(), every_resolution=False)
    assert refused.value.code.number == 9328
    request = replace(request, options=Options(allow_damage=True))
    warning, _ = look(request, load(), CancelToken(), every_resolution=False).found["warnings"]
    assert warning == (
        "Source Damaged: the film goes on in another codec, at 2.00 s; "
        "left out are 50 pictures in stream 2 (mpeg2video)"
    )


@pytest.mark.parametrize("name", ["part.flv", "part.webm"])
def test_a_recording_that_was_taken_up_again_is_shown_whole(clips: Clips, tiny: Ingest, name: str) -> None:
    """A file behind the other, as servers append them and as recorders in browsers leave them."""
    codec = (
        ("-c:a", "aac") if name.endswith("flv") else ("-c:v", "libvpx", "-cpu-used", "8", "-c:a", "libopus")
    )
    data = flash_and_beep.clip(clips, name, "-t", "2", codec=codec, sound_seconds=2).read_bytes()
    source = clips.folder / f"twice-{name}"
    source.write_bytes(data + (data[13:] if name.endswith("flv") else data))
    package = tiny(source, TINY)
    assert times(package) == [n * STEP for n in range(100)]
    assert warned(package) == [9222]
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    heard = package.sound("und-stereo").onsets()
    assert light == [n + Fraction("0.48") for n in range(4)]
    assert max(abs(h - f) for h, f in zip(heard, light, strict=True)) < 0.03  # a frame of sound more or less


def test_a_hole_of_seconds_in_an_mp4_is_meant(clips: Clips, tiny: Ingest) -> None:
    late = r"setpts=PTS+if(gte(N\,25)\,12/TB\,0)"
    lavfi = f"testsrc2=size={SMALL}:rate=25:duration=2,{late}"
    source = clips.make("hole.mp4", "-f", "lavfi", "-i", lavfi, *X264, "-fps_mode", "passthrough")
    package = tiny(source, TINY)
    assert times(package) == [n * STEP + (12 if n >= 25 else 0) for n in range(50)]
    assert warned(package) == []


def test_pictures_of_one_time_keep_their_order(clips: Clips, tiny: Ingest) -> None:
    lavfi = rf"testsrc2=size={SMALL}:rate=25:duration=2,settb=1/1000,setpts=PTS-mod(N\,2)*40"
    source = clips.make(
        "twice.mkv", "-f", "lavfi", "-i", lavfi, *X264, "-bf", "0", "-fps_mode", "passthrough"
    )
    assert times(tiny(source, TINY)) == [Fraction(80 * (n // 2) + n % 2, 1000) for n in range(50)]


# -- edit lists --


def with_edits(source: Path, target: Path, *edits: tuple[int, int]) -> Path:
    """`source` with an edit list (ISO/IEC 14496-12 8.6.6) of whole seconds of its media in every track."""

    def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
        found, at = [], 0
        while at < len(data):
            size, kind = struct.unpack_from(">I4s", data, at)
            found.append((kind, data[at + 8 : at + size]))
            at += size
        return found

    def box(kind: bytes, payload: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(payload), kind) + payload

    def track(trak: bytes, movie_scale: int) -> bytes:
        (scale,) = struct.unpack_from(">I", trak, box_at(trak, b"mdia", b"mdhd") + 12)
        (first,) = struct.unpack_from(">i", trak, box_at(trak, b"edts", b"elst") + 12)
        entries = b"".join(
            struct.pack(">IiHH", (end - start) * movie_scale, first + start * scale, 1, 0)
            for start, end in edits
        )
        edts = box(b"elst", struct.pack(">II", 0, len(edits)) + entries)
        return b"".join(box(k, edts if k == b"edts" else p) for k, p in boxes(trak))

    data = source.read_bytes()
    top = boxes(data)
    assert top[-1][0] == b"moov"  # at the end: nothing that has an offset moves
    moov = top[-1][1]
    (movie_scale,) = struct.unpack_from(">I", moov, box_at(moov, b"mvhd") + 12)
    new = b"".join(box(k, track(p, movie_scale) if k == b"trak" else p) for k, p in boxes(moov))
    target.write_bytes(data[: len(data) - len(moov) - 8] + box(b"moov", new))
    return target


def test_several_edits_are_shown_in_their_order(clips: Clips, tiny: Ingest) -> None:
    base = clips.make("base.mp4", *picture(SMALL, 4), *hiss(4), *X264, "-g", "25", "-bf", "2", "-c:a", "aac")
    source = with_edits(base, clips.folder / "edited.mp4", (2, 3), (0, 1))
    package = tiny(source, TINY)
    shown = pictures(base, matrix="bt601")
    made = package.pictures(TINY)
    assert [p.time for p in made] == [n * STEP for n in range(50)]
    for part, where in ((made[:25], shown[50:75]), (made[25:], shown[:25])):
        assert likeness(part, where).in_place


def before_zero(clips: Clips, name: str) -> Path:
    """Half a second of it lies before zero."""
    options = ("-copyts", *(("-avoid_negative_ts", "disabled") if name.endswith("mkv") else ()))
    return clips.make(
        name, "-itsoffset", "-0.5", *picture(SMALL, 2), *hiss(2), *X264, "-c:a", "aac", *options
    )


@pytest.mark.parametrize("name", ["before-zero.mp4", "before-zero.mkv"])
def test_pictures_before_zero_are_not_shown(clips: Clips, tiny: Ingest, name: str) -> None:
    source = before_zero(clips, name)
    shown = packet_times(source)
    package = tiny(source, TINY)
    assert len(shown) == 38
    assert times(package) == [t - shown[0] for t in shown]


# -- starts, key pictures, unfinished files --


def hidden_among_them(clips: Clips, name: str) -> Path:
    """VP8 encoded in two passes: some of its packets are pictures that others refer to, and that are never shown."""
    options = "-c:v", "libvpx", "-b:v", "200k", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-cpu-used", "4"
    seen = (*picture(SMALL, 2), *options, "-arnr-maxframes", "7", "-passlogfile", "hidden")
    clips.make("first-pass.webm", *seen, "-pass", "1")
    return clips.make(name, *seen, "-pass", "2")


@pytest.mark.parametrize("name", ["hidden.webm", "hidden.avi", "hidden.ivf"])
def test_coded_pictures_that_are_never_shown_are_no_loss(clips: Clips, tiny: Ingest, name: str) -> None:
    source = hidden_among_them(clips, name)
    shown = pictures(source, matrix="bt601")
    assert len(shown) == 50 < len(packet_times(source))
    package = tiny(source, TINY)
    assert times(package) == [p.time - shown[0].time for p in shown]
    assert likeness(package.pictures(TINY), shown).in_place
    assert warned(package) == []


@pytest.mark.parametrize("rate", [15, 30])
def test_a_bare_stream_is_as_fast_as_it_says(clips: Clips, tiny: Ingest, rate: int) -> None:
    package = tiny(clips.make("bare.h264", *picture(SMALL, 2, rate), *X264, "-bf", "2"), TINY)
    assert times(package) == [Fraction(n, rate) for n in range(2 * rate)]


def test_a_rate_that_nobody_would_follow_is_not_that_of_a_bare_stream(clips: Clips, tiny: Ingest) -> None:
    source = clips.make(
        "hasty.h264", *picture(SMALL, 2), *X264, "-bf", "0", "-bsf:v", "h264_metadata=tick_rate=2000"
    )
    assert times(tiny(source, TINY)) == [n * STEP for n in range(50)]


def cut_open(clips: Clips) -> Path:
    """Cut out of a broadcast, in the middle of an open group of pictures."""
    whole = clips.make(
        "open.ts",
        *picture(SMALL, 6),
        *("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-x264-params"),
        "open-gop=1:bframes=3:b-pyramid=0:keyint=25:min-keyint=25:scenecut=0",
    )
    data = whole.read_bytes()
    source = clips.folder / "cut-open.ts"
    source.write_bytes(data[len(data) // 188 * 3 // 10 * 188 :])
    return source


def test_an_open_group_at_the_start_begins_with_its_key_picture(clips: Clips, tiny: Ingest) -> None:
    """Pictures that need what was cut off are not shown."""
    source = cut_open(clips)
    shown = pictures(source, matrix="bt601")
    package = tiny(source, TINY)
    assert 90 < len(shown) < 125
    assert times(package) == [p.time - shown[0].time for p in shown]
    assert likeness(package.pictures(TINY), shown).in_place
    assert warned(package) == []


def test_a_picture_that_begins_long_after_the_sound_is_found(clips: Clips, tiny: Ingest) -> None:
    """Nothing of it is where ffprobe looks first."""
    sound, late = hiss(11), ("-itsoffset", "9", *picture(SMALL, 2))
    source = clips.make("late.ts", *sound, *late, "-map", "1", "-map", "0", *X264, "-c:a", "mp2")
    package = tiny(source, TINY)
    assert times(package) == [n * STEP for n in range(50)]
    assert abs(package.sound(package.sounds[0]).duration - 2) < 0.05
    assert warned(package) == [9204]


def test_a_film_with_one_key_picture_gets_its_own(clips: Clips, tiny: Ingest) -> None:
    source = clips.make("one-key.mp4", *picture(SMALL, 13), *X264, "-g", "9999", "-sc_threshold", "0")
    package = tiny(source, TINY)
    assert times(package) == [n * STEP for n in range(325)]
    lengths = [s.duration for s in m3u8.load(str(package.playlist(f"video/{TINY}"))).segments]
    assert lengths == [6, 6, 1]


@pytest.mark.parametrize("index", [(), ("-global_sidx", "1")], ids=["plain", "sidx"])
def test_fragmented_files(clips: Clips, tiny: Ingest, index: tuple[str, ...]) -> None:
    flags = "frag_keyframe+empty_moov+delay_moov+default_base_moof"
    source = clips.make(
        f"fragments-{len(index)}.mp4",
        *(*picture(SMALL, 3), *hiss(3), *X264, "-g", "25", "-c:a", "aac", "-movflags", flags, *index),
    )
    assert times(tiny(source, TINY)) == [n * STEP for n in range(75)]


# -- a time that one bit has thrown far off --


@pytest.mark.parametrize("nth", [1, 7])
def test_a_picture_whose_time_is_damaged_is_shown_where_it_belongs(
    clips: Clips, tiny: Ingest, nth: int
) -> None:
    whole = clips.make("whole.ts", *picture(SMALL, 2), *X264, "-bf", "2")
    data = bytearray(whole.read_bytes())
    # The heads of PES packets of pictures that have both times (ISO/IEC 13818-1 2.4.3.6): the flags are 0b11.
    heads = [n for n in range(len(data)) if data.startswith(b"\x00\x00\x01\xe0", n) and data[n + 7] == 0xC0]
    data[heads[nth] + 10] ^= 0x10  # bit 26 of the presentation time: 745.65 s
    source = clips.folder / f"thrown-{nth}.ts"
    source.write_bytes(data)
    package = tiny(source, TINY)
    assert times(package) == [n * STEP for n in range(50)]
    (warning,) = package.record["warnings"]
    assert warning["code"] == 9223
    assert "1 of 50 say a wrong time and are shown where they belong" in warning["message"]


def test_pictures_with_the_times_of_decoding_are_shown_in_order_and_evenly(
    clips: Clips, tiny: Ingest
) -> None:
    whole = clips.make("in-order.mp4", *picture(SMALL, 2), *X264, "-bf", "2")
    source = clips.make(
        "no-offsets.flv", "-i", str(whole), "-c", "copy", "-bsf:v", "setts=pts=DTS-STARTDTS:dts=DTS-STARTDTS"
    )
    package = tiny(source, TINY)
    assert times(package) == [n * STEP for n in range(50)]
    shown = [replace(p, time=n * STEP) for n, p in enumerate(pictures(whole))]
    assert likeness(package.pictures(TINY), shown).in_place
    assert warned(package) == [9223]
