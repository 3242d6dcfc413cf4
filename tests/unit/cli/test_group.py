from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import click
import pytest
from click.testing import CliRunner

import ingest
from ingest.cli import COMMANDS, main
from ingest.job import codes
from ingest.job.errors import Cancelled, SourceError

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"pydantic", "rich", "PIL", "sqlalchemy", "m3u8", "ffmpeg"}
START = "import sys; from ingest.cli import main; sys.argv[0] = 'ingest'; sys.exit(main())"


def ingest_command(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The installed program's own start, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", START, *args],
        capture_output=True,
        env={**os.environ, **environ},
        encoding="latin-1" if environ.get("PYTHONIOENCODING") == "latin-1" else "utf-8",
    )


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> object:
    """Puts an error in place of what `ingest codes` does; returns the outcome."""

    def run(error: BaseException) -> tuple[int, str, str]:
        @click.command()
        def failing() -> NoReturn:
            raise error

        monkeypatch.setattr("ingest.cli.codes.codes", failing)
        result = CliRunner().invoke(main, ["codes"])
        return result.exit_code, result.stdout, result.stderr

    return run


# -- lazy loading and help --


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, ingest.cli; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    assert "click" in loaded
    assert HEAVY.intersection(loaded) == set()


def test_help_loads_no_command() -> None:
    code = (
        "import sys; from ingest.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print(*sorted(m for m in sys.modules if m.startswith('ingest.cli')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "ingest.cli"


def test_help_is_quick() -> None:
    def seconds() -> float:
        """CPU seconds: those on the clock are the machine's other work too."""
        before = os.times()
        assert ingest_command("--help").returncode == 0
        after = os.times()
        return (after.children_user + after.children_system) - (before.children_user + before.children_system)

    assert min(seconds() for _ in range(5)) < 0.3


def test_help_shows_a_line_for_each_command() -> None:
    result = CliRunner().invoke(main, ["--help"], prog_name="ingest", terminal_width=110)
    assert result.exit_code == 0
    listed = result.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split(None, 1) for line in listed] == [[name, text] for name, text in COMMANDS.items()]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_is_the_commands_own(name: str) -> None:
    command = getattr(importlib.import_module(f"ingest.cli.{name}"), name)
    assert (command.name, command.get_short_help_str(200)) == (name, COMMANDS[name])


def test_version() -> None:
    done = ingest_command("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ingest {ingest.__version__}\n", "")


# -- wrong usage --


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("prob", "no such command 'prob'; did you mean probe?"),
        ("preset", "no such command 'preset'; did you mean presets?"),
        ("zzz", "no such command 'zzz'"),
        ("a\nb", "no such command 'a\\nb'"),
    ],
)
def test_an_unknown_command(name: str, message: str) -> None:
    done = ingest_command(name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ingest: error: {message}; try 'ingest --help'\n"


def test_a_file_in_place_of_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "movie.mp4").touch()
    result = CliRunner().invoke(main, ["movie.mp4"])
    assert result.exit_code == 2
    assert result.stderr.endswith("; did you mean ingest run movie.mp4?; try 'main --help'\n")


def test_clicks_own_errors_keep_their_exit_code() -> None:
    for args in (["codes", "--knd"], ["codes", "--kind", "x"], ["show"], ["--nonsense"]):
        assert CliRunner().invoke(main, args).exit_code == 2


# -- failures --


def test_an_error_of_ours_is_one_line_and_its_exit_code(raising) -> None:  # type: ignore[no-untyped-def]
    error = SourceError(codes.SOURCE_NOT_FOUND, "a\nb: no such file", remedy="check the name", detail="no")
    assert raising(error) == (3, "", "ingest: error: a\\nb: no such file; check the name\n")


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (KeyboardInterrupt(), 130, "SIGINT"),
        (click.Abort(), 130, "SIGINT"),
        (Cancelled(2), 130, "SIGINT"),
        (Cancelled(15), 143, "SIGTERM"),
    ],
)
def test_cancelling(raising, error: BaseException, code: int, name: str) -> None:  # type: ignore[no-untyped-def]
    assert raising(error) == (code, "", f"ingest: error: cancelled by {name}\n")


def test_a_fault_of_ingest_itself_is_one_line(raising) -> None:  # type: ignore[no-untyped-def]
    assert raising(KeyError("a\nb")) == (
        1,
        "",
        "ingest: internal error: KeyError: 'a\\nb'; please report it\n",
    )


