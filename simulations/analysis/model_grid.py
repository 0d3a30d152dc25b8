"""Runs over the same sessions as a grid: the recommendation agent's language models by the user agent's."""

import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from simulations.analysis.loaded_run import LoadedRun
from simulations.options.groups import SAMPLING_OPTIONS


def grid_of(runs: Sequence[LoadedRun]) -> dict[tuple[str, str], LoadedRun] | None:
    """(model of the recommendation agent, model of the user agent) -> the run, where every pairing has one.

    The runs are over the same sessions. None where there is no such grid of at least two models for each agent: a
    pairing is missing or has several runs, or the runs differ in more than their models.
    """
    dialogues = [run for run in runs if run.kind.has_dialogue]
    if any(_apart_from_models(run) != _apart_from_models(dialogues[0]) for run in dialogues):
        return None
    pairs = [(_model(run, ""), _model(run, "user_")) for run in dialogues]
    recommendation, user = (
        (list(dict.fromkeys(models)) for models in zip(*pairs, strict=True)) if pairs else ([], [])
    )
    if min(len(recommendation), len(user)) < 2 or sorted(pairs) != sorted(product(recommendation, user)):
        return None
    labels = _labels([*recommendation, *user])
    by_pair = dict(zip(pairs, dialogues, strict=True))
    return {(labels[a], labels[b]): by_pair[a, b] for a, b in product(recommendation, user)}


_OF_MODELS = {"llm", "llm_name", "llm_parameters", "prompts", *SAMPLING_OPTIONS}
"""Keys of a configuration that a model determines; of the prompts, the answer format follows its options."""


def _apart_from_models(run: LoadedRun) -> dict[str, Any]:
    config = run.config.items()
    return {
        key: value
        for key, value in config
        if key not in _OF_MODELS and not key.startswith("user_llm") and key != "user_temperature"
    }


Model = tuple[str, str]
"""Name and parameters (JSON) of a language model."""


def _model(run: LoadedRun, prefix: str) -> Model:
    """The model of one agent; of the user agent that of both where it has no other."""
    prefix = prefix if f"{prefix}llm_name" in run.config else ""
    name, parameters = run.config.get(f"{prefix}llm_name"), run.config.get(f"{prefix}llm_parameters", {})
    return str(name), json.dumps(parameters, sort_keys=True)


def _labels(models: Sequence[Model]) -> Mapping[Model, str]:
    """Each model by its name; with the parameters in which those of one name differ."""
    labels = {}
    for model in dict.fromkeys(models):
        name, parameters = model[0], json.loads(model[1])
        others = [json.loads(other[1]) for other in models if other[0] == name]
        differing = {
            key: value
            for key, value in parameters.items()
            if any(key not in other or other[key] != value for other in others)
        }
        options = ", ".join(f"{key} {value}" for key, value in differing.items())
        labels[model] = f"{name} ({options})" if options else name
    return labels
