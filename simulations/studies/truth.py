"""The user agent against what users truly like, where that is known: the `demo` data set.

Held-out items stand for what a user wants, and untouched ones for what the user does not. Neither is quite true:
people watch what they do not care for, and have not come to much that they would love. The users of `demo` are made
from a taste that the evaluator can ask for; models and agents never see it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from afl.data.importers.demo.taste import liked_films, taste_of
from afl.data.judged_items import Ratio
from afl.metrics.precision_recall import UserConfusion
from simulations.analysis.user_simulation import ArmAnswers, TrueScores
from simulations.task.task import Task

HELD_OUT = "held-out"
"""An arm that says yes to the held-out items and to nothing else: what the labels themselves are worth."""


def liked_items(task: Task) -> NDArray[np.bool_] | None:
    """(U, M) whether the user truly likes the judged item: it has the main value of the user's taste.

    None where nobody knows.
    """
    if task.dataset.format != "demo" or task.judged is None:
        return None
    likes = [liked_films(taste_of(row.id)) for row in task.rows]
    return np.array(
        [[item in liked for item in items] for liked, items in zip(likes, task.judged.items.tolist(), strict=True)]
    )


def against_truth(results: Sequence[ArmAnswers], studies: Sequence[Task]) -> tuple[TrueScores, ...]:
    """Every arm at every ratio, after the held-out labels themselves; nothing where the truth is not known.

    `studies` are those of the study seeds.
    """
    likes = [liked for liked in map(liked_items, studies) if liked is not None]
    if not likes:
        return ()
    found = []
    for ratio in dict.fromkeys(result.ratio for result in results):
        judged = studies[0].judged
        assert judged is not None, "only what was judged has true likes"
        liked = [of_seed[:, judged.of_ratio(ratio)] for of_seed in likes]
        held_out = [np.broadcast_to(np.arange(one.shape[1]) < ratio.wanted, one.shape) for one in liked]
        found.append(true_scores(HELD_OUT, ratio, held_out, liked))
        own = [result for result in results if result.ratio == ratio]
        found += [true_scores(one.arm, ratio, [seed.yes for seed in one.seeds], liked) for one in own]
    return tuple(found)


def true_scores(
    arm: str, ratio: Ratio, yes: Sequence[NDArray[np.bool_]], liked: Sequence[NDArray[np.bool_]]
) -> TrueScores:
    """(U, M) answers against (U, M) likes, one of each per study seed."""
    kept = np.all([one.any(axis=1) for one in liked], axis=0)  # (U,)
    counts = tuple(
        tuple(UserConfusion.of(*pair) for pair in zip(said[kept], true[kept], strict=True))
        for said, true in zip(yes, liked, strict=True)
    )
    return TrueScores(arm, ratio, counts, float(np.mean(liked)))
