"""Task B of the paper: a history of at most ten titles, and the title that came next, as a lesson for the trainer.

The outcome reward R_o of a title is how often it occurs in the histories of the training examples, as published.
Deviations from paper and published code, each with a test of this number:

1. A title that training knows as targets only has the reward 1, as though it had been met once; published code takes
   its steps to lie outside the tree.
2. Items of one title are one title everywhere: their counts and a base model's probabilities are summed. Published code
   takes the preference of whichever item is listed last.
3. A batch is made of runs of consecutive examples, in which each prompt continues the one before:
   `afl.flower.prefix_sharing` computes their common prefix once.
4. Prompts of training histories longer than ten titles begin at every fifth title, so that six to ten of them are read
   and prompts still go on from each other. Tests read ten.

B titles of a batch, T tokens, K titles, N nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Split
from afl.data.next_item_examples import NextItemExample, history_counts, next_item_examples
from afl.data.sessions import HISTORY_WINDOW
from afl.errors import ModelError
from afl.flower.guidance import title_probabilities
from afl.flower.language_model import LanguageModel
from afl.flower.loss import subtb_loss
from afl.flower.personalisation import PersonalisedReward, personalised_log_rewards, title_preferences
from afl.flower.prefix_tree import OFF_TREE, UNSEEN_LOG_REWARD, Floats, Ints, PrefixTree
from afl.flower.training_task import Examples
from afl.metrics.exposure import UNGROUPED, equal_groups, group_mix
from afl.models.scoring import TrainedModel

VALIDATION = 256
"""Examples at most that a validation looks at, spread evenly over the split."""
MOVES = HISTORY_WINDOW // 2
"""Titles by which the beginning of long training histories moves."""
RUN = 16
"""Consecutive examples that are drawn together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextItemConfig:
    """What is learned from."""

    examples: int = 0
    """Training examples at most, in runs spread evenly over the split; 0 is all."""
    personal: PersonalisedReward = PersonalisedReward.DIVIDED
    """Form of the personalised reward."""
    preference_scale: float = 1.0
    """Weight of the logarithm that the form `added` adds."""
    reweighted: bool = False
    """IFairLRS: the imitation of an example weighs share of histories / share of targets of its title's group."""


def build_prompt(dataset: Dataset, history: Sequence[int]) -> str:
    """What the model reads before the next title: one title a line, oldest first."""
    titles = dataset.catalogue.plain_titles
    said = "".join(f"{titles[item]}\n" for item in history)
    return f"{dataset.domain.past}:\n{said}"


