"""What was run: data, models, settings and the hashes that say exactly which."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from simulations.analysis.loaded_run import LoadedRun
from simulations.document.page import Block, Facts, Section, Table, Text

_NAMES = {
    "dataset": "data set",
    "dataset_hash": "data set hash",
    "candidates_hash": "candidates hash",
    "llm_name": "language model",
    "recommender": "recommender",
    "reward": "reward model",
    "rounds": "rounds, at most",
    "seed": "seed",
    "prompts": "prompts hash",
    "candidates": "candidates in a list",
    "candidates_from": "candidates drawn",
    "split": "split",
}
"""In the order of the page; whatever else a run was begun with follows under its own name."""

_SAID = ("llm",)
"""Said already under another name."""


def section(runs: Sequence[LoadedRun]) -> Section:
    """What all runs share, then what tells them apart."""
    flat = [_flat({**run.config, "candidates_hash": run.candidates_hash}) for run in runs]
    keys = list(dict.fromkeys([*_NAMES, *(key for one in flat for key in one)]))
    same = [key for key in keys if key not in _SAID and len({one.get(key, "") for one in flat}) == 1]
    shared = [(_NAMES.get(key, key), flat[0][key]) for key in same if key in flat[0]]
    blocks: list[Block] = [Facts(tuple(shared))]
    others = [key for key in keys if key not in same and key not in _SAID]
    if others:
        table = [[_NAMES.get(key, key), *(one.get(key, "–") for one in flat)] for key in others]
        blocks.append(Table.of("Where the runs differ", ["", *(run.label for run in runs)], table))
    blocks.append(_runs(runs))
    blocks += [Text(said, "note") for said in _incomplete(runs)]
    return Section("What was run", tuple(blocks))


def _runs(runs: Sequence[LoadedRun]) -> Table:
    rows = [[run.name, run.label, f"{len(run.records):,} of {run.size:,}"] for run in runs]
    return Table.of("Runs", ["run", "called here", "sessions recorded"], rows, numbers=["sessions recorded"])


def _incomplete(runs: Sequence[LoadedRun]) -> list[str]:
    return [
        f"{run.label} is incomplete: everything here is over the {len(run.records):,} sessions recorded so far."
        for run in runs
        if len(run.records) < run.size
    ]


def _flat(config: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """Dotted key -> value in words."""
    found: dict[str, str] = {}
    for key, value in config.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            found |= _flat(value, inner)
        elif value not in (None, [], ()):
            found[inner] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return found
