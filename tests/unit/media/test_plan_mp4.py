"""Which MP4 files are planned, the command that makes one, and the room they take."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from made_facts import HD, SD, clip, track

from ingest.media.command.mp4 import mp4_arguments
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.describe import rows
from ingest.media.plan.mp4 import Mp4Plan
from ingest.media.plan.space import space_of
from ingest.media.whitelists import FORMAT_WHITELIST


def planned(options: Options, *languages: str, channels: int = 2) -> Plan:
    sounds = [track(n, channels, language=text) for n, text in enumerate(languages, 1)]
    sounds = [replace(s, default=s is sounds[-1]) for s in sounds]
    return make_plan(clip(), sounds, (SD, HD), preview_interval=Fraction(1), tile=(160, 90), options=options)


def test_none_unless_asked_for() -> None:
    assert planned(Options(), "en").mp4 == ()


def test_each_rendition_has_the_sound_that_plays_by_itself_in_stereo() -> None:
    made = planned(Options(mp4=True, codecs=("h264", "hevc")), "en", "de", channels=6)
    assert made.mp4 == (
        Mp4Plan("sd", "h264", "de-stereo", "deu"),
        Mp4Plan("hd", "h264", "de-stereo", "deu"),
        Mp4Plan("sd-hevc", "hevc", "de-stereo", "deu"),
        Mp4Plan("hd-hevc", "hevc", "de-stereo", "deu"),
    )
    assert ("mp4", "of each, with de-stereo") in rows(made)


def test_a_silent_film() -> None:
    assert planned(Options(mp4=True)).mp4 == (
        Mp4Plan("sd", "h264", None, "und"),
        Mp4Plan("hd", "h264", None, "und"),
    )


def test_they_take_the_room_of_their_renditions_once_more() -> None:
    without, with_them = (space_of(planned(Options(mp4=asked), "en")) for asked in (False, True))
    sd, hd = (2_000_000 * 10 + 4_000_000) // 8, (4_500_000 * 10 + 9_000_000) // 8
    more = sd + hd + 2 * 300 * 24 + 2 * (128_000 * 10 // 8 + 469 * 24)
    assert with_them.package - without.package == more
    assert with_them.working - without.working == more


def test_the_command() -> None:
    given = ("-format_whitelist", FORMAT_WHITELIST, "-protocol_whitelist", "file")
    quiet = (
        *("-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", "1"),
        *("-max_error_rate", "1", "-y"),
    )
    one = Mp4Plan("hd-hevc", "hevc", "de-stereo", "deu")
    assert mp4_arguments("/f", one, "t/r/hd-hevc.mp4", "t/a/de.mp4", "p/mp4/hd-hevc.mp4", 15360) == (
        *(
            "/f",
            "-display_rotation:v",
            "0",
            *given,
            "-i",
            "file:t/r/hd-hevc.mp4",
            *given,
            "-i",
            "file:t/a/de.mp4",
        ),
        *("-map", "0:v:0", "-map", "1:a:0", "-f", "mp4", "-c", "copy", "-map_chapters", "-1"),
        *("-map_metadata", "-1", "-metadata:s:a:0", "language=deu", "-movflags", "+faststart"),
        *("-tag:v", "hvc1", "-video_track_timescale", "15360", "p/mp4/hd-hevc.mp4", *quiet),
    )
    silent = Mp4Plan("hd", "h264", None, "und")
    assert mp4_arguments("/f", silent, "hd.mp4", None, "p/mp4/hd.mp4", 12800) == (
        *(
            "/f",
            "-display_rotation:v",
            "0",
            *given,
            "-i",
            "file:hd.mp4",
            "-map",
            "0:v:0",
            "-f",
            "mp4",
            "-c",
            "copy",
            "-map_chapters",
            "-1",
        ),
        *("-map_metadata", "-1", "-movflags", "+faststart", "-video_track_timescale", "12800"),
        *("p/mp4/hd.mp4", *quiet),
    )
