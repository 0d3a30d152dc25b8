"""`afl flower train`: tune a language model by flows, or by imitation."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_args

from afl.errors import UsageError
from afl.extras import require_extra
from afl.settings import Settings
from simulations.commands.flower_next_item import NextItemSaid, train_for_next_item
from simulations.progress import Unwatched, Watching

if TYPE_CHECKING:
    from afl.flower.model_store import StoredModel
    from afl.flower.training import TrainingConfig

Task = Literal["distribution", "next-item"]
TASKS: tuple[Task, ...] = get_args(Task)
SEED = 1


class TrainingOptions(TypedDict, total=False):
    """How a model is trained, whatever the task; what is not said, or None, is the task's own."""

    flow: float | None
    """Lambda: the weight of the flow loss."""
    legal: float | None
    """Weight of the term on the tokens of the tree."""
    granularity: int | None
    """Tokens between states of the flow loss; 0 is the whole title."""
    on_policy: float | None
    """Share of the steps on titles that the model itself draws."""
    masked: bool | None
    """Whether those are drawn from the tree alone."""
    steps: int | None
    batch_size: int | None
    micro_batch: int | None
    learning_rate: float | None
    patience: int | None


@dataclass(frozen=True, slots=True)
class FlowerTrainReport:
    """What a training led to."""

    kept: "StoredModel"

    def to_json(self) -> dict[str, Any]:
        """The object of `flower train --json`."""
        log = dict(self.kept.log or {})
        names = ("steps", "best_step", "validation", "parameters", "seconds", "cpu_seconds")
        return {
            "name": self.kept.name,
            "task": self.kept.task,
            "objective": self.kept.config["objective"],
            **{name: log[name] for name in names},
            "path": str(self.kept.folder),
        }


def flower_train(
    name: str,
    *,
    task: Task = "distribution",
    target: Path | str | None = None,
    objective: str = "flower",
    prompt: str = "",
    sample: int | None = None,
    model: str | None = None,
    lora: int = 0,
    width: int | None = None,
    seed: int = SEED,
    retrain: bool = False,
    settings: Settings | None = None,
    watch: Watching | None = None,
    next_item: NextItemSaid | None = None,
    **training: Unpack[TrainingOptions],
) -> FlowerTrainReport:
    """Trains the model `name`, unless it is trained; an interrupted training goes on, with an equal result.

    `target` is a JSON file of title -> count. `objective` is `flower` or `sft`; imitation learns from fresh draws of
    the target, or from a fixed `sample`. `model` is a folder or hub name, else the embedded model is trained from
    scratch, with states of `width` numbers. For the task `next-item`, `next_item` says which data set, and how it is
    learned.

    Raises `ConflictError` where `name` is another training's, `DataError` for a target that is none, `UsageError`
    for options without sense.
    """
    if task not in TASKS:
        raise UsageError(f"--task: got {task!r}, expected one of: {', '.join(TASKS)}")
    if width is not None and (model is not None or (next_item or {}).get("start") is not None):
        raise UsageError("--width: only an embedded model that is trained from scratch has a width to choose")
    require_extra("flower", "a Flower model")
    if task == "next-item":
        return FlowerTrainReport(
            train_for_next_item(
                name,
                training,
                objective=objective,
                model=model,
                lora=lora,
                width=width,
                seed=seed,
                retrain=retrain,
                settings=settings or Settings(),
                watch=watch,
                **(next_item or {}),
            )
        )
    if target is None:
        raise UsageError("--target: expected a JSON file of titles and counts for the task distribution")
    from afl.flower import distribution_training as distribution
    from afl.flower.distribution import read_target

    goal = read_target(Path(target))
    default, size = distribution.default_settings(objective, len(set(goal.titles)))
    options = distribution.DistributionOptions(
        objective=objective,  # type: ignore[arg-type]  # checked there
        training=said_over(default, training),
        prompt=prompt,
        sample=sample,
        embedded=size.with_hidden(width),
        model=model,
        lora=lora,
    )
    with (watch or Unwatched()).bar(f"training {name}") as bar:
        kept = distribution.train_distribution(
            goal,
            options,
            name=name,
            source=Path(target).name,
            root=(settings or Settings()).flower_dir,
            seed=seed,
            progress=bar,
            retrain=retrain,
        )
    return FlowerTrainReport(kept)


def said_over(default: "TrainingConfig", training: TrainingOptions) -> "TrainingConfig":
    """The configuration with what was said in place of its own; `UsageError` for numbers without sense."""
    known = {field.name for field in fields(default)}
    said = {key: value for key, value in training.items() if value is not None and key in known}
    for key, value in said.items():
        least = 1 if key in ("steps", "batch_size") else 0
        if isinstance(value, int | float) and (value < least or (key == "on_policy" and value > 1)):
            expected = "0 to 1" if key == "on_policy" else f"{least} or more"
            raise UsageError(f"--{key.replace('_', '-')}: got {value}, expected {expected}")
    return replace(default, **said)  # type: ignore[arg-type]
