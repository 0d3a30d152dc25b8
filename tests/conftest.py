"""What every test may use: the real data, a home of its own, and no network but loopback."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.store import Store
from tests.postgresql import Server, binaries, running_postgresql

_DATABASE = "afl"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; a test that needs it skips where it is missing, except in CI."""
    if not SHARED_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("real data expected beside the checkout in CI")
        pytest.skip("real data is not beside this checkout")
    return SHARED_DATA


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh AFL_HOME, with no key and no database set from outside."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AFL_HOME", str(folder))
    for name in ("AFL_DB", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server; a test that needs it skips where none is installed, except in CI."""
    if binaries() is None:
        if os.environ.get("CI"):
            pytest.fail("a PostgreSQL server expected in CI: .ci/postgresql installs it")
        pytest.skip("no PostgreSQL server is installed")
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated(postgresql: Server) -> Server:
    """A server with a database of AFL's: making its tables takes longer than most tests."""
    postgresql.execute(f"CREATE DATABASE {_DATABASE}")
    asyncio.run(_open(postgresql.url(_DATABASE)))
    return postgresql


@pytest.fixture
def postgresql_url(_migrated: Server) -> Iterator[str]:
    """The URL of a database on a PostgreSQL server, with AFL's tables and nothing in them."""
    yield _migrated.url(_DATABASE)
    _migrated.empty(_DATABASE)


async def _open(url: str) -> None:
    async with await Store.open(url):
        pass
