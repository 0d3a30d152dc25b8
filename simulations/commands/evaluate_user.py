"""`afl evaluate user`: does the user agent say yes to what its user went on to, and no to the rest?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from afl.clock import SystemClock
from afl.data.judging import ITEMS, Ratio
from afl.data.sessions import rows
from afl.errors import ConflictError, UsageError
from afl.ports import Clock, RecommenderTool
from afl.settings import Settings
from simulations.agency import Agency
from simulations.asynchrony import outside_event_loop
from simulations.call import Call, calling
from simulations.inputs import NONE, ModelOutputs
from simulations.options import CandidatesFrom, SimulateOptions, SplitName, at_least
from simulations.progress import Watching
from simulations.run import Performance
from simulations.studies.user import USER_ARMS, Answers, ArmAnswers, UserArm, UserReport, by_ratio
from simulations.study import Study

RATIOS = ("1:1", "1:3", "1:9")
"""Those of the paper (AFL, arXiv 2410.20027, table 5)."""


@outside_event_loop
def evaluate_user(
    *,
    dataset: str | None = None,
    llm: str | None = None,
    ratios: Sequence[str] | None = None,
    arms: Sequence[UserArm] = USER_ARMS,
    items: int | None = None,
    train_on: str | None = None,
    seeds: int = 1,
    rounds: int | None = None,
    candidates: int | None = None,
    candidates_from: CandidatesFrom | None = None,
    seed: int | None = None,
    split: SplitName | None = None,
    sessions: int | None = None,
    recommender: str | None = None,
    reward: str | None = None,
    tools: Sequence[str | RecommenderTool] = (),
    user_sees_candidates: bool | None = None,
    agency: Agency | None = None,
    run: str | None = None,
    concurrency: int = 64,
    base_url: str | None = None,
    cache: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
    clock: Clock | None = None,
) -> UserReport:
    """Precision, recall and F1 of each arm's yes over the same users and items, and which arms differ.

    Every user is asked about `items` items at each ratio: items held out of their own sequence among items they
    never touched. `ratios` are the paper's 1:1, 1:3 and 1:9 unless said, as far as they divide `items`. Arms: `reward`, the reward model from its threshold up; `agent`, the user agent with the score and
    no memory; `afl`, the same after the loop, with what it remembers of it. The loop runs once per user and serves
    all ratios. Arms that ask a language model are runs, `RUN-ARM`; the same call continues them. With several
    `seeds`, the study is repeated with seed, seed + 1, ... and each user averaged over them. Other options and errors
    as in `simulate`.
    """
    if ratios is None:
        ratios = [ratio for ratio in RATIOS if (items or ITEMS) % Ratio.parts(ratio) == 0]
    chosen = tuple(arm for arm in USER_ARMS if arm in arms)
    said = {
        "dataset": dataset,
        # The reward model alone asks no language model: none needs to be named.
        "llm": "offline" if llm is None and chosen == ("reward",) else llm,
        "ratios": tuple(dict.fromkeys(ratios)),
        "items": items,
        "train_on": train_on,
        "rounds": rounds,
        "candidates": candidates,
        "candidates_from": candidates_from,
        "seed": seed,
        "split": split,
        "sessions": sessions,
        "recommender": recommender,
        "reward": reward,
        "tools": tuple(tool if isinstance(tool, str) else tool.name for tool in tools) or None,
        "user_sees_candidates": user_sees_candidates,
    }
    _check(arms, ratios, reward)
    at_least("seeds", seeds, 1)
    how = Performance(concurrency, base_url, clock=clock or SystemClock())
    with calling(db=db, settings=settings, watch=watch, agency=agency, tools=tools) as call:
        how = how.answered_by(None, call.store.recall if cache else None)
        return _UserEvaluation(call, said, chosen, run, how).report(seeds)


class _Played(NamedTuple):
    """An arm under one seed: its answers, and where they were read from."""

    run: str | None
    answers: Answers
    outputs: ModelOutputs
    stand_in: bool


@dataclass(frozen=True)
class _UserEvaluation:
    """One call of `evaluate_user`: plays what is to be played, and joins what came of it."""

    call: Call
    said: dict[str, Any]
    arms: tuple[UserArm, ...]
    name: str | None
    how: Performance

    def report(self, seeds: int) -> UserReport:
        first = SimulateOptions.given(self.said)
        order = {"sessions_seed": first.seed} if seeds > 1 else {}
        studies = [
            self.call.study(SimulateOptions.given(self.said | order | {"seed": first.seed + more}))
            for more in range(seeds)
        ]
        played: dict[UserArm, list[_Played]] = {
            arm: [self._played(study, arm, several=seeds > 1) for study in studies]
            for arm in self.arms
            if arm != "reward"
        }
        threshold = None
        if "reward" in self.arms:
            outputs = _outputs(list(played.values())) or [self._models(study) for study in studies]
            threshold = outputs[0].threshold
            played["reward"] = [self._rewarded(one) for one in outputs]
        return UserReport.of(
            [one for arm in self.arms for one in self._by_ratio(arm, studies[0], played[arm])],
            threshold=threshold,
            left_out=_too_short(studies[0]),
            stand_in=any(one.stand_in for several in played.values() for one in several),
        )

    def _by_ratio(self, arm: UserArm, study: Study, seeds: Sequence[_Played]) -> list[ArmAnswers]:
        assert study.judged is not None
        runs = [one.run for one in seeds if one.run is not None]
        return by_ratio(arm, study.judged, study.options.judged_ratios(), runs, [one.answers for one in seeds])

    def _played(self, study: Study, arm: UserArm, *, several: bool) -> _Played:
        """The arm's run, started or continued, and read from the database."""
        assert study.judged is not None
        said = self.said | {"seed": study.options.seed}
        if several:
            said |= {"sessions_seed": study.options.sessions_seed}
        if arm == "agent":
            # Nothing that only a dialogue meets: the run stays the same whatever the loop is made of.
            said |= {
                "loop": False,
                "recommender": NONE,
                "tools": None,
                "rounds": None,
                "user_sees_candidates": None,
            }
        name = None if self.name is None else f"{self.name}-{arm}{f'-s{study.options.seed}' if several else ''}"
        ready = self.call.prepare(self.call.study(SimulateOptions.given(said)), name, self.how)
        report = self.call.play(ready, self.how)
        rows = self.call.wait(self.call.wait(self.call.store.run(report.run)).judgements())
        answers = Answers.of_run([row.id for row in study.rows], rows, items=study.judged.items.shape[1])
        return _Played(report.run, answers, ready.outputs, report.stand_in)

    def _models(self, study: Study) -> ModelOutputs:
        """What the reward model says, without any run."""
        return ModelOutputs.of(study, self.call.settings, self.call.watch)

    def _rewarded(self, outputs: ModelOutputs) -> _Played:
        if outputs.judged is None or outputs.threshold is None:
            raise UsageError(
                "--arm reward: the training data has no validation sequences to choose a threshold on; "
                "name data that has with --train-on, or other arms with --arm"
            )
        return _Played(None, Answers.of_reward(outputs.judged, outputs.threshold), outputs, stand_in=False)


