"""The films that `play_through.py` plays, each with what a viewer of it is to see and hear.

Real clips where the shared media have one; the others are made so that a mistake can be seen or heard: colours that
tell which way is up, a tone of its own in every channel and language.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SECONDS = 10
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60")
# Hz of each channel of 5.1 as ffmpeg orders them: left, right, centre, low, surrounds.
SIX = (500, 700, 900, 90, 1100, 1300)
ENGLISH, FRENCH = 440, 1000
CUES = ((1.0, 2.5, "first"), (4.0, 5.0, "second"), (7.2, 9.0, "third"))
Patch = tuple[float, float, str]
# Where on the picture, as parts of its width and height, and the colour there.
UPRIGHT: tuple[Patch, ...] = ((0.5, 0.06, "red"), (0.5, 0.94, "blue"))
CORNERS: tuple[Patch, ...] = (
    (0.06, 0.06, "red"),
    (0.94, 0.06, "green"),
    (0.06, 0.94, "blue"),
    (0.94, 0.94, "white"),
)


@dataclass(frozen=True, slots=True)
class Film:
    """One source with its job and what is expected of its package.

    `audio` is chosen from the start (None: the player's own choice), `then` later; `tones` are the Hz of each
    channel or, for stereo, of both, by rendition. `range` asks for the rungs of a dynamic range.
    """

    name: str
    make: Callable[[Studio], Path | None]
    portrait: bool = False
    options: tuple[str, ...] = ()
    audio: str | None = None
    then: str | None = None
    audios: frozenset[str] = frozenset({"en/2"})
    tones: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    text: str | None = None
    patches: tuple[Patch, ...] = ()
    range: str = "SDR"


@dataclass(frozen=True, slots=True)
class Studio:
    """Where films are made, with what, and where the real clips are."""

    ffmpeg: str
    folder: Path
    media: Path

    def film(self, name: str, *arguments: str) -> Path:
        path = self.folder / name
        if not path.exists():
            unfinished = path.with_stem(f"{path.stem}-unfinished")
            command = [self.ffmpeg, "-nostdin", "-v", "error", "-y", *arguments, str(unfinished)]
            subprocess.run(command, check=True, cwd=self.folder)
            unfinished.rename(path)
        return path

    def twice(self, clip: str) -> Path | None:
        """A real clip two times over, nothing encoded again; None where the clip is absent."""
        source = self.media / clip
        if not source.is_file():
            return None
        return self.film(f"twice-{clip}", "-stream_loop", "1", "-i", str(source), "-map", "0", "-c", "copy")


def portrait(studio: Studio) -> Path:
    """As a telephone records it: stored lying with a rotation, two pictures in five missing now and then."""
    picture = (
        f"testsrc2=size=360x640:rate=30:duration={SECONDS},drawbox=h=80:c=red:t=fill,"
        "drawbox=y=ih-80:h=80:c=blue:t=fill,select='not(lt(mod(n,5),2)*lt(mod(n,90),45))',transpose=cclock"
    )
    lying = studio.film(
        *("lying.mp4", "-f", "lavfi", "-i", picture, *sines(ENGLISH), *X264),
        *("-fps_mode", "vfr", "-c:a", "aac", "-metadata:s:a:0", "language=eng"),
    )
    return studio.film(
        "portrait.mp4", "-display_rotation", "-90", "-i", str(lying), "-map", "0", "-c", "copy"
    )


def street(studio: Studio) -> Path | None:
    return studio.twice("street-portrait-hevc.mp4")


def patches(studio: Studio) -> Path:
    """HDR10 with corners of known colours, white at 203 cd/m2."""
    corners = "".join(
        f",drawbox=x={x}:y={y}:w=128:h=72:c={colour}:t=fill"
        for x, y, colour in (
            ("0", "0", "red"),
            ("iw-w", "0", "lime"),
            ("0", "ih-h", "blue"),
            ("iw-w", "ih-h", "white"),
        )
    )
    to_pq = "zscale=tin=709:t=smpte2084:pin=709:p=2020:min=709:m=2020_ncl:npl=203,format=yuv420p10le"
    picture = f"testsrc2=size=640x360:rate=25:duration={SECONDS}{corners},scale=out_color_matrix=bt709"
    return studio.film(
        *("patches.mp4", "-f", "lavfi", "-i", f"{picture},format=yuv444p,{to_pq}", *sines(ENGLISH)),
        *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=error"),
        *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
        *("-c:a", "aac", "-metadata:s:a:0", "language=eng"),
    )


def telephone_hdr(studio: Studio) -> Path | None:
    return studio.twice("portrait-hdr10-av1.mp4")


def surround(studio: Studio) -> Path:
    tones = "|".join(f"0.25*sin(2*PI*{hertz}*t)" for hertz in SIX)
    return studio.film(
        *("surround.mp4", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={SECONDS}"),
        *("-f", "lavfi", "-i", f"aevalsrc='{tones}':c=5.1:s=48000:d={SECONDS}"),
        *(*X264, "-c:a", "aac", "-b:a", "384k", "-metadata:s:a:0", "language=eng"),
    )


def bunny(studio: Studio) -> Path | None:
    return studio.twice("bbb-720p-aac51.mp4")


def languages(studio: Studio) -> Path:
    """English and French, each with a tone, and text in both."""
    for language in ("eng", "fra"):
        (studio.folder / f"{language}.srt").write_text(subrip(language))
    return studio.film(
        *("languages.mkv", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={SECONDS}"),
        *(*sines(ENGLISH), *sines(FRENCH), "-i", "eng.srt", "-i", "fra.srt"),
        *(
            "-map",
            "0",
            "-map",
            "1",
            "-map",
            "2",
            "-map",
            "3",
            "-map",
            "4",
            *X264,
            "-c:a",
            "aac",
            "-c:s",
            "copy",
        ),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"),
        *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fra"),
    )


def sines(hertz: int) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"aevalsrc='0.3*sin(2*PI*{hertz}*t)':c=stereo:s=48000:d={SECONDS}"


def subrip(language: str) -> str:
    def stamp(seconds: float) -> str:
        return f"00:00:{int(seconds):02d},{round(seconds % 1 * 1000):03d}"

    return "\n".join(
        f"{number}\n{stamp(start)} --> {stamp(end)}\n{text} {language}\n"
        for number, (start, end, text) in enumerate(CUES, 1)
    )


KEPT = ("--hdr", "keep", "--codec", "hevc,av1")
SIX_AND_TWO: dict[str, Any] = {"audio": "en/6", "then": "en/2", "audios": frozenset({"en/2", "en/6"})}
IN_BOTH: dict[str, Any] = {
    "then": "fr/2",
    "audios": frozenset({"en/2", "fr/2"}),
    "tones": {"en/2": (ENGLISH,), "fr/2": (FRENCH,)},
    "texts": frozenset({"en", "fr"}),
    "text": "fr",
}
ONE = {"tones": {"en/2": (ENGLISH,)}}
TS = ("--format", "ts")
FILMS = (
    Film("portrait VFR, rotated", portrait, portrait=True, patches=UPRIGHT, **ONE),
    Film("portrait VFR, real (street)", street, portrait=True, audios=frozenset({"und/2"})),
    Film("HDR10, made SDR", patches, patches=CORNERS, **ONE),
    Film("HDR10, real, made SDR", telephone_hdr, portrait=True),
    Film("HDR10, kept", patches, options=KEPT, patches=CORNERS, range="PQ", **ONE),
    Film("5.1", surround, tones={"en/6": SIX}, **SIX_AND_TWO),
    Film(
        "5.1, real (bunny)",
        bunny,
        audio="und/6",
        then="und/2",
        audios=frozenset({"und/2", "und/6"}),
    ),
    Film("two languages, text", languages, **IN_BOTH),
    Film("two languages, text, TS", languages, options=TS, **IN_BOTH),
    Film("5.1, TS", surround, options=TS, tones={"en/6": SIX}, **SIX_AND_TWO),
)
