"""What of a machine is ours: the tightest bound on the way from our control group to the top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.media.machine import usable_cores, usable_memory

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30
V2 = {
    "proc/self/cgroup": "0::/user.slice/job\n",
    "sys/fs/cgroup/user.slice/job/memory.max": "max\n",
    "sys/fs/cgroup/user.slice/job/cpu.max": "max 100000\n",
}
V1 = {"proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n"}


@pytest.fixture(autouse=True)
def a_big_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """32 cores of it are ours, and 64 GiB."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(32)))
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({}, 32, 64),
        (V2, 32, 64),
        (V2 | {"sys/fs/cgroup/user.slice/job/cpu.max": "850000 100000"}, 8, 64),
        (V2 | {"sys/fs/cgroup/user.slice/job/cpu.max": "50000 100000"}, 1, 64),
        (V2 | {"sys/fs/cgroup/user.slice/cpu.max": "1600000 100000"}, 16, 64),
        (V2 | {"sys/fs/cgroup/user.slice/job/memory.max": f"{4 * GIB}\n"}, 32, 4),
        (V2 | {"sys/fs/cgroup/user.slice/memory.high": f"{2 * GIB}\n"}, 32, 2),
        # A container sees its own group at the top of the mount, under a path that is the host's or /.
        (
            {
                "proc/self/cgroup": "0::/",
                "sys/fs/cgroup/memory.max": f"{GIB}",
                "sys/fs/cgroup/cpu.max": "200000 100000",
            },
            2,
            1,
        ),
        (V1, 32, 64),
        (
            V1
            | {
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{3 * GIB}",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            4,
            3,
        ),
        (
            V1
            | {
                "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "9223372036854771712",
                "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000",
            },
            32,
            64,
        ),
        (V2 | {"sys/fs/cgroup/user.slice/job/cpu.max": "1 0", "sys/fs/cgroup/memory.max": "?"}, 32, 64),
    ],
)
def test_what_is_ours(files: dict[str, str], cores: int, memory: int, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert (usable_cores(tmp_path), usable_memory(tmp_path)) == (cores, memory * GIB)


def test_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 7})
    assert usable_cores(tmp_path) == 2
