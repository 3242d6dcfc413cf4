"""Claiming, locking and publishing the output folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.job import codes
from ingest.job.errors import BusyError, IngestError, OutputError, exit_code_of
from ingest.pipeline.output_folder import ENTRIES, not_writable, read_job_file
from ingest.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

OLD = "j00000000-0000-4000-8000-000000000001"
NEW = "j00000000-0000-4000-8000-000000000002"
NEEDS_PERMISSIONS = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
EXCHANGE = "ingest.pipeline.workspace._rename_exchange"


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"clip")
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def claim(output: Path, source: Path) -> Iterator[Callable[..., Workspace]]:
    """Claims the output folder and lets go of it at the end."""
    claimed: list[Workspace] = []

    def take(job_id: str = NEW, *, force: bool = False, folder: Path = output) -> Workspace:
        claimed.append(Workspace.claim(folder, source, job_id, force=force))
        return claimed[-1]

    yield take
    for one in claimed:
        one.release()


def tree(folder: Path) -> dict[str, str]:
    """Every file below `folder` with its text; folders without files with a slash."""
    return {
        p.relative_to(folder).as_posix() + ("/" if p.is_dir() else ""): "" if p.is_dir() else p.read_text()
        for p in sorted(folder.rglob("*"))
        if p.is_file() or not any(p.iterdir())
    }


def record(folder: Path, status: str, job_id: str = OLD, step: int = 118, files: Iterable[str] = ()) -> None:
    document = {
        "jobId": job_id,
        "status": status,
        "schemaVersion": 1,
        "steps": [{"code": 117}, {"code": step}],
        "files": list(files),
        "process": {"pid": 7, "host": "box", "started": None},
    }
    (folder / "job.json").write_text(json.dumps(document))


def fill(package: Path, mark: str, *, audio: bool = True) -> None:
    media = (
        "video/hd/init.mp4",
        "text/en/index.m3u8",
        "telemetry/klv.json",
        "trick/init.mp4",
        "mp4/hd.mp4",
        "thumbnails/a.zip",
    )
    for name in (*media, "previews/1.jpg", "info/abr.json", "poster.jpg"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(mark)
    if audio:
        (package / "audio").mkdir()
        (package / "audio/init.mp4").write_text(mark)
    for name in ("manifest.mpd", "ABR.m3u8"):
        (package / name).write_text(mark)


def filled(mark: str, *, audio: bool = True) -> dict[str, str]:
    names = ["video/hd/init.mp4", "previews/1.jpg", "info/abr.json", "poster.jpg", "manifest.mpd", "ABR.m3u8"]
    names += ["text/en/index.m3u8", "telemetry/klv.json", "trick/init.mp4", "mp4/hd.mp4", "thumbnails/a.zip"]
    return dict.fromkeys([*names, *(["audio/init.mp4"] if audio else [])], mark)


def finished(output: Path) -> None:
    """A package of an earlier job, and a file and a folder that a person put there."""
    output.mkdir()
    fill(output, "old")
    record(output, "COMPLETED", files=filled("old"))
    (output / "notes.txt").write_text("mine")
    (output / "extra").mkdir()
    (output / "extra/deep.txt").write_text("mine too")
    (output / "link").symlink_to("notes.txt")
    (output / ".work-of-mine").mkdir()
    (output / ".work-of-mine/x").write_text("mine as well")


FOREIGN = {
    ".work-of-mine/x": "mine as well",
    "notes.txt": "mine",
    "extra/deep.txt": "mine too",
    "link": "mine",
}


def refusal(take: Callable[..., Workspace], *, force: bool = False) -> tuple[int, int, str, str]:
    with pytest.raises(IngestError) as caught:
        take(force=force)
    error = caught.value
    return error.code.number, exit_code_of(error), error.message, error.remedy


# --- claiming ---


def test_a_new_folder_is_made_with_its_parents(claim: Callable[..., Workspace], tmp_path: Path) -> None:
    output = tmp_path / "a/b/out"
    workspace = claim(folder=output)
    assert tree(output) == {
        f".work-{NEW}/package/": "",
        f".work-{NEW}/temporary/": "",
        f".work-{NEW}/reserve": "\0" * 32768,  # room for the record, should the disk fill up
    }
    assert (workspace.output, workspace.job_id, workspace.replaces, workspace.created) == (
        output,
        NEW,
        False,
        True,
    )
    assert workspace.package == output / f".work-{NEW}/package"
    assert workspace.temporary == output / f".work-{NEW}/temporary"


def test_an_empty_folder_is_taken(claim: Callable[..., Workspace], output: Path) -> None:
    output.mkdir()
    workspace = claim()
    assert (workspace.replaces, workspace.created) == (False, False)


def test_a_link_to_a_folder_is_taken(claim: Callable[..., Workspace], output: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    output.symlink_to("real")
    fill(claim().package, "new")
    assert (tmp_path / "real" / f".work-{NEW}/package/ABR.m3u8").exists()


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "EXECUTING", "SUBMITTED"])
def test_the_folder_of_a_job_that_made_nothing_is_taken(
    claim: Callable[..., Workspace], output: Path, status: str
) -> None:
    output.mkdir()
    record(output, status)
    (output / "notes.txt").write_text("mine")
    assert claim().replaces is False
    assert (output / "notes.txt").read_text() == "mine"


def test_a_finished_package_is_not_replaced_without_force(
    claim: Callable[..., Workspace], output: Path
) -> None:
    finished(output)
    before = tree(output)
    assert refusal(claim) == (
        codes.OUTPUT_EXISTS.number,
        4,
        f"{output} already holds a package (job {OLD})",
        "add --force to replace it, or name another folder with -o",
    )
    assert tree(output) == before


def test_with_force_it_is_claimed_and_still_stands(claim: Callable[..., Workspace], output: Path) -> None:
    finished(output)
    before = tree(output)
    workspace = claim(force=True)
    assert workspace.replaces is True
    workspace.discard()
    assert tree(output) == before


def test_a_package_without_its_master_playlist_is_what_a_crash_left(
    claim: Callable[..., Workspace], output: Path
) -> None:
    finished(output)
    (output / "ABR.m3u8").unlink()
    record(output, "EXECUTING", step=205)
    assert claim().replaces is True


@pytest.mark.parametrize(("status", "step"), [("FAILED", 117), ("EXECUTING", 9001), ("COMPLETED", 118)])
def test_a_person_s_own_folders_beside_a_record_are_never_touched(
    claim: Callable[..., Workspace], output: Path, status: str, step: int
) -> None:
    """They happen to be called like a package's, but no run can have left them."""
    (output / "video").mkdir(parents=True)
    (output / "video/holiday.txt").write_text("precious")
    record(output, status, step=step)
    before = tree(output)
    assert refusal(claim)[0] == codes.OUTPUT_NOT_OURS.number
    assert refusal(claim, force=True)[0] == codes.OUTPUT_NOT_OURS.number
    assert tree(output) == before


