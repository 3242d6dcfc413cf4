"""A good package has no findings, and each way to break it is found by its rule."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from fractions import Fraction
from operator import sub
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from helpers_cli import fill, small_disk
from made_package import FRAMES, edit, encode, package, tool, video
from measuring import join, pictures
from PIL import Image

from ingest.cli.verify import verify as command
from ingest.job import codes
from ingest.job.errors import OutputError, ResourceError
from ingest.media.cancel import CancelToken
from ingest.media.process import Limits
from ingest.media.toolchain import find
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST
from ingest.packaging.decode import (
    count_arguments,
    decoder_input,
    make_decoder,
    pictures_arguments,
    sound_arguments,
)
from ingest.packaging.measure import measure_track
from ingest.packaging.verify import Expected, ExpectedRung, Report, find_master, verify

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.media

PLAN = Expected(
    rungs={
        "hd": ExpectedRung(640, 360, FRAMES, Fraction(14), Fraction(1, 24)),
        "sd": ExpectedRung(320, 180, FRAMES, Fraction(14), Fraction(1, 24)),
    },
    audio_duration=Fraction(14),
    poster=True,
    previews=True,
)
AUDIO = "audio/en-stereo"


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("good"))


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "pkg"))


def check(folder: Path, work: Path, *, full: bool = False) -> Report:
    work.mkdir(exist_ok=True)
    decoder = make_decoder(find().ffmpeg, work, Limits(wall_seconds=60), CancelToken())
    return verify(folder, expected=PLAN, decode=decoder, full=full)


def test_a_good_package_is_clean(good: Path, tmp_path: Path) -> None:
    report = check(good, tmp_path / "work")
    # It has no trick play rendition: its I-frame playlists are as dense as its key pictures.
    assert [(f.rule, f.level) for f in report.findings] == [("Apple 6.2", "SHOULD")]
    assert report.decoded == 9
    assert report.checked > 250
    assert [(t.folder.name, t.frames, t.codec) for t in report.tracks] == [
        ("hd", FRAMES, "avc1.64001e"),
        ("sd", FRAMES, "avc1.64000c"),
        ("en-stereo", 658, "mp4a.40.2"),
    ]
    assert list((tmp_path / "work").iterdir()) == []


def cut_off(folder: Path) -> None:
    path = folder / "video/hd/seg-00002.m4s"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])


def empty(folder: Path) -> None:
    (folder / "video/sd/seg-00003.m4s").write_bytes(b"")


def missing(folder: Path) -> None:
    (folder / AUDIO / "seg-00002.m4s").unlink()


def swap(folder: Path) -> None:
    one, two = folder / "video/hd/seg-00001.m4s", folder / "video/hd/seg-00002.m4s"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def drop_last(folder: Path) -> None:
    edit(folder / "video/sd/index.m3u8", "#EXTINF:2.000,\nseg-00003.m4s\n", "")


def wrong_codecs(folder: Path) -> None:
    edit(folder / "ABR.m3u8", "avc1.64000c", "avc1.640028")


def sound_not_named(folder: Path) -> None:
    edit(folder / "ABR.m3u8", ",mp4a.40.2", "")


def half_bandwidth(folder: Path) -> None:
    text = (folder / "ABR.m3u8").read_text(encoding="utf-8")
    half = re.sub(r"(INF:BANDWIDTH=)(\d+)", lambda m: m[1] + str(int(m[2]) // 2), text)
    (folder / "ABR.m3u8").write_text(half, encoding="utf-8")


def high_average(folder: Path) -> None:
    text = (folder / "ABR.m3u8").read_text(encoding="utf-8")
    high = re.sub(r"(AVERAGE-BANDWIDTH=)(\d+)", lambda m: m[1] + str(int(m[2]) * 5 // 4), text)
    (folder / "ABR.m3u8").write_text(high, encoding="utf-8")


def wrong_extinf(folder: Path) -> None:
    edit(folder / "video/hd/index.m3u8", "#EXTINF:6.000,\nseg-00002", "#EXTINF:5.900,\nseg-00002")


def no_endlist(folder: Path) -> None:
    edit(folder / AUDIO / "index.m3u8", "#EXT-X-ENDLIST\n", "")


def other_group(folder: Path) -> None:
    """A second group whose only member has another name."""
    path = folder / "ABR.m3u8"
    text = path.read_text(encoding="utf-8")
    line = next(row for row in text.splitlines() if row.startswith("#EXT-X-MEDIA"))
    group = re.search('GROUP-ID="([^"]+)"', line)
    assert group
    twin = line.replace(f'"{group[1]}"', '"other"')
    twin = re.sub('NAME="[^"]+"', 'NAME="other"', twin)
    path.write_text(text.replace(line, f"{line}\n{twin}"), encoding="utf-8")


def wrong_resolution(folder: Path) -> None:
    edit(folder / "ABR.m3u8", "RESOLUTION=320x180,F", "RESOLUTION=426x240,F")


def wrong_frame_rate(folder: Path) -> None:
    edit(folder / "ABR.m3u8", "FRAME-RATE=24.000", "FRAME-RATE=23.976")


def damage_last_gop(folder: Path) -> None:
    path = folder / "video/hd/seg-00003.m4s"
    data = bytearray(path.read_bytes())
    data[-3000:-1000] = bytes(byte ^ 0x5A for byte in data[-3000:-1000])
    path.write_bytes(data)


def no_poster(folder: Path) -> None:
    (folder / "poster.jpg").unlink()


def poster_is_text(folder: Path) -> None:
    (folder / "poster.jpg").write_text("no picture", encoding="utf-8")


def poster_is_square(folder: Path) -> None:
    Image.new("RGB", (360, 360), "white").save(folder / "poster.jpg")


def area_outside(folder: Path) -> None:
    edit(folder / "previews/previews.vtt", "xywh=960,0", "xywh=1000,0")


def preview_gap(folder: Path) -> None:
    edit(folder / "previews/previews.vtt", "00:00:06.000 -->", "00:00:06.500 -->")


def previews_end_early(folder: Path) -> None:
    edit(folder / "previews/previews.vtt", "--> 00:00:14.000", "--> 00:00:13.000")


def preview_count(folder: Path) -> None:
    edit(folder / "previews/preview.json", '"frameCount": 7', '"frameCount": 8')


def dynamic(folder: Path) -> None:
    edit(folder / "manifest.mpd", 'type="static"', 'type="dynamic"')


def mpd_too_long(folder: Path) -> None:
    edit(folder / "manifest.mpd", '"PT14S"', '"PT15S"')


def mpd_other_files(folder: Path) -> None:
    edit(folder / "manifest.mpd", "video/sd/seg-$Number%05d$.m4s", "video/sd/part-$Number%05d$.m4s")


def mpd_other_times(folder: Path) -> None:
    edit(folder / "manifest.mpd", '<S t="288000" d="48000"/>', '<S t="288000" d="96000"/>')


def mpd_external_entity(folder: Path) -> None:
    edit(folder / "manifest.mpd", "<MPD ", '<!DOCTYPE MPD [<!ENTITY x SYSTEM "file:///etc/passwd">]><MPD ')


def no_manifest(folder: Path) -> None:
    (folder / "manifest.mpd").unlink()


def iframes_shifted(folder: Path) -> None:
    playlist = folder / "video/hd/iframes.m3u8"
    text = playlist.read_text(encoding="utf-8")
    playlist.write_text(
        re.sub(r"(BYTERANGE:\d+@)(\d+)", lambda m: m[1] + str(int(m[2]) + 8), text), encoding="utf-8"
    )


def iframes_too_short(folder: Path) -> None:
    playlist = folder / "video/sd/iframes.m3u8"
    text = playlist.read_text(encoding="utf-8")
    playlist.write_text(re.sub(r"BYTERANGE:\d+@", "BYTERANGE:700@", text), encoding="utf-8")


def no_iframes(folder: Path) -> None:
    text = (folder / "ABR.m3u8").read_text(encoding="utf-8")
    (folder / "ABR.m3u8").write_text(re.sub(r"#EXT-X-I-FRAME.*\n", "", text), encoding="utf-8")


def old_version(folder: Path) -> None:
    edit(folder / "video/hd/index.m3u8", "#EXT-X-VERSION:6", "#EXT-X-VERSION:5")


def unknown_group(folder: Path) -> None:
    edit(folder / "ABR.m3u8", 'AUDIO="audio"', 'AUDIO="sound"')


def default_but_not_automatic(folder: Path) -> None:
    edit(folder / "ABR.m3u8", "DEFAULT=NO,AUTOSELECT=YES", "DEFAULT=YES,AUTOSELECT=NO")


def long_language(folder: Path) -> None:
    edit(folder / "ABR.m3u8", 'LANGUAGE="en"', 'LANGUAGE="eng"')


def outside(folder: Path) -> None:
    shutil.copy(folder / "video/hd/seg-00001.m4s", folder.parent / "secret.m4s")
    edit(folder / "video/hd/index.m3u8", "seg-00001.m4s", "../../../secret.m4s")


def late_sound(folder: Path) -> None:
    """The sound's clock starts half a second late."""
    for path in (folder / AUDIO).glob("*.m4s"):
        data = bytearray(path.read_bytes())
        for match in re.finditer(b"tfdt", bytes(data)):
            wide = data[match.end()] == 1
            at, size = match.end() + 4, 8 if wide else 4
            time = int.from_bytes(data[at : at + size], "big") + 24000
            data[at : at + size] = time.to_bytes(size, "big")
        path.write_bytes(data)


