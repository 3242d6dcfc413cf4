from __future__ import annotations

import os
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media.preset_schema import parse, parse_bitrate, parse_duration, parse_frame_rate
from ingest.media.presets import (
    AudioPreset,
    Box,
    CodecPreset,
    Preset,
    PresetBook,
    VideoPreset,
    find,
    load,
    shipped_dir,
)

MINE = """\
name = "mine"
title = "My own"
box = [1024, 576]

[video]
codec = "h264"
profile = "main"
speed = "medium"
crf = 20
max_bitrate = "2.5M"
buffer = "3750k"
gop = "500ms"
segment = "4s"
max_frame_rate = "30000/1001"
deinterlace = "frame"

[audio]
stereo_bitrate = "96k"
surround_bitrate = "320k"
"""
VIDEO_KEYS = (
    "codec, profile, speed, crf, max_bitrate, buffer, gop, segment, max_frame_rate, deinterlace, hevc, av1"
)


def write(folder: Path, text: str = MINE, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def failure(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(path.parent)
    assert caught.value.code == codes.PRESET_INVALID
    return caught.value


# -- the shipped presets --


def test_the_shipped_ladder() -> None:
    shown = [
        (p.name, p.title, str(p.box), p.video.crf, p.video.max_bitrate, p.video.buffer)
        for p in load().values()
    ]
    assert shown == [
        ("sd", "SD 480p", "720x480", 21, 2_000_000, 4_000_000),
        ("hd", "HD 720p", "1280x720", 22, 4_500_000, 9_000_000),
        ("fhd", "Full HD 1080p", "1920x1080", 22, 7_800_000, 15_600_000),
        ("qhd", "Quad HD 1440p", "2560x1440", 23, 12_000_000, 24_000_000),
        ("uhd", "Ultra HD 2160p", "3840x2160", 24, 22_000_000, 44_000_000),
    ]


def test_the_shipped_presets_share_all_that_a_ladder_shares() -> None:
    shared = {
        (p.video.codec, p.video.profile, p.video.gop, p.video.segment, p.video.max_frame_rate, p.audio)
        for p in load().values()
    }
    assert shared == {("h264", "high", Fraction(2), Fraction(6), Fraction(60), AudioPreset(128_000, 320_000))}


def test_the_shipped_presets_travel_in_the_wheel() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    wheel = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"presets": "ingest/presets"}
    assert sorted(p.name for p in shipped_dir().iterdir()) == [
        "fhd.toml",
        "hd.toml",
        "qhd.toml",
        "sd.toml",
        "uhd.toml",
    ]


def test_the_shipped_presets_say_how_each_codec_is_made() -> None:
    shown = [
        (p.name, c.speed, c.crf, c.max_bitrate, c.buffer)
        for p in load().values()
        for c in (p.video.hevc, p.video.av1)
        if c is not None
    ]
    assert shown == [
        ("sd", "veryfast", 24, 1_400_000, 2_800_000),
        ("sd", "8", 32, 1_200_000, 2_400_000),
        ("hd", "veryfast", 25, 3_100_000, 6_200_000),
        ("hd", "8", 33, 2_700_000, 5_400_000),
        ("fhd", "veryfast", 25, 5_500_000, 11_000_000),
        ("fhd", "8", 33, 4_700_000, 9_400_000),
        ("qhd", "veryfast", 26, 8_400_000, 16_800_000),
        ("qhd", "8", 34, 7_200_000, 14_400_000),
        ("uhd", "veryfast", 27, 15_400_000, 30_800_000),
        ("uhd", "8", 35, 13_200_000, 26_400_000),
    ]


# -- a folder of one's own --


def test_a_preset_may_bound_the_picture_as_it_is_seen(tmp_path: Path) -> None:
    write(tmp_path, MINE.replace("box = [1024, 576]", "box = [1024, 576]\nmax_width = 640\nmax_height = 480"))
    mine = load(tmp_path)["mine"]
    assert (mine.max_width, mine.max_height) == (640, 480)


@pytest.mark.parametrize("side", ["15", "14", "641", "0", "true", '"640"', "640.0"])
def test_a_side_that_no_picture_can_have_is_named(tmp_path: Path, side: str) -> None:
    path = write(tmp_path, MINE.replace("box = [1024, 576]", f"box = [1024, 576]\nmax_height = {side}"))
    message = failure(path).message
    assert message.startswith(f"{path}: max_height: is ")
    assert message.endswith("must be an even number of pixels, at least 16")


def test_a_preset_of_ones_own_is_added_and_read_exactly(tmp_path: Path) -> None:
    path = write(tmp_path)
    book = load(tmp_path)
    assert list(book) == ["sd", "mine", "hd", "fhd", "qhd", "uhd"]
    assert book["mine"] == Preset(
        name="mine",
        title="My own",
        box=Box(1024, 576),
        video=VideoPreset(
            codec="h264",
            profile="main",
            speed="medium",
            crf=20,
            max_bitrate=2_500_000,
            buffer=3_750_000,
            gop=Fraction(1, 2),
            segment=Fraction(4),
            max_frame_rate=Fraction(30000, 1001),
            deinterlace="frame",
        ),
        audio=AudioPreset(96_000, 320_000),
        origin=path,
    )


def test_what_a_preset_does_not_say_of_a_codec_is_derived(tmp_path: Path) -> None:
    write(tmp_path)
    video = load(tmp_path)["mine"].video
    assert video.of("h264") == CodecPreset("medium", 20, 2_500_000, 3_750_000)
    assert video.of("hevc") == CodecPreset("medium", 23, 1_750_000, 2_625_000)
    assert video.of("av1") == CodecPreset("6", 31, 1_500_000, 2_250_000)


HEVC = """
[video.hevc]
speed = "slow"
crf = 24
max_bitrate = "1.5M"
buffer = "2M"
"""
AV1 = """
[video.av1]
speed = 5
crf = 30
max_bitrate = "1.2M"
buffer = "1600k"
"""


def test_the_tables_of_other_codecs(tmp_path: Path) -> None:
    write(tmp_path, MINE + HEVC + AV1)
    video = load(tmp_path)["mine"].video
    assert video.of("hevc") == CodecPreset("slow", 24, 1_500_000, 2_000_000)
    assert video.of("av1") == CodecPreset("5", 30, 1_200_000, 1_600_000)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("crf = 24", "qp = 24\ncrf = 24", "video.hevc.qp: unknown key; known here are KEYS"),
        ("crf = 30", "qp = 30\ncrf = 30", "video.av1.qp: unknown key; known here are KEYS"),
        ("crf = 24", "crf = 52", "video.hevc.crf: is 52, must be from 1 to 51"),
        ("crf = 30", "crf = 64", "video.av1.crf: is 64, must be from 1 to 63"),
        ("speed = 5", "speed = 14", "video.av1.speed: is 14, must be from 0 to 13"),
        ("speed = 5", "speed = -1", "video.av1.speed: is -1, must be from 0 to 13"),
        ("crf = 24\n", "", "video.hevc.crf: is missing"),
        ('"1.5M"', '"161M"', "video.hevc.max_bitrate: is 161000k, must be from 32k to 160000k (level 5.1)"),
        ('"1.5M"', '"31k"', "video.hevc.max_bitrate: is 31k, must be from 32k to 160000k (level 5.1)"),
        ('"1600k"', '"599k"', "video.av1.buffer: is 599k, must hold half a second of max_bitrate: 600k"),
        ('"1600k"', '"200M"', "video.av1.buffer: is 200000k, must be at most 160000k (level 5.1)"),
        (
            "[1024, 576]",
            "[4096, 2304]",
            "box: is 4096x2304, too large for [video.hevc]: level 5.1 ends at 8912896 pixels",
        ),
    ],
)
def test_an_impossible_value_of_another_codec_is_named(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    whole = MINE + HEVC + AV1
    assert whole.count(old) == 1
    path = write(tmp_path, whole.replace(old, new))
    keys = "max_bitrate, buffer, speed, crf"
    assert failure(path).line == f"{path}: {reason.replace('KEYS', keys)}"


def test_a_file_of_the_same_name_replaces_the_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, MINE.replace('"mine"', '"hd"'), "hd")
    book = load(tmp_path)
    assert list(book) == ["sd", "hd", "fhd", "qhd", "uhd"]
    assert (book["hd"].title, book["hd"].origin) == ("My own", tmp_path / "hd.toml")


