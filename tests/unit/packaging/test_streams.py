"""Renditions of transport streams and packed audio, measured: times, holes, wraps, discontinuities."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_transport import SOUND_PID, VIDEO_PID, Writer, adts, film, pes, picture

from ingest.packaging.decode import decoder_input, demuxer_of
from ingest.packaging.findings import Checks
from ingest.packaging.measure import Track, measure_track, on_one_clock, survey_track
from ingest.packaging.rules_streams import check_streams
from ingest.packaging.transport import WRAP

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 90_000


def playlist(
    folder: Path,
    *segments: bytes,
    breaks: tuple[int, ...] = (),
    name: str = "{}.ts",
    lengths: tuple[str, ...] = (),
) -> Path:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-PLAYLIST-TYPE:VOD"]
    for number, data in enumerate(segments):
        (folder / name.format(number)).write_bytes(data)
        lines += ["#EXT-X-DISCONTINUITY"] if number in breaks else []
        lines += [f"#EXTINF:{lengths[number] if lengths else '2.000'},", name.format(number)]
    path = folder / "index.m3u8"
    path.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]), encoding="utf-8")
    return path


def found(track: Track) -> list[tuple[str, str, str]]:
    checks = Checks()
    check_streams(track, track.folder, checks)
    return [(f.level, f.rule, f.found) for f in checks.findings]


def test_a_film_with_sound_is_measured_across_the_wrap(tmp_path: Path) -> None:
    """Two segments of 2 s, 25 pictures a second; the clock starts again one second in."""
    writer, start = Writer(), WRAP - SECOND
    one = film(writer, 50, start, sound=start, keys=(0, 25))
    two = film(writer, 50, start + 2 * SECOND, sound=start + 93 * 1920, keys=(0, 25))
    raw = measure_track(playlist(tmp_path, one, two))
    assert (raw.container, raw.codecs, raw.init_path) == ("ts", ("avc1.4d401e", "mp4a.40.2"), None)
    assert (raw.width, raw.height, raw.channels, raw.sample_rate) == (640, 360, 2, 48000)
    assert raw.first_presentation == Fraction(start, SECOND)
    (track,) = on_one_clock([raw])
    assert (track.first_presentation, track.last_presentation, track.frames) == (0, 4, 100)
    assert (track.frame_duration, track.frame_rate, track.presented_durations) == (
        Fraction(1, 25),
        25,
        (2, 2),
    )
    assert track.sync_times == (0, 1, 2, 3)
    assert [(p.moof_start, p.samples) for p in track.segments[0].access_points] == [
        (376, 25),
        (376 + 50 * 188, 25),
    ]
    assert track.sample_times() == tuple(Fraction(n, 25) for n in range(100))
    (sound,) = track.sounds
    assert (sound.frames, sound.first_presentation, sound.frame_duration) == (186, 0, Fraction(8, 375))
    assert all(s.continuous for s in (*track.segments, *sound.segments))
    assert sound.segments[1].start == sound.segments[0].end
    # 186 frames of sound are 3.968 s, and 61.3 ms are allowed.
    assert found(track) == [("SHOULD", "Apple 2.1", "sound in the picture's segments")]


def test_a_rate_that_ticks_cannot_say_is_exact(tmp_path: Path) -> None:
    """24000/1001 pictures a second last 3753.75 ticks."""
    writer = Writer()
    data = writer.tables((0x1B, VIDEO_PID))
    for number in range(48):
        data += writer.packets(VIDEO_PID, pes(picture(idr=number == 0), round(number * Fraction(15015, 4))))
    track = measure_track(playlist(tmp_path, data))
    assert abs(track.frame_rate - Fraction(24000, 1001)) < Fraction(1, 2000)
    assert abs(track.duration - Fraction(48 * 1001, 24000)) < Fraction(1, SECOND)


def test_a_hole_between_segments_is_seen(tmp_path: Path) -> None:
    writer = Writer()
    one, two = film(writer, 50, 0), film(writer, 50, 2 * SECOND + 3 * 3600)
    track = measure_track(playlist(tmp_path, one, two))
    assert track.segments[1].start - track.segments[0].end == Fraction(3 * 3600, SECOND)


def holes(track: Track) -> list[Fraction]:
    """From where each segment should begin to where it does."""
    return [b.start - a.end for a, b in pairwise(track.segments)]


def test_a_pause_across_a_segment_s_end_is_none_where_the_playlist_has_it(tmp_path: Path) -> None:
    """50 pictures of 40 ms, then the last one stays for 1.5 s more."""
    writer = Writer()
    segments = film(writer, 50, 0), film(writer, 50, 2 * SECOND + 135_000)
    assert holes(measure_track(playlist(tmp_path, *segments, lengths=("3.5", "2")))) == [0]
    assert holes(measure_track(playlist(tmp_path, *segments, lengths=("3.479", "2")))) == [Fraction(3, 2)]
    assert holes(measure_track(playlist(tmp_path, *segments, lengths=("3.521", "2")))) == [Fraction(3, 2)]


def slides(folder: Path, *times: int, lengths: tuple[str, ...]) -> Track:
    """One picture a segment."""
    writer = Writer()
    return measure_track(playlist(folder, *(film(writer, 1, t * SECOND) for t in times), lengths=lengths))


def test_segments_of_one_picture_last_to_the_next(tmp_path: Path) -> None:
    track = slides(tmp_path, 0, 5, 10, lengths=("5.000",) * 3)
    assert holes(track) == [0, 0]
    assert (track.last_presentation, track.frame_duration, track.frame_rate) == (15, 5, Fraction(1, 5))


def test_a_segment_of_one_picture_that_is_missing_is_a_hole(tmp_path: Path) -> None:
    assert holes(slides(tmp_path, 0, 5, 15, 20, lengths=("5.000",) * 4)) == [0, 5, 0]


def test_a_picture_alone_lasts_as_the_playlist_says(tmp_path: Path) -> None:
    assert slides(tmp_path, 0, lengths=("5.000",)).last_presentation == 5


def test_segments_that_go_back_in_time_are_seen(tmp_path: Path) -> None:
    writer = Writer()
    one, two = film(writer, 50, 5 * SECOND), film(writer, 50, SECOND)
    track = measure_track(playlist(tmp_path, one, two))
    assert track.segments[1].start - track.segments[0].end == -6


def test_a_discontinuity_starts_another_clock(tmp_path: Path) -> None:
    one, two = film(Writer(), 50, SECOND), film(Writer(), 50, 77 * SECOND)
    (track,) = on_one_clock([measure_track(playlist(tmp_path, one, two, breaks=(1,)))])
    assert (track.first_presentation, track.last_presentation) == (0, 4)
    assert [s.discontinuity for s in track.segments] == [False, True]
    assert track.presented_durations == (2, 2)
    assert found(track) == []


def test_a_lost_packet_between_segments_is_found(tmp_path: Path) -> None:
    one, two = film(Writer(), 50, 0), film(Writer(), 50, 2 * SECOND)
    track = measure_track(playlist(tmp_path, one, two))
    # The second segment's counters begin at 0 again: those of PAT and PMT, and the pictures'.
    assert found(track) == [("MUST", "RFC8216bis 3", "continuity counters jump (3 times in 1 of 2 segments)")]


def test_what_a_segment_lacks_is_found(tmp_path: Path) -> None:
    writer = Writer()
    data = writer.tables((0x1B, VIDEO_PID))
    data += writer.packets(VIDEO_PID, pes(picture(idr=False, delimiter=False), 0))
    data += writer.packets(VIDEO_PID, pes(picture(idr=True), 3600))
    first = writer.packets(0x11, b"\0") + data
    track = measure_track(playlist(tmp_path, first))
    assert not track.segments[0].starts_with_sync
    assert found(track) == [
        (
            "SHOULD",
            "RFC8216bis 3.1.1",
            "PAT and PMT are not the first two packets (1 times in 1 of 1 segments)",
        ),
        ("MUST", "RFC8216bis 3.1.1", "no SPS and PPS before the first picture (1 times in 1 of 1 segments)"),
        (
            "MUST",
            "ISO/IEC 13818-1 2.14.1",
            "pictures without an access unit delimiter (1 times in 1 of 1 segments)",
        ),
    ]


def test_a_segment_without_any_key_picture_is_measured(tmp_path: Path) -> None:
    writer = Writer()
    one, two = film(writer, 50, 0), film(writer, 50, 2 * SECOND, keys=())
    track = measure_track(playlist(tmp_path, one, two))
    assert [(s.starts_with_sync, s.samples, s.access_points) for s in track.segments[1:]] == [(False, 50, ())]
    assert track.last_presentation == 4


def test_sound_of_a_wrong_length_is_not_continuous(tmp_path: Path) -> None:
    """Twenty frames of sound, the time of the second packet 10 ms late."""
    writer = Writer()
    data = writer.tables((0x0F, SOUND_PID))
    for number, late in ((0, 0), (10, 900)):
        data += writer.packets(SOUND_PID, pes(adts() * 10, number * 1920 + late, stream_id=0xC0))
    (segment,) = measure_track(playlist(tmp_path, data)).segments
    assert (segment.samples, segment.duration, segment.continuous) == (20, Fraction(20 * 1024, 48000), False)


def packed(ticks: int | None, count: int) -> bytes:
    owner = b"com.apple.streaming.transportStreamTimestamp\0"
    frame = b"PRIV" + (len(owner) + 8).to_bytes(4, "big") + b"\0\0" + owner
    payload = frame + (ticks or 0).to_bytes(8, "big")
    tag = b"ID3\4\0\0\0\0\0" + bytes((len(payload),)) + payload
    return (tag if ticks is not None else b"") + adts() * count


def test_packed_audio_is_measured(tmp_path: Path) -> None:
    # The second time is rounded to a tick, which must not become a hole; the third segment says nothing.
    segments = packed(SECOND, 94), packed(SECOND + 94 * 1920 + 1, 94), packed(None, 3)
    track = measure_track(playlist(tmp_path, *segments, name="{}.aac"))
    assert (track.container, track.codecs, track.channels, track.frames) == ("packed", ("mp4a.40.2",), 2, 191)
    assert (track.first_presentation, track.duration) == (1, Fraction(191 * 1024, 48000))
    assert all(a.end == b.start for a, b in zip(track.segments, track.segments[1:], strict=False))
    assert [f[1] for f in found(track)] == ["RFC8216bis 3.1.3"]


def test_the_decoder_is_told_what_a_few_frames_are(tmp_path: Path) -> None:
    """ffmpeg takes two frames of ADTS for nothing that it knows."""
    track = measure_track(playlist(tmp_path, packed(0, 2), name="{}.aac"))
    assert [demuxer_of(s) for s in track.segments] == ["aac"]
    track = measure_track(playlist(tmp_path, film(Writer(), 1, 0)))
    assert [demuxer_of(s) for s in track.segments] == ["mpegts"]
    assert decoder_input("file:x", "aac").node.kwargs["format"] == "aac"


@pytest.mark.parametrize(
    ("data", "rule", "words"),
    [
        (b"\x47" + bytes(187), "RFC8216bis 3.1.1", "no program association table"),
        (film(Writer(), 3, 0)[:-1], "RFC8216bis 3.1.1", "not whole packets"),
        (
            film(Writer(), 1, 0)[:376].replace(b"\x1b\xe1", b"\x1b\xe1"),
            "ingest measure",
            "not measured: stream types 0x1b",
        ),
    ],
)
def test_what_cannot_be_measured_is_said(tmp_path: Path, data: bytes, rule: str, words: str) -> None:
    survey = survey_track(playlist(tmp_path, data), root=tmp_path)
    assert survey.track is None
    assert [(f.rule, words in f.found) for f in survey.faults] == [(rule, True)]


def test_hevc_in_a_transport_stream_breaks_a_rule(tmp_path: Path) -> None:
    writer = Writer()
    data = writer.tables((0x24, VIDEO_PID)) + writer.packets(VIDEO_PID, pes(picture(idr=True), 0))
    survey = survey_track(playlist(tmp_path, data), root=tmp_path)
    assert [(f.rule, f.level) for f in survey.faults] == [("Apple 1.5", "MUST")]


SMALL = film(Writer(), 6, 0, sound=0)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 3),
)
def test_damaged_segments_give_a_track_or_a_finding(
    tmp_path: Path, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(SMALL)
    for at, value in changes:
        data[at : at + len(value)] = value
    survey = survey_track(playlist(tmp_path, SMALL, bytes(data[: len(data) - cut])), root=tmp_path)
    assert (survey.track is None) == bool(survey.faults)
    if survey.track:
        found(survey.track)
        assert survey.track.average_bandwidth > 0