def test_a_person_s_own_file_inside_a_package_is_never_replaced(
    claim: Callable[..., Workspace], output: Path
) -> None:
    finished(output)
    (output / "video/hd/holiday.txt").write_text("precious")
    before = tree(output)
    number, exit_code, line, _ = refusal(claim, force=True)
    assert (number, exit_code) == (codes.OUTPUT_NOT_OURS.number, 4)
    assert line.endswith("(such as video/hd/holiday.txt)")
    assert tree(output) == before


def test_the_old_package_gets_its_record_back(claim: Callable[..., Workspace], output: Path) -> None:
    finished(output)
    before = tree(output)
    workspace = claim(force=True)
    record(output, "EXECUTING", NEW)
    workspace.discard()
    assert tree(output) == before


def test_the_old_package_gets_its_record_back_after_a_run_was_killed(
    claim: Callable[..., Workspace], output: Path, source: Path
) -> None:
    finished(output)
    before = tree(output)
    dead = claim(force=True)
    record(output, "EXECUTING", NEW)
    dead.release()
    assert refusal(claim)[0] == codes.OUTPUT_EXISTS.number
    assert tree(output) == before


def test_an_old_package_that_a_killed_run_had_moved_aside_is_put_back(
    claim: Callable[..., Workspace], output: Path
) -> None:
    finished(output)
    before = tree(output)
    dead = claim(force=True)
    record(output, "EXECUTING", NEW, step=205)
    aside = dead.work / "replaced"
    aside.mkdir()
    for name in ("ABR.m3u8", "manifest.mpd", "video", "audio"):
        (output / name).rename(aside / name)
    (output / "video").mkdir()
    (output / "video/new.mp4").write_text("new")
    for name in ("previews", "text", "telemetry", "trick", "mp4", "thumbnails", "info", "poster.jpg"):
        (output / name).rename(aside / name)
    dead.release()
    assert refusal(claim)[0] == codes.OUTPUT_EXISTS.number
    assert tree(output) == before


