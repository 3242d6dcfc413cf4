"""Playlists and the MPD as the packager writes them, and after the edit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import m3u8
import pytest

from ingest.packaging.findings import Checks
from ingest.packaging.manifests import (
    ordered,
    rewrite_iframe_playlist,
    rewrite_master,
    rewrite_media_playlist,
    rewrite_mpd,
    seconds,
)
from ingest.packaging.measure import Track
from ingest.packaging.rules_dash import _check_slots, _Slot
from ingest.packaging.segments import AccessPoint, Segment

F = Fraction


def made_track(
    codec: str,
    edges: list[Fraction],
    sizes: list[int],
    *,
    keys: list[list[Fraction]] | None = None,
    width: int | None = None,
    height: int | None = None,
    channels: int | None = None,
) -> Track:
    """A rendition whose segments are on show from edge to edge."""
    segments = tuple(
        Segment(
            uri=f"seg-{number:05d}.m4s",
            path=Path(f"seg-{number:05d}.m4s"),
            offset=0,
            start=start,
            duration=end - start,
            extinf=end - start,
            size=size,
            samples=1,
            sample_duration=end - start,
            starts_with_sync=True,
            sync_times=tuple(times),
            access_points=tuple(AccessPoint(t, 0, size // 4, 1) for t in times),
            presentation_start=start,
            presentation_end=end,
            continuous=True,
        )
        for number, (start, end, size, times) in enumerate(
            zip(edges, edges[1:], sizes, keys or [[]] * len(sizes), strict=False), 1
        )
    )
    nothing = cast("Any", None)
    return Track(
        kind="video" if width else "audio",
        playlist=Path("index.m3u8"),
        folder=Path(),
        init=nothing,
        init_path=Path("init.mp4"),
        header=nothing,
        codecs=(codec,),
        timescale=90_000,
        width=width,
        height=height,
        channels=channels,
        sample_rate=None,
        playlist_target=None,
        segments=segments,
    )


def video(width: int, height: int, size: int, codec: str = "avc1.64000a") -> Track:
    """Ten seconds in segments of six and four; `size` bytes of each second, key pictures every two seconds.

    A key picture has a quarter of its segment's bytes: 6 * size bit/s in the first segment, 4 * size in the other.
    """
    keys = [[F(0), F(2), F(4)], [F(6), F(8)]]
    return made_track(codec, [F(0), F(6), F(10)], [6 * size, 4 * size], keys=keys, width=width, height=height)


def sound(channels: int, size: int, codec: str = "mp4a.40.2") -> Track:
    return made_track(codec, [F(0), F(6), F(10)], [6 * size, 4 * size], channels=channels)


# --- media playlists ---

MEDIA = """\
#EXTM3U
#EXT-X-VERSION:6
## Generated with https://github.com/shaka-project/shaka-packager version v3.8.0-75b2faf-release
#EXT-X-TARGETDURATION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.016,
seg-00001.m4s
#EXTINF:4.005,
seg-00002.m4s
#EXT-X-ENDLIST
"""


def test_whole_media_playlist(tmp_path: Path) -> None:
    path = tmp_path / "index.m3u8"
    path.write_text(MEDIA)
    track = made_track("mp4a.40.2", [F(0), F(6016, 1000), F(10) + F(1, 46875)], [1, 1], channels=2)
    rewrite_media_playlist(path, track, 6)
    assert path.read_text() == (
        """\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.016,
