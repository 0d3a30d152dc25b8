"""Knowledge bases in a line, and as JSON."""

from collections.abc import Sequence
from typing import Any

from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary
from simulations.cli.output import console, plain
from simulations.document.page import Page
from simulations.hints import base_files
from simulations.sections.hints import base_page


def show_summary(record: KnowledgeBaseRecord) -> None:
    """Prints the name of a base, and how many hints it has."""
    console().print(plain(f"{record.name}: {len(record.base.hints)} hints for {record.base.dataset}"))


def page(record: KnowledgeBaseRecord, *, every: bool = False) -> Page:
    """The hints of a base; with `every`, also the rejected ones."""
    return base_page(record, rejected=every)


def list_json(bases: Sequence[KnowledgeBaseSummary]) -> dict[str, Any]:
    """The object of `hints list --json`."""
    return {"bases": [base._asdict() for base in bases]}


def to_json(record: KnowledgeBaseRecord) -> dict[str, Any]:
    """The object of `hints show --json`."""
    return base_files.to_json(record)
