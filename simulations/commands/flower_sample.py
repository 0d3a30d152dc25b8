"""`afl flower sample`: titles as a model writes them."""

from collections.abc import Sequence

from afl.errors import UsageError
from afl.extras import require_extra
from afl.settings import Settings
from simulations.commands.flower_next_item import Written, sample_for_next_item

DRAWS = 10


def flower_sample(
    name: str,
    *,
    history: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
    settings: Settings | None = None,
) -> tuple[Written, ...]:
    """So many titles from model `name` itself, with temperature 1 over the full vocabulary.

    A model for next items writes them after a `history` of one to ten titles, oldest first. The same seed gives the
    same titles. What is no title of the catalogue is among them, and says so. Raises what `flower_evaluate` raises.
    """
    if draws < 1:
        raise UsageError(f"--draws: got {draws}, expected 1 or more")
    require_extra("flower", "a Flower model")
    from afl.flower import distribution_training as distribution
    from afl.flower.model_store import StoredModel

    kept = StoredModel.read((settings or Settings()).flower_dir, name)
    if kept.task == "next-item":
        return sample_for_next_item(kept, history, draws=draws, seed=seed, settings=settings or Settings())
    if history:
        raise UsageError(f"--history: {name!r} was trained for the task {kept.task!r}, which knows no history")
    fitted = distribution.load_fitted(kept)
    known = set(fitted.tree.titles)
    return tuple(Written(one.text, one.ended and one.text in known) for one in fitted.sample(draws, seed=seed))
