"""What a play-through must have shown: the page's report against the package's own record and the film."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageStat
from play_sources import CUES

if TYPE_CHECKING:
    from page_visit import Visit
    from play_sources import Film, Patch

COLUMNS = [
    "film",
    "player",
    "over",
    "ended at / length, s",
    "pictures decoded / of, dropped",
    "size",
    "range, codec",
    "buffer",
    "sound listed",
    "heard, Hz",
    "text",
    "colours",
    "seeks",
    "",
]
NEAR_THE_END = 0.1
# Players count a transport stream's time from the first decoding time, two reordered pictures before the first one.
START = {"cmaf": 0.05, "ts": 0.1}
CUE_LATE = 0.35
DECODED = 0.9  # a machine that is busy skips pictures
HERTZ = 12.0  # two bins of the analyser
DASH = "-"


@dataclass
class Seen:
    """One line of the table, and what was wrong."""

    film: Film
    player: str
    protocol: str
    values: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    noted: str | None = None

    def note(self, text: str) -> None:
        self.noted = text

    def fault(self, text: str) -> None:
        self.faults.append(text)

    def must(self, column: str, value: str, *, right: bool) -> None:
        """Write a cell; what is wrong stands out in it."""
        before = f"{self.values[column]}, " if column in self.values else ""
        self.values[column] = before + (value if right else f"**{value}**")
        if not right:
            self.fault(f"{column or 'player'}: {value}")

    @property
    def result(self) -> str:
        return "FAIL" if self.faults else self.noted or "pass"

    def cells(self) -> list[str]:
        named = [self.film.name, self.player, self.protocol]
        return [*named, *(self.values.get(column, DASH) for column in COLUMNS[3:-1]), self.result]


def check(row: Seen, visit: Visit) -> None:
    """Judge everything that the page reports."""
    report = visit.report
    if report["failure"] is not None:
        row.fault(f"{report['failure']} {report['errors']}")
        return
    for error in visit.errors():
        row.fault(f"the player reports {error}")
    for exchange in visit.refused:
        row.fault(f"a request was refused: {exchange}")
    _check_end(row, visit)
    _check_picture(row, visit)
    _check_buffer(row, report["through"], START[visit.abr["format"]])
    _check_sound(row, report)
    if row.film.text:
        _check_text(row, report)
    _check_colours(row, visit)
    _check_seeks(row, report)


def _check_end(row: Seen, visit: Visit) -> None:
    through = visit.report["through"]
    length = visit.abr["durationSeconds"]
    near = abs(through["time"] - length) <= NEAR_THE_END and abs(through["duration"] - length) <= NEAR_THE_END
    text = f"{through['time']:.2f} / {length:.2f}"
    row.must("ended at / length, s", text, right=near and through["ended"])
    frames = min(r["frames"] for r in visit.abr["rungs"])
    counted = f"{through['frames']} / {frames}, {through['dropped']}"
    row.must("pictures decoded / of, dropped", counted, right=DECODED * frames <= through["frames"])


def _check_picture(row: Seen, visit: Visit) -> None:
    width, height = visit.report["through"]["size"]
    best = max(visit.sizes)
    right = [width, height] == best and (height > width) is row.film.portrait
    row.must("size", f"{width}x{height}", right=right)
    playing = visit.report["through"]["playing"]
    codec = _family(playing["codec"])
    row.must("range, codec", f"{playing['range'] or 'SDR'} {codec}", right=_range_is(row, playing["range"]))
    made = {_family(rung["codecs"]) for rung in visit.abr["rungs"]}
    offered = {_family(variant["codec"]) for variant in visit.report["offered"]}
    if made - offered:
        row.must("range, codec", f"not offered: {' '.join(sorted(made - offered))}", right=True)


def _range_is(row: Seen, played: str | None) -> bool:
    """A player may leave out that it is SDR."""
    return (played or "SDR") == row.film.range


def _family(codec: str | None) -> str:
    return (codec or "?").split(".")[0]


def _check_buffer(row: Seen, through: dict[str, Any], latest: float) -> None:
    one = through["mostRanges"] == len(through["buffered"]) == 1
    start, end = through["buffered"][0] if through["buffered"] else (0.0, 0.0)
    right = one and through["latestStart"] <= latest and end >= through["duration"] - NEAR_THE_END
    row.must("buffer", f"{through['mostRanges']} ({start:.2f} to {end:.2f})", right=right)


def _check_sound(row: Seen, report: dict[str, Any]) -> None:
    film = row.film
    listed = {variant["audio"] for variant in report["offered"]}
    row.must("sound listed", " ".join(sorted(listed)), right=listed == film.audios)
    if film.audio:
        row.must("sound listed", f"chosen {report['chosen']}", right=report["chosen"] == film.audio)
    # Without a wish a player takes the default: the source's first language.
    wanted = [film.audio or min(film.audios), *([film.then] if film.then else [])]
    for audio, heard in zip(wanted, report["heard"], strict=True):
        hertz = heard["heard"]
        channels = " ".join(DASH if h is None else f"{h:.0f}" for h in hertz).rstrip(f"{DASH} ")
        row.must(
            "heard, Hz",
            f"{heard['audio']}: {channels or 'silence'}",
            right=heard["audio"] == audio and _sounds(film, audio, hertz),
        )


def _sounds(film: Film, audio: str, heard: list[float | None]) -> bool:
    """Whether the first channels have the rendition's tones; any sound will do where the film has none of its own."""
    tones = film.tones.get(audio)
    if tones is None:
        return any(hertz is not None for hertz in heard)
    both = tones if len(tones) > 1 else tones * 2
    return all(
        hertz is not None and abs(hertz - tone) < HERTZ for hertz, tone in zip(heard, both, strict=False)
    )