def test_a_traceback_only_when_it_is_asked_for(raising, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("INGEST_DEBUG", "1")
    code, _, stderr = raising(ZeroDivisionError("x"))
    first, *_, last = stderr.splitlines()
    assert (code, first) == (1, "Traceback (most recent call last):")
    assert last == "ingest: internal error: ZeroDivisionError: x; please report it"


def test_a_reader_that_went_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", START, "codes"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (["codes"], 6, "ingest: error: no space left on device; free some space\n"),
        (["--help"], 1, "ingest: error: the output cannot be written: No space left on device\n"),
    ],
)
def test_a_full_disk_behind_stdout(args: list[str], code: int, line: str) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = subprocess.run([sys.executable, "-c", START, *args], stdout=full, stderr=-1, text=True)
    assert (done.returncode, done.stderr) == (code, line)


@pytest.mark.parametrize("args", ["codes", "codes --json", "presets", "presets show fhd", "--help"])
def test_a_closed_stdout_is_no_error(args: str) -> None:
    command = f'exec "$0" -c "$1" {args} >&-'
    done = subprocess.run(["/bin/sh", "-c", command, sys.executable, START], stderr=-1, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stdout_that_cannot_encode(tmp_path: Path, encoding: str) -> None:
    shipped = ingest_command("presets", "show", "hd").stdout
    own = shipped.replace('"hd"', '"mine"').replace("HD 720p", "Größe 映画")
    (tmp_path / "mine.toml").write_text(own, "utf-8")
    environ = {"PYTHONIOENCODING": encoding, "INGEST_PRESET_DIR": str(tmp_path), "LC_ALL": "C"}
    for args in (["presets"], ["presets", "show", "mine"]):
        done = ingest_command(*args, **environ)
        assert (done.returncode, done.stderr) == (0, "")
        # click writes UTF-8 where the locale is plain ASCII.
        assert ("\\u6620\\u753b" if encoding == "latin-1" else "映画") in done.stdout
    document = ingest_command("presets", "show", "mine", "--json", **environ)
    assert json.loads(document.stdout)["title"] == "Größe 映画"


# -- completion --


def completions(line: str, **environ: str) -> list[str]:
    words = line.split(" ")
    done = ingest_command(
        _INGEST_COMPLETE="bash_complete",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        **environ,
    )
    assert done.stderr == ""
    return [entry.partition(",")[2] for entry in done.stdout.splitlines()]


def test_commands_are_completed() -> None:
    assert completions("ingest pr") == ["probe", "presets"]
    assert completions("ingest ") == list(COMMANDS)


def test_the_completion_script() -> None:
    done = ingest_command(_INGEST_COMPLETE="bash_source")
    assert done.returncode == 0
    assert "_INGEST_COMPLETE=bash_complete" in done.stdout


def test_preset_names_are_completed(tmp_path: Path) -> None:
    for name in ("hdr", "mine", "hd"):
        (tmp_path / f"{name}.toml").write_text("is not read for this")
    assert completions("ingest presets show ") == ["fhd", "hd", "qhd", "sd", "uhd"]
    assert completions("ingest presets show h", INGEST_PRESET_DIR=str(tmp_path)) == ["hd", "hdr"]
    assert completions(f"ingest presets show --preset-dir {tmp_path} m") == ["mine"]
    assert completions("ingest presets show u", INGEST_PRESET_DIR="/does/not/exist") == ["uhd"]


def test_lists_of_resolutions_are_completed() -> None:
    assert completions("ingest run movie.mp4 --res ") == ["fhd", "hd", "qhd", "sd", "uhd"]
    assert completions("ingest run movie.mp4 --res sd,h") == ["sd,hd"]
    assert completions("ingest run movie.mp4 --res hd,sd,") == ["hd,sd,fhd", "hd,sd,qhd", "hd,sd,uhd"]


def test_a_command_is_spared_the_collector(tmp_path: Path) -> None:
    """At its end the modules are frozen, so that the interpreter does not look for cycles among them."""
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0]))\n"
        "from ingest.cli import main\n"
        "sys.argv = ['ingest', 'jobs', '--json']\n"
        "sys.exit(main())"
    )
    environment = {**os.environ, "INGEST_HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == "True 50000"
