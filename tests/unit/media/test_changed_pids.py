"""Transport streams whose streams go on under other PIDs, byte by byte."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from made_klv import KLVA, METADATA, Es, Mux, m2ts, numbered, pat, pes, pmt, section

from ingest.job import codes
from ingest.job.errors import Cancelled, ResourceError
from ingest.klv import packets
from ingest.klv.blocks import packets_in_blocks
from ingest.media.cancel import CancelToken
from ingest.media.pids import MOST_ROUTES, Follower, Route
from ingest.media.psi_tables import Entry, Map, packets_of, read_map, write_list, write_map
from ingest.media.rejoining import rejoined
from ingest.media.rerouting import Rerouter
from ingest.media.source import open_source

if TYPE_CHECKING:
    from pathlib import Path

H264, HEVC = 0x1B, 0x24
MAPS = 0x1000
EACH = 3  # pictures of a part


def streams(picture: int, klv: int, kind: int = H264) -> tuple[Es, Es]:
    return Es(kind, picture), Es(0x15, klv, KLVA + METADATA)


def part(
    mux: Mux, number: int, picture: int, klv: int, *, version: int = 0, program: int = 1, kind: int = H264
) -> None:
    """Pictures of 1/25 s, each with a set: those of part `number` of a clock that runs on."""
    mux.table(0, pat({program: MAPS}, version=version))
    mux.table(MAPS, pmt(*streams(picture, klv, kind), clock_pid=picture, program=program, version=version))
    for n in range(number * EACH, (number + 1) * EACH):
        mux.picture(126_000 + 3600 * n, pid=picture)
        mux.klv(numbered(n), 126_000 + 3600 * n, pid=klv)


def of(*pids: tuple[int, int]) -> bytes:
    mux = Mux()
    for number, (picture, klv) in enumerate(pids):
        part(mux, number, picture, klv, version=number % 32)
    return mux.data


def followed(data: bytes, size: int = 188) -> Follower:
    follower = Follower(size)
    for block in packets_in_blocks([data[:1000], data[1000:]], size):
        follower.feed(block)
    return follower


def rerouted(data: bytes, size: int = 188) -> bytes:
    rerouter = Rerouter(followed(data, size))
    blocks = packets_in_blocks([data[:1000], data[1000:]], size)
    return b"".join(made for block in blocks for made in rerouter.feed(block))


def split(data: bytes, size: int = 188) -> tuple[list[bytes], list[bytes]]:
    """The packets of tables, and the others."""
    tables, others = [], []
    for at in range(0, len(data), size):
        packet = data[at : at + 188]
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        (tables if pid in (0, MAPS) else others).append(packet)
    return tables, others


SAME = (0x100, 0x101)


def test_streams_that_keep_their_pids_are_left_alone() -> None:
    follower = followed(of(SAME, SAME, SAME))
    assert not follower.moved
    assert follower.routes == [Route(1, 0x100, 0x100), Route(1, 0x101, 0x101)]


@pytest.mark.parametrize(
    "pids",
    [
        (SAME, (0x1E1, 0x1E2), SAME),
        (SAME, (0x200, 0x201), (0x300, 0x301)),
        (SAME, (0x101, 0x102), SAME),
        (SAME, (0x101, 0x100), SAME),
    ],
    ids=["advertisement", "other", "shifted", "swapped"],
)
def test_streams_go_on_under_the_pids_that_they_had_first(pids: tuple[tuple[int, int], ...]) -> None:
    data = of(*pids)
    assert followed(data).moved
    tables, others = split(rerouted(data))
    assert others == split(of(SAME, SAME, SAME))[1]
    first = [
        *packets_of(write_list(b"\0\1", {1: MAPS}), 0),
        *packets_of(pmt(*streams(*SAME), clock_pid=0x100), MAPS),
    ]
    assert [p[:3] + p[4:] for p in tables] == [bytes(p[:3] + p[4:]) for p in first] * 3
    assert [p[3] & 0x0F for p in tables] == [0, 0, 1, 1, 2, 2]


def test_klv_that_goes_on_is_one_stream() -> None:
    read = packets(rerouted(of(SAME, (0x1E1, 0x1E2), SAME)))
    assert [p.pts for p in read] == [126_000 + 3600 * n for n in range(3 * EACH)]
    assert [(s.pid, s.framing.bad, s.framing.cut) for s in read.streams] == [(0x101, 0, 0)]


def test_packets_with_a_time_before_each_keep_it() -> None:
    data = m2ts(of(SAME, (0x1E1, 0x1E2)))
    made = rerouted(data, 192)
    assert split(made, 192)[1] == split(of(SAME, SAME))[1]
    assert [made[at + 188 : at + 192] for at in range(0, len(made), 192)] == [
        data[at + 192 : at + 196] for at in range(0, len(data), 192)
    ]


def test_another_program_alone_follows_the_one_before() -> None:
    mux = Mux()
    part(mux, 0, *SAME)
    part(mux, 1, 0x200, 0x201, program=7, version=1)
    tables, others = split(rerouted(mux.data))
    assert others == split(of(SAME, SAME))[1]
    assert {p[5:21] for p in tables if p[1:3] == b"\x40\0"} == {pat({1: MAPS})}


def test_streams_of_another_kind_do_not_follow() -> None:
    mux = Mux()
    part(mux, 0, *SAME)
    part(mux, 1, 0x200, 0x101, kind=HEVC, version=1)
    assert [r.target for r in followed(mux.data).routes] == [0x100, 0x101, 0x200]


def test_a_stream_that_is_put_in_moves_nothing() -> None:
    """By its place in the PMT the new one would take the place of another."""
    mux = Mux()
    picture, klv = streams(*SAME)
    mux.tables(picture, klv)
    mux.table(MAPS, pmt(picture, Es(0x15, 0x102, KLVA + METADATA), klv, version=1))
    follower = followed(mux.data)
    assert not follower.moved
    assert [line.entry.pid for line in follower.programs[1].lines] == [0x100, 0x101, 0x102]


def test_programs_may_have_a_stream_in_common() -> None:
    mux = Mux()
    mux.table(0, pat({1: MAPS, 2: 0x1001}))
    sound = Es(0x0F, 0x180)
    mux.table(MAPS, pmt(Es(H264, 0x100), sound))
    mux.table(0x1001, pmt(Es(H264, 0x110), sound, program=2))
    mux.table(MAPS, pmt(Es(H264, 0x120), sound, version=1))
    follower = followed(mux.data)
    assert follower.moved
    assert [[(x.entry.pid, x.now) for x in p.lines] for p in follower.programs.values()] == [
        [(0x100, 0x120), (0x180, 0x180)],
        [(0x110, 0x110), (0x180, 0x180)],
    ]


def test_an_own_clock_and_a_stream_more() -> None:
    mux = Mux()
    mux.table(0, pat({1: MAPS}))
    mux.table(MAPS, pmt(Es(H264, 0x100), clock_pid=0x1FF))
    mux.table(MAPS, pmt(Es(H264, 0x200), Es(0x0F, 0x100), clock_pid=0x2FF, version=1))
    follower = followed(mux.data)
    # 0x100 is the picture's.
    assert follower.routes == [
        Route(1, 0x100, 0x100),
        Route(1, 0x1FF, 0x1FF),
        Route(2, 0x200, 0x100),
        Route(2, 0x100, 0x1FFE),
        Route(2, 0x2FF, 0x1FF),
    ]


def test_what_belongs_to_no_whole_unit_is_left_out() -> None:
    mux = Mux()
    part(mux, 0, *SAME)
    mux.table(MAPS, pmt(*streams(0x200, 0x101), clock_pid=0x200, version=1))
    mux.packet(0x100, b"\x55" * 184, start=False)  # still belongs to the last picture
    mux.packet(0x200, b"\x66" * 184, start=False)  # its beginning is not there
    mux.picture(200_000, pid=0x200)
    mux.packet(0x100, b"\x77" * 184, start=True)  # has been left
    wanted = Mux()
    part(wanted, 0, *SAME)
    wanted.packet(0x100, b"\x55" * 184, start=False)
    wanted.picture(200_000, pid=0x100)
    assert split(rerouted(mux.data))[1] == split(wanted.data)[1]


# -- PIDs that were another's --

AAC, AC3 = 0x0F, 0x81


def routes_of(*maps: tuple[Es, ...], listed: dict[int, int] | None = None) -> Follower:
    """What one program's PMTs, one after the other, make of the streams."""
    mux = Mux()
    mux.table(0, pat(listed or {1: MAPS}))
    for number, entries in enumerate(maps):
        mux.table(MAPS, pmt(*entries, version=number))
    return followed(mux.data)


