"""What is copied and why not, where it is cut, and what becomes of the renditions beside it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_facts import FHD, HD, SD, clip, constant

from ingest.media.command import EncodeInput
from ingest.media.command.copying import copy_arguments
from ingest.media.command.encoders import encoder_options
from ingest.media.facts import Colour, DolbyVision, Jump, Scan, Shape, VideoFacts
from ingest.media.hardware import Hardware
from ingest.media.key_pictures import KeyPictures, parse, sets_alike
from ingest.media.options import Options
from ingest.media.packet_order import PacketOrder, packet_order
from ingest.media.packets import Packet, PacketTable
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.copying import (
    CopyPlan,
    Refusal,
    refuse_all,
    refused_by,
    verdict,
    with_copies,
    without_copies,
)
from ingest.media.plan.describe import rows
from ingest.media.plan.encoders import for_hardware, in_hardware, in_software
from ingest.media.plan.segmentation import Segmentation, cuts, filled, segmentation
from ingest.media.plan.space import space_of
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST
from ingest.steps.planning_resolutions import in_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.presets import Preset

RATE = Fraction(25)
FRAME = 1 / RATE
TICKS = 12_800


def source(**changes: Any) -> VideoFacts:
    """Ten seconds of 720p25 at 2 Mbit/s, a key picture every two seconds."""
    timing = constant(RATE, 250, Fraction(1, 12_800), start=Fraction(1, 2))
    video = replace(clip(1280, 720, timing=timing, bit_rate=2_000_000), level=31)
    return replace(video, **changes)


def order(keys: Sequence[int] = (0, 50, 100, 150, 200), size: int = 500_000, **changes: Any) -> PacketOrder:
    return replace(PacketOrder(tuple(keys), (size,) * len(keys), delay=2, closed=True), **changes)


def planned(video: VideoFacts, *presets: Preset, options: Options = Options()) -> Plan:  # noqa: B008
    return make_plan(video, (), presets, preview_interval=Fraction(1), tile=(160, 90), options=options)


def refusals(
    video: VideoFacts,
    lies: PacketOrder | None,
    *presets: Preset,
    options: Options = Options(),  # noqa: B008
    damaged: bool = False,
) -> dict[str, Refusal | None]:
    plan = planned(video, *presets, options=options)
    return dict(verdict(plan, video, lies, presets, options, damaged=damaged).refusals)


# -- what can be copied --


def test_the_source_s_own_size_is_copied() -> None:
    assert refusals(source(), order(), SD, HD) == {
        "sd": Refusal("the source is 1280x720, the rendition 720x404"),
        "hd": None,
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rotation": 180}, "its pictures are turned or their samples not square"),
        ({"mirrored": True}, "its pictures are turned or their samples not square"),
        ({"cropped": (0, 8)}, "its pictures are cropped or change their size"),
        (
            {"scan": Scan(96, shapes=(Shape(1280, 720), Shape(720, 576)))},
            "its pictures are cropped or change their size",
        ),
        ({"codec": "vp9"}, "the source is vp9, the rendition h264"),
        ({"profile": "Main"}, "its profile is Main, the rendition's high"),
        ({"profile": "High 4:2:2"}, "its profile is High 4:2:2, the rendition's high"),
        ({"level": 51}, "its level is 5.1, the limit 4.1"),
        ({"level": None}, "its level is 0, the limit 4.1"),
        (
            {"pixel_format": "yuvj420p", "colour": Colour(full_range=True)},
            "its pictures are yuvj420p, not yuv420p of limited range",
        ),
        (
            {"colour": Colour("bt2020", "bt2020-10", "bt2020nc")},
            "its colours are bt2020/bt2020-10/bt2020nc, not BT.709's",
        ),
        (
            {"colour": Colour("unknown", "unknown", "smpte170m")},
            "its colours are unknown/unknown/smpte170m, not BT.709's",
        ),
        ({"colour": Colour("bt2020", "smpte2084", "bt2020nc")}, "HDR is always encoded"),
        ({"dolby_vision": DolbyVision(8, 2)}, "HDR is always encoded"),
        ({"field_order": "tff"}, "it is interlaced"),
        ({"scan": Scan(96, top=10)}, "it is interlaced"),
        ({"scan": Scan(96, captions=True)}, "it carries captions in the picture"),
    ],
)
def test_another_picture_than_the_rendition_s(changes: dict[str, Any], why: str) -> None:
    assert refusals(source(**changes), order(), HD) == {"hd": Refusal(why)}


def test_samples_that_are_not_square() -> None:
    video = source(sample_aspect=Fraction(4, 3), width=960)
    why = "its pictures are turned or their samples not square"
    assert refusals(video, order(), HD) == {"hd": Refusal(why)}


def test_small_pictures_without_a_word_on_colours_are_bt_601() -> None:
    video = source(width=640, height=360, display_width=640, display_height=360, colour=Colour())
    assert refusals(video, order(), SD) == {
        "sd": Refusal("its colours are unknown/unknown/smpte170m, not BT.709's")
    }


@pytest.mark.parametrize("colour", [Colour(), Colour("bt709", "unknown", "bt709")])
def test_colours_that_are_bt_709_or_count_as_it(colour: Colour) -> None:
    assert refusals(source(colour=colour), order(), HD) == {"hd": None}


def test_transport_streams_are_encoded() -> None:
    why = "transport streams are always encoded"
    assert refusals(source(), order(), HD, options=Options(format="ts")) == {"hd": Refusal(why)}


def test_each_codec_by_itself() -> None:
    video = source(codec="hevc", profile="Main", level=93)
    assert refusals(video, order(), HD, options=Options(codecs=("h264", "hevc"))) == {
        "hd": Refusal("the source is hevc, the rendition h264"),
        "hd-hevc": None,
    }
    low = refusals(replace(video, level=156), order(), HD, options=Options(codecs=("hevc",)))
    assert low == {"hd-hevc": Refusal("its level is 5.2, the limit 4.1")}


def keyed(count: int) -> VideoFacts:
    video = source()
    return replace(video, timing=replace(video.timing, key_frames=count))


def distance(seconds: Fraction) -> VideoFacts:
    video = source()
    return replace(video, timing=replace(video.timing, longest_key_distance=seconds))


def test_key_frames_too_far_apart() -> None:
    why = "key frames up to 12.0 s apart, limit 6"
    assert refusals(distance(Fraction(12)), order((0,)), HD) == {"hd": Refusal(why, near=True)}


@pytest.mark.parametrize(
    ("video", "lies", "why"),
    [
        (source(jumps=((0, (Jump(3, 9),)),)), order(), "its clock begins anew in the middle"),
        (source(mended=((900, 4500),)), order(), "some of its pictures say a wrong time"),
        (source(), None, "not every picture in the file is shown"),
        (source(), order((0, 50, 100)), "not every picture in the file is shown"),
        (
            source(),
            order(closed=False),
            "pictures are shown before the key picture that they follow (open groups)",
        ),
        (
            keyed(3),
            order((0, 60, 200)),
            "its key frames lie too unevenly for segments of at most 6 s",
        ),
        (source(), order(size=2_000_000), "8000 kbit/s, limit 4500"),
        (
            source(),
            replace(order(), group_bytes=(3_000_000, 2_000_000, 100_000, 100_000, 100_000)),
            "6800 kbit/s at 0.0 s, limit 4500",
        ),
    ],
)
def test_a_file_that_lies_otherwise(video: VideoFacts, lies: PacketOrder | None, why: str) -> None:
    assert refusals(video, lies, HD) == {"hd": Refusal(why, near=True)}


def test_damage_uneven_times_and_too_many_pictures() -> None:
    assert refusals(source(), order(), HD, damaged=True) == {
        "hd": Refusal("something is missing of it", near=True)
    }
    video = source()
    uneven = replace(video, timing=replace(video.timing, rate=None))
    assert refusals(uneven, None, HD) == {"hd": Refusal("its pictures are unevenly spaced", near=True)}
    fast = source(timing=constant(Fraction(120), 1200, Fraction(1, 1200)))
    assert refusals(fast, order(), HD) == {"hd": Refusal("more than 60 pictures a second", near=True)}


def test_a_command_has_room_for_so_many_forced_key_pictures() -> None:
    count = 9001
    timing = constant(RATE, 50 * count, Fraction(1, 12_800))
    video = replace(source(timing=timing), bit_rate=2_000_000)
    lies = order(range(0, 50 * count, 50))
    assert refusals(video, lies, SD, HD)["hd"] == Refusal("more than 9000 key frames", near=True)
    assert refusals(video, lies, HD) == {"hd": None}


def test_the_bitstream_has_the_last_word() -> None:
    assert refused_by(KeyPictures(5, True), 5) == ""
    assert refused_by(KeyPictures(5, False), 5) == "its parameter sets change"
    why = "decoding cannot begin at each of its key pictures (open groups)"
    assert refused_by(KeyPictures(4, True), 5) == why
    found = verdict(planned(source(), SD, HD), source(), order(), (SD, HD), Options(), damaged=False)
    assert found.names == ("hd",)
    assert dict(refuse_all(found, why).refusals) == {
        "sd": Refusal("the source is 1280x720, the rendition 720x404"),
        "hd": Refusal(why, near=True),
    }


# -- the plan with copies --


def copied(lies: PacketOrder, *presets: Preset) -> tuple[Plan, Plan]:
    """The plan before and after."""
    video = keyed(len(lies.keys))
    plan = planned(video, *presets)
    found = verdict(plan, video, lies, presets, Options(), damaged=False)
    return plan, with_copies(plan, found, lies)


def test_the_plan_with_a_copy_and_back() -> None:
    plan, with_one = copied(order((0, 30, 70, 75, 115, 160, 220)), SD, HD)
    assert [r.encoder for r in with_one.rungs] == ["libx264", "copy"]
    assert [r.name for r in with_one.encoded] == ["sd"]
    grid = with_one.video.grid
    # Between 160 and 220 there are more than two seconds: one more, where it does not begin a segment.
    assert grid.keys == (0, 30, 70, 75, 115, 160, 190, 220)
    assert (grid.starts, grid.segment) == ((0, 160), Fraction(6))
    assert (grid.steady_gop, grid.shortest_gop) == (None, Fraction(1, 5))
    assert with_one.copies == CopyPlan(
        delay=2, start=Fraction(6400), bytes=3_500_000, apart=Fraction(12, 5), grid=plan.video.grid
    )
    assert without_copies(with_one) == plan
    assert without_copies(plan) == plan


def test_a_long_film_has_chunks_beside_a_copy_and_without_it() -> None:
    video = source(timing=constant(RATE, 1000, Fraction(1, 25)))
    keys = (0, *range(35, 1000, 15))
    lies = replace(order(keys), group_bytes=(100_000,) * len(keys))
    video = replace(video, timing=replace(video.timing, key_frames=len(keys)))
    packets = PacketTable(Packet(n, n, 1, 10_000, n in keys, discard=False) for n in range(1000))
    plan = planned(video, SD, HD)
    found = verdict(plan, video, lies, (SD, HD), Options(), damaged=False)
    made, notes = in_chunks(with_copies(plan, found, lies), video, packets, 10)
    assert notes == ()
    assert made.copies is not None
    starts = made.video.grid.starts
    assert [c.first for c in made.chunks] == [0, 305, 605]
    assert {c.first for c in made.chunks} <= set(starts)
    alone, _ = in_chunks(plan, video, packets, 10)
    assert [c.first for c in alone.chunks] == [0, 300, 600]
    assert without_copies(made) == alone
    copy_alone, _ = in_chunks(with_copies(planned(video, HD), found, lies), video, packets, 10)
    assert copy_alone.chunks == ()
    assert [c.first for c in without_copies(copy_alone).chunks] == [0, 300, 600]


def test_a_copy_stays_one_whatever_encodes_the_others() -> None:
    _, plan = copied(order(), SD, HD)
    assert for_hardware(plan) == ("h264",)
    hard = in_hardware(plan, Hardware("nvenc", ("h264",)))
    assert [r.encoder for r in hard.rungs] == ["h264_nvenc", "copy"]
    assert [r.encoder for r in in_software(hard).rungs] == ["libx264", "copy"]
    _, alone = copied(order(), HD)
    assert (alone.encoded, for_hardware(alone)) == ((), ())


def test_the_others_get_their_key_pictures_forced() -> None:
    _, plan = copied(order((0, 30, 75, 115, 160, 210)), SD, HD)
    options = encoder_options(plan.rungs[0], plan.video.grid)
    chosen = {
        k: options.get(k) for k in ("g", "keyint_min", "forced-idr", "force_key_frames", "sc_threshold")
    }
    assert chosen == {
        "g": 100_000,
        "keyint_min": None,
        "forced-idr": 1,
        "force_key_frames": "0,1.2,3,4.6,6.4,8.4",
        "sc_threshold": 0,
    }


def test_the_copy_in_words_and_its_space() -> None:
    plan, with_one = copied(order(), SD, HD)
    told = dict(rows(with_one))
    assert told["segments"] == "2 of at most 6 s, cut at the copied rendition's key pictures"
    assert told["rung hd"] == "1280x720 h264 high, copied"
    hd = plan.rungs[1]
    capped = (hd.max_bitrate * 10 + hd.buffer) // 8
    assert space_of(plan).package - space_of(with_one).package == capped - 2_500_000


FILTERS = (
    "filter_units=remove_types=7|8|9|12,h264_metadata=colour_primaries=1:transfer_characteristics=1"
    ":matrix_coefficients=1:video_full_range_flag=0:sample_aspect_ratio=1/1,"
    "setts=time_base=1/12800:pts=PTS:dts=DTS,"
    "setts=pts=round((PTS-(6400/1))/512)*512:dts=(N-2)*512:duration=512"
)


def test_the_whole_command() -> None:
    _, plan = copied(order(), SD, HD)
    assert copy_arguments("ffmpeg", plan, EncodeInput("file:/proc/self/fd/3", 100, 8)) == (
        "ffmpeg",
        *("-codec_whitelist", CODEC_WHITELIST, "-copyts", "-format_whitelist", FORMAT_WHITELIST),
        *("-max_streams", "8", "-protocol_whitelist", PROTOCOL_WHITELIST, "-i", "file:/proc/self/fd/3"),
        *("-map", "0:0", "-f", "mp4", "-bsf:v"),
        FILTERS,
        *("-c", "copy", "-map_chapters", "-1", "-map_metadata", "-1", "-video_track_timescale", "12800"),
        "hd.mp4",
        *("-map", "0:0", "-f", "framecrc", "-bsf:v", "filter_units=pass_types=7|8", "-c", "copy", "hd.sets"),
        *("-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", "1"),
        *("-max_error_rate", "1", "-y"),
    )


# -- where the packager cuts --


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (range(0, 250, 50), Segmentation(Fraction(6), (0, 150))),
        (range(0, 250, 100), Segmentation(Fraction(4), (0, 100, 200))),
        (range(0, 250, 125), Segmentation(Fraction(5), (0, 125))),
        ((0, 30, 70, 75, 115, 160, 220), Segmentation(Fraction(6), (0, 160))),
        ((0,), None),  # one of ten seconds
        ((0, 150, 249), Segmentation(Fraction(6), (0, 150))),
        ((0, 60, 200), None),  # of more than six seconds, or some without sound of their own
    ],
)
def test_the_longest_segments_that_fit(keys: Sequence[int], found: Segmentation | None) -> None:
    assert segmentation(tuple(keys), 250, FRAME, TICKS, Fraction(6)) == found


def test_ntsc_segments_are_a_little_longer() -> None:
    frame = Fraction(1001, 30_000)
    keys = tuple(range(0, 1800, 60))
    found = segmentation(keys, 1800, frame, 30_000, Fraction(6))
    assert found == Segmentation(Fraction(6006, 1000), tuple(range(0, 1800, 180)))


@given(st.sets(st.integers(1, 999), max_size=60), st.sampled_from([Fraction(1, 25), Fraction(1001, 30_000)]))
def test_segments_hold_what_they_promise(places: set[int], frame: Fraction) -> None:
    keys, timescale = (0, *sorted(places)), 60_000 if frame.numerator > 1 else TICKS
    found = segmentation(keys, 1000, frame, timescale, Fraction(6))
    if found is None:
        return
    assert found.starts == cuts(keys, found.length, frame, timescale)
    ends = (*found.starts[1:], 1000)
    assert max(b - a for a, b in zip(found.starts, ends, strict=True)) * frame < Fraction(13, 2)
    more = filled(keys, found.starts, found.length, frame, timescale, 50, 1000)
    assert set(keys) <= set(more)
    assert list(more) == sorted(set(more))
    # The packager cuts the renditions with more key pictures where it cuts the copied one.
    assert cuts(more, found.length, frame, timescale) == found.starts


# -- the file --


def table(*packets: tuple[int, int, bool], **changes: Any) -> PacketTable:
    """Presentation numbers, sizes and key flags, in the file's order, at 25 pictures a second."""
    return PacketTable(
        replace(Packet(512 * n + 6400, None, 512, size, key, discard=False), **changes)
        for n, size, key in packets
    )


