"""From packet times to exact timing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.facts import Timing
from ingest.media.packets import Packet, PacketReader, PacketTable, parse_packet
from ingest.media.timing import STANDARD_RATES, constant_rate, measure, shown_packets

RATES = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "59.94": Fraction(60000, 1001),
}
TIME_BASES = (90000, 1000, 600, 15360)


def rounded(rate: Fraction, frames: int, time_base: Fraction, first: int = 0) -> list[int]:
    """The times of a constant rate as a muxer writes them."""
    return [first + round(i / rate / time_base) for i in range(frames)]


def packets(
    ticks: list[int], *, keys: int = 10, duration: int | None = None, size: int = 100
) -> list[Packet]:
    return [
        Packet(pts=t, dts=t, duration=duration, size=size, key=i % keys == 0, discard=False)
        for i, t in enumerate(ticks)
    ]


# --- constant rates ---


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("base", TIME_BASES)
@pytest.mark.parametrize("hinted", [True, False], ids=["declared", "undeclared"])
def test_constant_rates_in_rounded_time_bases(name: str, base: int, hinted: bool) -> None:
    rate, time_base = RATES[name], Fraction(1, base)
    ticks = rounded(rate, 900, time_base, first=123)
    assert constant_rate(ticks, time_base, (rate,) if hinted else ()) == rate


@pytest.mark.parametrize("rate", ["24", "25", "30"])
def test_whole_rates_in_their_own_time_base(rate: str) -> None:
    """One tick a picture, as in `1/24`: a quarter of a frame is less than a tick, so times must be exact."""
    assert constant_rate(list(range(100)), 1 / RATES[rate]) == RATES[rate]


def test_a_tick_of_one_frame_leaves_no_room() -> None:
    """A picture missing in a `1/24` clip is a tick off, which is a whole picture."""
    assert constant_rate([*range(50), *range(51, 101)], Fraction(1, 24)) is None


def test_29_97_is_not_taken_for_30_nor_30_for_29_97() -> None:
    for name in ("29.97", "30"):
        ticks = rounded(RATES[name], 300, Fraction(1, 90000))
        assert constant_rate(ticks, Fraction(1, 90000), (RATES["30"], RATES["29.97"])) == RATES[name]


def test_an_uncommon_rate_is_found_from_the_mean() -> None:
    ticks = rounded(Fraction(18), 200, Fraction(1, 90000))
    assert constant_rate(ticks, Fraction(1, 90000)) == 18


def test_a_wrong_declaration_is_not_believed() -> None:
    ticks = rounded(Fraction(25), 100, Fraction(1, 1000))
    assert constant_rate(ticks, Fraction(1, 1000), (Fraction(50), Fraction(0), Fraction(-25))) == 25


@given(
    rate=st.sampled_from(STANDARD_RATES) | st.fractions(min_value=1, max_value=60, max_denominator=100),
    base=st.sampled_from((90000, 15360, 48000, 1_000_000)) | st.integers(1000, 200_000),
    frames=st.integers(2, 120),
    first=st.integers(-100_000, 10**10),
)
def test_any_declared_constant_rate_is_recognised_and_exact(
    rate: Fraction, base: int, frames: int, first: int
) -> None:
    time_base = Fraction(1, base)
    if 4 * rate > base:  # a tick is more than a quarter of a frame: no longer told apart from an uneven clip
        return
    timing = measure(packets(rounded(rate, frames, time_base, first)), time_base, hints=(rate,))
    assert (timing.rate, timing.frames, timing.duration, timing.mean_rate, timing.start) == (
        rate,
        frames,
        frames / rate,
        rate,
        first * time_base,
    )


@given(
    rate=st.sampled_from(sorted(RATES.values())),
    base=st.sampled_from((90000, 1000, 600)),
    moved=st.integers(1, 58),
    by=st.sampled_from((-1, 1)),
)
def test_one_picture_off_by_half_a_frame_is_not_constant(
    rate: Fraction, base: int, moved: int, by: int
) -> None:
    time_base = Fraction(1, base)
    ticks = rounded(rate, 60, time_base)
    ticks[moved] += by * round(1 / rate / time_base / 2)
    assert constant_rate(sorted(ticks), time_base, (rate,)) is None


@given(st.lists(st.integers(1, 9000), min_size=3, max_size=50))
def test_a_rate_is_only_given_where_every_picture_keeps_to_it(steps: list[int]) -> None:
    time_base, ticks = Fraction(1, 90000), [0]
    for step in steps:
        ticks.append(ticks[-1] + step)
    rate = constant_rate(ticks, time_base)
    if rate is not None:
        assert all(abs(t * time_base - i / rate) <= time_base for i, t in enumerate(ticks))


@pytest.mark.parametrize("ticks", [[], [5], [5, 5], [7, 7, 7]])
def test_too_few_times_have_no_rate(ticks: list[int]) -> None:
    assert constant_rate(ticks, Fraction(1, 25), (Fraction(25),)) is None


# --- whole measurements ---


def test_whole_timing_of_a_constant_clip() -> None:
    """25 pictures a second with B-pictures: packets come in decoding order."""
    shown = [0, 3, 1, 2, 6, 4, 5, 7]
    stream = [
        Packet(
            pts=7200 + 3600 * t,
            dts=3600 * i,
            duration=3600,
            size=1000 + i,
            key=t in {0, 6},
            discard=False,
        )
        for i, t in enumerate(shown)
    ]
    assert measure(stream, Fraction(1, 90000), hints=(Fraction(25),)) == Timing(
        time_base=Fraction(1, 90000),
        start=Fraction(2, 25),
        duration=Fraction(8, 25),
        frames=8,
        rate=Fraction(25),
        mean_rate=Fraction(25),
        longest_gap=Fraction(1, 25),
        key_frames=2,
        longest_key_distance=Fraction(6, 25),
        bytes=8028,
        key_bytes=2004,
        last=Fraction(1, 25),
    )


def test_whole_timing_of_a_variable_clip() -> None:
    """The last picture lasts as long as its packet says."""
    stream = packets([0, 100, 250, 300, 600], keys=3, duration=90)
    assert measure(stream, Fraction(1, 1000)) == Timing(
        time_base=Fraction(1, 1000),
        start=Fraction(0),
        duration=Fraction(690, 1000),
        frames=5,
        rate=None,
        mean_rate=Fraction(5000, 690),
        longest_gap=Fraction(3, 10),
        key_frames=2,
        longest_key_distance=Fraction(39, 100),
        bytes=500,
        key_bytes=200,
        last=Fraction(90, 1000),
    )


def test_a_last_picture_of_unknown_length_lasts_as_long_as_the_mean() -> None:
    timing = measure(packets([0, 100, 250, 300, 600]), Fraction(1, 1000))
    assert timing.duration == Fraction(750, 1000)


def test_a_single_picture() -> None:
    timing = measure(packets([900], duration=50), Fraction(1, 1000))
    assert (timing.start, timing.duration, timing.frames, timing.rate, timing.longest_gap) == (
        Fraction(9, 10),
        Fraction(1, 20),
        1,
        None,
        Fraction(1, 20),
    )
    assert measure(packets([900]), Fraction(1, 1000)).duration == Fraction(1, 25)


def test_discarded_packets_are_not_shown() -> None:
    """What an edit list hides (flag D) counts neither as a picture nor as bytes."""
    hidden = Packet(pts=-1024, dts=-1024, duration=512, size=9999, key=True, discard=True)
    stream = [hidden, *packets([0, 512, 1024, 1536], keys=2)]
    timing = measure(stream, Fraction(1, 12800), hints=(Fraction(25),))
    assert (timing.start, timing.frames, timing.rate, timing.key_frames, timing.bytes) == (0, 4, 25, 2, 400)


def test_pictures_before_the_first_decodable_one_are_not_shown() -> None:
    """A stream cut in the middle of a GOP: the first packets have no picture."""
    stream = packets([100, 140, 180, 220, 260, 300], keys=2)
    timing = measure(stream, Fraction(1, 1000), first_pts=180, hints=(Fraction(25),))
    assert (timing.start, timing.frames, timing.duration, timing.key_frames) == (
        Fraction(18, 100),
        4,
        Fraction(4, 25),
        2,
    )


def test_open_gop_pictures_shown_before_the_first_key_are_dropped_in_shown_order() -> None:
    """Decoding order I B B P: the B-pictures come after the key packet but are shown before it."""
    stream = [
        Packet(pts=pts, dts=i, duration=1, size=10, key=i == 0, discard=False)
        for i, pts in enumerate([2, 0, 1, 5, 3, 4])
    ]
    timing = measure(stream, Fraction(1, 25), first_pts=2)
    assert (timing.start, timing.frames, timing.duration) == (Fraction(2, 25), 4, Fraction(4, 25))
    assert timing.early == 2


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize("unknown", [(0,), (0, 8), (0, 6, 8)])
def test_a_stream_cut_in_the_middle_of_a_packet_begins_with_its_first_key(
    cut: int, unknown: tuple[int, ...]
) -> None:
    """A part of a VOB file: not every picture has a time of presentation, the first ones do not decode."""
    # Decoded at 0, 1 ...: P, B, B of a group whose key is not there, then I B B P B B P; the first two B have only I.
    shown = [3, 1, 2, 6, 4, 5, 9, 7, 8]
    stream = [
        Packet(None if i in unknown else pts, i, 1, 10, key=i == 3, discard=False)
        for i, pts in enumerate(shown)
        if i >= cut
    ]
    table = PacketTable(stream)
    timing = measure(table, Fraction(1, 25), first_pts=6)
    assert (timing.start, timing.frames, timing.rate) == (Fraction(6, 25), 4, 25)
    assert timing.key_frames == 1
    indices, times = shown_packets(table, timing)
    assert [i + cut for i in indices] == [3, 6, 7, 8]
    assert sorted(times) == [6, 7, 8, 9]


def test_decoding_times_stand_in_where_there_are_no_others() -> None:
    stream = [Packet(pts=None, dts=i, duration=1, size=10, key=i == 0, discard=False) for i in range(5)]
    timing = measure(stream, Fraction(1, 10))
    assert (timing.start, timing.frames, timing.rate) == (0, 5, 10)


def test_one_missing_time_makes_all_decoding_times() -> None:
    stream = packets([0, 1, 2, 3, 4])
    stream[2] = Packet(pts=None, dts=2, duration=1, size=100, key=False, discard=False)
    assert measure(stream, Fraction(1, 10)).rate == 10


@pytest.mark.parametrize(
    ("pts", "times"),
    [
        ([4, 6, 8, None], [4, 6, 8, 10]),  # behind the end
        ([4, 6, None, 10, 12, None, None], [4, 6, 8, 10, 12, 14, 16]),  # in the hole
        ([-4, -2, None, 2, 4], [-4, -2, 0, 2, 4]),
        ([4, 10, 8, None, 6, 12], [4, 10, 8, 14, 6, 12]),  # no hole is left
        ([4, 6, None, None], None),  # too little is known
        ([4, 4, 4, None], None),
        ([0, 2**61, 2**62, None], None),
    ],
)
def test_unknown_times_between_known_ones(pts: list[int | None], times: list[int] | None) -> None:
    table = PacketTable(Packet(t, None, 2, 10, i == 0, discard=False) for i, t in enumerate(pts))
    found = table.times(table.shown())
    assert (None if found is None else list(found)) == times
    assert table.presented(table.shown())


@pytest.mark.parametrize(
    ("hints", "rate"),
    [
        ((Fraction(50),), 50),
        ((), 25),
        ((Fraction(0), Fraction(90000), Fraction(12)), 12),  # what cannot be a frame rate is passed over
    ],
)
def test_a_stream_without_any_times_is_timed_by_what_it_declares(
    hints: tuple[Fraction, ...], rate: int
) -> None:
    stream = [Packet(None, None, None, 10, i % 2 == 0, discard=False) for i in range(5)]
    assert measure(stream, Fraction(1, 90000), hints=hints) == Timing(
        time_base=Fraction(1, 90000),
        start=Fraction(0),
        duration=Fraction(5, rate),
        frames=5,
        rate=Fraction(rate),
        mean_rate=Fraction(rate),
        longest_gap=Fraction(1, rate),
        key_frames=3,
        longest_key_distance=Fraction(2, rate),
        bytes=50,
        key_bytes=30,
        last=Fraction(1, rate),
        counted=True,
    )


@pytest.mark.parametrize(("lengths", "rate"), [((6000,) * 5, 15), ((6000, 6000, 6000, 3000, 6000), 30)])
def test_what_the_bitstream_says_of_each_picture_goes_before_what_is_declared(
    lengths: tuple[int, ...], rate: int
) -> None:
    """Of a raw stream the declared rate may be the demuxer's own."""
    stream = [Packet(None, None, n, 10, key=True, discard=False) for n in lengths]
    assert measure(stream, Fraction(1, 90000), hints=(Fraction(30),)).rate == rate