def test_other_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("README.md", ".swap.toml", "hd.toml~"):
        (tmp_path / name).write_text("not a preset")
    assert find(tmp_path) == find()


def test_a_byte_order_mark_and_crlf_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode())
    assert load(tmp_path)["mine"].title == "My own"


# -- faults: file, key and reason in one line --


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("crf = 20", "crf = 99", "video.crf: is 99, must be from 1 to 51"),
        ("crf = 20", "crf = 0", "video.crf: is 0, must be from 1 to 51"),
        ("crf = 20", 'crf = "20"', "video.crf: is '20': input should be a valid integer"),
        ("crf = 20", "crf = true", "video.crf: is True: input should be a valid integer"),
        ("crf = 20\n", "", "video.crf: is missing"),
        (
            "crf = 20",
            "cfr = 20\ncrf = 20",
            f"video.cfr: unknown key; known here are {VIDEO_KEYS}",
        ),
        (
            'title = "My own"',
            'title = "My own"\ncolour = 1',
            "colour: unknown key; known here are name, title, video, audio, box, max_width, max_height",
        ),
        ('"h264"', '"hevc"', "video.codec: is 'hevc', must be 'h264'"),
        ('"main"', '"high10"', "video.profile: is 'high10', must be 'baseline', 'main' or 'high'"),
        (
            '"2.5M"',
            "2500",
            'video.max_bitrate: is 2500, write it with its unit, for example "7800k" or "7.8M"',
        ),
        (
            '"2.5M"',
            '"2.5Mb"',
            'video.max_bitrate: is \'2.5Mb\', write it with its unit, for example "7800k" or "7.8M"',
        ),
        (
            '"2.5M"',
            '"0.00001k"',
            "video.max_bitrate: is '0.00001k', must be a whole number of bits above 0",
        ),
        (
            '"2.5M"',
            '"300M"',
            "video.max_bitrate: is 300000k, must be from 32k to 240000k (H.264 level 5.2)",
        ),
        (
            '"3750k"',
            '"1249k"',
            "video.buffer: is 1249k, must hold half a second of max_bitrate: 1250k",
        ),
        ('"3750k"', '"241M"', "video.buffer: is 241000k, must be at most 240000k (H.264 level 5.2)"),
        ('"500ms"', "2", 'video.gop: is 2, write it with its unit, for example "2s" or "500ms"'),
        ('"500ms"', '"0s"', "video.gop: is '0s', must be above 0"),
        ('"500ms"', '"11s"', "video.gop: is 11s, must be from 0.5s to 10s"),
        ('"4s"', '"4.2s"', "video.segment: is 4.2s, must be a whole multiple of gop, 0.5s"),
        ('"4s"', '"31s"', "video.segment: is 31s, must be at most 30s"),
        (
            '"30000/1001"',
            "0",
            'video.max_frame_rate: is 0, write 60 or an exact fraction such as "60000/1001"',
        ),
        ('"30000/1001"', "61", "video.max_frame_rate: is 61, must be from 1 to 60"),
        ('"30000/1001"', '"1/2"', "video.max_frame_rate: is '1/2', must be from 1 to 60"),
        (
            '"30000/1001"',
            "29.97",
            'video.max_frame_rate: is 29.97, write 60 or an exact fraction such as "60000/1001"',
        ),
        (
            'deinterlace = "frame"',
            'deinterlace = "yes"',
            "video.deinterlace: is 'yes', must be 'auto', 'field', 'frame' or 'off'",
        ),
        ('"96k"', '"1M"', "audio.stereo_bitrate: is 1000k, must be from 32k to 512k"),
        ('"320k"', '"64k"', "audio.surround_bitrate: is 64k, must be from 96k to 1536k"),
        ("[1024, 576]", "[1024, 575]", "box: is [1024, 575], both sides must be even and at least 16"),
        ("[1024, 576]", "[1024, 0]", "box: is [1024, 0], both sides must be even and at least 16"),
        ("[1024, 576]", "[576, 1024]", "box: is [576, 1024], the long side must stand first"),
        (
            "[1024, 576]",
            "[1024]",
            "box: is [1024], must be [long side, short side], for example [1920, 1080]",
        ),
        (
            "[1024, 576]",
            "[5120, 2880]",
            "box: is 5120x2880, larger than H.264 level 5.2 allows (4096x2304)",
        ),
        ('"My own"', '"My\\nown"', "title: is 'My\\nown', must be a text of 1 to 80 printable characters"),
        ('"mine"', '"other"', "name: is 'other', must be the file's own name, 'mine'"),
    ],
)
def test_an_impossible_value_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert MINE.count(old) == 1
    path = write(tmp_path, MINE.replace(old, new))
    assert failure(path).line == f"{path}: {reason}"


