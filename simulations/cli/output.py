"""What commands write to stdout for scripts; the objects of `--json` of results without a `to_json` of their own."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from afl.sanitize import json_safe

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetInfo
    from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary
    from memory.records import RunSummary
    from simulations.commands.flower_next_item import Written


def print_json(result: Mapping[str, Any]) -> None:
    """The one JSON object of a command, on one line of stdout."""
    sys.stdout.write(json_safe(json.dumps(result, ensure_ascii=False, allow_nan=False)) + "\n")


def announce(address: str, *, as_json: bool) -> None:
    """The viewer's address, once its pages are answered."""
    if as_json:
        print_json({"url": address})
        sys.stdout.flush()
        return
    from simulations.document.terminal import console, plain

    console().print(plain(f"{address}\nPress Ctrl-C to stop."), soft_wrap=True)


def dataset(info: "DatasetInfo") -> dict[str, Any]:
    """The object of `data info --json`."""
    return asdict(info)


def datasets(infos: "Sequence[DatasetInfo]") -> dict[str, Any]:
    """The object of `data list --json`."""
    return {"datasets": [dataset(info) for info in infos]}


def removed(name: str) -> dict[str, Any]:
    """The object of `data remove --json`."""
    return {"removed": name}


def knowledge_bases(bases: "Sequence[KnowledgeBaseSummary]") -> dict[str, Any]:
    """The object of `hints list --json`."""
    return {"bases": [base._asdict() for base in bases]}


def knowledge_base(record: "KnowledgeBaseRecord") -> dict[str, Any]:
    """The object of `hints show --json`."""
    from simulations.hints import base_files

    return base_files.to_json(record)


def flower_titles(titles: "Sequence[Written]", *, name: str) -> dict[str, Any]:
    """The object of `flower sample --json`."""
    return {"name": name, "draws": [written._asdict() for written in titles]}


def runs(summaries: "Sequence[RunSummary]") -> dict[str, Any]:
    """The object of `runs --json`."""
    return {"runs": [asdict(summary) for summary in summaries]}
