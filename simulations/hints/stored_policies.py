"""The stored policies of a knowledge base, and what one of them chooses in the sessions of a run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from afl.data.dataset_store import DatasetStore
from afl.errors import AFLError
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.policy import FILENAME, Policy
from simulations.options.run_options import RunOptions
from simulations.task.task import Task
from simulations.task.training_data import training_data


def policy_choices(
    base: KnowledgeBase, folder: Path, config: Mapping[str, Any], datasets: DatasetStore
) -> tuple[int, ...] | None:
    """The number of the hint that the policy in `folder` chooses for each session, 0 for none.

    `config` is the configuration of a run over these sessions. None where the policy or its data set is missing or has
    changed, or the policy has other hints.
    """
    try:
        dataset = datasets.load(str(config.get("dataset")))
        policy = Policy.load(folder, dataset)
        options = RunOptions.resolve({}, recorded=config)
        task = Task.of(dataset, options, training_data(datasets, dataset, options.train_on), base)
    except AFLError:
        return None
    if policy.base.hash != base.hash or dataset.hash != config.get("dataset_hash"):
        return None
    actions: list[int] = policy.actor.choose(policy.encoding.states(task.views())).tolist()
    return tuple(actions)


class StoredPolicy(NamedTuple):
    """A policy that was trained on the current hints of a knowledge base."""

    name: str
    reward: str
    encoder: str
    sessions: int
    """Number of training and validation sessions."""


def stored_policies(folder: Path, base: KnowledgeBase) -> list[StoredPolicy]:
    """The policies below `folder` for these hints, by name, without loading data; unreadable ones are skipped."""
    texts = [hint.text for hint in base.hints]
    policies = (_read(path, base.name, texts) for path in sorted(folder.glob(f"*/{FILENAME}")))
    return [policy for policy in policies if policy is not None]


def _read(path: Path, base: str, texts: list[str]) -> StoredPolicy | None:
    try:
        with safe_open(path, framework="numpy") as file:
            record = {key: json.loads(text) for key, text in (file.metadata() or {}).items() if key != "hash"}
        if (record["base"]["name"], record["base"]["hints"]) != (base, texts):
            return None
        log = record["log"]
        encoder = str(record["encoding"].get("spec", next(iter(record["encoding"]), "")))
        return StoredPolicy(path.parent.name, str(log.get("reward", "–")), encoder, int(log.get("sessions", 0)))
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
