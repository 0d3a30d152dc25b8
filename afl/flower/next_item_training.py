"""Trains, stores and evaluates models for next items: Flower, and its baselines with the same training loop.

BIGRec is `objective="sft"`; IFairLRS adds `reweighted`; temperature scaling and D3 are ways of decoding the same model.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from afl.data.dataset import Dataset, Split
from afl.data.sessions import NextItemExample, next_item_examples
from afl.errors import ModelError, UsageError
from afl.flower.beam_search import DecodingConfig
from afl.flower.embedded_model import EmbeddedConfig, build_embedded_model
from afl.flower.language_model import LanguageModel, load_pretrained
from afl.flower.model_store import Destination, StoredModel
from afl.flower.next_item import (
    NextItemConfig,
    NextItemTask,
    evenly_spaced,
    title_counts,
    title_tree,
    tokenizer_texts,
)
from afl.flower.next_item_evaluation import NextItemReport, build_report, recommend_by_beam_search
from afl.flower.personalisation import PersonalisedReward
from afl.flower.prefix_sharing import with_prefix_sharing
from afl.flower.training import TrainingConfig, fit
from afl.models.scoring import TrainedModel
from afl.ports import Progress

TASK = "next-item"
SMALL = EmbeddedConfig(vocabulary=2000, prompt_length=192)
"""The embedded model: its prompt length suffices for ten typical titles."""

SFT = TrainingConfig(
    sft=1.0, flow=0.0, steps=700, batch_size=128, learning_rate=4e-3, validate_every=175, patience=0
)
"""Imitation of training examples (BIGRec)."""
FLOWER = replace(SFT, flow=0.005)
"""L_SFT + lambda L_flow, with the lambda of most data sets in the paper."""


def fine_tuning(training: TrainingConfig) -> TrainingConfig:
    """The same for a model that is already trained: fewer steps, and a lower learning rate against forgetting."""
    return replace(training, steps=200, learning_rate=1e-3, warm_up=10, validate_every=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextItemOptions:
    """Everything that determines the weights, except data, base model and seed."""

    training: TrainingConfig = FLOWER
    task: NextItemConfig = field(default_factory=NextItemConfig)
    embedded: EmbeddedConfig = SMALL
    model: str | None = None
    """Folder or hub name of a causal language model to fine-tune; None for the embedded one."""
    lora: int = 0
    """LoRA rank; 0 trains all weights."""

    @property
    def needs_base(self) -> bool:
        """Whether rewards depend on a base model."""
        return bool(self.training.flow) and self.task.personal is not PersonalisedReward.NONE


def train_next_item(
    dataset: Dataset,
    options: NextItemOptions,
    destination: Destination,
    *,
    seed: int,
    progress: Progress,
    base: TrainedModel | None = None,
    start: StoredModel | None = None,
) -> StoredModel:
    """The model at this destination, trained where it is not there yet; an interrupted training is resumed.

    `base` provides the users' preferences; its key is part of what determines the weights. `start` is a model for next
    items to start from instead of an untrained one. Raises `ConflictError` where the name belongs to another training,
    `UsageError` for options that contradict each other, `ModelError` for data without training examples.
    """
    if options.needs_base and base is None:
        raise UsageError("personalised rewards need a base model; name one with --base, or choose --personal none")
    reward_base = base if options.needs_base else None
    stored = StoredModel.begin(destination, TASK, _config(dataset, options, seed, reward_base, start))
    if stored.finished:
        return stored
    model = _initial_model(dataset, options, seed, start)
    training = options.training
    task = NextItemTask(
        dataset,
        title_tree(dataset, model),
        options.task,
        sft=training.sft,
        flow=training.flow,
        granularity=training.granularity,
        base=reward_base,
    )
    result = fit(
        with_prefix_sharing(model),
        task,
        config=training,
        seed=seed,
        progress=progress,
        checkpoint=stored.checkpoint_file,
    )
    return stored.finish(model, result._asdict() | {"parameters": model.parameter_count})


def evaluate_next_item(
    stored: StoredModel,
    dataset: Dataset,
    *,
    decoding: DecodingConfig | None = None,
    examples: int = 0,
    base: TrainedModel | None = None,
    progress: Progress,
) -> NextItemReport:
    """Metrics of a trained model's ten titles on the test split, or on that many `examples` of it, evenly spaced.

    Raises `ModelError` where training has not finished, `UsageError` where the model was trained on other data.
    """
    if stored.task != TASK or stored.config["catalogue_hash"] != dataset.catalogue.hash:
        raise UsageError(f"{stored.name!r} was not trained for next items of {dataset.name!r}")
    model = stored.load_model()
    tree = title_tree(dataset, model)
    rows = evaluated_examples(dataset, examples)
    titles = recommend_by_beam_search(
        model, tree, dataset, rows, decoding or DecodingConfig(), base=base, progress=progress
    )
    targets = tree.title_of_item[[example.target for example in rows]]
    return build_report(titles, targets, title_counts(dataset, tree), tree.titles)


def evaluated_examples(dataset: Dataset, limit: int = 0) -> list[NextItemExample]:
    """The test examples, or at most `limit` of them, evenly spaced; `ModelError` where there is none."""
    examples = evenly_spaced(next_item_examples(dataset, Split.TEST), limit)
    if not examples:
        raise ModelError(f"data set {dataset.name!r} has no test sequence of two or more items")
    return examples


def _config(
    dataset: Dataset, options: NextItemOptions, seed: int, base: TrainedModel | None, start: StoredModel | None
) -> Mapping[str, Any]:
    # In stored configurations the task is called "taught".
    values = {"taught" if key == "task" else key: value for key, value in asdict(options).items()}
    return {
        "objective": "flower" if options.training.flow else "sft",
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "catalogue_hash": dataset.catalogue.hash,
        "seed": seed,
        "base": base.key if base else None,
        "start": start.name if start else None,
        **values,
    }


def _initial_model(
    dataset: Dataset, options: NextItemOptions, seed: int, start: StoredModel | None
) -> LanguageModel:
    if start is not None:
        return start.load_model()
    if options.model is not None:
        return load_pretrained(options.model, lora=options.lora)
    return build_embedded_model(tokenizer_texts(dataset), config=options.embedded, seed=seed)
