"""`afl study hints-size|few-shot|reward-design|random-hint`: read from the tables of a policy, nothing is asked."""

from collections.abc import Callable, Sequence

from afl.data.dataset_store import DatasetStore
from afl.errors import NotFoundError
from afl.hints.policy import Policy, trained_dataset
from afl.hints.rewards import RewardTable
from afl.llm.language_model import is_stand_in
from afl.settings import Settings
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.executor import open_executor
from simulations.hints.tables import kept
from simulations.hints.training import lesson_of
from simulations.studies.hints import (
    FEW,
    SIZES,
    Tables,
    few_shot_study,
    random_study,
    reward_study,
    sizes_study,
)


@outside_event_loop
def study_hints_size(
    name: str, *, sizes: Sequence[int] = SIZES, db: str | None = None, settings: Settings | None = None
) -> StudyReport:
    """NDCG@10 of policies over the first so many hints of the base of policy `name`, on its held-out sessions.

    Read from the tables that `hints_train` and `hints_evaluate` left; nothing is asked of a language model.
    Raises `NotFoundError` where they have not been run, `ConflictError` where hints or data have changed since.
    """
    return _studied(name, lambda tables: sizes_study(tables, sizes), db, settings)


@outside_event_loop
def study_few_shot(
    name: str, *, sessions: Sequence[int] = FEW, db: str | None = None, settings: Settings | None = None
) -> StudyReport:
    """NDCG@10 of policies from the first so many training sessions of policy `name`; else as `study_hints_size`."""
    return _studied(name, lambda tables: few_shot_study(tables, sessions), db, settings)


@outside_event_loop
def study_reward_design(name: str, *, db: str | None = None, settings: Settings | None = None) -> StudyReport:
    """NDCG@10 of policies that learned from gain, NDCG, hit or rank; otherwise as `study_hints_size`."""
    return _studied(name, reward_study, db, settings)


@outside_event_loop
def study_random_hint(name: str, *, db: str | None = None, settings: Settings | None = None) -> StudyReport:
    """NDCG@10 of policy, random hint and no hint; otherwise as `study_hints_size`."""
    return _studied(name, random_study, db, settings)


def _studied(
    name: str, study: Callable[[Tables], StudyReport], db: str | None, settings: Settings | None
) -> StudyReport:
    with open_executor(db=db, settings=settings, watch=None, agents=None, tools=()) as executor:
        folder = executor.settings.policies_dir / name
        policy = Policy.load(folder, DatasetStore(executor.settings.data_dir).load(trained_dataset(folder)))
        test_run = f"{name}.test"
        if executor.wait(executor.store.find_run(test_run)) is None:
            raise NotFoundError(
                f"no run {test_run!r}: `afl hints evaluate {name}` tries the hints on held-out sessions"
            )
        train, *valid = (kept(executor, policy.base, one) for one in policy.log["runs"])
        test = kept(executor, policy.base, test_run)
        lesson = lesson_of(train, valid[0] if valid else None, policy.encoding, policy.log["reward"])
        rows = len(lesson.states)
        both = train.table.concatenated(valid[0].table) if valid else train.table
        return study(
            Tables(
                reward=policy.log["reward"],
                train=both.head(rows),
                valid=RewardTable(both.sessions[rows:], both.ranks[rows:]),
                train_states=lesson.states,
                valid_states=lesson.valid_states,
                test=test.table,
                test_states=policy.encoding.states(test.task.views()),
                run=test_run,
                seed=test.task.options.seed,
                stand_in=is_stand_in(policy.base.llm),
            )
        )
