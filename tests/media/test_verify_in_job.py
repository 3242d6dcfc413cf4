"""What goes wrong on purpose between encoder and published package, and what a job's own verification says of it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

import ingest
from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.packaging.measure import measure_track
from ingest.packaging.verify import verify
from ingest.steps import encoding, generating_hls_service_files, verifying_package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers_media import Clips

    from ingest.job.record import Record
    from ingest.packaging.verify import Report

pytestmark = pytest.mark.media

PRESET = """
name = "{name}"
title = "Test"
box = [320, {lines}]
[video]
codec = "h264"
profile = "high"
speed = "superfast"
crf = {crf}
max_bitrate = "1000k"
buffer = "2000k"
gop = "1s"
segment = "2s"
max_frame_rate = 60
[audio]
stereo_bitrate = "128k"
surround_bitrate = "320k"
"""
MOVING = "testsrc=size=320x180:rate=25:duration=7,scroll=h=0.006"
TONE = "sine=frequency=440:duration=7,volume=6dB"
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "12", "-pix_fmt", "yuv420p", "-c:a", "aac")


def film(clips: Clips, picture: str, sound: str) -> Path:
    return clips.make("film.mp4", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *FAST)


@pytest.fixture(scope="session")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of one size, so that their segments could be mistaken for each other, and a small one."""
    folder = tmp_path_factory.mktemp("presets")
    for name, lines, crf in (("one", 180, 24), ("two", 180, 30), ("low", 90, 28)):
        text = PRESET.format(name=name, lines=lines, crf=crf)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True)
class Before:
    """A job's folders and values just before it verifies, kept; `call` is the step on a copy that may be damaged."""

    work: Path
    arguments: tuple[Any, ...]

    def copy(self, folder: Path) -> Path:
        return shutil.copytree(self.work, folder, dirs_exist_ok=True) / self.arguments[0].package.name

    def call(self, package: Path, *, full: bool = False, payload: bool = True) -> set[tuple[str, str]]:
        """Rules and places that the step says are broken in `package`, which `copy` has made.

        Without `payload` the encoder's files are not looked at.
        """
        env, name, plan, encoded, packaged = self.arguments
        before, after = env.temporary, package.parent / env.temporary.name

        def moved(path: Path) -> Path:
            return after / path.relative_to(before)

        env = replace(
            env,
            package=package,
            temporary=after,
            options=replace(env.options, verify="full" if full else "default"),
        )
        encoded = replace(
            encoded,
            rungs=tuple((n, moved(p)) for n, p in encoded.rungs),
            audio=tuple((n, moved(p)) for n, p in encoded.audio),
            trick=moved(encoded.trick),
        )
        reports = []

        def recorded(folder: Path, **options: Any) -> Report:
            reports.append(verify(folder, **options | ({} if payload else {"encoded": None})))
            return reports[-1]

        failed = False
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(verifying_package, "verify", recorded)
            try:
                verifying_package.run(env, name, plan, encoded, packaged, damaged=False)
            except ProcessingError as error:
                assert error.code is codes.VERIFICATION_FAILED
                failed = True
        assert failed == bool(reports[0].must)
        return {(f.rule, f.place) for f in reports[0].must}


def kept(source: Path, presets: Path, work: Path) -> Before:
    """Run a job and keep what it has when it comes to verify."""
    original, seen = verifying_package.run, []

    def keep(env: Any, *arguments: Any, **options: Any) -> Any:
        shutil.copytree(env.package.parent, work / "kept")
        seen.append((env, *arguments))
        return original(env, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(work / "home"))
        patch.setattr(verifying_package, "run", keep)
        record = ingest.run(source, "one,two,low", work / "out", preset_dir=presets)
    assert record.status == "COMPLETED", record.error
    return Before(work / "kept", seen[0])


@pytest.fixture(scope="session")
def job(clips: Clips, presets: Path, tmp_path_factory: pytest.TempPathFactory) -> Before:
    return kept(film(clips, MOVING, TONE), presets, tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="session")
