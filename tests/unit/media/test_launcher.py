from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.media import landlock, launcher, seccomp
from ingest.media.orders import Command, Confinement, Limits, environment, orders
from ingest.media.protections import Protections, describe

COMMAND = Command(
    ("/opt/ffmpeg", "-i", "--", "--read"),
    Path("/w"),
    Confinement(read=(Path("/r1"), Path("/r 2")), write=(Path("/w"),), descriptors=(7, 9), devices=True),
    Limits(memory_bytes=1000, file_bytes=2000, cpu_seconds=30, wall_seconds=5, stall_seconds=2),
)


def test_orders_of_a_whole_command() -> None:
    assert orders(COMMAND, 5, 42) == [
        *("--status", "5", "--parent", "42"),
        *("--read", "/r1", "--read", "/r 2", "--write", "/w", "--descriptor", "7", "--descriptor", "9"),
        "--devices",
        *("--limit", "DATA=1000", "--limit", "FSIZE=2000", "--limit", "CPU=30"),
        *("--", "/opt/ffmpeg", "-i", "--", "--read"),
    ]


def test_the_launcher_reads_what_process_orders() -> None:
    read = launcher.parse(orders(COMMAND, 5, 42))
    assert {name: getattr(read, name) for name in launcher.Orders.__slots__} == {
        "argv": ["/opt/ffmpeg", "-i", "--", "--read"],
        "descriptors": [7, 9],
        "devices": True,
        "limits": [("DATA", 1000), ("FSIZE", 2000), ("CPU", 30)],
        "parent": 42,
        "read": ["/r1", "/r 2"],
        "status": 5,
        "write": ["/w"],
    }


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown order --nice"):
        launcher.parse(["--nice", "5"])


def test_a_command_is_named_without_its_build() -> None:
    names = (
        "ffmpeg-linux-x86_64-v9.0.2",
        "ffprobe-osx-arm64",
        "packager-linux-x64",
        "ffmpeg",
        "shaka-packager",
    )
    commands = [Command((f"/b/{name}",), Path("/"), Confinement(), Limits()) for name in names]
    assert [command.name for command in commands] == [
        "ffmpeg",
        "ffprobe",
        "packager",
        "ffmpeg",
        "shaka-packager",
    ]


def test_environment_is_clean_except_for_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "FFREPORT",
        "LD_PRELOAD",
        "AWS_SECRET_ACCESS_KEY",
        "CUDA_VISIBLE_DEVICES",
        "LD_LIBRARY_PATH",
    ):
        monkeypatch.setenv(name, "x")
    for name in ("LIBVA_DRIVER_NAME", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"):
        monkeypatch.delenv(name, raising=False)
    plain = Command(("/bin/true",), Path("/w"), Confinement(), Limits())
    base = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/w",
        "TMPDIR": "/w",
        "SVT_LOG": "1",
        "LD_LIBRARY_PATH": "x",
    }
    assert environment(plain) == base
    assert environment(COMMAND) == base | {"CUDA_VISIBLE_DEVICES": "x"}


def launch(
    *arguments: str, interpreter: tuple[str, ...] = ()
) -> tuple[subprocess.CompletedProcess[bytes], bytes]:
    read, write = os.pipe()
    try:
        line = [
            sys.executable,
            *interpreter,
            "-I",
            "-S",
            str(Path(launcher.__file__).with_name("launch.py")),
            "--status",
            str(write),
            *arguments,
        ]
        done = subprocess.run(line, pass_fds=(write,), capture_output=True)
    finally:
        os.close(write)
    with os.fdopen(read, "rb") as status:
        return done, status.read()


def test_the_status_pipe_tells_a_failed_start_from_the_programs_own_end() -> None:
    parent = ("--parent", str(os.getpid()))
    done, status = launch(*parent, "--", "/bin/sh", "-c", "exit 127")
    assert (done.returncode, status) == (127, b"+")
    done, status = launch(*parent, "--", "/nonexistent/program")
    assert (done.returncode, status) == (127, b"+2 No such file or directory")


@pytest.mark.skipif(sys.platform != "linux", reason="bound to the parent by a Linux call")
def test_nothing_starts_when_the_parent_is_gone_already() -> None:
    done, status = launch("--parent", "1", "--", "/bin/echo", "started")
    assert (done.returncode, done.stdout, status) == (launcher.NOT_EXECUTED, b"", b"")


