"""Which databases the processes of a cluster can share, and the message about others."""

import socket
from pathlib import Path
from typing import Any

import pytest

from afl.errors import UsageError, WorkerError
from afl.settings import Settings
from simulations import runs, simulate
from simulations.engines.ray.cluster import shared_storage
from simulations.execution.engine import StorageLocation

HERE = socket.gethostname()


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings()


def test_a_file_is_shared_by_processes_of_one_machine_wherever_they_run(
    settings: Settings, tmp_path: Path
) -> None:
    found = shared_storage(StorageLocation("sqlite:///here.db?timeout=5", settings), {HERE})
    assert found.url == f"sqlite:///{tmp_path / 'here.db'}?timeout=5"


def test_a_server_is_shared_by_all(settings: Settings) -> None:
    home = StorageLocation("postgresql://host/db", settings)
    assert shared_storage(home, {HERE, "elsewhere"}) is home


@pytest.mark.parametrize(
    ("url", "hosts", "message"),
    [
        ("sqlite:///here.db", {HERE, "b"}, r"here.db is a file of this machine, but the cluster has 2 machines"),
        (
            "sqlite:///here.db",
            {"b"},
            r"has 1 machine \(b\); give --db postgresql://host/name, or leave --address out",
        ),
        ("sqlite://", {HERE}, "a database in memory belongs to one process"),
    ],
)
def test_machines_cannot_share_a_file(settings: Settings, url: str, hosts: set[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        shared_storage(StorageLocation(url, settings), hosts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 2}, "--workers: got 2, but the engine 'local' is one process; say --engine ray"),
        ({"address": "auto"}, "--address: got auto, but the engine 'local' is one process"),
        (
            {"engine": "ray", "address": "ray://a:10001"},
            "got ray://a:10001, expected HOST:PORT or auto, on a machine",
        ),
        ({"engine": "ray", "workers": 0}, "--workers: got 0, expected at least 1"),
        ({"engine": "dask"}, "no engine is called 'dask'; available: local, ray"),
    ],
)
def test_invalid_engine_options_are_refused(small: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises((UsageError, LookupError), match=message):
        simulate(dataset="small", llm="offline", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "nobody answers at 127.0.0.1:1: .* refused; is it the address that `ray start` printed?"),
        ("nonsense", "cannot use the cluster at nonsense: Invalid address format"),
    ],
)
def test_an_address_without_a_cluster_leaves_no_run(address: str, message: str, small: Path) -> None:
    options: dict[str, Any] = {"dataset": "small", "split": "all", "recommender": "none", "reward": "none"}
    with pytest.raises(WorkerError, match=message):
        simulate(**options, llm="offline", engine="ray", address=address, run="x")
    assert runs() == []