def no_idr(folder: Path) -> None:
    """The first picture of the last segment keeps its sync flag but is no IDR (NAL unit type 1)."""
    path = folder / "video/hd/seg-00003.m4s"
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    while data[at + 4] & 31 != 5:
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    data[at + 4] = data[at + 4] & 0xE0 | 1
    path.write_bytes(data)


FAULTS: list[tuple[Callable[[Path], None], str, str]] = [
    (cut_off, "ISO/IEC 23000-19 7.3.2", "video/hd/seg-00002.m4s"),
    (empty, "ingest files", "video/sd/index.m3u8"),
    (missing, "ingest files", "audio/en-stereo/index.m3u8"),
    (swap, "Apple 7.3", "video/hd/seg-00002.m4s"),
    (drop_last, "ingest grid", "video/sd/index.m3u8"),
    (drop_last, "ingest frames", "video/sd/index.m3u8"),
    (wrong_codecs, "Apple 9.1", "ABR.m3u8 video/sd/index.m3u8"),
    (sound_not_named, "Apple 9.1", "ABR.m3u8 video/hd/index.m3u8"),
    (half_bandwidth, "Apple 1.27", "ABR.m3u8 video/hd/index.m3u8"),
    (high_average, "Apple 1.26", "ABR.m3u8 video/hd/index.m3u8"),
    (wrong_extinf, "Apple 8.1", "video/hd/index.m3u8"),
    (no_endlist, "RFC8216bis 4.4.3.4", "audio/en-stereo/index.m3u8"),
    (other_group, "RFC8216bis 4.4.6.1.1", "ABR.m3u8 group other"),
    (wrong_resolution, "Apple 9.2", "ABR.m3u8 video/sd/index.m3u8"),
    (wrong_frame_rate, "Apple 9.15", "ABR.m3u8 video/hd/index.m3u8"),
    (damage_last_gop, "ingest decode", "video/hd/seg-00003.m4s"),
    (no_poster, "ingest files", "poster.jpg"),
    (poster_is_text, "ingest images", "poster.jpg"),
    (poster_is_square, "ingest poster", "poster.jpg"),
    (area_outside, "ingest previews", "previews/previews.vtt"),
    (preview_gap, "ingest previews", "previews/previews.vtt"),
    (previews_end_early, "ingest previews", "previews/previews.vtt"),
    (preview_count, "ingest previews", "previews/preview.json"),
    (dynamic, "ISO/IEC 23009-1 5.3.1.2", "manifest.mpd"),
    (mpd_too_long, "ingest duration", "manifest.mpd"),
    (mpd_other_files, "ingest files", "manifest.mpd 1"),
    (mpd_other_times, "ISO/IEC 23009-1 5.3.9.6", "manifest.mpd 0"),
    (mpd_external_entity, "ingest xml", "manifest.mpd"),
    (no_manifest, "ingest files", "manifest.mpd"),
    (iframes_shifted, "Apple 6.10", "video/hd/iframes.m3u8 entry 1"),
    (iframes_too_short, "Apple 6.10", "video/sd/iframes.m3u8 entry 7"),
    (no_iframes, "Apple 6.1", "ABR.m3u8"),
    (old_version, "RFC8216bis 8", "video/hd/index.m3u8"),
    (unknown_group, "RFC8216bis 4.4.6.2.1", "ABR.m3u8 video/hd/index.m3u8"),
    (default_but_not_automatic, "RFC8216bis 4.4.6.1", "ABR.m3u8 audio/en-stereo/index.m3u8"),
    (long_language, "Apple 8.10", "ABR.m3u8 audio/en-stereo/index.m3u8"),
    (outside, "ingest files", "video/hd/index.m3u8"),
    (late_sound, "ingest start", "audio/en-stereo/index.m3u8"),
    (no_idr, "Apple 7.4", "video/hd/seg-00003.m4s"),
]


