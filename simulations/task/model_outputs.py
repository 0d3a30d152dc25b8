"""The outputs of base models for every session, in batches, before the loop: suggestions and reward scores."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl import plugins
from afl.data.dataset import Split
from afl.models.context import ModelContext
from afl.models.reward_threshold import RewardThreshold, reward_threshold
from afl.models.subprocess_training import trained_in_subprocess
from afl.ports import Progress
from afl.settings import Settings
from simulations.options.groups import NONE
from simulations.progress import Watching, silent
from simulations.task.task import Task
from simulations.task.training_data import RECOMMENDER_SEED, REWARD_SEED


@dataclass(frozen=True)
class ModelOutputs:
    """What base models contribute to a run; stored with it, so that continuing it needs no model."""

    suggestions: NDArray[np.int64] | None
    """(S,) the suggested item per session, in the order of the task; None without a recommender."""
    scores: NDArray[np.float32] | None
    """(S, N) the reward score per candidate, to two decimals as agents see it; None without a reward model."""
    judged: NDArray[np.float32] | None = None
    """(S, M) the same per item that the user agent judges; None where nothing is judged, or without a reward model."""
    threshold: RewardThreshold | None = None
    """The score from which the reward model alone says yes to a judged item."""

    @classmethod
    def of(cls, task: Task, settings: Settings, watch: Watching) -> "ModelOutputs":
        """Asks the models of the task; trains those that are not trained yet.

        Raises `UsageError` for a suggestion that is not on its session's list, naming the session.
        """
        if task.options.recommender == task.options.reward == NONE:
            return cls(None, None)
        views = task.views()
        with (
            _reward_trained_in_parallel(task, settings),
            _model(task, settings, watch, "recommender") as recommender,
        ):
            suggestions = None if recommender is None else recommender.suggest(views)
        with _model(task, settings, watch, "reward") as reward:
            if reward is None:
                return cls(suggestions, None)
            # Rounded here, once: a last digit that differs between machines must not change a prompt.
            scores = np.round(reward.scores(views), 2)
            if task.judged is None:
                return cls(suggestions, scores)
            judged = np.round(reward.scores(task.judging_views()), 2)
            return cls(suggestions, scores, judged, reward_threshold(reward, task.training))

    def suggestion_at(self, position: int) -> int | None:
        return None if self.suggestions is None else int(self.suggestions[position])

    def to_json(self) -> dict[str, Any]:
        """Numbers only: items, and scores in hundredths."""
        stored = {
            "suggestions": None if self.suggestions is None else self.suggestions.tolist(),
            "scores": _hundredths(self.scores),
        }
        if self.judged is None:
            return stored
        return stored | {
            "judged": _hundredths(self.judged),
            "threshold": None if self.threshold is None else self.threshold._asdict(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "ModelOutputs":
        """What `to_json` gave."""
        suggestions, threshold = stored["suggestions"], stored.get("threshold")
        return cls(
            None if suggestions is None else np.asarray(suggestions, np.int64),
            _scores(stored["scores"]),
            _scores(stored.get("judged")),
            None if threshold is None else RewardThreshold(**threshold),
        )


def _hundredths(scores: NDArray[np.float32] | None) -> list[list[int]] | None:
    if scores is None:
        return None
    whole: list[list[int]] = np.rint(scores * 100).astype(np.int64).tolist()
    return whole


def _scores(hundredths: list[list[int]] | None) -> NDArray[np.float32] | None:
    return None if hundredths is None else (np.asarray(hundredths, np.float64) / 100).astype(np.float32)


@contextmanager
def _model(task: Task, settings: Settings, watch: Watching, role: str) -> Iterator[Any]:
    """The recommender or reward model the options name; None where they say `none`. Inside, its progress is shown."""
    group, seed = _GROUPS[role]
    text: str = getattr(task.options, role)
    if text == NONE:
        yield None
        return
    spec = plugins.parse_spec(text)
    factory = plugins.load_plugin(group, spec.name)
    with watch.bar(f"{role} {spec}") as bar:
        context = _context(task, settings, spec, seed, bar)
        if spec.name in plugins.plugin_names("afl.models"):
            context = replace(
                context, progress=_AnnouncingProgress(bar, watch.say, _training_notice(task, context))
            )
        yield factory(context)


@dataclass
class _AnnouncingProgress:
    """Progress that first shows a line, so that people learn why they wait for a model."""

    bar: Progress
    say: Callable[[str], None]
    line: str
    is_announced: bool = False

    def __call__(self, done: int, total: int, text: str = "") -> None:
        if not self.is_announced:
            self.say(self.line)
            self.is_announced = True
        self.bar(done, total, text)


def _training_notice(task: Task, context: ModelContext) -> str:
    """The line for a model that is not trained yet, with the command that trains it."""
    line = f"no {context.name} is trained on {task.training.name!r} yet, so it is trained now"
    # A model for training sequences that are played learns without their targets: no command trains it.
    if Split.TRAIN in task.options.splits or context.model_argument is not None:
        return line
    seed = "" if context.seed == RECOMMENDER_SEED else f" --seed {context.seed}"
    return f"{line}; to train it beforehand: afl train {context.name} --dataset {task.training.name}{seed}"


def _reward_trained_in_parallel(task: Task, settings: Settings) -> AbstractContextManager[None]:
    """The reward model is trained while the recommender is, when both are models that train."""
    recommender, reward = (plugins.parse_spec(text) for text in (task.options.recommender, task.options.reward))
    if not {recommender.name, reward.name} <= set(plugins.plugin_names("afl.models")):
        return nullcontext()
    context = _context(task, settings, reward, REWARD_SEED, silent)
    if context.model_argument is not None:
        return nullcontext()
    return trained_in_subprocess(
        reward.name,
        task.training,
        seed=context.seed,
        data_dir=settings.data_dir,
        models_dir=settings.models_dir,
    )


_GROUPS = {
    "recommender": ("afl.recommenders", RECOMMENDER_SEED),
    "reward": ("afl.reward_models", REWARD_SEED),
}


def _context(
    task: Task, settings: Settings, spec: plugins.PluginSpec, seed: int, progress: Progress
) -> ModelContext:
    return ModelContext(
        name=spec.name,
        argument=spec.argument,
        dataset=task.training,
        models_dir=settings.models_dir,
        default_seed=seed,
        progress=progress,
    )
