"""Evaluates a base model: hit rate over sampled candidates, and the full ranking of the catalogue."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.candidates import candidate_lists
from afl.data.dataset import Dataset, Sequences, Split
from afl.data.sessions import HISTORY_WINDOW, Row, session_rows
from afl.metrics.intervals import Estimate, bootstrap_mean, wilson
from afl.metrics.ranking import expected_hits, gains, hits
from afl.models.base import NextItemModel
from afl.models.scoring import TrainedModel, score

NEGATIVES = 19
EXAMPLES = 2_000
"""Maximum number of validation examples, spread evenly over the split."""
_BATCH = 512


class Example(NamedTuple):
    """A position of a validation sequence."""

    history: tuple[int, ...]
    target: int
    seen_items: NDArray[np.int64]
    """The user's items, never drawn as negatives."""


class Validation:
    """Scores a model by its expected hit rate at 1 of 20 over the last ten positions of every validation sequence.

    The expectation over all candidate lists is exact (`afl.metrics.ranking.expected_hits`), so there is no sampling
    noise, and ten positions per sequence give more information than the last one. Training sequences replace an empty
    validation split; training then only stops at its number of epochs.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.items = len(dataset.catalogue)
        self.examples = _examples(dataset.splits[Split.VALID]) or _examples(dataset.splits[Split.TRAIN])

    def __call__(self, model: NextItemModel) -> float:
        """The mean over examples, between 0 and 1; higher is better."""
        expected = [
            self._expected_hits(model, self.examples[i : i + _BATCH]) for i in range(0, len(self.examples), _BATCH)
        ]
        return float(np.concatenate(expected).mean()) if expected else 0.0

    def _expected_hits(self, model: NextItemModel, examples: list[Example]) -> NDArray[np.float64]:
        scores = score(model, [example.history for example in examples])  # (E, items)
        targets = np.array([example.target for example in examples])
        better = scores >= np.take_along_axis(scores, targets[:, None], axis=1)
        for row, example in zip(better, examples, strict=True):
            row[example.seen_items] = False
        pool = self.items - np.array([len(example.seen_items) for example in examples])
        return expected_hits(better.sum(axis=1), pool, NEGATIVES)


def _examples(sequences: Sequences) -> list[Example]:
    lengths = sequences.lengths
    first = np.maximum(1, lengths - HISTORY_WINDOW)  # first target position of each sequence
    total = int(np.maximum(lengths - first, 0).sum())
    stride = max(1, -(-total // EXAMPLES))
    positions = [(s, t) for s in range(len(sequences)) for t in range(int(first[s]), int(lengths[s]))][::stride]
    return [_example(sequences, s, t) for s, t in positions]


def _example(sequences: Sequences, index: int, position: int) -> Example:
    sequence = sequences[index]
    history = sequence.items[max(0, position - HISTORY_WINDOW) : position]
    return Example(history, sequence.items[position], np.array(sorted(sequence.seen_items), dtype=np.int64))


CUTOFF = 10


@dataclass(frozen=True, slots=True)
class ModelReport:
    """The metrics of a model, each with its 95 % interval over users."""

    hit_rate_at_1: Estimate
    """Mean over candidate seeds of the share of users whose target is scored highest in the list."""
    candidate_seeds: int
    hr_at_10: Estimate
    ndcg_at_10: Estimate

    def to_json(self) -> dict[str, Any]:
        return {
            "hit_rate_at_1": {**self.hit_rate_at_1.to_json(), "candidate_seeds": self.candidate_seeds},
            "full_ranking": {"hr_at_10": self.hr_at_10.to_json(), "ndcg_at_10": self.ndcg_at_10.to_json()},
        }


def evaluate_model(
    model: TrainedModel,
    dataset: Dataset,
    *,
    candidate_seeds: int = 50,
    size: int = 20,
    split: Split = Split.TEST,
    exclude_history: bool = False,
) -> ModelReport:
    """Scores every row of a split; candidate seeds are 0, 1, ... `candidate_seeds` - 1.

    The full ranking is over the whole catalogue; with `exclude_history` without the items of the history. The
    hit rate's interval is a bootstrap over users, each with its mean over candidate seeds: seeds are never
    pooled with users. HR@10 has a Wilson interval, NDCG@10 a bootstrap interval.
    """
    results = user_results(
        model, dataset, candidate_seeds=candidate_seeds, size=size, split=split, exclude_history=exclude_history
    )
    top = hits(results.ranks, CUTOFF)
    return ModelReport(
        hit_rate_at_1=bootstrap_mean(results.hits if candidate_seeds else []),
        candidate_seeds=candidate_seeds,
        hr_at_10=wilson(int(top.sum()), len(top)),
        ndcg_at_10=bootstrap_mean(gains(results.ranks, CUTOFF)),
    )


class UserResults(NamedTuple):
    """The results of a model for each of S rows of a split."""

    hits: NDArray[np.float64]
    """(S,) the share of candidate lists in which the target is scored highest."""
    ranks: NDArray[np.int64]
    """(S,) how many other items of the catalogue score at least as high as the target."""


def user_results(
    model: TrainedModel,
    dataset: Dataset,
    *,
    candidate_seeds: int = 50,
    size: int = 20,
    split: Split = Split.TEST,
    exclude_history: bool = False,
) -> UserResults:
    """As `evaluate_model`, per user: for averages over training seeds and paired comparisons of models."""
    users = session_rows(dataset, split)
    is_hit = np.zeros((candidate_seeds, len(users)), dtype=bool)  # (C, S)
    lists = [candidate_lists(dataset, users, size=size, seed=seed).items for seed in range(candidate_seeds)]
    ranks = np.empty(len(users), dtype=np.int64)  # (S,)
    targets = np.array([row.target for row in users], dtype=np.int64)
    for part, scores in model.chunks([row.history for row in users]):
        for seed, candidates in enumerate(lists):
            is_hit[seed, part] = _suggested(scores, candidates[part]) == targets[part]
        ranks[part] = _ranks(scores, users[part], exclude_history=exclude_history)
    return UserResults(is_hit.mean(axis=0) if candidate_seeds else np.zeros(len(users)), ranks)


def _suggested(scores: NDArray[np.float32], candidates: NDArray[np.int32]) -> NDArray[np.int32]:
    best = np.take_along_axis(scores, candidates.astype(np.int64), axis=1).argmax(axis=1)
    suggested: NDArray[np.int32] = candidates[np.arange(len(candidates)), best]
    return suggested


def _ranks(scores: NDArray[np.float32], users: list[Row], *, exclude_history: bool) -> NDArray[np.int64]:
    """(S,) how many other items score at least as high as the target."""
    targets = np.array([row.target for row in users], dtype=np.int64)[:, None]
    ahead = scores >= np.take_along_axis(scores, targets, axis=1)  # (S, items)
    np.put_along_axis(ahead, targets, False, axis=1)
    if exclude_history:
        for line, row in zip(ahead, users, strict=True):
            line[list(row.history)] = False
    return np.asarray(np.count_nonzero(ahead, axis=1), dtype=np.int64)
