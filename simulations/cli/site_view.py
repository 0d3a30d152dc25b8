"""What `afl view --export` wrote, for people."""

from pathlib import Path
from typing import TYPE_CHECKING

from simulations.cli.output import console, plain

if TYPE_CHECKING:
    from simulations.viewer.site_export import ExportedSite


def show(site: "ExportedSite") -> None:
    """Prints where the pages begin, and how many files there are."""
    index = Path(site.out) / "index.html"
    console().print(plain(f"{index} and {len(site.files) - 1:,} more files, {site.size / 1e6:,.1f} MB"))
