"""Your own data: a table with user, item and timestamp, and if you have them titles and attributes.

    python examples/02_your_own_csv.py [FILE.csv]

Without a file, it makes one: the demo's viewers, as a table.
"""

import csv
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from afl.data.importers import ImportOptions
from afl.data.importers.demo import import_demo
from simulations import import_data, simulate


def write_table(file: Path) -> Path:
    """A table of interactions, one line each, several genres separated by `|`."""
    demo = import_demo(None, ImportOptions("table"), users=200)
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["user", "item", "timestamp", "title", "genre"])
        for sequences in demo.splits.values():
            for viewer in sequences:
                for item, time in zip(viewer.items, viewer.timestamps or (), strict=True):
                    film = demo.catalogue
                    genres = "|".join(film.attributes[item]["genre"])
                    table.writerow([viewer.id, film.keys[item], time, film.titles[item], genres])
    return file


def main(file: Path) -> None:
    info = import_data("csv", file, name="my-films", domain="movie", replace=True)
    print(f"{info.name}: {info.items} items, {info.interactions} interactions")

    report = simulate(dataset="my-films", llm="offline", rounds=2, reward="none")
    print(f"run {report.run}: hit rate at 1 {report.hit_rate_at_1.value:.2f} of {report.sessions} sessions")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as folder:
            main(write_table(Path(folder) / "films.csv"))
