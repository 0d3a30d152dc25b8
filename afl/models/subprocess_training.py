"""Two models, two cores: one is trained in a process of its own while the caller trains another.

Training takes one thread, so that its numbers depend on nothing else; a run that needs two models would leave the
other cores idle.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.plugins import plugin_names


@contextmanager
def trained_in_subprocess(
    name: str, dataset: Dataset, *, seed: int, data_dir: Path, models_dir: Path
) -> Iterator[None]:
    """On leaving, the model is trained and kept, unless that failed: then asking for it says why.

    Does nothing where one core is all there is, where the model is kept already or is none that trains.
    """
    if (
        (os.cpu_count() or 1) < 2
        or name not in plugin_names("afl.models")
        or _is_kept(name, dataset, seed, models_dir)
    ):
        yield
        return
    arguments = [name, dataset.name, str(seed), str(data_dir), str(models_dir)]
    nowhere = subprocess.DEVNULL
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, *arguments], stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    try:
        yield
        child.wait()
    finally:
        child.terminate()
        child.wait()


def _is_kept(name: str, dataset: Dataset, seed: int, models_dir: Path) -> bool:
    from afl.models.registry import has_checkpoint

    return has_checkpoint(name, dataset, seed=seed, models_dir=models_dir)


def _silent(done: int, total: int, text: str = "") -> None: ...


def main(arguments: Sequence[str]) -> None:
    """What the other process does."""
    from afl.models.registry import load_or_train

    name, dataset, seed, data_dir, models_dir = arguments
    found = DatasetStore(Path(data_dir)).load(dataset)
    load_or_train(name, found, seed=int(seed), models_dir=Path(models_dir), progress=_silent)


if __name__ == "__main__":
    main(sys.argv[1:])
