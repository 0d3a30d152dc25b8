"""A reproduction: targets of the paper, the studies they need, a verdict a row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from afl.data.dataset_store import DatasetStore
from afl.errors import NotFoundError, UsageError
from afl.llm.language_model import is_stand_in
from simulations.reproduction.manifest import TARGETS, Manifest, PublishedData, datasets_of, published_data
from simulations.reproduction.measuring import StudyOutcome, study_runners
from simulations.reproduction.reproducing import (
    Comparability,
    Reproduction,
    Target,
    compare_with_paper,
    requested_arms,
)

USER_STUDIES = ("user", "user_rounds")
"""Those over the authors' users for the user-simulation task."""


def reproduce_targets(
    target: str, dataset: str, llm: str, datasets: DatasetStore, options: Mapping[str, Any]
) -> tuple[Target, ...]:
    """The rows and claims of a target, or of all of them; `options` are those of every study."""
    manifests = _manifests(target, dataset)
    data = published_data(dataset)
    around = circumstances(manifests, dataset, data, llm, datasets)
    return tuple(_target(manifest, dataset, data, {**options, "llm": llm}, around) for manifest in manifests)


def _manifests(target: str, dataset: str) -> list[Manifest]:
    if target not in (*TARGETS, "all"):
        raise UsageError(f"got {target!r}, expected one of: {', '.join((*TARGETS, 'all'))}")
    if target != "all":
        return [Manifest.of(target, dataset)]
    published_data(dataset)  # one the paper does not use at all is a mistake
    return [Manifest.of(name, dataset) for name in TARGETS if dataset in datasets_of(name)]


def _target(
    manifest: Manifest, dataset: str, data: PublishedData, options: Mapping[str, Any], around: Comparability
) -> Target:
    outcomes: dict[str, StudyOutcome] = {}
    for study, arms in requested_arms(manifest).items():
        of_study = {**options, **manifest.studies[study], "dataset": dataset}
        if study in USER_STUDIES:
            of_study |= {"dataset": data.user_simulation, "train_on": dataset}
        outcomes[study] = study_runners()[study](of_study, arms)
    return compare_with_paper(manifest, outcomes, around)


def circumstances(
    manifests: Sequence[Manifest], dataset: str, data: PublishedData, llm: str, library: DatasetStore
) -> Comparability:
    """Loads the data sets that will be needed, and tells those that are not the paper's."""
    studies = {study for manifest in manifests for study in manifest.studies}
    other = studies - set(USER_STUDIES) if not _same(library, dataset, data.items, data.hash) else set()
    if studies & set(USER_STUDIES):
        if data.user_simulation is None:
            raise UsageError(
                f"--dataset: the authors' users for the user-simulation task of {dataset!r} are not known"
            )
        same = _same(library, data.user_simulation, data.items, data.user_simulation_hash)
        other |= set() if same else set(USER_STUDIES)
    return Comparability(is_stand_in(llm), frozenset(other), llm)


def _same(library: DatasetStore, name: str, items: int, hash: str | None) -> bool:
    try:
        dataset = library.load(name)
    except NotFoundError:
        raise NotFoundError(
            f"no data set is called {name!r}; import the authors' first: afl data import llara PATH --name {name}"
        ) from None
    return len(dataset.catalogue) == items and hash in (None, dataset.hash)


def write_page(found: Reproduction, out: Path) -> None:
    """Writes the page of a reproduction into a folder, whole or not at all."""
    from simulations.document.rendering import files_of
    from simulations.document.writing import write
    from simulations.reproduction.page import page

    write(files_of(page(found)), out)
