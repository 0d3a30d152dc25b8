"""Trains, keeps and evaluates models for next items: Flower, and its baselines by the same trainer.

BIGRec is `objective="sft"`; IFairLRS is that with `reweighted`; temperature and D3 are ways of decoding it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from afl.data.dataset import Dataset, Split
from afl.data.next_item_examples import NextItemExample, next_item_examples
from afl.errors import ModelError, UsageError
from afl.flower.beam_search import DecodingConfig
from afl.flower.embedded_model import EmbeddedConfig, build_embedded_model
from afl.flower.language_model import LanguageModel, load_pretrained
from afl.flower.model_store import StoredModel
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
"""The embedded model: prompts of ten usual titles fit into it."""

SFT = TrainingConfig(
    sft=1.0, flow=0.0, steps=700, batch_size=128, learning_rate=4e-3, validate_every=175, patience=0
)
"""Imitation of training examples (BIGRec)."""
FLOWER = replace(SFT, flow=0.005)
"""L_SFT + lambda L_flow, with the lambda that served most data sets of the paper."""


def fine_tuning(training: TrainingConfig) -> TrainingConfig:
    """The same for a model that has been trained: shorter, and not so fast that it forgets."""
    return replace(training, steps=200, learning_rate=1e-3, warm_up=10, validate_every=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextItemOptions:
    """All but data, base model and seed that determines the weights."""

    training: TrainingConfig = FLOWER
    taught: NextItemConfig = field(default_factory=NextItemConfig)
    embedded: EmbeddedConfig = SMALL
    model: str | None = None
    """Folder or hub name of a causal language model to tune; None for the embedded one."""
    lora: int = 0
    """Rank of LoRA; 0 tunes all weights."""

    @property
    def needs_base(self) -> bool:
        """Whether rewards ask a base model."""
        return bool(self.training.flow) and self.taught.personal is not PersonalisedReward.NONE


def train_next_item(
    dataset: Dataset,
    options: NextItemOptions,
    *,
    name: str,
    root: Path,
    seed: int,
    progress: Progress,
    base: TrainedModel | None = None,
    start: StoredModel | None = None,
    retrain: bool = False,
) -> StoredModel:
    """The model of this name below `root`, trained unless it is; an interrupted training is continued.

    `base` says what users prefer; its key is part of what determines the weights. With `start`, training begins from
    that model for next items instead of an untrained one. Raises `ConflictError` where the name is another training's,
    `UsageError` for options without sense, `ModelError` for data that cannot be learned from.
    """
    if options.needs_base and base is None:
        raise UsageError("personalised rewards need a base model; name one with --base, or choose --personal none")
    config = _config(dataset, options, seed, base if options.needs_base else None, start)
    kept = StoredModel.begin(root, name, TASK, config, replace=retrain)
    if kept.finished:
        return kept
    model = _untrained(dataset, options, seed, start)
    training = options.training
    lesson = NextItemTask(
        dataset,
        title_tree(dataset, model),
        options.taught,
        sft=training.sft,
        flow=training.flow,
        granularity=training.granularity,
        base=base if options.needs_base else None,
    )
    trained = fit(
        with_prefix_sharing(model), lesson, config=training, seed=seed, progress=progress, state=kept.state_file
    )
    return kept.finish(model, trained._asdict() | {"parameters": model.parameter_count})


def evaluate_next_item(
    kept: StoredModel,
    dataset: Dataset,
    *,
    decoding: DecodingConfig | None = None,
    examples: int = 0,
    base: TrainedModel | None = None,
    progress: Progress,
) -> NextItemReport:
    """How good and fair a trained model's ten titles are on the test split; `examples` takes so many, spread evenly.

    Raises `ModelError` where training has not ended, `UsageError` where it was trained on other data.
    """
    if kept.task != TASK or kept.config["catalogue_hash"] != dataset.catalogue.hash:
        raise UsageError(f"{kept.name!r} was not trained for next items of {dataset.name!r}")
    model = kept.load_model()
    tree = title_tree(dataset, model)
    found = evaluated_examples(dataset, examples)
    titles = recommend_by_beam_search(
        model, tree, dataset, found, decoding or DecodingConfig(), base=base, progress=progress
    )
    targets = tree.title_of_item[[example.target for example in found]]
    return build_report(titles, targets, title_counts(dataset, tree), tree.titles)


def evaluated_examples(dataset: Dataset, examples: int = 0) -> list[NextItemExample]:
    """The test examples, or so many of them, spread evenly over the split."""
    found = evenly_spaced(next_item_examples(dataset, Split.TEST), examples)
    if not found:
        raise ModelError(f"data set {dataset.name!r} has no test sequence of two or more items")
    return found


def _config(
    dataset: Dataset, options: NextItemOptions, seed: int, base: TrainedModel | None, start: StoredModel | None
) -> Mapping[str, Any]:
    return {
        "objective": "flower" if options.training.flow else "sft",
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "catalogue_hash": dataset.catalogue.hash,
        "seed": seed,
        "base": base.key if base else None,
        "start": start.name if start else None,
        **asdict(options),
    }


def _untrained(dataset: Dataset, options: NextItemOptions, seed: int, start: StoredModel | None) -> LanguageModel:
    if start is not None:
        return start.load_model()
    if options.model is not None:
        return load_pretrained(options.model, lora=options.lora)
    return build_embedded_model(tokenizer_texts(dataset), config=options.embedded, seed=seed)