seg-00001.m4s
#EXTINF:3.984021,
seg-00002.m4s
#EXT-X-ENDLIST
"""
    )


def test_a_playlist_with_another_number_of_segments_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.m3u8"
    path.write_text(MEDIA)
    with pytest.raises(ValueError, match="shorter"):
        rewrite_media_playlist(path, made_track("mp4a.40.2", [F(0), F(6)], [1]), 6)
    assert path.read_text() == MEDIA


IFRAMES = """\
#EXTM3U
#EXT-X-VERSION:6
## Generated with https://github.com/shaka-project/shaka-packager version v3.8.0-75b2faf-release
#EXT-X-TARGETDURATION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="init.mp4"
#EXTINF:2.000,
#EXT-X-BYTERANGE:2438@108
seg-00001.m4s
#EXTINF:2.000,
#EXT-X-BYTERANGE:2255@16127
seg-00001.m4s
#EXTINF:2.000,
#EXT-X-BYTERANGE:2383@96
seg-00002.m4s
#EXT-X-ENDLIST
"""


def test_whole_iframe_playlist(tmp_path: Path) -> None:
    """Each entry lasts to the next key picture, the last one to the end of the picture."""
    path = tmp_path / "iframes.m3u8"
    path.write_text(IFRAMES)
    track = made_track(
        "avc1.64000a",
        [F(0), F(4), F(13, 2)],
        [1, 1],
        keys=[[F(0), F(2002, 1000)], [F(4)]],
        width=96,
        height=54,
    )
    rewrite_iframe_playlist(path, track)
    assert path.read_text() == (
        """\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:3
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="init.mp4"
#EXTINF:2.002,
#EXT-X-BYTERANGE:2438@108
seg-00001.m4s
#EXTINF:1.998,
#EXT-X-BYTERANGE:2255@16127
seg-00001.m4s
#EXTINF:2.5,
#EXT-X-BYTERANGE:2383@96
seg-00002.m4s
#EXT-X-ENDLIST
"""
    )


def test_a_very_short_clip_still_has_a_target_of_a_second(tmp_path: Path) -> None:
    path = tmp_path / "iframes.m3u8"
    path.write_text(IFRAMES.replace(IFRAMES[IFRAMES.index("#EXTINF") : IFRAMES.rindex("#EXTINF")], ""))
    rewrite_iframe_playlist(
        path, made_track("avc1.64000a", [F(0), F(1, 25)], [1], keys=[[F(0)]], width=2, height=2)
    )
    assert "#EXT-X-TARGETDURATION:1\n" in path.read_text()
    assert "#EXTINF:0.04,\n" in path.read_text()


# --- the master playlist ---

MASTER = """\
#EXTM3U
## Generated with https://github.com/shaka-project/shaka-packager version v3.8.0-75b2faf-release

#EXT-X-INDEPENDENT-SEGMENTS

#EXT-X-MEDIA:TYPE=AUDIO,URI="audio/en-stereo/index.m3u8",GROUP-ID="stereo",LANGUAGE="en",NAME="en",\
DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-MEDIA:TYPE=AUDIO,URI="audio/und-stereo/index.m3u8",GROUP-ID="stereo",NAME="Audio",\
DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-MEDIA:TYPE=AUDIO,URI="audio/en-51/index.m3u8",GROUP-ID="surround",LANGUAGE="en",NAME="en",\
DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"

#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="avc1.64000a,mp4a.40.2",RESOLUTION=2x2,\
FRAME-RATE=25.000,AUDIO="stereo",CLOSED-CAPTIONS=NONE
video/sd/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="avc1.64000b,mp4a.40.2",RESOLUTION=2x2,\
FRAME-RATE=25.000,AUDIO="stereo",CLOSED-CAPTIONS=NONE
video/hd/index.m3u8

#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="avc1.64000a,mp4a.40.2",RESOLUTION=2x2,\
FRAME-RATE=25.000,AUDIO="surround",CLOSED-CAPTIONS=NONE
video/sd/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="avc1.64000b,mp4a.40.2",RESOLUTION=2x2,\
FRAME-RATE=25.000,AUDIO="surround",CLOSED-CAPTIONS=NONE
video/hd/index.m3u8

