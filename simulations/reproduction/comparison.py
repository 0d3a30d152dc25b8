"""The rows and claims of the paper compared with our results, each with its verdict."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.llm.language_model import is_stand_in
from afl.metrics.intervals import Estimate
from simulations.reproduction.manifest import Claim, Manifest, Row
from simulations.reproduction.study_outcomes import Measured, StudyOutcome, is_implemented
from simulations.reproduction.verdicts import ClaimVerdict, Verdict, check_claim, difference, verdict_of


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row of the paper, our number for it, and the verdict."""

    row: Row
    ours: Estimate | None
    """None where it is not implemented."""
    difference: Estimate | None
    """Ours minus the paper's; None where the two are not compared."""
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        published = self.row.published
        return {
            "row": self.row.row,
            "column": self.row.column,
            "paper": None if published is None else {"value": published.value, "n": published.n},
            "ours": self.ours and self.ours.to_json(),
            "difference": self.difference and {"value": self.difference.value, "ci95": list(self.difference.ci95)},
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim of the paper, and whether it holds here."""

    claim: Claim
    ours: Estimate | None
    """The sum that is above 0 where the claim holds; None where an arm is not implemented."""
    holds: ClaimVerdict | None
    verdict: Verdict | None
    """The reason why the claim cannot be compared with the paper's; None where it can."""

    def to_json(self) -> dict[str, Any]:
        return {
            "claim": self.claim.claim,
            "place": self.claim.place,
            "ours": self.ours and self.ours.to_json(),
            "holds": self.holds and self.holds.value,
            "verdict": (self.verdict or self.holds or Verdict.NOT_IMPLEMENTED).value,
        }


@dataclass(frozen=True, slots=True)
class Target:
    """All rows and claims of a table or figure."""

    manifest: Manifest
    rows: tuple[RowResult, ...]
    claims: tuple[ClaimResult, ...]
    runs: tuple[str, ...]
    failures: int


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The report of `afl reproduce`."""

    target: str
    dataset: str
    llm: str
    targets: tuple[Target, ...]
    out: str | None
    """The folder of the page, where one was asked for."""

    @property
    def stand_in(self) -> bool:
        """Whether the language model is the offline stand-in."""
        return is_stand_in(self.llm)

    @property
    def runs(self) -> tuple[str, ...]:
        """Every run that rows were read from, each once."""
        return tuple(dict.fromkeys(run for target in self.targets for run in target.runs))

    @property
    def exit_code(self) -> int:
        """1 when a session failed, or an item has no answer."""
        return 1 if any(target.failures for target in self.targets) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `reproduce --json`."""
        return {
            "target": self.target,
            "dataset": self.dataset,
            "llm": self.llm,
            "rows": [
                {"target": target.manifest.target, **row.to_json()}
                for target in self.targets
                for row in target.rows
            ],
            "claims": [
                {"target": target.manifest.target, **claim.to_json()}
                for target in self.targets
                for claim in target.claims
            ],
            "runs": list(self.runs),
            "out": self.out,
        }


@dataclass(frozen=True, slots=True)
class Comparability:
    """Circumstances under which numbers cannot be compared, whatever they are."""

    offline: bool
    """The language model is the offline stand-in."""
    other_data: frozenset[str] = frozenset()
    """Studies over other data than the paper's."""
    llm: str = ""
    """The language model as named: `openai:MODEL`."""

    def verdict(self, study: str, *, asks_language_model: bool, pattern: str | None = None) -> Verdict | None:
        """The verdict that does not depend on numbers; None where numbers decide.

        `pattern` is that of the language model's name, for a row about one particular model.
        """
        if study in self.other_data:
            return Verdict.OTHER_DATA
        if asks_language_model and self.offline:
            return Verdict.OFFLINE
        other_model = pattern is not None and not re.search(pattern, self.llm, re.IGNORECASE)
        return Verdict.OTHER_LLM if other_model else None


def compare_with_paper(
    manifest: Manifest, outcomes: Mapping[str, StudyOutcome], comparability: Comparability
) -> Target:
    """Every row and claim of a target compared with the outcomes of its studies (name -> outcome)."""
    return Target(
        manifest,
        tuple(_row(row, outcomes, comparability) for row in manifest.rows),
        tuple(_claim(claim, outcomes, comparability) for claim in manifest.claims),
        tuple(dict.fromkeys(run for outcome in outcomes.values() for run in outcome.runs)),
        sum(outcome.failures for outcome in outcomes.values()),
    )


def requested_arms(manifest: Manifest) -> dict[str, list[Mapping[str, Any]]]:
    """Study -> the arms that rows need, without those that are not implemented."""
    arms: dict[str, list[Mapping[str, Any]]] = {}
    for row in manifest.rows:
        if is_implemented(row.arm):
            arms.setdefault(row.arm["study"], []).append(row.arm)
    return arms


def _row(row: Row, outcomes: Mapping[str, StudyOutcome], comparability: Comparability) -> RowResult:
    study, measured = row.arm["study"], _find(outcomes, row.arm)
    if measured is None:
        return RowResult(row, None, None, Verdict.NOT_IMPLEMENTED)
    fixed = comparability.verdict(study, asks_language_model=row.asks_language_model, pattern=row.language_model)
    if row.published is None:
        return RowResult(row, measured.estimate, None, fixed or Verdict.NO_NUMBER)
    if fixed is not None:
        return RowResult(row, measured.estimate, None, fixed)
    delta = difference(measured.estimate, row.published, measured.draws)
    return RowResult(row, measured.estimate, delta, verdict_of(delta))


def _claim(claim: Claim, outcomes: Mapping[str, StudyOutcome], comparability: Comparability) -> ClaimResult:
    terms = [(weight, _find(outcomes, arm)) for weight, arm in claim.contrast]
    values = [weight * measured.values for weight, measured in terms if measured is not None]
    if len(values) < len(terms):
        return ClaimResult(claim, None, None, Verdict.NOT_IMPLEMENTED)
    ours, holds = check_claim(sum(values[1:], start=values[0]), at_least=claim.at_least)
    study = claim.contrast[0][1]["study"]
    return ClaimResult(claim, ours, holds, comparability.verdict(study, asks_language_model=True))


def _find(outcomes: Mapping[str, StudyOutcome], arm: Mapping[str, Any]) -> Measured | None:
    study = arm["study"]
    return outcomes[study].find(arm) if study in outcomes else None


def verdict_counts(targets: Sequence[Target]) -> dict[Verdict, int]:
    """Verdict -> number of rows, the most frequent first."""
    return dict(Counter(row.verdict for target in targets for row in target.rows).most_common())
