"""Trains, stores, samples and evaluates models that fit a distribution of titles."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from afl.errors import ModelError, UsageError
from afl.flower.distribution import (
    DistributionFit,
    DistributionTask,
    TargetDistribution,
    evaluate,
    flow_task,
    imitation_task,
)
from afl.flower.embedded_model import EmbeddedConfig, build_embedded_model
from afl.flower.language_model import LanguageModel, load_pretrained
from afl.flower.model_store import Destination, StoredModel
from afl.flower.prefix_sharing import with_prefix_sharing
from afl.flower.prefix_tree import Floats, PrefixTree
from afl.flower.sampling import SampledTitle, sample_titles
from afl.flower.training import TrainingConfig, fit
from afl.ports import Progress

TASK = "distribution"
TARGET = "target.json"
Objective = Literal["flower", "sft"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
FLOWER = TrainingConfig(legal=5.0, steps=600)
"""Flow matching alone, with the legal-token loss."""
SFT = TrainingConfig(sft=1.0, flow=0.0, steps=600)
"""Imitation (supervised fine-tuning)."""
LARGE_CATALOGUE = 500
"""Number of titles above which the embedded model and its batches are larger, and training is longer."""
LARGE_MODEL = EmbeddedConfig(vocabulary=2_000, hidden=96)
LONG_TRAINING = {"steps": 2_000, "batch_size": 128, "learning_rate": 3e-3, "validate_every": 250}


def default_settings(objective: str, titles: int) -> tuple[TrainingConfig, EmbeddedConfig]:
    """The default training of an objective, and the default size of the embedded model for it."""
    training = FLOWER if objective == "flower" else SFT
    if titles > LARGE_CATALOGUE:
        return replace(training, **LONG_TRAINING), LARGE_MODEL  # type: ignore[arg-type]
    return training, EmbeddedConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionOptions:
    """Everything that determines the weights, except target and seed."""

    objective: Objective = "flower"
    training: TrainingConfig = FLOWER
    prompt: str = ""
    """The text before every title, after the model's begin-of-text token."""
    sample: int | None = None
    """For imitation: size of a fixed sample of the target to learn from; None draws fresh titles in every batch."""
    embedded: EmbeddedConfig = field(default_factory=EmbeddedConfig)
    model: str | None = None
    """Folder or hub name of a causal language model to fine-tune; None for the embedded one."""
    lora: int = 0
    """LoRA rank; 0 trains all weights."""

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise UsageError(f"--objective: got {self.objective!r}, expected one of: {', '.join(OBJECTIVES)}")
        if self.sample is not None and (self.objective != "sft" or self.sample < 2):
            raise UsageError(f"--sample: got {self.sample}, expected 2 titles or more, with --objective sft")
        if self.lora and self.model is None:
            raise UsageError("--lora: the embedded model is trained from scratch; name a --model to fine-tune")


class FittedModel(NamedTuple):
    """A trained model with its target."""

    model: LanguageModel
    tree: PrefixTree
    shares: Floats
    """(K,) the target distribution."""
    prompt: str

    def evaluate(self, *, draws: int, seed: int) -> DistributionFit:
        """Samples titles from the model and compares them with the target."""
        return evaluate(self.model, self.tree, self.shares, prompt=self.prompt, draws=draws, seed=seed)

    def sample(self, count: int, *, seed: int) -> list[SampledTitle]:
        """`count` titles sampled from the model."""
        with self.model.limited_threads():
            return list(
                sample_titles(self.model, self.prompt, count, max_tokens=self.tree.path.shape[1], seed=seed)
            )


def train_distribution(
    target: TargetDistribution,
    options: DistributionOptions,
    destination: Destination,
    *,
    source: str,
    seed: int,
    progress: Progress,
) -> StoredModel:
    """The model at this destination, trained where it is not there yet; an interrupted training is resumed.

    `source` names the target for people. Raises `ConflictError` where the name belongs to another training,
    `UsageError` for a base model that does not exist, `StorageError` where the folder cannot be written.
    """
    stored = StoredModel.begin(destination, TASK, _config(target, options, source, seed))
    if stored.finished:
        return stored
    stored.write_json(TARGET, target._asdict())
    model = _untrained_model(target, options, seed)
    tree, shares = _target_on_tree(target, model)
    result = fit(
        with_prefix_sharing(model),
        _training_task(tree, shares, options, seed),
        config=options.training,
        seed=seed,
        progress=progress,
        checkpoint=stored.checkpoint_file,
    )
    return stored.finish(model, result._asdict() | {"parameters": model.parameter_count})


def load_fitted(stored: StoredModel) -> FittedModel:
    """The trained model with its target; `ModelError` where training has not finished or files are missing."""
    model = stored.load_model()
    path = stored.folder / TARGET
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        target = TargetDistribution(tuple(record["titles"]), tuple(record["counts"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); train {stored.name!r} again") from None
    return FittedModel(model, *_target_on_tree(target, model), str(stored.config["prompt"]))


def _config(target: TargetDistribution, options: DistributionOptions, source: str, seed: int) -> Mapping[str, Any]:
    content = json.dumps(target._asdict(), sort_keys=True)
    values = asdict(options) | ({} if options.model is None else {"embedded": None})
    return {"target": source, "target_hash": hashlib.sha256(content.encode()).hexdigest(), "seed": seed, **values}


def _untrained_model(target: TargetDistribution, options: DistributionOptions, seed: int) -> LanguageModel:
    if options.model is None:
        texts = [*target.titles, *([options.prompt] * len(target.titles) if options.prompt else [])]
        return build_embedded_model(texts, config=options.embedded, seed=seed)
    return load_pretrained(options.model, lora=options.lora)


def _target_on_tree(target: TargetDistribution, model: LanguageModel) -> tuple[PrefixTree, Floats]:
    tree = PrefixTree.build(target.titles, model.encode, model.end_token)
    counts = tree.sum_by_title(target.counts)
    return tree, counts / counts.sum()


def _training_task(tree: PrefixTree, shares: Floats, options: DistributionOptions, seed: int) -> DistributionTask:
    if options.objective == "sft":
        return imitation_task(tree, shares, prompt=options.prompt, sample=options.sample, seed=seed)
    return flow_task(tree, shares, prompt=options.prompt)
