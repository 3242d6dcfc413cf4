"""Sources, resolutions and output folders that cannot work: one line, one exit code, one record, nothing else."""

from __future__ import annotations

import ctypes
import io
import os
import random
import shutil
import socketserver
import subprocess
import sys
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed, assert_failed, fingerprint, names, tree, without_root
from helpers_media import X264, hiss, picture
from PIL import Image

from ingest.job import codes
from ingest.job.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

    from ingest.job.codes import Code

pytestmark = pytest.mark.media
START, PROBE = codes.STARTING_INGEST, codes.PROBING_VIDEO_CODEC


@dataclass(frozen=True, slots=True)
class Bad:
    """A source that cannot be used: its name, what makes it, and what is said about it."""

    name: str
    make: Callable[[Path, Clips], object]
    code: Code
    step: Code
    says: tuple[str, ...]


def _nothing(_path: Path, _clips: Clips) -> None:
    pass


def _write(data: bytes) -> Callable[[Path, Clips], object]:
    return lambda path, _: path.write_bytes(data)


def _zip() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("film.mp4", b"\0" * 1000)
    return whole.getvalue()


def _png() -> bytes:
    whole = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(whole, "PNG")
    return whole.getvalue()


def _without_moov(path: Path, clips: Clips) -> None:
    whole = clips.small().read_bytes()
    path.write_bytes(whole[: whole.rindex(b"moov") - 4])


def _half(path: Path, clips: Clips) -> None:
    whole = clips.small().read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _sound(path: Path, clips: Clips) -> None:
    shutil.copy(clips.make("sound.m4a", *hiss(1), "-c:a", "aac"), path)


def _mp3_with_cover(path: Path, clips: Clips) -> None:
    (clips.folder / "cover.png").write_bytes(_png())
    cover = ("-i", "cover.png", *hiss(1), "-map", "0", "-map", "1", "-c:v", "png", "-c:a", "aac")
    shutil.copy(clips.make("cover.m4a", *cover, "-disposition:v", "attached_pic"), path)


