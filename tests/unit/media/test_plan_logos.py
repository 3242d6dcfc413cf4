"""Logos over the picture: what is written, where they are in pictures of some size, and the filters for it."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from made_facts import FHD, HD, SD, clip
from test_command import BT709, JPEG, VIDEO, fit

from ingest.job.errors import UsageError
from ingest.media.choices import options_of
from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.logo_choice import POSITIONS, Logo, parse_logo
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.copying import verdict
from ingest.media.plan.describe import rows
from ingest.media.plan.logos import LogoPlan, Place, marked_sizes

SOURCE = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
LOGO = LogoPlan("d1", 400, 100, "bottom-right", Fraction(12, 100), Fraction(4, 5))


def planned(*logos: LogoPlan) -> Plan:
    return make_plan(clip(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90), logos=logos)


def filters(plan: Plan) -> list[str]:
    arguments = encode_arguments("/f", plan, SOURCE)
    return arguments[arguments.index("-filter_complex") + 1].split(";")


def laid(name: str, first: int) -> tuple[str, ...]:
    """The filters of the logo in one finished picture of 720x404, whose own are numbered from `first` on."""
    before, scaled, movie, rgba, narrow, yuva, ticks, over = (f"[s{n}]" for n in range(first - 1, first + 7))
    return (
        f"{before}format=yuv420p{scaled}",
        f"movie=f=png_pipe:filename=logos/{name}-0.png{movie}",
        f"{movie}format=rgba{rgba}",
        f"{rgba}scale=flags=bicubic:out_color_matrix=bt709:out_range=tv{narrow}",
        f"{narrow}format=yuva420p{yuva}",
        f"{yuva}settb=1/30{ticks}",
        f"{scaled}{ticks}overlay=622:370:format=yuv420{over}",
    )


def test_the_whole_graph() -> None:
    """Rendition, reference and trick play have the logo, stills do not."""
    assert filters(planned(LOGO)) == [
        *fit(1920, 1080),
        "[s1]setpts=PTS-(0)[s2]",
        "[s2]settb=1/30[s3]",
        "[s3]split=5[s4][s5][s6][s7][s8]",
        f"[s4]scale=720:404:{BT709}:{VIDEO}[s9]",
        *laid("rung-sd", 10),
        "[s16]format=yuv420p[s17]",
        "[s17]setsar=1[s18]",
        "[s18]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s19]",
        r"[s5]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/0.833333)+1)*0.833333)[s20]",
        f"[s20]scale=1920:1080:{BT709}:{JPEG}[s21]",
        "[s21]format=yuvj420p[s22]",
        "[s22]setsar=1[s23]",
        r"[s6]select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/1)+1)*1)[s24]",
        f"[s24]scale=160:90:{BT709}:{JPEG}[s25]",
        "[s25]format=yuvj420p[s26]",
        "[s26]setsar=1[s27]",
        r"[s7]select=not(mod(n\,60))[s28]",
        f"[s28]scale=720:404:{BT709}:{VIDEO}[s29]",
        *laid("reference", 30),
        "[s36]scale=32:18:flags=bicubic[s37]",
        "[s37]format=yuv420p[s38]",
        "[s38]extractplanes=y[s39]",
        r"[s8]select=lt(mod(n*2\,60)\,2)[s40]",
        f"[s40]scale=720:404:{BT709}:{VIDEO}[s41]",
        *laid("trick", 42),
        "[s48]format=yuv420p[s49]",
        "[s49]setsar=1[s50]",
        "[s50]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s51]",
    ]


def test_the_rest_of_the_command_is_as_without() -> None:
    bare, marked = (list(encode_arguments("/f", plan, SOURCE)) for plan in (planned(), planned(LOGO)))
    for arguments in (bare, marked):
        arguments[arguments.index("-filter_complex") + 1] = ""
    assert [re.sub(r"\[s\d+\]", "[]", a) for a in bare] == [re.sub(r"\[s\d+\]", "[]", a) for a in marked]
    assert not any("movie" in f or "overlay" in f for f in filters(planned()))


def test_what_must_be_there() -> None:
    plan = planned(LOGO)
    assert marked_sizes(plan) == {"rung-sd": (720, 404), "trick": (720, 404), "reference": (720, 404)}
    assert ("logo 1", "bottom-right, 12 % of the width, opacity 0.8") in rows(plan)


def test_fine_clocks_get_their_ticks_back() -> None:
    """ffmpeg pairs pictures by microseconds where ticks are finer."""
    plan = planned(LOGO)
    fine = replace(plan.video.grid, rate=None)
    video = replace(plan.video, grid=fine, time_base=Fraction(1, 600_000))
    assert sum("settb=1/600000[" in f for f in filters(replace(plan, video=video))) == 6


@pytest.mark.parametrize("position", POSITIONS)
def test_nine_positions(position: str) -> None:
    logo = replace(LOGO, position=position, share=Fraction(1, 10))
    # 3 % of 1080 is 32.4.
    across = {"left": 32, "right": 1920 - 32 - 192}
    down = {"top": 32, "bottom": 1080 - 32 - 48}
    words = position.split("-")
    left = next((v for k, v in across.items() if k in words), 864)
    top = next((v for k, v in down.items() if k in words), 516)
    assert logo.place(1920, 1080) == Place(192, 48, left, top)


def test_what_would_be_too_large_is_made_smaller() -> None:
    tall = replace(LOGO, width=100, height=1000, share=Fraction(1))
    assert tall.place(1280, 720) == Place(68, 680, 1280 - 20 - 68, 20)
    wide = replace(LOGO, share=Fraction(1))
    assert wide.place(1280, 720) == Place(1240, 310, 20, 390)
    assert LOGO.place(16, 16) == Place(2, 2, 14, 14)


def test_what_is_written() -> None:
    assert parse_logo("logo.png") == Logo(Path("logo.png"))
    assert parse_logo("C:/a:top.png:top") == Logo(Path("C:/a:top.png"), "top")
    assert parse_logo("a:top:top") == Logo(Path("a:top"), "top")
    assert parse_logo("a.png:center:12.5%") == Logo(Path("a.png"), "center", 12.5)
    assert parse_logo("a.png:0.5") == Logo(Path("a.png:0.5"))
    both = options_of(logos=["a.png:left:5%:0.5", Logo(Path("b.png"))])
    assert both == Options(logos=(Logo(Path("a.png"), "left", 5.0, 0.5), Logo(Path("b.png"))))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a file with its place"),
        ("a.png:top:0%", "with 0% of the picture's width is impossible"),
        ("a.png:top:101%", "with 101% of the picture's width is impossible"),
        ("a.png:top:5%:0", "with an opacity of 0 is impossible"),
        ("a.png:top:5%:1.1", "with an opacity of 1.1 is impossible"),
        ("a.png:top:1.1.1%", "has something that is no number"),
    ],
)
def test_what_cannot_be_understood(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        options_of(logos=text)


def test_what_does_not_go_together() -> None:
    with pytest.raises(UsageError, match="5 logos, the limit is 4"):
        options_of(logos=["a.png"] * 5)
    with pytest.raises(UsageError, match="cannot be laid over HDR"):
        options_of(logos=["a.png"], hdr="keep")


def test_it_is_not_copied() -> None:
    video = replace(clip(), profile="High")
    plan = make_plan(video, (), (FHD,), preview_interval=Fraction(1), tile=(160, 90), logos=(LOGO,))
    found = verdict(plan, video, None, (SD, HD, FHD), Options(), damaged=False)
    assert [(r.why, r.near) for r in found.refusals.values() if r] == [
        ("a logo is laid over its picture", True)
    ]
