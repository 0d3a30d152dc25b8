"""Knowledge bases in SQL: accepted hints with their origin, and rejected ones with the reason."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.errors import ConflictError, unknown_name
from afl.hints.knowledge_base import HintOrigin, HintRecord, HintStatus, KnowledgeBase, accepted_hints
from memory.errors import storage_errors
from memory.schema import hints, knowledge_bases, runs


@dataclass(frozen=True, slots=True)
class KnowledgeBaseRecord:
    """A knowledge base with all its stored fields."""

    name: str
    config: Mapping[str, Any]
    """JSON: `dataset`, `llm`, and the options of its exploration."""
    trials: tuple[HintRecord, ...]
    """Every proposed hint, accepted or not, in the order tried."""
    run: str | None = None
    """Name of the exploration's run."""
    created: float = field(default_factory=time.time, compare=False)
    """Seconds since 1970, UTC."""

    @property
    def base(self) -> KnowledgeBase:
        """The accepted hints, as policies and agents use them."""
        return KnowledgeBase(self.name, self.config["dataset"], self.config["llm"], accepted_hints(self.trials))


class KnowledgeBaseSummary(NamedTuple):
    """A knowledge base as listed by `afl hints list`."""

    name: str
    dataset: str
    llm: str
    hints: int
    trials: int
    run: str | None
    created: float


class KnowledgeBases:
    """The knowledge bases of a store, by name."""

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self._engine = engine
        self._where = where

    async def save(self, record: KnowledgeBaseRecord, *, replace: bool = False) -> None:
        """Saves the base under its name in one transaction; saving equal content again changes nothing.

        Raises `ConflictError` if another base has this name, unless `replace`.
        """
        with storage_errors(self._where):
            async with self._engine.begin() as connection:
                stored = await _read(connection, record.name)
                if stored == record:
                    return
                if stored is not None and not replace:
                    raise ConflictError(
                        f"knowledge base {record.name!r} exists with other hints; choose another name, or replace it"
                    )
                await _write(connection, record)

    async def load(self, name: str) -> KnowledgeBaseRecord:
        """The base of this name; the `NotFoundError` for an unknown name suggests similar ones."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                stored = await _read(connection, name)
                names = (await connection.execute(_NAMES)).scalars().all()
        if stored is None:
            raise unknown_name("knowledge base", name, names, otherwise="none yet", listing="afl hints list")
        return stored

    async def find(self, name: str) -> KnowledgeBaseRecord | None:
        """The base of this name; None without one."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await _read(connection, name)

    async def summaries(self) -> list[KnowledgeBaseSummary]:
        """Every base, by name."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return [_summary(row) for row in (await connection.execute(_SUMMARIES)).mappings()]


_NAMES = select(knowledge_bases.c.name).order_by(knowledge_bases.c.name)
_WITH_RUN = knowledge_bases.outerjoin(runs, runs.c.id == knowledge_bases.c.run)
_HEAD = (knowledge_bases, runs.c.name.label("run_name"))
_SUMMARIES = (
    select(*_HEAD, func.count(hints.c.number).label("hints"), func.count(hints.c.position).label("trials"))
    .select_from(_WITH_RUN.outerjoin(hints, hints.c.base == knowledge_bases.c.id))
    .group_by(knowledge_bases.c.id, runs.c.name)
    .order_by(knowledge_bases.c.name)
)


async def _read(connection: AsyncConnection, name: str) -> KnowledgeBaseRecord | None:
    query = select(*_HEAD).select_from(_WITH_RUN).where(knowledge_bases.c.name == name)
    head = (await connection.execute(query)).mappings().first()
    if head is None:
        return None
    rows = select(hints).where(hints.c.base == head["id"]).order_by(hints.c.position)
    trials = tuple(_trial(row) for row in (await connection.execute(rows)).mappings())
    return KnowledgeBaseRecord(name, json.loads(head["config"]), trials, head["run_name"], head["created"])


async def _write(connection: AsyncConnection, record: KnowledgeBaseRecord) -> None:
    """Replaces a base of this name, under a new id."""
    old = select(knowledge_bases.c.id).where(knowledge_bases.c.name == record.name)
    await connection.execute(delete(hints).where(hints.c.base.in_(old)))
    await connection.execute(delete(knowledge_bases).where(knowledge_bases.c.name == record.name))
    run = select(runs.c.id).where(runs.c.name == record.run)
    head = {
        "name": record.name,
        "created": record.created,
        "config": json.dumps(record.config),
        "run": (await connection.execute(run)).scalar(),
    }
    added = await connection.execute(knowledge_bases.insert().returning(knowledge_bases.c.id), head)
    rows = _rows(added.scalar_one(), record.trials)
    if rows:
        await connection.execute(hints.insert(), rows)


def _rows(base: int, trials: Sequence[HintRecord]) -> list[dict[str, Any]]:
    return [
        {
            "base": base,
            "position": position,
            "number": trial.number,
            "text": trial.text,
            "status": trial.status.value,
            "why": trial.reason or None,
            "session": trial.session,
            "origin": json.dumps(trial.origin.to_json()),
        }
        for position, trial in enumerate(trials, start=1)
    ]


def _trial(row: RowMapping) -> HintRecord:
    return HintRecord(
        text=row["text"],
        status=HintStatus(row["status"]),
        number=row["number"],
        reason=row["why"] or "",
        session=row["session"],
        origin=HintOrigin.from_json(json.loads(row["origin"])),
    )


def _summary(row: RowMapping) -> KnowledgeBaseSummary:
    config = json.loads(row["config"])
    return KnowledgeBaseSummary(
        row["name"], config["dataset"], config["llm"], row["hints"], row["trials"], row["run_name"], row["created"]
    )
