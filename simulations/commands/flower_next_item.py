"""What `afl flower train` and `afl flower evaluate` do for the task next-item."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

from afl.data.dataset_store import DatasetStore
from afl.errors import UsageError
from afl.plugins import parse_spec
from afl.settings import Settings
from simulations.progress import Unwatched, Watching
from simulations.task.model_seeds import RECOMMENDER_SEED

if TYPE_CHECKING:
    from afl.data.dataset import Dataset
    from afl.flower.beam_search import DecodingConfig
    from afl.flower.model_store import StoredModel
    from afl.flower.next_item_evaluation import NextItemReport
    from afl.flower.training import TrainingConfig
    from afl.models.scoring import TrainedModel

BASE = "sasrec"
"""Whose preferences personalise rewards, and guide decoding, where no other model is named."""


class NextItemSaid(TypedDict, total=False):
    """How next items are learned; what is not said, or None, is the usual."""

    dataset: str | None
    personal: str | None
    """Form of the personalised reward: `divided`, `added` or `none`."""
    base: str | None
    """A base model, NAME[:SEED]."""
    start: str | None
    """A trained model for next items to go on from."""
    examples: int | None
    """Training examples at most."""
    reweighted: bool | None
    """IFairLRS: examples weighed by the group of their target."""


class DecodingSaid(TypedDict, total=False):
    """How titles are searched for; what is not said, or None, is the usual."""

    beams: int | None
    temperature: float | None
    length_penalty: float | None
    guidance: float | None
    """Weight of the base model's probabilities (D3)."""


def train_for_next_item(
    name: str,
    training: "Mapping[str, Any]",
    *,
    objective: str,
    model: str | None,
    lora: int,
    width: int | None,
    seed: int,
    retrain: bool,
    settings: Settings,
    watch: Watching | None,
    **said: Unpack[NextItemSaid],
) -> "StoredModel":
    """The model `name`, trained unless it is. Raises what `flower_train` raises, and `NotFoundError` for a data set."""
    from afl.flower.model_store import StoredModel
    from afl.flower.next_item import NextItemConfig
    from afl.flower.next_item_training import SMALL, NextItemOptions, train_next_item
    from afl.flower.personalisation import PersonalisedReward

    if said.get("dataset") is None:
        raise UsageError("--dataset: expected the name of an imported data set for the task next-item")
    forms = [form.value for form in PersonalisedReward]
    personal = said.get("personal") or PersonalisedReward.DIVIDED.value
    if personal not in forms:
        raise UsageError(f"--personal: got {personal!r}, expected one of: {', '.join(forms)}")
    options = NextItemOptions(
        training=_training(objective, training, tuned=said.get("start") is not None),
        task=NextItemConfig(
            examples=said.get("examples") or 0,
            personal=PersonalisedReward(personal),
            reweighted=bool(said.get("reweighted")),
        ),
        embedded=SMALL.with_hidden(width),
        model=model,
        lora=lora,
    )
    dataset = DatasetStore(settings.data_dir).load(str(said["dataset"]))
    start = said.get("start")
    base = base_model(said.get("base"), dataset, settings, watch) if options.needs_base else None
    with (watch or Unwatched()).bar(f"training {name}") as bar:
        return train_next_item(
            dataset,
            options,
            name=name,
            root=settings.flower_dir,
            seed=seed,
            progress=bar,
            base=base,
            start=None if start is None else StoredModel.read(settings.flower_dir, start),
            retrain=retrain,
        )


def evaluate_for_next_item(
    kept: "StoredModel",
    *,
    dataset: str | None = None,
    examples: int | None = None,
    base: str | None = None,
    settings: Settings,
    watch: Watching | None = None,
    **said: Unpack[DecodingSaid],
) -> "NextItemReport":
    """How good and fair the ten titles of a trained model are on the test split, kept beside it for its page.

    `dataset` is the one it was trained on unless said. Raises what `flower_evaluate` raises.
    """
    from afl.flower.next_item_training import evaluate_next_item
    from afl.flower.stored_evaluation import Evaluation, store_evaluation

    decoding = _decoding(said)
    data = DatasetStore(settings.data_dir).load(dataset or str(kept.config["dataset"]))
    guide = base_model(base, data, settings, watch) if decoding.guidance else None
    with (watch or Unwatched()).bar(f"recommending with {kept.name}") as bar:
        found = evaluate_next_item(kept, data, decoding=decoding, examples=examples or 0, base=guide, progress=bar)
    settled = {key: value for key, value in said.items() if value is not None}
    store_evaluation(kept, Evaluation(found.to_json(), settled | {"examples": examples or 0}, found.shares))
    return found


