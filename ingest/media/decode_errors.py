"""What ffmpeg's decoders report while it encodes: damaged pictures that were concealed, packets that were refused.

ffmpeg marks a damaged picture only in a warning, from the decoder's own thread: `[vist#0:0/h264 @ ...] [dec:h264 @
...] [warning] corrupt decoded frame`. A healthy film has no such line, so counting them costs nothing. A source whose
texts could forge one would only make itself look damaged; none can hide one, since every line is looked at.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter

_ADDRESS = r" @ (?:0x)?[0-9a-fA-F]+\]"
_LINE = re.compile(
    rf"\[[va]ist#0:(?P<stream>[0-9]{{1,4}})/\S+{_ADDRESS}(?: \[dec:\S+{_ADDRESS})? \[(?:warning|error)\] "
    r"(?P<what>corrupt decoded frame|Error submitting packet to decoder|Decoding error|decoding for stream)"
)


class DecodeErrors:
    """Counts, by stream of the source."""

    def __init__(self) -> None:
        self.concealed: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()

    def line(self, text: str) -> None:
        """Take one line of stderr."""
        found = _LINE.match(text)
        if found is not None:
            counter = self.concealed if found["what"].startswith("corrupt") else self.refused
            counter[int(found["stream"])] += 1


class Locator:
    """Finds where the concealed pictures are: each report comes shortly before the line of a marked `showinfo`.

    `ticks` are the times of all pictures that came out, `concealed` of those that are damaged; `leading` of these
    come before the first whole picture.
    """

    def __init__(self, stream: int, mark: str) -> None:
        self.ticks = array("q")
        self.concealed = array("q")
        self.leading = 0
        self._errors = DecodeErrors()
        self._stream = stream
        self._shown = re.compile(
            rf"\[showinfo@{re.escape(mark)}{_ADDRESS} \[info\] n: *[0-9]+ pts: *(-?[0-9]{{1,18}}) "
        )
        self._taken = 0

    def between(self, first: int, until: int | None) -> Locator:
        """What is known of the pictures from the time `first` up to and without `until` (ticks)."""
        made = Locator(self._stream, "")
        for ticks, kept in ((self.ticks, made.ticks), (self.concealed, made.concealed)):
            kept.extend(t for t in ticks if first <= t and (until is None or t < until))
        made.leading = sum(first <= t for t in self.concealed[: self.leading])
        return made

    def line(self, text: str) -> int:
        """Take one line of stderr; returns how many pictures came out so far."""
        if found := self._shown.match(text):
            time = int(found[1])
            self.ticks.append(time)
            # One report is one picture; several before one line belong to those that follow.
            if self._errors.concealed[self._stream] > self._taken:
                self._taken += 1
                self.concealed.append(time)
                self.leading += len(self.concealed) == len(self.ticks)
        else:
            self._errors.line(text)
        return len(self.ticks)
