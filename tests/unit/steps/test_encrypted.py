"""What is encrypted, told by the file's structure."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from made_klv import Es, Mux

from ingest.klv.blocks import packets_in_blocks
from ingest.media.pids import Follower
from ingest.media.source import open_source
from ingest.steps.encrypted import encryption_of, scrambled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.media.source import Source


@contextmanager
def opened(folder: Path, data: bytes) -> Iterator[Source]:
    path = folder / "film"
    path.write_bytes(data)
    with open_source(path) as source:
        yield source


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return (len(data) + 8).to_bytes(4, "big") + kind + data


def entry(kind: bytes, scheme: bytes = b"") -> bytes:
    sinf = box(b"sinf", box(b"schm", bytes(4), scheme, bytes(4))) if scheme else b""
    return box(kind, bytes(70), sinf)


def stsd(*entries: bytes) -> bytes:
    return box(b"stsd", bytes(4), len(entries).to_bytes(4, "big"), *entries)


def track(*entries: bytes) -> bytes:
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd(*entries)))))


def film(*tracks: bytes) -> bytes:
    large = (1).to_bytes(4, "big") + b"mdat" + (20).to_bytes(8, "big") + bytes(4)
    return box(b"ftyp", b"isom") + large + box(b"moov", box(b"mvhd", bytes(100)), *tracks)


MP4 = {"format": {"format_name": "mov,mp4,m4a,3gp,3g2,mj2"}}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (film(track(entry(b"avc1")), track(entry(b"mp4a"))), None),
        (
            film(track(entry(b"encv", b"cenc")), track(entry(b"enca", b"cenc"))),
            "its picture and its sound (cenc)",
        ),
        (film(track(entry(b"avc1")), track(entry(b"enca", b"cbcs"))), "its sound (cbcs)"),
        (film(track(entry(b"avc1"), entry(b"encv", b"cbcs"))), "its picture (cbcs)"),
        (film(track(entry(b"drmi")), track(entry(b"drms"))), "its picture and its sound (DRM)"),
        (film(track(entry(b"encv", b"cenc")))[:-90], None),
        (film() + box(b"free", entry(b"encv", b"cenc")), None),
        ((0).to_bytes(4, "big") + b"moov" + track(entry(b"encv", b"cenc")), "its picture (cenc)"),
        (b"\0\0\0\1moov" + b"\xff" * 8 + bytes(64), None),
    ],
)
def test_sample_entries(tmp_path: Path, data: bytes, told: str | None) -> None:
    with opened(tmp_path, data) as source:
        assert encryption_of(source, MP4) == told


def common(*, protected: bool, vector: int, scheme: bytes = b"cenc") -> bytes:
    """An entry of common encryption: what goes for samples that say nothing of themselves."""
    tenc = box(b"tenc", bytes(6), bytes((protected, vector)), bytes(16))
    return box(b"encv", bytes(70), box(b"sinf", box(b"schm", bytes(4), scheme, bytes(4)), box(b"schi", tenc)))


def fragment(*of_samples: bytes) -> bytes:
    return box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", box(b"tfhd", bytes(8)), *of_samples))


PIFF = bytes.fromhex("a2394f525a9b4f14a2446c427c648df4")
FREE, HIDDEN = common(protected=False, vector=0), common(protected=True, vector=8)


@pytest.mark.parametrize(
    ("entry", "of_samples", "told"),
    [
        (FREE, b"", None),
        (HIDDEN, b"", None),
        (HIDDEN, box(b"sgpd", bytes(4), b"roll"), None),
        (HIDDEN, box(b"uuid", bytes(16)), None),
        (HIDDEN, box(b"senc", bytes(8)), "its picture (cenc)"),
        (HIDDEN, box(b"saiz", bytes(8)), "its picture (cenc)"),
        (HIDDEN, box(b"uuid", PIFF, bytes(8)), "its picture (cenc)"),
        (FREE, box(b"sgpd", bytes(4), b"seig"), "its picture (cenc)"),
        (FREE, box(b"senc", bytes(8)), "its picture (cenc)"),
        (common(protected=True, vector=0, scheme=b"cbcs"), b"", "its picture (cbcs)"),
    ],
)
def test_samples_that_are_free_behind_an_encrypted_entry(
    tmp_path: Path, entry: bytes, of_samples: bytes, told: str | None
) -> None:
    with opened(tmp_path, film(track(entry)) + fragment() + fragment(of_samples)) as source:
        assert encryption_of(source, MP4) == told
    tables = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd(entry), of_samples))))
    with opened(tmp_path, film(tables)) as source:
        assert encryption_of(source, MP4) == told


def test_what_is_said_of_samples_beside_their_tables(tmp_path: Path) -> None:
    """ISO/IEC 23001-7, 7.2.1: `senc` stands in a `traf` or in a `trak`."""
    beside = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd(HIDDEN)))), box(b"senc", bytes(8)))
    with opened(tmp_path, film(beside)) as source:
        assert encryption_of(source, MP4) == "its picture (cenc)"


def test_tags_and_types_of_streams(tmp_path: Path) -> None:
    def of(form: str, kind: str, **stream: Any) -> str | None:
        return encryption_of(
            source, {"format": {"format_name": form}, "streams": [{"index": 0, "codec_type": kind, **stream}]}
        )

    with opened(tmp_path, bytes(100)) as source:
        assert of("matroska,webm", "video", tags={"enc_key_id": "p+Yc"}) == "its picture"
        assert of("matroska,webm", "audio", tags={"enc_key_id": "p+Yc"}) == "its sound"
        assert of("matroska,webm", "video", tags={"title": "enc_key_id"}) is None
        assert of("mpegts", "video", codec_tag_string="[219][0][0][0]") == "its streams (SAMPLE-AES)"
        assert of("mpegts", "video", codec_tag_string="[27][0][0][0]") is None
        assert of("mpegts", "data", codec_tag_string="[193][0][0][0]") is None
        assert of("avi", "video", tags={"enc_key_id": "p+Yc"}) is None


def sector(flags: int, stream: int = 0xE0) -> bytes:
    return (b"\0\0\1\xba" + bytes(10) + b"\0\0\1" + bytes((stream, 7, 0xEC, flags))).ljust(2048, b"\x55")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (sector(0x80) * 3, None),
        (sector(0x80) * 3 + sector(0x90), "its sectors (CSS)"),
        (sector(0x80) + sector(0xB0, 0xBD), None),
        (sector(0x80) + sector(0x90)[4:], None),
        (sector(0x80)[:20], None),
    ],
)
def test_sectors_of_discs(tmp_path: Path, data: bytes, told: str | None) -> None:
    with opened(tmp_path, data) as source:
        assert encryption_of(source, {"format": {"format_name": "mpeg"}}) == told


def test_scrambled_packets_are_counted_for_each_stream(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(Es(0x1B, 0x100), Es(0x0F, 0x101))
    begin = len(mux.data)
    for n in range(4):
        mux.picture(126_000 + 3600 * n, pid=0x100)
    data = bytearray(mux.data)
    for at in range(begin, begin + 5 * 188, 188):
        data[at + 3] |= 0x80
    follower = Follower(188)
    for block in packets_in_blocks([bytes(data)], 188):
        follower.feed(block)
    assert follower.scrambled == ((0x100, 5),)
    with opened(tmp_path, bytes(1)) as source:
        counted = replace(source, scrambled=follower.scrambled)
        assert [scrambled(counted, {"id": i}) for i in ("0x100", "0x101", None)] == [5, 0, 0]
