"""The text of an item, and text-embedding models."""

from collections.abc import Callable
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
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
