"""Damaged sources: what is lost is told with its time and count, and what is left stays in step."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import flash_and_beep
import pytest
from helpers_media import X264, hiss, picture
from main_job import Package
from measuring import cuts, flashes, packet_times, pictures
from tiny_rung import TINY, with_tiny

import ingest
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest

    from ingest.job.record import Record

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

SECONDS = 8
STEP = Fraction(1, 25)


@pytest.fixture(scope="module")
def presets(ingested: Ingest) -> Path:
    return with_tiny(ingested).presets


@pytest.fixture
def job(tmp_path: Path, presets: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Record]:
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))

    def run(source: Path, *, allow_damage: bool) -> Record:
        return ingest.run(
            source, TINY, tmp_path / "package", preset_dir=presets, allow_damage=allow_damage, force=True
        )

    return run


def damaged(clips: Clips, name: str, change: Callable[[bytearray], Any], *options: str) -> Path:
    """A film of flashes and beeps; `change` alters the bytes of its media."""
    whole = flash_and_beep.clip(clips, f"whole-{name}", *options, codec=("-c:a", "mp2"))
    data = bytearray(whole.read_bytes())
    change(data)
    target = clips.folder / name
    target.write_bytes(data)
    return target


def media(data: bytearray) -> range:
    """Where the media of an mp4 lies; all of any other file."""
    if data[4:8] != b"ftyp":
        return range(len(data))
    at = data.index(b"mdat") - 4
    return range(at + 8, at + int.from_bytes(data[at : at + 4], "big"))


def flip(data: bytearray) -> None:
    """Eighty bits within a twentieth of the film, before its middle."""
    where, chance = media(data), random.Random(5)
    for _ in range(80):
        data[where[int(len(where) * chance.uniform(0.4, 0.45))]] ^= 1 << chance.randrange(8)


def overwrite(data: bytearray) -> None:
    where = media(data)
    start = where[len(where) * 2 // 5]
    data[start : start + len(where) // 12] = bytes(len(where) // 12)


def lose_packets(data: bytearray) -> None:
    """As if a receiver had lost 2 % of a transport stream, on whole packets."""
    count = len(data) // 188
    del data[188 * (count * 2 // 5) : 188 * (count * 2 // 5 + count // 50)]


def busy(clips: Clips, name: str, change: Callable[[bytearray], Any], *codec: str) -> Path:
    """A film without a still spot, so that damage anywhere is in a picture."""
    tone = ("-f", "lavfi", "-i", f"sine=duration={SECONDS}")
    whole = clips.make(f"busy-{name}", *picture("128x72", SECONDS), *tone, *codec, "-g", "25")
    data = bytearray(whole.read_bytes())
    change(data)
    target = clips.folder / name
    target.write_bytes(data)
    return target


H264 = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-c:a", "aac")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-c:a", "aac")
DAMAGE: dict[str, tuple[Callable[[bytearray], Any], tuple[str, ...], set[int]]] = {
    "bits.mpg": (flip, ("-c:v", "mpeg2video", "-b:v", "1M", "-c:a", "mp2"), {9223}),
    "block-hevc.mp4": (overwrite, HEVC, {9202}),
    "block-vp9.webm": (
        *(overwrite, ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")),
        {9202},
    ),
    "packets.ts": (lose_packets, H264, {9202}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_in_the_middle(clips: Clips, job: Callable[..., Record], tmp_path: Path, name: str) -> None:
    change, codec, codes = DAMAGE[name]
    source = busy(clips, name, change, *codec)
    refused = job(source, allow_damage=False)
    assert refused.error is not None, refused.warnings
    assert (refused.status, refused.error.code) == ("FAILED", 9328)
    # Of the film as it was: what is lost inside it does not make it longer.
    assert re.search(rf"s of {SECONDS}\.00 s are lost, at \d+\.\d\d", refused.error.message)
    record = job(source, allow_damage=True)
    assert record.status == "COMPLETED", record.error
    found = {w.code: w.message for w in record.warnings}
    assert codes <= set(found)
    for code in codes & {9202, 9223}:
        count, whole, first = map(
            float, re.findall(r"(\d+) of (\d+) pictures .*? at (\d+\.\d+)", found[code])[0]
        )
        assert 0 < count < whole / 3
        assert 2.5 < first < 5  # seconds: where the bytes were changed
    package = Package(source, tmp_path / "package", tmp_path)
    assert verify(package.folder).must == ()
    # Nothing was pulled forward: the film is as long as it was, and each picture on its own instant.
    times = packet_times(package.joined(f"video/{TINY}"))
    assert set(times) <= {n * STEP for n in range(25 * SECONDS)}
    assert times[-1] >= SECONDS - 2 * STEP
    assert cuts(package.playlist(f"video/{TINY}"))[-1] == pytest.approx(SECONDS, abs=0.1)
    for sound in package.sounds:
        assert cuts(package.playlist(f"audio/{sound}"))[-1] == pytest.approx(SECONDS, abs=0.1)


def test_a_little_damage_is_told_and_taken(clips: Clips, job: Callable[..., Record]) -> None:
    record = job(busy(clips, "bits.mp4", flip, *H264), allow_damage=False)
    assert record.status == "COMPLETED", record.error
    found = {w.code: w.message for w in record.warnings}
    assert set(found) == {9223, 9224}
    assert re.fullmatch(r"Pictures Damaged: [12] of 200 pictures are damaged, at 3\.\d\d.* s", found[9223])
    assert re.fullmatch(r"Sound Damaged: stream 1: \d+ packets of sound could not be decoded", found[9224])


def noisy(clips: Clips, kind: str) -> Path:
    """From its sixth packet on, every eighth byte of the picture (`v`) or of the sound (`a`) is noise."""
    noise = "noise=amount=if(gt(n\\,5)\\,8\\,100000)"
    return clips.make(f"noisy-{kind}.mp4", "-i", str(clips.small()), "-c", "copy", f"-bsf:{kind}", noise)


def test_sound_of_which_hardly_anything_decodes(clips: Clips, job: Callable[..., Record]) -> None:
    record = job(noisy(clips, "a"), allow_damage=False)
    assert record.status == "COMPLETED", record.error
    assert [w.code for w in record.warnings] == [9224]


def test_pictures_of_which_hardly_any_decodes(clips: Clips, job: Callable[..., Record]) -> None:
    source = noisy(clips, "v")
    refused = job(source, allow_damage=False)
    assert refused.error is not None, refused.warnings
    assert (refused.error.code, refused.error.exit_code) == (9328, 3)
    record = job(source, allow_damage=True)
    assert record.status == "COMPLETED", record.error
    assert 9202 in [w.code for w in record.warnings]


def test_light_and_sound_stay_in_step_behind_the_damage(
    clips: Clips, job: Callable[..., Record], tmp_path: Path
) -> None:
    source = damaged(clips, "in-step.ts", lose_packets, "-g", "25")
    record = job(source, allow_damage=True)
    assert record.status == "COMPLETED", record.error
    package = Package(source, tmp_path / "package", tmp_path)
    light = flashes(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2)))
    heard = package.sound("und-stereo").onsets()
    behind = [f for f in light if f > 4]
    assert behind == [n + Fraction("0.48") for n in range(4, flash_and_beep.SECONDS)]
    assert max(min(abs(h - f) for h in heard) for f in behind) < 0.002


@pytest.mark.parametrize("name", ["short.mkv", "short.flv", "short.avi", "fragments.mp4", "faststart.mp4"])
def test_a_file_that_ends_too_soon(clips: Clips, job: Callable[..., Record], name: str) -> None:
    fragments = (
        ("-movflags", "frag_keyframe+empty_moov+delay_moov+default_base_moof") if "frag" in name else ()
    )
    if "faststart" in name:
        fragments = ("-movflags", "faststart")
    whole = clips.make(
        f"whole-{name}", *picture("128x72", 4), *hiss(4), *X264, "-g", "25", "-c:a", "mp3", *fragments
    )
    source = clips.folder / name
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    refused = job(source, allow_damage=False)
    assert refused.error is not None
    assert (refused.status, refused.error.code) == ("FAILED", 9328)
    record = job(source, allow_damage=True)
    assert record.status == "COMPLETED", record.error
    assert 9202 in [w.code for w in record.warnings]


def test_what_an_edit_list_hides_is_not_lost(
    clips: Clips, job: Callable[..., Record], tmp_path: Path
) -> None:
    """Phones and QuickTime cut without coding anew: the samples stay, the list shows 2 of 4 s."""
    whole = clips.make("to-trim.mp4", *picture("128x72", 4), *hiss(4), *X264, "-g", "25", "-c:a", "aac")
    data = bytearray(whole.read_bytes())
    for found in re.finditer(b"elst", bytes(data)):
        entry = found.start() + 12
        shown = int.from_bytes(data[entry : entry + 4], "big")
        data[entry : entry + 4] = (shown // 2).to_bytes(4, "big")
    source = clips.folder / "trimmed.mp4"
    source.write_bytes(data)
    record = job(source, allow_damage=False)
    assert (record.status, record.warnings) == ("COMPLETED", ()), record.error
    package = Package(source, tmp_path / "package", tmp_path)
    assert len(pictures(package.joined(f"video/{TINY}"), pixel_format="gray", size=(2, 2))) == 50


def test_a_healthy_film_is_decoded_once_and_warns_of_nothing(
    clips: Clips, job: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.steps import decode_damage

    monkeypatch.setattr(decode_damage, "locate", None)
    source = clips.make("healthy.mp4", *picture("128x72", 2), *hiss(2), *H264)
    record = job(source, allow_damage=False)
    assert (record.status, record.warnings) == ("COMPLETED", ())