def test_equal_times_are_a_variable_clip() -> None:
    timing = measure(packets([0, 40, 40, 120], duration=40), Fraction(1, 1000))
    assert (timing.frames, timing.rate, timing.duration) == (4, None, Fraction(4, 25))


@pytest.mark.parametrize("first_pts", [None, 1])
def test_nothing_to_show(first_pts: int | None) -> None:
    stream = [Packet(0, 0, 1, 10, key=True, discard=first_pts is None)]
    with pytest.raises(ValueError, match="no pictures to show"):
        measure(stream, Fraction(1, 25), first_pts=first_pts)
    with pytest.raises(ValueError, match="no pictures to show"):
        measure([], Fraction(1, 25), first_pts=first_pts)


# --- ffprobe's lines ---


@pytest.mark.parametrize(
    ("line", "packet"),
    [
        ("512,0,512,14313,K__", Packet(512, 0, 512, 14313, key=True, discard=False)),
        ("-1024,-2048,512,99,KD_\n", Packet(-1024, -2048, 512, 99, key=True, discard=True)),
        ("N/A,N/A,N/A,N/A,___", Packet(None, None, None, 0, key=False, discard=False)),
        ("0,0,1,2,___,more", Packet(0, 0, 1, 2, key=False, discard=False)),
        (
            f"{2**63},{-(2**63)},{2**64},{10**30},K__",
            Packet(None, -(2**63), None, 0, key=True, discard=False),
        ),
        ("0,0,1,2", None),
        ("", None),
        ("[h264 @ 0x55] error", None),
    ],
)
def test_parse_packet(line: str, packet: Packet | None) -> None:
    assert parse_packet(line) == packet


