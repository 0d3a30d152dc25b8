"""`afl flower evaluate`: how near a model's own titles come to what it was taught."""

from typing import TYPE_CHECKING, Unpack

from afl.errors import UsageError
from afl.extras import require_extra
from afl.settings import Settings
from simulations.commands.flower_next_item import DecodingSaid, evaluate_for_next_item
from simulations.progress import Watching

if TYPE_CHECKING:
    from afl.flower.distribution import DistributionFit
    from afl.flower.next_item_evaluation import NextItemReport

DRAWS = 2000
SEED = 303


class NextItemEvaluation(DecodingSaid, total=False):
    """What a model for next items is evaluated on, and how it is decoded."""

    dataset: str | None
    examples: int | None
    base: str | None


def flower_evaluate(
    name: str,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    settings: Settings | None = None,
    watch: Watching | None = None,
    **said: Unpack[NextItemEvaluation],
) -> "DistributionFit | NextItemReport":
    """Draws titles from model `name` itself (temperature 1, full vocabulary, no tree) and holds them to its target.

    A model for next items recommends ten titles for every test example (or `examples` of them) of the `dataset` it was
    trained on, by beam search in the tree. What it finds is kept beside the model, for its page in the viewer.

    Raises `NotFoundError` for a name that nothing is kept under, `ModelError` for a training that has not ended.
    """
    if draws < 1:
        raise UsageError(f"--draws: got {draws}, expected 1 or more")
    require_extra("flower", "a Flower model")
    from afl.flower import distribution_training as distribution
    from afl.flower.model_store import StoredModel
    from afl.flower.stored_evaluation import Evaluation, TitleShares, store_evaluation

    kept = StoredModel.read((settings or Settings()).flower_dir, name)
    if kept.task == "next-item":
        return evaluate_for_next_item(kept, settings=settings or Settings(), watch=watch, **said)
    fitted = distribution.load_fitted(kept)
    found = fitted.evaluate(draws=draws, seed=seed)
    shares = TitleShares(
        fitted.tree.titles,
        tuple(fitted.shares.tolist()),
        tuple(found.counts.tolist()),
        tuple(found.exact.tolist()),
    )
    store_evaluation(kept, Evaluation(found.to_json(), {"seed": seed}, shares))
    return found
