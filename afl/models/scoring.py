"""Scores of a trained network as numpy arrays: in batches, and always in eval mode."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from afl.models.base import NextItemModel
from afl.models.threads import single_threaded

_SCORES_PER_BATCH = 4_000_000


class TrainedModel:
    """Scores the items that could follow a history: logits, comparable within one history; higher is better."""

    def __init__(self, network: NextItemModel, *, key: str) -> None:
        self.network = network.eval()
        self.key = key
        """Identifies data, configuration and seed of the training; equal keys mean equal models."""

    @property
    def items(self) -> int:
        return self.network.items

    def scores(self, histories: Sequence[Sequence[int]], candidates: NDArray[np.integer]) -> NDArray[np.float32]:
        """(S, N) the score of each candidate after its history; `candidates` is (S, N)."""
        out = np.empty(candidates.shape, dtype=np.float32)
        for part, catalogue in self.chunks(histories):
            out[part] = np.take_along_axis(catalogue, candidates[part].astype(np.int64), axis=1)
        return out

    def standardised(
        self, histories: Sequence[Sequence[int]], candidates: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """(S, N) scores in standard deviations above the mean of the whole catalogue after that history."""
        out = np.empty(candidates.shape, dtype=np.float32)
        for part, catalogue in self.chunks(histories):
            scores = np.take_along_axis(catalogue, candidates[part].astype(np.int64), axis=1)
            mean = catalogue.mean(axis=1, keepdims=True)
            deviation = catalogue.std(axis=1, keepdims=True)
            out[part] = (scores - mean) / np.maximum(deviation, np.finfo(np.float32).tiny)
        return out

    def score_catalogue(self, histories: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """(S, items) the score of every item after each history; for many histories use `chunks`."""
        out = np.empty((len(histories), self.items), dtype=np.float32)
        for part, catalogue in self.chunks(histories):
            out[part] = catalogue
        return out

    def chunks(self, histories: Sequence[Sequence[int]]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Slices of the histories with their (s, items) scores, small enough to hold in memory."""
        step = max(1, _SCORES_PER_BATCH // self.items)
        for start in range(0, len(histories), step):
            part = slice(start, min(start + step, len(histories)))
            yield part, score(self.network, histories[part])


def score(network: NextItemModel, histories: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """(S, items) logits of a network in eval mode, all histories in one batch."""
    if network.training:
        raise ValueError("got a network in training mode, expected eval mode: dropout would randomise its scores")
    with single_threaded(), torch.inference_mode():
        logits: NDArray[np.float32] = network(padded(histories, network)).float().numpy()
    return logits


def padded(histories: Sequence[Sequence[int]], network: NextItemModel) -> torch.Tensor:
    """(S, T) the last `max_len` items of each history, padded on the right to the longest."""
    ends = [list(history)[-network.max_len :] for history in histories]
    width = max([len(end) for end in ends] + [1])
    return torch.tensor([end + [network.items] * (width - len(end)) for end in ends], dtype=torch.long)