class NextItemTask:
    """Training examples of a data set, drawn at random; rewards as the configuration has them."""

    def __init__(
        self,
        dataset: Dataset,
        tree: PrefixTree,
        config: NextItemConfig,
        *,
        flow: float,
        sft: float = 1.0,
        granularity: int = 1,
        base: TrainedModel | None = None,
    ) -> None:
        self.tree = tree
        self.config = config
        self._dataset = dataset
        self._weights = (sft, flow, granularity)
        self._base = base
        if flow and base is None and config.personal is not PersonalisedReward.NONE:
            raise ModelError("personalised rewards need a base model; give one, or choose none")
        self._taught = _runs(_taught(dataset), config.examples)
        self._validated = evenly_spaced(next_item_examples(dataset, Split.VALID), VALIDATION)
        if not self._taught:
            raise ModelError(f"data set {dataset.name!r} has no training sequence of two or more items")

    @cached_property
    def counts(self) -> Ints:
        """(K,) how often each title occurs in the histories of training examples."""
        return title_counts(self._dataset, self.tree)

    @cached_property
    def rewards(self) -> Floats:
        """(K,) outcome rewards R_o."""
        targets = self.tree.title_of_item[[example.target for example in self._taught]]
        known = self.counts.astype(np.float64)
        known[targets] = np.maximum(known[targets], 1.0)
        return known

    @cached_property
    def log_process_rewards(self) -> Floats:
        """(N + 1,) log R_p of the step into each node, the same for everybody; the last is that of leaving the tree."""
        return np.append(self.tree.log_process_rewards(self.tree.flows(self.rewards)), UNSEEN_LOG_REWARD)

    @cached_property
    def target_weights(self) -> Floats:
        """(K,) IFairLRS' weight of each title as a target; 1 for titles without a group."""
        groups = equal_groups(self.counts)
        targets = self.tree.title_of_item[[example.target for example in self._taught]]
        wanted = group_mix(np.bincount(targets, minlength=len(self.tree.titles)), groups)
        weights = np.divide(group_mix(self.counts, groups), wanted, out=np.ones_like(wanted), where=wanted > 0)
        return np.where(groups == UNGROUPED, 1.0, weights[groups])

    def examples(self, draws: np.random.Generator, count: int) -> Examples:
        """A batch of runs, which may begin anywhere; the last one is followed by the first."""
        begins = draws.integers(len(self._taught), size=-(-count // RUN))
        rows = (begins[:, None] + np.arange(RUN)).ravel()[:count]
        return self.written(rows % len(self._taught))

    def written(self, rows: NDArray[np.int64]) -> Examples:
        """These examples."""
        chosen = [self._taught[row] for row in rows.tolist()]
        titles = self.tree.title_of_item[[example.target for example in chosen]]
        weights = self.target_weights[titles] if self.config.reweighted else np.ones(len(titles))
        prompts = tuple(build_prompt(self._dataset, example.history) for example in chosen)
        return Examples(prompts, titles, weights, rows)

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        """(B, T) log process rewards of these steps for the users of the examples."""
        histories = [self._taught[row].history for row in examples.rows.tolist()]
        return self._for_users(histories, nodes)

    def validate(self, model: LanguageModel) -> float:
        """The training loss, without weights of examples, on validation examples and their own titles."""
        sft, flow, granularity = self._weights
        if not self._validated:
            return 0.0
        ordered = sorted(self._validated, key=lambda example: len(example.history))
        losses = [self._loss(model, part, sft, flow, granularity) for part in _parts(ordered)]
        return float(np.average([loss for loss, _ in losses], weights=[size for _, size in losses]))

    def _loss(
        self, model: LanguageModel, part: Sequence[NextItemExample], sft: float, flow: float, granularity: int
    ) -> tuple[float, int]:
        titles = self.tree.title_of_item[[example.target for example in part]]
        nodes = self.tree.nodes(titles)
        tokens = model.to_tensor(self.tree.tokens(titles, padding=model.padding_token))
        mask = model.to_tensor(nodes != OFF_TREE)
        prompts = model.encode_prompts([build_prompt(self._dataset, example.history) for example in part])
        log_pi = model.log_probabilities(prompts, tokens)
        loss = -sft * log_pi[mask].mean()
        if flow:
            rewards = model.to_tensor(self._for_users([example.history for example in part], nodes))
            loss = loss + flow * subtb_loss(log_pi, rewards, mask, granularity=granularity)
        return float(loss), len(part)

    def _for_users(self, histories: Sequence[Sequence[int]], nodes: Ints) -> Floats:
        everybody = self.log_process_rewards[nodes]
        if self._base is None or self.config.personal is PersonalisedReward.NONE:
            return everybody
        q = title_probabilities(self.tree, self._base.score_catalogue(histories))
        p = title_preferences(q, _titles_at(self.tree, nodes), self.config.personal)
        return personalised_log_rewards(everybody, p, self.config.personal, scale=self.config.preference_scale)


def title_counts(dataset: Dataset, tree: PrefixTree) -> Ints:
    """(K,) how often each title occurs in the histories of the training examples."""
    return tree.sum_by_title(history_counts(dataset.splits[Split.TRAIN], len(dataset.catalogue))).astype(np.int64)


def title_tree(dataset: Dataset, model: LanguageModel) -> PrefixTree:
    """The prefix tree of the data set's titles under the model's tokenizer."""
    return PrefixTree.build(dataset.catalogue.plain_titles, model.encode, model.end_token)


def tokenizer_texts(dataset: Dataset) -> list[str]:
    """What a tokenizer of one's own is learned from: the titles, popular ones more often, and the prompt's words."""
    examples = evenly_spaced(next_item_examples(dataset, Split.TRAIN), 2_000)
    return [*dataset.catalogue.plain_titles, *(build_prompt(dataset, example.history) for example in examples)]


def _titles_at(tree: PrefixTree, nodes: Ints) -> Ints:
    """(B,) the title in whose leaf each row of nodes ends, -1 where it left the tree."""
    inside = nodes != OFF_TREE
    last = nodes[np.arange(len(nodes)), np.maximum(inside.sum(axis=1) - 1, 0)]
    return np.where(inside.any(axis=1), tree.title_of_node[last], OFF_TREE)


def evenly_spaced(examples: list[NextItemExample], most: int) -> list[NextItemExample]:
    """At most so many of them, spread evenly; 0 is all."""
    if not most or len(examples) <= most:
        return examples
    return [examples[place] for place in np.linspace(0, len(examples) - 1, most).astype(int).tolist()]


def _taught(dataset: Dataset) -> list[NextItemExample]:
    """The training examples, with histories that begin where those before them did, or five titles later."""
    found = []
    for sequence in dataset.splits[Split.TRAIN]:
        for place in range(1, len(sequence.items)):
            begin = max(0, -(-(place - HISTORY_WINDOW) // MOVES)) * MOVES
            found.append(NextItemExample(sequence.items[begin:place], sequence.items[place]))
    return found


def _runs(examples: list[NextItemExample], most: int) -> list[NextItemExample]:
    """At most so many of them, whole runs spread evenly; 0 is all."""
    if not most or len(examples) <= most:
        return examples
    begins = np.linspace(0, len(examples) - RUN, max(1, most // RUN)).astype(int).tolist()
    return [example for begin in begins for example in examples[begin : begin + RUN]]


def _parts(examples: Sequence[NextItemExample], size: int = 64) -> list[Sequence[NextItemExample]]:
    return [examples[start : start + size] for start in range(0, len(examples), size)]
