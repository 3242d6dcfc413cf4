"""CLOSED-CAPTIONS against what the pictures carry."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from ingest.packaging.findings import Checks
from ingest.packaging.playlists import Master, Reference
from ingest.packaging.rules_text import check_captions, text_rates
from ingest.packaging.segments import AccessPoint

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = b"moof....\x06\x04\x10\xb5\x00\x31GA94\x03\x41\xff\xfc\x80\x80\xff"


def checked(
    folder: Path, declared: list[str | None], picture: bytes, *media: dict[str, str]
) -> list[tuple[str, str]]:
    """Level and rule of each finding for variants that say `declared`, all with the same pictures."""
    path = folder / "seg.m4s"
    path.write_bytes(picture)
    segment = SimpleNamespace(path=path, access_points=(AccessPoint(cast("Any", 0), 0, len(picture), 1),))
    track = cast("Any", SimpleNamespace(kind="video", segments=(segment,)))
    variants = tuple(
        Reference("EXT-X-STREAM-INF", f"{n}.m3u8", {"CLOSED-CAPTIONS": value} if value else {})
        for n, value in enumerate(declared)
    )
    groups = tuple(Reference("EXT-X-MEDIA", None, attributes) for attributes in media)
    master = Master(folder / "ABR.m3u8", ("#EXTM3U",), 6, True, variants, groups, ())
    checks = Checks()
    check_captions(master, {f"{n}.m3u8": track for n in range(len(declared))}, folder, checks)
    return [(f.level, f.rule) for f in checks.findings]


GROUP = {"TYPE": "CLOSED-CAPTIONS", "GROUP-ID": "cc", "INSTREAM-ID": "CC1", "NAME": "en"}


@pytest.mark.parametrize(
    ("declared", "picture", "media", "findings"),
    [
        (["NONE", "NONE"], b"moof....", (), []),
        (["cc"], MESSAGE, (GROUP,), []),
        (["NONE"], MESSAGE, (), [("MUST", "RFC8216bis 4.4.6.2")]),
        ([None], MESSAGE, (), [("SHOULD", "ingest captions")]),
        ([None], b"moof....", (), [("SHOULD", "ingest captions")]),
        (["cc"], MESSAGE, (), [("MUST", "RFC8216bis 4.4.6.2.1")]),
        (["NONE", "cc"], MESSAGE, (GROUP,), [("MUST", "RFC8216bis 4.4.6.2")] * 2),
        # Without the flag that there is caption data it is none.
        (["NONE"], MESSAGE.replace(b"\x03\x41", b"\x03\x01"), (), []),
    ],
)
def test_closed_captions(
    declared: list[str | None],
    picture: bytes,
    media: tuple[dict[str, str], ...],
    findings: list[tuple[str, str]],
    tmp_path: Path,
) -> None:
    assert checked(tmp_path, declared, picture, *media) == findings


def test_no_text_costs_nothing() -> None:
    assert text_rates({}) == (0, 0)
