"""The page of a study as files, with its figure: `--out DIR`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afl.option import OUTPUT, Option

if TYPE_CHECKING:
    from simulations.document.page import Page

PageFolder = Annotated[
    str | Path | None,
    Option("Folder for a page with the figure, as of afl report", OUTPUT, metavar="DIR", flag="--out"),
]


def require_free_folder(folder: str | Path | None) -> None:
    """Raises `UsageError` for a folder that holds anything but an earlier page: before anything is run."""
    if folder is not None:
        from simulations.document.writing import require_free

        require_free(Path(folder))


def write_page(page: "Callable[[], Page]", folder: str | Path | None) -> None:
    """Writes the page into the folder, if one is named."""
    if folder is not None:
        from simulations.document.rendering import files_of
        from simulations.document.writing import require_free, write

        require_free(Path(folder))
        write(files_of(page()), Path(folder))
