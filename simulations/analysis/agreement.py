"""Agreement of the user agent with the reward score it is shown: the report of `afl study agreement`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from afl.data.judged_items import Ratio
from afl.metrics.agreement import Agreement, UserJudgements, agreement, auc_label, auc_score
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.study_report import StudyCosts, audit_json

METRICS: dict[str, Callable[[UserJudgements], float | None]] = {"auc_score": auc_score, "auc_label": auc_label}
"""The metrics in which arms are tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAgreement:
    """One arm at one ratio."""

    arm: str
    ratio: Ratio
    runs: tuple[str, ...]
    seed_numbers: tuple[int, ...]
    users: tuple[str, ...]
    seeds: tuple[tuple[UserJudgements, ...], ...]
    """Per study seed, every user's answers; items without an answer are left out."""

    @property
    def agreement(self) -> Agreement:
        return agreement(self.seeds)

    @property
    def failures(self) -> int:
        """Items without an answer, over all seeds."""
        items = self.ratio.wanted + self.ratio.unwanted
        return sum(items - len(user.accepted) for users in self.seeds for user in users)

    def to_json(self) -> dict[str, Any]:
        """An entry of `results`."""
        scores = {"arm": self.arm, "ratio": str(self.ratio), **self.agreement.to_json()}
        return scores | {"failures": self.failures, "runs": list(self.runs)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """What `afl study agreement` returns, prints and gives as JSON."""

    results: tuple[ArmAgreement, ...]
    tests: tuple[PairedTest, ...]
    """The arms against each other, over the users whose value is defined in both."""
    audit: tuple[Check, ...] = ()
    costs: StudyCosts = field(default_factory=StudyCosts)
    """What the arms have cost."""
    stand_in: bool = False
    """Whether the language model is the offline stand-in, whose numbers are not a real model's."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs it was read from, each once, in order."""
        return tuple(dict.fromkeys(run for result in self.results for run in result.runs))

    @property
    def exit_code(self) -> int:
        """1 when an item of any arm has no answer."""
        return 1 if any(result.failures for result in self.results) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `study agreement --json`."""
        return {
            "study": "agreement",
            "runs": list(self.runs),
            "results": [result.to_json() for result in self.results],
            "tests": [test.to_json() for test in self.tests],
            **self.costs.to_json(),
            **audit_json(self.audit),
        }
