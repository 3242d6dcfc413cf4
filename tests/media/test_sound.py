"""Channels, levels and loudness of real packages, measured on the decoded samples."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import m3u8
import pytest
from measuring import ffmpeg, run

import ingest

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=2")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
SECONDS = 2
LEVEL = 0.1  # amplitude of each tone; -20 dB of full scale
LAYOUTS = {
    "5.1": ("FL", "FR", "FC", "LFE", "BL", "BR"),
    "5.1(side)": ("FL", "FR", "FC", "LFE", "SL", "SR"),
    "6.1": ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    "7.1": ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
    "7.1(wide)": ("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC"),
    "quad": ("FL", "FR", "BL", "BR"),
    "2.1": ("FL", "FR", "LFE"),
    "5.0": ("FL", "FR", "FC", "BL", "BR"),
}
NONE = -60.0  # dB: not there


def pitch(channel: int) -> int:
    """The tone of a channel, in Hz: a whole number of waves in a tenth of a second."""
    return 60 if channel == 3 else 400 + 150 * channel


def tones(layout: str, count: int, seconds: float = SECONDS) -> str:
    voices = "|".join(f"{LEVEL}*sin(2*PI*{pitch(i)}*t)" for i in range(count))
    return f"aevalsrc={voices}:c={layout}:s=48000:d={seconds}"


def clip(clips: Clips, name: str, sounds: tuple[str, ...], *options: str) -> Path:
    """One picture stream, and each of `sounds` (lavfi graphs) as an audio stream."""
    inputs = tuple(part for s in sounds for part in ("-f", "lavfi", "-i", s))
    maps = tuple(part for i in range(len(sounds) + 1) for part in ("-map", str(i)))
    return clips.make(name, *PICTURE, *inputs, *maps, *X264, *options)


def level(samples: list[int], frequency: int) -> float:
    """The tone's amplitude in dB against `LEVEL`, over the tenth of a second from 1 s on."""
    part = samples[48_000:52_800]
    step = 2 * math.pi * frequency / 48_000
    real = sum(s * math.cos(step * n) for n, s in enumerate(part))
    imaginary = sum(s * math.sin(step * n) for n, s in enumerate(part))
    amplitude = 2 * math.hypot(real, imaginary) / len(part) / 32_768
    return 20 * math.log10(max(amplitude, 1e-6) / LEVEL)


def channels(package: Package, name: str, count: int) -> list[list[int]]:
    done = run(
        *(ffmpeg(), "-nostdin", "-v", "error", "-i", str(package.joined(f"audio/{name}"))),
        *("-f", "s16le", "-c:a", "pcm_s16le", "-"),
    )
    words = memoryview(done.stdout).cast("h").tolist()
    return [words[i::count] for i in range(count)]


def heard(package: Package, name: str, count: int, frequencies: list[int]) -> list[list[float]]:
    """For each channel of a rendition the levels of the tones; what is not there is `NONE`."""
    found = [[level(c, f) for f in frequencies] for c in channels(package, name, count)]
    return [[round(v, 1) if v > -35 else NONE for v in row] for row in found]


# -- downmix: Rec. ITU-R BS.775-3, table 2 --

STEREO: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "5.1": ({"FL": 0, "FC": -3, "BL": -3}, {"FR": 0, "FC": -3, "BR": -3}),
    "5.1(side)": ({"FL": 0, "FC": -3, "SL": -3}, {"FR": 0, "FC": -3, "SR": -3}),
    "6.1": ({"FL": 0, "FC": -3, "BC": -6, "SL": -3}, {"FR": 0, "FC": -3, "BC": -6, "SR": -3}),
    "7.1": (
        {"FL": 0, "FC": -3, "BL": -3, "SL": -3},
        {"FR": 0, "FC": -3, "BR": -3, "SR": -3},
    ),
    "7.1(wide)": (
        {"FL": 0, "FC": -3, "BL": -3, "FLC": 0},
        {"FR": 0, "FC": -3, "BR": -3, "FRC": 0},
    ),
    "quad": ({"FL": 0, "BL": -3}, {"FR": 0, "BR": -3}),
    "2.1": ({"FL": 0}, {"FR": 0}),
    "5.0": ({"FL": 0, "FC": -3, "BL": -3}, {"FR": 0, "FC": -3, "BR": -3}),
}
SURROUND: dict[str, tuple[dict[str, float], ...]] = {
    "5.1": ({"FL": 0}, {"FR": 0}, {"FC": 0}, {"LFE": 0}, {"BL": 0}, {"BR": 0}),
    "5.1(side)": ({"FL": 0}, {"FR": 0}, {"FC": 0}, {"LFE": 0}, {"SL": 0}, {"SR": 0}),
    "6.1": ({"FL": 0}, {"FR": 0}, {"FC": 0}, {"LFE": 0}, {"SL": 0, "BC": -3}, {"SR": 0, "BC": -3}),
    "7.1": ({"FL": 0}, {"FR": 0}, {"FC": 0}, {"LFE": 0}, {"BL": 0, "SL": -3}, {"BR": 0, "SR": -3}),
    "7.1(wide)": ({"FL": 0, "FLC": 0}, {"FR": 0, "FRC": 0}, {"FC": 0}, {"LFE": 0}, {"BL": 0}, {"BR": 0}),
    "5.0": ({"FL": 0}, {"FR": 0}, {"FC": 0}, {}, {"BL": 0}, {"BR": 0}),
}


