"""`afl train`: trains a base model, stores its checkpoint, evaluates how well it ranks."""

from typing import TYPE_CHECKING, Annotated

from afl.option import DATA, MODELS, Argument, Option

if TYPE_CHECKING:
    from afl.models.training import TrainReport
    from afl.settings import Settings
    from simulations.progress import Watching


def train(
    model: Annotated[
        str, Argument("Base model: popularity, item-knn, sasrec, gru4rec, caser, morec, or a plug-in's", "MODEL")
    ],
    *,
    dataset: Annotated[str, Option("Imported data set", DATA, metavar="NAME")],
    seed: Annotated[int, Option("Seed of the model", MODELS)] = 1,
    retrain: Annotated[bool, Option("Train even if there is a checkpoint", MODELS)] = False,
    settings: "Settings | None" = None,
    watch: "Watching | None" = None,
) -> "TrainReport":
    """Train a base model and evaluate how well it ranks.

    It learns from the training split and is evaluated on the test split. A checkpoint of the same data, configuration
    and `seed` is evaluated as it is, unless `retrain`. Raises `NotFoundError` for an unknown model or data set,
    `ModelError` for a checkpoint that cannot be read.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.models.training import train_model
    from afl.settings import Settings
    from simulations.progress import Unwatched

    settings = settings or Settings()
    with (watch or Unwatched()).bar(f"training {model} on {dataset}") as bar:
        return train_model(
            model,
            DatasetStore(settings.data_dir).load(dataset),
            seed=seed,
            models_dir=settings.models_dir,
            progress=bar,
            retrain=retrain,
        )
