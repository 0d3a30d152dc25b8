"""An encoder of texts: the mean embedding of a history's items under a sentence-transformers model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.models.text_features import Embed, embedding_model, item_text
from afl.types import SessionView


@dataclass(frozen=True)
class TextEncoder:
    """The mean embedding of the items in a history, as published, with any local embedding model."""

    catalogue: Catalogue
    path: str
    """Folder of the embedding model."""
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
    def restore(cls, dataset: Dataset, record: Mapping[str, Any]) -> Self:
        """The encoder with the embedding model of the recorded folder."""
        return cls.fit(dataset, (), record["path"])

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path}

    @property
    def features(self) -> tuple[str, ...]:
        """(D,) numbered dimensions."""
        return tuple(f"dimension {index}" for index in range(self.embed([""]).shape[1]))

    def encode(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, D); every item is embedded once, however often it occurs."""
        items = sorted({item for view in views for item in view.history})
        vectors = self.embed([item_text(self.catalogue, item) for item in items])
        row = {item: index for index, item in enumerate(items)}
        means = [vectors[[row[item] for item in view.history]].mean(axis=0) for view in views]
        return np.stack(means).astype(np.float32)
