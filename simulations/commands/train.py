"""`afl train`: train a base model, keep its checkpoint, say how well it ranks."""

from afl.data.dataset_store import DatasetStore
from afl.models.training import TrainReport, train_model
from afl.settings import Settings
from simulations.progress import Unwatched, Watching
from simulations.task.model_seeds import RECOMMENDER_SEED


def train(
    model: str,
    *,
    dataset: str,
    seed: int = RECOMMENDER_SEED,
    retrain: bool = False,
    settings: Settings | None = None,
    watch: Watching | None = None,
) -> TrainReport:
    """Trains `model` on the training split and evaluates it on the test split.

    A checkpoint of the same data, configuration and `seed` is evaluated as it is, unless `retrain`.
    Raises `NotFoundError` for an unknown model or data set, `ModelError` for a checkpoint that cannot be read.
    """
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
