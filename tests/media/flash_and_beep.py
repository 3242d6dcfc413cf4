"""Sources in which a white picture and the onset of a tone fall on the same instants, told by construction.

On the source's own clock both begin at N + 0.48 s; 0.48 s is the time of a picture at 25 a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

SECONDS = 6
LEVEL = 0.5
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "28", "-pix_fmt", "yuv420p")


def flashing(rate: str = "25", seconds: float = SECONDS) -> str:
    white = r"drawbox=color=white:t=fill:enable='between(mod(t\,1)\,0.479\,0.561)'"
    return f"color=black:size=128x72:rate={rate}:duration={seconds},{white}"


def beeping(rate: int, layout: str, seconds: float = SECONDS, *, silent: tuple[int, ...] = ()) -> str:
    """A tone of 1 kHz for 80 ms a second in every channel of `layout` but the `silent` ones."""
    count = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    on = r"gte(mod(t+0.00001\,1)\,0.48)*lt(mod(t+0.00001\,1)\,0.56)"
    tone = rf"{LEVEL}*sin(2*PI*1000*(mod(t\,1)-0.48))*{on}"
    channels = "|".join("0" if i in silent else tone for i in range(count))
    return f"aevalsrc={channels}:c={layout}:s={rate}:d={seconds}"


def clip(
    clips: Clips,
    name: str,
    *options: str,
    rate: int = 48000,
    layout: str = "stereo",
    picture: str = "",
    sound: str = "",
    codec: tuple[str, ...] = ("-c:a", "aac"),
    sound_seconds: float = SECONDS,
) -> Path:
    """Make a clip; `picture` and `sound` are filters that cut or move a stream without moving its clock's zero."""
    return clips.make(
        name,
        *("-copyts", "-f", "lavfi", "-i", ",".join(filter(None, (flashing(), picture)))),
        *("-f", "lavfi", "-i", ",".join(filter(None, (beeping(rate, layout, sound_seconds), sound)))),
        *("-map", "0:v", "-map", "1:a", *X264, *codec, *options),
    )
