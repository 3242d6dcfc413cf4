"""What belongs to the program of the picture."""

from __future__ import annotations

from typing import Any

from ingest.media.facts import LeftOut
from ingest.media.programs import of_picture

KINDS = ("video", "audio", "video", "audio", "data", "subtitle")


def document(*programs: tuple[int, tuple[int, ...]], kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    return {
        "format": {},
        "programs": [{"program_num": n, "streams": [{"index": i} for i in found]} for n, found in programs],
        "streams": [{"index": i, "codec_type": kind, "codec_name": "x"} for i, kind in enumerate(kinds)],
    }


def kept(found: dict[str, Any]) -> list[int]:
    return [s["index"] for s in found["streams"]]


def test_only_the_picture_s_own_program_counts() -> None:
    source = document((1, (0, 1)), (2, (2, 3, 5)))
    mine, left_out = of_picture(source, 2)
    assert kept(mine) == [2, 3, 4, 5]  # 4 is in no program
    assert left_out == (LeftOut(1, "audio", "x", "it belongs to program 1, the picture does not"),)
    assert mine["programs"] == source["programs"]
    assert len(source["streams"]) == len(KINDS)


def test_streams_of_several_programs_belong_to_each() -> None:
    mine, left_out = of_picture(document((1, (0, 1, 5)), (2, (2, 3, 5)), (3, (0, 4))), 0)
    assert kept(mine) == [0, 1, 4, 5]
    assert [s.index for s in left_out] == [3]


def test_without_programs_all_count() -> None:
    for source in (
        document(),
        document((1, (1, 3))),
        {k: v for k, v in document().items() if k != "programs"},
        document() | {"programs": None},
        document() | {"programs": [7, {"program_num": "x", "streams": [3, {"index": "0"}, {}]}]},
    ):
        assert of_picture(source, 0) == (source, ())