@pytest.fixture(scope="module")
def layouts(clips: Clips, ingested: Ingest) -> Package:
    """All layouts as tracks of one film, each in a language of its own; FLAC knows some of them, PCM all."""
    graphs = tuple(tones(layout, len(names)) for layout, names in LAYOUTS.items())
    tags = [f"-metadata:s:a:{i}=language={lang}" for i, lang in enumerate(LANGUAGES)]
    words = [part for tag in tags for part in tag.split("=", 1)]
    return ingested(clip(clips, "layouts.mov", graphs, "-c:a", "pcm_s16le", *words), "sd")


LANGUAGES = ("eng", "ger", "fra", "ita", "spa", "dut", "dan", "por")
CODES = dict(zip(LAYOUTS, ("en", "de", "fr", "it", "es", "nl", "da", "pt"), strict=True))


@pytest.mark.parametrize("layout", STEREO)
def test_each_channel_s_share_of_the_stereo_mix(layouts: Package, layout: str) -> None:
    names = LAYOUTS[layout]
    found = heard(layouts, f"{CODES[layout]}-stereo", 2, [pitch(i) for i in range(len(names))])
    for row, wanted in zip(found, STEREO[layout], strict=True):
        assert row == pytest.approx([wanted.get(n, NONE) for n in names], abs=0.6)


@pytest.mark.parametrize("layout", SURROUND)
def test_each_channel_s_place_in_the_surround_rendition(layouts: Package, layout: str) -> None:
    names = LAYOUTS[layout]
    found = heard(layouts, f"{CODES[layout]}-51", 6, [pitch(i) for i in range(len(names))])
    for row, wanted in zip(found, SURROUND[layout], strict=True):
        assert row == pytest.approx([wanted.get(n, NONE) for n in names], abs=0.6)


def test_only_surround_gets_a_surround_rendition(layouts: Package) -> None:
    made = {f"{CODES[k]}-stereo" for k in STEREO} | {f"{CODES[k]}-51" for k in SURROUND}
    assert set(layouts.sounds) == made


def test_a_loud_mix_does_not_clip(clips: Clips, ingested: Ingest) -> None:
    """Six channels at full scale in phase would add up to 2.4 times full scale: held, and not torn."""
    voices = "|".join(["0.99*sin(2*PI*500*t)"] * 6)
    source = clip(clips, "loud.mkv", (f"aevalsrc={voices}:c=5.1:s=48000:d=2",), "-c:a", "pcm_s24le")
    for side in channels(ingested(source, "sd"), "und-stereo", 2):
        assert max(map(abs, side[4800:-4800])) < 32_000
        tone, distortion = level(side, 500), level(side, 1500)
        assert -3 < tone - 20 < 0  # LEVEL is 20 dB below full scale
        assert distortion - tone < -40


def test_a_hot_stereo_track_keeps_its_peaks(clips: Clips, ingested: Ingest) -> None:
    """A tone of a quarter of the sample rate, whose peaks lie 3 dB above its samples."""
    voice = "0.999*sqrt(2)*sin(2*PI*12000*t+PI/4)"
    source = clip(clips, "hot.mkv", (f"aevalsrc={voice}|{voice}:c=stereo:s=48000:d=2",), "-c:a", "pcm_s24le")
    for side in channels(ingested(source, "sd"), "und-stereo", 2):
        assert level(side, 12_000) == pytest.approx(20 + 3, abs=0.5)


# -- tracks and channels that nobody named --


