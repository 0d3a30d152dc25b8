"""The prefix tree of all titles, as arrays, and the flows and process rewards of its nodes (Flower, section 3).

N nodes, K distinct titles, I items, L tokens of the longest title with its terminator, B rows of a batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.errors import DataError, UsageError

ROOT = 0
OFF_TREE = -1
"""Stands for no node: after a step that leaves the tree, or after the end of a title."""
UNSEEN_LOG_REWARD = -15.0
"""Log process reward of a step into a node without flow; published for steps that leave the tree."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class ChildSteps(NamedTuple):
    """The steps from some nodes to their children, concatenated."""

    rows: Ints
    """Index of the node, among the given ones, that each step starts from."""
    nodes: Ints
    """The child it leads to."""
    tokens: Ints


@dataclass(frozen=True)
class PrefixTree:
    """Titles as paths of tokens from a root; the terminator is an ordinary last token.

    Nodes are numbered level by level, the children of a node consecutively and by token, so the arrays below describe
    the whole tree. Every leaf is a title; a title that is a prefix of another one ends in a separate leaf.
    """

    titles: tuple[str, ...]
    """(K,) distinct titles, in the order of their first item."""
    title_of_item: Ints
    """(I,) the title of each item: items of equal titles share one."""

    token: Ints
    """(N,) the token that leads to each node; -1 at the root."""
    parent: Ints
    """(N,) -1 at the root."""
    depth: Ints
    """(N,) tokens from the root."""
    first_child: Ints
    """(N + 1,) node n has the children first_child[n] to first_child[n + 1] - 1."""
    path: Ints
    """(K, L) the nodes of each title after the root, the leaf last, then -1."""

    @classmethod
    def build(cls, titles: Sequence[str], encode: Callable[[str], Sequence[int]], end: int) -> "PrefixTree":
        """The tree of the items' titles under a tokenizer's `encode`, which must add no special tokens.

        Titles of equal text or equal tokens are one title. Raises `DataError` for a title that contains the
        terminator, `UsageError` where there is no title.
        """
        if not titles:
            raise UsageError("got no titles, expected at least one to build a prefix tree from")
        number_of_tokens: dict[tuple[int, ...], int] = {}
        texts: list[str] = []
        number_of_title: dict[str, int] = {}
        for title in titles:
            if title in number_of_title:
                continue
            tokens = tuple(encode(title))
            if end in tokens:
                raise DataError(
                    f"title {title!r} contains the terminator (token {end}); expected it at the end only"
                )
            number_of_title[title] = number_of_tokens.setdefault(tokens, len(number_of_tokens))
            if len(texts) < len(number_of_tokens):
                texts.append(title)
        title_of_item = np.array([number_of_title[title] for title in titles], np.int64)
        return cls(tuple(texts), title_of_item, *_arrays([(*tokens, end) for tokens in number_of_tokens]))

    def __len__(self) -> int:
        """Number of nodes, the root included."""
        return len(self.token)

    @cached_property
    def leaf(self) -> Ints:
        """(K,) the last node of each title."""
        return self.path[np.arange(len(self.path)), self.length - 1]

    @cached_property
    def length(self) -> Ints:
        """(K,) number of tokens of each title, its terminator included."""
        lengths: Ints = (self.path != OFF_TREE).sum(axis=1)
        return lengths

    @cached_property
    def title_of_node(self) -> Ints:
        """(N,) the title that ends in each node, -1 where none does."""
        titles = np.full(len(self), OFF_TREE, np.int64)
        titles[self.leaf] = np.arange(len(self.titles))
        return titles

    def tokens(self, titles: ArrayLike, *, padding: int) -> Ints:
        """(B, L') the tokens of these titles, terminator last, then `padding`."""
        nodes = self.nodes(titles)
        return np.where(nodes == OFF_TREE, padding, self.token[nodes])

    def nodes(self, titles: ArrayLike) -> Ints:
        """(B, L') the nodes that these titles pass through after the root, -1 after their leaf."""
        rows = np.asarray(titles, np.int64)
        width = int(self.length[rows].max()) if rows.size else 0
        return self.path[rows, :width]

    def transition(self, nodes: ArrayLike, tokens: ArrayLike) -> Ints:
        """The child that a token leads to from each node, -1 where there is none; for arrays of any shape."""
        parents, steps = np.broadcast_arrays(np.asarray(nodes, np.int64), np.asarray(tokens, np.int64))
        keys = parents * self._vocabulary + steps
        index = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        exists = (parents >= 0) & (steps >= 0) & (steps < self._vocabulary) & (self._keys[index] == keys)
        return np.where(exists, index + 1, OFF_TREE)

    def walk(self, tokens: ArrayLike) -> Ints:
        """(B, T) the nodes that rows of tokens pass through after the root, -1 from where they leave the tree."""
        rows = np.asarray(tokens, np.int64)
        nodes = np.full(rows.shape, OFF_TREE, np.int64)
        current = np.full(len(rows), ROOT, np.int64)
        for column in range(rows.shape[1]):
            current = nodes[:, column] = self.transition(current, rows[:, column])
        return nodes

    def children(self, nodes: ArrayLike) -> ChildSteps:
        """The steps from (M,) nodes to their children; a leaf, or -1, has none."""
        parents = np.asarray(nodes, np.int64)
        valid = np.maximum(parents, ROOT)
        begins = self.first_child[valid]
        counts = np.where(parents == OFF_TREE, 0, self.first_child[valid + 1] - begins)
        rows = np.repeat(np.arange(len(parents)), counts)
        offsets = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        children = begins[rows] + offsets
        return ChildSteps(rows, children, self.token[children])

    def sum_by_title(self, item_values: ArrayLike) -> Floats:
        """(K,) the (I,) values of items, summed over the items of each title."""
        values = np.asarray(item_values, np.float64)
        return np.bincount(self.title_of_item, values, len(self.titles)).astype(np.float64)

    def flows(self, rewards: ArrayLike) -> Floats:
        """(N,) F(s): the outcome reward at a leaf, elsewhere the sum over the children.

        `rewards` are (K,) non-negative numbers. Raises `UsageError` for others, or where all are 0.
        """
        outcome = np.asarray(rewards, np.float64)
        if outcome.shape != (len(self.titles),) or not np.isfinite(outcome).all() or (outcome < 0).any():
            raise UsageError(
                f"got rewards of shape {outcome.shape}, expected a finite non-negative number "
                f"for each of {len(self.titles)} titles"
            )
        if not outcome.sum() > 0:
            raise UsageError("every reward is 0; expected at least one title with a reward above 0")
        flows = np.zeros(len(self))
        flows[self.leaf] = outcome
        for begin, stop in reversed(self._levels):
            flows[ROOT:begin] += np.bincount(self.parent[begin:stop], weights=flows[begin:stop], minlength=begin)
        return flows

    def log_process_rewards(self, flows: Floats, *, unseen: float = UNSEEN_LOG_REWARD) -> Floats:
        """(N,) log R_p = log F(s') / F(s) of the step into each node, in nats; 0 at the root.

        A step into a node without flow would have log 0; it has `unseen` instead, so that losses stay finite.
        """
        parent_flows = flows[np.maximum(self.parent, ROOT)]
        seen = flows > 0
        shares = np.divide(flows, parent_flows, out=np.ones_like(flows), where=seen)
        return np.where(seen, np.log(shares), unseen)

    def log_probabilities(self, steps: Floats) -> Floats:
        """(K,) log probability of each title, from the (N,) log probability of the step into each node."""
        along_paths = np.where(self.path == OFF_TREE, 0.0, steps[self.path])
        total: Floats = along_paths.sum(axis=1)
        return total

    @cached_property
    def _levels(self) -> list[tuple[int, int]]:
        """Begin and end of each level below the root."""
        bounds = np.searchsorted(self.depth, np.arange(1, int(self.depth[-1]) + 2)).tolist()
        return list(pairwise(bounds))

    @cached_property
    def _vocabulary(self) -> int:
        return int(self.token.max()) + 1

    @cached_property
    def _keys(self) -> Ints:
        """(N - 1,) parent and token of each node but the root as one number, ascending."""
        return self.parent[1:] * self._vocabulary + self.token[1:]