def _only_packets_of_nothing(path: Path, clips: Clips) -> None:
    """A film whose every picture is noise to the decoder."""
    data = bytearray(clips.small().read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = b"\xff" * (end - start)
    path.write_bytes(data)


def _encrypted(path: Path, clips: Clips) -> None:
    keys = ("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "0" * 32)
    clear = ("-i", str(clips.tiny()), "-c", "copy", "-encryption_scheme", "cenc-aes-ctr")
    shutil.copy(clips.make("encrypted.mp4", *clear, *keys), path)


def _scrambled(path: Path, clips: Clips, begin: float) -> None:
    """A recording without a card, or that lost it at this part of its length."""
    data = bytearray(clips.make("clear.ts", *picture("64x64", 3), *hiss(3), *X264, "-g", "25").read_bytes())
    for at in range(188 * int(len(data) * begin / 188), len(data), 188):
        if int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF in {0x100, 0x101}:
            body = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
            data[at + 3] |= 0x80
            data[body : at + 188] = bytes(b ^ n * 7 + 13 & 0xFF for n, b in enumerate(data[body : at + 188]))
    path.write_bytes(data)


BAD = (
    Bad("gone.mp4", _nothing, codes.SOURCE_NOT_FOUND, START, ("there is no file gone.mp4",)),
    Bad("folder.mp4", lambda p, _: p.mkdir(), codes.SOURCE_NOT_READABLE, START, ("folder.mp4 is a folder",)),
    Bad("pipe.mp4", lambda p, _: os.mkfifo(p), codes.SOURCE_NOT_READABLE, START, ("not a regular file",)),
    Bad(
        "loop.mp4",
        lambda p, _: p.symlink_to("loop.mp4"),
        codes.SOURCE_NOT_READABLE,
        START,
        ("loop.mp4 cannot be opened",),
    ),
    Bad(
        "dangling.mp4", lambda p, _: p.symlink_to("nowhere"), codes.SOURCE_NOT_FOUND, START, ("dangling.mp4",)
    ),
    Bad("empty.mp4", _write(b""), codes.SOURCE_NOT_MEDIA, START, ("empty.mp4 is empty",)),
    Bad(
        "text.mp4",
        _write(b"Dear Ann,\nthe film is in the other folder.\n" * 20),
        codes.SOURCE_NOT_MEDIA,
        PROBE,
        ("text.mp4 is a text file, not a video file",),
    ),
    Bad("bundle.mp4", _write(_zip()), codes.SOURCE_NOT_MEDIA, PROBE, ("bundle.mp4 is a zip archive",)),
    Bad(
        "noise.mp4",
        _write(random.Random(7).randbytes(200_000)),
        codes.SOURCE_NOT_MEDIA,
        PROBE,
        ("noise.mp4 is not a video file",),
    ),
    Bad("zeros.mp4", _write(bytes(5000)), codes.SOURCE_NOT_MEDIA, PROBE, ("zeros.mp4 is nothing but zero",)),
    Bad("still.png", _write(_png()), codes.SOURCE_NOT_MEDIA, PROBE, ("still.png is a PNG picture",)),
    Bad(
        "unfinished.mp4",
        _without_moov,
        codes.SOURCE_NOT_MEDIA,
        PROBE,
        ("unfinished.mp4 is cut short: its index (moov) is missing",),
    ),
    Bad("half.mp4", _half, codes.SOURCE_NOT_MEDIA, PROBE, ("half.mp4 is cut short",)),
    Bad("sound.m4a", _sound, codes.SOURCE_HAS_NO_VIDEO, PROBE, ("sound.m4a has only sound;",)),
    Bad(
        "song.m4a",
        _mp3_with_cover,
        codes.SOURCE_HAS_NO_VIDEO,
        PROBE,
        ("song.m4a has only sound and a cover picture",),
    ),
    Bad(
        "broken.mp4",
        _only_packets_of_nothing,
        codes.SOURCE_NOT_MEDIA,
        PROBE,
        ("no picture of broken.mp4 can be decoded",),
    ),
    Bad(
        "common.mp4",
        _encrypted,
        codes.SOURCE_ENCRYPTED,
        PROBE,
        ("common.mp4 is encrypted (DRM): its picture and its sound (cenc); give a copy without encryption",),
    ),
    Bad(
        "pay.ts",
        lambda p, c: _scrambled(p, c, 0),
        codes.SOURCE_ENCRYPTED,
        PROBE,
        ("pay.ts is encrypted (DRM): its picture (conditional access)",),
    ),
    Bad(
        "later.ts",
        lambda p, c: _scrambled(p, c, 2 / 3),
        codes.SOURCE_ENCRYPTED,
        PROBE,
        ("a part of its picture (conditional access)", "--allow-damage takes the rest"),
    ),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_source_that_is_no_film(bad: Bad, cli: Cli, clips: Clips) -> None:
    bad.make(cli.cwd / bad.name, clips)
    done = cli.ingest(bad.name, "-o", "out")
    record = assert_failed(
        cli, done, bad.code, exit_code=3, step=bad.step, says=bad.says, output=cli.cwd / "out"
    )
    assert record.source.name == bad.name
    assert record.messages[0] == "Starting Ingest"
    assert set(names(cli.cwd)) - {bad.name} == {"out"}


def test_ffmpegs_own_words_are_in_the_record(cli: Cli, clips: Clips) -> None:
    _without_moov(cli.cwd / "unfinished.mp4", clips)
    done = cli.ingest("unfinished.mp4", "-o", "out")
    record = assert_failed(
        cli,
        done,
        codes.SOURCE_NOT_MEDIA,
        exit_code=3,
        step=PROBE,
        says="unfinished.mp4",
        output=cli.cwd / "out",
    )
    assert record.error is not None
    assert "moov atom not found" in record.error.detail


def test_unreadable_file(cli: Cli, clips: Clips) -> None:
    source = cli.cwd / "secret.mp4"
    shutil.copy(clips.tiny(), source)
    source.chmod(0)
    done = cli.ingest("secret.mp4", "-o", "out", prefix=without_root())
    assert_failed(
        cli,
        done,
        codes.SOURCE_NOT_READABLE,
        exit_code=3,
        step=START,
        says=("secret.mp4 may not be read", "check its permissions"),
        output=cli.cwd / "out",
    )


def test_one_picture_is_a_film_of_one_picture_or_refused(cli: Cli, clips: Clips) -> None:
    """An mp4 with a single frame has a picture but no length: it ends in a package or in one line."""
    source = clips.make("single.mp4", *picture("64x64", 1), *X264, "-frames:v", "1")
    done = cli.ingest(source, "-o", "out")
    assert_completed(done, cli.cwd / "out")


# -- resolutions --


def test_unknown_resolution_names_the_known_ones_and_the_nearest(cli: Cli, clips: Clips) -> None:
    source = clips.tiny()
    done = cli.run("run", source, "--res", "fhdd", "-o", "out")
    assert_failed(
        cli,
        done,
        codes.UNKNOWN_RESOLUTION,
        exit_code=2,
        step=START,
        says=("'fhdd'", "known are sd, hd, fhd, qhd, uhd", "did you mean fhd?"),
        output=cli.cwd / "out",
    )


@pytest.mark.parametrize("arguments", [(), ("--res", " , ")], ids=["none", "comma"])
def test_no_resolution(arguments: tuple[str, ...], cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), *arguments, "-o", "out")
    assert_failed(
        cli,
        done,
        codes.USAGE,
        exit_code=2,
        step=START,
        says=("no resolution given", "--res fhd"),
        output=cli.cwd / "out",
    )


# -- output folders --


def test_output_folder_not_writable(cli: Cli, clips: Clips) -> None:
    folder = cli.cwd / "closed"
    folder.mkdir(mode=0o555)
    done = cli.ingest(clips.tiny(), "-o", "closed", prefix=without_root())
    assert_failed(
        cli,
        done,
        codes.OUTPUT_NOT_WRITABLE,
        exit_code=4,
        step=START,
        says=("closed cannot be written (Permission denied)", "name another folder with -o"),
        output=None,
    )
    assert names(folder) == []


def test_parent_of_output_folder_not_writable(cli: Cli, clips: Clips) -> None:
    (cli.cwd / "closed").mkdir(mode=0o555)
    done = cli.ingest(clips.tiny(), "-o", "closed/a/b", prefix=without_root())
    assert_failed(
        cli,
        done,
        codes.OUTPUT_NOT_WRITABLE,
        exit_code=4,
        step=START,
        says="closed/a/b cannot be written (Permission denied)",
        output=None,
    )
    assert names(cli.cwd / "closed") == []


def test_output_is_a_file(cli: Cli, clips: Clips) -> None:
    (cli.cwd / "taken").write_text("kept")
    done = cli.ingest(clips.tiny(), "-o", "taken")
    assert_failed(
        cli,
        done,
        codes.OUTPUT_NOT_WRITABLE,
        exit_code=4,
        step=START,
        says="taken is a file",
        output=None,
    )
    assert (cli.cwd / "taken").read_text() == "kept"


@pytest.mark.parametrize("link", [False, True], ids=["itself", "by a link"])
def test_output_is_the_source(link: bool, cli: Cli, clips: Clips) -> None:
    shutil.copy(clips.tiny(), cli.cwd / "film.mp4")
    output = "film.mp4"
    if link:
        output = "link"
        (cli.cwd / output).symlink_to("film.mp4")
    done = cli.ingest("film.mp4", "-o", output, "--force")
    assert_failed(
        cli,
        done,
        codes.OUTPUT_IS_SOURCE,
        exit_code=4,
        step=START,
        says=f"{output} is the source itself",
        output=None,
    )


def test_output_is_the_folder_of_the_source(cli: Cli, clips: Clips) -> None:
    folder = cli.cwd / "films"
    folder.mkdir()
    shutil.copy(clips.tiny(), folder / "film.mp4")
    done = cli.ingest("films/film.mp4", "-o", "films", "--force")
    assert_failed(
        cli, done, codes.OUTPUT_NOT_OURS, exit_code=4, step=START, says="films holds files", output=None
    )
    assert names(folder) == ["film.mp4"]


def test_source_inside_our_own_package(cli: Cli, clips: Clips) -> None:
    """A rendition of a package may not be ingested over the package that holds it."""
    assert_completed(cli.ingest(clips.tiny(), "-o", "out"), cli.cwd / "out")
    shutil.copy(clips.tiny(), cli.cwd / "out/film.mp4")
    before = tree(cli.cwd / "out")
    done = cli.ingest("out/film.mp4", "-o", "out", "--force")
    assert_failed(
        cli,
        done,
        codes.OUTPUT_IS_SOURCE,
        exit_code=4,
        step=START,
        says="the source lies inside the output folder",
        output=None,
    )
    assert tree(cli.cwd / "out") == before


def test_folder_with_other_files_is_refused_untouched(cli: Cli, clips: Clips) -> None:
    folder = cli.cwd / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "job.json").write_text('{"name": "somebody else\'s"}')
    before = tree(folder)
    done = cli.ingest(clips.tiny(), "-o", "photos", "--force")
    assert_failed(
        cli,
        done,
        codes.OUTPUT_NOT_OURS,
        exit_code=4,
        step=START,
        says="photos holds files that ingest did not make",
        output=None,
    )
    assert tree(folder) == before


def test_the_record_of_a_refused_folder_can_be_shown(cli: Cli, clips: Clips) -> None:
    (cli.cwd / "taken").write_text("kept")
    done = cli.ingest(clips.tiny(), "-o", "taken")
    job_id = cli.stored()[0].job_id
    assert job_id in done.stderr
    shown = cli.run("show", job_id, "--json")
    assert shown.exit_code == 0
    assert Record.from_json(shown.stdout) == cli.stored()[0]


# -- texts that name other files or URLs --


class _Counting(socketserver.TCPServer):
    """Counts every connection that anybody makes."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.connections = 0

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        self.close_request(request)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture(scope="module")
def server() -> Iterator[_Counting]:
    with _Counting() as counting:
        thread = threading.Thread(target=counting.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield counting
        counting.shutdown()
        thread.join()


@contextmanager
def opened(path: Path) -> Iterator[Callable[[], int]]:
    """How many inotify(7) events say that `path` was opened or read."""
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    in_access, in_open = 0x1, 0x20
    assert libc.inotify_add_watch(descriptor, os.fsencode(path), in_access | in_open) >= 0
    count = 0

    def events() -> int:
        nonlocal count
        while True:
            try:
                data = os.read(descriptor, 65536)
            except BlockingIOError:
                return count
            count += len(data) // 16

    try:
        yield events
    finally:
        os.close(descriptor)


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n"
HLS_KEY = (
    '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI="{url}/key"\n'
    "#EXTINF:2,\nfile://{neighbour_path}\n#EXT-X-ENDLIST\n"
)
CONCAT = "ffconcat version 1.0\nfile {target}\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
DASH = (
    '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">'
    "<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>\n"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">'
    '<image xlink:href="{url}/a.png" width="64" height="64"/>'
    '<image xlink:href="file://{neighbour_path}" width="64" height="64"/></svg>\n'
)
LISTS = {
    "hls-neighbour.m3u8": (HLS, "neighbour.ts", "an HLS playlist"),
    "hls-neighbour.mp4": (HLS, "neighbour.ts", "an HLS playlist"),
    "hls-file-url.ts": (HLS, "file://{neighbour_path}", "an HLS playlist"),
    "hls-url.m3u8": (HLS, "{url}/a.ts", "an HLS playlist"),
    "hls-key.m3u8": (HLS_KEY, "", "an HLS playlist"),
    "ffconcat.mp4": (CONCAT, "neighbour.ts", "an ffconcat list"),
    "concat-url.ffconcat": (CONCAT, "{url}/a.ts", "an ffconcat list"),
    "session.sdp": (SDP, "", "an SDP description"),
    "manifest.mpd": (DASH, "neighbour.ts", "a DASH manifest"),
    "manifest.mp4": (DASH, "{url}/a.mp4", "a DASH manifest"),
    "picture.svg": (SVG, "", "an SVG picture"),
}


@pytest.mark.parametrize("name", LISTS)
def test_text_that_names_others_is_never_followed(
    name: str, cli: Cli, clips: Clips, server: _Counting
) -> None:
    neighbour = cli.cwd / "neighbour.ts"
    shutil.copy(clips.make("neighbour.ts", *picture("64x64", 1), *X264), neighbour)
    template, target, what = LISTS[name]
    known = {
        "url": server.url,
        "port": str(server.server_address[1]),
        "neighbour": "neighbour.ts",
        "neighbour_path": str(neighbour),
    }
    (cli.cwd / name).write_text(template.format(**known, target=target.format(**known)))
    before, asked = fingerprint(neighbour), server.connections
    with opened(neighbour) as events:
        done = cli.ingest(name, "-o", "out")
        assert events() == 0
    assert_failed(
        cli,
        done,
        codes.SOURCE_NOT_MEDIA,
        exit_code=3,
        step=PROBE,
        says=f"{name} is {what}",
        output=cli.cwd / "out",
    )
    assert server.connections == asked
    assert fingerprint(neighbour) == before


def test_the_watches_of_the_test_above_see(cli: Cli, server: _Counting) -> None:
    import urllib.request

    watched = cli.cwd / "neighbour.ts"
    watched.write_bytes(b"x")
    with opened(watched) as events:
        watched.read_bytes()
        assert events() > 0
    asked = server.connections
    with pytest.raises(OSError):  # the server closes without an answer
        urllib.request.urlopen(server.url, timeout=5)
    assert server.connections == asked + 1


def test_avi_with_a_playlist_as_its_subtitle(cli: Cli, clips: Clips, server: _Counting) -> None:
    """CVE-2017-9993: a GAB2 chunk in an AVI that is an HLS playlist. Only the wanted streams are mapped."""
    playlist = HLS.format(target=f"{server.url}/a.ts").encode()
    gab2 = b"GAB2\0\2\0" + (0).to_bytes(4, "little") + b"\4\0"
    gab2 += len(playlist).to_bytes(4, "little") + playlist
    data = _avi_with_subtitle(clips.make("plain.avi", *picture("64x64", 1), *X264).read_bytes(), gab2)
    (cli.cwd / "gab2.avi").write_bytes(data)
    asked = server.connections
    done = cli.ingest("gab2.avi", "-o", "out")
    assert_completed(done, cli.cwd / "out")
    assert server.connections == asked


def _avi_with_subtitle(avi: bytes, gab2: bytes) -> bytes:
    """`avi` with a second stream, a text stream, that holds one chunk at the head of the movi list."""

    def chunk(kind: bytes, payload: bytes) -> bytes:
        return kind + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2)

    header = b"txts" + bytes(16) + (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(28)
    stream = chunk(b"LIST", b"strl" + chunk(b"strh", header) + chunk(b"strf", b""))
    hdrl, movi = avi.index(b"LIST"), avi.index(b"movi")
    size = int.from_bytes(avi[hdrl + 4 : hdrl + 8], "little")
    head_end = hdrl + 8 + size
    head = avi[hdrl + 8 : head_end] + stream
    count = head.index(b"avih") + 8 + 24
    head = head[:count] + (2).to_bytes(4, "little") + head[count + 4 :]
    movi_size = int.from_bytes(avi[movi - 4 : movi], "little")
    content = avi[movi + 4 : movi - 4 + 4 + movi_size]
    between = avi[head_end : movi - 8]
    body = chunk(b"LIST", head) + between + chunk(b"LIST", b"movi" + chunk(b"01sb", gab2) + content)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"AVI " + body


def test_source_is_opened_once_by_name(cli: Cli, clips: Clips) -> None:
    """Everything after the first open goes through its descriptor."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    works = subprocess.run(["strace", "-f", "true"], capture_output=True)
    if works.returncode != 0:
        pytest.skip("processes may not be traced here")
    shutil.copy(clips.tiny(), cli.cwd / "unmistakable.mp4")
    trace = cli.folder / "trace"
    strace = ("strace", "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2,execve", "-o", str(trace))
    done = cli.ingest("unmistakable.mp4", "-o", "out", prefix=strace)
    assert_completed(done, cli.cwd / "out")
    naming = [line for line in trace.read_text("utf-8", "replace").splitlines() if "unmistakable" in line]
    opens = [line for line in naming if "execve(" not in line]
    assert len(opens) == 1, opens
    programs = [line for line in naming if "execve(" in line]
    assert len(programs) == 1, programs  # our own command line: no program was given the name
