"""What training and evaluating a policy over hints came to, as commands return it and give it as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from afl.hints.baselines import Actions
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.policy import Policy
from afl.hints.rewards import Reward
from afl.llm.usage import UsageTotals
from simulations.analysis.arm_results import ArmResult
from simulations.analysis.paired_tests import PairedTest
from simulations.hints.policy_fitting import VALID_SHARE, Fitted
from simulations.hints.reward_tables import PlayedTable

NDCG, HIT_RATE = "ndcg_at_10", "hr_at_10"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTrainReport:
    """What a training led to; nothing was trained where lists are missing."""

    name: str
    base: KnowledgeBase
    tables: tuple[PlayedTable, ...]
    """Training, then validation; one table for both where the data set has too few validation sessions."""
    fitted: Fitted | None
    path: Path | None
    """Where the policy is kept."""
    reward: Reward
    encoder: str

    @property
    def missing(self) -> int:
        """Lists whose calls failed, which the next continuation asks for again."""
        return sum(one.missing for one in self.tables)

    @property
    def sessions(self) -> dict[str, int]:
        """How many sessions it learned from, and how many picked the checkpoint."""
        train, *valid = (len(one.task) for one in self.tables)
        held = valid[0] if valid else max(1, train // VALID_SHARE)
        return {"train": train if valid else train - held, "valid": held}

    @property
    def exit_code(self) -> int:
        """1 when calls failed."""
        return 1 if self.missing else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `hints train --json`."""
        fitted = self.fitted
        return {
            "policy": self.name,
            "base": self.base.name,
            "base_hash": self.base.hash,
            "hints": len(self.base.hints),
            "runs": [one.run for one in self.tables],
            "sessions": self.sessions,
            "reward": self.reward,
            "encoder": self.encoder,
            "missing": self.missing,
            "hash": fitted and fitted.policy.hash,
            "path": self.path and str(self.path),
            "update": fitted and fitted.update,
            "curve": [dict(point) for point in fitted.curve] if fitted else [],
            "valid": dict(fitted.valid) if fitted else {},
            "training_seconds": fitted and round(fitted.seconds, 3),
            "llm": added(one.report.llm for one in self.tables),
            "seconds": round(sum(one.report.seconds for one in self.tables), 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEvaluation:
    """What an evaluation led to."""

    name: str
    policy: Policy
    held_out: PlayedTable
    chosen: Mapping[str, Actions]
    """Arm -> the action it takes in each session, in the order of the run; 0 is no hint."""
    ndcg: tuple[ArmResult, ...]
    hit_rate: tuple[ArmResult, ...]
    tests: tuple[PairedTest, ...]
    """Of NDCG@10; the second of each against the first, all adjusted together."""
    oracle_share: float | None
    """How much of what the oracle gains over no hint the policy gains."""

    @property
    def exit_code(self) -> int:
        """1 when a session failed."""
        return self.held_out.report.exit_code

    def to_json(self) -> dict[str, Any]:
        """The object of `hints evaluate --json`; a difference is of `a` minus `b`."""
        rates = zip(self.ndcg, self.hit_rate, strict=True)
        return {
            "policy": self.name,
            "hash": self.policy.hash,
            "base": self.policy.base.name,
            "hints": len(self.policy.base.hints),
            "reward": self.policy.log["reward"],
            "encoder": self.policy.encoding.spec,
            "runs": [*self.policy.log["runs"], self.held_out.run],
            "sessions": {"train": self.policy.log["sessions"], "test": len(self.held_out.task)},
            "failed": self.held_out.report.failed,
            "arms": [self._arm(ndcg, hits) for ndcg, hits in rates],
            "tests": [_test(one) for one in self.tests],
            "oracle_share": self.oracle_share,
            "llm": dict(self.held_out.report.llm),
            "seconds": round(self.held_out.report.seconds, 3),
        }

    def _arm(self, ndcg: ArmResult, hits: ArmResult) -> dict[str, Any]:
        gain, rate = ndcg.estimate, hits.estimate
        return {
            "arm": ndcg.arm,
            "n": gain.n,
            NDCG: {"value": gain.value, "ci95": list(gain.ci95)},
            HIT_RATE: {"value": rate.value, "ci95": list(rate.ci95)},
            "actions": np.bincount(self.chosen[ndcg.arm], minlength=len(self.policy.base.hints) + 1).tolist(),
        }


def _test(test: PairedTest) -> dict[str, Any]:
    """As the difference was taken, the second arm first: the one that is to win."""
    return {**test.to_json(), "a": test.b, "b": test.a}


def added(totals: Iterable[UsageTotals]) -> UsageTotals:
    """The sum of all; a cost that is not known in one is not known in the sum."""
    found = list(totals)
    costs = [one["cost_usd"] for one in found]
    return UsageTotals(
        calls=sum(one["calls"] for one in found),
        journaled=sum(one["journaled"] for one in found),
        retries=sum(one["retries"] for one in found),
        repairs=sum(one["repairs"] for one in found),
        prompt_tokens=sum(one["prompt_tokens"] for one in found),
        completion_tokens=sum(one["completion_tokens"] for one in found),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )
