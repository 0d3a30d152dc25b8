"""What `afl flower train`, `evaluate` and `sample` do for the task next-item."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from afl.errors import UsageError
from afl.plugins import parse_spec
from simulations.commands.flower_options import (
    DecodingOptions,
    FlowerEvaluateOptions,
    FlowerTrainOptions,
    OptimizationOptions,
    training_config,
)
from simulations.options.command import Invocation

if TYPE_CHECKING:
    from afl.data.dataset import Dataset
    from afl.flower.beam_search import DecodingConfig
    from afl.flower.model_store import StoredModel
    from afl.flower.next_item_evaluation import NextItemReport
    from afl.flower.training import TrainingConfig
    from afl.models.scoring import TrainedModel
    from afl.settings import Settings
    from simulations.progress import Watching

BASE = "sasrec"
"""The base model that personalises rewards and guides decoding, where no other is named."""


def train_for_next_item(invocation: Invocation[FlowerTrainOptions]) -> "StoredModel":
    """The model, trained unless it is. Raises what `flower_train` raises, and `NotFoundError` for a data set."""
    from afl.data.dataset_store import DatasetStore
    from afl.flower.model_store import Destination, StoredModel
    from afl.flower.next_item import NextItemConfig
    from afl.flower.next_item_training import SMALL, NextItemOptions, train_next_item
    from afl.flower.personalisation import PersonalisedReward
    from afl.settings import Settings
    from simulations.progress import Unwatched

    options = invocation.options
    settings = options.settings or Settings()
    if options.dataset is None:
        raise UsageError("--dataset: expected the name of an imported data set for the task next-item")
    forms = [form.value for form in PersonalisedReward]
    personal = options.personal or PersonalisedReward.DIVIDED.value
    if personal not in forms:
        raise UsageError(f"--personal: got {personal!r}, expected one of: {', '.join(forms)}")
    training = NextItemOptions(
        training=_training(invocation),
        task=NextItemConfig(
            examples=options.examples or 0,
            personal=PersonalisedReward(personal),
            reweighted=options.reweighted,
        ),
        embedded=SMALL.with_hidden(options.width),
        model=options.model,
        lora=options.lora,
    )
    dataset = DatasetStore(settings.data_dir).load(options.dataset)
    base = base_model(options.base, dataset, settings, options.watch) if training.needs_base else None
    with (options.watch or Unwatched()).bar(f"training {options.name}") as bar:
        return train_next_item(
            dataset,
            training,
            Destination(settings.flower_dir, options.name, options.retrain),
            seed=options.seed,
            progress=bar,
            base=base,
            start=None if options.start is None else StoredModel.read(settings.flower_dir, options.start),
        )


def evaluate_for_next_item(
    model: "StoredModel", invocation: Invocation[FlowerEvaluateOptions], settings: "Settings"
) -> "NextItemReport":
    """Accuracy and fairness of a trained model's ten titles on the test split, also stored with the model.

    The data set is the one it was trained on unless another is named. Raises what `flower_evaluate` raises.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.flower.next_item_training import evaluate_next_item
    from afl.flower.stored_evaluation import Evaluation, store_evaluation
    from simulations.progress import Unwatched

    options, explicit = invocation.options, invocation.explicit_for(DecodingOptions)
    examples = options.examples or 0
    decoding = _decoding(explicit)
    data = DatasetStore(settings.data_dir).load(options.dataset or str(model.config["dataset"]))
    guide = base_model(options.base, data, settings, options.watch) if decoding.guidance else None
    with (options.watch or Unwatched()).bar(f"recommending with {model.name}") as bar:
        report = evaluate_next_item(model, data, decoding=decoding, examples=examples, base=guide, progress=bar)
    store_evaluation(model, Evaluation(report.to_json(), explicit | {"examples": examples}, report.shares))
    return report


class Written(NamedTuple):
    """A text sampled from a model."""

    title: str
    in_catalogue: bool


def sample_for_next_item(
    model: "StoredModel", history: Sequence[str], *, draws: int, seed: int, settings: "Settings"
) -> tuple[Written, ...]:
    """`draws` titles sampled after a history; `UsageError` for a history title that is not in the catalogue."""
    from afl.data.dataset_store import DatasetStore
    from afl.data.sessions import HISTORY_WINDOW
    from afl.flower.next_item import build_prompt, title_tree
    from afl.flower.sampling import sample_titles

    dataset = DatasetStore(settings.data_dir).load(str(model.config["dataset"]))
    items = {title: item for item, title in enumerate(dataset.catalogue.plain_titles)}
    unknown = [title for title in history if title not in items]
    if unknown or not 0 < len(history) <= HISTORY_WINDOW:
        got = f"{unknown[0]!r}, which is no title of {dataset.name!r}" if unknown else f"{len(history)} titles"
        raise UsageError(
            f"--history: got {got}, expected one to {HISTORY_WINDOW} titles, as they are in the catalogue"
        )
    loaded = model.load_model()
    longest = title_tree(dataset, loaded).path.shape[1]
    prompt = build_prompt(dataset, [items[title] for title in history])
    samples = sample_titles(loaded, prompt, draws, max_tokens=longest, seed=seed)
    return tuple(Written(sample.text, sample.ended and sample.text in items) for sample in samples)


def base_model(
    spec: str | None, dataset: "Dataset", settings: "Settings", watch: "Watching | None"
) -> "TrainedModel":
    """The base model of this name and seed (`sasrec:1`), trained first if need be."""
    from afl.models.registry import load_or_train
    from simulations.progress import Unwatched
    from simulations.task.training_data import RECOMMENDER_SEED

    name, argument = parse_spec(spec or BASE)
    if argument is not None and not argument.isdecimal():
        raise UsageError(f"--base: got {spec!r}, expected NAME or NAME:SEED")
    seed = RECOMMENDER_SEED if argument is None else int(argument)
    with (watch or Unwatched()).bar(f"training {name} on {dataset.name}") as bar:
        return load_or_train(name, dataset, seed=seed, models_dir=settings.models_dir, progress=bar)


def _training(invocation: Invocation[FlowerTrainOptions]) -> "TrainingConfig":
    from afl.flower.next_item_training import FLOWER, SFT, fine_tuning

    objective = invocation.options.objective
    default = FLOWER if objective == "flower" else SFT
    explicit = invocation.explicit_for(OptimizationOptions)
    config = training_config(default if invocation.options.start is None else fine_tuning(default), explicit)
    if (objective == "flower") != bool(config.flow):
        raise UsageError(
            f"--lambda: got {config.flow} with --objective {objective}, expected "
            + ("a number above 0" if objective == "flower" else "none: imitation has no flow loss")
        )
    return config


def _decoding(explicit: dict[str, Any]) -> "DecodingConfig":
    from afl.flower.beam_search import DecodingConfig

    config = replace(DecodingConfig(), **explicit)
    limits = {
        "--beams": (config.beams, 10, 1000),
        "--temperature": (config.temperature, 1e-3, 1e3),
        "--length-penalty": (config.length_penalty, 0, 10),
        "--guidance": (config.guidance, 0, 1),
    }
    for option, (value, least, most) in limits.items():
        if not least <= value <= most:
            raise UsageError(f"{option}: got {value}, expected {least:g} to {most:g}")
    return config
