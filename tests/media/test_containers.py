"""Containers and codecs as ffmpeg writes them here: each is probed and planned, one of each container ingested whole.

VC-1 has no encoder in ffmpeg; WMV 2 stands for its container.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from helpers_media import box_at, hiss, picture
from measuring import cuts, packet_times
from tiny_rung import TINY, with_tiny

from ingest.media.cancel import CancelToken
from ingest.media.options import Options
from ingest.pipeline.look import look
from ingest.pipeline.request import Request
from ingest.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p")
AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", "-svtav1-params", "lp=1")
VPX = ("-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p")
AAC, MP3, MP2, PCM = ("-c:a", "aac"), ("-c:a", "libmp3lame"), ("-c:a", "mp2"), ("-c:a", "pcm_s16le")
OPUS, VORBIS, AC3 = ("-c:a", "libopus"), ("-c:a", "libvorbis"), ("-c:a", "ac3")
AMR = ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1", "-b:a", "12.2k")


@dataclass(frozen=True, slots=True)
class Kind:
    """A file of one second, 25 pictures of 128x96; `whole`: it is ingested, not only looked at."""

    ending: str
    codec: str
    video: tuple[str, ...]
    audio: tuple[str, ...] = ()
    sound: str | None = None
    whole: bool = False
    size: str = "128x96"
    rate: int = 25
    muxer: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.codec}-{self.sound or 'silent'}.{self.ending}"


KINDS = (
    Kind("mp4", "h264", X264, AAC, "aac", whole=True),
    Kind("mp4", "hevc", X265, AAC, "aac"),
    Kind("mp4", "av1", AV1, OPUS, "opus"),
    Kind("mp4", "mpeg4", ("-c:v", "mpeg4"), AC3, "ac3"),
    Kind("mp4", "vp9", ("-c:v", "libvpx-vp9", *VPX), ("-c:a", "flac"), "flac"),
    Kind("m4v", "h264", X264, AAC, "aac", whole=True),
    Kind("mov", "prores", ("-c:v", "prores_ks"), ("-c:a", "pcm_s24le"), "pcm_s24le", whole=True),
    Kind("mov", "mjpeg", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), ("-c:a", "alac"), "alac"),
    Kind("mov", "qtrle", ("-c:v", "qtrle"), ("-c:a", "adpcm_ima_qt"), "adpcm_ima_qt"),
    Kind("mov", "png", ("-c:v", "png"), ("-c:a", "pcm_mulaw"), "pcm_mulaw"),
    Kind("mov", "cfhd", ("-c:v", "cfhd"), ("-c:a", "pcm_s16be"), "pcm_s16be"),
    Kind("mov", "hap", ("-c:v", "hap"), (), None),
    Kind("mov", "rawvideo", ("-c:v", "rawvideo", "-pix_fmt", "uyvy422"), ("-c:a", "pcm_f32le"), "pcm_f32le"),
    Kind("mov", "v210", ("-c:v", "v210"), ("-c:a", "pcm_alaw"), "pcm_alaw"),
    Kind(
        *("mov", "dnxhd", ("-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p")),
        *(("-c:a", "pcm_s32le"), "pcm_s32le"),
        size="256x120",
    ),
    Kind("mkv", "ffv1", ("-c:v", "ffv1"), ("-c:a", "flac"), "flac", whole=True),
    Kind("mkv", "hevc", X265, ("-c:a", "eac3"), "eac3"),
    Kind("mkv", "av1", AV1, ("-c:a", "dca", "-strict", "-2"), "dts"),
    Kind("mkv", "theora", ("-c:v", "libtheora"), ("-c:a", "wavpack"), "wavpack"),
    Kind("mkv", "huffyuv", ("-c:v", "huffyuv"), ("-c:a", "tta"), "tta"),
    Kind("mkv", "mpeg1video", ("-c:v", "mpeg1video"), ("-c:a", "truehd", "-strict", "-2"), "truehd"),
    Kind("webm", "vp8", ("-c:v", "libvpx", *VPX), VORBIS, "vorbis", whole=True),
    Kind("webm", "vp9", ("-c:v", "libvpx-vp9", *VPX), OPUS, "opus"),
    Kind("webm", "av1", AV1, OPUS, "opus"),
    Kind("ts", "h264", X264, AAC, "aac", whole=True),
    Kind("ts", "mpeg2video", ("-c:v", "mpeg2video"), ("-c:a", "s302m", "-ac", "2", "-strict", "-2"), "s302m"),
    Kind("ts", "hevc", X265, MP2, "mp2"),
    Kind("mts", "h264", X264, AC3, "ac3", whole=True, muxer=("-mpegts_m2ts_mode", "1", "-f", "mpegts")),
    Kind("m2ts", "h264", X264, ("-c:a", "pcm_bluray"), "pcm_bluray", whole=True),
    Kind("mpg", "mpeg1video", ("-c:v", "mpeg1video"), MP2, "mp2", whole=True),
    Kind("vob", "mpeg2video", ("-c:v", "mpeg2video"), AC3, "ac3", whole=True),
    Kind("avi", "mpeg4", ("-c:v", "mpeg4", "-bf", "2"), MP3, "mp3", whole=True),
    Kind("avi", "msmpeg4v3", ("-c:v", "msmpeg4"), PCM, "pcm_s16le"),
    Kind("avi", "mjpeg", ("-c:v", "mjpeg", "-pix_fmt", "yuvj422p"), ("-c:a", "adpcm_ms"), "adpcm_ms"),
    Kind("avi", "zlib", ("-c:v", "zlib")),
    Kind("avi", "asv2", ("-c:v", "asv2")),
    Kind("mov", "r10k", ("-c:v", "r10k")),
    Kind("avi", "utvideo", ("-c:v", "utvideo"), ("-c:a", "adpcm_ima_wav"), "adpcm_ima_wav"),
    Kind("wmv", "wmv2", ("-c:v", "wmv2"), ("-c:a", "wmav2"), "wmav2", whole=True),
    Kind("asf", "wmv1", ("-c:v", "wmv1"), ("-c:a", "wmav1"), "wmav1"),
    Kind("flv", "h264", X264, AAC, "aac", whole=True),
    Kind("flv", "flv1", ("-c:v", "flv"), (*MP3, "-ar", "44100"), "mp3"),
    Kind("mxf", "mpeg2video", ("-c:v", "mpeg2video"), PCM, "pcm_s16le", whole=True),
    Kind(
        *(
            "mxf",
            "dnxhd",
            ("-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p"),
            PCM,
            "pcm_s16le",
        ),
        size="256x120",
    ),
    Kind("3gp", "h263", ("-c:v", "h263"), AMR, "amr_nb", whole=True),
    Kind("ogv", "theora", ("-c:v", "libtheora"), VORBIS, "vorbis", whole=True),
    Kind("gif", "gif", ("-c:v", "gif"), whole=True),
    Kind("ivf", "vp9", ("-c:v", "libvpx-vp9", *VPX), whole=True),
    Kind("ivf", "av1", AV1),
    Kind("y4m", "rawvideo", ("-c:v", "rawvideo"), whole=True),
    Kind("nut", "ffv1", ("-c:v", "ffv1"), ("-c:a", "flac"), "flac", whole=True),
    Kind("rm", "rv20", ("-c:v", "rv20"), AC3, "ac3", whole=True),
    Kind("wtv", "mpeg2video", ("-c:v", "mpeg2video"), MP2, "mp2", whole=True),
)


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return (len(data) + 8).to_bytes(4, "big") + kind + data


def make(clips: Clips, kind: Kind) -> Path:
    sound = hiss(1) if kind.sound else ()
    return clips.make(
        kind.name,
        *(*picture(kind.size, 1, kind.rate), *sound, *kind.video),
        *(*(kind.audio and ("-ar", "48000", *kind.audio)), *kind.muxer),
    )


@pytest.fixture(scope="module")
def tiny(ingested: Ingest) -> Ingest:
    return with_tiny(ingested)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_it_is_known_and_planned(clips: Clips, tiny: Ingest, kind: Kind) -> None:
    source = make(clips, kind)
    request = Request(source, (TINY,), None, force=False, preset_dir=tiny.presets, options=Options())
    seen = look(request, load(), CancelToken(), every_resolution=False)
    video = seen.found["video"]
    assert (video["codec"], [a["codec"] for a in video["audio"]]) == (
        kind.codec,
        [kind.sound] if kind.sound else [],
    )
    grid = seen.plan["video"]["grid"]
    assert (grid["frames"], Fraction(grid["duration"])) == (25, 1)
    assert len(seen.plan["audio"]) == (1 if kind.sound else 0)
    assert seen.found["warnings"] == []


@pytest.mark.parametrize("kind", [k for k in KINDS if k.whole], ids=lambda kind: kind.ending)
def test_each_container_is_ingested_whole(clips: Clips, tiny: Ingest, kind: Kind) -> None:
    package = tiny(make(clips, kind), TINY)
    assert packet_times(package.joined(f"video/{TINY}")) == [Fraction(n, 25) for n in range(25)]
    assert cuts(package.playlist(f"video/{TINY}"))[-1] == 1
    for name in package.sounds:
        heard = package.sound(name)
        assert abs(heard.duration - 1) < 0.05
        assert heard.level(Fraction(3, 10), Fraction(8, 10)) > -40  # the tone is there, not silence
    assert len(package.sounds) == (1 if kind.sound else 0)
    assert package.record["warnings"] == []


def test_free_pictures_behind_an_encrypted_entry_are_taken(clips: Clips, tiny: Ingest) -> None:
    """A packager may describe all of a film as encrypted, and its free beginning too."""
    flags = "frag_keyframe+empty_moov+default_base_moof"
    plain = clips.make("free.mp4", *picture("128x96", 1), *X264, "-movflags", flags).read_bytes()
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    entry = box_at(plain, *path) + 8
    end = entry + int.from_bytes(plain[entry : entry + 4], "big")
    scheme = box(b"schm", bytes(4), b"cenc", bytes.fromhex("00010000"))
    default = box(b"tenc", bytes(6), b"\0\0", bytes(16))
    protection = box(b"sinf", box(b"frma", b"avc1"), scheme, box(b"schi", default))
    made = bytearray(plain[:end] + protection + plain[end:])
    made[entry + 4 : entry + 8] = b"encv"
    for start in (entry, *(box_at(plain, *path[: n + 1]) - 8 for n in range(len(path)))):
        size = int.from_bytes(made[start : start + 4], "big") + len(protection)
        made[start : start + 4] = size.to_bytes(4, "big")
    source = clips.folder / "free-encv.mp4"
    source.write_bytes(made)
    package = tiny(source, TINY)
    assert packet_times(package.joined(f"video/{TINY}")) == [Fraction(n, 25) for n in range(25)]
    assert package.record["warnings"] == []


# -- streams that are not for us --


def test_sound_in_a_codec_that_is_not_accepted_is_left_out(clips: Clips, tiny: Ingest) -> None:
    """The rest of the file is as good as ever; ffprobe used to give it up."""
    options = (*X264, "-c:a", "dfpwm", "-ar", "48000", "-ac", "1")
    source = clips.make("unknown.mov", *picture("128x96", 1), *hiss(1), *options)
    package = tiny(source, TINY)
    assert packet_times(package.joined(f"video/{TINY}")) == [Fraction(n, 25) for n in range(25)]
    assert package.sounds == ()
    assert [m for m in package.record["messages"] if "dfpwm" in m] == [
        "Stream Left Out: stream 1 (dfpwm): its audio codec is not accepted"
    ]


def test_a_camera_s_other_tracks_are_left_out_with_a_note(clips: Clips, tiny: Ingest) -> None:
    (clips.folder / "private.bin").write_bytes(b"\x01secret data\n" * 20)
    options = (*X264, "-map", "0", "-map", "1")
    timecode = clips.make(
        "timecode.mov", *picture("128x96", 1), *hiss(1), *options, "-timecode", "10:00:00:00"
    )
    private = clips.make(
        "private.ts",
        *(*picture("128x96", 1), "-f", "data", "-i", "private.bin", *options, "-c:d", "copy"),
    )
    font = clips.make(
        "font.mkv",
        *(*picture("128x96", 1), *hiss(1), *options, "-attach", "private.bin"),
        *("-metadata:s:t", "mimetype=application/x-truetype-font"),
    )
    for source, said in (
        (timecode, "stream 2 (tmcd): a timecode"),
        (private, "stream 1 (bin_data): private data"),
        (font, "stream 2 (ttf): a font"),
    ):
        package = tiny(source, TINY)
        assert [m for m in package.record["messages"] if "stream" in m] == [f"Stream Left Out: {said}"]
        assert package.record["warnings"] == []