def test_the_launcher_imports_nothing_slow() -> None:
    # Each start of a program pays for these: together they would triple it.
    slow = {
        "collections",
        "contextlib",
        "dataclasses",
        "enum",
        "functools",
        "json",
        "pathlib",
        "re",
        "signal",
        "typing",
    }
    done, _ = launch("--parent", str(os.getpid()), "--", "/bin/true", interpreter=("-X", "importtime"))
    imported = {line.split("|")[-1].strip() for line in done.stderr.decode().splitlines()}
    assert done.returncode == 0
    # A module, whose compiled form is kept: what stands in `launch` is compiled at every start.
    assert {"launcher", "ctypes", "resource"} <= imported
    assert imported & slow == set()


@pytest.mark.parametrize(
    ("version", "masks"),
    [
        (1, (0x1FFF, 0, 0)),
        (2, (0x3FFF, 0, 0)),
        (3, (0x7FFF, 0, 0)),
        (4, (0x7FFF, 0b11, 0)),
        (5, (0xFFFF, 0b11, 0)),
        (6, (0xFFFF, 0b11, 0b11)),
        (7, (0xFFFF, 0b11, 0b11)),
    ],
)
def test_what_each_landlock_version_refuses(version: int, masks: tuple[int, int, int]) -> None:
    assert landlock.handled(version) == masks


X86_64, AARCH64, I386 = 0xC000003E, 0xC00000B7, 0x40000003
NO_CALL, REFUSED, ALLOWED = 0x50000 | errno.ENOSYS, 0x50000 | errno.EACCES, 0x7FFF0000


def verdict(rows: list[tuple[int, int, int, int]], architecture: int, number: int, argument: int = 0) -> int:
    """Run a filter, as the kernel's classic BPF machine does, on one system call."""
    data = {0: number, 4: architecture, 16: argument}
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, constant = rows[at]
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            accumulator = data[constant]
        else:
            at += (
                if_true
                if (accumulator == constant if code == 0x15 else accumulator >= constant)
                else if_false
            )


@pytest.mark.parametrize(
    ("architecture", "number", "argument", "plain", "with_devices"),
    [
        (X86_64, 0, 0, ALLOWED, ALLOWED),  # read
        (X86_64, 41, 1, REFUSED, ALLOWED),  # socket(AF_UNIX)
        (X86_64, 41, 2, REFUSED, REFUSED),  # socket(AF_INET)
        (X86_64, 41, 10, REFUSED, REFUSED),  # socket(AF_INET6)
        (X86_64, 53, 1, ALLOWED, ALLOWED),  # socketpair
        (X86_64, 76, 0, REFUSED, REFUSED),  # truncate
        (X86_64, 77, 0, ALLOWED, ALLOWED),  # ftruncate
        (X86_64, 425, 0, NO_CALL, NO_CALL),  # io_uring_setup
        (X86_64, 0x40000000 + 41, 2, NO_CALL, NO_CALL),  # socket by the x32 numbers
        (I386, 359, 2, NO_CALL, NO_CALL),  # socket by the i386 numbers
    ],
)
def test_what_the_filter_refuses(
    architecture: int, number: int, argument: int, plain: int, with_devices: int
) -> None:
    assert verdict(seccomp.program("x86_64", unix_sockets=False), architecture, number, argument) == plain
    assert (
        verdict(seccomp.program("x86_64", unix_sockets=True), architecture, number, argument) == with_devices
    )


def test_the_filter_knows_the_numbers_of_arm() -> None:
    rows = seccomp.program("aarch64", unix_sockets=False)
    calls = {"socket": 198, "truncate": 45, "io_uring_setup": 425, "ftruncate": 46, "on x86-64": 198}
    assert {
        name: verdict(rows, X86_64 if name == "on x86-64" else AARCH64, number, 2)
        for name, number in calls.items()
    } == {
        "socket": REFUSED,
        "truncate": REFUSED,
        "io_uring_setup": NO_CALL,
        "ftruncate": ALLOWED,
        "on x86-64": NO_CALL,
    }


@pytest.mark.parametrize(
    ("abi", "filters", "expected"),
    [
        (7, True, Protections(7, True, ())),
        (2, True, Protections(2, True, ())),
        (
            4,
            False,
            Protections(
                4, True, ("UDP and Unix sockets are open to programs: the kernel offers no seccomp filter",)
            ),
        ),
        (
            2,
            False,
            Protections(
                2,
                False,
                (
                    "programs can truncate any file: Landlock ABI 2 does not cover that",
                    "the network is open to programs: the kernel offers no seccomp filter",
                ),
            ),
        ),
        (
            None,
            True,
            Protections(
                None,
                True,
                ("programs can read and write any file: the kernel offers no Landlock (not implemented)",),
            ),
        ),
    ],
)
def test_gaps_are_named(abi: int | None, filters: bool, expected: Protections) -> None:
    assert describe(abi, "not implemented", filters=filters) == expected