def test_of_several_faults_the_first_is_shown(tmp_path: Path) -> None:
    path = write(tmp_path, MINE.replace("crf = 20", "crf = 99").replace('"4s"', "4").replace('"96k"', "96"))
    assert failure(path).line == f"{path}: video.crf: is 99, must be from 1 to 51 (and 2 more)"


def test_a_box_too_large_for_its_frame_rate(tmp_path: Path) -> None:
    text = MINE.replace("[1024, 576]", "[4096, 2304]").replace('"30000/1001"', "60")
    path = write(tmp_path, text)
    reason = "box: is 4096x2304, too large for max_frame_rate 60 in H.264 level 5.2"
    assert failure(path).line == f"{path}: {reason}"


def test_toml_errors_say_where(tmp_path: Path) -> None:
    path = write(tmp_path, MINE.replace("crf = 20", "crf = = 20"))
    assert failure(path).line == f"{path}: not TOML: Invalid value (at line 9, column 7)"


@pytest.mark.parametrize(
    ("text", "reason"), [("a = " + "[" * 9000, "nested too deeply"), ("a = " + "9" * 9000, "")]
)
def test_toml_bombs_are_errors_like_others(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path, text)
    assert failure(path).line.startswith(f"{path}: not TOML: {reason}")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.mkdir()
    assert failure(path).line == f"{path}: file: is a directory"