@pytest.mark.parametrize(("fault", "rule", "place"), FAULTS, ids=lambda v: getattr(v, "__name__", None))
def test_each_fault_is_found(
    copy: Path, tmp_path: Path, fault: Callable[[Path], None], rule: str, place: str
) -> None:
    fault(copy)
    report = check(copy, tmp_path / "work")
    assert (rule, place) in {(f.rule, f.place) for f in report.must}, report.findings


def test_a_rung_with_other_cuts_is_found(copy: Path, tmp_path: Path) -> None:
    """The sd rung with key pictures each 1.5 s, so that its segments cannot start where those of hd do."""
    work = tmp_path / "again"
    work.mkdir()
    encode(work, gop=36)
    shutil.rmtree(copy / "video/sd")
    segment = ("--segment_duration", "4.5", "--fragment_duration", "1.5", "--hls_playlist_type", "VOD")
    tool(
        str(find().packager.path),
        video("s.mp4", "video/sd"),
        *segment,
        "--hls_master_playlist_output=pkg/ABR.m3u8",
        cwd=work,
    )
    shutil.copytree(work / "pkg/video/sd", copy / "video/sd")
    grid = [f for f in check(copy, tmp_path / "work").must if f.rule == "ingest grid"]
    assert [(f.found, f.wanted) for f in grid] == [
        ("4 segments", "3 as hd"),
        ("seg-00002.m4s starts at 4.5000 s", "6.0000 s as in hd"),
    ]


