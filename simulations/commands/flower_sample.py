"""`afl flower sample`: titles as a model writes them."""

from typing import NamedTuple

from afl.errors import UsageError
from afl.settings import Settings

DRAWS = 10


class Written(NamedTuple):
    """One draw."""

    title: str
    in_catalogue: bool


def flower_sample(
    name: str, *, draws: int = DRAWS, seed: int = 0, settings: Settings | None = None
) -> tuple[Written, ...]:
    """So many titles from model `name` itself, with temperature 1 over the full vocabulary.

    The same seed gives the same titles. What is no title of the catalogue is among them, and says so. Raises what
    `flower_evaluate` raises.
    """
    if draws < 1:
        raise UsageError(f"--draws: got {draws}, expected 1 or more")
    from afl.flower import distribution_training as distribution
    from afl.flower.kept import Kept

    fitted = distribution.fitted(Kept.read((settings or Settings()).flower_dir, name))
    known = set(fitted.tree.titles)
    return tuple(Written(one.text, one.ended and one.text in known) for one in fitted.draw(draws, seed=seed))
