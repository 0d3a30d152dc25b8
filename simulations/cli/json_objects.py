"""Objects of `--json` of results that have no `to_json` of their own."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetInfo
    from memory.records import RunSummary
    from simulations.commands.export import Exported
    from simulations.commands.fetch import Fetched
    from simulations.commands.flower_next_item import Written


def dataset(info: "DatasetInfo") -> dict[str, Any]:
    """The object of `data info --json`."""
    return asdict(info)


def datasets(infos: "Sequence[DatasetInfo]") -> dict[str, Any]:
    """The object of `data list --json`."""
    return {"datasets": [dataset(info) for info in infos]}


def removed(name: str) -> dict[str, Any]:
    """The object of `data remove --json`."""
    return {"removed": name}


def fetched(fetched: "Fetched") -> dict[str, Any]:
    """The object of `data fetch --json`."""
    files = [
        {
            "path": str(file.path),
            "url": file.url,
            "size": file.size,
            "sha256": file.sha256,
            "checked": file.verified_by,
        }
        for file in fetched.files
    ]
    return asdict(fetched) | {"folder": str(fetched.folder), "files": files, "command": fetched.command}


def knowledge_bases(bases: Sequence[KnowledgeBaseSummary]) -> dict[str, Any]:
    """The object of `hints list --json`."""
    return {"bases": [base._asdict() for base in bases]}


def knowledge_base(record: KnowledgeBaseRecord) -> dict[str, Any]:
    """The object of `hints show --json`."""
    from simulations.hints import base_files

    return base_files.to_json(record)


def flower_titles(titles: "Sequence[Written]", *, name: str) -> dict[str, Any]:
    """The object of `flower sample --json`."""
    return {"name": name, "draws": [written._asdict() for written in titles]}


def runs(summaries: "Sequence[RunSummary]") -> dict[str, Any]:
    """The object of `runs --json`."""
    return {"runs": [asdict(summary) for summary in summaries]}


def exported(exported: "Exported") -> dict[str, Any]:
    """The object of `export --json`."""
    return exported._asdict()
