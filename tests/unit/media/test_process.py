"""The programs here are Python and coreutils: starting, watching and confining do not depend on ffmpeg."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.job import codes
from ingest.job.errors import Cancelled, IngestError, ProcessingError, ResourceError, ToolError
from ingest.media import process
from ingest.media.cancel import CancelToken
from ingest.media.process import Command, Completed, Confinement, Limits

PYTHON = os.path.realpath(sys.executable)
PREFIX = Path(sys.base_prefix)
HAD = process.protections()
needs_landlock = pytest.mark.skipif(HAD.landlock_abi is None, reason="this kernel has no Landlock")
needs_network_closed = pytest.mark.skipif(not HAD.network, reason="this kernel cannot close the network")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def python(
    cwd: Path,
    code: str,
    *arguments: object,
    limits: Limits | None = None,
    read: tuple[Path, ...] = (),
    write: tuple[Path, ...] = (),
    descriptors: tuple[int, ...] = (),
) -> Command:
    confinement = Confinement(read=(PREFIX, *read), write=write, descriptors=descriptors)
    argv = (PYTHON, "-I", "-S", "-c", textwrap.dedent(code), *map(str, arguments))
    return Command(argv, cwd, confinement, limits or Limits())


def program(cwd: Path, *argv: str, limits: Limits | None = None, write: tuple[Path, ...] = ()) -> Command:
    return Command(argv, cwd, Confinement(write=write), limits or Limits())


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_gone(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(pid)


def test_output_status_and_times(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('out'); sys.stderr.write('a\\nb\\n'); sys.exit(3)"
    command = python(tmp_path, code)
    done = process.run(command)
    assert done == Completed(command, 3, b"out", "a\nb", done.seconds, done.cpu_seconds, None)
    assert 0 < done.cpu_seconds < done.seconds + 0.1 < 10
    assert done.signal is None


def test_lines_go_to_the_callback_and_are_not_kept(tmp_path: Path) -> None:
    lines: list[str] = []
    code = r"import os; os.write(1, b'one\ncaf\xc3\xa9 \xff\r\nlast')"
    done = process.run(python(tmp_path, code), on_stdout_line=lines.append)
    assert (lines, done.stdout) == (["one", "café \ufffd", "last"], b"")


def test_floods_on_both_streams_neither_block_nor_grow(tmp_path: Path) -> None:
    code = """
        import os
        for _ in range(1000):
            os.write(2, b"e" * 9999 + b"\\n")
            os.write(1, b"o" * 9999 + b"\\n")
        os.write(2, b"the end\\n")
    """
    done = process.run(python(tmp_path, code))
    assert len(done.stdout) == 10_000_000
    assert done.stderr.endswith("\nthe end")
    assert len(done.stderr) <= 16 * 1024


def test_more_stdout_than_allowed_is_an_error_and_ends_the_program(tmp_path: Path) -> None:
    code = "import os\nwhile True: os.write(1, b'x' * 65536)"
    with pytest.raises(ProcessingError) as caught:
        process.run(python(tmp_path, code), stdout_limit=1_000_000)
    assert caught.value.code is codes.TOOL_KILLED
    assert "wrote more than 1000000 bytes to its standard output" in caught.value.line


def test_stdin_is_empty_and_the_session_is_its_own(tmp_path: Path) -> None:
    code = "import os, sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpgid(0) == os.getpid())"
    assert process.run(python(tmp_path, code)).stdout == b"'' True\n"


def test_the_programs_environment_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nonexistent")
    done = process.run(program(tmp_path, "/usr/bin/env", "-0"))
    assert sorted(done.stdout.decode().rstrip("\0").split("\0")) == [
        f"HOME={tmp_path}",
        "LANG=C.UTF-8",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "SVT_LOG=1",
        f"TMPDIR={tmp_path}",
    ]


@linux_only
def test_signals_have_their_default_action_again(tmp_path: Path) -> None:
    status = process.run(program(tmp_path, "/bin/cat", "/proc/self/status")).stdout.decode()
    ignored = int(next(line for line in status.splitlines() if line.startswith("SigIgn:")).split()[1], 16)
    names = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGXFSZ)
    assert [name for name in names if ignored >> (name - 1) & 1] == []


@linux_only
def test_nothing_is_left_open_or_running_in_this_process(tmp_path: Path) -> None:
    def opened() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = opened()
    for _ in range(3):
        process.run(python(tmp_path, "print(1)"))
        with pytest.raises(ToolError):
            process.run(program(tmp_path, "/nonexistent"))
        with pytest.raises(ZeroDivisionError):
            process.run(python(tmp_path, "print(1)"), on_stdout_line=lambda _: 1 // 0)
    assert opened() == before


def test_runs_in_another_thread(tmp_path: Path) -> None:
    results: list[bytes] = []
    command = python(tmp_path, "print('here')")
    thread = threading.Thread(target=lambda: results.append(process.run(command).stdout))
    thread.start()
    thread.join(10)
    assert results == [b"here\n"]


def test_a_program_that_exits_with_the_launchers_own_status(tmp_path: Path) -> None:
    assert process.run(program(tmp_path, "/bin/sh", "-c", "exit 127")).returncode == 127


class TestWithoutPidfd:
    """A kernel before 5.3, or a sandbox that refuses the call."""

    @pytest.fixture(autouse=True)
    def no_pidfd(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "_open_pidfd", lambda pid: None)

    def test_end(self, tmp_path: Path) -> None:
        done = process.run(python(tmp_path, "print('out'); raise SystemExit(4)"))
        assert (done.returncode, done.stdout, done.limit) == (4, b"out\n", None)

    def test_end_after_closing_its_output(self, tmp_path: Path) -> None:
        done = process.run(program(tmp_path, "/bin/sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 5"))
        assert done.returncode == 5

    def test_stall(self, tmp_path: Path) -> None:
        done = process.run(program(tmp_path, "/bin/sleep", "60", limits=Limits(stall_seconds=0.5)))
        assert (done.limit, done.returncode) == ("stall", -signal.SIGTERM)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ToolError, match="No such file or directory"):
            process.run(program(tmp_path, "/nonexistent/ffmpeg"))


class TestNotStarted:
    def refused(self, command: Command) -> str:
        with pytest.raises(ToolError) as caught:
            process.run(command)
        assert caught.value.code is codes.TOOL_MISSING
        return caught.value.message

    def test_missing(self, tmp_path: Path) -> None:
        message = self.refused(program(tmp_path, "/nonexistent/ffmpeg"))
        assert message == "/nonexistent/ffmpeg cannot be executed: No such file or directory"

    def test_not_executable(self, tmp_path: Path) -> None:
        file = tmp_path / "ffmpeg"
        file.write_bytes(b"\x7fELF")
        assert self.refused(program(tmp_path, str(file))) == f"{file} cannot be executed: Permission denied"

    def test_a_text_file(self, tmp_path: Path) -> None:
        file = tmp_path / "ffmpeg"
        file.write_text("hello\n")
        file.chmod(0o755)
        assert self.refused(program(tmp_path, str(file))) == f"{file} cannot be executed: Exec format error"

    def test_a_script_without_its_interpreter(self, tmp_path: Path) -> None:
        file = tmp_path / "ffmpeg"
        file.write_text("#!/nonexistent/sh\n")
        file.chmod(0o755)
        message = self.refused(program(tmp_path, str(file)))
        assert message == f"{file} cannot be executed: its interpreter or loader is missing"

    def test_no_such_folder(self, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        message = self.refused(program(gone, "/bin/true"))
        assert message == f"/bin/true cannot be started in {gone}: No such file or directory"


class TestCancel:
    def test_before_the_start(self, tmp_path: Path) -> None:
        token = CancelToken()
        token.cancel(15)
        with pytest.raises(Cancelled) as caught:
            process.run(program(tmp_path, "/bin/touch", "made"), cancel=token)
        assert caught.value.signal_number == 15
        assert list(tmp_path.iterdir()) == []

    @linux_only
    def test_ends_the_program_and_its_children(self, tmp_path: Path) -> None:
        code = """
            import os, subprocess, time
            child = subprocess.Popen(["/bin/sleep", "60"])
            print(os.getpid(), child.pid, flush=True)
            time.sleep(60)
        """
        pids: list[int] = []
        token = CancelToken()

        def cancel(line: str) -> None:
            pids.extend(map(int, line.split()))
            token.cancel()

        started = time.monotonic()
        with pytest.raises(Cancelled):
            process.run(python(tmp_path, code), cancel=token, on_stdout_line=cancel)
        assert time.monotonic() - started < 30
        assert len(pids) == 2
        assert [wait_until_gone(pid) for pid in pids] == [True, True]

    @linux_only
    def test_kills_what_ignores_sigterm_after_a_second(self, tmp_path: Path) -> None:
        code = """
            import os, signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print(os.getpid(), flush=True)
            time.sleep(60)
        """
        pids: list[int] = []
        token = CancelToken()

        def cancel(line: str) -> None:
            pids.append(int(line))
            token.cancel()

        with pytest.raises(Cancelled):
            process.run(python(tmp_path, code), cancel=token, on_stdout_line=cancel)
        assert [running(pid) for pid in pids] == [False]

    def test_lets_a_program_finish_its_file(self, tmp_path: Path) -> None:
        code = """
            import pathlib, signal, sys, time
            def finish(*_):
                pathlib.Path("trailer").write_text("written")
                sys.exit(255)
            signal.signal(signal.SIGTERM, finish)
            print("ready", flush=True)
            time.sleep(60)
        """
        token = CancelToken()
        with pytest.raises(Cancelled):
            process.run(
                python(tmp_path, code, write=(tmp_path,)),
                cancel=token,
                on_stdout_line=lambda _: token.cancel(),
            )
        assert (tmp_path / "trailer").read_text() == "written"

    def test_from_another_thread_is_noticed_soon(self, tmp_path: Path) -> None:
        token = CancelToken()
        asked: list[float] = []

        def cancel() -> None:
            asked.append(time.monotonic())
            token.cancel()

        timer = threading.Timer(0.3, cancel)
        timer.start()
        with pytest.raises(Cancelled):
            process.run(program(tmp_path, "/bin/sleep", "60"), cancel=token)
        assert time.monotonic() - asked[0] < 5
        timer.join()

    @linux_only
    def test_an_error_in_the_callback_ends_the_program(self, tmp_path: Path) -> None:
        pids: list[int] = []

        def fail(line: str) -> None:
            pids.append(int(line))
            raise KeyError(line)

        code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
        with pytest.raises(KeyError):
            process.run(python(tmp_path, code), on_stdout_line=fail)
        assert [running(pid) for pid in pids] == [False]


class TestParentsDeath:
    @linux_only
    def test_kill_9_of_the_parent_kills_the_program(self, tmp_path: Path) -> None:
        parent = """
            import sys
            from pathlib import Path
            from ingest.media.process import *
            command = Command(("/bin/sh", "-c", "echo $$; exec sleep 60"), Path("/"), Confinement(), Limits())
            run(command, on_stdout_line=lambda line: print(line, flush=True))
        """
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, text=True
        ) as outer:
            assert outer.stdout is not None
            pid = int(outer.stdout.readline())
            assert running(pid)
            outer.kill()
        assert wait_until_gone(pid)

    @linux_only
    def test_children_of_a_program_that_ended_by_itself_end_too(self, tmp_path: Path) -> None:
        done = process.run(program(tmp_path, "/bin/sh", "-c", "sleep 60 & echo $!"))
        assert done.returncode == 0
        assert done.seconds < 30
        assert wait_until_gone(int(done.stdout))

    @linux_only
    def test_a_child_that_left_the_group_and_holds_the_pipes_does_not_hold_us(self, tmp_path: Path) -> None:
        script = """
            setsid sh -c 'echo $$; touch left; exec sleep 60' &
            until [ -e left ]; do sleep 0.05; done
        """
        done = process.run(program(tmp_path, "/bin/sh", "-c", script, write=(tmp_path,)))
        assert done.seconds < 30
        os.kill(int(done.stdout), signal.SIGKILL)


class TestStallAndWall:
    def test_lines_that_say_nothing_new_are_a_stall(self, tmp_path: Path) -> None:
        code = "import time\nwhile True: print('frame=7', flush=True); time.sleep(0.02)"
        command = python(tmp_path, code, limits=Limits(stall_seconds=0.6))
        done = process.run(command, on_stdout_line=lambda line: line)
        assert (done.limit, done.signal) == ("stall", signal.SIGTERM)
        assert 0.6 <= done.seconds < 30

    def test_lines_that_move_are_none(self, tmp_path: Path) -> None:
        code = "import time\nfor n in range(5): print(n, flush=True); time.sleep(0.5)"
        command = python(tmp_path, code, limits=Limits(stall_seconds=2))
        done = process.run(command, on_stdout_line=lambda line: line)
        assert (done.limit, done.returncode) == (None, 0)
        assert done.seconds > 2.4

    def test_bytes_on_stderr_are_no_progress_when_lines_are_watched(self, tmp_path: Path) -> None:
        code = "import os, time\nwhile True: os.write(2, b'x'); time.sleep(0.02)"
        command = python(tmp_path, code, limits=Limits(stall_seconds=0.6))
        assert process.run(command, on_stdout_line=lambda line: line).limit == "stall"

    def test_a_slow_callback_is_not_the_programs_fault(self, tmp_path: Path) -> None:
        code = "import time\nprint('a', flush=True); time.sleep(2.3); print('b', flush=True)"
        command = python(tmp_path, code, limits=Limits(stall_seconds=1.8))
        done = process.run(command, on_stdout_line=lambda _: time.sleep(2.2))
        assert (done.limit, done.returncode) == (None, 0)

    @linux_only
    def test_a_stopped_program_is_noticed_and_removed(self, tmp_path: Path) -> None:
        script = "echo $$; kill -STOP $$"
        done = process.run(program(tmp_path, "/bin/sh", "-c", script, limits=Limits(stall_seconds=1.5)))
        assert (done.limit, done.signal) == ("stall", signal.SIGTERM)
        assert not running(int(done.stdout))

    def test_wall(self, tmp_path: Path) -> None:
        done = process.run(program(tmp_path, "/bin/sleep", "60", limits=Limits(wall_seconds=0.5)))
        assert (done.limit, done.returncode) == ("wall", -signal.SIGTERM)
        assert 0.5 <= done.seconds < 30


class TestResources:
    def test_a_file_beyond_its_limit(self, tmp_path: Path) -> None:
        argv = ("/bin/dd", "if=/dev/zero", "of=big", "bs=64k", "count=64")
        done = process.run(program(tmp_path, *argv, limits=Limits(file_bytes=1_000_000), write=(tmp_path,)))
        assert done.signal == signal.SIGXFSZ
        assert (tmp_path / "big").stat().st_size == 1_000_000

    def test_memory_beyond_its_limit(self, tmp_path: Path) -> None:
        command = python(tmp_path, "bytearray(300_000_000)", limits=Limits(memory_bytes=200_000_000))
        done = process.run(command)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "MemoryError")

    def test_cpu_time_beyond_its_limit(self, tmp_path: Path) -> None:
        command = program(tmp_path, "/bin/sh", "-c", "while :; do :; done", limits=Limits(cpu_seconds=1))
        done = process.run(command)
        assert done.signal == signal.SIGXCPU
        # The kernel looks only at its ticks, and on a busy machine counts some of them to others.
        assert 0.5 < done.cpu_seconds < 3

    def test_no_core_files(self, tmp_path: Path) -> None:
        code = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
        assert process.run(python(tmp_path, code)).stdout == b"(0, 0)\n"


ATTEMPTS = """
    import json, os, sys
    source, fd, inside, outside = sys.argv[1:]
    def attempt(action):
        try:
            return repr(action())
        except OSError as error:
            return type(error).__name__
    def write(path, flags=os.O_WRONLY | os.O_CREAT):
        os.close(os.open(path, flags))
    print(json.dumps({
        "read inside": attempt(lambda: open(inside + "/given", "rb").read()),
        "write inside": attempt(lambda: write(inside + "/new")),
        "rename inside": attempt(lambda: os.rename(inside + "/new", inside + "/newer")),
        "folder inside": attempt(lambda: os.mkdir(inside + "/folder")),
        "link inside": attempt(lambda: os.symlink("/etc/passwd", inside + "/link")),
        "fifo inside": attempt(lambda: os.mkfifo(inside + "/fifo")),
        "read outside": attempt(lambda: open(outside + "/private", "rb").read()),
        "descriptor": attempt(lambda: open(f"/proc/self/fd/{fd}", "rb").read()),
        "write outside": attempt(lambda: write(outside + "/new")),
        "overwrite outside": attempt(lambda: write(source, os.O_WRONLY)),
        "truncate outside": attempt(lambda: os.truncate(source, 0)),
        "delete outside": attempt(lambda: os.unlink(source)),
        "list outside": attempt(lambda: os.listdir(outside)),
        "move outside": attempt(lambda: os.rename(inside + "/newer", outside + "/moved")),
        "passwd": attempt(lambda: open("/etc/passwd").read()),
        "null": attempt(lambda: write("/dev/null", os.O_RDWR)),
        "parent's environment": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
    }))