def test_reader_counts_packets() -> None:
    reader = PacketReader()
    assert [reader.line(t) for t in ("0,0,1,5,K__", "", "1,1,1,6,___")] == [1, 1, 2]
    assert [p.size for p in reader.packets] == [5, 6]


def test_reader_weighs_packets_and_spans_what_is_shown() -> None:
    reader = PacketReader()
    for text in ("-90,0,1,500,KD_", "40,0,1,5,K__", "N/A,10,1,N/A,___", "80,N/A,1,9,___"):
        reader.line(text)
    assert (reader.weight, reader.first, reader.last, reader.span) == (500 + 8 + 8 + 9, 10, 80, 70)
    assert PacketReader().span == 0


def test_reader_lets_its_check_see_every_packet() -> None:
    seen: list[tuple[int, int]] = []
    reader = PacketReader(lambda r: seen.append((len(r.packets), r.weight)))
    for text in ("0,0,1,10,K__", "noise", "1,1,1,20,___"):
        reader.line(text)
    assert seen == [(1, 10), (2, 30)]


# --- the table ---

INT64 = st.integers(-(2**63), 2**63 - 1)
PACKETS = st.lists(
    st.builds(
        Packet,
        *(st.none() | INT64,) * 3,
        st.integers(0, 2**31),
        key=st.booleans(),
        discard=st.booleans(),
    )
)


