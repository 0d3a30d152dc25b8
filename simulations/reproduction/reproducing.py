"""Joins manifests with what was measured: a verdict a row, a yes or no a claim."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.llm.language_model import is_stand_in
from afl.metrics.intervals import Estimate
from simulations.reproduction.manifest import Claim, Manifest, Row
from simulations.reproduction.measuring import StudyOutcome, is_implemented
from simulations.reproduction.verdicts import ClaimVerdict, Verdict, check_claim, difference, verdict_of


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row of the paper, ours, and the verdict."""

    row: Row
    ours: Estimate | None
    """None for what is not built."""
    difference: Estimate | None
    """Ours minus the paper's; None where they are not compared."""
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
    """The sum that is above 0 where the claim holds; None for what is not built."""
    holds: ClaimVerdict | None
    verdict: Verdict | None
    """What keeps the claim from being compared with the paper's; None where nothing does."""

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
    """A table or figure, row by row."""

    manifest: Manifest
    rows: tuple[RowResult, ...]
    claims: tuple[ClaimResult, ...]
    runs: tuple[str, ...]
    failures: int


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What `afl reproduce` returns, prints and gives as JSON."""

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
            "rows": [{"target": one.manifest.target, **row.to_json()} for one in self.targets for row in one.rows],
            "claims": [
                {"target": one.manifest.target, **claim.to_json()} for one in self.targets for claim in one.claims
            ],
            "runs": list(self.runs),
            "out": self.out,
        }


@dataclass(frozen=True, slots=True)
class Comparability:
    """What keeps numbers from being compared whatever they are."""

    offline: bool
    """The language model is the offline stand-in."""
    other_data: frozenset[str] = frozenset()
    """Studies that are not over the paper's data."""
    llm: str = ""
    """The language model as named: `openai:MODEL`."""

    def against(self, study: str, *, asks_language_model: bool, about: str | None = None) -> Verdict | None:
        """The verdict that is certain beforehand; None where numbers decide.

        `about` is the pattern of a row that is about a language model by itself.
        """
        if study in self.other_data:
            return Verdict.OTHER_DATA
        if asks_language_model and self.offline:
            return Verdict.OFFLINE
        other = about is not None and not re.search(about, self.llm, re.IGNORECASE)
        return Verdict.OTHER_LLM if other else None


def compare_with_paper(manifest: Manifest, outcomes: Mapping[str, StudyOutcome], around: Comparability) -> Target:
    """Every row and claim of a target beside what its studies came to (name -> outcome)."""
    return Target(
        manifest,
        tuple(_row(row, outcomes, around) for row in manifest.rows),
        tuple(_claim(claim, outcomes, around) for claim in manifest.claims),
        tuple(dict.fromkeys(run for one in outcomes.values() for run in one.runs)),
        sum(one.failures for one in outcomes.values()),
    )


def requested_arms(manifest: Manifest) -> dict[str, list[Mapping[str, Any]]]:
    """Study -> the arms that rows ask for, of those that are built."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in manifest.rows:
        if is_implemented(row.arm):
            found.setdefault(row.arm["study"], []).append(row.arm)
    return found


def _row(row: Row, outcomes: Mapping[str, StudyOutcome], around: Comparability) -> RowResult:
    study = row.arm["study"]
    measured = outcomes[study].find(row.arm) if study in outcomes else None
    if measured is None:
        return RowResult(row, None, None, Verdict.NOT_IMPLEMENTED)
    certain = around.against(study, asks_language_model=row.asks_language_model, about=row.language_model)
    if row.published is None:
        return RowResult(row, measured.estimate, None, certain or Verdict.NO_NUMBER)
    if certain is not None:
        return RowResult(row, measured.estimate, None, certain)
    found = difference(measured.estimate, row.published, measured.draws)
    return RowResult(row, measured.estimate, found, verdict_of(found))


def _claim(claim: Claim, outcomes: Mapping[str, StudyOutcome], around: Comparability) -> ClaimResult:
    terms = [(weight, _find(outcomes, arm)) for weight, arm in claim.contrast]
    values = [weight * found.values for weight, found in terms if found is not None]
    if len(values) < len(terms):
        return ClaimResult(claim, None, None, Verdict.NOT_IMPLEMENTED)
    ours, holds = check_claim(sum(values[1:], start=values[0]), at_least=claim.at_least)
    study = claim.contrast[0][1]["study"]
    return ClaimResult(claim, ours, holds, around.against(study, asks_language_model=True))


def _find(outcomes: Mapping[str, StudyOutcome], arm: Mapping[str, Any]) -> Any:
    study = arm["study"]
    return outcomes[study].find(arm) if study in outcomes else None


def verdict_counts(targets: Sequence[Target]) -> dict[Verdict, int]:
    """How many rows there are of each verdict, the most frequent first."""
    return dict(Counter(row.verdict for target in targets for row in target.rows).most_common())
