"""How good and how fair recommended titles are: what `afl flower evaluate` says of the task next-item.

U test examples, K titles, ten recommended titles each; G groups of titles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset
from afl.data.next_item_examples import NextItemExample
from afl.flower.beam_search import DecodingConfig, beam_search
from afl.flower.guidance import guidance_log_probabilities, title_probabilities
from afl.flower.language_model import LanguageModel
from afl.flower.next_item import build_prompt
from afl.flower.prefix_tree import Ints, PrefixTree
from afl.flower.stored_evaluation import GroupShares
from afl.metrics.exposure import dgu, equal_groups, group_mix, mgu
from afl.metrics.hit_rate import hits
from afl.metrics.intervals import Estimate, bootstrap_mean, wilson
from afl.metrics.ndcg import gains
from afl.metrics.text_diversity import type_token_ratio, word_entropy
from afl.models.scoring import TrainedModel
from afl.models.threads import single_threaded
from afl.ports import Progress

CUTOFF = 5
"""Of NDCG and HR, as published."""
LIST_LENGTH = 10
"""Titles per user, over which fairness and wording are taken, whatever recommends them."""
NOT_LISTED = LIST_LENGTH
"""The rank of a target that is not listed."""
_TOGETHER = 64


@dataclass(frozen=True)
class NextItemReport:
    """Recommended titles in numbers."""

    titles: Ints
    """(U, 10) what was recommended, best first."""
    ranks: Ints
    """(U,) the place of the target, from 0; `UNLISTED` where it is not among them."""
    shares: GroupShares
    """Of eight groups of titles by popularity."""
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
    """The numbers of (U, 10) recommended titles, (U,) targets, (K,) occurrences in training histories, (K,) texts."""
    found = titles == targets[:, None]
    groups = equal_groups(counts)
    recommended = np.bincount(titles.ravel(), minlength=len(counts))
    said = [[texts[title] for title in row] for row in titles.tolist()]
    return NextItemReport(
        titles=titles,
        ranks=np.where(found.any(axis=1), found.argmax(axis=1), NOT_LISTED),
        shares=GroupShares(
            tuple(group_mix(counts, groups).tolist()), tuple(group_mix(recommended, groups).tolist())
        ),
        entropy_bits=word_entropy(title for row in said for title in row),
        ttr=type_token_ratio(said),
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
    """(U, 10) titles that a language model recommends, by beam search; `base` guides it where decoding says so."""
    found = np.empty((len(examples), min(decoding.beams, len(tree.titles))), np.int64)
    alike = np.array(sorted(range(len(examples)), key=lambda row: len(examples[row].history)), np.int64)
    with single_threaded():
        for start in range(0, len(alike), _TOGETHER):
            rows = alike[start : start + _TOGETHER]
            histories = [examples[row].history for row in rows.tolist()]
            prompts = model.encode_prompts([build_prompt(dataset, history) for history in histories])
            guide = _guide(tree, base, histories) if decoding.guidance else None
            found[rows] = beam_search(model, tree, prompts, decoding, guide=guide).titles
            progress(start + len(rows), len(examples))
    return found[:, :LIST_LENGTH]


def recommend_by_base_model(base: TrainedModel, tree: PrefixTree, examples: Sequence[NextItemExample]) -> Ints:
    """(U, 10) titles that a base model ranks first; of several items of a title the best one counts."""
    found = np.empty((len(examples), min(LIST_LENGTH, len(tree.titles))), np.int64)
    order = np.argsort(tree.title_of_item, kind="stable")
    begins = np.searchsorted(tree.title_of_item[order], np.arange(len(tree.titles)))
    for part, scores in base.chunks([example.history for example in examples]):
        of_titles = np.maximum.reduceat(scores[:, order], begins, axis=1)  # (u, K)
        found[part] = np.argsort(-of_titles, axis=1, kind="stable")[:, : found.shape[1]]
    return found


def _guide(tree: PrefixTree, base: TrainedModel | None, histories: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    if base is None:
        raise ValueError("got a decoding with guidance and no base model, expected one to guide it")
    return guidance_log_probabilities(tree, title_probabilities(tree, base.score_catalogue(histories)))
