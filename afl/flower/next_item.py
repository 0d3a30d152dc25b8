"""Task `next-item` (task B of the paper): the title that follows a history of at most ten titles.

The outcome reward R_o of a title is the number of its occurrences in the histories of the training examples, as
published. Deviations from paper and published code, each with a test of this number:

1. A title that occurs in training only as a target has the reward 1, as if it had occurred once; published code treats
   its steps as leaving the tree.
2. Items of one title are one title everywhere: their counts and a base model's probabilities are summed. Published code
   takes the preference of whichever item is listed last.
3. A batch is made of runs of consecutive examples, in which each prompt continues the one before:
   `afl.flower.prefix_sharing` computes their common prefix once.
4. Prompts of training histories longer than ten titles begin at every fifth title, so that they contain six to ten
   titles and still continue each other. Test prompts contain ten.

B titles of a batch, T tokens, K titles, N nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Split
from afl.data.sessions import HISTORY_WINDOW, NextItemExample, history_counts, next_item_examples
from afl.errors import ModelError
from afl.flower.language_model import LanguageModel
from afl.flower.loss import subtb_loss
from afl.flower.personalisation import (
    PersonalisedReward,
    personalised_log_rewards,
    title_preferences,
    title_probabilities,
)
from afl.flower.prefix_tree import OFF_TREE, UNSEEN_LOG_REWARD, Floats, Ints, PrefixTree
from afl.flower.training import Examples
from afl.metrics.popularity import UNGROUPED, equal_groups, group_mix
from afl.models.scoring import TrainedModel

VALIDATION = 256
"""Maximum number of validation examples, spaced evenly over the split."""
WINDOW_STRIDE = HISTORY_WINDOW // 2
"""Titles by which the start of long training histories advances."""
RUN_LENGTH = 16
"""Number of consecutive examples that are drawn together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextItemConfig:
    """Examples and rewards."""

    examples: int = 0
    """Maximum number of training examples, in runs spaced evenly over the split; 0 is all."""
    personal: PersonalisedReward = PersonalisedReward.DIVIDED
    """Form of the personalised rewards."""
    preference_scale: float = 1.0
    """Weight of the logarithm in the form `added`."""
    reweighted: bool = False
    """IFairLRS: an example's weight in the imitation loss is (share of histories / share of targets) of its title's
    group."""


def build_prompt(dataset: Dataset, history: Sequence[int]) -> str:
    """The model's prompt: one title a line, oldest first."""
    titles = dataset.catalogue.plain_titles
    lines = "".join(f"{titles[item]}\n" for item in history)
    return f"{dataset.domain.past}:\n{lines}"