CLOSED = ((0, 9, True), (3, 5, False), (1, 1, False), (2, 1, False), (4, 8, True), (5, 2, False))


def timed(frames: int) -> Any:
    return constant(RATE, frames, Fraction(1, 12_800), start=Fraction(1, 2))


def test_the_order_of_closed_groups() -> None:
    assert packet_order(table(*CLOSED), timed(6)) == PacketOrder((0, 4), (16, 10), 1, closed=True)


def test_the_order_of_open_groups() -> None:
    lies = ((0, 9, True), (1, 5, False), (4, 8, True), (2, 1, False), (3, 1, False), (5, 2, False))
    assert packet_order(table(*lies), timed(6)) == PacketOrder((0, 4), (14, 12), 1, closed=False)


@pytest.mark.parametrize(
    ("packets", "frames"),
    [
        (table(*CLOSED), 5),  # some are not shown
        (table(*CLOSED, discard=True), 6),
        (table(*CLOSED, corrupt=True), 6),
        (table(*CLOSED, pts=None), 6),
        (table(*CLOSED[1:], (6, 1, False)), 6),  # no key picture at the start
        (table(*CLOSED[:5], (4, 1, False)), 6),  # two at one time
    ],
)
def test_packets_that_are_not_one_shown_picture_each(packets: PacketTable, frames: int) -> None:
    assert packet_order(packets, timed(frames)) is None


