"""An encoder that reads: the mean over a history of what a sentence-transformers model makes of each item's text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.data.item_texts import Embed, embedding_model, item_text
from afl.errors import UsageError
from afl.types import SessionView


@dataclass(frozen=True)
class TextEncoder:
    """The mean vector of the items in a history, as the published state is, with any local embedding model."""

    catalogue: Catalogue
    path: str
    """The folder of the model."""
    embed: Embed

    @classmethod
    def fit(cls, dataset: Dataset, views: Sequence[SessionView], argument: str | None = None) -> Self:
        """`argument` is the folder of a sentence-transformers model; nothing is downloaded.

        Raises `UsageError` where there is no such folder, or the library is not installed.
        """
        if argument is None or not Path(argument).is_dir():
            raise UsageError(
                f"--encoder sentence-transformers: got {argument or 'no folder'!r}, "
                "expected sentence-transformers:PATH, the folder of a model"
            )
        return cls(dataset.catalogue, argument, embedding_model(argument))

    @classmethod
    def restore(cls, dataset: Dataset, kept: Mapping[str, Any]) -> Self:
        """The model is read from the same folder again."""
        return cls.fit(dataset, (), kept["path"])

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path}

    @property
    def features(self) -> tuple[str, ...]:
        """(D,) numbers without a name."""
        return tuple(f"dimension {at}" for at in range(self.embed([""]).shape[1]))

    def encode(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, D); every item is read once, however often it occurs."""
        items = sorted({item for view in views for item in view.history})
        vectors = self.embed([item_text(self.catalogue, item) for item in items])
        place = {item: at for at, item in enumerate(items)}
        means = [vectors[[place[item] for item in view.history]].mean(axis=0) for view in views]
        return np.stack(means).astype(np.float32)