@given(PACKETS)
def test_table_gives_back_what_was_put_in(stream: list[Packet]) -> None:
    table = PacketTable(stream)
    assert (list(table), len(table)) == (stream, len(stream))
    assert list(table[1::2]) == stream[1::2]
    assert list(table.shown()) == [i for i, p in enumerate(stream) if not p.discard]


def test_table_takes_33_bytes_a_packet() -> None:
    table = PacketTable(packets(list(range(1000))))
    columns = (table.pts, table.dts, table.durations, table.sizes, table.flags)
    assert sum(len(memoryview(c).cast("B")) for c in columns) == 33_000


def test_measure_takes_a_table() -> None:
    stream = packets([0, 512, 1024, 1536], keys=2)
    assert measure(PacketTable(stream), Fraction(1, 12800)) == measure(stream, Fraction(1, 12800))


@given(st.text(alphabet=st.characters() | st.sampled_from(",0-KD²٣\n")))
def test_any_line_is_read_or_passed_over(line: str) -> None:
    parse_packet(line)


def test_a_rounded_declared_rate_is_the_usual_one() -> None:
    ticks = [round(i * Fraction(1001, 60)) for i in range(600)]
    assert constant_rate(ticks, Fraction(1, 1000), [Fraction(19001, 317)]) == Fraction(60000, 1001)


def test_decoding_times_alone_lose_no_picture() -> None:
    """AVI: the first picture comes out of the decoder one tick after it went in."""
    packets = [Packet(None, i, 1, 100, i == 0, False) for i in range(100)]
    timing = measure(packets, Fraction(1, 25), first_pts=1)
    assert (timing.frames, timing.start, timing.rate) == (100, Fraction(1, 25), 25)
