"""Shaka Packager's argument list, whole."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.packaging.packager import AudioInput, VideoInput, decimal, packager_arguments, trick_arguments

SD = VideoInput("temporary/rungs/sd.mp4", "video/sd")
HD = VideoInput("temporary/rungs/hd.mp4", "video/hd")


def audio(name: str, language: str, label: str, group: str, *, default: bool = False) -> AudioInput:
    return AudioInput(f"temporary/audio/{name}.mp4", f"audio/{name}", language, label, group, default)


def test_two_rungs_with_stereo_and_surround() -> None:
    made = packager_arguments(
        "/tools/packager",
        "package",
        (SD, HD),
        (
            audio("en-stereo", "en", "en", "stereo", default=True),
            audio("en-51", "en", "en 5.1", "surround", default=True),
            audio("pt-BR-stereo", "pt-BR", "pt-BR", "stereo"),
        ),
        segment=Fraction(3003, 500),
        fragment=Fraction(1001, 500),
    )
    assert made == (
        "/tools/packager",
        (
            "in=temporary/rungs/sd.mp4,stream=video,init_segment=package/video/sd/init.mp4,"
            "segment_template=package/video/sd/seg-$Number%05d$.m4s,playlist_name=video/sd/index.m3u8,"
            "iframe_playlist_name=video/sd/iframes.m3u8"
        ),
        (
            "in=temporary/rungs/hd.mp4,stream=video,init_segment=package/video/hd/init.mp4,"
            "segment_template=package/video/hd/seg-$Number%05d$.m4s,playlist_name=video/hd/index.m3u8,"
            "iframe_playlist_name=video/hd/iframes.m3u8"
        ),
        (
            "in=temporary/audio/en-stereo.mp4,stream=audio,init_segment=package/audio/en-stereo/init.mp4,"
            "segment_template=package/audio/en-stereo/seg-$Number%05d$.m4s,"
            "playlist_name=audio/en-stereo/index.m3u8,hls_group_id=stereo,hls_name=en,"
            "dash_label=en,dash_roles=main,language=en"
        ),
        (
            "in=temporary/audio/en-51.mp4,stream=audio,init_segment=package/audio/en-51/init.mp4,"
            "segment_template=package/audio/en-51/seg-$Number%05d$.m4s,"
            "playlist_name=audio/en-51/index.m3u8,hls_group_id=surround,hls_name=en 5.1,"
            "dash_label=en 5.1,dash_roles=main,language=en"
        ),
        (
            "in=temporary/audio/pt-BR-stereo.mp4,stream=audio,init_segment=package/audio/pt-BR-stereo/init.mp4,"
            "segment_template=package/audio/pt-BR-stereo/seg-$Number%05d$.m4s,"
            "playlist_name=audio/pt-BR-stereo/index.m3u8,hls_group_id=stereo,hls_name=pt-BR,"
            "dash_label=pt-BR,dash_roles=main,language=pt-BR"
        ),
        "--segment_duration=6.006000",
        "--fragment_duration=2.002000",
        "--hls_playlist_type=VOD",
        "--io_cache_size=1048576",
        "--hls_master_playlist_output=package/ABR.m3u8",
        "--mpd_output=package/manifest.mpd",
        "--generate_static_live_mpd",
        "--default_language=en",
    )


def test_transport_streams_and_packed_audio() -> None:
    made = packager_arguments(
        *("p", "package", (SD,), (audio("en-stereo", "en", "en", "stereo", default=True),)),
        segment=Fraction(6),
        fragment=Fraction(2),
        transport=True,
    )
    assert made == (
        "p",
        (
            "in=temporary/rungs/sd.mp4,stream=video,segment_template=package/video/sd/seg-$Number%05d$.ts,"
            "playlist_name=video/sd/index.m3u8,iframe_playlist_name=video/sd/iframes.m3u8"
        ),
        (
            "in=temporary/audio/en-stereo.mp4,stream=audio,"
            "segment_template=package/audio/en-stereo/seg-$Number%05d$.aac,"
            "playlist_name=audio/en-stereo/index.m3u8,hls_group_id=stereo,hls_name=en,"
            "dash_label=en,dash_roles=main,language=en"
        ),
        "--segment_duration=6.000000",
        "--fragment_duration=2.000000",
        "--hls_playlist_type=VOD",
        "--io_cache_size=1048576",
        "--hls_master_playlist_output=package/ABR.m3u8",
        "--transport_stream_timestamp_offset_ms=10000",
        "--default_language=en",
    )


def test_the_trick_play_rendition_is_on_the_same_clock() -> None:
    made = trick_arguments(
        "p", "package", "trick.mp4", segment=Fraction(6), fragment=Fraction(1, 2), transport=True
    )
    assert made == (
        "p",
        (
            "in=trick.mp4,stream=video,segment_template=package/trick/seg-$Number%05d$.ts,"
            "playlist_name=trick/index.m3u8,iframe_playlist_name=trick/iframes.m3u8"
        ),
        "--segment_duration=6.000000",
        "--fragment_duration=0.500000",
        "--hls_playlist_type=VOD",
        "--io_cache_size=1048576",
        "--hls_master_playlist_output=package/trick.m3u8",
        "--transport_stream_timestamp_offset_ms=10000",
    )


def test_no_sound() -> None:
    made = packager_arguments("p", "package", (SD,), (), segment=Fraction(6), fragment=Fraction(2))
    assert made[2:] == (
        "--segment_duration=6.000000",
        "--fragment_duration=2.000000",
        "--hls_playlist_type=VOD",
        "--io_cache_size=1048576",
        "--hls_master_playlist_output=package/ABR.m3u8",
        "--mpd_output=package/manifest.mpd",
        "--generate_static_live_mpd",
    )


def test_a_language_that_nobody_stated_is_not_named() -> None:
    """The packager refuses "und"."""
    made = packager_arguments(
        "p",
        "package",
        (SD,),
        (audio("und-stereo", "und", "Audio", "stereo", default=True),),
        segment=Fraction(6),
        fragment=Fraction(2),
    )
    assert made[2].endswith("hls_group_id=stereo,hls_name=Audio,dash_label=Audio,dash_roles=main")
    assert not [a for a in made if "language" in a]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(6), "6.000000"),
        (Fraction(1001, 240), "4.170833"),
        (Fraction(2, 3), "0.666666"),
        (Fraction(1, 1_000_000), "0.000001"),
        (Fraction(0), "0.000000"),
        (Fraction(100_000), "100000.000000"),
    ],
)
def test_decimal(value: Fraction, text: str) -> None:
    assert decimal(value) == text


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=10**7))
def test_decimal_is_never_longer_and_less_than_a_microsecond_shorter(value: Fraction) -> None:
    assert 0 <= value - Fraction(decimal(value)) < Fraction(1, 1_000_000)


def test_what_a_track_is_for_is_said_in_both_manifests() -> None:
    described = AudioInput(
        *("a.mp4", "audio/en-stereo-2", "en", "English (audio description)", "stereo", False),
        role="description",
        accessibility="urn:tva:metadata:cs:AudioPurposeCS:2007=1",
        characteristics="public.accessibility.describes-video",
    )
    made = packager_arguments("p", "pkg", (), (described,), segment=Fraction(6), fragment=Fraction(2))
    assert made[1].partition("hls_group_id=")[2] == (
        "stereo,hls_name=English (audio description),dash_label=English (audio description),"
        "dash_roles=description,dash_accessibilities=urn:tva:metadata:cs:AudioPurposeCS:2007=1,"
        "hls_characteristics=public.accessibility.describes-video,language=en"
    )
