from __future__ import annotations

import io
import math
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_pictures import draw_noise, draw_scene, draw_text, fade
from PIL import Image, ImageFilter

from ingest.images.frames import Frame
from ingest.images.poster import Measures, choose, measure, publish, score, without_metadata
from ingest.job import codes
from ingest.job.errors import OutputError, ProcessingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Save = Callable[..., tuple[Frame, ...]]

SCENE = draw_scene()
BLACK = Image.new("RGB", SCENE.size)
WHITE = Image.new("RGB", SCENE.size, "white")
GREY = Image.new("RGB", SCENE.size, "grey")


def blurred(radius: float) -> Image.Image:
    return SCENE.filter(ImageFilter.GaussianBlur(radius))


def order(frames: tuple[Frame, ...]) -> list[int]:
    """Positions of the candidates, best first."""
    return [frames.index(one.frame) for one in choose(frames).ranked]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., tuple[Frame, ...]]:
    """Save pictures as `<ms>.jpg`, one second apart, and return them as frames."""

    def save_all(*images: Image.Image, folder: str = "frames") -> tuple[Frame, ...]:
        (tmp_path / folder).mkdir()
        frames = []
        for second, image in enumerate(images):
            path = tmp_path / folder / f"{second * 1000}.jpg"
            image.save(path, quality=90)
            frames.append(Frame(path, Fraction(second)))
        return tuple(frames)

    return save_all


# measures


def test_one_colour_measures_nothing_but_its_brightness() -> None:
    assert measure(BLACK) == Measures(0, 0, 0, 0, 0, 1)
    assert measure(WHITE) == Measures(1, 0, 0, 0, 0, 1)
    assert measure(GREY) == Measures(128 / 255, 0, 0, 0, 0, 1)


def test_half_black_half_white_has_the_greatest_contrast() -> None:
    image = Image.new("RGB", (320, 160))
    image.paste("white", (0, 0, 160, 160))
    detail = math.sqrt(2 * 85**2 / 320)  # the two columns at the edge differ from their 3x3 mean by 255 / 3
    assert measure(image) == Measures(
        brightness=pytest.approx(0.5),
        contrast=pytest.approx(0.5),
        sharpness=pytest.approx(detail / (detail + 8)),
        colourfulness=0,
        variety=pytest.approx(1 / 5),
        uniformity=pytest.approx(0.5),
    )


def test_colourfulness_is_that_of_hasler_and_suesstrunk() -> None:
    image = Image.new("RGB", (320, 160), (60, 20, 0))  # rg 40, yb 40 on the left, 0 and 0 on the right
    image.paste((20, 20, 20), (160, 0, 320, 160))
    deviation, mean = math.hypot(20, 20), math.hypot(20, 20)
    assert measure(image).colourfulness == pytest.approx((deviation + 0.3 * mean) / 100)


@pytest.mark.parametrize(
    "image", [SCENE, draw_noise(), draw_noise(colour=True), draw_text(6, 60, "yellow", "red"), WHITE]
)
def test_measures_and_score_stay_between_0_and_1(image: Image.Image) -> None:
    measures = measure(image)
    values = [getattr(measures, name) for name in Measures.__slots__]
    assert all(0 <= value <= 1 for value in [*values, score(measures)])


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 500), (5000, 3), (7, 7)])
def test_any_size_can_be_measured(size: tuple[int, int]) -> None:
    assert measure(Image.new("RGB", size, "grey")).brightness == pytest.approx(128 / 255)


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "RGBA", "YCbCr"])
def test_any_mode_can_be_measured(mode: str) -> None:
    assert measure(WHITE.convert(mode)).brightness == pytest.approx(1)


def test_more_blur_is_always_less_sharp() -> None:
    sharpness = [measure(blurred(radius)).sharpness for radius in (0, 0.5, 1, 2, 4, 8, 16)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert len(set(sharpness)) == 7


def test_sharpness_is_that_of_the_working_size() -> None:
    large = SCENE.resize((1280, 720), Image.Resampling.LANCZOS)
    assert measure(large).sharpness == pytest.approx(measure(SCENE).sharpness, abs=0.02)


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1280, 720)])
def test_noise_is_next_to_nothing_from_afar(size: tuple[int, int]) -> None:
    measures = measure(draw_noise(size=size))
    assert measures.contrast < 0.05
    assert measures.sharpness < measure(SCENE).sharpness


