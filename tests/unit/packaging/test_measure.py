from __future__ import annotations

import os
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_boxes import SLICE, audio_init, fragment, pictures, video_init

from ingest.job import codes
from ingest.packaging.findings import FaultError
from ingest.packaging.measure import measure_track, peak_rate, survey_track
from ingest.packaging.segments import AccessPoint

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = st.fractions(min_value=0, max_value=9, max_denominator=90_000)
INSIDE = "a path inside the package"
HEAD = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n"


def rendition(folder: Path, init: bytes, segments: list[bytes], seconds: list[str] | None = None) -> Path:
    """Write a rendition; returns its playlist."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "init.mp4").write_bytes(init)
    text = HEAD + '#EXT-X-MAP:URI="init.mp4"\n'
    for number, data in enumerate(segments, 1):
        (folder / f"seg-{number:05d}.m4s").write_bytes(data)
        text += f"#EXTINF:{seconds[number - 1] if seconds else '6.000'},\nseg-{number:05d}.m4s\n"
    (folder / "index.m3u8").write_text(text + "#EXT-X-ENDLIST\n", encoding="utf-8")
    return folder / "index.m3u8"


def three(folder: Path) -> Path:
    """14 s of 24 pictures/s in segments of 6, 6 and 2 s and 15000, 30000 and 20000 bytes, IDR every 2 s."""
    segments = []
    for start, seconds, size in ((0, 6, 15000), (6, 6, 30000), (12, 2, 20000)):
        fragments = [pictures((start + at) * 24000, 48, 48) for at in range(0, seconds, 2)]
        padding = size - sum(map(len, fragments)) - 8
        segments.append(b"".join(fragments) + (8 + padding).to_bytes(4, "big") + b"free" + bytes(padding))
    return rendition(folder, video_init(), segments, ["6.0", "6.000", "1.999"])


def test_video_is_measured_exactly(tmp_path: Path) -> None:
    track = measure_track(three(tmp_path / "hd"))
    assert (track.kind, track.codec, track.codecs) == ("video", "avc1.64001e", ("avc1.64001e",))
    assert (track.width, track.height, track.timescale) == (640, 360, 24000)
    assert (track.channels, track.sample_rate) == (None, None)
    assert (track.frames, track.duration, track.size) == (336, 14, 65000)
    assert (track.first_presentation, track.last_presentation) == (0, 14)
    assert (track.frame_rate, track.frame_duration) == (24, Fraction(1, 24))
    assert (track.target_duration, track.playlist_target) == (6, 6)
    assert track.sync_times == (0, 2, 4, 6, 8, 10, 12)
    assert track.sync_distances == (2,) * 7
    assert track.sample_times() == tuple(Fraction(n, 24) for n in range(336))
    assert [s.extinf for s in track.segments] == [6, 6, Fraction(1999, 1000)]
    assert [(s.start, s.duration, s.size, s.samples) for s in track.segments] == [
        (0, 6, 15000, 144),
        (6, 6, 30000, 144),
        (12, 2, 20000, 48),
    ]
    assert all(s.starts_with_sync and s.continuous for s in track.segments)
    first = len(pictures(0, 48, 48)) - 48 * len(SLICE) + len(SLICE)
    assert track.segments[2].access_points == (AccessPoint(Fraction(12), 0, first, 48),)


def test_bandwidths_follow_rfc_8216bis(tmp_path: Path) -> None:
    track = measure_track(three(tmp_path))
    assert track.average_bandwidth == 37143  # 65000 * 8 / 14, rounded up
    # Runs of 3 to 9 s: 20000, 40000 and, the last two together, 50000 * 8 / 8.
    assert track.peak_bandwidth == 50000
    # Runs of 1 to 3 s: only the last segment.
    assert track.peak_bandwidth_for(2) == 80000
    # Runs of 15 to 45 s: there is none, so the average stands.
    assert track.peak_bandwidth_for(30) == track.average_bandwidth


def test_an_edit_list_moves_and_cuts(tmp_path: Path) -> None:
    frames = [(1024, b"aac", True, 0)] * 4
    plain = measure_track(rendition(tmp_path / "a", audio_init(), [fragment(0, frames)]))
    assert (plain.kind, plain.codec, plain.channels, plain.sample_rate) == ("audio", "mp4a.40.2", 2, 48000)
    assert (plain.first_presentation, plain.last_presentation) == (0, Fraction(4096, 48000))
    assert plain.sync_times == ()
    primed = measure_track(rendition(tmp_path / "b", audio_init(edits=[(0, 1024)]), [fragment(0, frames)]))
    assert (primed.first_presentation, primed.last_presentation) == (0, Fraction(3072, 48000))
    assert primed.duration == Fraction(4096, 48000)
    late = measure_track(
        rendition(tmp_path / "c", audio_init(edits=[(80, -1), (0, 0)]), [fragment(0, frames)])
    )
    assert late.first_presentation == Fraction(80, 1000)


def test_composition_offsets_make_presentation_times(tmp_path: Path) -> None:
    idr = pictures(0, 1, 1)[-9:]
    samples = [(1000, idr, True, 2000), (1000, SLICE, False, 3000), (1000, SLICE, False, 1000)]
    edited = rendition(tmp_path / "a", video_init(edits=[(0, 2000)]), [fragment(0, samples)])
    assert measure_track(edited).sample_times() == (0, Fraction(1, 24), Fraction(2, 24))
    track = measure_track(rendition(tmp_path / "b", video_init(), [fragment(0, samples)]))
    assert (track.first_presentation, track.last_presentation) == (Fraction(2, 24), Fraction(5, 24))


def test_a_sync_flag_without_an_idr_is_not_believed(tmp_path: Path) -> None:
    track = measure_track(rendition(tmp_path, video_init(), [fragment(0, [(1000, SLICE, True, 0)])]))
    assert [s.starts_with_sync for s in track.segments] == [False]


def test_fragments_with_a_gap_are_noticed(tmp_path: Path) -> None:
    data = pictures(0, 48, 48) + pictures(48001, 48, 48)
    assert [s.continuous for s in measure_track(rendition(tmp_path, video_init(), [data])).segments] == [
        False
    ]


def test_byte_ranges_of_one_file(tmp_path: Path) -> None:
    one, two = pictures(0, 48, 48), pictures(48000, 48, 48)
    init = video_init()
    (tmp_path / "all.mp4").write_bytes(init + one + two)
    text = HEAD + f'#EXT-X-MAP:URI="all.mp4",BYTERANGE="{len(init)}@0"\n'
    text += f"#EXTINF:2,\n#EXT-X-BYTERANGE:{len(one)}@{len(init)}\nall.mp4\n"
    text += f"#EXTINF:2,\n#EXT-X-BYTERANGE:{len(two)}\nall.mp4\n#EXT-X-ENDLIST\n"
    (tmp_path / "index.m3u8").write_text(text, encoding="utf-8")
    track = measure_track(tmp_path / "index.m3u8")
    assert [(s.offset, s.size, s.start) for s in track.segments] == [
        (len(init), len(one), 0),
        (len(init) + len(one), len(two), 2),
    ]
    assert len(track.sample_times()) == 96


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seg-00002.m4s", "gone.m4s", "'gone.m4s' is missing | the file it names"),
        ("seg-00002.m4s", "../x", "the URI '../x' leads out of the package | " + INSIDE),
        ("seg-00002.m4s", "%2e%2e/x", "the URI '%2e%2e/x' leads out of the package | " + INSIDE),
        ("seg-00002.m4s", "/etc/passwd", "the URI '/etc/passwd' is not a relative path | " + INSIDE),
        ("seg-00002.m4s", "http://h/s", "the URI 'http://h/s' is not a relative path | " + INSIDE),
        ("seg-00002.m4s", "link.m4s", "the URI 'link.m4s' leads out of the package | " + INSIDE),
        ("seg-00002.m4s", "fifo", "'fifo' is not a regular file | a regular file"),
        ("seg-00002.m4s", "empty", "'empty' is empty | a file with content"),
        ("#EXTINF:6.000", "#EXTINF:nan", "EXTINF is nan | a duration in seconds"),
        ("#EXTM3U", "#EXTM4U", "the first line is not #EXTM3U | #EXTM3U first"),
        ('#EXT-X-MAP:URI="init.mp4"', "", "no EXT-X-MAP | EXT-X-MAP naming the initialization segment"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    playlist = three(tmp_path / "p")
    (tmp_path / "x").write_bytes(b"x")
    (tmp_path / "p/link.m4s").symlink_to(tmp_path / "x")
    (tmp_path / "p/empty").touch()
    os.mkfifo(tmp_path / "p/fifo")
    playlist.write_text(playlist.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(FaultError) as caught:
        measure_track(playlist)
    found, wanted = said.split(" | ")
    assert caught.value.code == codes.VERIFICATION_FAILED
    assert caught.value.line == f"index.m3u8: {found}; wanted: {wanted}"


def test_a_survey_names_every_bad_segment(tmp_path: Path) -> None:
    playlist = three(tmp_path)
    for number in (1, 3):
        path = tmp_path / f"seg-{number:05d}.m4s"
        path.write_bytes(path.read_bytes()[:-10])
    survey = survey_track(playlist, root=tmp_path)
    assert survey.track is None
    assert [(f.place, f.level) for f in survey.faults] == [
        ("seg-00001.m4s", "MUST"),
        ("seg-00003.m4s", "MUST"),
    ]
    assert "bytes, but" in survey.faults[0].found


@given(st.lists(st.tuples(st.integers(0, 10**7), SECONDS), max_size=12), st.integers(1, 8))
def test_the_peak_is_that_of_the_costliest_run_of_half_to_one_and_a_half_targets(
    runs: list[tuple[int, Fraction]], target: int
) -> None:
    rates = [Fraction(0)]
    for first in range(len(runs)):
        for end in range(first + 1, len(runs) + 1):
            seconds = sum((length for _, length in runs[first:end]), Fraction())
            if seconds and Fraction(target, 2) <= seconds <= Fraction(3 * target, 2):
                rates.append(sum(size for size, _ in runs[first:end]) * 8 / seconds)
    assert peak_rate(runs, target) == ceil(max(rates))
