"""What was asked for, and the folder it goes to."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline.request import Request, split_resolutions
from ingest.settings import Settings


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("sd,hd", "fhd"), ("sd", "hd", "fhd")),
        (("fhd",), ("fhd",)),
        (("hd", "hd", "sd,hd"), ("hd", "sd")),
        ((" sd , hd ",), ("sd", "hd")),
        (("sd,,hd,", ",", ""), ("sd", "hd")),
        (("SD",), ("SD",)),
        ((), ()),
        (("sd hd",), ("sd hd",)),  # one unknown name, not two
        (("s\udcffd",), ("s\\udcffd",)),  # bytes that are no text must not reach the record
        (("s\nd",), ("s\\nd",)),
    ],
)
def test_split_resolutions(values: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert split_resolutions(values) == names


def test_what_the_settings_say_of_the_plan_is_part_of_the_request() -> None:
    settings = Settings(home=Path("/home"), preset_dir=Path("/presets"), chunk_seconds=20)
    asked = Request(Path("film.mp4"), ("sd",))
    settled = replace(asked, preset_dir=Path("/presets"), chunk_seconds=20)
    assert asked.settled(settings) == settled
    # Another shell changes nothing, and what was asked for comes first.
    assert settled.settled(Settings(home=Path("/home"))) == settled
    own = replace(asked, preset_dir=Path("/own"), chunk_seconds=4)
    assert own.settled(settings) == own


@given(st.lists(st.text(alphabet="shdfu ,"), max_size=5))
def test_names_are_unique_trimmed_and_not_empty(values: list[str]) -> None:
    names = split_resolutions(tuple(values))
    assert len(set(names)) == len(names)
    assert all(n and n == n.strip() and "," not in n for n in names)


def folder(source: str | bytes, output: str | None = None) -> str:
    path = Path(os.fsdecode(source))
    return str(Request(path, ("sd",), Path(output) if output is not None else None).folder)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("movie.mp4", "movie_ingest"),
        ("/elsewhere/movie.mp4", "movie_ingest"),
        ("a/../movie.mp4", "movie_ingest"),
        ("movie", "movie_ingest"),
        ("movie.tar.gz", "movie.tar_ingest"),
        (".mp4", ".mp4_ingest"),
        ("-rf.mp4", "-rf_ingest"),
        ("two words.mp4", "two words_ingest"),
        ("日本.mp4", "日本_ingest"),
        ("/", "source_ingest"),
        ("sub/..", None),  # the current folder itself
    ],
)
def test_default_folder(here: Path, source: str, name: str | None) -> None:
    assert folder(source) == str(here / (name or f"{here.stem}_ingest"))


def test_default_folder_of_a_name_that_is_no_text(here: Path) -> None:
    assert os.fsencode(folder(b"clip\xff.mp4")) == os.fsencode(here) + b"/clip\xff_ingest"


@pytest.mark.parametrize("stem", ["x" * 250, "é" * 125, "日" * 83, "𝄞" * 62, "é" * 100 + "\udcff" * 40])
def test_default_folder_of_a_long_name_can_be_made(here: Path, stem: str) -> None:
    """A name has at most 255 bytes, and the folder's is longer than the source's."""
    made = Path(folder(stem + ".mp4"))
    made.mkdir()
    assert made.name.endswith("_ingest")
    assert stem.startswith(made.name.removesuffix("_ingest"))


def test_a_link_keeps_the_name_that_was_given(here: Path) -> None:
    (here / "real.mp4").touch()
    (here / "link.mp4").symlink_to("real.mp4")
    assert folder("link.mp4") == str(here / "link_ingest")


@pytest.mark.parametrize(
    ("output", "path"), [("out", "out"), ("./a/../out/", "out"), ("..", ".."), ("/srv/out", "/srv/out")]
)
def test_given_folder_is_made_absolute(here: Path, output: str, path: str) -> None:
    assert folder("movie.mp4", output) == os.path.abspath(here / path)