"""


class TestConfinement:
    @needs_landlock
    def test_files(self, tmp_path: Path) -> None:
        inside, outside = tmp_path / "inside", tmp_path / "outside"
        inside.mkdir()
        outside.mkdir()
        (inside / "given").write_bytes(b"in")
        source = outside / "source.mp4"
        source.write_bytes(b"media")
        (outside / "private").write_bytes(b"secret")
        descriptor = os.open(source, os.O_RDONLY)
        try:
            command = python(
                inside,
                ATTEMPTS,
                *(source, descriptor, inside, outside),
                write=(inside,),
                descriptors=(descriptor,),
            )
            done = process.run(command)
        finally:
            os.close(descriptor)
        assert done.stderr == ""
        assert json.loads(done.stdout) == {
            "read inside": "b'in'",
            "write inside": "None",
            "rename inside": "None",
            "folder inside": "None",
            "link inside": "PermissionError",
            "fifo inside": "PermissionError",
            "read outside": "PermissionError",
            "descriptor": "b'media'",
            "write outside": "PermissionError",
            "overwrite outside": "PermissionError",
            "truncate outside": "PermissionError",
            "delete outside": "PermissionError",
            "list outside": "PermissionError",
            "move outside": "PermissionError",
            "passwd": "PermissionError",
            "null": "None",
            "parent's environment": "PermissionError",
        }
        assert source.read_bytes() == b"media"
        assert sorted(path.name for path in outside.iterdir()) == ["private", "source.mp4"]

    @needs_landlock
    def test_what_is_given_to_read_is_not_writable(self, tmp_path: Path) -> None:
        given = tmp_path / "given"
        given.write_bytes(b"media")
        code = """
            import sys
            print(open(sys.argv[1], "rb").read())
            open(sys.argv[1], "r+b")
        """
        done = process.run(python(tmp_path, code, given, read=(given,)))
        assert (done.returncode, done.stdout) == (1, b"b'media'\n")
        assert done.stderr.splitlines()[-1] == f"PermissionError: [Errno 13] Permission denied: '{given}'"

    def test_folders_that_are_not_there_do_no_harm(self, tmp_path: Path) -> None:
        done = process.run(python(tmp_path, "print(1)", read=(tmp_path / "a",), write=(tmp_path / "b",)))
        assert (done.returncode, done.stdout) == (0, b"1\n")

    @needs_network_closed
    def test_no_socket_and_no_connection(self, tmp_path: Path) -> None:
        code = """
            import socket, sys
            def attempt(action):
                try:
                    action()
                    return "open"
                except OSError as error:
                    return type(error).__name__
            port, fd = map(int, sys.argv[1:])
            kinds = [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM),
                     (socket.AF_INET6, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_STREAM)]
            print([attempt(lambda: socket.socket(*kind)) for kind in kinds])
            inherited = socket.socket(fileno=fd)
            print(attempt(lambda: inherited.connect(("127.0.0.1", port))))
        """
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            port = server.getsockname()[1]
            command = python(tmp_path, code, port, client.fileno(), descriptors=(client.fileno(),))
            made, connected = process.run(command).stdout.decode().splitlines()
        assert made == str(["PermissionError"] * 4)
        assert connected == ("PermissionError" if (HAD.landlock_abi or 0) >= 4 else "open")

    @pytest.mark.skipif((HAD.landlock_abi or 0) < 6, reason="Landlock scopes signals from ABI 6 on")
    def test_no_signal_reaches_a_process_outside(self, tmp_path: Path) -> None:
        done = process.run(python(tmp_path, "import os, signal; os.kill(os.getppid(), signal.SIGCONT)"))
        assert done.stderr.splitlines()[-1] == "PermissionError: [Errno 1] Operation not permitted"

    @linux_only
    def test_no_new_privileges(self, tmp_path: Path) -> None:
        status = process.run(program(tmp_path, "/bin/cat", "/proc/self/status")).stdout.decode()
        assert "NoNewPrivs:\t1" in status


STDERR = "[mov @ 0x55d0] moov atom not found\nError opening input files: Invalid data"
COMMAND = Command(
    ("/opt/ffmpeg",),
    Path("/"),
    Confinement(),
    Limits(stall_seconds=30, wall_seconds=2.5, file_bytes=1000),
)


class TestCheck:
    @pytest.mark.parametrize(
        ("returncode", "stderr", "limit", "kind", "code", "message"),
        [
            (
                1,
                STDERR,
                None,
                ProcessingError,
                codes.TRANSCODING_FAILED,
                "ffmpeg failed (exit 1): moov atom not found",
            ),
            (
                1,
                "",
                None,
                ProcessingError,
                codes.TRANSCODING_FAILED,
                "ffmpeg failed (exit 1): it said nothing",
            ),
            (
                255,
                "",
                "stall",
                ResourceError,
                codes.TOOL_STALLED,
                "ffmpeg made no progress for 30 s and was ended",
            ),
            (
                -15,
                "",
                "wall",
                ResourceError,
                codes.TOOL_STALLED,
                "ffmpeg ran longer than 2.5 s and was ended",
            ),
            (
                0,
                "Error closing file: No space left on device",
                None,
                ResourceError,
                codes.DISK_FULL,
                "ffmpeg could not write: no space left on device",
            ),
            (
                -25,
                "",
                None,
                ResourceError,
                codes.DISK_FULL,
                "ffmpeg wrote a file beyond its limit of 1000 bytes and was ended",
            ),
            (
                -9,
                "",
                None,
                ProcessingError,
                codes.TOOL_KILLED,
                "ffmpeg was killed by SIGKILL, by a person or because memory ran out",
            ),
            (-11, "", None, ProcessingError, codes.TOOL_KILLED, "ffmpeg was killed by SIGSEGV"),
            (
                255,
                "Exiting normally, received signal 15.",
                None,
                ProcessingError,
                codes.TOOL_KILLED,
                "ffmpeg was killed by SIGTERM",
            ),
        ],
    )
    def test_what_a_failed_run_means(
        self,
        returncode: int,
        stderr: str,
        limit: str | None,
        kind: type[IngestError],
        code: codes.Code,
        message: str,
    ) -> None:
        completed = Completed(COMMAND, returncode, b"", stderr, 1.0, 1.0, limit)
        with pytest.raises(kind) as caught:
            process.check(completed, codes.TRANSCODING_FAILED)
        error = caught.value
        assert (type(error), error.code, error.message, error.detail) == (kind, code, message, stderr)

    @pytest.mark.parametrize(
        "words", ["Error: Cannot allocate memory", "[error] x264 : malloc of size 1500068 failed"]
    )
    def test_too_little_memory_is_no_fault_of_the_encoder(self, words: str) -> None:
        """Else a long film's finished pieces would be given up for one in one piece."""
        bounded = replace(COMMAND, limits=Limits(memory_bytes=64 * 2**20))
        completed = Completed(bounded, 244, b"", words, 1.0, 1.0, None)
        with pytest.raises(ResourceError) as caught:
            process.check(completed, codes.TRANSCODING_FAILED)
        assert caught.value.code is codes.OUT_OF_MEMORY
        assert caught.value.line == (
            "ffmpeg needed more than the 64 MiB of memory that it may have; raise INGEST_MAX_MEMORY"
        )
        free = Completed(COMMAND, 244, b"", words, 1.0, 1.0, None)
        with pytest.raises(ProcessingError):
            process.check(free, codes.TRANSCODING_FAILED)

    def test_success_says_nothing(self) -> None:
        process.check(
            Completed(COMMAND, 0, b"", "[h264 @ 0x1] error while decoding", 1.0, 1.0, None), codes.INTERNAL
        )