class Written(NamedTuple):
    """A title that a model wrote."""

    title: str
    in_catalogue: bool


def sample_for_next_item(
    kept: "StoredModel", history: Sequence[str], *, draws: int, seed: int, settings: Settings
) -> tuple[Written, ...]:
    """So many titles after a history, from the model itself; `UsageError` for a title that is not in the catalogue."""
    from afl.data.sessions import HISTORY_WINDOW
    from afl.flower.next_item import build_prompt, title_tree
    from afl.flower.sampling import sample_titles

    dataset = DatasetStore(settings.data_dir).load(str(kept.config["dataset"]))
    items = {title: item for item, title in enumerate(dataset.catalogue.plain_titles)}
    unknown = [title for title in history if title not in items]
    if unknown or not 0 < len(history) <= HISTORY_WINDOW:
        got = f"{unknown[0]!r}, which is no title of {dataset.name!r}" if unknown else f"{len(history)} titles"
        raise UsageError(
            f"--history: got {got}, expected one to {HISTORY_WINDOW} titles, as they are in the catalogue"
        )
    model = kept.load_model()
    longest = title_tree(dataset, model).path.shape[1]
    asked = build_prompt(dataset, [items[title] for title in history])
    found = sample_titles(model, asked, draws, max_tokens=longest, seed=seed)
    return tuple(Written(one.text, one.ended and one.text in items) for one in found)


def base_model(spec: str | None, dataset: "Dataset", settings: Settings, watch: Watching | None) -> "TrainedModel":
    """The base model of this name and seed (`sasrec:1`), trained first if need be."""
    from afl.models.registry import load_or_train

    name, argument = parse_spec(spec or BASE)
    if argument is not None and not argument.isdecimal():
        raise UsageError(f"--base: got {spec!r}, expected NAME or NAME:SEED")
    seed = RECOMMENDER_SEED if argument is None else int(argument)
    with (watch or Unwatched()).bar(f"training {name} on {dataset.name}") as bar:
        return load_or_train(name, dataset, seed=seed, models_dir=settings.models_dir, progress=bar)


def _training(objective: str, said: "Mapping[str, Any]", *, tuned: bool) -> "TrainingConfig":
    from afl.flower.next_item_training import FLOWER, SFT, fine_tuning
    from simulations.commands.flower_train import said_over

    if objective not in ("flower", "sft"):
        raise UsageError(f"--objective: got {objective!r}, expected one of: flower, sft")
    default = FLOWER if objective == "flower" else SFT
    found = said_over(fine_tuning(default) if tuned else default, said)  # type: ignore[arg-type]
    if (objective == "flower") != bool(found.flow):
        raise UsageError(
            f"--lambda: got {found.flow} with --objective {objective}, expected "
            + ("a number above 0" if objective == "flower" else "none: imitation has no flows")
        )
    return found


def _decoding(said: "Mapping[str, Any]") -> "DecodingConfig":
    from afl.flower.beam_search import DecodingConfig

    found = replace(DecodingConfig(), **{key: value for key, value in said.items() if value is not None})
    limits = {
        "--beams": (found.beams, 10, 1000),
        "--temperature": (found.temperature, 1e-3, 1e3),
        "--length-penalty": (found.length_penalty, 0, 10),
        "--guidance": (found.guidance, 0, 1),
    }
    for option, (value, least, most) in limits.items():
        if not least <= value <= most:
            raise UsageError(f"{option}: got {value}, expected {least:g} to {most:g}")
    return found
