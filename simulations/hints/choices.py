"""What a kept policy picks in the sessions of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afl.data.dataset_store import DatasetStore
from afl.errors import AFLError
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.policy import Policy
from simulations.options.run_options import RunOptions
from simulations.task.task import Task
from simulations.task.training_data import training_data


def choices_of(
    base: KnowledgeBase, folder: Path, config: Mapping[str, Any], library: DatasetStore
) -> tuple[int, ...] | None:
    """The number of the hint that the policy in `folder` picks for each session, 0 for none.

    `config` is what a run over these sessions was begun with. None where the policy or its data set is gone, has
    changed, or speaks of other hints.
    """
    try:
        dataset = library.load(str(config.get("dataset")))
        policy = Policy.load(folder, dataset)
        options = RunOptions.given({}, recorded=config)
        task = Task.of(dataset, options, training_data(library, dataset, options.train_on), base)
    except AFLError:
        return None
    if policy.base.hash != base.hash or dataset.hash != config.get("dataset_hash"):
        return None
    picked: list[int] = policy.actor.choose(policy.encoding.states(task.views())).tolist()
    return tuple(picked)