def test_a_stream_that_comes_back_has_its_pid_again() -> None:
    """The advertisement's picture had the PID of the second language."""
    film = (Es(H264, 0x100), Es(AAC, 0x101), Es(AAC, 0x102))
    advertisement = (Es(H264, 0x102), Es(AAC, 0x103))
    follower = routes_of(film, advertisement, film)
    assert follower.moved
    assert follower.routes[3:] == [
        Route(2, 0x102, 0x100),
        Route(2, 0x103, 0x101),
        Route(3, 0x100, 0x100),
        Route(3, 0x101, 0x101),
        Route(3, 0x102, 0x102),
    ]


def test_counters_go_on_where_a_stream_comes_back() -> None:
    def film(mux: Mux, picture: int, second: int | None, version: int) -> None:
        mux.table(0, pat({1: MAPS}))
        more = () if second is None else (Es(AAC, second),)
        mux.table(MAPS, pmt(Es(H264, picture), *more, clock_pid=picture, version=version))
        mux.picture(126_000, pid=picture)
        if second is not None:
            mux.put(second, pes(b"\x77" * 20, 126_000))

    mux, wanted = Mux(), Mux()
    for version, (picture, second) in enumerate([(0x100, 0x102), (0x102, None), (0x100, 0x102)]):
        film(mux, picture, second, version)
        film(wanted, 0x100, second, version)
    assert split(rerouted(mux.data))[1] == split(wanted.data)[1]