def black(clips: Clips, presets: Path, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """A film that is black and silent throughout; that it completes is a test by itself."""
    dark = "color=black:size=320x180:rate=25:duration=7"
    source = film(clips, dark, "anullsrc=duration=7:sample_rate=44100:channel_layout=mono")
    return kept(source, presets, tmp_path_factory.mktemp("black"))


@pytest.fixture(scope="session")
def other(clips: Clips, presets: Path, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """Another film of the same length and sizes."""
    picture = "testsrc2=size=320x180:rate=25:duration=7,negate"
    return kept(
        film(clips, picture, "sine=frequency=660:duration=7"), presets, tmp_path_factory.mktemp("other")
    )


SOUND = "audio/und-stereo"


def test_what_the_job_made_passes(job: Before, black: Before, tmp_path: Path) -> None:
    assert job.call(job.copy(tmp_path / "a")) == set()
    assert job.call(job.copy(tmp_path / "b"), full=True) == set()
    assert black.call(black.copy(tmp_path / "c")) == set()


# -- damage to a finished package, which still looks whole --


def cut_short(package: Path) -> None:
    path = package / "video/one/seg-00004.m4s"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def swapped_places(package: Path) -> None:
    """Two segments of one rung change places, and take their times along."""
    one, two = package / "video/one/seg-00001.m4s", package / "video/one/seg-00002.m4s"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def swapped_trick_pictures(package: Path) -> None:
    one, two = package / "trick/seg-00001.m4s", package / "trick/seg-00002.m4s"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def swapped_rungs(package: Path) -> None:
    """The same place of two rungs of equal size: it would even play."""
    one, two = package / "video/one/seg-00002.m4s", package / "video/two/seg-00002.m4s"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def flipped(package: Path) -> None:
    """One bit in the middle of a picture that is no key picture."""
    path = package / "video/one/seg-00002.m4s"
    data = bytearray(path.read_bytes())
    data[-200] ^= 0x10
    path.write_bytes(data)


def zeroed(package: Path) -> None:
    path = package / "video/low/seg-00003.m4s"
    path.write_bytes(bytes(path.stat().st_size))


def zeroed_media(package: Path) -> None:
    """All boxes stay, the pictures in them are gone, as after a crash of the file system."""
    path = package / "video/low/seg-00003.m4s"
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    size = int.from_bytes(data[at - 8 : at - 4], "big") - 8
    data[at : at + size] = bytes(size)
    path.write_bytes(data)


def empty(package: Path) -> None:
    (package / SOUND / "seg-00002.m4s").write_bytes(b"")


def late(package: Path) -> None:
    """All times of a segment 0.2 s later."""
    path = package / "video/two/seg-00002.m4s"
    data = bytearray(path.read_bytes())
    scale = measure_track(package / "video/two/index.m3u8", root=package).timescale
    for match in re.finditer(b"tfdt", bytes(data)):
        wide = data[match.end()] == 1
        at, size = match.end() + 4, 8 if wide else 4
        time = int.from_bytes(data[at : at + size], "big") + scale // 5
        data[at : at + size] = time.to_bytes(size, "big")
    path.write_bytes(data)


def wrong_init(package: Path) -> None:
    shutil.copy(package / "video/low/init.mp4", package / "video/one/init.mp4")


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (cut_short, {("ISO/IEC 23000-19 7.3.2", "video/one/seg-00004.m4s")}),
        (
            swapped_places,
            {("Apple 7.3", "video/one/seg-00002.m4s"), ("ingest payload", "video/one/seg-00001.m4s")},
        ),
        (
            swapped_rungs,
            {("ingest payload", "video/one/seg-00002.m4s"), ("ingest payload", "video/two/seg-00002.m4s")},
        ),
        (swapped_trick_pictures, {("ingest payload", "trick/seg-00001.m4s")}),
        (flipped, {("ingest payload", "video/one/seg-00002.m4s")}),
        (zeroed, {("ISO/IEC 23000-19 7.3.2", "video/low/seg-00003.m4s")}),
        (
            zeroed_media,
            {("ingest payload", "video/low/seg-00003.m4s"), ("ingest decode", "video/low/seg-00003.m4s")},
        ),
        (empty, {("ingest files", "audio/und-stereo/index.m3u8")}),
        (late, {("Apple 7.3", "video/two/seg-00002.m4s"), ("ingest picture", "video/two/seg-00002.m4s")}),
        (wrong_init, {("ingest size", "video/one/index.m3u8"), ("ingest decode", "video/one/seg-00001.m4s")}),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_each_damage_is_found_by_the_default(
    job: Before, tmp_path: Path, damage: Callable[[Path], None], wanted: set[tuple[str, str]]
) -> None:
    package = job.copy(tmp_path / "copy")
    damage(package)
    found = job.call(package)
    assert wanted <= found, found


# -- segments of something else, which are sound by themselves --


def put(from_job: Before, name: str, package: Path) -> None:
    shutil.copy(from_job.work / from_job.arguments[0].package.name / name, package / name)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("other", "video/one/seg-00002.m4s"),
        ("black", "video/low/seg-00003.m4s"),
        ("black", f"{SOUND}/seg-00002.m4s"),
    ],
)
def test_a_segment_of_another_film_or_of_nothing_is_found(
    job: Before, black: Before, other: Before, tmp_path: Path, what: str, name: str
) -> None:
    package = job.copy(tmp_path / "copy")
    put({"other": other, "black": black}[what], name, package)
    assert ("ingest payload", name) in job.call(package)
    by_its_looks = job.call(package, payload=False)
    if name.startswith("video"):
        assert ("ingest picture", name) in by_its_looks
    else:
        assert ("ingest loudness", f"{SOUND}/index.m3u8") in by_its_looks


