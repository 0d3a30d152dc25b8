"""Prompts read once, continued token by token in as many ways as wanted: what decoding and scoring are made of.

R rows under way, V tokens of the vocabulary.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from afl.flower.language_model import LanguageModel, PromptBatch


class IncrementalDecoder:
    """Rows of text that a language model has read, its keys and values kept (KV cache).

    To be used within `torch.inference_mode()`, with a network in eval mode.
    """

    def __init__(self, model: LanguageModel, prompts: PromptBatch, *, temperature: float = 1.0) -> None:
        self._model = model
        self._temperature = temperature
        self._cache: Any = None
        self._mask = prompts.mask
        self.log_pi = self._read(prompts.tokens)
        """(R, V) log probability of each row's next token over the full vocabulary."""

    def extend(self, rows: NDArray[np.int64], tokens: NDArray[np.int64]) -> None:
        """Goes on with (R',) of the rows, each by one of the (R',) tokens; a row may be taken several times, or not."""
        chosen, following = self._model.to_tensor(rows), self._model.to_tensor(tokens)[:, None]
        self._cache.batch_select_indices(chosen)
        self._mask = torch.cat([self._mask[chosen], torch.ones_like(following)], dim=1)
        self.log_pi = self._read(following)

    def _read(self, tokens: Tensor) -> NDArray[np.float32]:
        place = (self._mask.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        logits, self._cache = self._model.next_token_logits(
            tokens, mask=self._mask, place=place, cache=self._cache
        )
        found: NDArray[np.float32] = (logits / self._temperature).log_softmax(dim=-1).cpu().numpy()
        return found