def test_a_black_poster_is_advised_against_but_passes(copy: Path, tmp_path: Path) -> None:
    Image.new("RGB", (640, 360)).save(copy / "poster.jpg")
    report = check(copy, tmp_path / "work")
    assert report.must == ()
    # The made package has no trick play rendition.
    assert [f.rule for f in report.should] == ["Apple 6.2", "ingest poster"]
    assert report.should[1].found == "a black picture"


def test_a_folder_without_a_master_is_not_a_package(good: Path, tmp_path: Path) -> None:
    for folder in (tmp_path, good / "video/hd", tmp_path / "absent"):
        with pytest.raises(OutputError) as caught:
            verify(folder)
        assert caught.value.code == codes.NOT_A_PACKAGE
    (tmp_path / "index.m3u8").write_text("#EXTM3U\n", encoding="utf-8")
    assert [(f.rule, f.found) for f in verify(tmp_path).must] == [
        ("Apple 9.1", "only a media playlist"),
        ("RFC8216bis 4.4.4.1", "no segments, or one without EXTINF"),
    ]


def test_another_master_is_found_by_its_content(copy: Path) -> None:
    (copy / "ABR.m3u8").rename(copy / "master.m3u8")
    assert find_master(copy) == copy / "master.m3u8"
    assert verify(copy).must == ()
    shutil.copy(copy / "master.m3u8", copy / "second.m3u8")
    with pytest.raises(OutputError, match="has 2 master playlists"):
        find_master(copy)


