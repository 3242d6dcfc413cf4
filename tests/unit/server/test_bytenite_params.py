"""ByteNite's parameters become presets of the job; whatever cannot be done is refused by its own name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media import preset_schema
from ingest.server.dialects.bytenite.params import Renditions, rendered, renditions, safe_name
from ingest.server.refusals import Refusal

# The parameters of ByteNite's published notebook for Big Buck Bunny, with one output more.
OUTPUT: dict[str, Any] = {
    "output_type": "mp4",
    "output_params": {
        "aspect": {
            "cropping": {"top": 0, "bottom": 0, "left": 0, "right": 0},
            "orientation": {"flip": "", "rotation": ""},
            "padding": {"fill_color": "#000000", "final_aspect_ratio": ""},
            "resolution": {"aspect_ratio": "", "avoid_upscaling": True, "height": "480p"},
        },
        "audio": {
            "audio_bitrate": "320k",
            "audio_channel": "2.0",
            "audio_codec": "AAC",
            "audio_sample_rate": "48khz",
        },
        "video": {
            "bitrate": {"rate_control_mode": {"constant_quality": {"crf": 23, "buffer_size": "8000k"}}},
            "codec": "libx264",
            "codec_params": {"libx264": {"preset": "fast", "profile": "main", "level": "", "tune": ""}},
            "frame_rate": {"fps": "", "up_mode": "avoid"},
        },
    },
}
PRESET = """\
name = "out_0"
title = "480 lines"
box = [4096, 480]
max_height = 480

[video]
codec = "h264"
profile = "main"
speed = "fast"
crf = 23
max_bitrate = "2600k"
buffer = "8000k"
gop = "2s"
segment = "6s"
max_frame_rate = 60

[audio]
stereo_bitrate = "320k"
surround_bitrate = "320k"
"""


def params(**changes: Any) -> dict[str, Any]:
    return {
        "preset": "unpackaged",
        "data": {
            "output_code_template": "",
            "output_template": "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}",
            "outputs": [{**OUTPUT, **changes}],
        },
    }


@pytest.mark.parametrize("key", ["data", "app"])
def test_the_published_parameters_in_both_generations_of_the_api(key: str) -> None:
    found = renditions({key: params()["data"]}, "Example job")
    assert found == Renditions(("out_0",), {"out_0": PRESET}, {"out_0": "out_0/Example_job_480p.mp4"})
    preset_schema.parse(Path("out_0.toml"), PRESET)


@pytest.mark.parametrize(
    ("said", "resolutions"),
    [
        (None, ("fhd",)),
        ({}, ("fhd",)),
        ({"preset": "x", "app": {}}, ("fhd",)),
        ({"app": {"resolutions": ["sd", "hd", "sd"]}}, ("sd", "hd")),
    ],
)
def test_our_own_names(said: dict[str, Any] | None, resolutions: tuple[str, ...]) -> None:
    assert renditions(said, "Job") == Renditions(resolutions, {}, {})


def test_a_variable_bitrate_is_a_cap_and_an_output_s_own_name_wins() -> None:
    video = {
        "bitrate": {"rate_control_mode": {"variable_bitrate": {"avg_bitrate": "3M", "max_bitrate": "4000k"}}},
        "frame_rate": {"fps": "30000/1001"},
    }
    found = renditions(params(name="Main/../feature", output_params={"video": video}), "Job")
    assert found.names == {"out_0": "out_0/Main_.._feature.mp4"}
    text = found.presets["out_0"]
    for line in (
        'max_bitrate = "4000k"',
        'buffer = "8000k"',
        'max_frame_rate = "30000/1001"',
        "box = [4096, 2160]",
    ):
        assert line in text.splitlines()
    preset_schema.parse(Path("out_0.toml"), text)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The published output with one value changed; the path's parts are joined by dots."""
    first, *rest = path.split(".")

    def put(at: Any, keys: list[str]) -> Any:
        if not keys:
            return value
        old = at if isinstance(at, dict) else {}
        return {**old, keys[0]: put(old.get(keys[0]), keys[1:])}

    return params(**{first: put(OUTPUT[first], rest)})


