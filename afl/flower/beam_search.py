"""Beam search constrained to the prefix tree: every beam is a real title, for a batch of users at once.

At each step a beam may only go on to a child of its node; probabilities are those over the full vocabulary, not
renormalised to the children, as published. B prompts, K beams, N nodes of the tree.
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
    """How titles are searched for."""

    beams: int = 10
    temperature: float = 1.0
    """Logits are divided by it: above 1, what is likely has less of a lead."""
    length_penalty: float = 1.0
    """A title scores its log probability divided by its number of tokens to this power, 0 or more; 0 takes it as is."""
    guidance: float = 0.0
    """The weight of a guide's log probabilities; the model's own have the weight that is left."""


class BeamSearchResult(NamedTuple):
    """The titles found, best first; as many as there are beams, or as there are titles."""

    titles: Ints
    """(B, K) numbers of titles in the tree, none twice in a row."""
    scores: Floats
    """(B, K)"""


class _Running(NamedTuple):
    """Beams on their way, in the order of their prompts."""

    owner: Ints
    """(R,) the prompt of each."""
    node: Ints
    score: Floats

    def take(self, places: Ints) -> "_Running":
        return _Running(self.owner[places], self.node[places], self.score[places])


class _Found(NamedTuple):
    """Titles that beams have come to."""

    owner: Ints
    title: Ints
    score: Floats

    def best(self, other: "_Found", beams: int) -> "_Found":
        """The best titles of each prompt among these and others, best first."""
        owner, title, score = (
            np.concatenate([self.owner, other.owner]),
            np.concatenate([self.title, other.title]),
            np.concatenate([self.score, other.score]),
        )
        first = _first(owner, score, beams)
        return _Found(owner[first], title[first], score[first])


def beam_search(
    model: LanguageModel,
    tree: PrefixTree,
    prompts: PromptBatch,
    decoding: DecodingConfig,
    *,
    guide: Floats | None = None,
) -> BeamSearchResult:
    """The titles with the best scores after each prompt.

    `guide` are (B, N) log probabilities of the step into each node under another model (`afl.flower.guidance`), which
    `decoding.guidance` mixes in. A step keeps the K best beams that are under way by the plain sum of logs; the
    length penalty weighs finished titles against each other.
    """
    rows = len(prompts.tokens)
    longest = np.zeros(len(tree), np.int64)  # (N,) tokens of the longest title through each node
    on = tree.path != OFF_TREE
    np.maximum.at(longest, tree.path[on], np.broadcast_to(tree.length[:, None], on.shape)[on])
    found = _Found(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    running = _Running(np.arange(rows), np.full(rows, ROOT), np.zeros(rows))
    with torch.inference_mode():
        reading = IncrementalDecoder(model, prompts, temperature=decoding.temperature)
        for length in range(1, tree.path.shape[1] + 1):
            rows_of, ahead = _ahead(tree, running, reading.log_pi, guide, decoding.guidance)
            titles = tree.title_of_node[ahead.node]
            done = titles >= 0
            ended = _Found(ahead.owner[done], titles[done], ahead.score[done] / length**decoding.length_penalty)
            found = found.best(ended, decoding.beams)
            kept = np.flatnonzero(~done)
            kept = kept[_first(ahead.owner[kept], ahead.score[kept], decoding.beams)]
            bound = ahead.score[kept] / longest[ahead.node[kept]] ** decoding.length_penalty
            kept = kept[_hopeful(ahead.owner[kept], bound, found, decoding.beams)]
            if not kept.size:
                break
            running = ahead.take(kept)
            reading.extend(rows_of[kept], tree.token[running.node])
    return BeamSearchResult(found.title.reshape(rows, -1), found.score.reshape(rows, -1))


def _ahead(
    tree: PrefixTree, running: _Running, log_pi: NDArray[np.float32], guide: Floats | None, weight: float
) -> tuple[Ints, _Running]:
    """Where all beams could go next, and which beam each of these comes from."""
    steps = tree.children(running.node)
    gained = log_pi[steps.rows, steps.tokens].astype(np.float64)
    owner = running.owner[steps.rows]
    if guide is not None:
        gained = (1 - weight) * gained + weight * guide[owner, steps.nodes]
    return steps.rows, _Running(owner, steps.nodes, running.score[steps.rows] + gained)


def _first(owner: Ints, score: Floats, beams: int) -> Ints:
    """Places of the best scores of each owner, by owner and then best first; of equals the one that came first."""
    order = np.lexsort((-score, owner))
    owners = owner[order]
    rank = np.arange(len(order)) - np.searchsorted(owners, owners)
    return order[rank < beams]


def _hopeful(owner: Ints, bound: Floats, found: _Found, beams: int) -> Ints:
    """Places of the beams that could still come to one of the best titles: `bound` is the most they could score."""
    if not len(found.owner):
        return np.arange(len(owner))
    last = np.searchsorted(found.owner, owner, side="right") - 1
    full = (last >= beams - 1) & (found.owner[np.maximum(last - beams + 1, 0)] == owner)
    return np.flatnonzero(~full | (bound > found.score[last]))
