"""Are the suggestions an oracle?

Suggestions made for other candidate lists are one: the target is on every list, whatever the seed, and a wrong
guess hardly ever. The published SASRec answers belong to seed 303; on the lists of another seed some 35 of the 122
are on their list, and 34 of these are the target.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from afl.data.catalogue import one_line
from afl.models.recommenders import read_suggestions
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.accuracy import Accuracy
from simulations.task.task import Task

NAME = "suggestions"


class Suggested(NamedTuple):
    """What was suggested for a session: a title of its list, or None where the title is not on it."""

    title: str | None
    target: str


def check_suggestions(suggested: Sequence[Suggested], *, candidates: int) -> Check:
    """Accuracy of the suggestions that are on their list, against chance and against all suggestions.

    Broken when some are off their list and the others are right more often than all could be; suspicious when some
    are off their list, or the accuracy is implausible by itself (`Accuracy.implausible`).
    """
    if not suggested:
        return not_checked(NAME, "The run has no suggestions.")
    listed = [one for one in suggested if one.title is not None]
    hits = sum(one.title == one.target for one in listed)
    on_list = Accuracy.of(hits, len(listed), chance=1 / candidates)
    every = Accuracy.of(hits, len(suggested), chance=1 / candidates)
    numbers = on_list.to_json() | {"suggestions": len(suggested), "off_list": len(suggested) - len(listed)}
    return Check(NAME, *_judged(on_list, every), numbers)


def audit_suggestions(path: str | Path, task: Task) -> Check:
    """The check over a file of suggestions as it stands, `id,generate`, before any run is begun with it.

    Sessions the file lacks are left out. Raises `UsageError` and `DataError` for a file that cannot be read.
    """
    titles = read_suggestions(Path(path))
    suggested = []
    for position in range(len(task)):
        session = task.session(position)
        if session.id in titles:
            listed = {title.casefold(): title for title in session.view.candidate_titles}
            found = listed.get(one_line(titles[session.id]).casefold())
            suggested.append(Suggested(found, session.view.title(session.target)))
    if not suggested:
        return not_checked(NAME, f"{path} suggests nothing for any of these sessions.")
    return check_suggestions(suggested, candidates=task.options.candidates)


def _judged(on_list: Accuracy, every: Accuracy) -> tuple[Verdict, str]:
    right = f"{on_list.hits} of the {on_list.n} suggestions on their list are the target"
    off = every.n - on_list.n
    if off and on_list.low > every.high:
        return Verdict.BROKEN, f"{off} suggestions are off their list, but {right}: they belong to other lists."
    if off:
        return Verdict.SUSPICIOUS, f"{off} of {every.n} suggestions are off their list; `simulate` refuses them."
    if on_list.implausible:
        return Verdict.SUSPICIOUS, f"{right}: no model guesses like that."
    return Verdict.OK, f"{right}; chance gives {on_list.chance:.3f} of them."
