"""The audit of a set-up before the first request: the checks that need no dialogue."""

from collections.abc import Collection, Sequence
from pathlib import Path

from afl import plugins
from afl.data.dataset import Split
from afl.errors import UsageError
from simulations.analysis.audit_check import Check, Verdict
from simulations.leakage.candidate_lists import LISTS, POSITIONS, CandidateList, check_lists, check_positions
from simulations.leakage.judged_items import JUDGED, JudgedItemsOfUser, check_judged
from simulations.leakage.split import SPLIT, check_split
from simulations.leakage.suggestions import SUGGESTIONS, Suggestion, audit_suggestions, check_suggestions
from simulations.options.groups import NONE
from simulations.options.run_options import RunOptions
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

_UNTRAINED = (NONE, "file", "openai")

_REMEDIES = {
    SUGGESTIONS: "name the --seed and --candidates-from that the suggestions were made with",
    LISTS: "look for items that stand for the same thing with `afl data info`",
    POSITIONS: "choose another --seed or --candidates-from",
    JUDGED: "look at the sequences with `afl data info`",
    SPLIT: "import the data with a split that keeps test sequences out of training",
}


def audit_sessions(task: Task) -> tuple[Check, ...]:
    """The checks of `afl audit` that need no model: positions, lists, split, judged items, suggestions of a file."""
    options = task.options
    target_positions = [
        candidates.index(row.target)
        for row, candidates in zip(task.rows, task.candidates.tolist(), strict=True)
        if row.target in candidates
    ]
    return (
        *_suggestions_file(task),
        check_positions(target_positions, candidates=options.candidates),
        check_lists(candidate_lists_of(task), method=options.candidates_from),
        check_split(
            task.rows,
            task.training.splits[Split.TRAIN],
            trained=uses_trained_models(options),
            same_users=task.training.name == task.dataset.name,
        ),
        check_judged(_judged_items(task)),
    )


def audit_outputs(task: Task, outputs: ModelOutputs) -> tuple[Check, ...]:
    """The check of `afl audit` that needs the base model's suggestions, and no dialogue."""
    return (check_suggestions(_suggestions(task, outputs), candidates=task.options.candidates),)


def require_sound(checks: Sequence[Check], *, leave_out: Collection[str] = ()) -> list[Check]:
    """The suspicious checks; `leave_out` names the checks that a study fails on purpose.

    Raises `UsageError` for the first broken one, naming the check, its finding and what to do.
    """
    required = [check for check in checks if check.name not in leave_out]
    for check in required:
        if check.verdict is Verdict.BROKEN:
            raise UsageError(
                f"the set-up is broken, no request was sent: check {check.name!r} of the audit: {check.text} "
                f"To go on, {_REMEDIES[check.name]}; docs/audit.md describes the check"
            )
    return [check for check in required if check.verdict is Verdict.SUSPICIOUS]


def candidate_lists_of(task: Task) -> list[CandidateList]:
    """Every session's candidate list, with the items its user touched."""
    pairs = zip(task.rows, task.candidates.tolist(), strict=True)
    return [CandidateList(candidates, row.target, frozenset(row.seen_items)) for row, candidates in pairs]


def uses_trained_models(options: RunOptions) -> bool:
    """Whether any base model or language model in use learns from training sequences."""
    models = (options.recommender, options.reward, *options.language_models)
    return not {plugins.parse_spec(model).name for model in models} <= set(_UNTRAINED)


def _judged_items(task: Task) -> list[JudgedItemsOfUser]:
    if task.judged is None:
        return []
    positives = task.judged.wanted
    judged = zip(task.rows, task.candidates.tolist(), task.judged.items.tolist(), strict=True)
    return [
        JudgedItemsOfUser(items[:positives], items[positives:], {*row.history, *candidates}, row.seen_items)
        for row, candidates, items in judged
    ]


def _suggestions_file(task: Task) -> tuple[Check, ...]:
    """The check of a suggestions file before anything is filtered: suggestions off their list reveal the most."""
    name, path = plugins.parse_spec(task.options.recommender)
    return (audit_suggestions(Path(path).expanduser(), task),) if name == "file" and path else ()


def _suggestions(task: Task, outputs: ModelOutputs) -> list[Suggestion]:
    if outputs.suggestions is None:
        return []
    titles = task.dataset.catalogue.titles
    pairs = zip(task.rows, outputs.suggestions.tolist(), strict=True)
    return [Suggestion(titles[item], titles[row.target]) for row, item in pairs]
