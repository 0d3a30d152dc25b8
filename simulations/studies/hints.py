"""What a policy over hints owes to the size of its base, to its sessions and to its reward (Re2LLM, Figs. 3 and 4).

All of it is read from the tables of a policy that was trained and evaluated: a smaller base is a table with fewer
columns, a smaller training one with fewer rows, another reward other numbers in it. Nothing is asked again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from afl.errors import UsageError
from afl.hints.baselines import ActionPolicy, PolicyData, best_single
from afl.hints.encoding import States
from afl.hints.rewards import REWARDS, Floats, Reward, RewardTable
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.analysis.study_report import StudyReport

NDCG = "ndcg_at_10"
SIZES = (1, 2, 5, 10, 15, 20)
FEW = (50, 100, 200, 500, 1000, 2000)
VALID_SHARE = 4
"""Training sessions for each validation session."""
DRAWS = 20
"""Draws of a random hint per session, which are averaged."""

SHOWN = ("none", "random", "best_single", "policy")
"""The arms of these studies."""

Group = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """What a trained policy has learned from and was evaluated on."""

    reward: Reward
    train: RewardTable
    valid: RewardTable
    train_states: States
    valid_states: States
    test: RewardTable
    test_states: States
    run: str
    """The run of the held-out sessions."""
    seed: int
    """Of the study."""
    stand_in: bool


class _Part(NamedTuple):
    """One setting of a study."""

    group: Group
    lesson: PolicyData
    table: RewardTable
    """Of the held-out sessions, under the hints of this setting."""


def learned_by_ppo(lesson: PolicyData) -> ActionPolicy:
    """The policy as it is trained for use."""
    from afl.hints.ppo import train

    return train(lesson).actor


Learn = Callable[[PolicyData], ActionPolicy]


def sizes_study(tables: Tables, sizes: Sequence[int] = SIZES, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """Policies over the first so many hints, in order of acceptance; larger than the base is the whole base."""
    most = tables.train.actions - 1
    _at_least("size", sizes)
    kept = sorted({min(size, most) for size in sizes})
    return _report("hints-size", tables, [_part(tables, {"hints": size}, hints=size) for size in kept], learn)


def few_shot_study(tables: Tables, sessions: Sequence[int] = FEW, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """Policies from the first so many training sessions, with a quarter as many validation sessions."""
    _at_least("sessions", sessions)
    kept = sorted({min(count, len(tables.train)) for count in sessions})
    return _report(
        "few-shot", tables, [_part(tables, {"sessions": count}, sessions=count) for count in kept], learn
    )


def reward_study(tables: Tables, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """Policies that learned from other rewards; all are judged by NDCG."""
    return _report(
        "reward-design", tables, [_part(tables, {"reward": kind}, reward=kind) for kind in REWARDS], learn
    )


def random_study(tables: Tables, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """The policy beside a hint drawn at random, and no hint: what choosing is worth."""
    return _report("random-hint", tables, [_part(tables, {})], learn)


def filters_study(found: Mapping[str, Sequence[ArmResult]], *, stand_in: bool) -> StudyReport:
    """What evaluations under several sets of filters came to; the first setting's policy is tested against the others.

    `found`: what the filters were -> the arms of an evaluation; all over the same sessions.
    """
    results = [
        replace(result, group={"filters": filters})
        for filters, results in found.items()
        for result in results
        if result.arm in SHOWN
    ]
    every, *others = (
        replace(one, arm=f"policy, {one.group['filters']}", group={}) for one in results if one.arm == "policy"
    )
    tests = compare_pairs([(other, every) for other in others])
    return StudyReport(study="hint-filters", results=tuple(results), tests=tuple(tests), stand_in=stand_in)


def _part(
    tables: Tables,
    group: Group,
    *,
    hints: int | None = None,
    sessions: int | None = None,
    reward: Reward | None = None,
) -> _Part:
    kept = range(1, (hints or tables.train.actions - 1) + 1)
    rows = sessions or len(tables.train)
    valid = len(tables.valid) if sessions is None else min(len(tables.valid), max(1, rows // VALID_SHARE))
    kind = reward or tables.reward
    train, held = tables.train.head(rows).with_hints(kept), tables.valid.head(valid).with_hints(kept)
    lesson = PolicyData(
        tables.train_states[:rows], train.rewards(kind), tables.valid_states[:valid], held.rewards(kind)
    )
    return _Part(group, lesson, tables.test.with_hints(kept))


def _report(study: str, tables: Tables, parts: Sequence[_Part], learn: Learn) -> StudyReport:
    found = [result for part in parts for result in _results(part, tables, learn)]
    return StudyReport(study=study, results=tuple(found), tests=tuple(_tests(found)), stand_in=tables.stand_in)


def _results(part: _Part, tables: Tables, learn: Learn) -> Iterator[ArmResult]:
    ndcg = part.table.ndcg()
    sessions = np.arange(len(ndcg))
    earned = {
        "none": ndcg[:, 0],
        "random": _drawn(ndcg, tables.seed),
        "best_single": ndcg[:, best_single(part.lesson.all_rewards)],
        "policy": ndcg[sessions, learn(part.lesson).choose(tables.test_states)],
    }
    for arm, values in earned.items():
        by_session = dict(zip(part.table.sessions, values.tolist(), strict=True))
        seed = SeedValues(seed=tables.seed, run=tables.run, values=by_session)
        yield ArmResult(arm=arm, group=part.group, rounds=1, metric=NDCG, seeds=(seed,))


def _drawn(ndcg: Floats, seed: int) -> Floats:
    """(S,) what a hint drawn at random earns, on average over some draws."""
    draws = np.random.default_rng(seed).integers(1, ndcg.shape[1], (DRAWS, len(ndcg)))
    means: Floats = ndcg[np.arange(len(ndcg)), draws].mean(axis=0)
    return means


def _tests(results: Sequence[ArmResult]) -> list[PairedTest]:
    """The policy against every other arm of its group; Holm over all of them."""
    policies = {str(one.group): one for one in results if one.arm == "policy"}
    return compare_pairs([(one, policies[str(one.group)]) for one in results if one.arm != "policy"])


def _at_least(what: str, counts: Sequence[int]) -> None:
    wrong = next((count for count in counts if count < 1), None)
    if wrong is not None or not counts:
        raise UsageError(f"--{what}: got {wrong}, expected numbers from 1")
