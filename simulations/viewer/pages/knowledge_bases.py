"""All knowledge bases of hints."""

from dataclasses import dataclass

from memory.knowledge_bases import KnowledgeBaseSummary
from simulations.viewer.data_access import InjectedData


@dataclass(frozen=True, slots=True)
class KnowledgeBaseLine:
    """A knowledge base in the list."""

    name: str
    dataset: str
    llm: str
    hints: int
    trials: int
    """Hints that were thought of, taken or not."""
    run: str | None
    """The exploration's run; None where there is none, or it is not shown."""
    created: float
    """Seconds since 1970, UTC."""
    tried_in: tuple[str, ...]
    """Runs in which every hint was tried on every session."""


@dataclass(frozen=True, slots=True)
class KnowledgeBasesPage:
    bases: tuple[KnowledgeBaseLine, ...]
    """By name."""


async def read(data: InjectedData) -> KnowledgeBasesPage:
    """Knowledge bases, each the hints that a language model drew from its mistakes on a data set."""
    runs = {summary.name: summary.config.get("hints") for summary in await data.store.runs()}
    return KnowledgeBasesPage(tuple(_line(one, runs) for one in await data.store.knowledge_bases.summaries()))


def _line(base: KnowledgeBaseSummary, runs: dict[str, str | None]) -> KnowledgeBaseLine:
    return KnowledgeBaseLine(
        name=base.name,
        dataset=base.dataset,
        llm=base.llm,
        hints=base.hints,
        trials=base.trials,
        run=base.run if base.run in runs else None,
        created=base.created,
        tried_in=tuple(sorted(name for name, hints in runs.items() if hints == base.name)),
    )
