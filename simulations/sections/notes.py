"""Notes on the numbers of a report: the stand-in model, the runs they come from, suspicious findings."""

from collections.abc import Sequence

from simulations.analysis.audit_check import Check
from simulations.document.page import Facts, Section, Text

STAND_IN = Text(
    "These numbers come from the offline stand-in model: they show that everything works, and are not comparable "
    "to a language model's.",
    "warning",
)


def warnings(*, stand_in: bool, audit: Sequence[Check] = (), failed: str = "") -> tuple[Text, ...]:
    """Failures, suspicious findings of the audit, and the note on the stand-in model."""
    suspicious = [Text(f"Suspicious ({check.name}): {check.text}", "warning") for check in audit]
    return (*([Text(failed, "warning")] if failed else []), *suspicious, *([STAND_IN] if stand_in else []))


def runs_note(runs: Sequence[str], *, more: int = 0) -> list[Text]:
    """The runs that the numbers were read from; `more` are left out."""
    rest = f", and {more} of further seeds (--json lists all)" if more else ""
    return [Text(f"Runs: {', '.join(runs)}{rest}.", "note")] if runs else []


def reading() -> Section:
    """What the numbers of a report mean, in a few lines."""
    return Section("How to read this report", (Facts(_READING),))


_READING = (
    (
        "HR@1",
        "hit rate: share of sessions whose final recommendation is the target among its candidates; failed sessions "
        "count as misses, and both ways of counting are shown",
    ),
    ("95 % interval", "Wilson's for proportions, bootstrapped over users for everything else"),
    ("won, lost", "users for whom the first arm of the pair is better, and those for whom it is worse"),
    ("p", "two-sided: exact McNemar test for hits, paired bootstrap over users for means"),
    ("p (Holm)", "adjusted for all comparisons of its table; significant at .05 or below"),
    (
        "minimum detectable effect",
        "the smallest true difference that so many users show with power .8, four times in five; a difference that is "
        "not significant may well exist below it",
    ),
    (
        "precision, recall, F1",
        "means over users of their yes against the items they went on to; a user who never says yes has precision 0",
    ),
)
