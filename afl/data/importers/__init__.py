"""One file per format. An importer reads files and returns a `Dataset`; it writes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from afl.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a user may say besides the path."""

    name: str
    domain: str | None = None
    """Wording of the data set; by default the importer's own guess."""
    users: int = 1000
    """Only for `demo`: how many synthetic users."""
    category: str | None = None
    """Only for `flower`: which of the categories in the folder."""


Importer = Callable[[Path | None, ImportOptions], Dataset]
