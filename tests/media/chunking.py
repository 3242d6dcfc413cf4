"""The pictures that encoders are given, hashed: by one run over a film, and by one run for each of its chunks."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import ffmpeg
from main_job import ROOT

from ingest.media import presets, toolchain
from ingest.media.cancel import CancelToken
from ingest.media.command import EncodeInput, source_input
from ingest.media.command.chunks import AT_END, BEFORE, within
from ingest.media.command.expressions import ratio
from ingest.media.command.graphs import joined
from ingest.media.command.picture import on_the_clock, upright
from ingest.media.key_pictures import key_pictures
from ingest.media.options import Options
from ingest.media.plan import make_plan
from ingest.media.probe import ProbeLimits, Prober
from ingest.media.source import open_source
from ingest.settings import Settings
from ingest.steps import copy_choice, probing_video_codec
from ingest.steps.planning_resolutions import in_chunks

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk

Seen = list[tuple[int, str]]
"""Time in ticks of the package's clock, and hash, of each picture."""


@dataclass(frozen=True)
class Film:
    """A source and its plan in chunks of about `length` seconds; `why` it has none."""

    source: Path
    plan: Plan
    why: str

    def pictures(self, folder: Path, chunk: Chunk | None = None) -> Seen:
        """What the encoders get in one run, in `folder`."""
        picture = on_the_clock(
            source_input(self.plan, EncodeInput(f"file:{self.source}", 36_000_000, 128), chunk)[
                str(self.plan.video.index)
            ],
            self.plan,
        )
        around: list[object] = []
        if chunk is not None:
            picture, around = within(picture, chunk)
        out = ffmpeg.output(
            upright(picture, self.plan),
            "pictures.txt",
            **{
                "c:v": "rawvideo",
                "fps_mode": "passthrough",
                "enc_time_base": ratio(self.plan.video.grid.time_base),
                "hash": "murmur3",
                "format": "framehash",
            },
        )
        folder.mkdir()
        program = str(toolchain.find().ffmpeg.path)
        command = (program, *joined([[out, *around]]), "-nostdin", "-v", "error", "-y")
        subprocess.run(command, cwd=folder, check=True, timeout=120)
        return seen(folder / "pictures.txt")

    def pieces(self, folder: Path) -> list[Seen]:
        return [self.pictures(folder / str(c.number), c) for c in self.plan.chunks]

    def around_joins(self, folder: Path) -> list[tuple[Seen, Seen]]:
        """What both neighbours saw before each join."""
        numbers = range(len(self.plan.chunks) - 1)
        return [(seen(folder / str(n) / AT_END), seen(folder / str(n + 1) / BEFORE)) for n in numbers]


def seen(path: Path) -> Seen:
    rows = [line.split(",") for line in path.read_text("ascii").splitlines() if not line.startswith("#")]
    return [(int(row[2]), row[5].strip()) for row in rows]


def film(source: Path, folder: Path, length: int = 3, *, copied: bool = False) -> Film:
    """Probe and plan a source as a job does, for a tiny rung in segments of one second.

    `copied`: in segments of about three, beside a copy of the source's own pictures.
    """
    tools = toolchain.find()
    text = (ROOT / "presets" / "sd.toml").read_text("utf-8")
    boxes = {"sd": "[48, 32]", "hd": "[96, 64]"} if copied else {"sd": "[128, 72]"}
    for name, box in boxes.items():
        own = text.replace('name = "sd"', f'name = "{name}"')
        for old, new in (('"2s"', '"1s"'), ('"6s"', '"3s"' if copied else '"1s"'), ("[720, 480]", box)):
            assert old in own
            own = own.replace(old, new)
        (folder / f"{name}.toml").write_text(own, "utf-8")
    book = presets.load(folder)
    chosen = tuple(book[name] for name in boxes)
    with open_source(source) as opened:
        prober = Prober(
            tools.ffprobe, tools.ffmpeg, opened, folder, ProbeLimits.of(Settings(home=folder)), CancelToken()
        )
        probed = probing_video_codec.run(prober, allow_damage=False).value
        plan = make_plan(probed.video, (), chosen, preview_interval=Fraction(5), tile=(64, 36))
        plan, _ = copy_choice.choose(
            *(plan, probed.video, probed.packets, chosen, Options(copy="auto" if copied else "never")),
            lambda: key_pictures(prober, probed.video),
            damaged=False,
        )
    cut, notes = in_chunks(plan, probed.video, probed.packets, length)
    return Film(source, cut, notes[0].detail if notes else "")
