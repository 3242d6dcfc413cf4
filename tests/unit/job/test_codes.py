"""The table of codes: Esri's sixteen as published, ours apart from them, no number with two meanings."""

from __future__ import annotations

import dataclasses

import pytest

from ingest.job import codes
from ingest.job.codes import Code
from ingest.pipeline.steps import STEPS

# ArcGIS Video Server, job resource, the published example: both arrays, position by position.
ESRI = (
    (117, "Starting Ingest"),
    (154, "Probing Video Codec"),
    (155, "Probing Audio"),
    (156, "Probing Video Klv"),
    (157, "Generating Video Stream Info"),
    (158, "Generating Video Info"),
    (159, "Transcoding with GPU"),
    (160, "Extracting KLV Metadata"),
    (161, "Generating HLS Service Files"),
    (174, "Generating Poster Image"),
    (182, "Generating Preview Images"),
    (162, "Generating ABR Info Files"),
    (163, "Removing Temporary Files"),
    (205, "Video Files Created"),
    (206, "Saving To Storage"),
    (118, "Ingest Complete"),
)

OURS = (
    (9001, "Transcoding with CPU"),
    (9002, "Planning Resolutions"),
    (9003, "Verifying Package"),
    (9004, "Copying"),
    (9010, "Generating Subtitles"),
    (9011, "Generating Chapters"),
    (9012, "Measuring Quality"),
    (9013, "Generating MP4 Files"),
    (9014, "Generating Thumbnails"),
    (9020, "Generating KLV Cues"),
    (9101, "Resolution Left Out"),
    (9102, "Made At Source Size"),
    (9103, "No Audio Found"),
    (9104, "No KLV Metadata Found"),
    (9105, "KLV Metadata Found But Not Extracted"),
    (9106, "Kept In Output Folder"),
    (9107, "Stream Left Out"),
    (9108, "Frame Rate Reduced"),
    (9110, "SDR Renditions Added"),
    (9111, "HDR Not Kept"),
    (9112, "Codec Left Out"),
    (9115, "No DASH Manifest Made"),
    (9118, "Interlaced Source"),
    (9119, "Picture Held"),
    (9125, "Audio Channels Assumed"),
    (9126, "Audio Silent"),
    (9129, "Subtitles Made"),
    (9130, "Subtitles Empty"),
    (9133, "Quality Not Measured"),
    (9141, "KLV Metadata Found"),
    (9142, "KLV Kept In Segments"),
    (9145, "Not Copied"),
    (9146, "Sound Copied"),
    (9147, "Sound Not Copied"),
    (9150, "Encoded In Chunks"),
    (9151, "Encoded In One Piece"),
    (9152, "Work Taken Up"),
    (9153, "Ingest Resumed"),
    (9154, "Can Be Resumed"),
    (9155, "Rendition Taken Over"),
    (9157, "Source Fetched"),
    (9160, "Trimmed"),
    (9201, "Programs Not Fully Confined"),
    (9202, "Source Damaged"),
    (9203, "Source Misdeclared"),
    (9204, "Audio Trimmed To Picture"),
    (9205, "Colour Not Converted"),
    (9206, "GPU Not Used"),
    (9207, "Previous Package Kept"),
    (9208, "Job Store Not Written"),
    (9210, "GPU Failed"),
    (9218, "Picture Size Changes"),
    (9219, "Picture Aspect Changes"),
    (9220, "Colours Uncertain"),
    (9222, "Source Clock Jumps"),
    (9223, "Pictures Damaged"),
    (9224, "Sound Damaged"),
    (9225, "Sound Goes On Elsewhere"),
    (9226, "Loudness Not Reached"),
    (9229, "Subtitles Left Out"),
    (9230, "Subtitles Shortened"),
    (9231, "Subtitles Charset Assumed"),
    (9241, "KLV Metadata Damaged"),
    (9301, "Wrong Usage"),
    (9302, "Unknown Resolution"),
    (9303, "Preset Invalid"),
    (9304, "Source Not Found"),
    (9305, "Source Not Readable"),
    (9306, "Source Not A Video File"),
    (9307, "Source Has No Video"),
    (9308, "Source Over Limit"),
    (9309, "Source Changed"),
    (9310, "Output Not Writable"),
    (9311, "Output Folder Not Ours"),
    (9312, "Output Exists"),
    (9313, "Output Is Source"),
    (9314, "Output Busy"),
    (9315, "Tool Missing"),
    (9316, "Tool Too Old"),
    (9317, "Disk Full"),
    (9318, "Transcoding Failed"),
    (9319, "Tool Killed"),
    (9320, "Tool Stalled"),
    (9321, "Packaging Failed"),
    (9322, "Verification Failed"),
    (9323, "Cancelled"),
    (9324, "Internal Error"),
    (9325, "Job Not Found"),
    (9326, "Not A Package"),
    (9327, "Job Store Unusable"),
    (9328, "Source Too Damaged"),
    (9329, "Source Encrypted"),
    (9340, "Job Not Cancellable"),
    (9341, "Job Not Stopped"),
    (9342, "Copying Impossible"),
    (9343, "Copying Failed"),
    (9344, "No KLV Metadata"),
    (9348, "Quality Cannot Be Measured"),
    (9349, "Quality Measurement Failed"),
    (9355, "Job Cannot Be Resumed"),
    (9356, "Out Of Memory"),
    (9360, "Source Not Allowed"),
    (9361, "Job Cannot Be Changed"),
    (9362, "Time Limit Reached"),
    (9363, "Source Not Fetched"),
    (9364, "Address Unusable"),
    (9365, "Process Died"),
    (9370, "API Key Not Found"),
    (9371, "Logo Unusable"),
)


