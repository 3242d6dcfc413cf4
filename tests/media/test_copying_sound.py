"""Copied sound: the source's own samples, in step with the picture as a player of the source has it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from flash_and_beep import beeping, flashing
from main_job import ROOT
from measuring import flashes, join, pictures, run, sound

import ingest
from ingest.job.status import Status
from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from helpers_media import Clips

    from ingest.job.record import Record

pytestmark = pytest.mark.media

X264 = (
    *("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-profile:v", "high"),
    *("-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-flags", "+cgop"),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
)
AAC = ("-c:a", "aac", "-b:a", "96k")
SECONDS = 4
BOUND = 0.002
# What lies before a frame is mixed into it: the first one taken comes out whole only with the one before.
FIRST_WHOLE = 1024


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One size, that of the clips."""
    folder = tmp_path_factory.mktemp("presets")
    text = (ROOT / "presets" / "sd.toml").read_text("utf-8").replace('name = "sd"', 'name = "whole"')
    (folder / "whole.toml").write_text(re.sub(r"box = \[[^]]*\]", "box = [128, 72]", text), "utf-8")
    return folder


def made(clips: Clips, name: str, picture: str = "", codec: Sequence[str] = AAC, seconds: float = 5) -> Path:
    return clips.make(
        *(name, "-copyts", "-f", "lavfi", "-i", ",".join(filter(None, (flashing(seconds=SECONDS), picture)))),
        *("-f", "lavfi", "-i", beeping(48000, "stereo", seconds), "-map", "0:v", "-map", "1:a"),
        *(*X264, *codec),
    )


def notes(record: Record) -> list[str]:
    """Of sound that is copied, or not."""
    said = zip(record.custom_attributes.message_codes, record.messages, strict=True)
    return [text for code, text in said if code in {9146, 9147}]


def checked(folder: Path, work: Path) -> list[str]:
    work.mkdir()
    report = verify(folder, decode=make_decoder(find().ffmpeg, work), full=True)
    return [f"{f.rule} {f.found}" for f in report.findings if f.level == "MUST"]


# The picture begins 30 frames of sound (0.64 s) in; Matroska's times are whole milliseconds.
LATE = "trim=start=0.64"


@pytest.mark.parametrize(("name", "picture"), [("a.mp4", ""), ("late.mp4", LATE), ("late.mkv", LATE)])
def test_the_source_s_samples_in_step(
    name: str, picture: str, clips: Clips, presets: Path, tmp_path: Path
) -> None:
    source, out = made(clips, name, picture), tmp_path / "out"
    record = ingest.run(source, "whole", out, preset_dir=presets, copy="require")
    assert record.status is Status.COMPLETED, record.error
    assert notes(record) == ["Sound Copied: und-stereo"]
    assert checked(out, tmp_path / "work") == []
    begins = Fraction("0.64") if picture else Fraction(0)
    film = join(out / "video/whole/index.m3u8", tmp_path / "film.mp4")
    tone = join(out / "audio/und-stereo/index.m3u8", tmp_path / "tone.mp4")
    heard, original = sound(tone), sound(source)
    light = flashes(pictures(film, pixel_format="gray", size=(2, 2)))
    assert light[0] == (Fraction("0.48") if not picture else Fraction("0.84"))
    for options in ((), ("-ignore_editlist", "1")):
        beeps = sound(tone, options=options).onsets()
        near = [min(beeps, key=lambda b, f=f: abs(b - f)) - f for f in light]
        assert {float(d) for d in near if abs(d) > BOUND} == set()
    # Sample by sample what the source decodes to.
    offset = round((begins - original.start) * 48000)
    count = len(heard.samples) - FIRST_WHOLE
    assert count >= (SECONDS - begins) * 48000 - 2 * FIRST_WHOLE
    assert heard.samples[FIRST_WHOLE:] == original.samples[offset + FIRST_WHOLE :][:count]


def test_sound_that_is_too_costly_is_encoded(clips: Clips, presets: Path, tmp_path: Path) -> None:
    source, out = made(clips, "pcm.mkv", codec=("-c:a", "pcm_s16le")), tmp_path / "out"
    record = ingest.run(source, "whole", out, preset_dir=presets, copy="require")
    assert record.status is Status.COMPLETED, record.error
    assert notes(record) == ["Sound Not Copied: und-stereo: the source is pcm_s16le, the rendition aac LC"]


def test_damaged_sound_is_encoded(clips: Clips, presets: Path, tmp_path: Path) -> None:
    whole, source, out = made(clips, "a.mp4"), tmp_path / "damaged.mp4", tmp_path / "out"
    damage = ("-bsf:a", "noise=amount='if(between(n,60,64),3,0)'")
    run(find().ffmpeg.path.as_posix(), "-i", str(whole), "-map", "0", "-c", "copy", *damage, str(source))
    record = ingest.run(source, "whole", out, preset_dir=presets, copy="require")
    assert record.status is Status.COMPLETED, record.error
    assert notes(record) == [
        "Sound Copied: und-stereo",
        "Sound Not Copied: und-stereo: some of it is damaged",
    ]
    assert [w.code for w in record.warnings if w.code == 9224] == [9224]
    assert checked(out, tmp_path / "work") == []


def test_of_a_part_of_the_film_that_part(clips: Clips, presets: Path, tmp_path: Path) -> None:
    """Its key pictures are 30 frames of sound (0.64 s) apart."""
    source, out = made(clips, "dense.mp4", codec=("-g", "16", "-keyint_min", "16", *AAC)), tmp_path / "out"
    record = ingest.run(source, "whole", out, preset_dir=presets, copy="require", start=1.28, end=3.84)
    assert record.status is Status.COMPLETED, record.error
    assert notes(record) == ["Sound Copied: und-stereo"]
    heard, original = sound(join(out / "audio/und-stereo/index.m3u8", tmp_path / "tone.mp4")), sound(source)
    offset = round((Fraction("1.28") - original.start) * 48000)
    count = len(heard.samples) - FIRST_WHOLE
    assert len(heard.samples) == round(Fraction("2.56") * 48000 / 1024) * 1024
    assert heard.samples[FIRST_WHOLE:] == original.samples[offset + FIRST_WHOLE :][:count]
