"""The parts of the loop as rankers, alone and in pairs, beside the loop: `afl study rankers` (AFL, Table 6).

    base            the base model's suggestion
    user            the user agent chooses among all candidates
    agent           the recommendation agent recommends one
    agent+reward    the recommendation agent lists some, the reward model takes the one it scores highest
    agent+user      the recommendation agent lists some, the user agent takes one
    afl             the loop

The two with a list are read from one run: both choose from the same lists.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from afl.errors import UsageError
from afl.types import Outcome, Role
from memory.records import SessionRecord
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.options.run_options import LLM, NONE
from simulations.studies.arm_runner import ArmRun, ArmRunner
from simulations.studies.arms import AGENT_ALONE, Arm
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
    """What is played; nothing that an arm does not meet is part of its run."""
    return (
        # Nobody tells the user agent what a base model suggests.
        Arm(name=USER, said={**_ONE_ROUND, "protocol": "choice", "recommender": NONE, "tools": None}),
        Arm(name=AGENT, said=AGENT_ALONE),
        Arm(name=USER_PICKS, said={**_ONE_ROUND, "protocol": "shortlist", "listed": listed}, suffix="shortlist"),
        Arm(name=LOOP),
    )


def rankers_study(player: ArmRunner, *, listed: int = 5) -> StudyReport:
    """Every ranker; the loop is tested against each of them, and who takes from a list against the agent alone.

    Raises `UsageError` without a base model or without a reward model: each of them is a ranker.
    """
    for part in ("recommender", "reward"):
        if (got := player.said[part]) in (NONE, LLM):
            raise UsageError(f"--{part}: got {got!r}, expected a model: the study has it as a ranker of its own")
    played = {one.arm.name: one for one in player.play(arms(listed))}
    user, agent, picks, loop = (played[name].result() for name in (USER, AGENT, USER_PICKS, LOOP))
    base = replace(of_base("", [played[name] for name in (AGENT, USER_PICKS, LOOP)]), group={})
    reward = reward_picks(player, played[USER_PICKS])
    pairs = [(one, loop) for one in (base, user, agent, reward, picks)]
    return player.report(
        "rankers",
        list(played.values()),
        results=(base, user, agent, reward, picks, loop),
        tests=compare_pairs([*pairs, (agent, reward), (agent, picks)]),
    )


def reward_picks(player: ArmRunner, played: ArmRun) -> ArmResult:
    """The reward model's choice from the lists that the recommendation agent made in a played arm.

    Of equal scores the first of the list; a session without a list is a failed one.
    """
    seeds = tuple(_reward_picks(player, played, place) for place in range(len(played.seeds)))
    return ArmResult(arm=REWARD_PICKS, rounds=1, seeds=seeds)


def _reward_picks(player: ArmRunner, played: ArmRun, place: int) -> SeedValues:
    one = played.seeds[place]
    scores = _scores(player, played, place)
    lists = {transcript.record.session: _list(transcript.record) for transcript in player.transcripts(one.run)}
    hits = {
        row.session: float(
            bool(lists[row.session]) and _best(lists[row.session], scores[row.session]) == row.target
        )
        for row in one.rows
    }
    failed = frozenset(session for session, listed in lists.items() if not listed)
    return SeedValues(seed=one.seed, run=one.run, values=hits, failed=failed)


def _scores(player: ArmRunner, played: ArmRun, place: int) -> Mapping[str, Mapping[str, float]]:
    """Session -> title -> reward score, as they were kept with the run."""
    task, outputs = player.kept(played, place)
    assert outputs.scores is not None, "checked before anything was played"
    views = zip(task.views(), outputs.scores, strict=True)
    return {view.session: dict(zip(view.candidate_titles, scores.tolist(), strict=True)) for view, scores in views}


def _list(record: SessionRecord) -> tuple[str, ...]:
    """The titles that the recommendation agent listed; none where it gave no list."""
    said = [turn for turn in record.answers if turn.key.role == Role.RECOMMENDATION and turn.outcome is Outcome.OK]
    return said[-1].ranking if said else ()


def _best(listed: tuple[str, ...], scores: Mapping[str, float]) -> str:
    return listed[int(np.argmax([scores[title] for title in listed]))]
