"""Checks of suggestions and of tools' advice: neither may know the target.

Suggestions made for other candidate lists do know it: the target is on every list, whatever the seed, and a wrong
guess hardly ever is. The published SASRec answers belong to seed 303; on the lists of another seed some 35 of the
122 are on their list, and 34 of these are the target.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scipy.stats import binomtest

from afl.data.catalogue import one_line
from afl.models.recommenders import read_suggestions
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.prompts import Titles
from simulations.task.task import Task

SUGGESTIONS = "suggestions"
ADVICE = "advice"
IMPLAUSIBLE = 0.8
"""Share of the way from chance to certainty. At 20 candidates the best published accuracy is below .6."""


class Accuracy(NamedTuple):
    """A proportion with its exact interval, and the proportion expected by chance."""

    hits: int
    n: int
    low: float
    high: float
    chance: float

    @classmethod
    def of(cls, hits: int, n: int, *, chance: float) -> "Accuracy":
        """The interval is Clopper and Pearson's, 95 % (Biometrika 26, 1934); n = 0 gives [0, 1]."""
        if n == 0:
            return cls(0, 0, 0.0, 1.0, chance)
        interval = binomtest(hits, n).proportion_ci(method="exact")
        return cls(hits, n, float(interval.low), float(interval.high), chance)

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def is_implausible(self) -> bool:
        """Whether the whole interval lies beyond `IMPLAUSIBLE` of the way from chance to certainty."""
        return self.low > self.chance + IMPLAUSIBLE * (1 - self.chance)

    def to_json(self) -> dict[str, Any]:
        return {
            "hits": self.hits,
            "n": self.n,
            "accuracy": self.value,
            "ci95": [self.low, self.high],
            "chance": self.chance,
        }


class Suggestion(NamedTuple):
    """The suggestion for a session: a title of its list, or None for a title that is not on the list."""

    title: str | None
    target: str


def check_suggestions(suggestions: Sequence[Suggestion], *, candidates: int) -> Check:
    """Accuracy of the suggestions that are on their list, against chance and against all suggestions.

    Broken when some are off their list and the others are right more often than all could be; suspicious when some
    are off their list, or the accuracy is implausible by itself (`Accuracy.is_implausible`).
    """
    if not suggestions:
        return not_checked(SUGGESTIONS, "The run has no suggestions.")
    listed = [suggestion for suggestion in suggestions if suggestion.title is not None]
    hits = sum(suggestion.title == suggestion.target for suggestion in listed)
    on_list = Accuracy.of(hits, len(listed), chance=1 / candidates)
    overall = Accuracy.of(hits, len(suggestions), chance=1 / candidates)
    numbers = on_list.to_json() | {
        "suggestions": len(suggestions),
        "off_list": len(suggestions) - len(listed),
    }
    return Check(SUGGESTIONS, *_verdict(on_list, overall), numbers)


def audit_suggestions(path: str | Path, task: Task) -> Check:
    """The check of a suggestions file (`id,generate`) before any run uses it.

    Sessions the file lacks are left out. Raises `UsageError` and `DataError` for a file that cannot be read.
    """
    titles = read_suggestions(Path(path))
    suggestions = []
    for position in range(len(task)):
        session = task.session(position)
        if session.id in titles:
            candidates = {title.casefold(): title for title in session.view.candidate_titles}
            candidate = candidates.get(one_line(titles[session.id]).casefold())
            suggestions.append(Suggestion(candidate, session.view.title(session.target)))
    if not suggestions:
        return not_checked(SUGGESTIONS, f"{path} suggests nothing for any of these sessions.")
    return check_suggestions(suggestions, candidates=task.options.candidates)


def _verdict(on_list: Accuracy, overall: Accuracy) -> tuple[Verdict, str]:
    right = f"{on_list.hits} of the {on_list.n} suggestions on their list are the target"
    off = overall.n - on_list.n
    if off and on_list.low > overall.high:
        return Verdict.BROKEN, f"{off} suggestions are off their list, but {right}: they belong to other lists."
    if off:
        return Verdict.SUSPICIOUS, f"{off} of {overall.n} suggestions are off their list; `simulate` refuses them."
    if on_list.is_implausible:
        return Verdict.SUSPICIOUS, f"{right}: too many for any model."
    return Verdict.OK, f"{right}; chance gives {on_list.chance:.3f} of them."


class ToolAdvice(NamedTuple):
    """The advice of one tool before the first recommendation of a session."""

    tool: str
    text: str
    candidates: tuple[str, ...]
    target: str


def check_advice(advice: Sequence[ToolAdvice]) -> Check:
    """For each tool, how often its advice names the target, against the share of candidates it names at all.

    A tool that names every candidate reveals nothing; one that names a few and nearly always the target knows it.
    """
    if not advice:
        return not_checked(ADVICE, "No tool but the base model gave advice.")
    tools = {
        tool: _advice_accuracy([entry for entry in advice if entry.tool == tool])
        for tool in dict.fromkeys(entry.tool for entry in advice)
    }
    numbers = {tool: accuracy.to_json() for tool, accuracy in tools.items()}
    implausible = {tool: accuracy for tool, accuracy in tools.items() if accuracy.is_implausible}
    for tool, accuracy in implausible.items():
        text = (
            f"Tool {tool!r} names the target in {accuracy.hits} of {accuracy.n} sessions: too often for any model."
        )
        return Check(ADVICE, Verdict.BROKEN, text, numbers)
    return Check(ADVICE, Verdict.OK, "No tool names the target implausibly often.", numbers)


def _advice_accuracy(advice: Sequence[ToolAdvice]) -> Accuracy:
    named = [Titles(entry.candidates).named(entry.text) for entry in advice]
    hits = sum(entry.target in titles for entry, titles in zip(advice, named, strict=True))
    shares = [len(titles) / len(entry.candidates) for entry, titles in zip(advice, named, strict=True)]
    return Accuracy.of(hits, len(advice), chance=sum(shares) / len(shares))
