"""One clear line for whatever databases and file systems raise: what happened, and what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from afl.errors import StorageError
from afl.llm.redaction import redact_line


class MissingDatabaseError(StorageError):
    """There is no database yet; a run makes it."""


_ADVICE = {
    # SQLite
    "readonly": "make it writable, or use another with --db",
    "locked": "another program is writing to it; close that program or wait, then run the command again",
    "not a database": "it is damaged or no SQLite file; restore it, or use another with --db",
    "malformed": "it is damaged; restore it from a copy, or use another with --db",
    "disk is full": "free some space, then run the command again; what was kept so far is safe",
    "disk i/o error": "the disk may be full or failing; look at it, then run the command again",
    "unable to open": "check that its folder exists and can be written to, or use another with --db",
    # PostgreSQL
    "no space left": "free some space on the server, then run the command again; what was kept so far is safe",
    "connection refused": "start the server, or check host and port in the URL",
    "timeout expired": "check host and port in the URL, and that the server can be reached from here",
    "could not translate host": "check the host in the URL",
    "failed to resolve host": "check the host in the URL",
    "no such file or directory": "start the server, or check the folder of its socket in the URL",
    "authentication failed": "check user and password in the URL",
    "no password supplied": "give the password in the URL, in PGPASSWORD or in ~/.pgpass",
    '" does not exist': "create it (createdb), or check the URL",
    "permission denied": "let the URL's user create tables there, e.g. as the owner of the database",
    "too many clients": "wait for other programs, or raise max_connections of the server",
    "remaining connection slots": "wait for other programs, or raise max_connections of the server",
    "terminating connection": "the server was stopped; run the command again when it is back",
    "server closed the connection": "the server was stopped; run the command again when it is back",
    "connection is lost": "the server was stopped; run the command again when it is back",
    "read-only transaction": "name the server that accepts writes, not a replica of it",
}


@contextmanager
def storage_errors(where: str) -> Iterator[None]:
    """Turns whatever a database or file system raises into one `StorageError` line, free of SQL and secrets."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _storage_error(where, str(getattr(error, "orig", None) or error)) from error
    except StorageError:
        raise
    except OSError as error:
        raise _storage_error(where, error.strerror or type(error).__name__) from error


def _storage_error(where: str, reason: str) -> StorageError:
    line = redact_line(reason)
    advice = next(
        (advice for sign, advice in _ADVICE.items() if sign in line.lower()), "check it, or use another with --db"
    )
    return StorageError(f"database {where}: {line}; {advice}")
