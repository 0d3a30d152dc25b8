"""`afl hints train`: a policy that picks a hint, or none, for a session, learned from a table of rewards."""

from collections.abc import Mapping
from typing import Any, Unpack

from afl import plugins
from afl.data.dataset import Split
from afl.errors import UsageError
from afl.hints.knowledge_base import KnowledgeBase, require_name
from afl.hints.policy import PERMUTED
from afl.hints.rewards import REWARDS, Reward
from simulations.commands.hints_explore import ExploringOptions
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.executor import Executor, open_executor
from simulations.execution.run import ExecutionConfig
from simulations.hints.policy_reports import PolicyTrainReport
from simulations.hints.tables import PlayedTable, available, options_of, play
from simulations.hints.training import VALID_SHARE, Fitted, fit
from simulations.options.run_options import at_least
from simulations.studies.options import execution_config

SESSIONS = 500
LEAST = 10
"""Sessions from which there is anything to train on and to validate with."""
_FROM_BASE = ("candidates", "candidates_from", "seed", "train_on")


@outside_event_loop
def hints_train(
    name: str,
    *,
    sessions: int = SESSIONS,
    reward: Reward = "gain",
    encoder: str = "attributes",
    policy_seed: int = 0,
    run: str | None = None,
    **options: Unpack[ExploringOptions],
) -> PolicyTrainReport:
    """Tries every hint of base `name` on `sessions` training and validation sessions, and trains a policy on the gains.

    A fifth of the sessions are validation sessions, which pick the checkpoint: of the validation split where it has so
    many, else of the training split. The lists are the runs `RUN.train` and `RUN.valid` (`run` is `name` unless said),
    at most sessions x (hints + 1) distinct calls; the policy is kept under `run`. `candidates`, `candidates_from`,
    `seed` and `train_on` are those of the exploration unless said. The same call continues, and ends with the same
    policy; `replay` answers from the runs of that training alone.

    Raises as `simulate` does; `NotFoundError` for a base or encoder that does not exist.
    """
    at_least("sessions", sessions, LEAST)
    if reward not in REWARDS:
        raise UsageError(f"--reward: got {reward!r}, expected one of: {', '.join(REWARDS)}")
    plugins.load_plugin("afl.encoders", plugins.parse_spec(encoder).name)
    with open_executor(
        db=options.get("db"), settings=options.get("settings"), watch=options.get("watch"), agents=None, tools=()
    ) as executor:
        record = executor.wait(executor.store.knowledge_bases.load(name))
        base, policy_name = record.base, require_name(run or name)
        said = options_of(base, {key: said_or_kept(key, options, record.config) for key in _FROM_BASE})
        tables = _tables(executor, base, said, sessions, policy_name, options)
        log = {"said": said, "runs": [one.run for one in tables], "sessions": sessions}
        fitted = path = None
        if not any(one.missing for one in tables):
            fitted = _fitted(executor, tables, base, reward, encoder, policy_seed, log)
            path = fitted.policy.save(executor.settings.policies_dir / policy_name)
            fitted.permuted.save(path.parent, PERMUTED)
        return PolicyTrainReport(
            name=policy_name,
            base=base,
            tables=tables,
            fitted=fitted,
            path=path,
            reward=reward,
            encoder=encoder,
        )


def said_or_kept(key: str, options: Mapping[str, Any], kept: Mapping[str, Any]) -> Any:
    """An option as said, or else as it was kept; None where neither."""
    value = options.get(key)
    return kept.get(key) if value is None else value


def answered_by(executor: Executor, options: Mapping[str, Any], part: str) -> ExecutionConfig:
    """How a table is played: one that is replayed is answered by the same table of the recorded training."""
    replay = options.get("replay")
    old = None if replay is None else executor.wait(executor.store.run(f"{replay}.{part}"))
    return execution_config(options).answered_from(
        old, executor.store.reply_cache if options.get("cache") else None
    )


def _tables(
    executor: Executor,
    base: KnowledgeBase,
    said: dict[str, Any],
    sessions: int,
    name: str,
    options: Mapping[str, Any],
) -> tuple[PlayedTable, ...]:
    valid = sessions // VALID_SHARE
    own = available(executor, said, Split.VALID) >= valid
    execution = answered_by(executor, options, "train")
    train = play(
        executor,
        base,
        said,
        split="train",
        sessions=sessions - valid if own else sessions,
        name=f"{name}.train",
        execution=execution,
    )
    if not own:
        return (train,)
    execution = answered_by(executor, options, "valid")
    return train, play(
        executor, base, said, split="valid", sessions=valid, name=f"{name}.valid", execution=execution
    )


def _fitted(
    executor: Executor,
    tables: tuple[PlayedTable, ...],
    base: KnowledgeBase,
    reward: Reward,
    encoder: str,
    seed: int,
    log: Mapping[str, Any],
) -> Fitted:
    train, *valid = tables
    with executor.watch.bar("training the policy") as bar:
        return fit(
            train,
            valid[0] if valid else None,
            base,
            reward=reward,
            encoder=encoder,
            seed=seed,
            log=log,
            progress=bar,
        )
