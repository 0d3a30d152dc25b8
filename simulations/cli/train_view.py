"""How well a trained base model ranks, for people."""

from typing import TYPE_CHECKING

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from afl.models.training import TrainReport


def show(report: "TrainReport") -> None:
    """Prints how well the model ranks, and how long it was trained."""
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