class NextItemTask:
    """Next-item examples of a data set, as a task of the training loop."""

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
        self._loss_weights = (sft, flow, granularity)
        self._base = base
        if flow and base is None and config.personal is not PersonalisedReward.NONE:
            raise ModelError("personalised rewards need a base model; give one, or choose none")
        self._examples = _evenly_spaced_runs(_training_examples(dataset), config.examples)
        self._validation_examples = evenly_spaced(next_item_examples(dataset, Split.VALID), VALIDATION)
        if not self._examples:
            raise ModelError(f"data set {dataset.name!r} has no training sequence of two or more items")

    @cached_property
    def counts(self) -> Ints:
        """(K,) how often each title occurs in the histories of training examples."""
        return title_counts(self._dataset, self.tree)

    @cached_property
    def rewards(self) -> Floats:
        """(K,) outcome rewards R_o."""
        targets = self._targets(self._examples)
        rewards = self.counts.astype(np.float64)
        rewards[targets] = np.maximum(rewards[targets], 1.0)
        return rewards

    @cached_property
    def log_process_rewards(self) -> Floats:
        """(N + 1,) log R_p of the step into each node, not personalised; the last is that of leaving the tree."""
        return np.append(self.tree.log_process_rewards(self.tree.flows(self.rewards)), UNSEEN_LOG_REWARD)

    @cached_property
    def target_weights(self) -> Floats:
        """(K,) IFairLRS' weight of each title as a target; 1 for titles without a group."""
        groups = equal_groups(self.counts)
        targets = self._targets(self._examples)
        target_mix = group_mix(np.bincount(targets, minlength=len(self.tree.titles)), groups)
        history_mix = group_mix(self.counts, groups)
        weights = np.divide(history_mix, target_mix, out=np.ones_like(target_mix), where=target_mix > 0)
        return np.where(groups == UNGROUPED, 1.0, weights[groups])

    def sample_batch(self, rng: np.random.Generator, size: int) -> Examples:
        """A batch of runs, which start anywhere; the last example is followed by the first."""
        starts = rng.integers(len(self._examples), size=-(-size // RUN_LENGTH))
        rows = (starts[:, None] + np.arange(RUN_LENGTH)).ravel()[:size]
        return self.batch_of(rows % len(self._examples))

    def batch_of(self, rows: NDArray[np.int64]) -> Examples:
        """The training examples of these rows."""
        examples = [self._examples[row] for row in rows.tolist()]
        titles = self._targets(examples)
        weights = self.target_weights[titles] if self.config.reweighted else np.ones(len(titles))
        prompts = tuple(build_prompt(self._dataset, example.history) for example in examples)
        return Examples(prompts, titles, weights, rows)

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        """(B, T) log process rewards of these steps for the users of the examples."""
        histories = [self._examples[row].history for row in examples.rows.tolist()]
        return self._log_rewards_for(histories, nodes)

    def validate(self, model: LanguageModel) -> float:
        """The training loss, with all examples of equal weight, on validation examples."""
        if not self._validation_examples:
            return 0.0
        by_length = sorted(self._validation_examples, key=lambda example: len(example.history))
        chunks = _chunks(by_length)
        return float(
            np.average([self._loss(model, chunk) for chunk in chunks], weights=[len(chunk) for chunk in chunks])
        )

    def _loss(self, model: LanguageModel, examples: Sequence[NextItemExample]) -> float:
        sft, flow, granularity = self._loss_weights
        titles = self._targets(examples)
        nodes = self.tree.nodes(titles)
        tokens = model.to_tensor(self.tree.tokens(titles, padding=model.padding_token))
        mask = model.to_tensor(nodes != OFF_TREE)
        prompts = model.encode_prompts([build_prompt(self._dataset, example.history) for example in examples])
        log_pi = model.log_probabilities(prompts, tokens)
        loss = -sft * log_pi[mask].mean()
        if flow:
            rewards = model.to_tensor(self._log_rewards_for([example.history for example in examples], nodes))
            loss = loss + flow * subtb_loss(log_pi, rewards, mask, granularity=granularity)
        return float(loss)

    def _log_rewards_for(self, histories: Sequence[Sequence[int]], nodes: Ints) -> Floats:
        shared = self.log_process_rewards[nodes]
        if self._base is None or self.config.personal is PersonalisedReward.NONE:
            return shared
        q = title_probabilities(self.tree, self._base.score_catalogue(histories))
        p = title_preferences(q, _titles_of(self.tree, nodes), self.config.personal)
        return personalised_log_rewards(shared, p, self.config.personal, scale=self.config.preference_scale)

    def _targets(self, examples: Sequence[NextItemExample]) -> Ints:
        """(B,) the title of each example's target."""
        return self.tree.title_of_item[[example.target for example in examples]]


def title_counts(dataset: Dataset, tree: PrefixTree) -> Ints:
    """(K,) how often each title occurs in the histories of the training examples."""
    return tree.sum_by_title(history_counts(dataset.splits[Split.TRAIN], len(dataset.catalogue))).astype(np.int64)


def title_tree(dataset: Dataset, model: LanguageModel) -> PrefixTree:
    """The prefix tree of the data set's titles under the model's tokenizer."""
    return PrefixTree.build(dataset.catalogue.plain_titles, model.encode, model.end_token)


def tokenizer_texts(dataset: Dataset) -> list[str]:
    """The texts to train a tokenizer on: all titles, and prompts, in which popular titles occur more often."""
    examples = evenly_spaced(next_item_examples(dataset, Split.TRAIN), 2_000)
    return [*dataset.catalogue.plain_titles, *(build_prompt(dataset, example.history) for example in examples)]


def evenly_spaced(examples: list[NextItemExample], limit: int) -> list[NextItemExample]:
    """At most `limit` of the examples, evenly spaced; 0 is all."""
    if not limit or len(examples) <= limit:
        return examples
    return [examples[row] for row in np.linspace(0, len(examples) - 1, limit).astype(int).tolist()]


def _titles_of(tree: PrefixTree, nodes: Ints) -> Ints:
    """(B,) the title in whose leaf each row of nodes ends, -1 where it left the tree."""
    on_tree = nodes != OFF_TREE
    last = nodes[np.arange(len(nodes)), np.maximum(on_tree.sum(axis=1) - 1, 0)]
    return np.where(on_tree.any(axis=1), tree.title_of_node[last], OFF_TREE)


def _training_examples(dataset: Dataset) -> list[NextItemExample]:
    """The training examples; long histories start where those of the examples before did, or `WINDOW_STRIDE` later."""
    examples = []
    for sequence in dataset.splits[Split.TRAIN]:
        for position in range(1, len(sequence.items)):
            start = max(0, -(-(position - HISTORY_WINDOW) // WINDOW_STRIDE)) * WINDOW_STRIDE
            examples.append(NextItemExample(sequence.items[start:position], sequence.items[position]))
    return examples


def _evenly_spaced_runs(examples: list[NextItemExample], limit: int) -> list[NextItemExample]:
    """At most `limit` of the examples, in evenly spaced runs; 0 is all."""
    if not limit or len(examples) <= limit:
        return examples
    starts = np.linspace(0, len(examples) - RUN_LENGTH, max(1, limit // RUN_LENGTH)).astype(int).tolist()
    return [example for start in starts for example in examples[start : start + RUN_LENGTH]]


def _chunks(examples: Sequence[NextItemExample], size: int = 64) -> list[Sequence[NextItemExample]]:
    return [examples[start : start + size] for start in range(0, len(examples), size)]
