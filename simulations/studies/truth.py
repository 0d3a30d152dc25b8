"""The user agent against the true likes of users, which are available for the `demo` data set.

Held-out items stand for what a user wants, and untouched ones for what the user does not want. Neither is quite true:
people watch films they do not care for, and have not yet met many that they would love. The users of `demo` are
generated from tastes that the evaluation reads; models and agents never see them.
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

    None where it is unknown.
    """
    if task.dataset.format != "demo" or task.judged is None:
        return None
    likes = [liked_films(taste_of(row.id)) for row in task.rows]
    return np.array(
        [[item in liked for item in items] for liked, items in zip(likes, task.judged.items.tolist(), strict=True)]
    )


def against_truth(results: Sequence[ArmAnswers], tasks: Sequence[Task]) -> tuple[TrueScores, ...]:
    """Every arm at every ratio, after the held-out labels themselves; empty where true likes are unknown.

    `tasks` are those of the study seeds.
    """
    likes = [liked for liked in map(liked_items, tasks) if liked is not None]
    if not likes:
        return ()
    scores = []
    for ratio in dict.fromkeys(result.ratio for result in results):
        judged = tasks[0].judged
        assert judged is not None, "only judged items have true likes"
        liked = [of_seed[:, judged.of_ratio(ratio)] for of_seed in likes]
        held_out = [
            np.broadcast_to(np.arange(of_seed.shape[1]) < ratio.wanted, of_seed.shape) for of_seed in liked
        ]
        scores.append(true_scores(HELD_OUT, ratio, held_out, liked))
        of_ratio = [arm for arm in results if arm.ratio == ratio]
        scores += [true_scores(arm.arm, ratio, [seed.yes for seed in arm.seeds], liked) for arm in of_ratio]
    return tuple(scores)


def true_scores(
    arm: str, ratio: Ratio, yes: Sequence[NDArray[np.bool_]], liked: Sequence[NDArray[np.bool_]]
) -> TrueScores:
    """(U, M) answers against (U, M) likes, one of each per study seed; users who like no item are left out."""
    with_likes = np.all([of_seed.any(axis=1) for of_seed in liked], axis=0)  # (U,)
    counts = tuple(
        tuple(UserConfusion.of(*pair) for pair in zip(answers[with_likes], likes[with_likes], strict=True))
        for answers, likes in zip(yes, liked, strict=True)
    )
    return TrueScores(arm, ratio, counts, float(np.mean(liked)))
