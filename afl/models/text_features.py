"""What items say of themselves, as vectors: hashed words of titles and attributes, or a model that reads.

The offline default needs nothing: words, character trigrams and attribute values are hashed with a sign into a fixed
number of places (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009), rare ones
weighing more.
"""

import math
import re
from collections import Counter
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Attributes, Catalogue
from afl.data.item_texts import embedding_model, item_text
from afl.errors import UsageError

Features = NDArray[np.float32]
"""(I, F) a vector of length 1 per item."""

PLACES = 512
_WORD = re.compile(r"\w+")


def text_features(catalogue: Catalogue, folder: str | None = None) -> Features:
    """The catalogue's items by their texts; with `folder`, as the sentence-transformers model there reads them.

    Raises `UsageError` where there is no such folder, or the library is not installed.
    """
    if folder is None:
        return hashed(catalogue)
    if not Path(folder).is_dir():
        raise UsageError(
            f"got morec:{folder}, expected morec:SEED, or the folder of a sentence-transformers model"
        )
    embed = embedding_model(folder)
    return _unit(embed([item_text(catalogue, item) for item in range(len(catalogue))]))


def hashed(catalogue: Catalogue) -> Features:
    """The offline features: equal texts are equal vectors on every machine."""
    said = [_tokens(title, kept) for title, kept in zip(catalogue.titles, catalogue.attributes, strict=True)]
    counts = Counter(token for tokens in said for token in set(tokens))
    features = np.zeros((len(said), PLACES), dtype=np.float32)
    for item, tokens in enumerate(said):
        for token in tokens:
            place, sign = _place(token)
            features[item, place] += sign * math.log(1 + len(said) / counts[token])
    return _unit(features)


def _tokens(title: str, attributes: Attributes) -> list[str]:
    words = _WORD.findall(title.casefold())
    trigrams = [f"#{padded[at : at + 3]}" for word in words for padded in [f"<{word}>"] for at in range(len(word))]
    values = [f"{name}={value}" for name, kept in attributes.items() for value in kept]
    return [*words, *trigrams, *values]


def _place(token: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return number // 2 % PLACES, 1 if number % 2 else -1


def _unit(features: NDArray[np.float32]) -> Features:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Features = np.divide(features, length, out=np.zeros_like(features), where=length > 0)
    return unit
