"""Databases that cannot work: one clear line each, nothing half-written, no secrets."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from afl.errors import AFLError, StorageError
from memory.store import Store

# Root may write anywhere, so the process gives that up; everything it needs has been imported by then.
OPEN_READ_ONLY = """
import asyncio, os, sys
import aiosqlite, alembic.command
from afl.errors import StorageError
from memory.records import CandidateRecord
from memory.store import Store

async def main():
    async with await Store.open(sys.argv[1]) as store:
        await store.begin_run("x", {}, CandidateRecord("h", {}))

if os.getuid() == 0:
    os.setuid(65534)
try:
    asyncio.run(main())
except StorageError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "afl.db"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of the machine can look into."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        os.chmod(folder, 0o755)


def opened_without_privileges(path: Path) -> str:
    command = [sys.executable, "-c", OPEN_READ_ONLY, f"sqlite:///{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def test_a_read_only_database_says_so(public_folder):
    path = public_folder / "afl.db"
    await (await Store.open(f"sqlite:///{path}")).close()
    path.chmod(0o444)
    public_folder.chmod(0o555)
    line = opened_without_privileges(path)
    assert str(path) in line
    assert "make the file and its folder writable" in line
    assert line.count("\n") == 1


def test_a_folder_that_cannot_be_written_says_so(public_folder):
    public_folder.chmod(0o555)
    line = opened_without_privileges(public_folder / "afl.db")
    assert f"database {public_folder / 'afl.db'}: unable to open database file; check that its folder" in line
    assert list(public_folder.iterdir()) == []


async def test_a_folder_that_is_a_file_says_so(path):
    path.write_text("a file")
    with pytest.raises(StorageError, match=r"afl\.db/inner\.db: Not a directory|inner\.db: File exists"):
        await Store.open(f"sqlite:///{path}/inner.db")


async def test_a_damaged_file_is_left_alone(path):
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(
        StorageError, match=r"afl\.db: file is not a database; the file is damaged or not an SQLite database"
    ):
        await Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == b"no database at all" * 100


async def test_somebody_elses_database_is_left_alone(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE addresses (name TEXT)")
    connection.close()
    with pytest.raises(StorageError, match="contains other tables and is not an AFL database"):
        await Store.open(f"sqlite:///{path}")


async def test_a_newer_schema_asks_for_a_newer_afl(path):
    await (await Store.open(f"sqlite:///{path}")).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE afl_schema SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match=r"has schema 9999, this version of AFL knows up to \d{4}; upgrade AFL"):
        await Store.open(f"sqlite:///{path}")


@pytest.fixture
async def locked(path: Path):
    """A store whose database another program is writing to."""
    async with await Store.open(f"sqlite:///{path}", busy_timeout=0.1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield store, other
        other.close()


async def test_a_database_locked_for_too_long_says_so(locked, lists):
    with pytest.raises(StorageError, match=r"afl\.db: database is locked; another program is writing to it"):
        await locked[0].begin_run("x", {}, lists)


async def test_an_error_while_writing_reaches_every_waiting_and_every_later_call(path, lists, entry):
    async with await Store.open(f"sqlite:///{path}", busy_timeout=0.1) as store:
        journal = (await store.begin_run("x", {}, lists)).journal()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = await asyncio.gather(*(journal.record(entry(str(n))) for n in range(3)), return_exceptions=True)
        other.close()
        with pytest.raises(StorageError, match="locked"):
            await journal.record(entry("later"))
    assert [type(error) for error in waiting] == [StorageError] * 3


async def test_a_locked_database_can_still_be_read(locked):
    assert await locked[0].runs() == []


async def test_a_password_is_never_shown():
    with pytest.raises(AFLError) as raised:
        await Store.open("postgresql://somebody:sesame@127.0.0.1:1/afl")
    assert "sesame" not in str(raised.value)
