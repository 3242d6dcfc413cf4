"""The commands that take the text out of a source. Pure.

Every text track becomes ASS, ffmpeg's own form of subtitles, in a Matroska file of ours, whose clock is the
milliseconds that WebVTT has; `packets_arguments` lists what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ffmpeg

from ingest.media.command.names import CAPTIONS_PICTURE
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from ingest.media.command import EncodeInput

# Added to every time on the way, since Matroska has none below 0: a cue may begin before the film.
MARGIN = 24 * 3600  # seconds
MAX_BYTES = 8 * 2**20  # of all text of a source; a long film has some hundred kilobytes a language
_GLOBAL = ("-nostdin", "-hide_banner", "-v", "error", "-abort_on", "empty_output")
NOTHING_WRITTEN = "Output file is empty"  # what ffmpeg says then; its file without events cannot be read
NOT_UTF8 = "Invalid UTF-8 in decoded subtitles text"  # what it says of an event that it then leaves out
LEGACY_CHARSET = "windows-1252"  # what text is taken for that is no UTF-8: nothing in a film says what it is


def text_arguments(
    program: str, source: EncodeInput, indexes: Sequence[int], start: Fraction, target: str, charset: str = ""
) -> tuple[str, ...]:
    """Decode the streams `indexes`, in this order; `start` is the source's time that becomes `MARGIN`.

    Their text is UTF-8 unless `charset` names another encoding, by a name that iconv knows.
    """
    stream = ffmpeg.input(
        source.url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_streams=source.max_streams,
        copyts=None,
        itsoffset=f"{float(MARGIN - start):.6f}",
        **({"sub_charenc": charset} if charset else {}),
    )
    return _compiled(program, ffmpeg.output(*(stream[str(i)] for i in indexes), target, **_output()))


def captions_arguments(program: str, target: str) -> tuple[str, ...]:
    """Decode the captions in the pictures of a file of ours, whose name may stand in a filter."""
    stream = ffmpeg.input(
        f"movie={CAPTIONS_PICTURE}[out+subcc]", format="lavfi", itsoffset=MARGIN, copyts=None
    )
    return _compiled(program, ffmpeg.output(stream["s:0"], target, **_output()))


def _output() -> dict[str, object]:
    return {
        "c:s": "ass",
        "fs": MAX_BYTES,
        "map_metadata": -1,
        "map_chapters": -1,
        "avoid_negative_ts": "disabled",
        "format": "matroska",
    }


def _compiled(program: str, output: object) -> tuple[str, ...]:
    run = output.global_args(*_GLOBAL)  # type: ignore[attr-defined] # ffmpeg-python has no types
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)


def packets_arguments(program: str, file: str) -> tuple[str, ...]:
    """Every event of such a file, and the header of each of its tracks, as ffprobe's JSON."""
    return (
        *(program, "-v", "error", "-hide_banner", "-show_data"),
        *("-show_entries", "stream=index,extradata:packet=stream_index,pts,duration,data"),
        *("-of", "json", "-i", file),
    )
