"""`afl study agreement`: whether the user agent follows the reward score and nothing else; its yes by reward rank.

The user agent judges the items of the user-simulation task, each with the reward score beside it. Where its answers
follow the scores and nothing else, it adds nothing to the reward model. Arms and runs are those of `afl evaluate user`.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from afl.data.judged_items import JudgedItems, Ratio
from afl.errors import UsageError
from afl.metrics.agreement import UserJudgements, by_user
from memory.records import JudgementRow
from simulations.analysis.agreement import METRICS, AgreementReport, ArmAgreement
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.command import Invocation, command
from simulations.options.groups import NONE
from simulations.studies.arms import ArmRun, ArmRunner, open_runner
from simulations.studies.user import UserStudyOptions, arm_of, judged_options

if TYPE_CHECKING:
    from simulations.task.task import Task


@outside_event_loop
@command(UserStudyOptions)
def study_agreement(invocation: Invocation[UserStudyOptions]) -> AgreementReport:
    """Measure how the user agent's yes follows the reward score it is shown, with and without the memory of the loop.

    Runs are those of `evaluate_user`, `RUN-agent` and `RUN-afl`, and are shared with it; options and errors as there.
    Raises `UsageError` without a reward model.
    """
    if invocation.options.reward == NONE:
        raise UsageError("--reward: got 'none', expected a model: there is no score to agree with")
    judged = judged_options(invocation.options)
    with open_runner(invocation) as runner:
        arm_runs = runner.run_arms([arm_of("agent", judged), arm_of("afl", judged)])
        results = [
            _agreement(runner, arm_run, task, ratio)
            for arm_run in arm_runs
            for task in [runner.task(arm_run.arm, 0)]
            for ratio in task.options.judged_ratios()
        ]
        return AgreementReport(
            results=tuple(results),
            tests=tuple(_tests(results)),
            audit=tuple(runner.warnings),
            costs=runner.study_costs,
            stand_in=any(arm_run.stand_in for arm_run in arm_runs),
        )


def user_judgements(
    rows: Sequence[JudgementRow], users: Sequence[str], judged: JudgedItems, ratio: Ratio
) -> list[UserJudgements]:
    """Every user's answers about the items of a ratio, out of a run's judgements."""
    numbers = set((judged.of_ratio(ratio) + 1).tolist())
    answered: dict[str, list[JudgementRow]] = {user: [] for user in users}
    for row in rows:
        if row.number in numbers and row.decision is not None:
            answered[row.session].append(row)
    return [
        UserJudgements(
            accepted=np.array([row.decision for row in rows_of_user], dtype=bool),
            scores=np.array([row.score for row in rows_of_user], dtype=np.float64),
            labels=np.array([row.label for row in rows_of_user], dtype=bool),
        )
        for rows_of_user in answered.values()
    ]


def _agreement(runner: ArmRunner, arm_run: ArmRun, task: "Task", ratio: Ratio) -> ArmAgreement:
    assert task.judged is not None, "the arms judge"
    users = [row.id for row in task.rows]
    answers = (user_judgements(runner.judgements(run), users, task.judged, ratio) for run in arm_run.runs)
    return ArmAgreement(
        arm=arm_run.arm.name,
        ratio=ratio,
        runs=arm_run.runs,
        seed_numbers=tuple(run.seed for run in arm_run.seeds),
        users=tuple(users),
        seeds=tuple(tuple(of_seed) for of_seed in answers),
    )


def _tests(results: Sequence[ArmAgreement]) -> list[PairedTest]:
    """The later arm against the earlier at every ratio, in each of `METRICS`; Holm over all."""
    arms = [(a, b) for a, b in combinations(results, 2) if a.ratio == b.ratio]
    pairs = [_paired_results(a, b, metric) for a, b in arms for metric in METRICS]
    return compare_pairs([pair for pair in pairs if pair[0].users])


def _paired_results(a: ArmAgreement, b: ArmAgreement, metric: str) -> tuple[ArmResult, ArmResult]:
    """Each user's value in both arms, for the users who have a value in both."""
    values_a, values_b = (by_user(METRICS[metric], arm.seeds) for arm in (a, b))
    in_both = ~np.isnan(values_a) & ~np.isnan(values_b)
    users = np.array(a.users)[in_both].tolist()
    return (
        _result(a, metric, users, values_a[in_both].tolist()),
        _result(b, metric, users, values_b[in_both].tolist()),
    )


def _result(arm: ArmAgreement, metric: str, users: Sequence[str], values: Sequence[float]) -> ArmResult:
    """The values as those of one seed: they are means over the seeds already."""
    seed = SeedValues(seed=arm.seed_numbers[0], run=arm.runs[0], values=dict(zip(users, values, strict=True)))
    return ArmResult(arm=arm.arm, group={"ratio": str(arm.ratio)}, rounds=0, metric=metric, seeds=(seed,))
