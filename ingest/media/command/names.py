"""Names of what ffmpeg writes: relative, made here; the program runs with the work folder as its current folder."""

from __future__ import annotations

CANDIDATES = "candidates"
PREVIEWS = "previews"
RUNGS = "rungs"
COPIES = "copies"
AUDIO = "audio"
TEXT = "text"
CAPTIONS_PICTURE = f"{TEXT}/captions.mp4"
CAPTIONS_TIMESCALE = 90_000
LOUDNESS = "loudness"
QUALITY = "quality"
REFERENCE = "reference"
WIDE_REFERENCE = "wide-reference"
TRICK = "trick.mp4"
MP4 = "mp4"
THUMBNAILS = "thumbnails"
LOGOS = "logos"


def folders(thumbnails: int = 0) -> tuple[str, ...]:
    """The folders that must exist below the work folder before ffmpeg starts; so many sets of `thumbnails`."""
    usual = (RUNGS, AUDIO, LOUDNESS, TEXT, CANDIDATES, PREVIEWS, REFERENCE, WIDE_REFERENCE, QUALITY)
    return (*usual, *map(thumbnails_folder, range(thumbnails)))


def thumbnails_folder(number: int) -> str:
    """Where the pictures of the plan's set of this number are written."""
    return f"{THUMBNAILS}/{number}"


def rung_file(name: str) -> str:
    return f"{RUNGS}/{name}.mp4"


def copied_file(name: str) -> str:
    """In the folder `COPIES`, which stands beside that of all other files: it is made anew by each run."""
    return f"{name}.mp4"


def copied_sets(name: str) -> str:
    """What parameter sets are within the packets of a copied rendition."""
    return f"{name}.sets"


def copied_sound(name: str) -> str:
    """In the folder `COPIES`, too; renditions of sound are called otherwise than those of the picture."""
    return f"sound-{name}.mp4"


def audio_name(name: str) -> str:
    return f"{name}.mp4"


def audio_file(name: str) -> str:
    return f"{AUDIO}/{audio_name(name)}"


def text_file(part: str) -> str:
    """`streams` or `captions`: the text of a source before it is written as WebVTT."""
    return f"{TEXT}/{part}.mkv"


def loudness_file(name: str, key: str) -> str:
    """Where the figure `key` of a rendition's loudness is written, again and again as it becomes known."""
    return f"{LOUDNESS}/{name}.{key.rpartition('.')[2]}"


def levels_file(number: int) -> str:
    """Where the levels of the plan's audio rendition of this number are written; it stands in a filter's options."""
    return f"{REFERENCE}/{number}.txt"


def quality_file(number: int) -> str:
    """Where the scores of the plan's rung of this number are written; it stands in a filter's options."""
    return f"{QUALITY}/{number}.json"


def logo_file(name: str, number: int) -> str:
    """The plan's logo of this number for one finished picture; it stands in a filter's options."""
    return f"{LOGOS}/{name}-{number}.png"


def mp4_file(rung: str) -> str:
    """A rendition's progressive file, in the package."""
    return f"{MP4}/{rung}.mp4"
