"""`afl study popularity`: the share of popular items in what the loop recommends (AFL, Figure 5).

Items are grouped by their interactions in the data that models learn from: top 20 %, to 50 %, the other half. The
share of recommendations that fall into each group is read for the base model and, from one run of the loop, after
each of its rounds, with the last recommendation every session had by then. Beside them stand the lists that could be
chosen from and the targets: a share is high or low only against these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Split
from afl.metrics.popularity import GROUPS, group_shares, popularity_groups
from afl.types import SessionView
from memory.records import SessionRecord
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.item_popularity import last_item
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.options.command import Invocation, command
from simulations.studies.arms import Arm, ArmRun, ArmRunner, open_runner
from simulations.studies.rounds import round_label

METRIC = "share"
LOOP = Arm(name="afl")

Items = Mapping[str, tuple[int, ...]]
"""Session -> the items that count; none for a session that failed."""


@dataclass(frozen=True)
class Recommended:
    """The lists and recommendations of the loop under one study seed."""

    seed: int
    run: str
    views: Mapping[str, SessionView]
    records: Mapping[str, SessionRecord]

    @property
    def lists(self) -> Items:
        return {session: view.candidates for session, view in self.views.items()}

    @property
    def targets(self) -> Items:
        return self._items(lambda record: record.target)

    @property
    def suggestions(self) -> Items:
        """Those of the base model."""
        return self._items(lambda record: record.suggestion)

    def after(self, number: int) -> Items:
        """The last recommendations of a loop of so many rounds."""
        return self._items(lambda record: last_item(record, number))

    def _items(self, title_of: Callable[[SessionRecord], str | None]) -> Items:
        titles = {session: title_of(self.records[session]) for session in self.views}
        return {
            session: () if title is None else (self.views[session].item(title),)
            for session, title in titles.items()
        }


@outside_event_loop
@command(BaseModelStudyOptions)
def study_popularity(invocation: Invocation[BaseModelStudyOptions]) -> StudyReport:
    """Compare the share of popular items among recommendations: the base model's, and the loop's after each round.

    In each group the last round is tested against the base model and against the first round. One run of the loop,
    `RUN-afl`; the same call continues it. Errors are as in `evaluate_recommendation`.
    """
    with open_runner(invocation) as runner:
        (arm_run,) = runner.run_arms([LOOP])
        seeds = [_recommended(runner, arm_run, seed_index) for seed_index in range(len(arm_run.seeds))]
        task = runner.task(LOOP, 0)
        groups = popularity_groups(task.training.splits[Split.TRAIN].items, items=len(task.dataset.catalogue))

        def shares(name: str, items: Callable[[Recommended], Items], rounds: int = 0) -> list[ArmResult]:
            return [
                _share(name, rounds, group, [(seed, items(seed)) for seed in seeds], groups) for group in GROUPS
            ]

        context = [shares("lists", lambda seed: seed.lists), shares("targets", lambda seed: seed.targets)]
        with_base = arm_run.seeds[0].rows[0].suggestion is not None
        base = [shares("base", lambda seed: seed.suggestions)] if with_base else []
        numbers = range(1, arm_run.rounds + 1)
        loop = [shares(round_label(number), methodcaller("after", number), number) for number in numbers]
        earlier = [*base, *(loop[:1] if len(loop) > 1 else [])]
        pairs = [pair for before in earlier for pair in zip(before, loop[-1], strict=True)]
        return runner.report(
            "popularity",
            [arm_run],
            results=[result for arm in (*context, *base, *loop) for result in arm],
            tests=compare_pairs(pairs),
        )


def _recommended(runner: ArmRunner, arm_run: ArmRun, seed_index: int) -> Recommended:
    run = arm_run.seeds[seed_index]
    views = runner.task(arm_run.arm, seed_index).views()
    records = (transcript.record for transcript in runner.transcripts(run.run))
    return Recommended(
        run.seed, run.run, {view.session: view for view in views}, {record.session: record for record in records}
    )


def _share(
    arm: str,
    rounds: int,
    group: str,
    seeds: Sequence[tuple[Recommended, Items]],
    groups: NDArray[np.int64],
) -> ArmResult:
    """The share of each user's items that are in this group; of a failed session nothing is in any."""
    return ArmResult(
        arm=arm,
        group={"popularity": group},
        rounds=rounds,
        metric=METRIC,
        seeds=tuple(
            SeedValues(
                seed=seed.seed,
                run=seed.run if rounds else None,
                values=dict(
                    zip(
                        items,
                        group_shares(list(items.values()), groups)[:, GROUPS.index(group)].tolist(),
                        strict=True,
                    )
                ),
                failed=frozenset(session for session, recommended in items.items() if not recommended),
            )
            for seed, items in seeds
        ),
    )
