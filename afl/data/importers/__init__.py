"""One file per format. An importer reads files and returns a `Dataset`; it writes nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from afl.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What every importer is told, apart from the path."""

    name: str
    domain: str | None = None
    """Name of the wording; by default what the importer guesses."""


class Importer(Protocol):
    """A function of path and options. Its own options are keyword-only parameters, `Annotated` with an `Option`."""

    def __call__(self, path: Path | None, options: ImportOptions, **own: Any) -> "Dataset": ...