def test_mono_tracks_of_a_broadcast_file_become_pairs(clips: Clips, ingested: Ingest) -> None:
    voices = tuple(f"sine=frequency={pitch(i)}:sample_rate=48000:duration=2" for i in (0, 1, 2, 4, 5))
    package = ingested(
        clip(clips, "mono.mxf", voices, "-r", "25", "-c:v", "mpeg2video", "-c:a", "pcm_s24le"), "sd"
    )
    assert package.sounds == ("und-stereo", "und-stereo-2", "und-stereo-3")
    every = [pitch(i) for i in (0, 1, 2, 4, 5)]
    for name, places in (("und-stereo", (0, 1)), ("und-stereo-2", (2, 3)), ("und-stereo-3", (4, 4))):
        found = heard(package, name, 2, every)
        # A sine of ffmpeg's has an eighth of full scale.
        wanted = [[1.9 if i == place else NONE for i in range(5)] for place in places]
        assert _near(found, wanted)
    assert package.record["customAttributes"]["messageCodes"].count(9125) == 2


def _near(found: list[list[float]], wanted: list[list[float]]) -> bool:
    return all(row == pytest.approx(expected, abs=0.6) for row, expected in zip(found, wanted, strict=True))


def test_labelled_mono_tracks_become_surround(clips: Clips, ingested: Ingest) -> None:
    names = ("FL", "FR", "FC", "LFE", "SL", "SR")
    voices = tuple(
        f"aevalsrc={LEVEL}*sin(2*PI*{pitch(i)}*t):c={n if n != 'FC' else 'mono'}:s=48000:d=2"
        for i, n in enumerate(names)
    )
    package = ingested(clip(clips, "labelled.mov", voices, "-c:a", "pcm_s24le"), "sd")
    assert package.sounds == ("und-51", "und-stereo")
    found = heard(package, "und-51", 6, [pitch(i) for i in range(6)])
    assert _near(found, [[0.0 if i == place else NONE for i in range(6)] for place in range(6)])


@pytest.mark.parametrize("count", [4, 8, 16])
def test_of_unnamed_channels_the_first_two_are_heard(clips: Clips, ingested: Ingest, count: int) -> None:
    voices = "|".join(f"{LEVEL}*sin(2*PI*{pitch(i)}*t)" for i in range(count))
    graph = f"aevalsrc={voices}:s=48000:d=2"
    package = ingested(clip(clips, f"unnamed{count}.mkv", (graph,), "-c:a", "pcm_s16le"), "sd")
    assert package.sounds == ("und-stereo",)
    found = heard(package, "und-stereo", 2, [pitch(i) for i in range(count)])
    assert _near(found, [[0.0 if i == place else NONE for i in range(count)] for place in range(2)])


def test_ambisonics_keep_left_and_right(clips: Clips, ingested: Ingest) -> None:
    """W alone is in the middle, 3 dB lower on each side; Y is on the left, and the right has it turned around."""
    graph = f"aevalsrc={LEVEL}*sin(2*PI*400*t)|{LEVEL}*sin(2*PI*550*t)|0|0:c='ambisonic 1':s=48000:d=2"
    coding = ("-c:a", "libopus", "-mapping_family", "2", "-b:a", "256k")
    package = ingested(clip(clips, "ambisonic.mkv", (graph,), *coding), "sd")
    assert package.sounds == ("und-stereo",)
    assert _near(heard(package, "und-stereo", 2, [400, 550]), [[-3.0, -6.0], [-3.0, -6.0]])


# -- languages and purposes --


def test_purposes_reach_both_manifests(clips: Clips, ingested: Ingest) -> None:
    voices = tuple(f"sine=frequency={f}:sample_rate=48000:duration=2" for f in (300, 400, 500, 600))
    package = ingested(
        clip(
            *(clips, "purposes.mkv", voices, "-c:a", "aac"),
            *("-metadata:s:a:0", "language=eng", "-disposition:a:0", "comment+default"),
            *("-metadata:s:a:1", "language=eng", "-disposition:a:1", "0"),
            *("-metadata:s:a:2", "language=eng", "-disposition:a:2", "visual_impaired"),
            *("-metadata:s:a:3", "language=ger", "-disposition:a:3", "0"),
        ),
        "sd",
    )
    media = {m.name: m for m in m3u8.load(str(package.folder / "ABR.m3u8")).media}
    assert {n: (m.language, m.default, m.autoselect, m.characteristics) for n, m in media.items()} == {
        "English (commentary)": ("en", "NO", "NO", None),
        "English": ("en", "YES", "YES", None),
        "English (audio description)": ("en", "NO", "YES", "public.accessibility.describes-video"),
        "Deutsch": ("de", "NO", "YES", None),
    }
    ns = "{urn:mpeg:dash:schema:mpd:2011}"
    sets = [
        s
        for s in ET.parse(package.folder / "manifest.mpd").getroot().iter(f"{ns}AdaptationSet")
        if s.get("contentType") == "audio"
    ]
    assert {
        (
            s.findtext(f"{ns}Label"),
            s.get("lang"),
            *(r.get("value") for r in s.findall(f"{ns}Role")),
            *(a.get("value") for a in s.findall(f"{ns}Accessibility")),
            len(s.findall(f"{ns}Representation")),
        )
        for s in sets
    } == {
        ("English (commentary)", "en", "commentary", 1),
        ("English", "en", "main", 1),
        ("English (audio description)", "en", "description", "1", 1),
        ("Deutsch", "de", "alternate", 1),
    }