#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9752,AVERAGE-BANDWIDTH=9008,CODECS="x",RESOLUTION=2x2,\
URI="video/sd/iframes.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=17512,AVERAGE-BANDWIDTH=15980,CODECS="x",RESOLUTION=2x2,\
URI="video/hd/iframes.m3u8"
"""

VIDEOS = {
    "video/sd/index.m3u8": video(720, 404, 100_000),
    "video/hd/index.m3u8": video(1280, 720, 500_000, "avc1.64001f"),
}
AUDIOS = {
    "audio/en-stereo/index.m3u8": sound(2, 16_000),
    "audio/und-stereo/index.m3u8": sound(2, 15_000),
    "audio/en-51/index.m3u8": sound(6, 40_000),
}
RATES = dict.fromkeys(VIDEOS, F(30_000, 1001))


def rewritten(tmp_path: Path, text: str = MASTER, default: str | None = None, **changes: Any) -> str:
    path = tmp_path / "ABR.m3u8"
    path.write_text(text)
    rewrite_master(
        path,
        changes.get("videos", VIDEOS),
        changes.get("audios", AUDIOS),
        RATES,
        default,
        changes.get("autoselect", AUDIOS),
    )
    return path.read_text()


def test_whole_master_playlist(tmp_path: Path) -> None:
    """Bandwidths are the picture's with the costliest sound of its group; stereo below 2 Mbit/s comes first."""
    assert rewritten(tmp_path, default="audio/en-stereo/index.m3u8") == (
        """\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:URI="audio/en-stereo/index.m3u8",TYPE=AUDIO,GROUP-ID="stereo",LANGUAGE="en",NAME="en",\
DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-MEDIA:URI="audio/und-stereo/index.m3u8",TYPE=AUDIO,GROUP-ID="stereo",LANGUAGE="und",NAME="Audio",\
DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-MEDIA:URI="audio/en-51/index.m3u8",TYPE=AUDIO,GROUP-ID="surround",LANGUAGE="en",NAME="en",\
DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6"
#EXT-X-MEDIA:URI="audio/und-stereo/index.m3u8",TYPE=AUDIO,GROUP-ID="surround",LANGUAGE="und",NAME="Audio",\
DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=928000,AVERAGE-BANDWIDTH=928000,RESOLUTION=720x404,\
FRAME-RATE=29.970,CODECS="avc1.64000a,mp4a.40.2",AUDIO="stereo"
video/sd/index.m3u8
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=1120000,AVERAGE-BANDWIDTH=1120000,RESOLUTION=720x404,\
FRAME-RATE=29.970,CODECS="avc1.64000a,mp4a.40.2",AUDIO="surround"
video/sd/index.m3u8
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=4128000,AVERAGE-BANDWIDTH=4128000,RESOLUTION=1280x720,\
FRAME-RATE=29.970,CODECS="avc1.64001f,mp4a.40.2",AUDIO="stereo"
video/hd/index.m3u8
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=4320000,AVERAGE-BANDWIDTH=4320000,RESOLUTION=1280x720,\
FRAME-RATE=29.970,CODECS="avc1.64001f,mp4a.40.2",AUDIO="surround"
video/hd/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=600000,AVERAGE-BANDWIDTH=520000,RESOLUTION=720x404,CODECS="avc1.64000a",\
URI="video/sd/iframes.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2600000,RESOLUTION=1280x720,CODECS="avc1.64001f",\
URI="video/hd/iframes.m3u8"
"""
    )


@pytest.mark.parametrize(
    ("default", "chosen"),
    [
        ("audio/en-stereo/index.m3u8", ["en", "en"]),
        ("audio/en-51/index.m3u8", ["en", "en"]),
        # That track has no surround rendition: its stereo one stands in both groups.
        ("audio/und-stereo/index.m3u8", ["Audio", "Audio"]),
        (None, ["en", "en"]),
    ],
)
def test_one_default_in_each_group(tmp_path: Path, default: str | None, chosen: list[str]) -> None:
    playlist = m3u8.loads(rewritten(tmp_path, default=default))
    assert sorted(m.name for m in playlist.media if m.default == "YES") == sorted(chosen)


def test_only_those_that_a_player_may_choose_are_autoselected(tmp_path: Path) -> None:
    text = rewritten(tmp_path, default="audio/en-51/index.m3u8", autoselect={"audio/en-stereo/index.m3u8"})
    assert [(m.name, m.autoselect) for m in m3u8.loads(text).media] == [("en", "YES"), ("Audio", "NO")] * 2


def test_a_master_without_sound(tmp_path: Path) -> None:
    text = (
        '#EXTM3U\n\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="x",RESOLUTION=2x2,'
        "FRAME-RATE=25.000,CLOSED-CAPTIONS=NONE\nvideo/sd/index.m3u8\n"
    )
    assert rewritten(tmp_path, text) == (
        """\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=800000,AVERAGE-BANDWIDTH=800000,RESOLUTION=720x404,\
FRAME-RATE=29.970,CODECS="avc1.64000a"
video/sd/index.m3u8
"""
    )


def test_a_rendition_that_was_not_measured_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="video/hd"):
        rewritten(tmp_path, videos={"video/sd/index.m3u8": VIDEOS["video/sd/index.m3u8"]})
    assert (tmp_path / "ABR.m3u8").read_text() == MASTER


def variants(*averages: int) -> list[m3u8.Playlist]:
    text = "#EXTM3U\n" + "".join(
        f"#EXT-X-STREAM-INF:BANDWIDTH={a + 5},AVERAGE-BANDWIDTH={a}\n{a}.m3u8\n" for a in averages
    )
    return list(m3u8.loads(text).playlists)


@pytest.mark.parametrize(
    ("averages", "order"),
    [
        ((5_000_000, 900_000, 1_900_000, 8_000_000), (1_900_000, 900_000, 5_000_000, 8_000_000)),
        ((8_000_000, 5_000_000, 3_000_000), (3_000_000, 5_000_000, 8_000_000)),
        ((300_000, 100_000), (300_000, 100_000)),
        ((2_000_000, 2_000_001), (2_000_000, 2_000_001)),
        ((1,), (1,)),
    ],
)
def test_order_of_the_variants(averages: tuple[int, ...], order: tuple[int, ...]) -> None:
    assert tuple(v.stream_info.average_bandwidth for v in ordered(variants(*averages))) == order


