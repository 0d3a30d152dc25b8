"""Trains, keeps, samples and evaluates models that fit a distribution of titles."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
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
from afl.flower.model_store import StoredModel
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
"""Flows alone, with the term on the tokens of the tree."""
SFT = TrainingConfig(sft=1.0, flow=0.0, steps=600)
"""Imitation."""
MANY = 500
"""Titles above which the embedded model and its batches are larger, and training is longer."""
LARGE = EmbeddedConfig(vocabulary=2_000, hidden=96)
LONG = {"steps": 2_000, "batch_size": 128, "learning_rate": 3e-3, "validate_every": 250}


def default_settings(objective: str, titles: int) -> tuple[TrainingConfig, EmbeddedConfig]:
    """How an objective is trained where nothing else is said, and the size of the embedded model for it."""
    training = FLOWER if objective == "flower" else SFT
    return (replace(training, **LONG), LARGE) if titles > MANY else (training, EmbeddedConfig())  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionOptions:
    """All but target and seed that determines the weights."""

    objective: Objective = "flower"
    training: TrainingConfig = FLOWER
    prompt: str = ""
    """What every title follows; a model's begin of text comes before it."""
    sample: int | None = None
    """For imitation: titles drawn once from the target and learned from again and again; None draws anew each time."""
    embedded: EmbeddedConfig = field(default_factory=EmbeddedConfig)
    model: str | None = None
    """Folder or hub name of a causal language model to tune; None for the embedded one."""
    lora: int = 0
    """Rank of LoRA; 0 tunes all weights."""

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise UsageError(f"--objective: got {self.objective!r}, expected one of: {', '.join(OBJECTIVES)}")
        if self.sample is not None and (self.objective != "sft" or self.sample < 2):
            raise UsageError(f"--sample: got {self.sample}, expected 2 titles or more, with --objective sft")
        if self.lora and self.model is None:
            raise UsageError("--lora: the embedded model is trained from scratch; name a --model to tune")


class FittedModel(NamedTuple):
    """A kept model with what it was fitted to."""

    model: LanguageModel
    tree: PrefixTree
    shares: Floats
    """(K,)"""
    prompt: str

    def evaluate(self, *, draws: int, seed: int) -> DistributionFit:
        """Draws from the model, held to the target."""
        return evaluate(self.model, self.tree, self.shares, prompt=self.prompt, draws=draws, seed=seed)

    def draw(self, count: int, *, seed: int) -> list[SampledTitle]:
        """So many titles, as the model writes them."""
        with self.model.limited_threads():
            return list(sample_titles(self.model, self.prompt, count, longest=self.tree.path.shape[1], seed=seed))


def train_distribution(
    target: TargetDistribution,
    options: DistributionOptions,
    *,
    name: str,
    source: str,
    root: Path,
    seed: int,
    progress: Progress,
    retrain: bool = False,
) -> StoredModel:
    """The model of this name below `root`, trained unless it is; an interrupted training is continued.

    `source` is what people know the target by. Raises `ConflictError` where the name is another training's,
    `UsageError` for a model that is not there, `StorageError` where `root` cannot be written.
    """
    kept = StoredModel.begin(root, name, TASK, _config(target, options, source, seed), replace=retrain)
    if kept.finished:
        return kept
    kept.write_json(TARGET, target._asdict())
    model = _untrained(target, options, seed)
    tree, shares = _goal(target, model)
    lesson = _lesson(tree, shares, options, seed)
    trained = fit(
        with_prefix_sharing(model),
        lesson,
        config=options.training,
        seed=seed,
        progress=progress,
        state=kept.state_file,
    )
    return kept.finish(model, trained._asdict() | {"parameters": model.parameter_count})


def load_fitted(kept: StoredModel) -> FittedModel:
    """A trained model of this task; `ModelError` where training has not ended or files are missing."""
    model = kept.load_model()
    try:
        said = json.loads((kept.folder / TARGET).read_text(encoding="utf-8"))
        target = TargetDistribution(tuple(said["titles"]), tuple(said["counts"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{kept.folder / TARGET}: cannot be read ({error}); train {kept.name!r} again") from None
    return FittedModel(model, *_goal(target, model), str(kept.config["prompt"]))


def _config(target: TargetDistribution, options: DistributionOptions, source: str, seed: int) -> Mapping[str, Any]:
    content = json.dumps(target._asdict(), sort_keys=True)
    said = asdict(options) | ({} if options.model is None else {"embedded": None})
    return {"target": source, "target_hash": hashlib.sha256(content.encode()).hexdigest(), "seed": seed, **said}


def _untrained(target: TargetDistribution, options: DistributionOptions, seed: int) -> LanguageModel:
    if options.model is None:
        texts = [*target.titles, *([options.prompt] * len(target.titles) if options.prompt else [])]
        return build_embedded_model(texts, config=options.embedded, seed=seed)
    return load_pretrained(options.model, lora=options.lora)


def _goal(target: TargetDistribution, model: LanguageModel) -> tuple[PrefixTree, Floats]:
    tree = PrefixTree.build(target.titles, model.encode, model.end_token)
    counts = tree.sum_by_title(target.counts)
    return tree, counts / counts.sum()


def _lesson(tree: PrefixTree, shares: Floats, options: DistributionOptions, seed: int) -> DistributionTask:
    if options.objective == "sft":
        return imitation_task(tree, shares, prompt=options.prompt, sample=options.sample, seed=seed)
    return flow_task(tree, shares, prompt=options.prompt)
