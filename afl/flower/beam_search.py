"""Beam search constrained to the prefix tree: every beam is a real title, for a batch of prompts at once.

A step extends a beam only to the children of its node; probabilities are those over the full vocabulary, not
renormalised to the children, as published. B prompts, K beams, N nodes of the tree, R active beams.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from afl.flower.language_model import LanguageModel, PromptBatch
from afl.flower.prefix_tree import OFF_TREE, ROOT, PrefixTree
from afl.flower.title_scoring import IncrementalDecoder

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingConfig:
    """Parameters of the beam search."""

    beams: int = 10
    temperature: float = 1.0
    """Logits are divided by it: above 1 flattens the distribution."""
    length_penalty: float = 1.0
    """A title's score is its log probability divided by its number of tokens to this power, 0 or more; 0 switches the
    penalty off."""
    guidance: float = 0.0
    """Weight of the guide's log probabilities, from 0 to 1; the model's own have the rest of the weight."""


class BeamSearchResult(NamedTuple):
    """The titles found, best first; as many as there are beams, or as there are titles."""

    titles: Ints
    """(B, K) numbers of titles in the tree, distinct within a row."""
    scores: Floats
    """(B, K)"""


class _ActiveBeams(NamedTuple):
    """Unfinished beams, in the order of their prompts."""

    prompt: Ints
    """(R,) the row of each beam's prompt."""
    node: Ints
    score: Floats

    def take(self, indices: Ints) -> "_ActiveBeams":
        return _ActiveBeams(self.prompt[indices], self.node[indices], self.score[indices])


class _FinishedTitles(NamedTuple):
    """Titles that beams have completed."""

    prompt: Ints
    title: Ints
    score: Floats

    def best(self, other: "_FinishedTitles", beams: int) -> "_FinishedTitles":
        """The best titles of each prompt among these and others, best first."""
        prompt, title, score = (
            np.concatenate([self.prompt, other.prompt]),
            np.concatenate([self.title, other.title]),
            np.concatenate([self.score, other.score]),
        )
        top = _top_of_each_prompt(prompt, score, beams)
        return _FinishedTitles(prompt[top], title[top], score[top])


def beam_search(
    model: LanguageModel,
    tree: PrefixTree,
    prompts: PromptBatch,
    decoding: DecodingConfig,
    *,
    guide: Floats | None = None,
) -> BeamSearchResult:
    """The titles with the best scores after each prompt.

    `guide` are (B, N) log probabilities of the step into each node under another model
    (`afl.flower.personalisation`), which `decoding.guidance` mixes in. Active beams compete by the plain sum of log
    probabilities, finished titles by their length-penalised score.
    """
    rows = len(prompts.tokens)
    longest = _longest_title_through(tree)
    finished = _FinishedTitles(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    active = _ActiveBeams(np.arange(rows), np.full(rows, ROOT), np.zeros(rows))
    with torch.inference_mode():
        decoder = IncrementalDecoder(model, prompts, temperature=decoding.temperature)
        for length in range(1, tree.path.shape[1] + 1):
            parent_beam, extended = _extensions(tree, active, decoder.log_pi, guide, decoding.guidance)
            titles = tree.title_of_node[extended.node]
            done = titles >= 0
            completed = _FinishedTitles(
                extended.prompt[done], titles[done], extended.score[done] / length**decoding.length_penalty
            )
            finished = finished.best(completed, decoding.beams)
            remaining = np.flatnonzero(~done)
            remaining = remaining[
                _top_of_each_prompt(extended.prompt[remaining], extended.score[remaining], decoding.beams)
            ]
            bound = extended.score[remaining] / longest[extended.node[remaining]] ** decoding.length_penalty
            remaining = remaining[_competitive(extended.prompt[remaining], bound, finished, decoding.beams)]
            if not remaining.size:
                break
            active = extended.take(remaining)
            decoder.extend(parent_beam[remaining], tree.token[active.node])
    return BeamSearchResult(finished.title.reshape(rows, -1), finished.score.reshape(rows, -1))


def _longest_title_through(tree: PrefixTree) -> Ints:
    """(N,) the number of tokens of the longest title through each node."""
    longest = np.zeros(len(tree), np.int64)
    on_tree = tree.path != OFF_TREE
    np.maximum.at(longest, tree.path[on_tree], np.broadcast_to(tree.length[:, None], on_tree.shape)[on_tree])
    return longest


def _extensions(
    tree: PrefixTree, active: _ActiveBeams, log_pi: NDArray[np.float32], guide: Floats | None, weight: float
) -> tuple[Ints, _ActiveBeams]:
    """All beams extended by one step, and the index of the beam that each of them extends."""
    steps = tree.children(active.node)
    step_score = log_pi[steps.rows, steps.tokens].astype(np.float64)
    prompt = active.prompt[steps.rows]
    if guide is not None:
        step_score = (1 - weight) * step_score + weight * guide[prompt, steps.nodes]
    return steps.rows, _ActiveBeams(prompt, steps.nodes, active.score[steps.rows] + step_score)


def _top_of_each_prompt(prompt: Ints, score: Floats, beams: int) -> Ints:
    """Indices of each prompt's best scores, by prompt and then best first; of equal scores the first one."""
    order = np.lexsort((-score, prompt))
    prompts = prompt[order]
    rank = np.arange(len(order)) - np.searchsorted(prompts, prompts)
    return order[rank < beams]


def _competitive(prompt: Ints, bound: Floats, finished: _FinishedTitles, beams: int) -> Ints:
    """Indices of the beams that could still complete one of the best titles; `bound` is the best reachable score."""
    if not len(finished.prompt):
        return np.arange(len(prompt))
    last = np.searchsorted(finished.prompt, prompt, side="right") - 1
    full = (last >= beams - 1) & (finished.prompt[np.maximum(last - beams + 1, 0)] == prompt)
    return np.flatnonzero(~full | (bound > finished.score[last]))
