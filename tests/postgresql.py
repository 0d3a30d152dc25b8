"""A PostgreSQL server for tests: its own folder, its own port, gone with the process that started it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

SUPERUSER = "afl"
_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_ENGLISH = ("--locale-provider=icu", "--icu-locale=en-US")
"""An order of words that is not the order of bytes: what is sorted must not depend on it."""
_SUPERVISOR = '"$@" -w start >/dev/null && echo ready; cat >/dev/null; "$@" -m immediate stop >/dev/null'
"""The server stops when the process that started it, however it ends, closes its side of the pipe."""
_DISCONNECT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
"""
_EMPTY = """
    SET session_replication_role = replica; -- no triggers, no foreign keys
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'afl_schema' LOOP
            EXECUTE 'DELETE FROM ' || name;
        END LOOP;
        PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
    END $$;
"""


@dataclass
class Server:
    """A running server; every connection through its socket is trusted, those to its port need a password."""

    folder: Path
    port: int

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.folder}&port={self.port}"

    def new_url(self) -> str:
        """The URL of a database with nothing in it."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Statements outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def disconnect(self, database: str) -> None:
        """Ends all connections to it, as a server that is stopped does."""
        self.execute(_DISCONNECT, database)

    def empty(self, database: str) -> None:
        """Removes all rows, and whoever is still connected: ten times as fast as a new database."""
        self.execute(_DISCONNECT + _EMPTY, database)


def binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: the one on the path, or the newest of Debian's."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next((place for place in _PLACES if (place / "initdb").exists()), None)


@contextmanager
def running_postgresql(*, durable: bool = False) -> Iterator[Server]:
    """A fresh server, which forgets everything in the end; `durable`: it waits for the disk as others do."""
    place = binaries()
    assert place is not None, "no PostgreSQL server is installed"
    with tempfile.TemporaryDirectory(prefix="afl-pg-", ignore_cleanup_errors=True) as name:
        server = Server(Path(name), _free_port())
        identity = _identity(server.folder)
        data = server.folder / "data"
        _initialise(place, data, identity)
        (data / "pg_hba.conf").write_text(_ACCESS)
        settings = {**({} if durable else _FAST), "unix_socket_directories": name, "listen_addresses": "127.0.0.1"}
        options = " ".join(f"-c {key}={value}" for key, value in {**settings, "port": server.port}.items())
        command = ["sh", "-c", _SUPERVISOR, "sh", str(place / "pg_ctl"), "-D", str(data), "-o", options]
        # In a session of its own: what a terminal or `timeout` sends to the tests would end it before its server.
        with subprocess.Popen(
            command, stdin=-1, stdout=-1, cwd=name, start_new_session=True, **identity
        ) as supervisor:
            assert supervisor.stdout is not None
            assert supervisor.stdin is not None
            ready = supervisor.stdout.readline()
            try:
                assert ready == b"ready\n", "the PostgreSQL server does not start"
                yield server
            finally:
                supervisor.stdin.close()


def _initialise(place: Path, data: Path, identity: dict[str, str]) -> None:
    command = [str(place / "initdb"), "-D", str(data), "-U", SUPERUSER, "-A", "trust", "--no-sync", "-E", "UTF8"]
    for language in (_ENGLISH, ("--locale=C.UTF-8",)):  # servers before version 15 know the second alone
        if not subprocess.run([*command, *language], capture_output=True, cwd=data.parent, **identity).returncode:
            return
        shutil.rmtree(data, ignore_errors=True)
    raise RuntimeError("initdb made no database")


def _identity(folder: Path) -> dict[str, str]:
    """Whom the server runs as: it refuses to be root."""
    if os.getuid():
        return {}
    for user in ("postgres", "nobody"):
        try:
            shutil.chown(folder, user)
        except LookupError:
            continue
        return {"user": user}
    raise RuntimeError("this is root, and there is no user `postgres` or `nobody` for the server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
