"""`afl reproduce`: the published tables and figures beside the results of this version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from afl.errors import NotFoundError, UsageError
from afl.llm.language_model import is_stand_in
from afl.option import DATA, OUTPUT, Argument, Option
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import StorageOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import (
    CacheOptions,
    ConcurrencyOptions,
    EndpointOptions,
    LanguageModelOptions,
    PromptOptions,
)
from simulations.reproduction.comparison import (
    Comparability,
    Reproduction,
    Target,
    compare_with_paper,
    requested_arms,
)
from simulations.reproduction.manifest import TARGETS, Manifest, PublishedData, datasets_of, published_data
from simulations.reproduction.study_outcomes import StudyOutcome, study_runners

if TYPE_CHECKING:  # polars is loaded by who reads a data set
    from afl.data.dataset_store import DatasetStore

USER_STUDIES = ("user", "user_rounds")
"""Studies over the authors' users of the user-simulation task."""

TargetName = Literal["table4", "table5", "table6", "table7", "figure4", "figure5", "figure6", "all"]


@dataclass(frozen=True, kw_only=True)
class ReproduceOptions(
    LanguageModelOptions, PromptOptions, EndpointOptions, ConcurrencyOptions, CacheOptions, StorageOptions
):
    """Options of `afl reproduce`."""

    target: Annotated[TargetName, Argument("Table or figure of the paper", "TARGET")] = field(kw_only=False)
    dataset: Annotated[str, Option("Imported data set of the paper", DATA, metavar="NAME")] = "lastfm"
    llm: str = "offline"
    out: Annotated[
        str | Path | None, Option("Folder for a page with tables and figures", OUTPUT, metavar="DIR")
    ] = None


@outside_event_loop
@command(ReproduceOptions)
def reproduce(invocation: Invocation[ReproduceOptions]) -> Reproduction:
    """Reproduce published tables and figures, with intervals and a verdict each; the same command continues.

    The studies are those of `afl evaluate` and `afl study`, with the published options; their runs are named after
    their configuration, so that what several targets need is run once, and the same call continues. With `out`, a
    page as `report` writes it. Raises `UsageError` and `NotFoundError` for data that is not there, before anything is
    asked; other errors as in `simulate`.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings
    from simulations.document.rendering import files_of
    from simulations.document.writing import require_free, write
    from simulations.reproduction.page import page

    options = invocation.options
    if options.out is not None:
        require_free(Path(options.out))
    datasets = DatasetStore((options.settings or Settings()).data_dir)
    study_options = {
        name: value
        for name, value in invocation.explicit.items()
        if name not in ("target", "dataset", "llm", "out")
    }
    targets = reproduce_targets(options.target, options.dataset, options.llm, datasets, study_options)
    out = None if options.out is None else str(options.out)
    reproduction = Reproduction(options.target, options.dataset, options.llm, targets, out)
    if options.out is not None:
        write(files_of(page(reproduction)), Path(options.out))
    return reproduction


def reproduce_targets(
    target: str, dataset: str, llm: str, datasets: "DatasetStore", options: Mapping[str, Any]
) -> tuple[Target, ...]:
    """The rows and claims of a target, or of all of them; `options` are shared by all studies."""
    manifests = _manifests(target, dataset)
    data = published_data(dataset)
    comparability = comparability_of(manifests, dataset, data, llm, datasets)
    return tuple(
        _target(manifest, dataset, data, {**options, "llm": llm}, comparability) for manifest in manifests
    )


def _manifests(target: str, dataset: str) -> list[Manifest]:
    if target not in (*TARGETS, "all"):
        raise UsageError(f"got {target!r}, expected one of: {', '.join((*TARGETS, 'all'))}")
    if target != "all":
        return [Manifest.of(target, dataset)]
    published_data(dataset)  # raises for a data set that the paper does not use at all
    return [Manifest.of(name, dataset) for name in TARGETS if dataset in datasets_of(name)]


def _target(
    manifest: Manifest, dataset: str, data: PublishedData, options: Mapping[str, Any], comparability: Comparability
) -> Target:
    outcomes: dict[str, StudyOutcome] = {}
    for study, arms in requested_arms(manifest).items():
        study_options = {**options, **manifest.studies[study], "dataset": dataset}
        if study in USER_STUDIES:
            study_options |= {"dataset": data.user_simulation, "train_on": dataset}
        outcomes[study] = study_runners()[study](study_options, arms)
    return compare_with_paper(manifest, outcomes, comparability)


def comparability_of(
    manifests: Sequence[Manifest], dataset: str, data: PublishedData, llm: str, library: "DatasetStore"
) -> Comparability:
    """What of these targets can be compared with the paper. Raises `NotFoundError` for a data set that is missing."""
    studies = {study for manifest in manifests for study in manifest.studies}
    other_data = studies - set(USER_STUDIES) if not _is_same(library, dataset, data.items, data.hash) else set()
    if studies & set(USER_STUDIES):
        if data.user_simulation is None:
            raise UsageError(
                f"--dataset: the authors' users for the user-simulation task of {dataset!r} are not known"
            )
        same = _is_same(library, data.user_simulation, data.items, data.user_simulation_hash)
        other_data |= set() if same else set(USER_STUDIES)
    return Comparability(is_stand_in(llm), frozenset(other_data), llm)


def _is_same(library: "DatasetStore", name: str, items: int, hash: str | None) -> bool:
    try:
        dataset = library.load(name)
    except NotFoundError:
        raise NotFoundError(
            f"no data set is called {name!r}; import the authors' first: afl data import llara PATH --name {name}"
        ) from None
    return len(dataset.catalogue) == items and hash in (None, dataset.hash)
