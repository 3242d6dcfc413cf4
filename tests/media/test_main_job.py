"""The main job on real clips: what `--res sd,hd,fhd` publishes is measured against the source, without ingest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import m3u8
import pytest
from main_job import SAMPLE_CLIPS, SHARED_CLIPS, Clip, Ingest, Package
from measuring import cuts, error, flat, key_times, lag, likeness, probe, psnr, quality, run, sound
from PIL import Image

from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify
from ingest.pipeline.output_folder import ENTRIES

if TYPE_CHECKING:
    from measuring import Picture

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

# Byte for byte the sample: what holds of that holds of this.
(PARK, PARK_AGAIN) = (c for c in (*SAMPLE_CLIPS, *SHARED_CLIPS) if c.file.startswith("park"))
CLIPS = (*SAMPLE_CLIPS, *(c for c in SHARED_CLIPS if c is not PARK_AGAIN))
SEED = Path(__file__).parents[3] / "shared" / "reference" / "seeds" / "004_ff9c320a2842d34f.txt"

# Steps in order, as they stand in the record where nothing is noted.
STEPS = {
    117: "Starting Ingest",
    154: "Probing Video Codec",
    155: "Probing Audio",
    156: "Probing Video Klv",
    157: "Generating Video Stream Info",
    158: "Generating Video Info",
    9002: "Planning Resolutions",
    9001: "Transcoding with CPU",
    160: "Extracting KLV Metadata",
    161: "Generating HLS Service Files",
    174: "Generating Poster Image",
    182: "Generating Preview Images",
    9010: "Generating Subtitles",
    9020: "Generating KLV Cues",
    162: "Generating ABR Info Files",
    9003: "Verifying Package",
    163: "Removing Temporary Files",
    205: "Video Files Created",
    118: "Ingest Complete",
}
NOT_ALWAYS = frozenset({160, 9010, 9020})
RESOLUTIONS = ("sd", "hd", "fhd")


def steps_of(clip: Clip) -> dict[int, str]:
    """The steps that are taken for a clip; those of text and of KLV only where the clip has some."""
    return {c: t for c, t in STEPS.items() if c not in NOT_ALWAYS or c in clip.notes}


@pytest.fixture(scope="module", params=CLIPS, ids=lambda c: c.file)
def clip(request: pytest.FixtureRequest) -> Clip:
    chosen: Clip = request.param
    chosen.present()
    return chosen


@pytest.fixture(scope="module")
def package(clip: Clip, ingested: Ingest) -> Package:
    return ingested(clip.path)


@pytest.fixture(scope="module")
def shown(clip: Clip, ingested: Ingest) -> tuple[Picture, ...]:
    return ingested.shown(clip)


def test_the_one_shared_clip_that_is_not_ingested_here_is_a_sample() -> None:
    assert PARK_AGAIN.present().read_bytes() == PARK.path.read_bytes()
    assert replace(PARK, file=PARK_AGAIN.file) == PARK_AGAIN


# -- the record --


def test_the_record_is_of_the_seeds_shape(package: Package) -> None:
    record = package.record
    assert list(record)[:8] == [
        *("jobId", "inputs", "messages", "type", "results", "status", "username", "customAttributes")
    ]
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(f"j{uuid}", record["jobId"])
    assert list(record["inputs"]) == ["serviceItemId", "requestedResolutions", "fileIds", "serviceUrl"]
    assert re.fullmatch("[0-9a-f]{32}", record["inputs"]["serviceItemId"])
    assert re.fullmatch(f"i{uuid}", record["inputs"]["fileIds"])
    assert record["inputs"]["requestedResolutions"] == "sd,hd,fhd"
    assert record["inputs"]["serviceUrl"] == f"{package.folder.as_uri()}/"
    stem = package.source.stem
    assert record["results"] == {"layerId": 0, "layerName": stem, "serviceName": stem}
    assert (record["type"], record["status"]) == ("Publish Streaming Service", "COMPLETED")
    assert (record["error"], record["warnings"], record["progress"]["percent"]) == (None, [], 100.0)
    attributes = record["customAttributes"]
    assert list(attributes) == ["messageCodes", "savingToStorage", "newLayerId"]
    assert (attributes["savingToStorage"], attributes["newLayerId"]) == (False, 0)


def test_the_record_has_the_keys_and_types_of_the_example_itself(package: Package) -> None:
    if not SEED.exists():
        pytest.skip("the seed is not beside the repository")
    text = SEED.read_text(encoding="utf-8")
    example = json.loads(text[text.rindex('{\n  "jobId"') : text.rindex("\n}") + 2])
    record = package.record

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return [(k, shape(v)) for k, v in value.items()]
        return [type(v) for v in value[:1]] if isinstance(value, list) else type(value)

    assert shape({k: record[k] for k in list(record)[: len(example)]}) == shape(example)


def test_messages_and_codes_are_parallel_and_whole(clip: Clip, package: Package) -> None:
    record = package.record
    expected = []
    for code in steps_of(clip):
        expected += [code, *clip.notes.get(code, ())]
    expected.insert(expected.index(118), 9106)
    codes = record["customAttributes"]["messageCodes"]
    assert codes == expected
    assert len(record["messages"]) == len(codes)
    assert [m for m, c in zip(record["messages"], codes, strict=True) if c in STEPS] == list(
        steps_of(clip).values()
    )
    assert [(s["code"], s["message"], s["result"]) for s in record["steps"]] == [
        (code, text, "done") for code, text in steps_of(clip).items()
    ]


def test_each_resolution_has_its_own_outcome(clip: Clip, package: Package) -> None:
    outputs = package.record["outputs"]
    assert [o["resolution"] for o in outputs] == list(RESOLUTIONS)
    sizes = {o["resolution"]: (o["width"], o["height"]) for o in outputs if o["status"] == "COMPLETED"}
    assert sizes == clip.rungs
    for output in outputs:
        left = output["resolution"] not in clip.rungs
        assert output["status"] == ("LEFT_OUT" if left else "COMPLETED")
        assert len(output["messages"]) == len(output["messageCodes"])
        if left:
            assert (output["messageCodes"], output["files"]) == ([9101], [])
        else:
            steps = [c for c in output["messageCodes"] if c in STEPS]
            assert (steps, output["percent"]) == ([9001, 161, 162, 9003], 100.0)
            folder = package.folder / "video" / output["resolution"]
            assert sorted(output["files"]) == sorted(
                p.relative_to(package.folder).as_posix() for p in folder.iterdir()
            )


def test_the_record_lists_exactly_the_published_files(package: Package) -> None:
    there = {
        p.relative_to(package.folder).as_posix()
        for p in package.folder.rglob("*")
        if p.is_file() and p.name != "job.json"
    }
    assert set(package.record["files"]) == there
    assert {p.name for p in package.folder.iterdir()} <= {*ENTRIES, "job.json"}


def test_ingest_verify_finds_nothing(clip: Clip, package: Package, tmp_path: Path) -> None:
    """Nothing but the recommendations that the source itself does not allow to follow (README)."""
    report = verify(package.folder, decode=make_decoder(find().ffmpeg, tmp_path))
    lone = [("Apple 9.9", "one variant")] if len(package.rungs) == 1 else []
    assert report.must == ()
    assert [(f.rule, f.found) for f in report.should] == [*clip.recommendations, *lone]
    assert report.decoded > 0


# -- pictures --


def test_every_rung_shows_the_sources_pictures_at_their_times(
    clip: Clip, package: Package, shown: tuple[Picture, ...]
) -> None:
    assert len(shown) == clip.pictures
    first = shown[0].time
    grid = clip.rate and [i / clip.rate for i in range(clip.pictures)]
    expected = grid or [p.time - first for p in shown]
    for rung in clip.rungs:
        clip.check_times([p.time for p in package.pictures(rung)], list(expected))


def test_every_rung_shows_the_right_picture_each_time(
    clip: Clip, package: Package, shown: tuple[Picture, ...]
) -> None:
    for rung in clip.rungs:
        found = likeness(package.pictures(rung), shown)
        assert len(found.misplaced) <= clip.contradicting
        if clip.hdr:  # two ways to tone map do not give the same picture
            continue
        assert (found.worst > 22, found.poor > 30) == (True, True), found
        assert found.in_place or clip.still or clip.contradicting


@pytest.mark.parametrize("clip", SAMPLE_CLIPS, ids=lambda c: c.file)
def test_every_picture_is_near_the_source_at_full_size(clip: Clip, ingested: Ingest, tmp_path: Path) -> None:
    """With the presets as they are shipped."""
    rungs = [(ingested(clip.path, "hd", fast=False).joined("video/hd"), *clip.rungs["hd"])]
    (levels,) = quality(rungs, clip.path, tmp_path, matrix=clip.matrix, signal=clip.signal)
    assert len(levels) == clip.pictures
    assert min(levels) > 30
    assert sum(levels) / len(levels) > 35


def test_every_rung_is_plain_bt709_h264(clip: Clip, package: Package) -> None:
    for rung, (width, height) in clip.rungs.items():
        document = probe(
            package.joined(f"video/{rung}"), "-show_streams", "-show_frames", "-read_intervals", "%+#1"
        )
        (stream,) = document["streams"]
        expected = {
            "codec_name": "h264",
            "codec_tag_string": "avc1",
            "pix_fmt": "yuv420p",
            "width": width,
            "height": height,
            "sample_aspect_ratio": "1:1",
            "field_order": "progressive",
            "color_range": "tv",
            "color_space": "bt709",
            "color_transfer": "bt709",
            "color_primaries": "bt709",
        }
        assert {k: stream.get(k) for k in expected} == expected
        assert "side_data_list" not in stream
        (frame,) = document["frames"]
        kinds = {d["side_data_type"] for d in frame.get("side_data_list", ())}
        assert kinds <= {"H.26[45] User Data Unregistered SEI message"}
        assert (frame["pict_type"], frame["interlaced_frame"]) == ("I", 0)


# -- the segment grid --


def test_all_rungs_are_cut_at_the_same_instants_from_zero(
    clip: Clip, package: Package, shown: tuple[Picture, ...]
) -> None:
    times = [p.time - shown[0].time for p in shown]
    if clip.rate is not None:
        gop = round(2 * clip.rate) / clip.rate
        keys = [i * gop for i in range(len(times)) if i * gop < len(times) / clip.rate]
        segment = 3 * gop
    else:
        # The first picture in each two seconds.
        keys = [min(t for t in times if t // 2 == n) for n in sorted({t // 2 for t in times})]
        segment = Fraction(6)
    ends = [
        min(k for k in keys if k >= n * segment) for n in range(1, 100) if any(k >= n * segment for k in keys)
    ]
    frame = max(b - a for a, b in pairwise(times))
    for rung in clip.rungs:
        assert key_times(package.joined(f"video/{rung}")) == keys
        found = cuts(package.playlist(f"video/{rung}"))
        assert [abs(a - b) < Fraction(1, 10_000) for a, b in zip(found[:-1], ends, strict=True)] == [
            True
        ] * len(ends)
        assert times[-1] < found[-1] <= times[-1] + frame + Fraction(1, 10_000)


def test_each_segment_begins_with_a_key_picture_of_its_own(clip: Clip, package: Package) -> None:
    for rung in clip.rungs:
        playlist = package.playlist(f"video/{rung}")
        start = Fraction(0)
        for segment, end in zip(m3u8.load(str(playlist)).segments, cuts(playlist), strict=True):
            alone = package.joined(f"video/{rung}").with_name("alone.mp4")
            alone.write_bytes(
                (playlist.parent / "init.mp4").read_bytes() + (playlist.parent / segment.uri).read_bytes()
            )
            assert abs(key_times(alone)[0] - start) < Fraction(1, 10_000)
            start = end


# -- playlists and images --


def test_every_playlist_loads_and_names_files_that_are_there(clip: Clip, package: Package) -> None:
    master = m3u8.load(str(package.folder / "ABR.m3u8"))
    assert master.is_variant
    assert master.is_independent_segments
    uris = {p.uri for p in master.playlists} | {m.uri for m in master.media}
    iframes = {p.uri for p in master.iframe_playlists}
    assert uris == {
        *(f"video/{r}/index.m3u8" for r in clip.rungs),
        *(f"audio/{n}/index.m3u8" for n in clip.sounds),
        *(f"text/{n}/index.m3u8" for n in clip.texts),
        *(["telemetry/index.m3u8"] if 9020 in clip.notes else []),
    }
    assert iframes == {"trick/iframes.m3u8", *(f"video/{r}/iframes.m3u8" for r in clip.rungs)}
    images = {p.uri for p in master.image_playlists}
    assert images == {"previews/images.m3u8"}
    assert {(p.uri, p.stream_info.resolution) for p in master.playlists} == {
        (f"video/{r}/index.m3u8", size) for r, size in clip.rungs.items()
    }
    assert {m.uri: m.channels for m in master.media if m.type == "AUDIO"} == {
        f"audio/{n}/index.m3u8": str(c) for n, c in clip.sounds.items()
    }
    # Every variant plays with every layout: one entry for each.
    assert len(master.playlists) == len(clip.rungs) * max(1, len(set(clip.sounds.values())))
    for variant in master.playlists:
        sound_codec = ["mp4a.40.2"] if clip.sounds else []
        picture, *rest = variant.stream_info.codecs.split(",")
        assert (picture[:5], rest) == ("avc1.", sound_codec)
        assert variant.stream_info.video_range == "SDR"
        if clip.rate is not None:
            assert variant.stream_info.frame_rate == pytest.approx(float(clip.rate), abs=0.0006)
    assert {p.relative_to(package.folder).as_posix() for p in package.folder.rglob("*.m3u8")} == {
        "ABR.m3u8",
        *uris,
        *iframes,
        *images,
    }
    for uri in uris | iframes:
        path = package.folder / uri
        media = m3u8.load(str(path))
        assert media.is_endlist
        named = {s.uri for s in media.segments} | {m.uri for m in media.segment_map}
        assert all((path.parent / name).stat().st_size > 0 for name in named)
        if uri in uris:
            there = {p.name for p in path.parent.iterdir() if p.suffix in {".mp4", ".m4s", ".vtt"}}
            assert named == there - {"whole.vtt"}


def test_ffmpeg_plays_the_master_playlist_to_its_end(clip: Clip, package: Package) -> None:
    options = ("-allowed_extensions", "ALL") if clip.sounds else ()
    done = run(
        *(
            str(find().ffmpeg.path),
            "-nostdin",
            "-v",
            "error",
            *options,
            "-i",
            str(package.folder / "ABR.m3u8"),
        ),
        *("-map", "0:v", "-c", "copy", "-f", "framecrc", "-"),
    )
    assert done.stderr == b""
    counts: dict[bytes, int] = {}
    for line in done.stdout.splitlines():
        if not line.startswith(b"#"):
            counts[line.split(b",")[0]] = counts.get(line.split(b",")[0], 0) + 1
    assert set(counts.values()) == {clip.pictures}


def test_the_dash_manifest_tells_the_same(clip: Clip, package: Package) -> None:
    root = ET.parse(package.folder / "manifest.mpd").getroot()
    assert root.get("type") == "static"
    sets = [
        s
        for s in root.iter(f"{{{root.tag[1:].split('}')[0]}}}AdaptationSet")
        if s.get("contentType") != "image"
    ]
    found = {(n.get("width"), n.get("height")) for s in sets for n in s.iter() if n.get("width")}
    assert found == {(str(w), str(h)) for w, h in clip.rungs.values()}
    declared = re.fullmatch(r"PT([\d.]+)S", root.get("mediaPresentationDuration") or "")
    assert declared
    ends = [cuts(p)[-1] for p in package.folder.glob("*/*/index.m3u8")]
    assert float(declared[1]) == pytest.approx(float(max(ends)), abs=0.002)


def nearest(picture: bytes, shown: tuple[Picture, ...]) -> tuple[float, Picture]:
    return min(((error(picture, p.pixels), p) for p in shown), key=lambda found: found[0])


def test_the_poster_is_a_picture_of_the_source(
    clip: Clip, package: Package, shown: tuple[Picture, ...]
) -> None:
    (small,) = flat(package.folder / "poster.jpg")
    with Image.open(package.folder / "poster.jpg") as poster:
        poster.load()
        assert (poster.format, poster.mode) == ("JPEG", "RGB")
        largest = max(clip.rungs.values())
        assert poster.width / poster.height == pytest.approx(largest[0] / largest[1], rel=0.01)
        assert min(poster.size) >= min(largest) // 2
    wrong, _ = nearest(small, shown)
    assert psnr(wrong) > (15 if clip.hdr else 33)


def test_each_preview_is_the_picture_of_its_time(
    clip: Clip, package: Package, shown: tuple[Picture, ...], tmp_path: Path
) -> None:
    folder = package.folder / "previews"
    cue = re.compile(r"(\d+):(\d+):([\d.]+) --> (\d+):(\d+):([\d.]+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")
    text = (folder / "previews.vtt").read_text(encoding="ascii")
    assert text.startswith("WEBVTT\n")
    cues = cue.findall(text)
    assert len(cues) == text.count("-->") > 0
    until = Fraction(0)
    for h1, m1, s1, h2, m2, s2, name, *area in cues:
        start = int(h1) * 3600 + int(m1) * 60 + Fraction(s1)
        assert start == until
        until = int(h2) * 3600 + int(m2) * 60 + Fraction(s2)
        x, y, width, height = map(int, area)
        with Image.open(folder / name) as sheet:
            assert x + width <= sheet.width
            assert y + height <= sheet.height
            tile = tmp_path / "tile.png"
            sheet.crop((x, y, x + width, y + height)).save(tile)
        (small,) = flat(tile)
        # The first picture at or after the cue's start, to the millisecond that VTT can say.
        own = next(p for p in shown if p.time - shown[0].time >= start - Fraction(1, 1000))
        assert psnr(error(small, own.pixels)) > (14 if clip.hdr else 27), (start, own.time)
    last = cuts(next((package.folder / "video").glob("*/index.m3u8")))[-1]
    assert abs(until - last) < Fraction(2, 1000)
    document = json.loads((folder / "preview.json").read_bytes())
    with Image.open(folder / Path(document["preview"]).name) as sprite:
        sprite.load()
        assert sprite.size == (document["width"] * document["nCol"], document["height"] * document["nRow"])
    assert document["frameCount"] == len(document["frames"]) == len(cues)


# -- sound --


def test_sound_is_complete_and_in_its_place(clip: Clip, package: Package, shown: tuple[Picture, ...]) -> None:
    assert package.sounds == tuple(sorted(clip.sounds))
    length = cuts(next((package.folder / "video").glob("*/index.m3u8")))[-1]
    step = max(b.time - a.time for a, b in pairwise(shown))
    for (name, channels), stream in zip(sorted(clip.sounds.items()), clip.sound_streams, strict=True):
        (track,) = probe(package.joined(f"audio/{name}"), "-show_streams")["streams"]
        rate = int(track["sample_rate"])
        assert (track["codec_name"], track["profile"], track["channels"]) == ("aac", "LC", channels)
        source = sound(clip.path, stream=stream, filters=f"aformat=channel_layouts=mono,aresample={rate}")
        made = package.sound(name)
        assert (made.start, made.rate) == (0, rate)
        assert abs(made.duration - length) <= step + Fraction(1024, rate)
        assert abs(lag(made, source, shown[0].time)) < 0.001
        # Players that pass over edit lists hear the same.
        assert package.sound(name, options=("-ignore_editlist", "1")) == made
        assert abs(cuts(package.playlist(f"audio/{name}"))[-1] - length) <= step + Fraction(1024, rate)


# -- that these measurements can fail --


def test_a_shift_a_turn_or_a_wrong_matrix_is_seen(ingested: Ingest) -> None:
    clip = SAMPLE_CLIPS[1]
    made, shown = ingested(clip.path).pictures("sd"), ingested.shown(clip)
    assert likeness(made, shown).in_place
    part, same = made[100:180], shown[100:180]
    assert likeness(part, same).in_place
    for moved in (shown[99:179], shown[101:181]):
        assert not likeness(part, moved).in_place
        assert len(likeness(part, moved).misplaced) > 20
    for wrong in ({"upright": "hflip"}, {"upright": "vflip"}, {"signal": "pc"}, {"matrix": "bt601"}):
        other = replace(clip, **wrong)
        assert likeness(part, other.shown()[100:180]).worst < likeness(part, same).worst - 3
