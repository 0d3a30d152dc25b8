"""The journal of one run: every request with its reply, on disk before the reply is used."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from afl.errors import ConflictError
from afl.types import CallKey, JournalEntry
from memory.backends import backend_of
from memory.errors import storage_errors
from memory.journal_codec import NO_STUDY, SubjectEntries, read_subject_names, read_subjects
from memory.statements import entry_is_stored, record_entry
from memory.writer import Change, Writer

_MAX_SUBJECTS = 4096
"""Maximum number of subjects whose entries are in memory."""
_BATCH_SIZE = 100
"""Subjects per query."""


class SQLJournal:
    """The `afl.ports.Journal` in the database; a subject is read once, in one query, and released when it is done.

    `shared`: other processes write to this run too, so subjects may get entries after the run was opened.
    """

    def __init__(self, engine: AsyncEngine, writer: Writer, *, run: int, where: str, shared: bool = False) -> None:
        self._engine = engine
        self._record = record_entry(backend_of(engine.dialect.name))
        self._writer = writer
        self._loader = SubjectLoader(engine, where, run=run)
        self._run = run
        self._where = where
        self._shared = shared
        self._stored_subjects: set[str] | None = None
        """Subjects with entries that are not in memory; None before the first lookup."""
        self._subjects_lock = asyncio.Lock()
        self._open: dict[str, SubjectEntries] = {}

    async def find(self, key: CallKey) -> JournalEntry | None:
        """The entry recorded under this key, even a failure; None without one."""
        subject = self._open.get(key.subject) or await self._load(key.subject)
        return subject.entries.get(key)

    async def record(self, entry: JournalEntry) -> None:
        """Returns once the entry is on disk; it replaces an earlier failure of the same call, adding up the retries.

        Raises `ConflictError` if the key has a reply already, `StorageError` if writing failed. If another process
        has recorded a reply meanwhile, `find` returns it from then on.
        """
        subject = self._open.get(entry.key.subject) or await self._load(entry.key.subject)
        earlier = subject.entries.get(entry.key)
        if earlier and not earlier.reply.outcome.retried_on_continuation:
            raise ConflictError(
                f"the journal has a reply for {tuple(entry.key)} already; call find() before sending a request"
            )
        row = {"run": self._run, "study": NO_STUDY, **subject.encode(entry)}
        subject.writing += 1
        try:
            await self._writer.write([Change(self._record, [row], stored_query=entry_is_stored())])
        except ConflictError:
            self._open.pop(entry.key.subject, None)  # its entries differ from those on disk
            raise ConflictError(f"another process has recorded a reply for {tuple(entry.key)} meanwhile") from None
        finally:
            subject.writing -= 1

    def mark_new(self, subject: str) -> None:
        """Declares that this subject has no entry yet, which saves a query in a shared journal."""
        self._open.setdefault(subject, SubjectEntries())

    def loaded(self, subject: str) -> SubjectEntries | None:
        """The entries of a subject, if they are in memory."""
        return self._open.get(subject)

    def forget(self, subject: str) -> None:
        """Releases the memory of a subject; its entries are read again when needed."""
        if self._open.pop(subject, None) and self._stored_subjects is not None:
            self._stored_subjects.add(subject)

    async def _load(self, subject: str) -> SubjectEntries:
        loaded = await self._loader.load(subject) if await self._may_have(subject) else SubjectEntries()
        # Another caller may have loaded it meanwhile.
        loaded = self._open.setdefault(subject, loaded)
        oldest = next(iter(self._open))
        if len(self._open) > _MAX_SUBJECTS and not self._open[oldest].writing:
            self.forget(oldest)
        return loaded

    async def _may_have(self, subject: str) -> bool:
        """Whether the database may have entries about it."""
        if self._shared:
            return True
        async with self._subjects_lock:  # all sessions start at once; one of them reads for all
            if self._stored_subjects is None:
                with storage_errors(self._where):
                    async with self._engine.connect() as connection:
                        self._stored_subjects = set(await read_subject_names(connection, self._run))
        return subject in self._stored_subjects


class SubjectLoader:
    """Reads the entries of subjects; subjects requested during a query are read together in the next one."""

    def __init__(self, engine: AsyncEngine, where: str, *, run: int) -> None:
        self._engine = engine
        self._where = where
        self._run = run
        self._waiting: dict[str, asyncio.Future[SubjectEntries]] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self, subject: str) -> SubjectEntries:
        """All entries of the subject recorded so far."""
        future = self._waiting.get(subject)
        if future is None:
            future = self._waiting[subject] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await asyncio.shield(future)  # cancelling one caller does not cancel the others

    async def _drain(self) -> None:
        while self._waiting:
            batch = {subject: self._waiting.pop(subject) for subject in list(self._waiting)[:_BATCH_SIZE]}
            try:
                await self._read(batch)
            except Exception as error:
                for future in batch.values():
                    future.set_exception(error)
        self._task = None

    async def _read(self, batch: dict[str, asyncio.Future[SubjectEntries]]) -> None:
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                entries = await read_subjects(connection, self._run, list(batch))
        for subject, future in batch.items():
            future.set_result(entries[subject])
