"""The numbers of a run under the current metrics: as recorded, or from sessions that were parsed again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from afl.data.judged_items import ITEMS_PER_USER, JudgedItems, Ratio
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.precision_recall import PrecisionRecall, UserConfusion, precision_recall
from afl.metrics.ranking import evaluate_lists
from memory.records import CallTotals, JudgementRow, RoundRecord, RunTotals, SessionRecord, counts_by_round
from simulations.analysis.user_simulation import judgement_rows
from simulations.task.run_kind import RunKind


@dataclass(frozen=True, slots=True)
class RunNumbers:
    """The results of a run. Failed sessions are misses; an item without an answer counts as no."""

    sessions: int
    """Recorded sessions."""
    completed: int
    failed: int
    hits: int
    accepted: int
    by_round: tuple[tuple[int, int], ...]
    """(hits, accepted) after each round."""
    outcomes: Mapping[str, int]
    """Turns by outcome."""
    judged: Mapping[str, PrecisionRecall] = field(default_factory=dict)
    """By ratio; empty for runs without judged items."""
    ranked: Mapping[str, Estimate] = field(default_factory=dict)
    """Hit rates and NDCG of the recommendation agent's lists, by metric; empty without lists."""

    @property
    def hit_rate_at_1(self) -> Estimate:
        return wilson(self.hits, self.sessions)

    @property
    def hit_rate_at_1_completed(self) -> Estimate | None:
        """None without completed sessions."""
        return wilson(self.hits, self.completed) if self.completed else None

    def to_json(self) -> dict[str, Any]:
        """`before` and `after` of `rescore --json`."""
        completed = self.hit_rate_at_1_completed
        numbers = {
            "sessions": self.sessions,
            "completed": self.completed,
            "failed": self.failed,
            "accepted": self.accepted,
            "hit_rate_at_1": self.hit_rate_at_1.to_json(),
            "hit_rate_at_1_completed": completed.to_json() if completed else {"value": None, "ci95": None, "n": 0},
            "by_round": [
                {"round": number, "hits": hits, "accepted": accepted}
                for number, (hits, accepted) in enumerate(self.by_round, start=1)
            ],
            "outcomes": dict(sorted(self.outcomes.items())),
        }
        judged = {ratio: scores.to_json() for ratio, scores in self.judged.items()}
        ranked = {metric: estimate.to_json() for metric, estimate in self.ranked.items()}
        return numbers | ({"judged": judged} if judged else {}) | ({"ranked": ranked} if ranked else {})


def numbers_of(
    totals: RunTotals,
    *,
    judgements: Sequence[JudgementRow],
    target_ranks: Sequence[int | None],
    config: Mapping[str, Any],
    users: int,
) -> RunNumbers:
    """The numbers of a run with this configuration and `users` sessions, unfinished ones included.

    `target_ranks`: the target's rank in the recommendation agent's list, per session; see `target_rank`.
    """
    return RunNumbers(
        sessions=totals.completed + totals.failed,
        completed=totals.completed,
        failed=totals.failed,
        hits=totals.hits,
        accepted=totals.accepted,
        by_round=totals.by_round,
        outcomes={outcome: count for outcome, count in totals.outcomes.items() if count},
        judged=_judged(judgements, config, users),
        ranked=_ranked(target_ranks, config),
    )


@dataclass
class RunTally:
    """Sums over session records, equal to `Run.totals` over the rows of the same sessions."""

    records: int = 0
    completed: int = 0
    hits: int = 0
    accepted: int = 0
    paths: list[tuple[RoundRecord, ...]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    judgements: list[JudgementRow] = field(default_factory=list)
    target_ranks: list[int | None] = field(default_factory=list)

    def add(self, record: SessionRecord) -> None:
        """Adds one session."""
        self.records += 1
        self.completed += record.completed
        self.hits += record.hit
        self.accepted += record.accepted
        self.paths.append(record.by_round)
        self.outcomes.update(turn.outcome.value for turn in record.answers)
        self.judgements += judgement_rows(record)
        self.target_ranks.append(target_rank(record))

    @property
    def totals(self) -> RunTotals:
        """Of the added sessions, without their calls."""
        return RunTotals(
            sessions=self.records,
            done=self.records,
            completed=self.completed,
            failed=self.records - self.completed,
            hits=self.hits,
            accepted=self.accepted,
            base_hits=0,
            by_round=counts_by_round((path, 1) for path in self.paths),
            outcomes=self.outcomes,
            calls=CallTotals(),
        )


def target_rank(record: SessionRecord) -> int | None:
    """The target's rank in the session's list, from 1; None where it is not listed, or there is no list."""
    return next((turn.target_rank(record.target) for turn in record.answers if turn.ranking), None)


def _judged(rows: Sequence[JudgementRow], config: Mapping[str, Any], users: int) -> dict[str, PrecisionRecall]:
    names, items = config.get("ratios", ()), config.get("items", ITEMS_PER_USER)
    ratios = [Ratio.parse(ratio, items=items) for ratio in names]
    if not ratios:
        return {}
    judged = JudgedItems(np.empty((0, 0), np.int32), max(ratio.wanted for ratio in ratios))
    return {
        str(ratio): precision_recall(_confusions(rows, judged.of_ratio(ratio), ratio, users)) for ratio in ratios
    }


def _confusions(rows: Sequence[JudgementRow], items: Any, ratio: Ratio, users: int) -> list[UserConfusion]:
    """Every user's answers about the items of a ratio, counted; in a fixed order, which resampling depends on."""
    in_ratio, yes, hits = set(items.tolist()), Counter[str](), Counter[str]()
    sessions = sorted({row.session for row in rows})
    for row in rows:
        if row.number - 1 in in_ratio and row.decision:
            yes[row.session] += 1
            hits[row.session] += row.label
    counted = [UserConfusion(hits[session], yes[session], ratio.wanted) for session in sessions]
    return counted + [UserConfusion(0, 0, ratio.wanted)] * (users - len(counted))


def _ranked(ranks: Sequence[int | None], config: Mapping[str, Any]) -> dict[str, Estimate]:
    kind = RunKind.from_config(config)
    if not kind.lists:
        return {}
    return dict(evaluate_lists(ranks, top=kind.listed))
