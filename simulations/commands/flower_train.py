"""`afl flower train`: fine-tune a language model with flows, or by imitation."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afl.errors import UsageError
from afl.extras import require_extra
from simulations.commands.flower_options import FlowerTrainOptions, OptimizationOptions, training_config
from simulations.options.command import Invocation, command

if TYPE_CHECKING:
    from afl.flower.model_store import StoredModel


@dataclass(frozen=True, slots=True)
class FlowerTrainReport:
    """The trained model."""

    model: "StoredModel"

    @property
    def is_silent(self) -> bool:
        """Whether another process of the same training prints the report."""
        from afl.flower.distributed import is_main_process

        return not is_main_process()

    def to_json(self) -> dict[str, Any]:
        """The object of `flower train --json`."""
        log = dict(self.model.log or {})
        names = ("steps", "best_step", "validation", "parameters", "seconds", "cpu_seconds")
        return {
            "name": self.model.name,
            "task": self.model.task,
            "objective": self.model.config["objective"],
            **{name: log[name] for name in names},
            "path": str(self.model.folder),
        }


@command(FlowerTrainOptions)
def flower_train(invocation: Invocation[FlowerTrainOptions]) -> FlowerTrainReport:
    """Fine-tune a language model, with flows or by imitation; the same command resumes an interrupted training.

    The model `name` is trained unless it is trained already; an interrupted training ends with an equal result.
    `target` is a JSON file of title -> count. `objective` is `flower` or `sft`; imitation learns from fresh draws of
    the target, or from a fixed `sample`. `model` is a folder or hub name; without it the embedded model is trained from
    scratch, with hidden size `width`. The task `next-item` learns from the sequences of `dataset`.

    Raises `ConflictError` where `name` belongs to another training, `DataError` for an invalid target, `UsageError`
    for invalid options.
    """
    from simulations.commands.flower_next_item import train_for_next_item

    options = invocation.options
    if options.width is not None and (options.model is not None or options.start is not None):
        raise UsageError("--width: only an embedded model that is trained from scratch has a width to choose")
    require_extra("flower", "a Flower model")
    return FlowerTrainReport(
        train_for_next_item(invocation) if options.task == "next-item" else _train_for_distribution(invocation)
    )


def _train_for_distribution(invocation: Invocation[FlowerTrainOptions]) -> "StoredModel":
    from afl.flower import distribution_training as distribution
    from afl.flower.distribution import read_target
    from afl.flower.model_store import Destination
    from afl.settings import Settings
    from simulations.progress import Unwatched

    options = invocation.options
    if options.target is None:
        raise UsageError("--target: expected a JSON file of titles and counts for the task distribution")
    goal = read_target(Path(options.target))
    default, size = distribution.default_settings(options.objective, len(set(goal.titles)))
    with (options.watch or Unwatched()).bar(f"training {options.name}") as bar:
        return distribution.train_distribution(
            goal,
            distribution.DistributionOptions(
                objective=options.objective,
                training=training_config(default, invocation.explicit_for(OptimizationOptions)),
                prompt=options.prompt,
                sample=options.sample,
                embedded=size.with_hidden(options.width),
                model=options.model,
                lora=options.lora,
            ),
            Destination((options.settings or Settings()).flower_dir, options.name, options.retrain),
            source=Path(options.target).name,
            seed=options.seed,
            progress=bar,
        )