def test_noise_adds_little_sharpness_and_none_at_the_working_size() -> None:
    assert measure(draw_noise(size=(320, 180))).sharpness < 0.1


def test_a_grey_picture_is_colourless_and_a_colour_picture_is_not() -> None:
    assert measure(SCENE.convert("L")).colourfulness == 0
    assert measure(SCENE).colourfulness > 0.5


# choices


@pytest.mark.parametrize(
    "worse",
    [
        pytest.param(BLACK, id="black"),
        pytest.param(WHITE, id="white"),
        pytest.param(GREY, id="grey"),
        pytest.param(Image.new("RGB", SCENE.size, "teal"), id="one colour"),
        pytest.param(SCENE.convert("L"), id="without colour"),
        pytest.param(draw_noise(), id="noise"),
        pytest.param(draw_noise(colour=True), id="coloured noise"),
        pytest.param(
            draw_noise(size=(320, 180)).resize(SCENE.size, Image.Resampling.NEAREST), id="coarse noise"
        ),
        pytest.param(Image.linear_gradient("L").resize(SCENE.size), id="gradient"),
        *(pytest.param(blurred(radius), id=f"blur {radius}") for radius in (0.5, 1, 2, 4, 8, 16)),
        *(pytest.param(fade(SCENE, share), id=f"fade {share}") for share in (0.05, 0.2, 0.5, 0.8)),
        *(pytest.param(fade(SCENE, s, "white"), id=f"white fade {s}") for s in (0.05, 0.2, 0.5, 0.8)),
        *(
            pytest.param(draw_text(lines, height, ink, paper), id=f"{ink} on {paper}, {lines}x{height}")
            for lines, height in ((1, 20), (1, 50), (3, 50), (8, 30), (6, 60), (3, 110))
            for ink, paper in (("white", "black"), ("black", "white"), ("white", "navy"), ("yellow", "red"))
        ),
    ],
)
def test_the_picture_wins_wherever_it_stands_but_first(save: Save, worse: Image.Image) -> None:
    assert choose(save(worse, SCENE, worse)).frame.time == 1
    assert choose(save(worse, worse, SCENE, folder="last")).frame.time == 2


def test_a_dim_real_picture_beats_a_title_card(save: Save) -> None:
    assert order(save(BLACK, draw_text(3, 50), fade(SCENE, 0.4)))[0] == 2


def test_even_the_first_frame_wins_when_the_others_are_bad(save: Save) -> None:
    assert order(save(SCENE, BLACK, blurred(8), draw_text(3, 50)))[0] == 0


def test_the_first_of_equal_frames_is_not_taken(save: Save) -> None:
    assert order(save(SCENE, SCENE, SCENE)) == [1, 2, 0]


def test_the_first_frame_loses_to_a_slightly_worse_one(save: Save) -> None:
    assert order(save(SCENE, fade(SCENE, 0.95), fade(SCENE, 0.7))) == [1, 0, 2]


def test_a_sharp_picture_without_colour_beats_a_colourful_blur(save: Save) -> None:
    assert order(save(BLACK, blurred(4), SCENE.convert("L"))) == [2, 1, 0]


def test_a_fade_in_and_a_fade_out_are_ranked_by_how_far_they_are(save: Save) -> None:
    shares = (0, 0.3, 0.6, 1, 0.8, 0.4, 0.1)
    assert order(save(*(fade(SCENE, share) for share in shares))) == [3, 4, 2, 5, 1, 6, 0]


def test_of_black_only_there_is_still_a_choice(save: Save) -> None:
    frames = save(BLACK, BLACK, BLACK)
    choice = choose(frames)
    assert (choice.frame, choice.score) == (frames[1], 0)
    assert [one.frame for one in choice.ranked] == [frames[1], frames[2], frames[0]]


def test_a_single_candidate_is_chosen(save: Save) -> None:
    (frame,) = save(BLACK)
    assert choose([frame]).frame == frame