def test_a_pipe_in_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    os.mkfifo(path)
    assert failure(path).line == f"{path}: file: is not a regular file"


def test_a_dangling_link(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.symlink_to("nowhere")
    assert failure(path).line == f"{path}: file: no such file or directory"


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'title = "\xff"')
    assert failure(path).line == f"{path}: file: is not UTF-8 at byte 9"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"#" * 10_000_000)
    assert failure(path).line == f"{path}: file: is larger than 64 KiB"


@pytest.mark.parametrize("name", ["Mine", "my own", "-mine", "m" * 33, "mÿne"])
def test_a_file_name_that_is_no_preset_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name=name)
    reason = "name: must be 1 to 32 of a-z, 0-9, _ and -, a letter or digit first"
    assert failure(path).line == f"{path}: {reason}"


@pytest.mark.parametrize(
    ("kind", "reason"), [("none", "no such file or directory"), ("file", "not a directory")]
)
def test_a_preset_folder_that_is_none(tmp_path: Path, kind: str, reason: str) -> None:
    folder = tmp_path / "presets"
    if kind == "file":
        folder.touch()
    error = failure(folder / "x.toml")
    assert error.line == f"{folder}: preset folder: {reason}; check --preset-dir and INGEST_PRESET_DIR"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.chmod(0)
    assert failure(path).line == f"{path}: file: permission denied"


