"""`afl flower sample`: titles sampled from a model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from afl.errors import UsageError
from afl.extras import require_extra
from afl.option import DATA, Option
from simulations.commands.flower_options import ModelName

if TYPE_CHECKING:
    from afl.settings import Settings
    from simulations.commands.flower_next_item import Written


def flower_sample(
    name: ModelName,
    *,
    history: Annotated[
        Sequence[str], Option("Title of the history of next-item, oldest first", DATA, metavar="TITLE")
    ] = (),
    draws: Annotated[int, Option("Number of titles", DATA)] = 10,
    seed: Annotated[int, Option("Seed of the draws", DATA)] = 0,
    settings: "Settings | None" = None,
) -> "tuple[Written, ...]":
    """Sample titles from a model.

    With temperature 1 over the full vocabulary. A model for next items generates them after a `history` of one to ten
    titles, oldest first. The same seed gives the same titles. Texts that are no title of the catalogue are included and
    marked. Raises what `flower_evaluate` raises.
    """
    if draws < 1:
        raise UsageError(f"--draws: got {draws}, expected 1 or more")
    require_extra("flower", "a Flower model")
    from afl.flower import distribution_training as distribution
    from afl.flower.model_store import StoredModel
    from afl.settings import Settings
    from simulations.commands.flower_next_item import Written, sample_for_next_item

    settings = settings or Settings()
    model = StoredModel.read(settings.flower_dir, name)
    if model.task == "next-item":
        return sample_for_next_item(model, history, draws=draws, seed=seed, settings=settings)
    if history:
        raise UsageError(f"--history: {name!r} was trained for the task {model.task!r}, which has no history")
    fitted = distribution.load_fitted(model)
    titles = set(fitted.tree.titles)
    return tuple(
        Written(title.text, title.ended and title.text in titles) for title in fitted.sample(draws, seed=seed)
    )
