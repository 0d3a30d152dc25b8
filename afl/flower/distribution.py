"""Task `distribution`: the model writes titles in proportion to given counts, after one fixed prompt (Flower, RQ1)."""

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
from afl.flower.training import Examples
from afl.metrics.divergence import js_divergence, kl_divergence

BATCH = 256
"""Titles scored at once."""
VALIDATION_SHARE = 0.05
"""Share of a sample that is held out for validation."""


class TargetDistribution(NamedTuple):
    """Titles and their counts."""

    titles: tuple[str, ...]
    counts: tuple[float, ...]


def read_target(path: Path) -> TargetDistribution:
    """The target in a JSON file of title -> count; the counts of a title that occurs twice are added later.

    Raises `DataError` naming the file where it is not such a file.
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
    """Fitting a target distribution, as a task of the training loop."""

    tree: PrefixTree
    shares: Floats
    """(K,) the target distribution; sums to 1."""
    prompt: str
    training: Floats
    """(K,) the distribution that the titles of a batch are drawn from."""
    validation: Floats
    """(K,) the distribution of the validation loss."""

    def sample_batch(self, rng: np.random.Generator, size: int) -> Examples:
        titles = rng.choice(len(self.training), size, p=self.training)
        return Examples((self.prompt,) * size, titles, np.ones(size), titles)

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        return np.where(nodes == OFF_TREE, UNSEEN_LOG_REWARD, self._log_process_rewards[nodes])

    def validate(self, model: LanguageModel) -> float:
        """Cross-entropy of the validation distribution under the model, in nats per title."""
        seen = self.validation > 0
        log_probabilities = catalogue_log_probabilities(model, self.tree, self.prompt)
        return -float(np.sum(self.validation[seen] * log_probabilities[seen]))

    @cached_property
    def _log_process_rewards(self) -> Floats:
        return self.tree.log_process_rewards(self.tree.flows(self.shares))


def flow_task(tree: PrefixTree, shares: Floats, *, prompt: str) -> DistributionTask:
    """Flow matching: batches draw all titles uniformly, and the rewards carry the target; validated on the target."""
    seen = (shares > 0).astype(np.float64)
    return DistributionTask(tree, shares, prompt, seen / seen.sum(), shares)


def imitation_task(
    tree: PrefixTree, shares: Floats, *, prompt: str, sample: int | None, seed: int
) -> DistributionTask:
    """Imitation: batches draw titles in proportion to the target, or from a fixed `sample` of it.

    A twentieth of the sample is held out for validation; without a sample, the target itself validates.
    """
    if sample is None:
        return DistributionTask(tree, shares, prompt, shares, shares)
    titles = np.random.default_rng(seed).choice(len(shares), sample, p=shares)
    held_out = max(1, round(sample * VALIDATION_SHARE))
    training = titles[held_out:] if sample > 1 else titles
    return DistributionTask(
        tree, shares, prompt, _frequencies(training, len(shares)), _frequencies(titles[:held_out], len(shares))
    )


@torch.no_grad()
def catalogue_log_probabilities(model: LanguageModel, tree: PrefixTree, prompt: str) -> Floats:
    """(K,) exact log probability of each title of the tree, terminator included, after the prompt.

    What the probabilities lack to 1 is probability mass outside the catalogue.
    """
    log_probabilities = np.zeros(len(tree.titles))
    by_length = np.argsort(tree.length, kind="stable")
    for start in range(0, len(by_length), BATCH):
        titles = by_length[start : start + BATCH]
        tokens = tree.tokens(titles, padding=model.padding_token)
        steps = model.log_probabilities(model.encode_prompts([prompt] * len(titles)), model.to_tensor(tokens))
        on_tree = model.to_tensor(tree.nodes(titles) != OFF_TREE)
        log_probabilities[titles] = torch.where(on_tree, steps, 0).double().sum(dim=1).cpu().numpy()
    return log_probabilities


class DistributionFit(NamedTuple):
    """How close a model's titles are to the target; divergences in nats, over the titles of the catalogue.

    `js` and both KL divergences are None where no draw was a title of the catalogue.
    """

    draws: int
    counts: Ints
    """(K,) how often each title was drawn."""
    js: float | None
    kl_result_target: float | None
    kl_target_result: float | None
    off_catalogue: float
    """Share of the draws that are no title of the catalogue, or were cut off."""
    exact: Floats
    """(K,) the model's probability of each title."""
    exact_js: float
    """JS divergence of the model's exact distribution, normalised over the titles."""
    exact_off_catalogue: float
    """Probability mass of the model's exact distribution outside the titles."""

    def to_json(self) -> dict[str, Any]:
        """The object of `flower evaluate --json`."""
        of_draws = ("draws", "js", "kl_result_target", "kl_target_result", "off_catalogue")
        numbers = {key: getattr(self, key) for key in (*of_draws, "exact_js", "exact_off_catalogue")}
        return {"task": "distribution", **numbers}


def evaluate(
    model: LanguageModel, tree: PrefixTree, shares: Floats, *, prompt: str, draws: int, seed: int
) -> DistributionFit:
    """Samples titles from the model, with temperature 1 over the full vocabulary, and compares them with the target."""
    with model.limited_threads():
        samples = sample_titles(model, prompt, draws, max_tokens=tree.path.shape[1], seed=seed)
        counts = count_titles([sample.text for sample in samples if sample.ended], tree)
        exact = np.exp(catalogue_log_probabilities(model, tree, prompt))
    any_title = bool(counts.sum())
    return DistributionFit(
        draws=draws,
        counts=counts,
        js=js_divergence(shares, counts) if any_title else None,
        kl_result_target=kl_divergence(counts, shares) if any_title else None,
        kl_target_result=kl_divergence(shares, counts) if any_title else None,
        off_catalogue=(draws - int(counts.sum())) / draws,
        exact=exact,
        exact_js=js_divergence(shares, exact) if exact.sum() > 0 else log(2),
        exact_off_catalogue=max(0.0, 1 - float(exact.sum())),
    )


def count_titles(texts: Sequence[str], tree: PrefixTree) -> Ints:
    """(K,) how often each title of the tree is among the texts; other texts are ignored."""
    numbers = {title: number for number, title in enumerate(tree.titles)}
    titles = [numbers[text] for text in texts if text in numbers]
    return np.bincount(np.array(titles, np.int64), minlength=len(tree.titles)).astype(np.int64)


def _frequencies(titles: Ints, size: int) -> Floats:
    return np.bincount(titles, minlength=size).astype(np.float64) / len(titles)
