"""`afl reproduce`: the published tables and figures beside what comes out here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from afl.data.dataset_store import DatasetStore
from afl.errors import NotFoundError, UsageError
from afl.llm.language_model import is_stand_in
from afl.settings import Settings
from simulations.execution.asynchrony import outside_event_loop
from simulations.progress import Watching
from simulations.reproduction.manifest import TARGETS, Manifest, PublishedData, datasets_of, published_data
from simulations.reproduction.measuring import Outcome, plays
from simulations.reproduction.reproducing import Circumstances, Reproduction, Target, asked_for, judge

TargetName = Literal["table4", "table5", "table6", "table7", "figure4", "figure5", "figure6", "all"]

USER_STUDIES = ("user", "user_rounds")
"""Those over the authors' users for the user-simulation task."""


@outside_event_loop
def reproduce(
    target: TargetName,
    *,
    dataset: str = "lastfm",
    llm: str = "offline",
    out: str | Path | None = None,
    base_url: str | None = None,
    concurrency: int = 64,
    cache: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
) -> Reproduction:
    """The paper's values for a table or figure, or for all of them, with ours, their intervals and a verdict each.

    The studies are those of `afl evaluate` and `afl study`, with the published options; their runs are named after
    their configuration, so that what several targets need is played once, and the same call continues. With `out`, a
    page as `report` writes it. Raises `UsageError` and `NotFoundError` for data that is not there, before anything is
    asked; other errors as in `simulate`.
    """
    settings = settings or Settings()
    manifests = _manifests(target, dataset)
    data = published_data(dataset)
    around = circumstances(manifests, dataset, data, llm, DatasetStore(settings.data_dir))
    said: dict[str, Any] = {"llm": llm, "base_url": base_url, "concurrency": concurrency, "cache": cache, "db": db}
    said |= {"settings": settings, "watch": watch}
    if out is not None:
        from simulations.document.writing import require_free

        require_free(Path(out))
    targets = tuple(_target(manifest, dataset, data, said, around) for manifest in manifests)
    found = Reproduction(target, dataset, llm, targets, None if out is None else str(out))
    if out is not None:
        _write(found, Path(out))
    return found


def _manifests(target: str, dataset: str) -> list[Manifest]:
    if target not in (*TARGETS, "all"):
        raise UsageError(f"got {target!r}, expected one of: {', '.join((*TARGETS, 'all'))}")
    if target != "all":
        return [Manifest.of(target, dataset)]
    published_data(dataset)  # one the paper does not use at all is a mistake
    return [Manifest.of(name, dataset) for name in TARGETS if dataset in datasets_of(name)]


def _target(
    manifest: Manifest, dataset: str, data: PublishedData, said: Mapping[str, Any], around: Circumstances
) -> Target:
    outcomes: dict[str, Outcome] = {}
    for study, arms in asked_for(manifest).items():
        options = {**said, **manifest.studies[study], "dataset": dataset}
        if study in USER_STUDIES:
            options |= {"dataset": data.user_simulation, "train_on": dataset}
        outcomes[study] = plays()[study](options, arms)
    return judge(manifest, outcomes, around)


def circumstances(
    manifests: Sequence[Manifest], dataset: str, data: PublishedData, llm: str, library: DatasetStore
) -> Circumstances:
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
    return Circumstances(is_stand_in(llm), frozenset(other), llm)


def _same(library: DatasetStore, name: str, items: int, hash: str | None) -> bool:
    try:
        dataset = library.load(name)
    except NotFoundError:
        raise NotFoundError(
            f"no data set is called {name!r}; import the authors' first: afl data import llara PATH --name {name}"
        ) from None
    return len(dataset.catalogue) == items and hash in (None, dataset.hash)


def _write(found: Reproduction, out: Path) -> None:
    from simulations.document.rendering import files_of
    from simulations.document.writing import write
    from simulations.reproduction.page import page

    write(files_of(page(found)), out)