def test_variants_stand_codec_by_codec_and_the_oldest_codec_begins() -> None:
    rows = [
        ("av01.0.04M.08,mp4a.40.2", 700_000),
        ("hvc1.1.6.L93.90,mp4a.40.2", 1_900_000),
        ("avc1.64001e,mp4a.40.2", 1_500_000),
        ("hvc1.1.6.L90.90,mp4a.40.2", 900_000),
        ("avc1.640015,mp4a.40.2", 400_000),
    ]
    text = "#EXTM3U\n" + "".join(
        f'#EXT-X-STREAM-INF:BANDWIDTH={rate},AVERAGE-BANDWIDTH={rate},CODECS="{codecs}"\n{rate}.m3u8\n'
        for codecs, rate in rows
    )
    found = [v.stream_info.bandwidth for v in ordered(list(m3u8.loads(text).playlists))]
    assert found == [1_500_000, 400_000, 900_000, 1_900_000, 700_000]


# --- the DASH manifest ---

MPD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!--Generated with https://github.com/shaka-project/shaka-packager version v3.8.0-75b2faf-release-->
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="urn:mpeg:dash:schema:mpd:2011 DASH-MPD.xsd" type="static" mediaPresentationDuration="PT10S">
  <Period id="0">
    <AdaptationSet id="0" contentType="video" frameRate="12800/512" segmentAlignment="true">
      <Representation id="0" bandwidth="70150" width="96" height="54">
        <SegmentTemplate timescale="12800" initialization="video/sd/init.mp4" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="76800" r="1"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" lang="en">
      <Representation id="2" bandwidth="131128" audioSamplingRate="48000">
        <SegmentTemplate timescale="48000" initialization="audio/en-stereo/init.mp4" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="288768"/>
            <S t="288768" d="192256"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
"""


def test_whole_mpd(tmp_path: Path) -> None:
    """The packager's times and bit rates are replaced by those measured; a run (`r`) is written out."""
    path = tmp_path / "manifest.mpd"
    path.write_text(MPD)
    shown = made_track("avc1.64000a", [F(0), F(601, 100), F(10)], [6010, 3990], width=96, height=54)
    heard = made_track("mp4a.40.2", [F(0), F(752, 125), F(10)], [12032, 7968], channels=2)
    rewrite_mpd(path, {"video/sd/init.mp4": shown, "audio/en-stereo/init.mp4": heard}, F(24_000, 1001))
    assert path.read_text() == (
        """\
<?xml version='1.0' encoding='utf-8'?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="urn:mpeg:dash:schema:mpd:2011 DASH-MPD.xsd" type="static" \
mediaPresentationDuration="PT10.000000S">
  <Period id="0">
    <AdaptationSet id="0" contentType="video" frameRate="24000/1001" segmentAlignment="true">
      <Representation id="0" bandwidth="8000" width="96" height="54">
        <SegmentTemplate timescale="12800" initialization="video/sd/init.mp4" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="76928" />
            <S t="76928" d="51072" />
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" lang="en">
      <Representation id="2" bandwidth="16000" audioSamplingRate="48000">
        <SegmentTemplate timescale="48000" initialization="audio/en-stereo/init.mp4" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="288768" />
            <S t="288768" d="191232" />
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>"""
    )


def test_a_representation_that_was_not_measured_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "manifest.mpd"
    path.write_text(MPD)
    with pytest.raises(ValueError, match=r"manifest\.mpd has a representation that was not measured"):
        rewrite_mpd(path, {"video/sd/init.mp4": video(96, 54, 1)}, F(25))
    assert path.read_text() == MPD


@pytest.mark.parametrize(
    ("value", "rounded"), [(F(6), 6.0), (F(2, 3), 0.666667), (F(1, 48_000), 2.1e-05), (F(3003, 500), 6.006)]
)
def test_seconds(value: Fraction, rounded: float) -> None:
    assert seconds(value) == rounded


def test_a_rendition_s_segments_are_counted_once_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edges = [F(6 * i) for i in range(40)]
    track = made_track("avc1.64000a", edges, [1] * 39, width=160, height=90)
    asked: list[Track] = []

    def counted(one: Track) -> Fraction:
        asked.append(one)
        return one.segments[0].sample_duration

    monkeypatch.setattr(Track, "frame_duration", property(counted))
    slots = [_Slot(i, 6 * i, F(6 * i), F(6)) for i in range(39)]
    checks = Checks()
    _check_slots(slots, [s.path for s in track.segments], track, "manifest.mpd", checks)
    assert (checks.findings, checks.checked, len(asked)) == ([], 40, 1)
