"""Two seconds of real pictures with KLV beside them, in a transport stream that is muxed here byte by byte."""

from __future__ import annotations

import struct
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import imageio_ffmpeg
from made_klv import KLV_PID, PICTURE_PID, PICTURES, SYNC, Es, Mux, cell, item, pes, uas_set

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RATE = 25
STEP = 90_000 // RATE
AUD = b"\0\0\0\1\x09"


@cache
def pictures(seconds: int = 2) -> tuple[bytes, ...]:
    """H.264 access units of 320x180, in the order of their showing: each is decoded when it is shown."""
    done = subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi"),
            *("-i", f"testsrc2=size=320x180:rate={RATE}:duration={seconds}"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", str(RATE)),
            *("-x264-params", "aud=1", "-f", "h264", "-"),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    first, *units = done.stdout.split(AUD)
    assert first == b""
    return tuple(AUD + unit for unit in units)


def a_set(k: int) -> bytes:
    """The set of picture `k`: the sensor goes north, the frame centre before it."""
    degree = 2**31 - 1
    values = ((13, (48 + 0.0001 * k) / 90), (14, 11 / 180), (23, (48.01 + 0.0001 * k) / 90), (24, 11 / 180))
    items = item(3, f"set {k}".encode()) + b"".join(
        item(tag, struct.pack(">i", round(share * degree))) for tag, share in values
    )
    items += item(15, struct.pack(">H", 20_000))
    items += b"".join(
        item(26 + n, struct.pack(">h", s * 400)) for n, s in enumerate((1, -1, 1, 1, -1, 1, -1, -1))
    )
    return uas_set(items, time=1_700_000_000_000_000 + 40_000 * k)


def time_stamp(time: int) -> bytes:
    """An SEI message of H.264 with user data unregistered (type 5) and a time stamp of MISB ST 0604."""
    digits = time.to_bytes(8, "big")
    body = b"MISPmicrosectime\0" + b"\xff".join(digits[k : k + 2] for k in (0, 2, 4, 6))
    return b"\0\0\0\1\x06\x05" + bytes((len(body),)) + body + b"\x80"


def film(
    path: Path,
    *,
    start: int = 126_000,
    es: Es = SYNC,
    klv: Callable[[int], tuple[bytes, int | None] | None] | None = None,
    celled: bool = True,
    stream_id: int = 0xFC,
    seconds: int = 2,
    stamped: int | None = None,
) -> Path:
    """Write it: the first picture at `start` (ticks of 90 kHz), `klv(k)` after picture k: bytes and time in ticks.

    `stamped`: microseconds since 1970 that stand in the first picture (ST 0604), the others by their time after it.
    """
    give = klv or (lambda k: (a_set(k), start + STEP * k))
    mux = Mux()
    for k, picture in enumerate(pictures(seconds)):
        if k % 10 == 0:
            mux.tables(PICTURES, es)
        ticks = start + STEP * k
        message = b"" if stamped is None else time_stamp(stamped + 40_000 * k)
        unit = picture[:6] + message + picture[6:]
        mux.put(PICTURE_PID, pes(unit, ticks, dts=ticks, stream_id=0xE0, sized=False))
        given = give(k)
        if given:
            data, pts = given
            mux.put(KLV_PID, pes(cell(data) if celled else data, pts, stream_id=stream_id))
    path.write_bytes(mux.data)
    return path