# -- loudness --


def measured(path: Path, *options: str) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP) by the summary of ffmpeg's ebur128 filter."""
    done = run(
        *(ffmpeg(), "-nostdin", "-hide_banner", "-nostats", "-i", str(path), *options),
        *("-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"),
    )
    summary = done.stderr.decode().rpartition("Summary:")[2]
    found = re.search(r"I: +(-?[\d.]+) LUFS", summary), re.search(r"Peak: +(-?[\d.]+|-inf) dBFS", summary)
    assert found[0]
    assert found[1]
    return float(found[0][1]), float(found[1][1])


def loudness(package: Path) -> list[dict[str, object]]:
    document = json.loads((package / "info/loudness.json").read_bytes())
    audio: list[dict[str, object]] = document["audio"]
    return audio


def test_loudness_of_any_job_is_that_of_its_renditions(layouts: Package) -> None:
    entries = {str(e["name"]): e for e in loudness(layouts.folder)}
    assert set(entries) == set(layouts.sounds)
    for name, entry in entries.items():
        integrated, _ = measured(layouts.joined(f"audio/{name}"))
        assert isinstance(entry["source"], dict)
        assert entry["source"]["integratedLufs"] == pytest.approx(integrated, abs=0.3)
        assert (entry["gainDb"], entry["encoded"]) == (0, None)
    # Of the same channels, so nothing but the encoder lies between them.
    integrated, peak = measured(layouts.source, "-map", "0:a:0")
    assert entries["en-51"]["source"] == {
        "integratedLufs": pytest.approx(integrated, abs=0.1),
        "rangeLu": pytest.approx(0, abs=0.1),
        "truePeakDbtp": pytest.approx(peak, abs=0.1),
    }


def test_loudness_that_is_asked_for_is_reached(clips: Clips, tmp_path: Path) -> None:
    """Made louder, made softer, made louder as far as the peak allows; silence stays silence."""
    sounds = (
        "aevalsrc=0.02*sin(2*PI*997*t)|0.02*sin(2*PI*997*t):c=stereo:s=48000:d=2",
        "aevalsrc=0.9*sin(2*PI*997*t)|0.9*sin(2*PI*997*t):c=stereo:s=44100:d=2",
        "aevalsrc='0.01*sin(2*PI*997*t)+0.6*lt(mod(t,1),0.002)*sin(2*PI*997*t)':c=mono:s=48000:d=2",
        "anullsrc=cl=stereo:r=48000:d=2",
        tones("5.1", 6),
    )
    words = [p for i, t in enumerate(LANGUAGES[:5]) for p in (f"-metadata:s:a:{i}", f"language={t}")]
    source = clip(clips, "levels.mkv", sounds, "-c:a", "pcm_s24le", *words)
    record = ingest.run(source, "sd", tmp_path / "package", loudness=-23)
    assert record.status == "COMPLETED", record.error
    entries = {str(e["name"]): e for e in loudness(tmp_path / "package")}
    for name in ("en-stereo", "de-stereo", "es-stereo", "es-51"):
        whole = tmp_path / f"{name}.mp4"
        folder = tmp_path / "package/audio" / name
        whole.write_bytes(
            b"".join(p.read_bytes() for p in (folder / "init.mp4", *sorted(folder.glob("*.m4s"))))
        )
        integrated, _ = measured(whole)
        assert integrated == pytest.approx(-23, abs=0.5)
        encoded = entries[name]["encoded"]
        assert isinstance(encoded, dict)
        assert encoded["integratedLufs"] == pytest.approx(integrated, abs=0.1)
    peaky, silence = entries["fr-stereo"], entries["it-stereo"]
    assert isinstance(peaky["source"], dict)
    assert peaky["gainDb"] == pytest.approx(-1 - peaky["source"]["truePeakDbtp"], abs=0.02)
    assert silence["gainDb"] == 0
    assert silence["source"] == {"integratedLufs": None, "rangeLu": 0, "truePeakDbtp": None}
    assert [w.code for w in record.warnings] == [9226]
    assert record.custom_attributes.message_codes.count(9126) == 1