@pytest.mark.parametrize("force", [False, True])
def test_the_folder_behind_a_link_is_the_one_that_is_filled(
    claim: Callable[..., Workspace], output: Path, tmp_path: Path, source: Path, force: bool
) -> None:
    if force:
        finished(output)
    else:
        output.mkdir()
    link = tmp_path / "link"
    link.symlink_to(output)
    workspace = Workspace.claim(link, source, NEW, force=force)
    fill(workspace.package, "new")
    workspace.publish()
    workspace.release()
    assert link.is_symlink()
    assert (output / "ABR.m3u8").read_text() == "new"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "foreign",
    [
        {"holiday.jpg": "x"},
        {"job.json": "not json"},
        {"job.json": "[]"},
        {"job.json": '{"jobId": "1", "schemaVersion": 1}'},
        {"job.json": '{"jobId": "j1"}'},
        {"video/x.mp4": "x"},
        {".hidden": "x"},
        {".work-of-mine/x": "x"},
    ],
    ids=",".join,
)
def test_a_folder_that_is_not_ours_is_never_touched(
    claim: Callable[..., Workspace], output: Path, foreign: dict[str, str], force: bool
) -> None:
    for name, text in foreign.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(text)
    assert refusal(claim, force=force) == (
        codes.OUTPUT_NOT_OURS.number,
        4,
        f"the folder {output} holds files that ingest did not make",
        "name another folder with -o",
    )
    assert tree(output) == foreign


def test_a_file_in_the_way(claim: Callable[..., Workspace], output: Path) -> None:
    output.write_text("x")
    assert refusal(claim) == (
        codes.OUTPUT_NOT_WRITABLE.number,
        4,
        f"the output {output} is a file",
        "name a folder with -o",
    )


def test_a_file_among_the_parents(claim: Callable[..., Workspace], source: Path) -> None:
    with pytest.raises(OutputError) as caught:
        claim(folder=source / "out")
    assert caught.value.code is codes.OUTPUT_NOT_WRITABLE
    assert caught.value.message.endswith("clip.mp4/out cannot be written (Not a directory)")


def test_a_name_that_is_too_long(claim: Callable[..., Workspace], tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        claim(folder=tmp_path / ("x" * 300))
    assert caught.value.code is codes.OUTPUT_NOT_WRITABLE
    assert caught.value.message.endswith("cannot be written (File name too long)")


@NEEDS_PERMISSIONS
def test_a_folder_that_may_not_be_written(claim: Callable[..., Workspace], output: Path) -> None:
    output.mkdir(mode=0o555)
    assert refusal(claim) == (
        9310,
        4,
        f"the output folder {output} cannot be written (Permission denied)",
        "name another folder with -o",
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EROFS, 9310),
        (errno.EACCES, 9310),
        (errno.ENOSPC, 9317),
        (errno.EDQUOT, 9317),
        (errno.EFBIG, 9317),
    ],
)
def test_what_the_systems_errors_mean(number: int, code: int) -> None:
    assert not_writable(Path("/srv/out"), OSError(number, os.strerror(number))).code.number == code


