"""The configuration of the runs: data, models, settings, and the hashes that identify them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from afl.llm.adaptations import Adaptations
from afl.types import Role
from agents.sections import shorten
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.formats import progress
from simulations.document.page import Block, Column, Facts, Section, Table, Text

_ADAPTATIONS = "adaptations"
"""No key of a configuration: what endpoints made necessary is a fact of the run."""

_NAMES = {
    "dataset": "data set",
    "dataset_hash": "data set hash",
    "candidates_hash": "candidates hash",
    "llm_name": "language model",
    "user_llm_name": "language model of the user agent",
    "recommender": "recommender",
    "reward": "reward model",
    "rounds": "rounds, at most",
    "seed": "seed",
    "prompts": "prompts hash",
    "candidates": "candidates in a list",
    "candidates_from": "candidates drawn",
    "split": "split",
    _ADAPTATIONS: "requests as the endpoint takes them",
}
"""Keys of a configuration -> what they are called, in this order; any other follows under its own name."""

_PROMPT_TEXTS, _PROMPT = "prompt_texts", 100
"""The key of a user's own prompts, and how many characters of each are shown."""

_LEFT_OUT = ("llm", "user_llm")
"""Shown already under another name."""


def section(runs: Sequence[LoadedRun]) -> Section:
    """What all runs share, then where they differ."""
    flat = [_settings(run.config, run.candidates_hash, run.adaptations) for run in runs]
    keys = list(dict.fromkeys([*_NAMES, *(key for config in flat for key in config)]))
    same = [key for key in keys if key not in _LEFT_OUT and len({config.get(key, "") for config in flat}) == 1]
    shared = [(_NAMES.get(key, key), flat[0][key]) for key in same if key in flat[0]]
    blocks: list[Block] = [Facts(tuple(shared))]
    others = [key for key in keys if key not in same and key not in _LEFT_OUT]
    if others:
        rows = [[_NAMES.get(key, key), *(config.get(key) for config in flat)] for key in others]
        columns = (Column("key"), *(Column(run.label) for run in runs))
        blocks.append(Table.of("Where the runs differ", columns, rows))
    blocks.append(_runs(runs))
    blocks += [Text(text, "note") for text in _incomplete(runs)]
    return Section("Configuration", tuple(blocks))


def of_run(config: Mapping[str, Any], candidates_hash: str, adaptations: Mapping[str, Any]) -> Facts:
    """One run's configuration, whose keys are named as in the report, and what its endpoints made necessary."""
    flat = _settings(config, candidates_hash, adaptations)
    keys = dict.fromkeys([*(key for key in _NAMES if key in flat), *flat])
    return Facts(tuple((_NAMES.get(key, key), flat[key]) for key in keys if key not in _LEFT_OUT))


def adaptations_text(adaptations: Mapping[str, Any]) -> str:
    """`without temperature`, or by agent where they differ; empty where requests went as asked for."""
    by_role = {role: str(Adaptations.from_json(adaptations.get(role, {}))) for role in Role}
    if len({*by_role.values()}) == 1:
        return by_role[Role.RECOMMENDATION]
    return "; ".join(f"{role} agent {text}" for role, text in by_role.items() if text)


def adaptations_notes(adaptations: Mapping[str, Any]) -> list[Text]:
    """The same as a line of text, where there is any."""
    text = adaptations_text(adaptations)
    return [Text(f"Requests as the endpoint takes them: {text}.", "note")] if text else []


def _settings(config: Mapping[str, Any], candidates_hash: str, adaptations: Mapping[str, Any]) -> dict[str, str]:
    text = adaptations_text(adaptations)
    texts = {f"prompt {name}": shorten(own, _PROMPT) for name, own in config.get(_PROMPT_TEXTS, {}).items()}
    others = {key: value for key, value in config.items() if key != _PROMPT_TEXTS}
    return _flat({**others, **texts, "candidates_hash": candidates_hash} | ({_ADAPTATIONS: text} if text else {}))


def _runs(runs: Sequence[LoadedRun]) -> Table:
    rows = [[run.name, run.label, (len(run.records), run.size)] for run in runs]
    return Table.of("Runs", (Column("run"), Column("label"), Column("sessions recorded", progress)), rows)


def _incomplete(runs: Sequence[LoadedRun]) -> list[str]:
    return [
        f"{run.label} is incomplete: its numbers are over the {len(run.records):,} sessions recorded so far."
        for run in runs
        if len(run.records) < run.size
    ]


def _flat(config: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """Dotted key -> value in words."""
    leaves: dict[str, str] = {}
    for key, value in config.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            leaves |= _flat(value, inner)
        elif value not in (None, [], ()):
            leaves[inner] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return leaves