def test_the_decoder_counts_pictures_and_says_what_is_missing(good: Path, tmp_path: Path) -> None:
    decode = make_decoder(find().ffmpeg, tmp_path)
    track = measure_track(good / "video/hd/index.m3u8", root=good)
    assert decode.count(track.segments) is None
    assert decode.count(track.segments[1:2]) is None
    more = replace(track.segments[2], samples=49)
    assert decode.count([*track.segments[:2], more]) == "336 of 337 frames"


def test_levels_that_find_no_room_are_the_disk_s_fault_and_not_the_sound_s(
    good: Path, tmp_path: Path
) -> None:
    """ffmpeg's filter says nothing of lines that it could not write."""
    track = measure_track(next(good.glob("audio/*/index.m3u8")), root=good)
    assert len(make_decoder(find().ffmpeg, tmp_path).sound(track.segments, levels=True).levels) > 5
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        fill(disk, leave=4096)  # a page, for the list of the segments
        with pytest.raises(ResourceError) as caught:
            make_decoder(find().ffmpeg, disk).sound(track.segments, levels=True)
    assert caught.value.code is codes.DISK_FULL


def test_first_pictures_and_the_last_group_come_out_of_one_small_file(good: Path, tmp_path: Path) -> None:
    """The last segment is one group of pictures, which holds its first picture too."""
    decode = make_decoder(find().ffmpeg, tmp_path)
    track = measure_track(good / "video/hd/index.m3u8", root=good)
    assert [len(s.access_points) for s in track.segments] == [3, 3, 1]
    shown = decode.first_pictures(track.segments, last_group=True)
    assert (shown.segments, shown.wrong) == (track.segments, None)
    joined = join(good / "video/hd/index.m3u8", tmp_path / "hd.mp4")
    whole = pictures(joined, size=(32, 18), pixel_format="gray", matrix="bt601")
    firsts = [next(p for p in whole if p.time == s.presentation_start) for s in track.segments]
    for small, full in zip(shown.pictures, firsts, strict=True):
        stretched = [min(255, max(0, (y - 16) * 255 // 219)) for y in small]
        assert sum(map(abs, map(sub, stretched, full.pixels))) / len(small) < 6


def test_sound_is_decoded_and_measured_second_by_second(good: Path, tmp_path: Path) -> None:
    decode = make_decoder(find().ffmpeg, tmp_path)
    track = measure_track(good / "audio/en-stereo/index.m3u8", root=good)
    heard = decode.sound(track.segments, levels=True)
    assert heard.wrong is None
    # A sine of an eighth of full scale, whose power is shared by two sides: 20 lg(1/8) - 3 dB - 3 dB.
    assert all(abs(level + 24.08) < 0.1 for level in heard.levels[:14])
    assert decode.sound(track.segments[1:]).wrong is None


INPUT = (
    *("-codec_whitelist", CODEC_WHITELIST, "-err_detect", "crccheck+bitstream+buffer+careful"),
    *("-format_whitelist", f"{FORMAT_WHITELIST},aac,ac3,eac3", "-ignore_editlist", "1"),
    *("-protocol_whitelist", "file,concatf", "-i", "file:part.mp4"),
)
QUIET = ("-nostdin", "-hide_banner", "-v", "error", "-nostats")


def test_the_whole_commands_of_the_decoder() -> None:
    source = decoder_input("file:part.mp4")
    assert pictures_arguments("/bin/ffmpeg", "file:part.mp4") == (
        *("/bin/ffmpeg", *INPUT, "-filter_complex"),
        "[0:v:0]scale=32:18:flags=bicubic[s0];[s0]format=yuv420p[s1];[s1]extractplanes=y[s2]",
        *(
            "-map",
            "[s2]",
            "-f",
            "rawvideo",
            "-enc_time_base",
            "1/1000000",
            "-fps_mode",
            "passthrough",
            "pipe:1",
        ),
        *QUIET,
    )
    assert count_arguments("/bin/ffmpeg", source) == (
        *("/bin/ffmpeg", *INPUT, "-map", "0:v:0"),
        *("-f", "null", "-enc_time_base", "1/1000000", "-fps_mode", "passthrough", "-", *QUIET),
        *("-progress", "pipe:1"),
    )
    assert sound_arguments("/bin/ffmpeg", source, levels=False) == (
        *("/bin/ffmpeg", *INPUT, "-map", "0:a:0", "-f", "framecrc", "pipe:1"),
        *QUIET,
    )
    assert sound_arguments("/bin/ffmpeg", source, levels=True) == (
        *("/bin/ffmpeg", *INPUT, "-filter_complex"),
        (
            "[0:a:0]asplit=2[s0][s1];[s1]atrim=start_sample=1024[s2];[s2]asetpts=PTS-STARTPTS[s3];"
            "[s3]aresample=12000[s4];[s4]asetnsamples=n=12000:p=0[s5];"
            "[s5]astats=measure_overall=RMS_level:measure_perchannel=none:metadata=1:reset=1[s6];"
            "[s6]ametadata=file=levels.txt:key=lavfi.astats.Overall.RMS_level:mode=print[s7]"
        ),
        *("-map", "[s0]", "-f", "framecrc", "pipe:1", "-map", "[s7]", "-f", "null", "-", *QUIET),
    )


def damage_middle(folder: Path) -> None:
    """Bits flip far from the first picture of any segment and from the last group."""
    path = folder / "video/hd/seg-00001.m4s"
    data = bytearray(path.read_bytes())
    at = data.rindex(b"mdat") + 3000
    data[at : at + 400] = bytes(byte ^ 0x5A for byte in data[at : at + 400])
    path.write_bytes(data)


def test_damage_between_first_pictures_is_found_when_everything_is_decoded(
    copy: Path, tmp_path: Path
) -> None:
    damage_middle(copy)
    assert check(copy, tmp_path / "work").must == ()
    full = check(copy, tmp_path / "work", full=True).must
    assert [(f.rule, f.place) for f in full] == [("ingest decode", "video/hd/seg-00001.m4s")]
    result = CliRunner().invoke(command, [str(copy), "--full"])
    assert (result.exit_code, "video/hd/seg-00001.m4s" in result.output) == (1, True)


def test_the_command_prints_a_table_and_ends_with_1_on_a_broken_must(copy: Path) -> None:
    passed = CliRunner().invoke(command, [str(copy)])
    assert (passed.exit_code, passed.exception) == (0, None)
    said = passed.output.splitlines()
    assert [line.split()[:3] for line in said[1:-1]] == [["SHOULD", "Apple", "6.2"]]
    summary = r"\d+ checks, 3 renditions, 9 segments decoded: 0 MUST and 1 SHOULD broken"
    assert re.fullmatch(summary, said[-1])
    no_endlist(copy)
    failed = CliRunner().invoke(command, [str(copy)])
    assert failed.exit_code == 1
    lines = failed.output.splitlines()
    assert len(lines) == 4
    assert lines[0].split() == ["LEVEL", "RULE", "PLACE", "FOUND", "WANTED"]
    assert re.split(r" {2,}", lines[1]) == [
        "MUST",
        "RFC8216bis 4.4.3.4",
        "audio/en-stereo/index.m3u8",
        "no EXT-X-ENDLIST",
        "EXT-X-ENDLIST",
    ]
    assert lines[3].endswith("1 MUST and 1 SHOULD broken")


def test_the_command_prints_one_json_document(copy: Path) -> None:
    no_endlist(copy)
    result = CliRunner().invoke(command, [str(copy), "--json"])
    assert result.exit_code == 1
    document = json.loads(result.output)
    assert (document["passed"], document["segmentsDecoded"]) == (False, 9)
    assert [f["level"] for f in document["findings"]] == ["MUST", "SHOULD"]
    assert document["findings"][:1] == [
        {
            "level": "MUST",
            "rule": "RFC8216bis 4.4.3.4",
            "place": "audio/en-stereo/index.m3u8",
            "found": "no EXT-X-ENDLIST",
            "wanted": "EXT-X-ENDLIST",
        }
    ]
    first = document["renditions"][0]
    assert first["playlist"] == "video/hd/index.m3u8"
    assert (first["frames"], first["frameRate"], first["start"], first["duration"]) == (
        FRAMES,
        24.0,
        0.0,
        14.0,
    )
