"""`afl flower evaluate`: divergence from the target distribution, or accuracy and fairness of recommendations."""

from typing import TYPE_CHECKING

from afl.errors import UsageError
from afl.extras import require_extra
from simulations.commands.flower_options import FlowerEvaluateOptions
from simulations.options.command import Invocation, command

if TYPE_CHECKING:
    from afl.flower.distribution import DistributionFit
    from afl.flower.next_item_evaluation import NextItemReport


@command(FlowerEvaluateOptions)
def flower_evaluate(invocation: Invocation[FlowerEvaluateOptions]) -> "DistributionFit | NextItemReport":
    """Compare what a model recommends with what it was trained on.

    Titles are sampled from the model (temperature 1, full vocabulary, no tree) and compared with its target. A
    model for next items recommends ten titles for every test example (or `examples` of them) of the `dataset` it was
    trained on, by beam search in the tree. The evaluation is stored with the model, for its page in the viewer.

    Raises `NotFoundError` for a name without a model, `ModelError` for a training that has not finished.
    """
    options = invocation.options
    if options.draws < 1:
        raise UsageError(f"--draws: got {options.draws}, expected 1 or more")
    require_extra("flower", "a Flower model")
    from afl.flower import distribution_training as distribution
    from afl.flower.model_store import StoredModel
    from afl.flower.stored_evaluation import Evaluation, TitleShares, store_evaluation
    from afl.settings import Settings
    from simulations.commands.flower_next_item import evaluate_for_next_item

    settings = options.settings or Settings()
    model = StoredModel.read(settings.flower_dir, options.name)
    if model.task == "next-item":
        return evaluate_for_next_item(model, invocation, settings)
    fitted = distribution.load_fitted(model)
    result = fitted.evaluate(draws=options.draws, seed=options.seed)
    shares = TitleShares(
        fitted.tree.titles,
        tuple(fitted.shares.tolist()),
        tuple(result.counts.tolist()),
        tuple(result.exact.tolist()),
    )
    store_evaluation(model, Evaluation(result.to_json(), {"seed": options.seed}, shares))
    return result
