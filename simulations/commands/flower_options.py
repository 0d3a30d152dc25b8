"""Options of Flower's commands, each stated once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from afl.errors import UsageError
from afl.option import DATA, MODELS, RUN, Argument, Option

if TYPE_CHECKING:
    from afl.flower.training import TrainingConfig
    from afl.settings import Settings
    from simulations.progress import Watching

TaskName = Literal["distribution", "next-item"]
Objective = Literal["flower", "sft"]
ModelName = Annotated[str, Argument("Trained model", "NAME")]


@dataclass(frozen=True, kw_only=True)
class OptimizationOptions:
    """Loss and optimisation; None is the default of the task."""

    flow: Annotated[
        float | None, Option("Weight of the flow loss", MODELS, flag="--lambda", default="the task's")
    ] = None
    legal: Annotated[
        float | None, Option("Weight of the loss on the tokens of the title tree", MODELS, default="the task's")
    ] = None
    granularity: Annotated[
        int | None, Option("Tokens per state of the flow; 0 is the whole title", MODELS, default="the task's")
    ] = None
    on_policy: Annotated[
        float | None,
        Option("Share of steps on titles sampled from the model", MODELS, metavar="SHARE", default="the task's"),
    ] = None
    masked: Annotated[
        bool | None,
        Option("Whether those are sampled within the title tree", MODELS, off="--unmasked", default="the task's"),
    ] = None
    steps: Annotated[int | None, Option("Maximum training steps", MODELS, default="the task's")] = None
    batch_size: Annotated[int | None, Option("Titles per step", MODELS, default="the task's")] = None
    micro_batch: Annotated[
        int | None, Option("Titles per forward pass, where memory is short", MODELS, default="all of a step")
    ] = None
    learning_rate: Annotated[float | None, Option("Peak learning rate", MODELS, default="the task's")] = None
    patience: Annotated[
        int | None, Option("Early-stopping patience, in validations", MODELS, default="the task's")
    ] = None


@dataclass(frozen=True, kw_only=True)
class NextItemOptions:
    """Training data and rewards of the task `next-item`."""

    dataset: Annotated[str | None, Option("Imported data set of the task next-item", DATA, metavar="NAME")] = None
    personal: Annotated[
        str | None,
        Option(
            "Personalised reward of next-item: divided, added or none", MODELS, metavar="FORM", default="divided"
        ),
    ] = None
    base: Annotated[
        str | None,
        Option("Base model that personalises next-item", MODELS, metavar="NAME[:SEED]", default="sasrec"),
    ] = None
    start: Annotated[str | None, Option("Trained model that next-item starts from", MODELS, metavar="NAME")] = None
    examples: Annotated[int | None, Option("Maximum training examples of next-item", DATA, default="all")] = None
    reweighted: Annotated[
        bool, Option("Weight examples of next-item by the group of their target (IFairLRS)", MODELS)
    ] = False


@dataclass(frozen=True, kw_only=True)
class FlowerTrainOptions(OptimizationOptions, NextItemOptions):
    """Options of `afl flower train`."""

    name: Annotated[str, Option("Name of the model; the same name continues it", RUN, metavar="NAME")] = field(
        kw_only=False
    )
    task: Annotated[TaskName, Option("Task", DATA, metavar="NAME")] = "distribution"
    target: Annotated[
        str | Path | None, Option("JSON of title -> count, target of distribution", DATA, metavar="FILE")
    ] = None
    objective: Annotated[Objective, Option("Objective; sft is imitation", MODELS, metavar="NAME")] = "flower"
    prompt: Annotated[str, Option("Text before every title of distribution", DATA)] = ""
    sample: Annotated[
        int | None, Option("Size of the fixed sample of titles that sft learns from", DATA, default="fresh draws")
    ] = None
    model: Annotated[
        str | None,
        Option("Causal language model, by folder or hub name", MODELS, metavar="PATH", default="the embedded one"),
    ] = None
    lora: Annotated[int, Option("LoRA rank; 0 trains all weights", MODELS, metavar="RANK")] = 0
    width: Annotated[int | None, Option("Hidden size of the embedded model", MODELS, default="the task's")] = None
    seed: Annotated[int, Option("Seed of the model", MODELS)] = 1
    retrain: Annotated[bool, Option("Train again from the start even if the name is taken", RUN)] = False
    settings: "Settings | None" = None
    watch: "Watching | None" = None


@dataclass(frozen=True, kw_only=True)
class DecodingOptions:
    """Beam search of the task `next-item`; None is the default."""

    beams: Annotated[int | None, Option("Beam width of next-item, 10 or more", MODELS, default="the usual")] = None
    temperature: Annotated[float | None, Option("Divisor of the logits of next-item", MODELS, default="1")] = None
    length_penalty: Annotated[
        float | None, Option("Length penalty of next-item; 0 switches it off", MODELS, default="1")
    ] = None
    guidance: Annotated[
        float | None, Option("Weight of a base model in next-item (D3), up to 1", MODELS, default="0")
    ] = None


@dataclass(frozen=True, kw_only=True)
class FlowerEvaluateOptions(DecodingOptions):
    """Options of `afl flower evaluate`."""

    name: ModelName = field(kw_only=False)
    draws: Annotated[int, Option("Number of titles drawn for distribution", DATA)] = 2000
    seed: Annotated[int, Option("Seed of the draws", DATA)] = 303
    dataset: Annotated[
        str | None,
        Option("Data set of next-item, where its name has changed", DATA, metavar="NAME", default="the model's"),
    ] = None
    examples: Annotated[
        int | None, Option("Number of test examples of next-item, evenly spaced", DATA, default="all")
    ] = None
    base: Annotated[
        str | None,
        Option("Base model that guides next-item", MODELS, metavar="NAME[:SEED]", default="sasrec"),
    ] = None
    settings: "Settings | None" = None
    watch: "Watching | None" = None


def training_config(default: "TrainingConfig", explicit: Mapping[str, Any]) -> "TrainingConfig":
    """The configuration with these options; `UsageError` for numbers out of range."""
    for name, value in explicit.items():
        least = 1 if name in ("steps", "batch_size") else 0
        if isinstance(value, int | float) and (value < least or (name == "on_policy" and value > 1)):
            expected = "0 to 1" if name == "on_policy" else f"{least} or more"
            raise UsageError(f"--{name.replace('_', '-')}: got {value}, expected {expected}")
    return replace(default, **explicit)
