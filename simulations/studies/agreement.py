"""Does the user agent just nod? Its yes-rate against the reward rank: `afl study agreement`.

The user agent judges the items of the user-simulation task, each with the reward score beside it. Where its answers
follow the scores and nothing else, it adds nothing to the reward model. Arms and runs are those of `afl evaluate user`.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from afl.data.judged_items import JudgedItems, Ratio
from afl.errors import UsageError
from afl.metrics.agreement import UserJudgements, by_user
from memory.records import JudgementRow
from simulations.analysis.agreement import METRICS, AgreementReport, ArmAgreement
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.options.run_options import NONE
from simulations.studies.arm_runner import ArmRun, ArmRunner
from simulations.studies.user import arm_of, chosen_ratios
from simulations.task.task import Task


def agreement_study(
    player: ArmRunner, *, ratios: Sequence[str] | None = None, items: int | None = None
) -> AgreementReport:
    """The user agent without and with its memory, at every ratio. Raises `UsageError` without a reward model."""
    if player.said["reward"] == NONE:
        raise UsageError("--reward: got 'none', expected a model: there is no score to agree with")
    asked = {"ratios": chosen_ratios(ratios, items), "items": items}
    played = player.play([arm_of("agent", asked), arm_of("afl", asked)])
    results = [
        _agreement(player, one, player.task(one.arm, 0), ratio)
        for one in played
        for ratio in player.task(one.arm, 0).options.judged_ratios()
    ]
    return AgreementReport(
        results=tuple(results),
        tests=tuple(_tests(results)),
        audit=tuple(player.suspicions),
        costs=player.spent,
        stand_in=any(one.stand_in for one in played),
    )


def asked_of(
    rows: Sequence[JudgementRow], users: Sequence[str], judged: JudgedItems, ratio: Ratio
) -> list[UserJudgements]:
    """What every user answered about the items of a ratio, out of a run's judgements."""
    numbers = set((judged.of_ratio(ratio) + 1).tolist())
    answered: dict[str, list[JudgementRow]] = {user: [] for user in users}
    for row in rows:
        if row.number in numbers and row.decision is not None:
            answered[row.session].append(row)
    return [
        UserJudgements(
            accepted=np.array([row.decision for row in own], dtype=bool),
            scores=np.array([row.score for row in own], dtype=np.float64),
            labels=np.array([row.label for row in own], dtype=bool),
        )
        for own in answered.values()
    ]


def _agreement(player: ArmRunner, played: ArmRun, task: Task, ratio: Ratio) -> ArmAgreement:
    assert task.judged is not None, "the arms judge"
    users = [row.id for row in task.rows]
    said = (asked_of(player.judgements(run), users, task.judged, ratio) for run in played.runs)
    return ArmAgreement(
        arm=played.arm.name,
        ratio=ratio,
        runs=played.runs,
        seed_numbers=tuple(one.seed for one in played.seeds),
        users=tuple(users),
        seeds=tuple(tuple(of_seed) for of_seed in said),
    )


def _tests(results: Sequence[ArmAgreement]) -> list[PairedTest]:
    """The later arm against the earlier at every ratio, in each of `METRICS`; Holm over all."""
    pairs = [(one, two) for one, two in combinations(results, 2) if one.ratio == two.ratio]
    found = [_both(one, two, metric) for one, two in pairs for metric in METRICS]
    return compare_pairs([pair for pair in found if pair[0].users])


def _both(one: ArmAgreement, two: ArmAgreement, metric: str) -> tuple[ArmResult, ArmResult]:
    """Each user's value in both arms, for the users who have one in both."""
    first, second = (by_user(METRICS[metric], arm.seeds) for arm in (one, two))
    kept = ~np.isnan(first) & ~np.isnan(second)
    users = np.array(one.users)[kept].tolist()
    return _result(one, metric, users, first[kept].tolist()), _result(two, metric, users, second[kept].tolist())


def _result(arm: ArmAgreement, metric: str, users: Sequence[str], values: Sequence[float]) -> ArmResult:
    """Seeds are averaged already."""
    said = SeedValues(seed=arm.seed_numbers[0], run=arm.runs[0], values=dict(zip(users, values, strict=True)))
    return ArmResult(arm=arm.arm, group={"ratio": str(arm.ratio)}, rounds=0, metric=metric, seeds=(said,))
