"""The README's claims, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ingest.cli import COMMANDS
from ingest.cli.run import run
from ingest.job import codes, errors, record
from ingest.media.command.encoders import BESIDE_X264_PRESET
from ingest.media.presets import load, read_text, shipped_dir
from ingest.pipeline.events import Ended, JobStarted, Message, Progressed
from ingest.pipeline.steps import STEPS
from ingest.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below one heading, up to the next heading of any level."""
    text = README.split(f"# {title}\n", 1)[1]
    return re.split(r"^#{1,6} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """The names in back quotes in the first column of the tables in `text`."""
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def test_the_record_s_keys_are_all_named_in_order() -> None:
    names = [f.alias or n for n, f in record.Record.model_fields.items()]
    assert first_cells(section("The record")) == names


@pytest.mark.parametrize(
    ("key", "model"),
    [
        ("inputs", record.Inputs),
        ("times", record.Times),
        ("progress", record.Progress),
        ("steps", record.StepRecord),
        ("outputs", record.Output),
        ("error", record.Failure),
        ("customAttributes", record.CustomAttributes),
        ("results", record.Results),
    ],
)
def test_the_fields_of_each_key_are_named(key: str, model: type[record.Inputs]) -> None:
    row = next(line for line in section("The record").splitlines() if line.startswith(f"| `{key}` |"))
    named = set(re.findall(r"`([a-zA-Z]+)`", row))
    assert {f.alias or n for n, f in model.model_fields.items()} <= named


def test_the_run_s_codes_are_those_of_the_pipeline_in_order() -> None:
    text = section("Codes").split("The order of a run:")[1].split("\n\n")[1]
    found = [(int(n), " ".join(t.split())) for n, t in re.findall(r"(\d{3,4}) ([A-Z][^,.]+)", text)]
    assert found == [(s.code.number, s.code.text) for s in STEPS if s.run is not None]


def test_every_exit_code_is_named() -> None:
    named = {
        int(n)
        for line in section("Exit codes").splitlines()
        for n in re.findall(r"^\| ([\d, ]+) \|", line)
        for n in n.split(",")
    }
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.IngestError)]
    raised = {k.exit_code for k in kinds} | {errors.exit_code_of(errors.Cancelled(n)) for n in (1, 2, 15)}
    assert named == raised | {0}


def test_every_option_of_run_is_named() -> None:
    named = set(re.findall(r"--[a-z][a-z0-9-]+", section("Commands")))
    options = {o for p in run.params if isinstance(p, click.Option) for o in p.opts if o.startswith("--")}
    assert options <= named


def test_every_command_is_named() -> None:
    named = set(re.findall(r"`ingest ([a-z]+)", section("Commands")))
    assert set(COMMANDS) <= named


def test_every_setting_is_named_with_its_default() -> None:
    text = section("Configuration")
    for name, field in Settings.model_fields.items():
        assert f"`INGEST_{name.upper()}`" in text
        if isinstance(field.default, int | float) and name not in ("min_free", "max_download"):
            row = next(line for line in text.splitlines() if f"`INGEST_{name.upper()}`" in line)
            assert f" {field.default:.0f} |" in row
    assert Settings.model_fields["min_free"].default == 200 * 2**20
    assert Settings.model_fields["max_download"].default == 100 * 2**30


def test_the_preset_shown_is_the_shipped_one() -> None:
    shown = section("Presets").split("```toml\n")[1].split("```")[0]

    def without_comments(text: str) -> list[str]:
        return [c for line in text.splitlines() if (c := line.split("#")[0].strip())]

    assert without_comments(shown) == without_comments(read_text(shipped_dir() / "fhd.toml"))
    assert set(load()) == {"sd", "hd", "fhd", "qhd", "uhd"}


def test_what_x264_is_asked_beside_its_preset() -> None:
    said = re.search(r"With `(\w+)` x264 is asked for (.*?) as well", section("Presets"), re.DOTALL)
    assert said is not None
    asked = dict(pair.split("=") for pair in re.findall(r"`([^`]+)`", said[2]))
    asked["subq"] = asked.pop("subme")  # as ffmpeg calls it
    assert {said[1]: asked} == {
        preset: {name: str(value) for name, value in options.items()}
        for preset, options in BESIDE_X264_PRESET.items()
    }


def test_the_events_keys_are_the_contract_s() -> None:
    events = [
        JobStarted("j1", "a", "b", ("sd",), "t"),
        Message(117, "Starting Ingest", "step", None, "t"),
        Progressed(1.0, 117, "Starting Ingest", None, None, {"sd": 1.0}),
        Ended("j1", "COMPLETED", 0, 1.0, None, "t"),
    ]
    text = section("Progress as JSON: the contract")
    for event in events:
        document = event.as_json()
        name = document.pop("event")
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert set(document) <= set(re.findall(r"`([a-zA-Z]+)`", row))


def test_esri_s_steps_that_are_never_taken_are_said() -> None:
    taken = {s.code.number for s in STEPS if s.run is not None}
    never = [c for c in codes.ALL if c.origin == "esri" and c.number not in taken]
    text = " ".join(section("Codes").split())
    assert [f"{c.number} {c.text}" in text for c in never] == [True] * len(never) and len(never) == 1


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