# -- selection --


def test_select_orders_small_to_large_and_takes_each_once() -> None:
    assert [p.name for p in load().select(["uhd", "sd", "fhd", "sd"])] == ["sd", "fhd", "uhd"]


@pytest.mark.parametrize(
    ("name", "remedy"), [("fdh", "did you mean fhd?"), ("FHD", "did you mean fhd?"), ("4k-hdr", "")]
)
def test_select_unknown(name: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        load().select(["hd", name])
    error = caught.value
    assert (error.code, error.message, error.remedy) == (
        codes.UNKNOWN_RESOLUTION,
        f"unknown resolution '{name}': known are sd, hd, fhd, qhd, uhd",
        remedy,
    )


def test_select_nothing() -> None:
    with pytest.raises(UsageError) as caught:
        load().select([])
    assert caught.value.code == codes.USAGE
    assert caught.value.line == "no resolution given; add --res, for example --res fhd"


def test_select_refuses_two_segment_grids(tmp_path: Path) -> None:
    path = write(tmp_path, MINE.replace('"500ms"', '"2s"'))
    hd = shipped_dir() / "hd.toml"
    with pytest.raises(UsageError) as caught:
        load(tmp_path).select(["hd", "mine"])
    assert caught.value.line == (
        f"mine and hd cannot share a ladder: segment is 4s in {path} and 6s in {hd}; "
        "give both the same segment"
    )
    assert [p.name for p in load(tmp_path).select(["mine"])] == ["mine"]


def test_a_book_is_in_ladder_order(tmp_path: Path) -> None:
    hd = load()["hd"]
    made = [
        Preset(name, hd.title, box, hd.video, hd.audio, hd.origin)
        for name, box in (("d", Box(20, 10)), ("c", Box(30, 10)), ("b", Box(20, 10)), ("a", Box(20, 20)))
    ]
    assert list(PresetBook(made)) == ["b", "d", "c", "a"]


# -- parsers --


@given(st.integers(1, 999_999_999))
def test_bitrates_in_k(value: int) -> None:
    assert parse_bitrate(f"{value}k") == value * 1000


@given(st.integers(0, 999), st.integers(1, 999_999))
def test_bitrates_in_fractions_of_m_are_exact(whole: int, micro: int) -> None:
    assert parse_bitrate(f"{whole}.{micro:06d}M") == whole * 1_000_000 + micro


@given(st.integers(1, 99_999_999))
def test_durations_are_exact(milliseconds: int) -> None:
    seconds, rest = divmod(milliseconds, 1000)
    assert parse_duration(f"{seconds}.{rest:03d}s") == Fraction(milliseconds, 1000)


@given(st.integers(1, 60))
def test_frame_rates(rate: int) -> None:
    assert parse_frame_rate(rate) == parse_frame_rate(f"{rate}/1") == rate


@pytest.mark.parametrize("text", ["", "k", "1 k", "1K", "-1k", "1e3k", "٣k", "1k\n", ".5M", "1.M", "0k"])
def test_not_a_bitrate(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is "):
        parse_bitrate(text)


@given(st.text() | st.binary().map(repr) | st.floats() | st.integers() | st.none() | st.lists(st.integers()))
def test_parsers_refuse_with_value_error_only(value: object) -> None:
    for parser in (parse_bitrate, parse_duration, parse_frame_rate):
        try:
            assert parser(value) > 0
        except ValueError as error:
            assert str(error).startswith("is ")


@given(st.text(max_size=200))
def test_no_text_crashes_the_parser(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(Path("x.toml"), text)
    assert caught.value.line.startswith("x.toml: ")
    assert caught.value.line.isprintable()
