"""The texts of items and their vectors: hashed words of titles and attributes, or a sentence-transformers model.

The default needs no library: words, character trigrams and attribute values are hashed with a sign into a fixed number
of dimensions (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009), with more weight on
rare ones.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Attributes, Catalogue
from afl.errors import UsageError
from afl.extras import missing_library

Embed = Callable[[list[str]], NDArray[np.float32]]
"""(T,) texts to (T, D) vectors."""

LENGTH = 512
"""Maximum length of an item's text, in characters."""


def item_text(catalogue: Catalogue, item: int) -> str:
    """The title, then every attribute: `Heat. genre: Crime, Thriller. year: 1995`."""
    attributes = [f"{name}: {', '.join(values)}" for name, values in catalogue.attributes[item].items() if values]
    return ". ".join([catalogue.titles[item], *attributes])[:LENGTH]


def embedding_model(path: str) -> Embed:
    """The sentence-transformers model in this folder; `UsageError` where the library is not installed."""
    try:
        library = import_module("sentence_transformers")
    except ImportError:
        raise missing_library("an encoder of texts", "sentence-transformers", "sentence-transformers") from None
    model = library.SentenceTransformer(path, device="cpu", local_files_only=True)

    def embed(texts: list[str]) -> NDArray[np.float32]:
        return np.asarray(model.encode(texts, show_progress_bar=False), np.float32)

    return embed


Features = NDArray[np.float32]
"""(I, F) a vector of length 1 per item."""

DIMENSIONS = 512
_WORD = re.compile(r"\w+")


def text_features(catalogue: Catalogue, folder: str | None = None) -> Features:
    """The text vectors of the catalogue's items; with `folder`, of the sentence-transformers model there.

    Raises `UsageError` where there is no such folder, or the library is not installed.
    """
    if folder is None:
        return hashed_features(catalogue)
    if not Path(folder).is_dir():
        raise UsageError(
            f"got morec:{folder}, expected morec:SEED, or the folder of a sentence-transformers model"
        )
    embed = embedding_model(folder)
    return _unit(embed([item_text(catalogue, item) for item in range(len(catalogue))]))


def hashed_features(catalogue: Catalogue) -> Features:
    """Hashed features: equal texts have equal vectors on every machine."""
    items = [
        _tokens(title, attributes)
        for title, attributes in zip(catalogue.titles, catalogue.attributes, strict=True)
    ]
    counts = Counter(token for tokens in items for token in set(tokens))
    features = np.zeros((len(items), DIMENSIONS), dtype=np.float32)
    for item, tokens in enumerate(items):
        for token in tokens:
            dimension, sign = _hash(token)
            features[item, dimension] += sign * math.log(1 + len(items) / counts[token])
    return _unit(features)


def _tokens(title: str, attributes: Attributes) -> list[str]:
    words = _WORD.findall(title.casefold())
    trigrams = [
        f"#{padded[start : start + 3]}" for word in words for padded in [f"<{word}>"] for start in range(len(word))
    ]
    values = [f"{name}={value}" for name, texts in attributes.items() for value in texts]
    return [*words, *trigrams, *values]


def _hash(token: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return number // 2 % DIMENSIONS, 1 if number % 2 else -1


def _unit(features: NDArray[np.float32]) -> Features:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Features = np.divide(features, length, out=np.zeros_like(features), where=length > 0)
    return unit