def test_sound_that_changes_its_codec_under_one_pid_is_two_streams() -> None:
    film = (Es(H264, 0x100), Es(AAC, 0x101))
    follower = routes_of(film, (Es(H264, 0x100), Es(AC3, 0x101)), film)
    assert follower.moved
    assert follower.routes[2:] == [Route(2, 0x101, 0x1FFE), Route(3, 0x101, 0x101)]


def test_sound_that_changes_its_pid_alone_is_one_stream() -> None:
    english = b"\x0a\x04eng\0"
    follower = routes_of(
        (Es(H264, 0x100), Es(AAC, 0x101, english), Es(AAC, 0x102)),
        (Es(H264, 0x100), Es(AAC, 0x201, english), Es(AAC, 0x102)),
        (Es(H264, 0x100), Es(AAC, 0x301), Es(AAC, 0x102)),
    )
    assert follower.moved
    assert follower.routes[3:] == [Route(2, 0x201, 0x101), Route(3, 0x301, 0x101)]


def test_sound_in_another_language_is_another_stream() -> None:
    follower = routes_of(
        (Es(H264, 0x100), Es(AAC, 0x101, b"\x0a\x04eng\0")),
        (Es(H264, 0x100), Es(AAC, 0x201, b"\x0a\x04fra\0")),
    )
    assert follower.routes[2:] == [Route(2, 0x201, 0x201)]
    assert follower.sounds_in_turn == ((0x101, 0x201),)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (Es(AAC, 0x102), True),
        (Es(0x06, 0x102, b"\x6a\1\0"), True),
        (Es(0x06, 0x102, b"\x05\4AC-3"), True),
        (Es(HEVC, 0x102), True),
        (Es(0x06, 0x102, b"\x59\0"), False),
        (Es(0x86, 0x102), False),
    ],
)
def test_what_comes_later_is_declared_from_the_beginning(entry: Es, told: bool) -> None:
    """Whoever reads the beginning alone would not learn of it."""
    film = (Es(H264, 0x100), Es(AAC, 0x101))
    assert routes_of(film, (*film, entry)).moved is told
    assert routes_of((*film, entry), film, (*film, entry)).moved is False