def _outputs(played: Sequence[Sequence[_Played]]) -> list[ModelOutputs]:
    """What the models said under each seed; every arm was shown the same."""
    for of_seed in zip(*played, strict=True):
        for one, two in pairwise(of_seed):
            if not np.array_equal(one.outputs.judged, two.outputs.judged):
                raise ConflictError(
                    f"runs {one.run!r} and {two.run!r} hold different reward scores: the reward model changed "
                    "between them; choose another --run name"
                )
    return [one.outputs for one in played[0]] if played else []


def _too_short(study: Study) -> int:
    """Sequences of the splits that are asked about nothing, for want of items."""
    options = study.options
    return sum(
        len(study.dataset.splits[split]) - len(rows(study.dataset, split, held_out=options.held_out))
        for split in options.splits
    )


def _check(arms: Sequence[str], ratios: Sequence[str], reward: str | None) -> None:
    """Raises for what cannot be evaluated, before anything is trained or asked."""
    for arm in arms:
        if arm not in USER_ARMS:
            raise UsageError(f"--arm: got {arm!r}, expected one of: {', '.join(USER_ARMS)}")
    if not arms or not ratios:
        raise UsageError("nothing to evaluate: expected at least one --arm and one --ratio")
    if reward == NONE and "reward" in arms:
        raise UsageError("--reward: got 'none', which scores nothing; name the other arms with --arm")
