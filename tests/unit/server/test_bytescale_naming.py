"""Where an upload goes: path definitions and their variables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.server.dialects.bytescale.naming import (
    Destination,
    checked,
    destination,
    filled,
    folder,
    time_token,
)
from ingest.server.refusals import Refusal

NOW = datetime(2022, 12, 25, 13, 54, 13, 73_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        # The published examples.
        ("{ORIGINAL_FILE_NAME}", "my-file"),
        ("{ORIGINAL_FILE_EXT}", ".jpg"),
        ("{UTC_DATE}", "2022-12-25"),
        ("{UTC_TIME}", "13:54:13.073"),
        ("{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}", "2022/12/25"),
        ("{UTC_HOUR}-{UTC_MINUTE}-{UTC_SECOND}-{UTC_MILLISECOND}", "13-54-13-073"),
        (r"\{UTC_DATE}", "{UTC_DATE}"),
        ("a{b", "a{b"),
    ],
)
def test_variables_are_filled_in(template: str, value: str) -> None:
    assert filled(template, "my-file.jpg", NOW) == value


def test_the_published_tokens_of_one_moment() -> None:
    moment = datetime(2022, 10, 16, 14, 2, 17, 147_000, tzinfo=UTC)
    assert time_token(moment) == "1km9SFvS"
    assert time_token(moment, inverse=True) == "4mvUKdK2"


@given(st.integers(0, 7 * 10**12), st.integers(1, 10**9))
def test_tokens_sort_by_time(milliseconds: int, later: int) -> None:
    first = NOW.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    second = first + timedelta(milliseconds=later)
    # In base 58's own order, which is ASCII's.
    assert time_token(first) < time_token(second)
    assert time_token(first, inverse=True) > time_token(second, inverse=True)
    assert len(time_token(first)) == len(time_token(second, inverse=True)) == 8


def test_the_default_is_bytescales() -> None:
    found = destination(None, "example.jpg", NOW)
    assert re.fullmatch(r"/uploads/2022/12/25/[1-9A-Za-z]{10}-example\.jpg", found.path)
    assert found == Destination(found.path, None, unique=True)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("/a/{UTC_DATE}.mp4", Destination("/a/{UTC_DATE}.mp4")),
        ({"folderPath": "/v", "fileName": "{UTC_DATE}.mp4"}, Destination("/v/2022-12-25.mp4")),
        (
            {"folderPath": "/v", "fileName": "{UTC_DATE}.mp4", "fileNameVariablesEnabled": False},
            Destination("/v/{UTC_DATE}.mp4"),
        ),
        ({"folderPath": "v", "fileName": "a"}, Destination("/v/a")),
        ({"folderPath": "/", "fileName": "a"}, Destination("/a")),
        (
            {"folderPath": "/{UTC_YEAR}", "fileName": "a", "fileNameFallback": "b{ORIGINAL_FILE_EXT}"},
            Destination("/2022/a", "/2022/b.jpg"),
        ),
        ({"fileName": "a", "folderPath": "/v", "tags": 1}, Destination("/v/a")),
    ],
)
def test_a_definition_is_followed(definition: object, expected: Destination) -> None:
    assert destination(definition, "my.jpg", NOW) == expected


@pytest.mark.parametrize(
    "definition",
    [
        "relative.mp4",
        "/a/../b",
        "/a//b",
        "/a/",
        "/a\n",
        "/" + "x" * 512,
        ["/a"],
        {"fileName": "a/b"},
        {"fileName": ""},
        {"fileName": 1},
        {"fileName": ".."},
        {"fileName": "{UNKNOWN}"},
        {"fileName": "{UNIQUE_DIGITS_21}"},
        {"folderPath": "/a/..", "fileName": "b"},
    ],
)
def test_a_definition_that_leads_nowhere_is_refused(definition: object) -> None:
    with pytest.raises(Refusal) as caught:
        destination(definition, "my.jpg", NOW)
    assert (caught.value.kind, caught.value.code) == ("invalid", "invalid_file_path")


@pytest.mark.parametrize(
    ("original", "stem"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.mp4", "a"),
        ("", "file"),
        ("..", "file"),
        ("a\0b.mp4", "ab"),
    ],
)
def test_the_name_on_a_device_becomes_no_path(original: str, stem: str) -> None:
    assert filled("{ORIGINAL_FILE_NAME}", original, NOW) == stem


@given(st.text(max_size=300))
def test_whatever_a_file_was_called_its_default_path_is_good(original: str) -> None:
    path = destination(None, original, NOW).path
    assert checked(path) == path
    assert path.count("/") == 5


def test_folders() -> None:
    assert [folder(p) for p in ("/", "/a", "/a/b/", "")] == ["", "/a", "/a/b", ""]
    with pytest.raises(Refusal):
        folder("a")
