"""The journal of one run and study: every request with its reply, on disk before anyone uses the reply."""

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncEngine

from afl.errors import ConflictError
from afl.types import CallKey, JournalEntry, Outcome, Reply
from memory.codec import compress, decompress, from_json, to_json
from memory.database import storage_errors
from memory.schema import journal
from memory.statements import record_entry
from memory.writer import Change, Writer

_KEPT_SUBJECTS = 4096
_EARLIER_EXCHANGES = 2


class SubjectEntries:
    """The entries of one subject, in the order recorded; each is stored against the two answered ones before it.

    Failures never serve that purpose: a continuation replaces them.
    """

    def __init__(self) -> None:
        self.entries: dict[CallKey, JournalEntry] = {}
        self.writing = 0
        self._position = 0
        self._earlier: deque[bytes] = deque(maxlen=_EARLIER_EXCHANGES)

    def encode(self, entry: JournalEntry) -> Mapping[str, Any]:
        """The entry's position and content as columns; it is the subject's latest from now on."""
        text = to_json([[(message["role"], message["content"]) for message in entry.messages], entry.reply.text])
        content = compress(text, b"".join(self._earlier))
        self._position += 1
        self._add(entry, text)
        return {"position": self._position, "content": content}

    def decode(self, row: RowMapping) -> JournalEntry:
        """The entry of a row; rows come in the order of their positions."""
        text = decompress(row["content"], b"".join(self._earlier))
        entry = _entry(row, from_json(text))
        self._position = row["position"]
        self._add(entry, text)
        return entry

    def _add(self, entry: JournalEntry, text: bytes) -> None:
        self.entries[entry.key] = entry
        if not entry.reply.outcome.retried_on_continuation:
            self._earlier.append(text)


class SQLJournal:
    """`afl.ports.Journal` over the store: looks a subject up once, in one query, and forgets it when told."""

    def __init__(self, engine: AsyncEngine, writer: Writer, *, run: int, study: str, where: str) -> None:
        self._engine = engine
        self._writer = writer
        self._run = run
        self._study = study
        self._where = where
        self._on_disk: set[str] | None = None
        self._open: dict[str, SubjectEntries] = {}

    async def find(self, key: CallKey) -> JournalEntry | None:
        """The entry recorded under this identity, if there is one; a recorded failure too."""
        subject = self._open.get(key.subject) or await self._load(key.subject)
        return subject.entries.get(key)

    async def record(self, entry: JournalEntry) -> None:
        """Returns once the entry is on disk; replaces an earlier failure of the same call, adding its retries.

        Raises `ConflictError` where the identity has a reply already, `StorageError` when writing failed.
        """
        subject = self._open.get(entry.key.subject) or await self._load(entry.key.subject)
        earlier = subject.entries.get(entry.key)
        if earlier and not earlier.reply.outcome.retried_on_continuation:
            raise ConflictError(
                f"the journal holds a reply for {tuple(entry.key)} already; look with find() first"
            )
        subject.writing += 1
        try:
            await self._writer.write(
                [Change(record_entry(self._engine.dialect.name), [self._row(entry, subject)])]
            )
        finally:
            subject.writing -= 1

    def forget(self, subject: str) -> None:
        """Frees the memory of a subject that is done; it would be loaded again if asked for."""
        if self._open.pop(subject, None) and self._on_disk is not None:
            self._on_disk.add(subject)

    async def entries(self, subject: str) -> list[JournalEntry]:
        """All entries of a subject in the order recorded, straight from the database."""
        return list((await self._read(subject)).entries.values())

    async def _load(self, subject: str) -> SubjectEntries:
        if self._on_disk is None:
            self._on_disk = await self._subjects()
        loaded = await self._read(subject) if subject in self._on_disk else SubjectEntries()
        # Another caller may have been faster while this one read.
        loaded = self._open.setdefault(subject, loaded)
        oldest = next(iter(self._open))
        if len(self._open) > _KEPT_SUBJECTS and not self._open[oldest].writing:
            self.forget(oldest)
        return loaded

    async def _subjects(self) -> set[str]:
        query = (
            select(journal.c.subject).distinct().where(journal.c.run == self._run, journal.c.study == self._study)
        )
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return set((await connection.execute(query)).scalars())

    async def _read(self, subject: str) -> SubjectEntries:
        query = (
            select(journal)
            .where(journal.c.run == self._run, journal.c.study == self._study, journal.c.subject == subject)
            .order_by(journal.c.position)
        )
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).mappings().all()
        found = SubjectEntries()
        for row in rows:
            found.decode(row)
        return found

    def _row(self, entry: JournalEntry, subject: SubjectEntries) -> Mapping[str, Any]:
        reply = entry.reply
        return {
            "run": self._run,
            "study": self._study,
            **entry.key._asdict(),
            **subject.encode(entry),
            "fingerprint": bytes.fromhex(entry.fingerprint),
            "outcome": reply.outcome.value,
            "finish_reason": reply.finish_reason,
            "error": reply.error,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "cost_usd": reply.cost_usd,
            "retries": reply.retries,
            "latency": reply.latency,
            "created": time.time(),
        }


def _entry(row: RowMapping, content: Any) -> JournalEntry:
    messages, text = content
    return JournalEntry(
        key=CallKey(row["subject"], row["phase"], row["round"], row["role"], row["attempt"]),
        fingerprint=row["fingerprint"].hex(),
        messages=tuple({"role": role, "content": words} for role, words in messages),
        reply=Reply(
            outcome=Outcome(row["outcome"]),
            text=text,
            finish_reason=row["finish_reason"],
            error=row["error"],
            prompt_tokens=row["prompt_tokens"],
            completion_tokens=row["completion_tokens"],
            cost_usd=row["cost_usd"],
            retries=row["retries"],
            latency=row["latency"],
            journaled=True,
        ),
    )
