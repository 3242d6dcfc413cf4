"""Which audio renditions are made, of which tracks and channels, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_facts import FHD, track

from ingest.media.plan.audio import AudioRendition, plan_audio
from ingest.media.plan.audio_sources import AudioSource, audio_sources
from ingest.media.plan.track_names import label

if TYPE_CHECKING:
    from ingest.media.facts import AudioFacts

F = Fraction


TEN = F(10)  # seconds


def audio_renditions(tracks: list[AudioFacts], duration: Fraction = TEN) -> list[AudioRendition]:
    return list(plan_audio(tracks, FHD, duration).renditions)


def renditions(*tracks: AudioFacts) -> list[tuple[str, str, int, bool]]:
    made = audio_renditions(list(tracks))
    return [(a.name, a.label, a.channels, a.default) for a in made]


def test_no_audio() -> None:
    assert renditions() == []


def test_surround_stands_beside_stereo() -> None:
    stereo = AudioRendition(
        name="en-stereo",
        indexes=(3,),
        language="en",
        label="English",
        role="main",
        take="mixed",
        positions=(),
        source_layout="5.1",
        layout="stereo",
        channels=2,
        mixed_down=True,
        sample_rate=48_000,
        bitrate=128_000,
        samples=187 * 1024,
        default=True,
        autoselect=True,
    )
    surround = replace(stereo, name="en-51", layout="5.1", channels=6, mixed_down=False, bitrate=320_000)
    assert audio_renditions([track(3, 6, language="en")], F(4)) == [stereo, surround]


@pytest.mark.parametrize(
    ("channels", "layout", "layouts"),
    [
        (1, "mono", ["stereo"]),
        (2, "stereo", ["stereo"]),
        (4, "quad", ["stereo"]),
        (6, "5.1", ["stereo", "5.1"]),
        (6, "5.1(side)", ["stereo", "5.1"]),
        (6, "hexagonal", ["stereo", "5.1"]),
        (5, "5.0", ["stereo", "5.1"]),
        (6, "", ["stereo", "5.1"]),
        (6, "unknown", ["stereo", "5.1"]),
        (6, "6.0", ["stereo", "5.1"]),
        (6, "6.0(front)", ["stereo"]),
        (3, "2.1", ["stereo"]),
        (8, "7.1", ["stereo", "5.1"]),
        (7, "6.1", ["stereo", "5.1"]),
        (8, "7.1(wide)", ["stereo", "5.1"]),
        (8, "8 channels (FL+FR+FC+LFE+SL+SR+DL+DR)", ["stereo", "5.1"]),
        (8, "unknown", ["stereo"]),
        (4, "ambisonic 1", ["stereo"]),
        (12, "7.1.4", ["stereo", "5.1"]),
        (16, "hexadecagonal", ["stereo"]),
    ],
)
def test_layouts(channels: int, layout: str, layouts: list[str]) -> None:
    made = audio_renditions([track(1, channels, layout=layout)])
    assert [a.layout for a in made] == layouts


def test_one_language_twice_gets_numbers() -> None:
    tracks = (
        track(1, 6, language="en"),
        track(2, language="en"),
        track(3, 6, language="en"),
        track(4),
        track(5),
    )
    assert renditions(*tracks) == [
        ("en-stereo", "English", 2, True),
        ("en-51", "English", 6, True),
        ("en-stereo-2", "English 2", 2, False),
        ("en-stereo-3", "English 3", 2, False),
        ("en-51-2", "English 3", 6, False),
        ("und-stereo", "Audio", 2, False),
        ("und-stereo-2", "Audio 2", 2, False),
    ]


def test_languages_with_regions() -> None:
    assert renditions(track(1, language="pt-BR"), track(2, language="es-419")) == [
        ("pt-BR-stereo", "Português (Brasil)", 2, True),
        ("es-419-stereo", "Español (Latinoamérica)", 2, False),
    ]


def test_the_flagged_track_is_the_default_else_the_first() -> None:
    assert [d for *_, d in renditions(track(1), track(2, default=True), track(3, default=True))] == [
        False,
        True,
        False,
    ]
    assert [d for *_, d in renditions(track(1), track(2))] == [True, False]


@pytest.mark.parametrize(
    ("source", "made"),
    [(44_100, 44_100), (48_000, 48_000), (8000, 48_000), (96_000, 48_000), (22_050, 48_000)],
)
def test_sample_rates(source: int, made: int) -> None:
    (rendition,) = audio_renditions([track(sample_rate=source)])
    frames = round(F(10) * made / 1024)
    assert (rendition.sample_rate, rendition.samples, rendition.frames) == (
        made,
        (frames - 1) * 1024,
        frames,
    )


@given(
    st.fractions(min_value=F(1, 240), max_value=100_000, max_denominator=90_000),
    st.sampled_from((44_100, 48_000)),
)
def test_sound_is_as_long_as_the_picture_to_half_a_frame(duration: Fraction, rate: int) -> None:
    (rendition,) = audio_renditions([track(sample_rate=rate)], duration)
    length = F(rendition.frames * 1024, rate)
    assert rendition.frames >= 2
    assert abs(length - duration) <= F(512, rate) or rendition.frames == 2


def test_more_tracks_than_the_limit() -> None:
    plan = plan_audio([track(i) for i in range(1, 12)], FHD, F(10))
    assert [a.indexes for a in plan.renditions] == [(i,) for i in range(1, 9)]
    assert plan.unused == (9, 10, 11)


def test_twelve_mono_tracks_are_six_pairs() -> None:
    plan = plan_audio([mono(i) for i in range(1, 13)], FHD, F(10))
    assert [a.indexes for a in plan.renditions] == [(i, i + 1) for i in range(1, 12, 2)]
    assert plan.unused == ()
    assert plan.assumed[0] == "streams 1 and 2 are taken as left and right"
    assert len(plan.assumed) == 6


HOSTILE = st.text(max_size=20) | st.sampled_from(["a,b=c", 'x"\n#EXT', "../..", "$(id)", "[0:v]", "'; "])


@given(
    st.lists(st.tuples(st.sampled_from(("und", "en", "de", "pt-BR")), st.sampled_from((1, 2, 6))), max_size=8)
)
def test_names_are_unique_within_a_package_and_labels_within_a_group(tracks: list[tuple[str, int]]) -> None:
    made = audio_renditions(
        [track(i, channels, language=language) for i, (language, channels) in enumerate(tracks)]
    )
    assert len({a.name for a in made}) == len(made)
    for layout in ("stereo", "5.1"):
        labels = [a.label for a in made if a.layout == layout]
        assert len(set(labels)) == len(labels)
    assert len({a.indexes for a in made if a.default}) == min(1, len(tracks))


@given(HOSTILE, HOSTILE)
def test_titles_and_layouts_change_no_word_of_the_plan(title: str, layout: str) -> None:
    plain = audio_renditions([track(1, 2)])
    assert audio_renditions([track(1, 2, title=title, layout=layout)]) == plain


# --- what belongs together ---


def mono(index: int, layout: str = "unknown", **changes: object) -> AudioFacts:
    return replace(track(index, 1, layout=layout), codec="pcm_s24le", **changes)  # type: ignore[arg-type]


def taken(*tracks: AudioFacts) -> list[tuple[tuple[int, ...], str, str | None]]:
    return [(s.indexes, s.take, s.layout) for s in audio_sources(tracks)]


def test_an_odd_mono_track_stands_alone() -> None:
    assert taken(mono(1), mono(2), mono(3)) == [((1, 2), "joined", "stereo"), ((3,), "mapped", "stereo")]


def test_labelled_mono_tracks_go_where_their_labels_say() -> None:
    labels = ("FL", "FR", "1", "LFE", "SL", "SR", "DL", "DR")
    tracks = [mono(i, f"1 channels ({t})") for i, t in enumerate(labels, 1)]
    tracks[2] = mono(3, "mono")
    assert audio_sources(tracks[:6]) == [
        AudioSource(
            tracks=tuple(tracks[:6]),
            take="joined",
            channels=6,
            layout="5.1(side)",
            positions=((0, "FL"), (1, "FR"), (2, "FC"), (3, "LFE"), (4, "SL"), (5, "SR")),
        )
    ]
    turned = [mono(1, "1 channels (FR)"), mono(2, "1 channels (FL)")]
    (pair,) = audio_sources(turned)
    assert pair.positions == ((1, "FL"), (0, "FR"))
    assert pair.assumed is None


@pytest.mark.parametrize(
    "second",
    [
        mono(2, language="de"),
        mono(2, sample_rate=44_100),
        mono(2, role="commentary"),
        replace(mono(2), codec="aac"),
        replace(mono(2), channels=2),
    ],
)
def test_tracks_that_differ_are_no_pair(second: AudioFacts) -> None:
    assert [s.indexes for s in audio_sources([mono(1), second])] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("channels", "positions"),
    [
        (3, ("FL", "FR", "FC")),
        (4, ("FL", "FR")),
        (5, ("FL", "FR", "FC", "BL", "BR")),
        (6, ("FL", "FR", "FC", "LFE", "BL", "BR")),
        (8, ("FL", "FR")),
        (24, ("FL", "FR")),
    ],
)
def test_unnamed_channels_are_taken_as_the_field_does(channels: int, positions: tuple[str, ...]) -> None:
    (source,) = audio_sources([track(1, channels, layout="unknown")])
    assert source.positions == tuple(enumerate(positions))
    assert str(source.assumed).startswith("stream 1 does not say where its channels belong: ")


def test_named_channels_of_no_known_layout_go_by_their_names() -> None:
    (source,) = audio_sources([track(1, 4, layout="4 channels (DL+DR+FL+FR)")])
    assert (source.take, source.positions, source.assumed) == ("mapped", ((2, "FL"), (3, "FR")), None)


# --- names, roles, defaults ---


def test_labels() -> None:
    assert [label(t, "Audio") for t in ("en", "fr", "ja", "zh-Hant", "und", "mul", "qaa")] == [
        *("English", "Français", "日本語", "中文（繁體）", "Audio", "Audio", "qaa")
    ]


def test_roles_are_named_and_never_chosen_for_the_viewer() -> None:
    tracks = (
        replace(track(1, language="en", default=True), role="commentary"),
        replace(track(2, language="en"), role="description"),
        track(3, language="en"),
        track(4, language="en"),
        replace(track(5, language="de"), role="clear-speech"),
        track(6, language="de"),
    )
    made = audio_renditions(list(tracks))
    assert [(a.label, a.default, a.autoselect, a.characteristics) for a in made] == [
        ("English (commentary)", False, False, None),
        ("English (audio description)", False, True, "public.accessibility.describes-video"),
        ("English", True, True, None),
        ("English 2", False, False, None),
        ("Deutsch (clear speech)", False, False, None),
        ("Deutsch", False, True, None),
    ]


def test_a_commentary_alone_is_the_default() -> None:
    (made,) = audio_renditions([replace(track(1), role="commentary")])
    assert (made.default, made.autoselect) == (True, True)