def test_esri_codes_keep_their_numbers_and_texts() -> None:
    assert {(c.number, c.text) for c in codes.ALL if c.origin == "esri"} == set(ESRI)


def test_our_codes_keep_their_numbers_and_texts() -> None:
    """A number is never given a second meaning, nor taken away; a new one is added here."""
    assert tuple((c.number, c.text) for c in codes.ALL if c.origin == "ingest") == OURS


def test_numbers_are_unique_and_the_table_is_sorted() -> None:
    numbers = [c.number for c in codes.ALL]
    assert numbers == sorted(set(numbers))


def test_texts_are_unique() -> None:
    assert len({c.text for c in codes.ALL}) == len(codes.ALL)


def test_every_code_of_the_module_is_in_both_tables() -> None:
    named = [value for value in vars(codes).values() if isinstance(value, Code)]
    assert sorted(named, key=lambda c: c.number) == list(codes.ALL)
    assert {c.number: c for c in named} == codes.BY_NUMBER


@pytest.mark.parametrize("code", codes.ALL, ids=lambda c: str(c.number))
def test_kind_follows_from_the_range(code: Code) -> None:
    if code.number < 9001:
        expected = "step"
    else:
        expected = {90: "step", 91: "note", 92: "warning", 93: "error"}[code.number // 100]
    assert code.kind == expected


@pytest.mark.parametrize("code", codes.ALL, ids=lambda c: str(c.number))
def test_texts_are_one_printable_line(code: Code) -> None:
    for text in (code.text, code.meaning):
        assert text.isprintable()
        assert text == text.strip() != ""


def test_a_code_is_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        codes.CANCELLED.number = 1  # type: ignore[misc]


def test_steps_of_the_pipeline_keep_esris_order() -> None:
    taken = [(s.code.number, s.code.text) for s in STEPS if s.code.origin == "esri"]
    assert taken == list(ESRI)


def test_the_whole_pipeline_in_order() -> None:
    assert [s.code.number for s in STEPS] == [
        *(117, 154, 155, 156, 157, 158),
        *(9002, 9004, 159, 9001),
        *(160, 161, 9013, 174, 182, 9014),
        *(9010, 9011, 9020),
        162,
        *(9012, 9003),
        *(163, 205, 206, 118),
    ]
