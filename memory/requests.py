"""Requests as they were asked, each with its time: what tells why one run could not use another's replies."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import CallKey, JournalEntry, Outcome
from memory.journal_codec import SubjectEntries
from memory.schema import journal, runs

_AT_ONCE = 500
"""Values a query may be given, well below what databases refuse."""


class RecordedRequest(NamedTuple):
    """A request of a run, with its reply."""

    entry: JournalEntry
    created: float
    """Unix seconds at which the reply was recorded."""


class EqualRequest(NamedTuple):
    """Where an equal request was recorded, and how it went."""

    run: str
    key: CallKey
    outcome: Outcome
    created: float


async def read_requests(connection: AsyncConnection, run: int, subjects: Sequence[str]) -> list[RecordedRequest]:
    """Everything a run asked about these subjects, in the order asked, subject by subject."""
    query = (
        select(journal)
        .where(journal.c.run == run, journal.c.study == "", journal.c.subject.in_(subjects))
        .order_by(journal.c.subject, journal.c.position)
    )
    decoded: defaultdict[str, SubjectEntries] = defaultdict(SubjectEntries)
    found = []
    for row in (await connection.execute(query)).mappings():
        key = CallKey(*(row[field] for field in CallKey._fields))
        decoded[key.subject].decode(row)
        found.append(RecordedRequest(decoded[key.subject].entries[key], row["created"]))
    return found


async def read_subjects(connection: AsyncConnection, run: int) -> list[str]:
    """What a run has asked about, in plain string order."""
    query = select(journal.c.subject).distinct().where(journal.c.run == run, journal.c.study == "")
    return sorted((await connection.execute(query)).scalars())


async def read_equal_requests(
    connection: AsyncConnection, fingerprints: Sequence[str]
) -> dict[str, list[EqualRequest]]:
    """Fingerprint -> the requests that have it, of any run, the earliest first; without what nobody asked."""
    columns = (runs.c.name, *(journal.c[field] for field in CallKey._fields), journal.c.outcome, journal.c.created)
    found: defaultdict[str, list[EqualRequest]] = defaultdict(list)
    wanted = [bytes.fromhex(fingerprint) for fingerprint in fingerprints]
    for start in range(0, len(wanted), _AT_ONCE):
        query = (
            select(journal.c.fingerprint, *columns)
            .join(runs, runs.c.id == journal.c.run)
            .where(journal.c.fingerprint.in_(wanted[start : start + _AT_ONCE]))
            .order_by(journal.c.created)
        )
        for fingerprint, run, *key, outcome, created in await connection.execute(query):
            found[fingerprint.hex()].append(EqualRequest(run, CallKey(*key), Outcome(outcome), created))
    return dict(found)
