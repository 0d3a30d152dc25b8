"""Accuracy, fairness and diversity of recommended titles: `afl flower evaluate` for the task `next-item`.

U test examples, K titles, ten recommended titles each; G groups of titles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset
from afl.data.sessions import NextItemExample
from afl.flower.beam_search import DecodingConfig, beam_search
from afl.flower.language_model import LanguageModel
from afl.flower.next_item import build_prompt
from afl.flower.personalisation import guidance_log_probabilities, title_probabilities
from afl.flower.prefix_tree import Ints, PrefixTree
from afl.flower.stored_evaluation import GroupShares
from afl.metrics.intervals import Estimate, bootstrap_mean, wilson
from afl.metrics.popularity import dgu, equal_groups, group_mix, mgu
from afl.metrics.ranking import gains, hits
from afl.metrics.text_diversity import type_token_ratio, word_entropy
from afl.models.scoring import TrainedModel
from afl.models.threads import single_threaded
from afl.ports import Progress

CUTOFF = 5
"""Of NDCG and HR, as published."""
LIST_LENGTH = 10
"""Titles per user that fairness and diversity are computed over, for every recommender."""
NOT_LISTED = LIST_LENGTH
"""The rank of a target that is not among the recommended titles."""
_BATCH = 64


@dataclass(frozen=True)
class NextItemReport:
    """Metrics of recommended titles."""

    titles: Ints
    """(U, 10) the recommended titles, best first."""
    ranks: Ints
    """(U,) the target's rank, from 0; `NOT_LISTED` where it is not among them."""
    shares: GroupShares
    """Shares of eight groups of titles by popularity."""
    entropy_bits: float
    ttr: float
    """Over ten titles per user."""

    @property
    def ndcg_at_5(self) -> Estimate:
        return bootstrap_mean(gains(self.ranks, CUTOFF))

    @property
    def hr_at_5(self) -> Estimate:
        return wilson(int(hits(self.ranks, CUTOFF).sum()), len(self.ranks))

    @property
    def dgu_at_10(self) -> float:
        return dgu(self.shares.gaps)

    @property
    def mgu_at_10(self) -> float:
        return mgu(self.shares.gaps)

    def to_json(self) -> dict[str, Any]:
        """The object of `flower evaluate --json`."""
        return {
            "task": "next-item",
            "n": len(self.ranks),
            "ndcg_at_5": self.ndcg_at_5.to_json(),
            "hr_at_5": self.hr_at_5.to_json(),
            "dgu_at_10": self.dgu_at_10,
            "mgu_at_10": self.mgu_at_10,
            "entropy_bits": self.entropy_bits,
            "ttr": self.ttr,
        }


def build_report(titles: Ints, targets: Ints, counts: Ints, texts: Sequence[str]) -> NextItemReport:
    """The metrics of (U, 10) recommended titles.

    `targets` are (U,), `counts` the (K,) occurrences of titles in training histories, `texts` the (K,) titles.
    """
    is_target = titles == targets[:, None]
    groups = equal_groups(counts)
    recommended = np.bincount(titles.ravel(), minlength=len(counts))
    recommended_texts = [[texts[title] for title in row] for row in titles.tolist()]
    return NextItemReport(
        titles=titles,
        ranks=np.where(is_target.any(axis=1), is_target.argmax(axis=1), NOT_LISTED),
        shares=GroupShares(
            tuple(group_mix(counts, groups).tolist()), tuple(group_mix(recommended, groups).tolist())
        ),
        entropy_bits=word_entropy(text for row in recommended_texts for text in row),
        ttr=type_token_ratio(recommended_texts),
    )


def recommend_by_beam_search(
    model: LanguageModel,
    tree: PrefixTree,
    dataset: Dataset,
    examples: Sequence[NextItemExample],
    decoding: DecodingConfig,
    *,
    base: TrainedModel | None = None,
    progress: Progress,
) -> Ints:
    """(U, 10) titles that a language model recommends; with `decoding.guidance` the base model guides the search."""
    titles = np.empty((len(examples), min(decoding.beams, len(tree.titles))), np.int64)
    by_length = np.array(sorted(range(len(examples)), key=lambda row: len(examples[row].history)), np.int64)
    with single_threaded():
        for start in range(0, len(by_length), _BATCH):
            rows = by_length[start : start + _BATCH]
            histories = [examples[row].history for row in rows.tolist()]
            prompts = model.encode_prompts([build_prompt(dataset, history) for history in histories])
            guide = _guide(tree, base, histories) if decoding.guidance else None
            titles[rows] = beam_search(model, tree, prompts, decoding, guide=guide).titles
            progress(start + len(rows), len(examples))
    return titles[:, :LIST_LENGTH]


def recommend_by_base_model(base: TrainedModel, tree: PrefixTree, examples: Sequence[NextItemExample]) -> Ints:
    """(U, 10) titles that a base model ranks first; a title has the score of its best item."""
    titles = np.empty((len(examples), min(LIST_LENGTH, len(tree.titles))), np.int64)
    order = np.argsort(tree.title_of_item, kind="stable")
    begins = np.searchsorted(tree.title_of_item[order], np.arange(len(tree.titles)))
    for rows, scores in base.chunks([example.history for example in examples]):
        title_scores = np.maximum.reduceat(scores[:, order], begins, axis=1)  # (u, K)
        titles[rows] = np.argsort(-title_scores, axis=1, kind="stable")[:, : titles.shape[1]]
    return titles


def _guide(tree: PrefixTree, base: TrainedModel | None, histories: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    if base is None:
        raise ValueError("got a decoding with guidance and no base model, expected one to guide it")
    return guidance_log_probabilities(tree, title_probabilities(tree, base.score_catalogue(histories)))
