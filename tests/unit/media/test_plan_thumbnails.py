"""Sets of thumbnails: what is written of them, how large and how far apart they are, and what ffmpeg is told."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from made_facts import SD, clip
from test_chunk_commands import CHUNKS, PLAN, SOURCE

from ingest.job.errors import UsageError
from ingest.media.command import encode_arguments
from ingest.media.command.names import folders
from ingest.media.options import Options
from ingest.media.plan import make_plan
from ingest.media.plan.describe import rows
from ingest.media.plan.space import space_of
from ingest.media.plan.thumbnails import ThumbnailPlan, plan_thumbnails
from ingest.media.thumbnail_sets import ThumbnailSet, parse_set, parse_sets


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("160x90", ThumbnailSet(160, 90, Fraction(10), None)),
        ("160x90@5s", ThumbnailSet(160, 90, Fraction(5), None)),
        ("160x90@0.5s", ThumbnailSet(160, 90, Fraction(1, 2), None)),
        ("640x480@12", ThumbnailSet(640, 480, None, 12)),
    ],
)
def test_what_is_written(text: str, found: ThumbnailSet) -> None:
    assert parse_set(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no such set of thumbnails"),
        ("160", "no such set of thumbnails"),
        ("160x90@", "no such set of thumbnails"),
        ("160x90@-5s", "no such set of thumbnails"),
        ("160x90@5s\n", "no such set of thumbnails"),
        ("٣٢٠x90", "no such set of thumbnails"),
        ("8x90", "sides are 16 to 4096 pixels"),
        ("160x5000", "sides are 16 to 4096 pixels"),
        ("160x90@0.01s", "at least 0.1 s from one to the next"),
        ("160x90@0", "a count is a whole number from 1 to 10000, seconds end with s"),
        ("160x90@2.5", "a count is a whole number from 1 to 10000, seconds end with s"),
    ],
)
def test_what_cannot_be_understood(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_set(text)
    assert error.value.message.endswith(f": {said}")
    assert "\n" not in error.value.message


def test_a_size_only_once() -> None:
    assert [s.name for s in parse_sets(("160x90", "320x180@5"))] == ["160x90", "320x180"]
    with pytest.raises(UsageError, match="thumbnails of 160x90 twice"):
        parse_sets(("160x90", "160x90@5"))
    with pytest.raises(UsageError, match="17 sets"):
        parse_sets([f"{100 + n}x90" for n in range(17)])


def test_they_fit_into_the_size_and_are_never_made_larger() -> None:
    sets = parse_sets(("160x160", "91x400@5s", "4000x4000@3"))
    assert plan_thumbnails(sets, 1920, 1080, Fraction(21)) == (
        ThumbnailPlan("160x160", 160, 90, Fraction(10), 3),
        ThumbnailPlan("91x400", 90, 50, Fraction(5), 5),
        ThumbnailPlan("4000x4000", 1920, 1080, Fraction(7), 3),
    )


def test_not_more_than_can_be_looked_through() -> None:
    with pytest.raises(UsageError, match="36000 thumbnails of 160x90, the limit is 10000"):
        plan_thumbnails(parse_sets(("160x90@0.1s",)), 1920, 1080, Fraction(3600))


def test_they_come_from_the_one_decode_and_are_scaled_from_the_picture() -> None:
    plans = [
        make_plan(clip(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90), options=options)
        for options in (Options(), Options(thumbnails=("320x320@4",)))
    ]
    without, with_them = (encode_arguments("/f", plan, SOURCE) for plan in plans)
    made = with_them.index("thumbnails/0/%d.jpg")
    filters = with_them[with_them.index("-filter_complex") + 1]
    assert "split=6[" in filters and "split=5[" in without[without.index("-filter_complex") + 1]
    assert (
        r"select=isnan(prev_selected_t)+gte(t+0.000001\,(floor((prev_selected_t+0.000001)/2.5)+1)*2.5)"
        in filters
    )
    assert "scale=320:180:" in filters
    options = with_them[with_them.index("previews/%d.jpg") + 1 : made]
    assert options[2:] == (
        *("-f", "image2", "-c:v", "mjpeg", "-enc_time_base", "1/1000", "-fps_mode", "passthrough"),
        *("-frame_pts", "1", "-map_metadata", "-1", "-q:v", "3"),
    )
    assert folders(2)[-2:] == ("thumbnails/0", "thumbnails/1")
    assert ("thumbnails 320x320", "320x180 every 2.5 s, at most 4") in rows(plans[1])
    more = 4 * 8 * 4096  # 320 x 180 / 2 bytes, in blocks
    assert space_of(plans[1]).package - space_of(plans[0]).package == 2 * more
    assert space_of(plans[1]).working - space_of(plans[0]).working == 3 * more


def test_a_chunk_has_those_of_its_own_time() -> None:
    sets = (ThumbnailPlan("320x180", 320, 180, Fraction(130), 2),)
    plan = replace(PLAN, thumbnails=sets)
    found = ["thumbnails/0/%d.jpg" in encode_arguments("/f", plan, SOURCE, c) for c in CHUNKS]
    assert found == [True, False, True]