class _Arrays(NamedTuple):
    token: Ints
    parent: Ints
    depth: Ints
    first_child: Ints
    path: Ints


def _arrays(paths: Sequence[tuple[int, ...]]) -> _Arrays:
    """Level by level: the distinct pairs of parent and token are the nodes of a level."""
    lengths = np.array([len(path) for path in paths])
    tokens = np.full((len(paths), int(lengths.max())), OFF_TREE, np.int64)
    for row, path in enumerate(paths):
        tokens[row, : len(path)] = path
    nodes = np.full_like(tokens, OFF_TREE)
    current, size = np.zeros(len(paths), np.int64), 1
    token, parent, depth = [np.array([-1])], [np.array([-1])], [np.array([0])]
    for level in range(tokens.shape[1]):
        longer = lengths > level
        steps = np.stack([current[longer], tokens[longer, level]], axis=1)
        pairs, pair_of_path = np.unique(steps, axis=0, return_inverse=True)
        current[longer] = nodes[longer, level] = size + pair_of_path.reshape(-1)
        parent.append(pairs[:, 0])
        token.append(pairs[:, 1])
        depth.append(np.full(len(pairs), level + 1))
        size += len(pairs)
    parents = np.concatenate(parent)
    first = np.searchsorted(parents[1:], np.arange(size + 1)) + 1
    return _Arrays(np.concatenate(token), parents, np.concatenate(depth), first, nodes)
