"""What a dead process left on disk, read from a copy: recovering the original is the next process's work."""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

_HEADER, _FRAME_HEADER = 32, 24


class Remains(NamedTuple):
    """The database after a death."""

    replies: frozenset[tuple[object, ...]]
    """Identity, fingerprint and content of every reply in the journal."""
    fingerprints: frozenset[str]
    """Those of the replies."""
    sessions: frozenset[tuple[object, ...]]
    """Every session that a continuation leaves as it is."""
    sound: bool
    """Whether SQLite finds nothing wrong with it."""
    half_written: bool
    """Whether the write-ahead log ends in a transaction that was never committed."""


def remains(database: Path) -> Remains:
    """What is there, as the next process will find it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / database.name
        for path in (database, database.with_name(f"{database.name}-wal")):
            if path.exists():
                shutil.copy(path, copy.with_name(path.name))
        half_written = _half_written(copy.with_name(f"{copy.name}-wal"))
        connection = sqlite3.connect(copy)
        try:
            return _read(connection, half_written)
        finally:
            connection.close()


def _read(connection: sqlite3.Connection, half_written: bool) -> Remains:
    key = "subject, phase, round, role, attempt"
    answered = "outcome NOT IN ('failed', 'over_budget')"
    replies = connection.execute(
        f"SELECT {key}, lower(hex(fingerprint)), content, outcome FROM journal WHERE {answered}"
    ).fetchall()
    sessions = connection.execute(f"SELECT session, item, hit, said FROM sessions WHERE {answered}").fetchall()
    ((verdict,),) = connection.execute("PRAGMA integrity_check").fetchall()
    fingerprints = frozenset(row[5] for row in replies)
    return Remains(frozenset(replies), fingerprints, frozenset(sessions), verdict == "ok", half_written)


def _half_written(wal: Path) -> bool:
    """Reads the log's frames: the last one of a transaction carries the size of the database, others a zero.

    Frames behind the present ones, from before a checkpoint, carry other salts.
    """
    log = wal.read_bytes() if wal.exists() else b""
    if len(log) < _HEADER:
        return len(log) > 0
    size = _FRAME_HEADER + int.from_bytes(log[8:12], "big")
    committed = True
    for start in range(_HEADER, len(log), size):
        frame = log[start : start + size]
        if len(frame) >= 16 and frame[8:16] != log[16:24]:
            break
        committed = len(frame) == size and frame[4:8] != bytes(4)
    return not committed