def test_uneven_pictures_have_no_order() -> None:
    assert packet_order(table(*CLOSED), replace(timed(6), rate=None)) is None


HEAD = "#extradata 0:       39, 0xbac80aa9\n#extradata 1:       39, 0xbac80aa9\n#tb 0: 1/90000\n"
SETS = (
    "1,     126000,     132000,     3000,       39, 0xbac80aa9, S=1, MPEGTS Stream ID,        1, 0x00e000e0\n"
)
START = "0,      -1024,          0,      512,   518977, 0x08b325cc\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", KeyPictures(0, False)),
        (HEAD + START * 3, KeyPictures(3, True)),
        (HEAD + START + SETS, KeyPictures(1, True)),
        (HEAD + START + SETS.replace("bac8", "bac9"), KeyPictures(1, False)),
        (HEAD + SETS.replace(" 39", " 40"), KeyPictures(0, False)),
        (HEAD.replace("0xbac80aa9", "0xbac80aa8", 1), KeyPictures(0, False)),
    ],
)
def test_what_is_within_the_key_pictures(text: str, found: KeyPictures) -> None:
    assert parse(text) == found


def test_parameter_sets_of_all_packets() -> None:
    head, sets = HEAD.splitlines()[0] + "\n", "0" + SETS[1:]
    assert sets_alike(head)
    assert sets_alike(head + sets)
    assert not sets_alike(head + sets + sets.replace("0xbac8", "0xbac9"))
    assert not sets_alike(sets)


def test_a_copied_plan_leaves_other_presets_alone() -> None:
    """1080p from 720p is left out, and no reason to copy anything else."""
    assert refusals(source(), order(), HD, FHD) == {"hd": None}