def test_the_choice_is_the_first_of_the_ranked_and_does_not_depend_on_the_order_given(save: Save) -> None:
    frames = save(BLACK, blurred(2), SCENE, draw_text(3, 50))
    choice = choose(frames)
    assert choice.ranked[0].frame == choice.frame
    assert (choice.measures, choice.score) == (choice.ranked[0].measures, choice.ranked[0].score)
    assert choose(frames[::-1]) == choice


def test_black_bars_shared_by_all_do_not_count(save: Save) -> None:
    def with_bars(image: Image.Image) -> Image.Image:
        framed = Image.new("RGB", (640, 480))
        framed.paste(image, (0, 60))
        return framed

    bare = choose(save(BLACK, SCENE)).measures
    framed = choose(save(with_bars(BLACK), with_bars(SCENE), folder="bars")).measures
    assert framed.brightness == pytest.approx(bare.brightness, abs=0.01)
    assert framed.contrast == pytest.approx(bare.contrast, abs=0.01)
    assert framed.uniformity == pytest.approx(bare.uniformity, abs=0.02)


def test_candidates_of_different_sizes_are_compared_whole(save: Save) -> None:
    framed = Image.new("RGB", (640, 480))
    framed.paste(SCENE, (0, 60))
    frames = save(BLACK, framed)
    rated = {one.frame: one for one in choose(frames).ranked}
    assert rated[frames[0]].score == 0
    assert rated[frames[1]].measures.brightness == pytest.approx(measure(framed).brightness, abs=0.01)


def test_no_candidate_is_an_error() -> None:
    with pytest.raises(ProcessingError) as caught:
        choose([])
    assert caught.value.code is codes.TRANSCODING_FAILED


def test_a_damaged_candidate_is_named(save: Save) -> None:
    frames = save(BLACK, SCENE)
    frames[1].path.write_bytes(frames[1].path.read_bytes()[:3000])
    with pytest.raises(ProcessingError, match=r"the frame frames/1000\.jpg cannot be read"):
        choose(frames)


def test_twelve_4k_candidates_cost_little(save: Save) -> None:
    large = SCENE.resize((3840, 2160), Image.Resampling.LANCZOS)
    frames = save(large) * 12
    began = time.process_time()
    choose(frames)
    assert time.process_time() - began < 1.5


# publishing


def chosen(path: Path) -> object:
    return choose([Frame(path, Fraction(0))])


def jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    SCENE.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def test_a_plain_jpeg_is_published_byte_for_byte(save: Save, tmp_path: Path) -> None:
    frames = save(BLACK, SCENE)
    assert publish(choose(frames), tmp_path / "poster.jpg") == (640, 360)
    assert (tmp_path / "poster.jpg").read_bytes() == frames[1].path.read_bytes()


def test_metadata_goes_and_the_picture_stays_as_it_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    source = tmp_path / "0.jpg"
    source.write_bytes(jpeg(exif=exif, comment=b"Lavc", xmp=b"<x:xmpmeta/>"))
    publish(chosen(source), tmp_path / "poster.jpg")
    assert (tmp_path / "poster.jpg").read_bytes() == jpeg()


def test_the_colour_profile_stays() -> None:
    profile = jpeg(icc_profile=b"profile")
    assert without_metadata(profile) == profile
    assert without_metadata(jpeg(icc_profile=b"profile", comment=b"x")) == profile


def test_a_progressive_jpeg_with_fill_bytes_keeps_every_scan() -> None:
    data = jpeg(progressive=True)
    assert without_metadata(data[:2] + b"\xff" + data[2:]) == data


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"GIF89a", jpeg()[:30], b"\xff\xd8\xff\xe0\x00\x00\xff\xda"]
)
def test_what_has_no_segments_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no JPEG"):
        without_metadata(data)


def test_a_picture_damaged_after_the_choice_is_not_published(save: Save, tmp_path: Path) -> None:
    choice = choose(save(SCENE))
    choice.frame.path.write_bytes(choice.frame.path.read_bytes()[:-2000])
    with pytest.raises(ProcessingError, match=r"the frame frames/0\.jpg cannot be read"):
        publish(choice, tmp_path / "poster.jpg")
    assert not (tmp_path / "poster.jpg").exists()


def test_an_unwritable_target_is_an_output_error(save: Save, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"poster\.jpg cannot be written"):
        publish(choose(save(SCENE)), tmp_path / "missing" / "poster.jpg")