def test_one_place_of_a_film_at_another_with_its_time_mended_is_found(job: Before, tmp_path: Path) -> None:
    """Segment 3 where segment 2 belongs, its clock set back: only the content is wrong."""
    package = job.copy(tmp_path / "copy")
    second, third = (package / f"video/one/seg-0000{n}.m4s" for n in (2, 3))
    data = bytearray(third.read_bytes())
    scale = measure_track(package / "video/one/index.m3u8", root=package).timescale
    for match in re.finditer(b"tfdt", bytes(data)):
        at, size = match.end() + 4, 8 if data[match.end()] == 1 else 4
        time = int.from_bytes(data[at : at + size], "big") - 2 * scale
        data[at : at + size] = time.to_bytes(size, "big")
    second.write_bytes(data)
    assert {rule for rule, _ in job.call(package)} >= {"ingest payload", "ingest picture"}
    assert ("ingest picture", "video/one/seg-00002.m4s") in job.call(package, payload=False)


# -- encoders that fail silently: exit 0, files that play --


def run_with(
    change: Callable[[list[str]], list[str]], source: Path, presets: Path, work: Path
) -> tuple[Record, set[tuple[str, str]]]:
    """A job whose encode command is changed; its record, and the rules and places that are broken."""
    original, broken = encoding.encode_arguments, []

    def recorded(folder: Path, **options: Any) -> Report:
        report = verify(folder, **options)
        broken.extend((f.rule, f.place) for f in report.must)
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(work / "home"))
        patch.setattr(encoding, "encode_arguments", lambda *a, **o: tuple(change(list(original(*a, **o)))))
        patch.setattr(verifying_package, "verify", recorded)
        record = ingest.run(source, "low", work / "out", preset_dir=presets, allow_damage=True)
    return record, set(broken)


def in_graph(pattern: str, new: str) -> Callable[[list[str]], list[str]]:
    """A change of the first match of `pattern` in the command's filters."""

    def change(arguments: list[str]) -> list[str]:
        for at, before in enumerate(arguments):
            if before == "-filter_complex" and re.search(pattern, arguments[at + 1]):
                arguments[at + 1] = re.sub(pattern, new, arguments[at + 1], count=1)
                return arguments
        raise AssertionError(pattern)

    return change


silenced = in_graph(r"asplit=2(\[\w+\])(\[\w+\])", r"asplit=2[loud]\2;[loud]volume=0:enable=gte(t\\,3)\1")
"""The sound that the encoder is given is silent from 3 s on; what measures it hears it as it was."""


def stops_early(arguments: list[str]) -> list[str]:
    """The rung ends after 60 of 175 pictures."""
    at = arguments.index("rungs/low.mp4")
    return [*arguments[:at], "-frames:v", "60", *arguments[at:]]


RUNG = "setparams=color_primaries=bt709"
"""The last filter of a rung, which nothing else has."""


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (stops_early, ("ingest picture", "video/low/index.m3u8")),
        (
            in_graph(RUNG, f"drawbox=t=fill:color=black:enable=gte(t\\,3.9),{RUNG}"),
            ("ingest picture", "video/low/seg-00003.m4s"),
        ),
        (in_graph(RUNG, f"vflip,{RUNG}"), ("ingest picture", "video/low/seg-00001.m4s")),
        (silenced, ("ingest loudness", f"{SOUND}/index.m3u8")),
    ],
    ids=["stops early", "black from 4 s on", "upside down", "silent from 3 s on"],
)
def test_an_encoder_that_fails_silently_is_found(
    clips: Clips,
    presets: Path,
    tmp_path: Path,
    change: Callable[[list[str]], list[str]],
    wanted: tuple[str, str],
) -> None:
    """Also where damage is allowed: it is the encoder's, and the source has more to show."""
    record, broken = run_with(change, film(clips, MOVING, TONE), presets, tmp_path)
    assert record.error is not None
    assert record.error.code == codes.VERIFICATION_FAILED.number
    assert wanted in broken
    assert not (tmp_path / "out/ABR.m3u8").exists()


def test_what_cannot_even_be_measured_is_said_of_the_source(
    clips: Clips, presets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the packager ends with 0 and has written one rendition less."""

    def measured(package: Path, plan: Any) -> Any:
        (package / "trick/index.m3u8").unlink()
        return original(package, plan)

    original = generating_hls_service_files.measured
    monkeypatch.setattr(generating_hls_service_files, "measured", measured)
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    source = film(clips, MOVING, TONE)
    record = ingest.run(source, "low", tmp_path / "out", preset_dir=presets)
    assert record.error is not None
    assert (record.error.code, record.error.step) == (9322, "Generating HLS Service Files")
    assert record.error.message == (
        f"the package made of {source.name} is not as planned and was not published: "
        "trick/index.m3u8: found the file is missing, wanted a regular file"
    )
