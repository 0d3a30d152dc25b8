"""`afl reproduce`: the published tables and figures beside what comes out here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from afl.data.dataset_store import DatasetStore
from afl.errors import NotFoundError, UsageError
from afl.settings import Settings
from simulations.execution.asynchrony import outside_event_loop
from simulations.progress import Watching
from simulations.reproduction.manifest import TARGETS, Manifest, PublishedData, datasets_of, published_data
from simulations.reproduction.measuring import Outcome, plays
from simulations.reproduction.reproducing import Circumstances, Target, asked_for, judge

TargetName = Literal["table4", "table5", "table6", "table7", "figure4", "figure5", "figure6", "all"]

USER_STUDIES = ("user", "user_rounds")
"""Those over the authors' users for the user-simulation task."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What `afl reproduce` returns, prints and gives as JSON."""

    target: TargetName
    dataset: str
    llm: str
    targets: tuple[Target, ...]
    out: str | None
    """The folder of the page, where one was asked for."""

    @property
    def stand_in(self) -> bool:
        """Whether the language model is the offline stand-in."""
        return _is_offline(self.llm)

    @property
    def runs(self) -> tuple[str, ...]:
        """Every run that rows were read from, each once."""
        return tuple(dict.fromkeys(run for target in self.targets for run in target.runs))

    @property
    def exit_code(self) -> int:
        """1 when a session failed, or an item has no answer."""
        return 1 if any(target.failures for target in self.targets) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `reproduce --json`."""
        return {
            "target": self.target,
            "dataset": self.dataset,
            "llm": self.llm,
            "rows": [{"target": one.manifest.target, **row.to_json()} for one in self.targets for row in one.rows],
            "claims": [
                {"target": one.manifest.target, **claim.to_json()} for one in self.targets for claim in one.claims
            ],
            "runs": list(self.runs),
            "out": self.out,
        }


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
    return Circumstances(_is_offline(llm), frozenset(other), llm)


def _same(library: DatasetStore, name: str, items: int, hash: str | None) -> bool:
    try:
        dataset = library.load(name)
    except NotFoundError:
        raise NotFoundError(
            f"no data set is called {name!r}; import the authors' first: afl data import llara PATH --name {name}"
        ) from None
    return len(dataset.catalogue) == items and hash in (None, dataset.hash)


def _is_offline(llm: str) -> bool:
    return llm.partition(":")[0] == "offline"


def _write(found: Reproduction, out: Path) -> None:
    from simulations.document.rendering import files_of
    from simulations.document.writing import write
    from simulations.reproduction.page import reproduction_page

    write(files_of(reproduction_page(found.targets, dataset=found.dataset, llm=found.llm)), out)