def test_sounds_that_are_never_there_together_take_turns() -> None:
    picture, main, second, other = Es(H264, 0x100), Es(AAC, 0x101), Es(AAC, 0x102), Es(AC3, 0x103)
    follower = routes_of((picture, main, second), (picture, other), (picture, main, second))
    assert follower.sounds_in_turn == ((0x101, 0x103),)
    french = Es(AAC, 0x102, b"\x0a\x04fra\0")
    english = Es(AAC, 0x101, b"\x0a\x04eng\0")
    assert routes_of((picture, english, other), (picture, french, other)).sounds_in_turn == ((0x101, 0x102),)
    assert routes_of((picture, main), (picture, main, other), (picture, other)).sounds_in_turn == ()


def test_data_that_nobody_shows_move_nothing() -> None:
    """A copy of the whole file would be for nothing."""
    follower = routes_of((Es(H264, 0x100), Es(0x0B, 0x110)), (Es(H264, 0x100), Es(0x0B, 0x111)))
    assert not follower.moved


def test_a_pid_of_a_map_may_become_a_stream() -> None:
    """Tuned to a multiplex of which the picture has the PID that was the map's, and the other way round."""
    mux = Mux()
    part(mux, 0, *SAME)
    mux.table(0, pat({7: 0x100}, version=1))
    mux.table(0x100, pmt(*streams(MAPS, 0x101), clock_pid=MAPS, program=7))
    mux.picture(200_000, pid=MAPS)
    wanted = Mux()
    part(wanted, 0, *SAME)
    wanted.picture(200_000, pid=0x100)
    made = rerouted(mux.data)
    assert split(made)[1] == split(wanted.data)[1]
    assert len(split(made)[0]) == 4


def test_the_pid_of_empty_packets_is_no_clock() -> None:
    mux = Mux()
    mux.table(0, pat({1: MAPS}))
    mux.table(MAPS, pmt(Es(H264, 0x100), clock_pid=0x1FFF))
    mux.table(MAPS, pmt(Es(H264, 0x100), clock_pid=0x1FE, version=1))
    mux.table(MAPS, pmt(Es(H264, 0x100), clock_pid=0x1FFF, version=2))
    assert followed(mux.data).routes == [Route(1, 0x100, 0x100)]


# -- programs --


def listed(number: int, pid: int, *, at: int, last: int) -> bytes:
    """One of several sections of a PAT."""
    return section(0, 1, number.to_bytes(2, "big") + (0xE000 | pid).to_bytes(2, "big"), number=at, last=last)


def test_a_list_in_several_sections_names_several_programs() -> None:
    mux = Mux()
    mux.table(0, listed(1, MAPS, at=0, last=1), listed(2, 0x1001, at=1, last=1))
    mux.table(MAPS, pmt(Es(H264, 0x100)))
    mux.table(0x1001, pmt(Es(H264, 0x110), program=2))
    follower = followed(mux.data)
    assert not follower.moved
    assert sorted(follower.programs) == [1, 2]


def test_two_streams_put_into_one_file_are_left_alone() -> None:
    """Each has a PAT of its own; neither follows the other."""
    mux = Mux()
    for n in range(8):
        for program, pid, picture in ((1, MAPS, 0x100), (2, 0x1001, 0x200)):
            mux.table(0, pat({program: pid}))
            mux.table(pid, pmt(Es(H264, picture), program=program))
            mux.picture(126_000 + 3600 * n, pid=picture)
    assert not followed(mux.data).moved


