"""Are the suggestions an oracle?

Suggestions made for other candidate lists are one: the target is on every list, whatever the seed, and a wrong
guess hardly ever. The published SASRec answers belong to seed 303; on the lists of another seed some 35 of the 122
are on their list, and 34 of these are the target.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scipy.stats import binomtest

from afl.data.catalogue import one_line
from afl.models.recommenders import read_suggestions
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.task.task import Task

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
    def implausible(self) -> bool:
        """The whole interval lies beyond `IMPLAUSIBLE` of the way from chance to certainty."""
        return self.low > self.chance + IMPLAUSIBLE * (1 - self.chance)

    def to_json(self) -> dict[str, Any]:
        return {
            "hits": self.hits,
            "n": self.n,
            "accuracy": self.value,
            "ci95": [self.low, self.high],
            "chance": self.chance,
        }


NAME = "suggestions"


class Suggestion(NamedTuple):
    """What was suggested for a session: a title of its list, or None where the title is not on it."""

    title: str | None
    target: str


def check_suggestions(suggestions: Sequence[Suggestion], *, candidates: int) -> Check:
    """Accuracy of the suggestions that are on their list, against chance and against all suggestions.

    Broken when some are off their list and the others are right more often than all could be; suspicious when some
    are off their list, or the accuracy is implausible by itself (`Accuracy.implausible`).
    """
    if not suggestions:
        return not_checked(NAME, "The run has no suggestions.")
    on_their_list = [one for one in suggestions if one.title is not None]
    hits = sum(one.title == one.target for one in on_their_list)
    on_list = Accuracy.of(hits, len(on_their_list), chance=1 / candidates)
    every = Accuracy.of(hits, len(suggestions), chance=1 / candidates)
    numbers = on_list.to_json() | {
        "suggestions": len(suggestions),
        "off_list": len(suggestions) - len(on_their_list),
    }
    return Check(NAME, *_verdict(on_list, every), numbers)


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
        return not_checked(NAME, f"{path} suggests nothing for any of these sessions.")
    return check_suggestions(suggestions, candidates=task.options.candidates)


def _verdict(on_list: Accuracy, every: Accuracy) -> tuple[Verdict, str]:
    right = f"{on_list.hits} of the {on_list.n} suggestions on their list are the target"
    off = every.n - on_list.n
    if off and on_list.low > every.high:
        return Verdict.BROKEN, f"{off} suggestions are off their list, but {right}: they belong to other lists."
    if off:
        return Verdict.SUSPICIOUS, f"{off} of {every.n} suggestions are off their list; `simulate` refuses them."
    if on_list.implausible:
        return Verdict.SUSPICIOUS, f"{right}: no model guesses like that."
    return Verdict.OK, f"{right}; chance gives {on_list.chance:.3f} of them."
