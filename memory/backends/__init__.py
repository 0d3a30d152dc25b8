"""Where databases differ: whatever one needs otherwise than another, a database a file. All else is the same SQL.

`sqlite` is a file on this machine; `postgresql` is a server that many machines share. What a migration must say to
each of them stands beside the migrations.
"""

from sqlalchemy import URL

from afl.errors import UsageError
from memory.backends.base import Backend
from memory.backends.postgresql import PostgreSQL
from memory.backends.sqlite import SQLite

__all__ = ["Backend", "backend_of", "backend_of_url"]

_BACKENDS: dict[str, Backend] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}
_ALIASES = {"postgres": "postgresql"}


def backend_of(dialect: str) -> Backend:
    """The backend of an open engine, by the name of its dialect."""
    return _BACKENDS[dialect]


def backend_of_url(url: URL) -> Backend:
    """The backend of a URL as people write it; `UsageError` for databases that AFL does not know."""
    name = url.get_backend_name()
    backend = _BACKENDS.get(_ALIASES.get(name, name))
    if backend is None:
        raise UsageError(
            f"no driver for {name!r} databases; expected sqlite:///path or postgresql://host/database"
        )
    return backend
