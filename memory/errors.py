"""One clear line for the errors of databases and file systems: what happened, and what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from afl.errors import StorageError
from afl.llm.redaction import redact_line


class MissingDatabaseError(StorageError):
    """The database does not exist yet; the first run creates it."""


_STOPPED = "the server was stopped; run the command again when it is running"
_TOO_MANY = "wait until other programs disconnect, or raise max_connections of the server"

_ADVICE = {
    # SQLite
    "readonly": "make the file and its folder writable, or use another database with --db",
    "locked": "another program is writing to it; close that program or wait, then run the command again",
    "not a database": "the file is damaged or not an SQLite database; restore it, or use another database with --db",
    "malformed": "the file is damaged; restore it from a copy, or use another database with --db",
    "disk is full": "free some space, then run the command again; everything recorded so far is safe",
    "disk i/o error": "the disk may be full or failing; check it, then run the command again",
    "unable to open": "check that its folder exists and is writable, or use another database with --db",
    # PostgreSQL
    "no space left": "free some space on the server, then run the command again; everything recorded so far is safe",
    "connection refused": "start the server, or check host and port in the URL",
    "timeout expired": "check host and port in the URL, and that the server can be reached from this machine",
    "could not translate host": "check the host in the URL",
    "failed to resolve host": "check the host in the URL",
    "no such file or directory": "start the server, or check the folder of its socket in the URL",
    "authentication failed": "check user and password in the URL",
    "no password supplied": "give the password in the URL, in PGPASSWORD or in ~/.pgpass",
    '" does not exist': "create it (createdb, createuser), or check the URL",
    "permission denied": "allow the user of the URL to create tables there, or connect as the owner of the database",
    "too many clients": _TOO_MANY,
    "remaining connection slots": _TOO_MANY,
    "terminating connection": _STOPPED,
    "server closed the connection": _STOPPED,
    "connection is lost": _STOPPED,
    "read-only transaction": "use the primary server, which accepts writes, instead of a replica",
}
"""What to do about an error, by a part of its text."""
_DEFAULT_ADVICE = "check the database, or use another one with --db"


@contextmanager
def storage_errors(where: str) -> Iterator[None]:
    """Raises errors of databases and file systems as a `StorageError` of one line, without SQL and secrets."""
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
    advice = next((advice for part, advice in _ADVICE.items() if part in line.lower()), _DEFAULT_ADVICE)
    return StorageError(f"database {where}: {line}; {advice}")
