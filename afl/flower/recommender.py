"""`--recommender flower:NAME`: a fine-tuned language model as base model; candidates score their title's likelihood.

C candidates of each of S sessions.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset
from afl.errors import UsageError, name_hint
from afl.extras import require_extra
from afl.flower.model_store import StoredModel, model_hash, stored_models
from afl.models.context import ModelContext
from afl.models.recommenders import best_candidates, candidate_array
from afl.ports import Progress, Recommender
from afl.types import SessionView

NEXT_ITEM = "next-item"
"""The task whose models recommend items."""
TITLES_PER_BATCH = 320
"""Candidates scored in one batch; memory grows with them."""
DECIMALS = 4
"""Of a log probability: smaller differences depend on machine and batch."""


class FlowerRecommender:
    """Suggests the candidate whose title is most likely after the history; the first one where several are.

    Equal titles have equal scores: the model knows items only by their titles.
    """

    def __init__(self, stored: StoredModel, dataset: Dataset, progress: Progress) -> None:
        from afl.flower.next_item import title_tree

        self.identity = model_hash(stored)
        """Equal for equal suggestions: SHA-256 (hex) over configuration and model."""
        self._dataset = dataset
        self._model = stored.load_model()
        self._tree = title_tree(dataset, self._model)
        self._progress = progress

    def suggest(self, views: Sequence[SessionView]) -> NDArray[np.int64]:
        """(S,) the suggested item of each view; all views have equally many candidates."""
        if not views:
            return np.empty(0, dtype=np.int64)
        return best_candidates(views, self.scores(views))

    def scores(self, views: Sequence[SessionView]) -> NDArray[np.float64]:
        """(S, C) log probability of each candidate's title, terminator included, in nats, to four decimals."""
        from afl.flower.next_item import build_prompt
        from afl.flower.title_scoring import title_log_probabilities
        from afl.models.threads import single_threaded

        titles = self._tree.title_of_item[candidate_array(views)]  # (S, C)
        prompts = [build_prompt(self._dataset, view.history) for view in views]
        scores = np.empty(titles.shape)
        step = max(1, TITLES_PER_BATCH // titles.shape[1])
        by_length = np.array(
            sorted(range(len(views)), key=lambda row: (len(prompts[row]), row))
        )  # for little padding
        with single_threaded():
            for start in range(0, len(by_length), step):
                rows = by_length[start : start + step]
                batch = self._model.encode_prompts([prompts[row] for row in rows.tolist()])
                scores[rows] = title_log_probabilities(self._model, self._tree, batch, titles[rows])
                self._progress(start + len(rows), len(views))
        return np.round(scores, DECIMALS)


def flower_recommender(context: ModelContext) -> Recommender:
    """The trained model that the context's argument names.

    Raises `UsageError` where there is no such model, it was trained for another task or on other data, or the extra
    is not installed; `ModelError` where its training has not finished or it cannot be read.
    """
    require_extra("flower", "a Flower model")
    stored = find_next_item_model(context.name, context.argument, context.models_dir.parent / "flower")
    _require_trained_on(stored, context.dataset)
    return FlowerRecommender(stored, context.dataset, context.progress)


def find_next_item_model(name: str, argument: str | None, root: Path) -> StoredModel:
    """The model that `NAME:ARGUMENT` names. Raises as `flower_recommender` does, without looking at data."""
    names = [stored.name for stored in stored_models(root) if stored.task == NEXT_ITEM and stored.finished]
    available = name_hint(
        argument or "", names, otherwise="none; train one with: afl flower train --task next-item"
    )
    if argument is None:
        raise UsageError(f"got {name!r}, expected {name}:MODEL, the name of a model for next items; {available}")
    if not (root / argument / "flower.json").is_file():
        raise UsageError(f"no Flower model is called {argument!r}; {available}")
    stored = StoredModel.read(root, argument)
    if stored.task != NEXT_ITEM:
        raise UsageError(
            f"{name}:{argument} is a model for the task {stored.task!r}, expected {NEXT_ITEM!r}; {available}"
        )
    return stored


def _require_trained_on(stored: StoredModel, dataset: Dataset) -> None:
    if stored.config.get("dataset_hash") == dataset.hash:
        return
    name = stored.config.get("dataset")
    data = f"other training sequences of {name!r}" if name == dataset.name else f"data set {name!r}"
    raise UsageError(
        f"the Flower model {stored.name!r} was trained on {data}, expected the training sequences of {dataset.name!r} "
        f"that base models may use here; train one: afl flower train --task {NEXT_ITEM} --dataset {dataset.name} "
        "--name NAME"
    )
