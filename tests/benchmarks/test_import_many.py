from pathlib import Path

from afl.data.importers import ImportOptions
from afl.data.importers.movielens import import_movielens
from benchmarks.import_many import write_release


def test_the_generated_release_is_one_that_the_importer_reads(tmp_path: Path) -> None:
    write_release(tmp_path / "ml-many", 500, movies=40)
    dataset = import_movielens(tmp_path, ImportOptions("many"))
    assert sum(len(sequences.items) for sequences in dataset.splits.values()) == 500
    assert (len(dataset.catalogue), dataset.catalogue.titles[0]) == (40, "The Film 1")
    assert (tmp_path / "ml-many" / "ratings.csv").read_text().splitlines()[0] == "userId,movieId,rating,timestamp"
