"""`afl train MODEL`."""

from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli.options import JSON, Dataset
from simulations.cli.output import console, plain, print_json, table, watch
from simulations.task.model_seeds import RECOMMENDER_SEED

if TYPE_CHECKING:
    from afl.models.training import TrainReport


def train(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="popularity, item-knn, sasrec, gru4rec, caser, morec, or a plug-in's."
        ),
    ],
    dataset: Dataset,
    seed: Annotated[int, typer.Option("--seed", help="The model's own seed.")] = RECOMMENDER_SEED,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train even if a checkpoint is there.")] = False,
    as_json: JSON = False,
) -> None:
    """Train a base model and say how well it ranks."""
    from simulations.commands.train import train as run

    report = run(model, dataset=dataset, seed=seed, retrain=retrain, watch=watch())
    print_json(report.to_json()) if as_json else _show(report)


def _show(report: "TrainReport") -> None:
    found = report.to_json()
    ranking = found["full_ranking"]
    shown = table("metric", "value", "95 % interval", "n", right=("value", "n"))
    hit = found["hit_rate_at_1"]
    rows = {
        f"hit rate @1 of 20, mean of {hit['candidate_seeds']} candidate seeds": hit,
        "HR@10, whole catalogue": ranking["hr_at_10"],
        "NDCG@10, whole catalogue": ranking["ndcg_at_10"],
    }
    for name, rate in rows.items():
        low, high = rate["ci95"]
        shown.add_row(name, f"{rate['value']:.4f}", f"{low:.4f} to {high:.4f}", str(rate["n"]))
    out = console()
    trained = f"{found['epochs']} epochs in {found['seconds']:.1f} s"
    out.print(plain(f"{found['model']} on {found['dataset']}, seed {found['seed']}: {trained}"))
    out.print(shown)
