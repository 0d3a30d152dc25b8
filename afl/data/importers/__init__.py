"""One file per format. An importer reads files and returns a `Dataset`; it writes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from afl.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import, apart from the path."""

    name: str
    domain: str | None = None
    """Name of the wording; by default what the importer guesses."""
    users: int = 1000
    """Only for `demo`: number of synthetic users."""
    category: str | None = None
    """Only for `flower`: one of the categories in the folder."""


Importer = Callable[[Path | None, ImportOptions], Dataset]
