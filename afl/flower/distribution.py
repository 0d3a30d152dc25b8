"""Task `distribution`: titles come out in proportion to given counts, after one fixed prompt (Flower, RQ1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from afl.errors import DataError
from afl.flower.language_model import LanguageModel
from afl.flower.prefix_tree import OFF_TREE, UNSEEN_LOG_REWARD, Floats, Ints, PrefixTree
from afl.flower.sampling import sample_titles
from afl.flower.training_task import Examples
from afl.metrics.divergence import js_divergence, kl_divergence

BATCH = 256
"""Titles that are scored at once."""
HELD_OUT = 0.05
"""Share of a sample that validates."""


class TargetDistribution(NamedTuple):
    """What is to be fitted."""

    titles: tuple[str, ...]
    counts: tuple[float, ...]


def read_target(path: Path) -> TargetDistribution:
    """A JSON object of title -> count; a title that occurs twice keeps both counts, which add up.

    Raises `DataError` naming the file where it is none.
    """
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs) or not pairs:
        raise DataError(f"{path}: expected a JSON object of titles and their counts")
    for title, count in pairs:
        number = isinstance(count, int | float) and not isinstance(count, bool)
        if not (number and isfinite(count) and count >= 0):
            raise DataError(f"{path}: {title!r} has the count {count!r}, expected a number of 0 or more")
    if not any(count for _, count in pairs):
        raise DataError(f"{path}: every count is 0, expected one above 0")
    return TargetDistribution(tuple(title for title, _ in pairs), tuple(float(count) for _, count in pairs))


@dataclass(frozen=True)
class DistributionTask:
    """Titles and process rewards of a target distribution, as the trainer takes them."""

    tree: PrefixTree
    shares: Floats
    """(K,) the target; sums to 1."""
    prompt: str
    taught: Floats
    """(K,) the distribution that the titles of a batch are drawn from."""
    held_out: Floats
    """(K,) the distribution that validates."""

    def examples(self, draws: np.random.Generator, count: int) -> Examples:
        titles = draws.choice(len(self.taught), count, p=self.taught)
        return Examples((self.prompt,) * count, titles, np.ones(count), titles)

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        return np.where(nodes == OFF_TREE, UNSEEN_LOG_REWARD, self._steps[nodes])

    def validate(self, model: LanguageModel) -> float:
        """The cross-entropy of what is held out under the model, in nats a title."""
        seen = self.held_out > 0
        found = catalogue_log_probabilities(model, self.tree, self.prompt)
        return -float(np.sum(self.held_out[seen] * found[seen]))

    @cached_property
    def _steps(self) -> Floats:
        return self.tree.log_process_rewards(self.tree.flows(self.shares))


def flow_task(tree: PrefixTree, shares: Floats, *, prompt: str) -> DistributionTask:
    """Titles uniformly, however rare: their rewards say how likely they are to be. The target itself validates."""
    seen = (shares > 0).astype(np.float64)
    return DistributionTask(tree, shares, prompt, seen / seen.sum(), shares)


def imitation_task(
    tree: PrefixTree, shares: Floats, *, prompt: str, sample: int | None, seed: int
) -> DistributionTask:
    """Titles in proportion to the target: fresh draws in every batch, or a fixed `sample` drawn once.

    A twentieth of the sample validates; fresh draws are validated by the target itself.
    """
    if sample is None:
        return DistributionTask(tree, shares, prompt, shares, shares)
    draws = np.random.default_rng(seed)
    titles = draws.choice(len(shares), sample, p=shares)
    cut = max(1, round(sample * HELD_OUT))
    taught, held_out = titles[cut:] if sample > 1 else titles, titles[:cut]
    return DistributionTask(tree, shares, prompt, _share_of(taught, shares), _share_of(held_out, shares))


@torch.no_grad()
def catalogue_log_probabilities(model: LanguageModel, tree: PrefixTree, prompt: str) -> Floats:
    """(K,) log probability that the model writes each title of the tree after the prompt, exactly.

    A title counts as its own tokens with the terminator; what the probabilities lack to 1 is outside the catalogue.
    """
    found = np.zeros(len(tree.titles))
    alike = np.argsort(tree.length, kind="stable")
    for start in range(0, len(alike), BATCH):
        titles = alike[start : start + BATCH]
        tokens = tree.tokens(titles, padding=model.padding_token)
        steps = model.log_probabilities(model.encode_prompts([prompt] * len(titles)), model.to_tensor(tokens))
        inside = model.to_tensor(tree.nodes(titles) != OFF_TREE)
        found[titles] = torch.where(inside, steps, 0).double().sum(dim=1).cpu().numpy()
    return found


class DistributionFit(NamedTuple):
    """How near a model's own titles come to the target; divergences in nats, over the titles of the catalogue.

    Divergences of draws are None where no draw was a title.
    """

    draws: int
    counts: Ints
    """(K,) how often each title was drawn."""
    js: float | None
    kl_result_target: float | None
    kl_target_result: float | None
    off_catalogue: float
    """Share of the draws that are no title, or were cut off."""
    exact: Floats
    """(K,) the model's own probability of each title."""
    exact_js: float
    """Of the model's own distribution over the titles, normalised to them."""
    exact_off_catalogue: float
    """What the model's own distribution has outside them."""

    def to_json(self) -> dict[str, Any]:
        """The object of `flower evaluate --json`."""
        own = ("draws", "js", "kl_result_target", "kl_target_result", "off_catalogue")
        numbers = {key: getattr(self, key) for key in (*own, "exact_js", "exact_off_catalogue")}
        return {"task": "distribution", **numbers}


def evaluate(
    model: LanguageModel, tree: PrefixTree, shares: Floats, *, prompt: str, draws: int, seed: int
) -> DistributionFit:
    """Draws titles from the model itself, with temperature 1 over the full vocabulary, and holds them to the target."""
    with model.limited_threads():
        found = sample_titles(model, prompt, draws, longest=tree.path.shape[1], seed=seed)
        counts = count_titles([one.text for one in found if one.ended], tree)
        exact = np.exp(catalogue_log_probabilities(model, tree, prompt))
    some = bool(counts.sum())
    return DistributionFit(
        draws=draws,
        counts=counts,
        js=js_divergence(shares, counts) if some else None,
        kl_result_target=kl_divergence(counts, shares) if some else None,
        kl_target_result=kl_divergence(shares, counts) if some else None,
        off_catalogue=(draws - int(counts.sum())) / draws,
        exact=exact,
        exact_js=js_divergence(shares, exact) if exact.sum() > 0 else log(2),
        exact_off_catalogue=max(0.0, 1 - float(exact.sum())),
    )


def count_titles(texts: Sequence[str], tree: PrefixTree) -> Ints:
    """(K,) how often each title of the tree is among the texts; others are left out."""
    numbers = {title: number for number, title in enumerate(tree.titles)}
    known = [numbers[text] for text in texts if text in numbers]
    return np.bincount(np.array(known, np.int64), minlength=len(tree.titles)).astype(np.int64)


def _share_of(titles: Ints, like: Floats) -> Floats:
    return np.bincount(titles, minlength=len(like)).astype(np.float64) / len(titles)
