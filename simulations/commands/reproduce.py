"""`afl reproduce`: the published tables and figures beside the results of this version."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from afl.option import DATA, MODELS, OUTPUT, Argument, Option
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import StorageOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import MODEL_METAVAR, CacheOptions, ConcurrencyOptions, EndpointOptions

if TYPE_CHECKING:
    from simulations.reproduction.reproducing import Reproduction

TargetName = Literal["table4", "table5", "table6", "table7", "figure4", "figure5", "figure6", "all"]


@dataclass(frozen=True, kw_only=True)
class ReproduceOptions(EndpointOptions, ConcurrencyOptions, CacheOptions, StorageOptions):
    """Options of `afl reproduce`."""

    target: Annotated[TargetName, Argument("Table or figure of the paper", "TARGET")] = field(kw_only=False)
    dataset: Annotated[str, Option("Imported data set of the paper", DATA, metavar="NAME")] = "lastfm"
    llm: Annotated[str, Option("Language model: offline, or openai:MODEL", MODELS, metavar=MODEL_METAVAR)] = (
        "offline"
    )
    out: Annotated[
        str | Path | None, Option("Folder for a page with tables and figures", OUTPUT, metavar="DIR")
    ] = None


@outside_event_loop
@command(ReproduceOptions)
def reproduce(invocation: Invocation[ReproduceOptions]) -> "Reproduction":
    """Reproduce published tables and figures, with intervals and a verdict each; the same command continues.

    The studies are those of `afl evaluate` and `afl study`, with the published options; their runs are named after
    their configuration, so that what several targets need is run once, and the same call continues. With `out`, a
    page as `report` writes it. Raises `UsageError` and `NotFoundError` for data that is not there, before anything is
    asked; other errors as in `simulate`.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings
    from simulations.document.writing import require_free
    from simulations.reproduction.reproducing import Reproduction
    from simulations.reproduction.reproduction import reproduce_targets, write_page

    options = invocation.options
    if options.out is not None:
        require_free(Path(options.out))
    datasets = DatasetStore((options.settings or Settings()).data_dir)
    of_studies = {
        name: value
        for name, value in invocation.explicit.items()
        if name not in ("target", "dataset", "llm", "out")
    }
    targets = reproduce_targets(options.target, options.dataset, options.llm, datasets, of_studies)
    out = None if options.out is None else str(options.out)
    found = Reproduction(options.target, options.dataset, options.llm, targets, out)
    if options.out is not None:
        write_page(found, Path(options.out))
    return found
