"""Trains a model in a subprocess while the caller trains another one.

Training uses one thread, so that its results are reproducible; a run that needs two models would otherwise leave
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
from afl.ports import no_progress


@contextmanager
def trained_in_subprocess(
    name: str, dataset: Dataset, *, seed: int, data_dir: Path, models_dir: Path
) -> Iterator[None]:
    """On exit the model has been trained and saved; if that failed, loading it trains it again and raises the error.

    Does nothing on a single core, or where the model is already trained or is not a trainable one.
    """
    if (
        (os.cpu_count() or 1) < 2
        or name not in plugin_names("afl.models")
        or _has_checkpoint(name, dataset, seed, models_dir)
    ):
        yield
        return
    arguments = [name, dataset.name, str(seed), str(data_dir), str(models_dir)]
    null = subprocess.DEVNULL
    child = subprocess.Popen([sys.executable, "-m", __name__, *arguments], stdin=null, stdout=null, stderr=null)
    try:
        yield
        child.wait()
    finally:
        child.terminate()
        child.wait()


def _has_checkpoint(name: str, dataset: Dataset, seed: int, models_dir: Path) -> bool:
    from afl.models.registry import has_checkpoint

    return has_checkpoint(name, dataset, seed=seed, models_dir=models_dir)


def main(arguments: Sequence[str]) -> None:
    """The entry point of the subprocess."""
    from afl.models.registry import load_or_train

    name, dataset, seed, data_dir, models_dir = arguments
    load_or_train(
        name,
        DatasetStore(Path(data_dir)).load(dataset),
        seed=int(seed),
        models_dir=Path(models_dir),
        progress=no_progress,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
