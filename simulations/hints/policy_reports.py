"""Results of training and evaluating a policy, as commands return them and give them as JSON."""

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
from simulations.hints.policy_fitting import VALID_SHARE, FittedPolicy
from simulations.hints.reward_tables import ExecutedTableRun

NDCG, HIT_RATE = "ndcg_at_10", "hr_at_10"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTrainReport:
    """The result of a training; nothing was trained where lists are missing."""

    name: str
    base: KnowledgeBase
    tables: tuple[ExecutedTableRun, ...]
    """Training, then validation; one table for both where the data set has too few validation sessions."""
    fitted: FittedPolicy | None
    path: Path | None
    """The file of the policy."""
    reward: Reward
    encoder: str

    @property
    def missing(self) -> int:
        """Number of lists whose calls failed, which a continuation requests again."""
        return sum(table.missing for table in self.tables)

    @property
    def sessions(self) -> dict[str, int]:
        """Number of training and validation sessions."""
        train, *valid = (len(table.task) for table in self.tables)
        validation = valid[0] if valid else max(1, train // VALID_SHARE)
        return {"train": train if valid else train - validation, "valid": validation}

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
            "runs": [table.run for table in self.tables],
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
            "llm": total_usage(table.report.llm for table in self.tables),
            "seconds": round(sum(table.report.seconds for table in self.tables), 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEvaluation:
    """The result of an evaluation."""

    name: str
    policy: Policy
    held_out: ExecutedTableRun
    actions: Mapping[str, Actions]
    """Arm -> the action it takes in each session, in the order of the run; 0 is no hint."""
    ndcg: tuple[ArmResult, ...]
    hit_rate: tuple[ArmResult, ...]
    tests: tuple[PairedTest, ...]
    """Of NDCG@10; the second of each against the first, all adjusted together."""
    oracle_share: float | None
    """The policy's gain over no hint as a share of the oracle's."""

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
            "tests": [_test(test) for test in self.tests],
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
            "actions": np.bincount(self.actions[ndcg.arm], minlength=len(self.policy.base.hints) + 1).tolist(),
        }


def _test(test: PairedTest) -> dict[str, Any]:
    """With the second arm first, as its difference was taken: the arm that should win."""
    return {**test.to_json(), "a": test.b, "b": test.a}


def total_usage(totals: Iterable[UsageTotals]) -> UsageTotals:
    """The sum over runs; its cost is unknown where that of a run is."""
    runs = list(totals)
    costs = [run["cost_usd"] for run in runs]
    return UsageTotals(
        calls=sum(run["calls"] for run in runs),
        journaled=sum(run["journaled"] for run in runs),
        retries=sum(run["retries"] for run in runs),
        repairs=sum(run["repairs"] for run in runs),
        prompt_tokens=sum(run["prompt_tokens"] for run in runs),
        completion_tokens=sum(run["completion_tokens"] for run in runs),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )
