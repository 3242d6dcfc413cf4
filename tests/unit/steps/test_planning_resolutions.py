"""Step 9002: the plan's messages and the space it needs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from made_facts import ALL_PRESETS, FHD, HD, SD, clip, constant, hdr10, track

from ingest.job import codes
from ingest.job.errors import ResourceError, exit_code_of
from ingest.media.cancel import CancelToken
from ingest.media.facts import Judged, Scan, Shape
from ingest.media.options import Options
from ingest.media.packets import PacketTable
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.space import space_of
from ingest.media.probe import ProbeLimits
from ingest.media.process import Limits
from ingest.media.toolchain import Tool, Toolchain
from ingest.steps import planning_resolutions
from ingest.steps.context import Env, Note
from ingest.steps.planning_resolutions import check_space, file_limits, notes, warnings

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts, Timing, VideoFacts
    from ingest.media.key_pictures import KeyPictures
    from ingest.media.plan.sound_copying import SoundPackets
    from ingest.media.presets import Preset

FFMPEG = Tool("ffmpeg", Path("/tools/ffmpeg"), "9.0", "test")
ENV = Env(
    tools=Toolchain(ffmpeg=FFMPEG, ffprobe=FFMPEG, packager=FFMPEG),
    package=Path("package"),
    temporary=Path("temporary"),
    probe_limits=ProbeLimits(),
    min_free=0,
    options=Options(),
    cancel=CancelToken(),
    on_progress=lambda _: None,
)
MIB = 2**20


def planned(
    video: VideoFacts, *presets: Preset, audio: tuple[AudioFacts, ...] = (), hdr: bool = True
) -> Plan:
    return make_plan(video, audio, presets, preview_interval=Fraction(1), tile=(160, 90), can_tone_map=hdr)


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(
        "ingest.steps.planning_resolutions.shutil.disk_usage", lambda _: SimpleNamespace(free=size)
    )


def not_asked() -> KeyPictures:
    raise AssertionError("nobody looks into pictures that cannot be copied anyway")


def not_heard(index: int) -> SoundPackets:
    raise AssertionError("nobody listens where no picture is copied")


# --- notes ---


def test_nothing_to_note() -> None:
    video = clip()
    assert notes(planned(video, SD, FHD), video) == ()


def test_resolutions_above_the_source() -> None:
    video = clip(1280, 720)
    assert notes(planned(video, *ALL_PRESETS), video) == (
        Note(codes.RESOLUTION_LEFT_OUT, "fhd is above the source (1280x720)", "fhd"),
        Note(codes.RESOLUTION_LEFT_OUT, "qhd is above the source (1280x720)", "qhd"),
        Note(codes.RESOLUTION_LEFT_OUT, "uhd is above the source (1280x720)", "uhd"),
    )


def test_all_above_the_source() -> None:
    video = clip(320, 240)
    assert notes(planned(video, HD, FHD), video) == (
        Note(codes.MADE_AT_SOURCE_SIZE, "hd is above the source (320x240), which is made as it is", "hd"),
        Note(codes.RESOLUTION_LEFT_OUT, "fhd is above the source (320x240)", "fhd"),
    )


def test_tracks_beyond_the_limit() -> None:
    video = clip()
    plan = planned(video, SD, audio=tuple(track(i) for i in range(1, 11)))
    assert notes(plan, video) == (
        Note(codes.STREAM_LEFT_OUT, "stream 9: audio beyond the first tracks is not carried"),
        Note(codes.STREAM_LEFT_OUT, "stream 10: audio beyond the first tracks is not carried"),
    )


# --- warnings ---


@pytest.mark.parametrize(
    ("start", "duration", "told"),
    [
        (Fraction(5), Fraction(10), []),
        (Fraction(9, 2), Fraction(21, 2), []),  # half a second is nothing
        (Fraction(44, 10), Fraction(10), ["stream 1: 0.6 s of sound before the picture begins"]),
        (Fraction(5), Fraction(12), ["stream 1: 2.0 s of sound after the picture ends"]),
        (
            Fraction(0),
            Fraction(20),
            [
                "stream 1: 5.0 s of sound before the picture begins",
                "stream 1: 5.0 s of sound after the picture ends",
            ],
        ),
        (Fraction(7), Fraction(2), []),
        (None, Fraction(99), []),
        (Fraction(0), None, ["stream 1: 5.0 s of sound before the picture begins"]),
    ],
)
def test_sound_outside_the_picture(
    start: Fraction | None, duration: Fraction | None, told: list[str]
) -> None:
    """The picture is there from 5 s to 15 s."""
    video = clip(timing=constant(Fraction(30), 300, Fraction(1, 15_360), start=Fraction(5)))
    audio = (track(1, start=start, duration=duration),)
    assert warnings(planned(video, SD, audio=audio), video, audio) == tuple(
        Note(codes.AUDIO_TRIMMED, text) for text in told
    )


def test_hdr_that_cannot_be_tone_mapped() -> None:
    video = hdr10()
    assert warnings(planned(video, HD), video, ()) == ()
    assert warnings(planned(video, HD, hdr=False), video, ()) == (
        Note(codes.COLOUR_NOT_CONVERTED, "smpte2084 needs zscale and tonemap"),
    )


@pytest.mark.parametrize(
    ("timing", "told"),
    [
        (
            constant(Fraction(120_000, 1001), 1200, Fraction(1, 120_000)),
            "from 119.88 to 59.94 pictures a second",
        ),
        (constant(Fraction(240), 2400, Fraction(1, 240)), "from 240 to 60 pictures a second"),
        (
            replace(constant(Fraction(90), 900, Fraction(1, 90_000)), rate=None),
            "from uneven, 90 on average to 60 pictures a second",
        ),
        (constant(Fraction(60), 600, Fraction(1, 60)), None),
        (replace(constant(Fraction(25), 250, Fraction(1, 90_000)), rate=None), None),
    ],
)
def test_fewer_pictures_a_second(timing: Timing, told: str | None) -> None:
    video = clip(timing=timing)
    wanted = (Note(codes.FRAME_RATE_REDUCED, told),) if told else ()
    assert tuple(n for n in notes(planned(video, FHD), video) if n.code is codes.FRAME_RATE_REDUCED) == wanted


def test_sound_before_the_picture_is_not_more_than_there_is() -> None:
    video = clip(timing=constant(Fraction(25), 100, Fraction(1, 1000), start=Fraction(5)))
    audio = (track(1, start=Fraction(0), duration=Fraction(4)),)
    assert warnings(planned(video, SD, audio=audio), video, audio) == (
        Note(codes.AUDIO_TRIMMED, "stream 1: 4.0 s of sound before the picture begins"),
    )


# --- space ---


def test_file_limits() -> None:
    plan = planned(clip(), SD)
    limits = Limits(memory_bytes=5, stall_seconds=7.0, wall_seconds=9.0)
    assert file_limits(plan, limits) == Limits(
        memory_bytes=5, stall_seconds=7.0, file_bytes=2 * space_of(plan).working + 1024 * MIB
    )


def test_space_that_is_there_and_space_that_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(clip(), SD)
    needed = space_of(plan).working + 100 * MIB
    free(monkeypatch, needed)
    check_space(plan, tmp_path, 100 * MIB)
    free(monkeypatch, needed - 1)
    with pytest.raises(ResourceError) as caught:
        check_space(plan, tmp_path, 100 * MIB)
    assert (caught.value.code, exit_code_of(caught.value), caught.value.line) == (
        codes.DISK_FULL,
        6,
        "up to 137 MiB are needed and 136 MiB are free; free some space, or name another folder with -o",
    )


# --- the whole step ---


def test_step_for_sdr_asks_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 2**40)
    outcome = planning_resolutions.run(
        ENV, clip(1280, 720), (), (HD, FHD), tmp_path, packets=PacketTable(), look=not_asked, listen=not_heard
    )
    assert outcome.value == make_plan(
        clip(1280, 720), (), (HD, FHD), preview_interval=Fraction(1), tile=(160, 90)
    )
    # The clip's facts name more pictures than its packets are.
    assert [n.code.number for n in outcome.notes] == [9101, 9145]
    assert outcome.warnings == ()


def test_what_another_job_has_left_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone on from, and not made beside it."""
    video = clip(1280, 720)
    needed = space_of(planned(video, HD)).working
    (tmp_path / "left").mkdir()
    (tmp_path / "left/film").write_bytes(bytes(10_000))
    free(monkeypatch, needed - 10_000)

    def run(folder: Path | None) -> None:
        planning_resolutions.run(
            *(ENV, video, (), (HD,), tmp_path),
            packets=PacketTable(),
            look=not_asked,
            listen=not_heard,
            adopted=lambda _: folder,
        )

    run(tmp_path / "left")
    with pytest.raises(ResourceError):
        run(None)


@pytest.mark.parametrize(
    ("filters", "mapped"),
    [({"zscale", "tonemap", "scale"}, True), ({"zscale"}, False), ({"tonemap"}, False), (set(), False)],
)
def test_step_for_hdr_looks_at_what_ffmpeg_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: set[str], mapped: bool
) -> None:
    free(monkeypatch, 2**40)
    monkeypatch.setattr(
        "ingest.steps.planning_resolutions.capabilities", lambda _: SimpleNamespace(filters=filters)
    )
    outcome = planning_resolutions.run(
        ENV, hdr10(), (), (HD,), tmp_path, packets=PacketTable(), look=not_asked, listen=not_heard
    )
    assert outcome.value.video.colour.tone_map is mapped
    assert [n.code.number for n in outcome.warnings] == ([] if mapped else [9205])


def test_what_changes_in_the_film_is_said() -> None:
    shapes = (
        *(
            Shape(1920, 1080, Fraction(1)),
            Shape(1920, 1080),
            Shape(1280, 720),
            Shape(720, 576, Fraction(64, 45)),
        ),
        Shape(1920, 1080, Fraction(3, 4)),
    )
    video = replace(clip(), scan=Scan(96, shapes=shapes))
    assert warnings(planned(video, SD), video, ()) == (
        Note(codes.PICTURE_SIZE_CHANGES, "720x576, 1280x720 among 1920x1080"),
        Note(codes.PICTURE_ASPECT_CHANGES, "samples of 3:4 in pictures of 1920x1080"),
    )


def test_what_is_done_with_fields_is_noted_where_it_is_not_the_usual() -> None:
    video = replace(clip(timing=constant(Fraction(25), 100, Fraction(1, 25))), scan=Scan(96, top=96))
    assert notes(planned(video, SD), video) == ()
    video = replace(video, scan=replace(video.scan, judged=Judged(200, smooth=200)))
    assert notes(planned(video, SD), video) == (
        Note(codes.FIELDS_HANDLED, "flagged as interlaced, but each picture is of one moment"),
    )
