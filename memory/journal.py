"""The journal of one run and study: every request with its reply, on disk before anyone uses the reply."""

import asyncio

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from afl.errors import ConflictError
from afl.types import CallKey, JournalEntry
from memory.backends import backend_of
from memory.errors import storage_errors
from memory.journal_codec import SubjectEntries
from memory.reader import Reader
from memory.schema import journal
from memory.statements import entry_is_stored, record_entry
from memory.writer import Change, Writer

_KEPT_SUBJECTS = 4096


class SQLJournal:
    """`afl.ports.Journal` over the store: looks a subject up once, in one query, and forgets it when told.

    `shared`: other processes write to this run too, so a subject may have entries that nobody knew of at the start.
    """

    def __init__(
        self, engine: AsyncEngine, writer: Writer, *, run: int, study: str, where: str, shared: bool = False
    ) -> None:
        self._engine = engine
        self._record = record_entry(backend_of(engine.dialect.name))
        self._writer = writer
        self._reader = Reader(engine, where, run=run, study=study)
        self._run = run
        self._study = study
        self._where = where
        self._shared = shared
        self._on_disk: set[str] | None = None
        self._first_look = asyncio.Lock()
        self._open: dict[str, SubjectEntries] = {}

    async def find(self, key: CallKey) -> JournalEntry | None:
        """The entry recorded under this identity, if there is one; a recorded failure too."""
        subject = self._open.get(key.subject) or await self._load(key.subject)
        return subject.entries.get(key)

    async def record(self, entry: JournalEntry) -> None:
        """Returns once the entry is on disk; replaces an earlier failure of the same call, adding its retries.

        Raises `ConflictError` where the identity has a reply already, `StorageError` when writing failed. A reply
        that another process was faster with is found after that.
        """
        subject = self._open.get(entry.key.subject) or await self._load(entry.key.subject)
        earlier = subject.entries.get(entry.key)
        if earlier and not earlier.reply.outcome.retried_on_continuation:
            raise ConflictError(
                f"the journal holds a reply for {tuple(entry.key)} already; look with find() first"
            )
        row = {"run": self._run, "study": self._study, **subject.encode(entry)}
        subject.writing += 1
        try:
            await self._writer.write([Change(self._record, [row], kept=entry_is_stored())])
        except ConflictError:
            self._open.pop(entry.key.subject, None)  # what it holds is not what is on disk
            raise ConflictError(f"another process has recorded a reply for {tuple(entry.key)} meanwhile") from None
        finally:
            subject.writing -= 1

    def expect_nothing(self, subject: str) -> None:
        """Nobody has asked about this subject yet: spares a look for it in a journal that is shared."""
        self._open.setdefault(subject, SubjectEntries())

    def opened(self, subject: str) -> SubjectEntries | None:
        """What is in memory of a subject."""
        return self._open.get(subject)

    def forget(self, subject: str) -> None:
        """Frees the memory of a subject that is done; it would be loaded again if asked for."""
        if self._open.pop(subject, None) and self._on_disk is not None:
            self._on_disk.add(subject)

    async def _load(self, subject: str) -> SubjectEntries:
        loaded = await self._reader.read(subject) if await self._may_have(subject) else SubjectEntries()
        # Another caller may have been faster while this one read.
        loaded = self._open.setdefault(subject, loaded)
        oldest = next(iter(self._open))
        if len(self._open) > _KEPT_SUBJECTS and not self._open[oldest].writing:
            self.forget(oldest)
        return loaded

    async def _may_have(self, subject: str) -> bool:
        """Whether there may be entries of it on disk."""
        if self._shared:
            return True
        async with self._first_look:  # all sessions begin at once; one of them asks for all
            if self._on_disk is None:
                self._on_disk = await self._subjects()
        return subject in self._on_disk

    async def _subjects(self) -> set[str]:
        query = (
            select(journal.c.subject).distinct().where(journal.c.run == self._run, journal.c.study == self._study)
        )
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return set((await connection.execute(query)).scalars())