def _check_text(row: Seen, report: dict[str, Any]) -> None:
    film = row.film
    row.must("text", " ".join(sorted(report["languages"])), right=set(report["languages"]) == film.texts)
    language = {"fr": "fra", "en": "eng"}[film.text or "en"]
    shown = {plain(cue["text"]): cue for cue in report["through"]["cues"]}
    expected = {f"{text} {language}": start for start, _, text in CUES}
    late = [shown[text]["seenAt"] - start for text, start in expected.items() if text in shown]
    right = set(shown) == set(expected) and all(-0.05 <= delay <= CUE_LATE for delay in late)
    latest = f"at most {max(late, default=0):.2f} s late"
    row.must("text", f"{len(late)} of {len(expected)} in {film.text}, {latest}", right=right)


def plain(text: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", text)).strip()


def _check_colours(row: Seen, visit: Visit) -> None:
    if visit.picture is None:
        row.fault("no picture was drawn")
        return
    with Image.open(io.BytesIO(visit.picture)) as image:
        shown = image.convert("RGB")
    luma = ImageStat.Stat(shown.convert("L"))
    flat = not (24 < luma.mean[0] < 230 and luma.stddev[0] > 16)
    if not row.film.patches or flat:
        row.must("colours", f"luma {luma.mean[0]:.0f} ± {luma.stddev[0]:.0f}", right=not flat)
    for patch in row.film.patches:
        colour = _colour(shown, patch)
        text = f"{patch[2]} {'/'.join(map(str, colour))}"
        row.must("colours", text, right=_is(colour, patch[2]))


def _colour(image: Image.Image, patch: Patch) -> tuple[int, int, int]:
    x, y = round(patch[0] * image.width), round(patch[1] * image.height)
    mean = ImageStat.Stat(image.crop((x - 4, y - 4, x + 4, y + 4))).mean
    red, green, blue = (round(value) for value in mean)
    return red, green, blue


def _is(colour: tuple[int, int, int], name: str) -> bool:
    """The named one is by far the strongest; white is light and even."""
    if name == "white":
        return min(colour) >= 170 and max(colour) - min(colour) <= 12
    strongest = ("red", "green", "blue").index(name)
    return colour[strongest] >= 110 + max(c for i, c in enumerate(colour) if i != strongest)


def _check_seeks(row: Seen, report: dict[str, Any]) -> None:
    """The picture of the place is on the screen, and pictures and sound go on from there."""
    good = [
        -0.05 <= place["target"] - place["shown"] < 0.2
        and place["gained"]["time"] >= 0.45
        and place["gained"]["frames"] > 0
        and place["gained"]["audioBytes"] > 0
        for place in report["seeks"]
    ]
    row.must("seeks", f"{sum(good)} of {len(good)}", right=all(good) and len(good) == 3)
