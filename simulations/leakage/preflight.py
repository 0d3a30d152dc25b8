"""The audit of a set-up before anything is asked: what needs no dialogue to be found broken."""

from collections.abc import Collection, Sequence
from pathlib import Path

from afl import plugins
from afl.data.dataset import Split
from afl.errors import UsageError
from simulations.analysis.audit_check import Check, Verdict
from simulations.leakage import judged, lists, positions, split, suggestions
from simulations.leakage.judged import Asked, check_judged
from simulations.leakage.lists import Listed, check_lists
from simulations.leakage.positions import check_positions
from simulations.leakage.split import check_split
from simulations.leakage.suggestions import Suggested, audit_suggestions, check_suggestions
from simulations.options.run_options import NONE
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Study

_UNTRAINED = (NONE, "file", "openai")

_ADVICE = {
    suggestions.NAME: "name the --seed and --candidates-from that the suggestions were made with",
    lists.NAME: "look for items that stand for the same thing with `afl data info`",
    positions.NAME: "choose another --seed or --candidates-from",
    judged.NAME: "look at the sequences with `afl data info`",
    split.NAME: "import the data with a split that keeps test sequences out of training",
}


def audit_sessions(study: Study) -> tuple[Check, ...]:
    """The checks of `afl audit` that need no model: positions, lists, split, judged items, suggestions of a file."""
    options = study.options
    placed = [
        shown.index(row.target)
        for row, shown in zip(study.rows, study.candidates.tolist(), strict=True)
        if row.target in shown
    ]
    return (
        *_file(study),
        check_positions(placed, candidates=options.candidates),
        check_lists(listed(study), method=options.candidates_from),
        check_split(
            study.rows,
            study.training.splits[Split.TRAIN],
            trained=learned(options.recommender, options.reward, options.llm),
            same_users=study.training.name == study.dataset.name,
        ),
        check_judged(_asked(study)),
    )


def audit_suggested(study: Study, outputs: ModelOutputs) -> tuple[Check, ...]:
    """The check of `afl audit` that needs the base model's suggestions, and nothing that was said."""
    return (check_suggestions(_suggested(study, outputs), candidates=study.options.candidates),)


def require_sound(checks: Sequence[Check], *, leave_out: Collection[str] = ()) -> list[Check]:
    """The suspicious ones among the checks; `leave_out` names those that a study fails on purpose.

    Raises `UsageError` for the first that is broken: naming the check, what it found, and what to do.
    """
    looked_at = [check for check in checks if check.name not in leave_out]
    for check in looked_at:
        if check.verdict is Verdict.BROKEN:
            raise UsageError(
                f"the set-up is broken, nothing was asked: check {check.name!r} of the audit: {check.text} "
                f"To go on, {_ADVICE[check.name]}; docs/audit.md tells what the check looks at"
            )
    return [check for check in looked_at if check.verdict is Verdict.SUSPICIOUS]


def listed(study: Study) -> list[Listed]:
    """Every session's list as `check_lists` takes it."""
    pairs = zip(study.rows, study.candidates.tolist(), strict=True)
    return [Listed(shown, row.target, frozenset(row.known)) for row, shown in pairs]


def learned(*models: str | None) -> bool:
    """Whether any of these models, as named in options, learns from training sequences."""
    return not {str(model or NONE).partition(":")[0] for model in models} <= set(_UNTRAINED)


def _asked(study: Study) -> list[Asked]:
    if study.judged is None:
        return []
    wanted = study.judged.wanted
    judged = zip(study.rows, study.candidates.tolist(), study.judged.items.tolist(), strict=True)
    return [
        Asked(items[:wanted], items[wanted:], {*row.history, *shown}, row.known) for row, shown, items in judged
    ]


def _file(study: Study) -> tuple[Check, ...]:
    """Suggestions that are read from a file, as they stand: those off their list tell the most."""
    name, path = plugins.parse_spec(study.options.recommender)
    return (audit_suggestions(Path(path).expanduser(), study),) if name == "file" and path else ()


def _suggested(study: Study, outputs: ModelOutputs) -> list[Suggested]:
    if outputs.suggestions is None:
        return []
    titles = study.dataset.catalogue.titles
    pairs = zip(study.rows, outputs.suggestions.tolist(), strict=True)
    return [Suggested(titles[item], titles[row.target]) for row, item in pairs]
