"""`afl study rankers`: the parts of the loop as rankers, alone and in pairs, beside the loop (AFL, Table 6).

    base            the base model's suggestion
    user            the user agent chooses among all candidates
    agent           the recommendation agent recommends one
    agent+reward    the recommendation agent lists some, the reward model takes the one it scores highest
    agent+user      the recommendation agent lists some, the user agent takes one
    afl             the loop

The two with a list are read from one run: both choose from the same lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from afl.option import AGENTS, Option, at_least
from afl.types import Outcome, Role
from memory.records import SessionRecord
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import NONE
from simulations.studies.ablation import require_models
from simulations.studies.arms import AGENT_ALONE, Arm, ArmRun, ArmRunner, open_runner
from simulations.studies.recommendation import of_base

BASE, USER, AGENT, REWARD_PICKS, USER_PICKS, LOOP = (
    "base",
    "user",
    "agent",
    "agent+reward",
    "agent+user",
    "afl",
)
_ONE_ROUND: Mapping[str, object] = {"rounds": None, "user_sees_candidates": None}


def arms(listed: int) -> tuple[Arm, ...]:
    """The arms that are run; options that an arm does not depend on stay out of its run."""
    return (
        # The user agent does not see the suggestion of a base model.
        Arm(name=USER, options={**_ONE_ROUND, "protocol": "choice", "recommender": NONE, "tools": None}),
        Arm(name=AGENT, options=AGENT_ALONE),
        Arm(
            name=USER_PICKS, options={**_ONE_ROUND, "protocol": "shortlist", "listed": listed}, suffix="shortlist"
        ),
        Arm(name=LOOP),
    )


@dataclass(frozen=True, kw_only=True)
class RankersOptions(BaseModelStudyOptions):
    """Options of `afl study rankers`."""

    listed: Annotated[int, Option("Number of candidates the recommendation agent lists", AGENTS)] = 5


@outside_event_loop
@command(RankersOptions)
def study_rankers(invocation: Invocation[RankersOptions]) -> StudyReport:
    """Compare base model, agents and reward model as rankers, alone and in pairs, beside the loop.

    The loop is tested against each of them, and the two choices from a list against the agent alone. The runs are
    `RUN-user`, `RUN-agent`, `RUN-shortlist` and `RUN-afl`; the same call continues them. Errors are as in `simulate`;
    `UsageError` also without recommender or reward model: each of them is a ranker.
    """
    listed = invocation.options.listed
    at_least("listed", listed, 1)
    require_models(invocation.options, "it is one of the rankers of the study")
    with open_runner(invocation) as runner:
        arm_runs = {arm_run.arm.name: arm_run for arm_run in runner.run_arms(arms(listed))}
        user, agent, picks, loop = (arm_runs[name].result() for name in (USER, AGENT, USER_PICKS, LOOP))
        base = replace(of_base("", [arm_runs[name] for name in (AGENT, USER_PICKS, LOOP)]), group={})
        reward = reward_picks(runner, arm_runs[USER_PICKS])
        pairs = [(ranker, loop) for ranker in (base, user, agent, reward, picks)]
        return runner.report(
            "rankers",
            list(arm_runs.values()),
            results=(base, user, agent, reward, picks, loop),
            tests=compare_pairs([*pairs, (agent, reward), (agent, picks)]),
        )


def reward_picks(runner: ArmRunner, arm_run: ArmRun) -> ArmResult:
    """The reward model's choice from the lists that the recommendation agent made in the runs of an arm.

    Of equal scores the first of the list; a session without a list is a failed one.
    """
    seeds = tuple(_reward_picks(runner, arm_run, seed_index) for seed_index in range(len(arm_run.seeds)))
    return ArmResult(arm=REWARD_PICKS, rounds=1, seeds=seeds)


def _reward_picks(runner: ArmRunner, arm_run: ArmRun, seed_index: int) -> SeedValues:
    run = arm_run.seeds[seed_index]
    scores = _scores(runner, arm_run, seed_index)
    lists = {transcript.record.session: _list(transcript.record) for transcript in runner.transcripts(run.run)}
    hits = {
        row.session: float(
            bool(lists[row.session]) and _best(lists[row.session], scores[row.session]) == row.target
        )
        for row in run.rows
    }
    failed = frozenset(session for session, listed in lists.items() if not listed)
    return SeedValues(seed=run.seed, run=run.run, values=hits, failed=failed)


def _scores(runner: ArmRunner, arm_run: ArmRun, seed_index: int) -> Mapping[str, Mapping[str, float]]:
    """Session -> title -> reward score, as recorded with the run."""
    task, outputs = runner.recorded(arm_run, seed_index)
    assert outputs.scores is not None, "checked before anything is run"
    views = zip(task.views(), outputs.scores, strict=True)
    return {view.session: dict(zip(view.candidate_titles, scores.tolist(), strict=True)) for view, scores in views}


def _list(record: SessionRecord) -> tuple[str, ...]:
    """The titles that the recommendation agent listed; none where it gave no list."""
    lists = [
        turn for turn in record.answers if turn.key.role == Role.RECOMMENDATION and turn.outcome is Outcome.OK
    ]
    return lists[-1].ranking if lists else ()


def _best(listed: tuple[str, ...], scores: Mapping[str, float]) -> str:
    return listed[int(np.argmax([scores[title] for title in listed]))]