HEVC = changed("output_params.video", {"codec": "libx265"})
CROPPED = changed("output_params.aspect.cropping.top", 2)


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (changed("output_params.aspect.cropping.top", -1), "outputs[0].output_params.aspect.cropping.top"),
        *(
            (changed(f"output_params.{path}", value), f"outputs[0].output_params.{path}")
            for path, value in (
                ("aspect.cropping.top", "\u00b2"),
                ("aspect.resolution.aspect_ratio", "4:3"),
                ("aspect.resolution.avoid_upscaling", "maybe"),

                ("audio.audio_channel", "1.0"),
                ("audio.audio_codec", "OPUS"),
                ("audio.audio_sample_rate", "8khz"),
                ("video.bitrate.rate_control_mode.constant_quality.crf", 0),
                ("video.codec_params.libx264.level", "4.1"),
                ("video.codec_params.libx264.preset", ["fast"]),
                ("video.codec_params.libx264.preset", "warp"),
                ("video.codec_params.libx264.profile", "high10"),
                ("video.codec_params.libx264.tune", "zerolatency"),
                ("video.codec_params.libx264.tune", "warm"),
                ("video.frame_rate.fps", "30/00"),
                ("video.frame_rate.up_mode", "duplicate"),
            )
        ),
        (params(name={"x": 1}), "outputs[0].name"),
        ({"data": {"outputs": [OUTPUT], "output_template": ["x"]}}, "output_template"),
        ({"app": {"resolutions": ["sd"], "speed": "fast"}}, "params.app.speed"),
        ({"app": {"outputs": [OUTPUT], "resolutions": ["sd"]}}, "params.app.resolutions"),
        ({"app": {}, "partitioner": {"x": 1}}, "params.partitioner.x"),
        ({"app": {}, "assembler": {"x": 1}}, "params.assembler.x"),
        ({"data": {"outputs": [*CROPPED["data"]["outputs"], OUTPUT]}}, "outputs"),
        (
            changed("output_params.aspect.orientation.rotation", "90"),
            "outputs[0].output_params.aspect.orientation.rotation",
        ),
        (
            changed("output_params.aspect.padding.final_aspect_ratio", "wide"),
            "outputs[0].output_params.aspect.padding.final_aspect_ratio",
        ),
        (
            changed("output_params.aspect.padding", {"final_aspect_ratio": "16:9", "fill_color": "red"}),
            "outputs[0].output_params.aspect.padding.fill_color",
        ),
        (
            changed("output_params.aspect.resolution.height", "0p"),
            "outputs[0].output_params.aspect.resolution.height",
        ),
        (changed("output_params.aspect", [1]), "outputs[0].output_params.aspect"),
        (changed("output_params.video.codec", "mpeg2video"), "outputs[0].output_params.video.codec"),
        (changed("output_params.video.codec", ["libx264"]), "outputs[0].output_params.video.codec"),
        (
            changed("output_params.aspect.resolution", {"height": "custom", "custom_height": "tall"}),
            "outputs[0].output_params.aspect.resolution.custom_height",
        ),
        (
            changed("output_params.video.bitrate", {"rate_control_mode": "constant_quality", "crf": 60}),
            "outputs[0].output_params.video.bitrate.crf",
        ),
        (
            changed("output_params.video.bitrate", {"rate_control_mode": "constant_bitrate", "target_bitrate": "x"}),
            "outputs[0].output_params.video.bitrate.target_bitrate",
        ),
        ({"data": {"outputs": [OUTPUT, *HEVC["data"]["outputs"]]}}, "outputs"),
        (
            changed("output_params.video.frame_rate.fps", "240"),
            "outputs[0].output_params.video.frame_rate.fps",
        ),
        (
            changed("output_params.audio.audio_bitrate", "loud"),
            "outputs[0].output_params.audio.audio_bitrate",
        ),
        (
            changed("output_params.video.bitrate.rate_control_mode.constant_quality.crf", 60),
            "outputs[0].output_params.video.bitrate.rate_control_mode.constant_quality.crf",
        ),
        (
            changed("output_params.video.bitrate.rate_control_mode", "cbr"),
            "outputs[0].output_params.video.bitrate.rate_control_mode",
        ),
        ({"data": {"outputs": []}}, "outputs"),
        ({"data": {"outputs": ["mp4"]}}, "outputs[0]"),
        ({"data": {"outputs": [{"output_type": "webm"}]}}, "outputs[0].output_type"),
        ({"data": {"outputs": [{}], "output_template": "{{.nobody}}"}}, "output_template"),
        ({"data": {"outputs": [{}], "output_template": "{{ range . }}"}}, "output_template"),
        ({"data": {"outputs": [{}], "output_template": "{{if .name}}a"}}, "output_template"),
        ({"data": {"outputs": [{}], "output_template": "{{if .a}}{{if .b}}x{{end}}{{end}}"}}, "output_template"),
        ({"data": {"outputs": [{}], "output_template": "x" * 1001}}, "output_template"),
        ({"app": "fhd"}, "params.app"),
        ({"app": {"resolutions": []}}, "params.app.resolutions"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_by_name(said: dict[str, Any], where: str) -> None:
    with pytest.raises(Refusal) as refused:
        renditions(said, "Job")
    assert (refused.value.kind, refused.value.details) == ("invalid", (where,))
    assert refused.value.message.startswith(where)


def video_table(found: Renditions, name: str = "out_0") -> dict[str, Any]:
    preset_schema.parse(Path(f"{name}.toml"), found.presets[name])
    video: dict[str, Any] = tomllib.loads(found.presets[name])["video"]
    return video


@pytest.mark.parametrize(
    ("bitrate", "crf", "cap", "buffer"),
    [
        (
            {
                "rate_control_mode": "variable_bitrate",
                "avg_bitrate": "3000k",
                "max_bitrate": "8000k",
                "min_bitrate": "700k",
                "buffer_size": "9000k",
            },
            22,
            "8000k",
            "9000k",
        ),
        ({"rate_control_mode": "variable_bitrate", "avg_bitrate": "3000k"}, 22, "3000k", "6000k"),
        ({"rate_control_mode": "constant_bitrate", "target_bitrate": "600k"}, 22, "600k", "1200k"),
        ({"rate_control_mode": {"constant_bitrate": {"target_bitrate": "600k"}}}, 22, "600k", "1200k"),
        ({"rate_control_mode": "constant_quality", "crf": 20}, 20, "2600k", "5200k"),
        # Without a cap beside it a buffer bounds nothing; one that ours does not fit in is left alone.
        ({"rate_control_mode": "constant_quality", "crf": "20", "buffer_size": "1200k"}, 20, "2600k", "5200k"),
        ({"rate_control_mode": "constant_quality", "buffer_size": "8000k"}, 22, "2600k", "8000k"),
        ({}, 22, "2600k", "5200k"),
    ],
)  # fmt: skip
def test_rate_control_is_a_word_with_its_numbers_beside_it(
    bitrate: dict[str, Any], crf: int, cap: str, buffer: str
) -> None:
    video = video_table(renditions(changed("output_params.video.bitrate", bitrate), "Job"))
    assert (video["crf"], video["max_bitrate"], video["buffer"]) == (crf, cap, buffer)


@pytest.mark.parametrize(
    ("bitrate", "crf", "cap"),
    [({}, 25, "1820k"), ({"rate_control_mode": "constant_bitrate", "target_bitrate": "600k"}, 25, "600k"),
     ({"rate_control_mode": "constant_quality", "crf": 30}, 30, "1820k")],
)  # fmt: skip
def test_hevc_is_the_codec_of_all_outputs(bitrate: dict[str, Any], crf: int, cap: str) -> None:
    video = {"codec": "libx265", "bitrate": bitrate, "codec_params": {"preset": "medium", "profile": ""}}
    found = renditions(changed("output_params.video", video), "Job")
    assert (found.codec, found.notes) == ("hevc", ())
    hevc = video_table(found)["hevc"]
    assert (hevc["speed"], hevc["crf"], hevc["max_bitrate"]) == ("medium", crf, cap)


def test_a_codec_that_is_not_made_is_that_of_the_others_and_said() -> None:
    vp9 = {
        "codec": "libvpx-vp9",
        "codec_params": {"cpu_used": 1},
        "bitrate": {"rate_control_mode": "variable_bitrate", "max_bitrate": "2000k"},
    }
    said = params()["data"]["outputs"] + changed("output_params.video", vp9)["data"]["outputs"]
    found = renditions({"data": {"outputs": said}}, "Job")
    assert found.codec == "h264"
    assert "hevc" not in video_table(found, "out_1")
    assert video_table(found, "out_1")["max_bitrate"] == "2000k"
    (note,) = found.notes
    assert note.startswith("outputs[1].output_params.video.codec: libvpx-vp9 is not made here")
    hevc = renditions({"data": {"outputs": [*HEVC["data"]["outputs"], said[1]]}}, "Job")
    assert hevc.codec == "hevc"
    assert video_table(hevc, "out_1")["hevc"]["max_bitrate"] == "2000k"


def test_a_kind_of_picture_is_noted_and_nothing_else_changes() -> None:
    found = renditions(changed("output_params.video.codec_params.libx264.tune", "film"), "Example job")
    assert found.presets == {"out_0": PRESET}
    assert found.notes == ("outputs[0].output_params.video.codec_params.libx264.tune: made as without film",)


def test_a_picture_that_may_be_enlarged_is_not() -> None:
    found = renditions(changed("output_params.aspect.resolution.avoid_upscaling", False), "Example job")
    assert found.presets == {"out_0": PRESET}


def test_a_height_of_one_s_own() -> None:
    resolution = {"height": "custom", "custom_height": 360, "avoid_upscaling": True}
    said = changed("output_params.aspect.resolution", resolution)
    said["data"]["output_template"] = "{{.job_name}}_{{.output_params.Aspect.Resolution.CustomHeight}}p"
    found = renditions(said, "Job")
    assert found.names == {"out_0": "out_0/Job_360p.mp4"}
    assert tomllib.loads(found.presets["out_0"])["max_height"] == 360


def test_cropping_is_the_film_s() -> None:
    found = renditions(changed("output_params.aspect.cropping", {"top": 2, "left": "4"}), "Job")
    assert found.crop == (2, 0, 0, 4)


def test_padding_is_the_film_s() -> None:
    found = renditions(changed("output_params.aspect.padding.final_aspect_ratio", "16:9"), "Job")
    assert found.pad == "16:9:#000000"
    red = {"final_aspect_ratio": "4:3", "fill_color": "#FF0000"}
    assert renditions(changed("output_params.aspect.padding", red), "Job").pad == "4:3:#ff0000"


def test_templates_read_fields_in_both_spellings() -> None:
    output = {"output_params": {"aspect": {"resolution": {"avoid_upscaling": True, "height": 720}}}}
    text = "{{.job_name}}-{{ .output_params.Aspect.Resolution.Height }}-{{.output_params.aspect.resolution.height}}"
    assert rendered(text, output, "J") == "J-720-720"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{if .name}}{{.name}}{{else}}{{.job_name}}_{{.output_params.Aspect.Height}}{{end}}", "J_720"),
        ("{{ if .output_params.Aspect.Height }}{{ .output_params.Aspect.Height }}p{{ end }}", "720p"),
        ("{{if .nobody}}x{{end}}-{{if .job_name}}y{{else}}z{{end}}", "-y"),
    ],
)
def test_templates_choose_by_a_field(template: str, text: str) -> None:
    assert rendered(template, {"name": "", "output_params": {"aspect": {"height": 720}}}, "J") == text


@given(st.text())
def test_names_are_harmless(text: str) -> None:
    name = safe_name(text)
    assert 1 <= len(name) <= 100
    assert not set(name) & set("/\\:\0 \n%")
    assert not name.startswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["aspect", "resolution", "height", "video", "bitrate", "rate_control_mode", "constant_quality", "crf",
             "audio", "codec_params", "libx264", "frame_rate", "fps", "preset", "profile", "codec", "buffer_size"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_is_sent_is_a_preset_or_refused(said: Any) -> None:
    try:
        found = renditions({"data": {"outputs": [{"name": "x", "output_params": said}]}}, "Job")
    except Refusal as refusal:
        assert refusal.kind == "invalid"
    else:
        assert found.presets["out_0"].startswith('name = "out_0"')
