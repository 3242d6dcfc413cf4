"""The error tree: exit codes, one line, nothing that harms a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job import codes, errors
from ingest.job.errors import Cancelled, IngestError, ProcessingError, SourceError, exit_code_of, one_line

# Undecodable bytes (surrogates, which st.text leaves out), controls, marks that turn the line around.
ODD = st.sampled_from(["", "\udcff", "\ud800", "\n", "\r\n", "\x1b[0m", "\x00", "\u2028", "\u202e", ',"'])
ANY_TEXT = st.builds("{}{}{}".format, st.text(max_size=10), ODD, st.text(max_size=10))


@pytest.mark.parametrize(
    ("name", "exit_code"),
    [
        ("ProcessingError", 1),
        ("UsageError", 2),
        ("SourceError", 3),
        ("OutputError", 4),
        ("ToolError", 5),
        ("ResourceError", 6),
        ("BusyError", 7),
    ],
)
def test_exit_codes(name: str, exit_code: int) -> None:
    error = getattr(errors, name)(codes.INTERNAL, "broken")
    assert isinstance(error, IngestError)
    assert exit_code_of(error) == exit_code


def test_the_tree_has_no_other_branches() -> None:
    assert {c.__name__ for c in IngestError.__subclasses__() if c.__module__ == errors.__name__} == {
        *("UsageError", "SourceError", "OutputError", "ToolError", "ResourceError", "BusyError"),
        *("ProcessingError", "Cancelled"),
    }


@pytest.mark.parametrize(
    ("signal_number", "line", "exit_code"),
    [
        (2, "cancelled by SIGINT", 130),
        (15, "cancelled by SIGTERM", 143),
        (1, "cancelled by SIGHUP", 129),
    ],
)
def test_cancelled(signal_number: int, line: str, exit_code: int) -> None:
    error = Cancelled(signal_number)
    assert (error.code, error.line, error.remedy, exit_code_of(error)) == (
        codes.CANCELLED,
        line,
        "",
        exit_code,
    )


def test_line_with_and_without_remedy() -> None:
    told = SourceError(codes.SOURCE_NOT_FOUND, "there is no file a.mp4", remedy="check the path")
    assert told.line == str(told) == "there is no file a.mp4; check the path"
    assert (told.message, told.remedy, told.detail) == ("there is no file a.mp4", "check the path", "")
    assert ProcessingError(codes.INTERNAL, "broken").line == "broken"


def test_detail_keeps_its_lines_and_stays_off_the_line() -> None:
    error = ProcessingError(codes.TRANSCODING_FAILED, "it failed", detail="one\ntwo")
    assert (error.detail, error.line) == ("one\ntwo", "it failed")


def test_message_and_remedy_are_made_harmless() -> None:
    error = SourceError(codes.SOURCE_NOT_FOUND, "no \x1b[31mfile\n", remedy="look\rhere")
    assert error.line == "no \\x1b[31mfile\\n; look\\rhere"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain text, ünïcödé, 日本", "plain text, ünïcödé, 日本"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u202egpj.exe", "\\u202egpj.exe"),  # right-to-left override
        ("a\u2028b\u200b", "a\\u2028b\\u200b"),
        ("\udcff.mp4", "\\udcff.mp4"),  # how Python names an undecodable byte
        ("C:\\n", "C:\\n"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(ANY_TEXT)
def test_one_line_is_always_printable_and_encodable(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert line.encode("utf-8").decode("utf-8") == line
    assert len(line.splitlines()) <= 1


@given(ANY_TEXT)
def test_one_line_twice_is_one_line_once(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
