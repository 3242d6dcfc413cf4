"""What a check says, and the error that carries it where a caller cannot go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ingest.job import codes
from ingest.job.errors import ProcessingError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction
    from pathlib import Path

    from ingest.media.cancel import CancelToken

Level = Literal["MUST", "SHOULD"]

APPLE = "Apple"
"""HTTP Live Streaming authoring specification for Apple devices, text of 2025-06; the number follows."""
RFC = "RFC8216bis"
DASH = "ISO/IEC 23009-1"
CMAF = "ISO/IEC 23000-19"
OURS = "ingest"
"""A rule of this project's own; the word after it names what is compared."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that does not hold: where, what was found and what was wanted, each on one line.

    `rule` is a document and the number in it ("Apple 9.2", "RFC8216bis 4.4.3.1") or "ingest" and a word.
    """

    rule: str
    level: Level
    place: str
    found: str
    wanted: str

    def __post_init__(self) -> None:
        # Text from the package ends up on a terminal: control characters are made visible here, once.
        for name in ("place", "found", "wanted"):
            object.__setattr__(self, name, one_line(getattr(self, name))[:500])


class FaultError(ProcessingError):
    """A part of the package cannot be read or measured; `finding` is what a report says of it."""

    def __init__(self, rule: str, place: str, found: str, wanted: str, *, level: Level = "MUST") -> None:
        self.finding = Finding(rule, level, place, found, wanted)
        super().__init__(codes.VERIFICATION_FAILED, f"{place}: {found}", remedy=f"wanted: {wanted}")

    @classmethod
    def of(cls, finding: Finding) -> FaultError:
        """The error that says what `finding` says."""
        return cls(finding.rule, finding.place, finding.found, finding.wanted, level=finding.level)


def not_as_planned(name: str, broken: Sequence[Finding], *, damaged: bool) -> ProcessingError:
    """What to say of a source whose package breaks a MUST; `broken` has them all, in the order they were met."""
    first, more = broken[0], f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    remedy = (
        "its source is damaged, see the warnings: copy or upload it again"
        if damaged
        else "run again; if it stays, report it with the detail in the record"
    )
    return ProcessingError(
        codes.VERIFICATION_FAILED,
        f"the package made of {name} is not as planned and was not published: "
        f"{first.place}: found {first.found}, wanted {first.wanted}{more}",
        remedy=remedy,
        detail="\n".join(f"{f.rule} {f.place}: found {f.found}, wanted {f.wanted}" for f in broken[:50]),
    )


@dataclass(slots=True)
class Checks:
    """Collects what checks say, and counts them. Raises `Cancelled` at a check after `cancel` was set.

    `pictures` has the size in pixels of each picture that was decoded: several documents name the same ones.
    """

    findings: list[Finding] = field(default_factory=list)
    checked: int = 0
    cancel: CancelToken | None = None
    pictures: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def must(self, holds: bool, rule: str, place: str, found: object, wanted: object) -> bool:
        """Note a MUST that does not hold; returns whether it does."""
        return self._check("MUST", holds, rule, place, found, wanted)

    def should(self, holds: bool, rule: str, place: str, found: object, wanted: object) -> bool:
        """Note a SHOULD that does not hold; returns whether it does."""
        return self._check("SHOULD", holds, rule, place, found, wanted)

    def fault(self, finding: Finding) -> None:
        """A check that could not even be made."""
        self.checked += 1
        if finding not in self.findings:
            self.findings.append(finding)

    def _check(self, level: Level, holds: bool, rule: str, place: str, found: object, wanted: object) -> bool:
        self.checked += 1
        if self.cancel is not None:
            self.cancel.check()
        if not holds:
            self.findings.append(Finding(rule, level, place, str(found), str(wanted)))
        return holds


@dataclass(frozen=True, slots=True)
class ExpectedRung:
    """What the plan says of one video rendition: pixels, pictures, seconds; None where it does not say."""

    width: int | None = None
    height: int | None = None
    frames: int | None = None
    duration: Fraction | None = None
    frame_duration: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the plan says of the package; `rungs` by the name of the rendition's folder ("hd").

    `audio_duration` is that of every sound rendition, in seconds. `poster` and `previews` say that they must
    be there; where they are, they are checked in any case. `mp4` are the renditions that have a progressive file,
    `thumbnails` the sets of pictures, with how many of them at most.
    """

    rungs: Mapping[str, ExpectedRung] = field(default_factory=dict)
    audio_duration: Fraction | None = None
    poster: bool = False
    previews: bool = False
    mp4: tuple[str, ...] = ()
    thumbnails: Mapping[str, int | None] = field(default_factory=dict)
