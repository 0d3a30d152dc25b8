"""How many threads a local model gets."""

import os
from pathlib import Path

import pytest

from afl.llm.gguf import cores
from afl.llm.gguf.cores import MAX_THREADS, busy_cores, thread_count, usable_cores

CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [*range(os.cpu_count() or 1)]


def on_cores(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(cores, "_cpus", lambda: frozenset(range(count)))


@pytest.mark.parametrize(
    ("count", "busy", "reserved", "threads"),
    [
        (1, 0.0, 0, 1),
        (2, 0.0, 0, 1),  # the other core is AFL's
        (4, 0.1, 0, 3),
        (4, 2.3, 0, 1),
        (4, 4.0, 0, 1),
        (4, 0.1, 2, 1),
        (8, 3.5, 0, 4),
        (64, 0.0, 0, MAX_THREADS),
    ],
)
def test_a_model_never_gets_more_threads_than_there_are_free_cores(
    monkeypatch: pytest.MonkeyPatch, count: int, busy: float, reserved: int, threads: int
) -> None:
    on_cores(monkeypatch, count)
    assert thread_count(busy=busy, reserved=reserved) == threads


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "250000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 4),
        ({}, 4),
    ],
)
def test_the_share_of_a_container_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    on_cores(monkeypatch, 4)
    for name, content in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert usable_cores(tmp_path) == expected


def test_the_use_of_the_cores_is_measured() -> None:
    assert 0 <= busy_cores(seconds=0.02) <= len(CPUS)


def test_without_the_systems_counters_its_load_stands_for_them(tmp_path: Path) -> None:
    assert busy_cores(tmp_path / "stat") >= 0
