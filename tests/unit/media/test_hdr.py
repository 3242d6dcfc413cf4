"""HDR that is kept: what is decided, and the filters and encoder options that do it."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_facts import HD, SD, clip, hdr10, track

from ingest.job import codes
from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.command.colour import PLANAR_YUV
from ingest.media.command.encoders import encoder_options
from ingest.media.facts import Colour
from ingest.media.light import Light, Mastering
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.describe import rows
from ingest.media.plan.hdr import HdrPlan
from ingest.steps.context import Note
from ingest.steps.planning_resolutions import hdr_notes

if TYPE_CHECKING:
    from ingest.media.codec_names import Codec
    from ingest.media.facts import VideoFacts
    from ingest.media.presets import Preset

F = Fraction
LIGHT = Light(
    Mastering(
        red=(F("0.68"), F("0.32")),
        green=(F("0.265"), F("0.69")),
        blue=(F("0.15"), F("0.06")),
        white=(F("0.3127"), F("0.329")),
        brightest=F(1000),
        darkest=F("0.0001"),
    ),
    max_cll=1000,
    max_fall=400,
)
HLG = Colour("bt2020", "arib-std-b67", "bt2020nc")


def options(*codecs: Codec) -> Options:
    return Options(codecs=codecs, hdr="keep")


def planned(
    video: VideoFacts, *codecs: Codec, presets: tuple[Preset, ...] = (HD,), zscale: bool = True
) -> Plan:
    return make_plan(
        video,
        (),
        presets,
        preview_interval=F(1),
        tile=(90, 160),
        can_tone_map=zscale,
        options=options(*codecs),
    )


# --- decided ---


def test_hdr10_in_hevc_and_av1_and_sdr_beside_them() -> None:
    plan = planned(replace(hdr10(), light=LIGHT), "hevc", "av1", presets=(SD, HD))
    assert plan.hdr == HdrPlan("PQ", "smpte2084", None, LIGHT)
    assert [(r.name, r.video_range, r.profile) for r in plan.rungs] == [
        ("sd", "SDR", "high"),
        ("hd", "SDR", "high"),
        ("sd-hevc", "PQ", "main10"),
        ("hd-hevc", "PQ", "main10"),
        ("sd-av1", "PQ", "main"),
        ("hd-av1", "PQ", "main"),
    ]
    assert plan.video.colour.tone_map
    assert ("rung hd-av1", "720x1280 av1 main 3.1, libsvtav1 9, crf 33, at most 1000 kbit/s, PQ") in rows(
        plan
    )


def test_hlg_carries_no_light() -> None:
    plan = planned(replace(hdr10(), colour=HLG, light=LIGHT), "h264", "hevc")
    assert plan.hdr == HdrPlan("HLG", "arib-std-b67", None, None)
    assert [(r.name, r.video_range) for r in plan.rungs] == [("hd", "SDR"), ("hd-hevc", "HLG")]


TINY = replace(hdr10(), width=36, height=60, display_width=36, display_height=60)
P3 = replace(hdr10(), colour=Colour("smpte432", "smpte2084", "bt2020nc"))


@pytest.mark.parametrize(
    ("video", "codecs", "zscale", "notes"),
    [
        (hdr10(), ("hevc",), True, (Note(codes.SDR_ADDED, "HDR needs SDR beside it: H.264 is made, too"),)),
        (hdr10(), ("h264", "av1"), True, ()),
        (clip(), ("hevc",), True, (Note(codes.HDR_NOT_KEPT, "the source is SDR"),)),
        (
            hdr10(),
            ("h264",),
            True,
            (Note(codes.HDR_NOT_KEPT, "H.264 is made in SDR; --codec hevc or --codec av1 keeps it"),),
        ),
        (
            TINY,
            ("h264", "hevc"),
            True,
            (Note(codes.HDR_NOT_KEPT, "H.264 is made in SDR; --codec hevc or --codec av1 keeps it"),),
        ),
        (P3, ("h264", "hevc"), True, ()),
        (
            P3,
            ("h264", "hevc"),
            False,
            (Note(codes.HDR_NOT_KEPT, "its primaries smpte432 cannot be converted without zscale"),),
        ),
    ],
)
def test_what_is_said(
    video: VideoFacts, codecs: tuple[Codec, ...], zscale: bool, notes: tuple[Note, ...]
) -> None:
    plan = planned(video, *codecs, zscale=zscale)
    assert hdr_notes(plan, video, options(*codecs), can_convert=zscale) == notes
    assert (plan.hdr is None) == any(n.code is codes.HDR_NOT_KEPT for n in notes)


def test_it_is_not_kept_unasked() -> None:
    plan = make_plan(
        hdr10(), (), (HD,), preview_interval=F(1), tile=(9, 16), options=Options(codecs=("hevc",))
    )
    assert (plan.hdr, [(r.name, r.video_range) for r in plan.rungs]) == (None, [("hd-hevc", "SDR")])
    assert hdr_notes(plan, hdr10(), Options(codecs=("hevc",)), can_convert=True) == ()


# --- done ---


def graph_of(plan: Plan) -> list[str]:
    arguments = encode_arguments("/tools/ffmpeg", plan, EncodeInput("file:/proc/self/fd/7", 36_000_000, 128))
    return arguments[arguments.index("-filter_complex") + 1].split(";")


WIDE = "flags=bicubic:in_color_matrix=bt2020:in_range=tv:out_color_matrix=bt2020:out_range=tv"
TAGS = "color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"


def unlabelled(graph: list[str]) -> list[str]:
    """The filters without the names of what they read and write."""
    return [re.sub(r"^(?:\[[a-z0-9:]+\])+|(?:\[s[0-9]+\])+$", "", f) for f in graph]


def test_the_whole_graph_of_the_picture() -> None:
    assert unlabelled(graph_of(planned(hdr10(), "hevc", "av1")))[3:30] == [
        "setpts=PTS-(0)",
        "settb=1001/30000",
        "split=2",
        "sidedata=mode=delete:type=MASTERING_DISPLAY_METADATA",
        "sidedata=mode=delete:type=CONTENT_LIGHT_LEVEL",
        f"format={PLANAR_YUV}",
        "zscale=matrixin=bt2020nc:npl=203:primariesin=bt2020:rangein=limited:transfer=linear:transferin=smpte2084",
        "format=gbrpf32le",
        "zscale=primaries=bt709",
        "tonemap=desat=0:peak=49.26:tonemap=mobius",
        "zscale=matrix=bt709:range=limited:transfer=bt709",
        "format=yuv420p",
        "split=5",
        "scale=720:1280:flags=bicubic:in_color_matrix=bt709:in_range=tv:out_color_matrix=bt709:out_range=tv",
        "format=yuv420p",
        "setsar=1",
        "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
        "sidedata=mode=delete",
        "split=3",
        f"scale=720:1280:{WIDE}",
        "format=yuv420p10le",
        "setsar=1",
        f"setparams={TAGS}",
        f"scale=720:1280:{WIDE}",
        "format=yuv420p10le",
        "setsar=1",
        f"setparams={TAGS}",
    ]


def test_other_primaries_are_brought_to_bt2020_and_full_range_is_known() -> None:
    video = replace(P3, colour=replace(P3.colour, full_range=True))
    graph = unlabelled(graph_of(planned(video, "hevc")))
    assert (
        "zscale=matrix=bt2020nc:matrixin=bt2020nc:primaries=bt2020:primariesin=smpte432:transfer=smpte2084:"
        "transferin=smpte2084"
    ) in graph
    assert f"scale=720:1280:{WIDE.replace('in_range=tv', 'in_range=pc')}" in graph


def test_hlg_is_tagged_as_such() -> None:
    graph = graph_of(planned(replace(hdr10(), colour=HLG), "hevc"))
    assert any(TAGS.replace("smpte2084", "arib-std-b67") in part for part in graph)


def encoder_parameters(light: Light | None, *, colour: Colour | None = None) -> list[str]:
    video = replace(hdr10(), light=light)
    plan = planned(replace(video, colour=colour or video.colour), "h264", "hevc", "av1")
    found = [encoder_options(r, plan.video.grid, plan.hdr) for r in plan.rungs]
    assert not {"x265-params", "svtav1-params"} & set(found[0])
    return [found[1]["x265-params"], found[2]["svtav1-params"]]


X265 = "log-level=error:fps=30000/1001:level-idc=3.1:high-tier=0:scenecut=0:open-gop=0:min-keyint=60"
SVT = "fps-num=30000:fps-denom=1001:level=31:tier=0:scd=0"


X265_DISPLAY = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
SVT_DISPLAY = (
    "mastering-display=G(0.26500,0.69000)B(0.15000,0.06000)R(0.68000,0.32000)WP(0.31270,0.32900)"
    "L(1000.0000,0.0001)"
)


def test_the_light_is_told_to_the_encoders() -> None:
    assert encoder_parameters(LIGHT) == [
        f"{X265}:{X265_DISPLAY}:max-cll=1000,400",
        f"{SVT}:{SVT_DISPLAY}:content-light=1000,400",
    ]
    assert encoder_parameters(Light(None, 1000, 400)) == [
        f"{X265}:max-cll=1000,400",
        f"{SVT}:content-light=1000,400",
    ]
    assert encoder_parameters(Light(LIGHT.mastering)) == [f"{X265}:{X265_DISPLAY}", f"{SVT}:{SVT_DISPLAY}"]


def test_nothing_is_told_that_is_not_known() -> None:
    assert encoder_parameters(None) == [X265, SVT]
    assert encoder_parameters(LIGHT, colour=HLG) == [X265, SVT]


def test_audio_and_stills_are_as_ever() -> None:
    plan = make_plan(
        hdr10(),
        (track(),),
        (HD,),
        preview_interval=F(1),
        tile=(90, 160),
        options=options("h264", "hevc"),
    )
    arguments = encode_arguments("/tools/ffmpeg", plan, EncodeInput("file:/proc/self/fd/7", 36_000_000, 128))
    made = [a for a in arguments if a.endswith((".mp4", ".jpg"))]
    assert made == [
        "rungs/hd.mp4",
        "rungs/hd-hevc.mp4",
        "candidates/%d.jpg",
        "previews/%d.jpg",
        "trick.mp4",
        "audio/und-stereo.mp4",
    ]
