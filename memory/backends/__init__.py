"""The differences between kinds of databases, a file each; all other SQL is common to both.

`sqlite` is a file on this machine, `postgresql` a server that many machines share. The differences between their
migrations are in `memory/migrations/`.
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
    """The backend of an engine, by the name of its dialect."""
    return _BACKENDS[dialect]


def backend_of_url(url: URL) -> Backend:
    """The backend of a URL without a driver name; `UsageError` for kinds of databases that AFL does not support."""
    name = url.get_backend_name()
    backend = _BACKENDS.get(_ALIASES.get(name, name))
    if backend is None:
        raise UsageError(
            f"{name!r} databases are not supported; expected sqlite:///path or postgresql://host/database"
        )
    return backend