def test_tables_that_change_without_end_are_not_followed() -> None:
    mux, turn = Mux(), Mux()
    mux.table(0, pat({1: MAPS}))
    for pid in (0x100, 0x101):
        turn.table(MAPS, pmt(Es(H264, pid), version=pid & 1))
    follower = followed(mux.data + turn.data * (MOST_ROUTES // 2 + 1))
    assert not follower.moved
    assert len(follower.routes) <= MOST_ROUTES


# -- tables --


def test_a_map_is_written_as_it_was_read() -> None:
    section = pmt(*streams(*SAME), clock_pid=0x1FF, program=9, of_all=b"\x05\x04HDMV")
    found = read_map(section)
    assert found == Map(9, 0x1FF, b"\x05\x04HDMV", [Entry(0x100, H264), Entry(0x101, 0x15, KLVA + METADATA)])
    assert write_map(found) == section
    assert found.entries[1].tags == (0x05, 0x26)
    assert write_list(b"\0\1", {9: MAPS}) == pat({9: MAPS})


def test_a_map_has_room_for_so_many_streams() -> None:
    entries = [Entry(0x100 + n, 0x0F, b"\x05\xc8" + bytes(200)) for n in range(8)]
    section = write_map(Map(1, 0x100, b"", entries))
    assert len(section) <= 1024
    assert read_map(section) == Map(1, 0x100, b"", entries[:4])
    assert len(list(packets_of(section, MAPS))) == 5


@pytest.mark.parametrize("section", [b"", pat({1: MAPS}), pmt(Es(H264, 0x100, b"\x05\x04KLVA"))[:-6]])
def test_what_is_no_map(section: bytes) -> None:
    assert read_map(section) is None


# -- files --


def test_a_file_is_copied_only_where_it_must_be(tmp_path: Path) -> None:
    plain, moving = tmp_path / "plain.ts", tmp_path / "moving.ts"
    plain.write_bytes(of(SAME, SAME))
    moving.write_bytes(of(SAME, (0x200, 0x201)))
    os.utime(moving, ns=(1_600_000_000_123_000_000, 1_600_000_000_123_000_000))
    with open_source(plain) as source:
        assert rejoined(source, tmp_path, 0) is source
    source = open_source(moving)
    with rejoined(source, tmp_path, 0) as made:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(source.descriptor)
        assert (made.path, made.modified_ns) == (moving, source.modified_ns)
        assert made.size == source.size
        made.check_unchanged()
        assert os.pread(made.descriptor, made.size + 1, 0) == rerouted(moving.read_bytes())
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(made.descriptor, b"x")
    assert {p.name for p in tmp_path.iterdir()} == {"plain.ts", "moving.ts"}


def test_a_film_that_is_no_transport_stream_is_not_read(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(1000))
    cancel = CancelToken()
    cancel.cancel()
    with open_source(film) as source:
        assert rejoined(source, tmp_path, 0, cancel) is source


def test_reading_can_be_cancelled(tmp_path: Path) -> None:
    moving = tmp_path / "moving.ts"
    moving.write_bytes(of(SAME, (0x200, 0x201)))
    cancel = CancelToken()
    cancel.cancel()
    with open_source(moving) as source, pytest.raises(Cancelled):
        rejoined(source, tmp_path, 0, cancel)


def test_a_copy_needs_room(tmp_path: Path) -> None:
    moving = tmp_path / "moving.ts"
    moving.write_bytes(of(SAME, (0x200, 0x201)))
    free = shutil.disk_usage(tmp_path).free
    with open_source(moving) as source, pytest.raises(ResourceError, match="changes the PIDs") as raised:
        rejoined(source, tmp_path, 2 * free)
    assert raised.value.code is codes.DISK_FULL
