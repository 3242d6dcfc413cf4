"""The plan in words and as data."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from made_facts import FHD, HD, SD, clip, constant, hdr10, portrait_vfr, track

from ingest.media.plan import make_plan
from ingest.media.plan.describe import document, rows


def test_a_plain_film_in_words() -> None:
    plan = make_plan(
        clip(1280, 720, timing=constant(Fraction(30000, 1001), 300, Fraction(1, 30000))),
        (track(language="de"),),
        (SD, HD, FHD),
        preview_interval=Fraction(1),
        tile=(160, 90),
    )
    assert rows(plan) == [
        ("picture", "stream 0, 1280x720"),
        ("frames", "300 at 30000/1001/s, 10.01 s"),
        ("segments", "6.006 s, a key picture every 2.002 s"),
        ("rung sd", "720x404 h264 high 3.0, libx264 veryfast, crf 21, at most 2000 kbit/s"),
        ("rung hd", "1280x720 h264 high 3.1, libx264 veryfast, crf 22, at most 4500 kbit/s"),
        ("audio de-stereo", "stream 1, de, Deutsch, stereo, 48000 Hz, 128 kbit/s, default"),
        ("previews", "160x90 every 1 s"),
        ("trick play", "720x404, 2 pictures in each GOP"),
        ("disk", "up to 42 MiB while it works, of them 27 MiB of package"),
    ]


def test_what_is_done_to_the_picture_is_said() -> None:
    interlaced = replace(hdr10(), field_order="tff")
    plan = make_plan(interlaced, (), (SD,), preview_interval=Fraction(1), tile=(90, 160))
    assert rows(plan)[0] == ("picture", "stream 0, 720x1280, each field made a picture, tone mapped to SDR")
    fast = clip(timing=constant(Fraction(120), 1200, Fraction(1, 1200)))
    plan = make_plan(fast, (), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    assert rows(plan)[:2] == [
        ("picture", "stream 0, 1920x1080, every 2nd picture kept"),
        ("frames", "600 at 60/s, 10 s"),
    ]
    plan = make_plan(portrait_vfr(), (), (SD,), preview_interval=Fraction(1), tile=(90, 160))
    assert rows(plan)[1] == ("frames", "144 at their own times, 5 s")


def test_the_document_names_every_field_and_keeps_fractions_exact() -> None:
    plan = make_plan(
        clip(timing=constant(Fraction(30000, 1001), 300, Fraction(1, 30000))),
        (track(),),
        (SD,),
        preview_interval=Fraction(1, 2),
        tile=(160, 90),
    )
    found = document(plan)
    assert list(found) == [
        "video",
        "rungs",
        "audio",
        "stills",
        "trick",
        "leftOut",
        "atSourceSize",
        "unusedAudio",
        "hdr",
        "hardware",
        "unusedCodecs",
        "text",
        "chapters",
        "assumedAudio",
        "chunks",
        "copies",
        "mp4",
        "thumbnails",
        "beside",
        "space",
    ]
    assert found["stills"] == {
        "posterInterval": "1001/1200",
        "previewInterval": "1/2",
        "tileWidth": 160,
        "tileHeight": 90,
    }
    assert found["video"]["grid"]["timeBase"] == "1001/30000"
    assert found["rungs"][0]["maxBitrate"] == 2_000_000
