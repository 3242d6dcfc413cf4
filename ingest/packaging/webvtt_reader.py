"""A strict reader of WebVTT (W3C): what browsers pass over is an error here. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_STAMP = r"((?:[0-9]{2,}:)?[0-5][0-9]:[0-5][0-9]\.[0-9]{3})"
_TIMES = re.compile(rf"{_STAMP}[ \t]+-->[ \t]+{_STAMP}((?:[ \t]+[^ \t]+)*)[ \t]*")
_MAP = re.compile(
    rf"X-TIMESTAMP-MAP=(?:MPEGTS:([0-9]{{1,10}}),LOCAL:{_STAMP}|LOCAL:{_STAMP},MPEGTS:([0-9]{{1,10}}))"
)
_PERCENT = r"(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)%"
_SETTINGS = {
    "vertical": re.compile("rl|lr"),
    "line": re.compile(rf"(?:-?[0-9]+|{_PERCENT})(?:,(?:start|center|end))?"),
    "position": re.compile(rf"{_PERCENT}(?:,(?:line-left|center|line-right))?"),
    "size": re.compile(_PERCENT),
    "align": re.compile("start|center|end|left|right"),
    "region": re.compile(r"[^ \t]+"),
}
# Section 4.2.2: tags with their classes and annotations, timestamps, and references to characters.
_TOKEN = re.compile(
    r"<(/?)(c|i|b|u|ruby|rt|v|lang)((?:\.[^\s.<>&]+)*)([ \t][^<>]*)?>"
    rf"|<{_STAMP}>|&(?:amp|lt|gt|lrm|rlm|nbsp|#[0-9]{{1,7}}|#x[0-9a-fA-F]{{1,6}});|[^<&]+"
)
_ANNOTATED = frozenset({"v", "lang"})


class WebvttError(ValueError):
    """The text is not WebVTT; the message says where."""


@dataclass(frozen=True, slots=True)
class ReadCue:
    """Times in seconds of the file's own clock; `settings` and `text` as they are written."""

    start: Fraction
    end: Fraction
    settings: str
    text: str


@dataclass(frozen=True, slots=True)
class TextTrack:
    """`shift` is what X-TIMESTAMP-MAP adds to its times to have the media's, in seconds; None where it has none."""

    cues: tuple[ReadCue, ...]
    shift: Fraction | None


def read_webvtt(text: str) -> TextTrack:
    """Raises `WebvttError`. Cues must be in the order of their starts (section 4.1)."""
    blocks = re.split(
        r"\n{2,}", text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").rstrip("\n")
    )
    first, *headers = blocks[0].split("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", first) or "\0" in text:
        raise WebvttError("the first line is not WEBVTT" if "\0" not in text else "a NUL character")
    if any("-->" in line for line in headers):
        raise WebvttError("a cue without an empty line before it")
    cues: list[ReadCue] = []
    for block in blocks[1:]:
        if re.match(r"(?:NOTE|STYLE|REGION)(?:[ \t\n]|$)", block):
            if "-->" in block:
                raise WebvttError(f"an arrow in {block[:20]!r}")
            continue
        cue = _cue(block)
        if cues and cue.start < cues[-1].start:
            raise WebvttError(f"a cue at {float(cue.start):.3f} s after one at {float(cues[-1].start):.3f} s")
        cues.append(cue)
    return TextTrack(tuple(cues), _shift(headers))


def _shift(headers: list[str]) -> Fraction | None:
    maps = [line for line in headers if line.startswith("X-TIMESTAMP-MAP")]
    if not maps:
        return None
    found = _MAP.fullmatch(maps[0].strip())
    if found is None or len(maps) > 1:
        raise WebvttError(f"{maps[0][:60]!r} cannot be read")
    return Fraction(int(found[1] or found[4]), 90_000) - seconds(found[2] or found[3])


def _cue(block: str) -> ReadCue:
    lines = block.split("\n")
    if "-->" not in lines[0]:
        lines = lines[1:]
    times = _TIMES.fullmatch(lines[0]) if lines else None
    if times is None:
        raise WebvttError(f"a cue that cannot be read: {block[:60]!r}")
    start, end = seconds(times[1]), seconds(times[2])
    if end <= start:
        raise WebvttError(f"a cue that ends at {times[2]}, not after {times[1]}")
    used: set[str] = set()
    for setting in times[3].split():
        name, _, value = setting.partition(":")
        if name in used or name not in _SETTINGS or not _SETTINGS[name].fullmatch(value):
            raise WebvttError(f"the setting {setting[:40]!r}")
        used.add(name)
    text = "\n".join(lines[1:])
    _check_text(text)
    return ReadCue(start, end, times[3].strip(), text)


def _check_text(text: str) -> None:
    """The cue text's grammar: known tags, each closed in its turn, and escaped characters."""
    if "-->" in text:
        raise WebvttError("an arrow in a cue's text")
    position = 0
    opened: list[str] = []
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise WebvttError(f"cue text that cannot be read: {text[position : position + 40]!r}")
        position = token.end()
        name = token[2]
        if name is None:
            continue
        if not token[1]:
            if name in _ANNOTATED and not (token[4] or "").strip():
                raise WebvttError(f"a {name} span without its annotation")
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise WebvttError(f"</{name}> closes nothing")
    if opened and opened != ["v"]:  # a voice span that is the whole cue may stay open
        raise WebvttError(f"<{opened[-1]}> is not closed")


def seconds(stamp: str) -> Fraction:
    """A timestamp, with or without hours.

    >>> seconds("01:02.500")
    Fraction(125, 2)
    """
    total = Fraction(0)
    for part in stamp.split(":"):
        total = total * 60 + Fraction(part)
    return total
