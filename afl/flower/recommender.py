"""`--recommender flower:NAME`: a tuned language model as base model; candidates score how likely their titles are.

C candidates of each of S sessions.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.flower.listing import model_hash, stored_models
from afl.flower.model_store import StoredModel
from afl.models.context import ModelContext
from afl.ports import Progress, Recommender
from afl.types import SessionView

EXTRA = ("transformers", "tokenizers")
NEXT_ITEM = "next-item"
"""The task whose models recommend."""
TITLES_AT_ONCE = 320
"""Candidates that are scored in one batch; memory grows with them."""
DIGITS = 4
"""Of a log probability: what lies below differs between machines and batches."""


class FlowerRecommender:
    """Suggests the candidate whose title the model writes most likely after the history; of equals, the first shown.

    Equal titles have equal scores: the model knows items by their titles alone.
    """

    def __init__(self, kept: StoredModel, dataset: Dataset, progress: Progress) -> None:
        from afl.flower.next_item import title_tree

        self.identity = model_hash(kept)
        """Equal for equal suggestions: SHA-256 (hex) over configuration and model."""
        self._dataset = dataset
        self._model = kept.load_model()
        self._tree = title_tree(dataset, self._model)
        self._progress = progress

    def suggest(self, views: Sequence[SessionView]) -> NDArray[np.int64]:
        """(S,) the suggested item of each view; all views have equally many candidates."""
        if not views:
            return np.empty(0, dtype=np.int64)
        candidates = np.array([view.candidates for view in views], dtype=np.int64)  # (S, C)
        best = self.scores(views).argmax(axis=1)
        return np.asarray(candidates[np.arange(len(views)), best], dtype=np.int64)

    def scores(self, views: Sequence[SessionView]) -> NDArray[np.float64]:
        """(S, C) log probability of each candidate's title, terminator included, in nats, to four decimals."""
        from afl.flower.next_item import build_prompt
        from afl.flower.title_scores import title_log_probabilities
        from afl.models.threads import single_threaded

        candidates = np.array([view.candidates for view in views], dtype=np.int64)  # (S, C)
        titles = self._tree.title_of_item[candidates]
        asked = [build_prompt(self._dataset, view.history) for view in views]
        found = np.empty(candidates.shape)
        step = max(1, TITLES_AT_ONCE // candidates.shape[1])
        alike = np.array(sorted(range(len(views)), key=lambda row: (len(asked[row]), row)))  # little padding
        with single_threaded():
            for start in range(0, len(alike), step):
                rows = alike[start : start + step]
                prompts = self._model.encode_prompts([asked[row] for row in rows.tolist()])
                found[rows] = title_log_probabilities(self._model, self._tree, prompts, titles[rows])
                self._progress(start + len(rows), len(views))
        return np.round(found, DIGITS)


def flower_recommender(context: ModelContext) -> Recommender:
    """The trained model that the context's argument names.

    Raises `UsageError` where there is no such model, it was trained for another task or on other data, or the extra
    is not installed; `ModelError` where it is not trained to its end or cannot be read.
    """
    require_extra()
    kept = find_next_item_model(context.name, context.argument, context.models_dir.parent / "flower")
    _require_data(kept, context.dataset)
    return FlowerRecommender(kept, context.dataset, context.progress)


def require_extra() -> None:
    """Raises `UsageError` where what a tuned model needs is not installed."""
    missing = next((name for name in EXTRA if find_spec(name) is None), None)
    if missing:
        raise UsageError(f"a Flower model needs {missing}; install it with: pip install 'afl[flower]'")


def find_next_item_model(name: str, argument: str | None, root: Path) -> StoredModel:
    """The model that `NAME:ARGUMENT` means. Raises as `flower_recommender` does, without looking at data."""
    known = [kept.name for kept in stored_models(root) if kept.task == NEXT_ITEM and kept.finished]
    there = f"there are: {', '.join(known)}" if known else "there is none: afl flower train --task next-item"
    if argument is None:
        raise UsageError(f"got {name!r}, expected {name}:MODEL, the name of a model for next items; {there}")
    if not (root / argument / "flower.json").is_file():
        raise UsageError(f"no Flower model is called {argument!r}; {there}")
    kept = StoredModel.read(root, argument)
    if kept.task != NEXT_ITEM:
        raise UsageError(
            f"{name}:{argument} is a model for {kept.task!r}, expected one that recommends ({NEXT_ITEM!r}); {there}"
        )
    return kept


def _require_data(kept: StoredModel, dataset: Dataset) -> None:
    if kept.config.get("dataset_hash") == dataset.hash:
        return
    learned = kept.config.get("dataset")
    what = f"other training sequences of {learned!r}" if learned == dataset.name else f"data set {learned!r}"
    raise UsageError(
        f"the Flower model {kept.name!r} has learned from {what}, expected {dataset.name!r} as models may learn from "
        f"it here; train one: afl flower train --task {NEXT_ITEM} --dataset {dataset.name} --name NAME"
    )