def test_a_folder_that_was_made_for_nothing_goes_again(
    claim: Callable[..., Workspace], output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def no_space(path: Path, *arguments: object, **named: object) -> None:
        if path.name == "package":
            raise OSError(errno.ENOSPC, "No space left on device")
        make(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("pathlib.Path.mkdir", no_space)
    assert refusal(claim)[:2] == (9317, 6)
    assert not output.exists()


# --- the source ---


def test_the_output_may_not_be_the_source(claim: Callable[..., Workspace], source: Path) -> None:
    with pytest.raises(OutputError) as caught:
        claim(folder=source)
    assert (caught.value.code, caught.value.message) == (
        codes.OUTPUT_IS_SOURCE,
        f"the output {source} is the source itself",
    )


def test_nor_a_link_to_it(claim: Callable[..., Workspace], source: Path, output: Path) -> None:
    output.symlink_to(source)
    assert refusal(claim)[0] == codes.OUTPUT_IS_SOURCE.number


def test_a_source_inside_a_package_is_never_replaced(output: Path) -> None:
    finished(output)
    inside = output / "video/hd/init.mp4"
    with pytest.raises(OutputError) as caught:
        Workspace.claim(output, inside, NEW, force=True)
    assert (caught.value.code, caught.value.message) == (
        codes.OUTPUT_IS_SOURCE,
        f"the source lies inside the output folder {output}",
    )
    assert inside.read_text() == "old"


def test_the_sources_own_folder_is_not_ours(source: Path) -> None:
    with pytest.raises(OutputError) as caught:
        Workspace.claim(source.parent, source, NEW, force=True)
    assert caught.value.code is codes.OUTPUT_NOT_OURS
    assert source.read_bytes() == b"clip"


# --- the lock ---


def test_two_claims_of_one_folder(claim: Callable[..., Workspace], output: Path) -> None:
    claim()
    record(output, "EXECUTING", NEW)
    with pytest.raises(BusyError) as caught:
        claim(OLD, force=True)
    assert (caught.value.code, exit_code_of(caught.value), caught.value.line) == (
        codes.OUTPUT_BUSY,
        7,
        (
            f"{output} is in use by job {NEW} (process 7 on box); "
            "wait for it to end, or name another folder with -o"
        ),
    )
    assert (output / f".work-{NEW}/package").is_dir()


def test_a_holder_that_wrote_no_record_yet(claim: Callable[..., Workspace], output: Path) -> None:
    claim()
    assert refusal(claim)[2] == f"{output} is in use by another run"


def test_the_lock_ends_with_its_release(claim: Callable[..., Workspace]) -> None:
    first = claim()
    first.discard()
    first.release()
    assert claim(OLD).output == first.output


def test_a_refused_claim_holds_no_lock(claim: Callable[..., Workspace], output: Path) -> None:
    finished(output)
    for _ in range(2):
        assert refusal(claim)[0] == 9312
    claim(force=True)


def test_release_twice(claim: Callable[..., Workspace]) -> None:
    """The second time it lets nothing go that is another's by then."""
    workspace = claim()
    workspace.release()
    other = claim()
    workspace.release()
    assert refusal(claim)[0] == codes.OUTPUT_BUSY.number
    other.release()


def test_a_folder_without_anything_goes_with_its_release(
    claim: Callable[..., Workspace], output: Path
) -> None:
    workspace = claim()
    workspace.discard()
    workspace.release()
    assert not output.exists()


def test_a_folder_that_was_there_stays(claim: Callable[..., Workspace], output: Path) -> None:
    output.mkdir()
    workspace = claim()
    workspace.discard()
    workspace.release()
    assert list(output.iterdir()) == []


# --- leftovers of runs that died ---


def test_leftovers_go_and_nothing_else_does(
    claim: Callable[..., Workspace], output: Path, tmp_path: Path
) -> None:
    finished(output)
    before = tree(output)
    (output / f".work-{OLD}/package/video").mkdir(parents=True)
    (output / ".job.json.123.tmp").write_text("half")
    fill(tmp_path / f".out.{OLD}", "half-moved")
    (tmp_path / ".out.mine").mkdir()
    (tmp_path / f".other.{OLD}").mkdir()
    workspace = claim(force=True)
    workspace.discard()
    assert tree(output) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["clip.mp4", "out", ".out.mine", f".other.{OLD}"]
    )


@pytest.mark.parametrize("left", [f".work-{OLD}/package/x", ".job.json.123.tmp"])
def test_a_run_that_died_before_its_first_record_leaves_the_folder_ours(
    claim: Callable[..., Workspace], output: Path, left: str
) -> None:
    (output / left).parent.mkdir(parents=True)
    (output / left).write_text("x")
    workspace = claim()
    assert workspace.replaces is False
    assert tree(output) == {
        f".work-{NEW}/package/": "",
        f".work-{NEW}/temporary/": "",
        f".work-{NEW}/reserve": "\0" * 32768,  # room for the record, should the disk fill up
    }


# --- publishing ---


@pytest.fixture(params=[True, False], ids=["exchange", "no exchange"])
def with_exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways to replace a package; a file system may lack the first."""
    if not request.param:
        monkeypatch.setattr(EXCHANGE, lambda *_: False)
    return bool(request.param)


def test_publishing_into_an_empty_folder(claim: Callable[..., Workspace], output: Path) -> None:
    workspace = claim()
    fill(workspace.package, "new")
    (workspace.temporary / "rung.mp4").write_text("x")
    record(output, "EXECUTING", NEW)
    job = (output / "job.json").read_text()
    workspace.publish()
    assert tree(output) == filled("new") | {"job.json": job}


def test_playlists_come_last_and_the_hls_master_very_last(
    claim: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = claim()
    fill(workspace.package, "new")
    moved: list[str] = []
    rename = Path.rename

    def spy(path: Path, target: Path) -> Path:
        moved.append(path.name)
        return rename(path, target)

    monkeypatch.setattr("pathlib.Path.rename", spy)
    workspace.publish()
    media = [
        "audio",
        "info",
        "mp4",
        "poster.jpg",
        "previews",
        "telemetry",
        "text",
        "thumbnails",
        "trick",
        "video",
    ]
    assert moved == [*media, "manifest.mpd", "ABR.m3u8"]


@pytest.mark.usefixtures("with_exchange")
def test_replacing_takes_all_of_the_old_package_and_nothing_of_others(
    claim: Callable[..., Workspace], output: Path, tmp_path: Path
) -> None:
    finished(output)
    workspace = claim(force=True)
    fill(workspace.package, "new", audio=False)
    record(output, "EXECUTING", NEW)
    job = (output / "job.json").read_text()
    workspace.publish()
    assert tree(output) == filled("new", audio=False) | {"job.json": job} | FOREIGN
    assert (output / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "out"]


@pytest.mark.usefixtures("with_exchange")
def test_the_published_folder_is_still_locked(claim: Callable[..., Workspace], output: Path) -> None:
    finished(output)
    workspace = claim(force=True)
    fill(workspace.package, "new")
    workspace.publish()
    with pytest.raises(BusyError):
        claim(OLD, force=True)
    workspace.release()
    claim(OLD, force=True)


def test_a_reader_never_meets_a_mixture(
    claim: Callable[..., Workspace], output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the exchange: whenever a playlist is there, all that it names is of the same package."""
    monkeypatch.setattr(EXCHANGE, lambda *_: False)
    finished(output)
    workspace = claim(force=True)
    fill(workspace.package, "new")
    seen: set[tuple[str, ...]] = set()
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        result = rename(path, target)
        for master in ("ABR.m3u8", "manifest.mpd"):
            if (output / master).exists():
                marks = [(output / n).read_text() if (output / n).exists() else "" for n in filled("")]
                own = (output / master).read_text()
                others = {
                    m for m, n in zip(marks, filled(""), strict=True) if n not in {"ABR.m3u8", "manifest.mpd"}
                }
                seen.add((own, *sorted(others)))
        return result

    monkeypatch.setattr("pathlib.Path.rename", look)
    workspace.publish()
    assert seen <= {("old", "old"), ("new", "new")}
    assert ("new", "new") in seen


@pytest.mark.parametrize("at", range(1, 15))
def test_a_failure_while_moving_puts_everything_back(
    claim: Callable[..., Workspace], output: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(Workspace, "_exchange", lambda _: False)
    finished(output)
    before = tree(output)
    workspace = claim(force=True)
    fill(workspace.package, "new")
    rename, count = Path.rename, 0

    def failing(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == at:
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr("pathlib.Path.rename", failing)
    with pytest.raises(OSError, match="Input/output error"):
        workspace.publish()
    workspace.discard()
    assert tree(output) == before


def test_a_failing_exchange_falls_back_without_a_trace(
    claim: Callable[..., Workspace], output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> bool:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(EXCHANGE, forbidden)
    finished(output)
    workspace = claim(force=True)
    fill(workspace.package, "new")
    job = (output / "job.json").read_text()
    workspace.publish()
    assert tree(output) == filled("new") | {"job.json": job} | FOREIGN
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "out"]


def test_a_long_name_is_exchanged_too(claim: Callable[..., Workspace], tmp_path: Path) -> None:
    output = tmp_path / ("日" * 80)
    finished(output)
    inode = output.stat().st_ino
    workspace = claim(force=True, folder=output)
    fill(workspace.package, "new")
    workspace.publish()
    assert (output / "ABR.m3u8").read_text() == "new"
    assert output.stat().st_ino != inode  # another folder under the same name


def test_entries_are_all_that_a_package_has() -> None:
    assert set(ENTRIES) == {n.split("/")[0] for n in filled("x")}


# --- the record of others ---


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "\xff", '"job"'])
def test_a_job_file_that_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "job.json").write_bytes(text.encode("latin-1"))
    assert read_job_file(tmp_path) == {}


def test_a_job_file_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    assert read_job_file(tmp_path) == {}
    (tmp_path / "job.json").mkdir()
    assert read_job_file(tmp_path) == {}


@pytest.mark.parametrize("process", ["null", "7", '"x"', "[]", "{}"])
def test_a_strange_record_of_a_holder(claim: Callable[..., Workspace], output: Path, process: str) -> None:
    claim()
    (output / "job.json").write_text(f'{{"jobId": "{OLD}", "process": {process}}}')
    assert refusal(claim)[2] == f"{output} is in use by job {OLD} (process ? on ?)"
