"""Tables of what Flower models recommend, for people."""

from typing import TYPE_CHECKING

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from afl.flower.next_item_evaluation import NextItemReport


def show_next_item(name: str, found: "NextItemReport") -> None:
    """Accuracy with intervals, fairness, and the share of each group of titles."""
    shown = table("metric", "value", "95 % interval", right=("value",))
    for label, estimate in {"NDCG@5": found.ndcg_at_5, "HR@5": found.hr_at_5}.items():
        low, high = estimate.ci95
        shown.add_row(label, f"{estimate.value:.4f}", f"{low:.4f} to {high:.4f}")
    rest = {
        "DGU@10": found.dgu_at_10,
        "MGU@10": found.mgu_at_10,
        "entropy of words, bits": found.entropy_bits,
        "TTR, ten titles per user": found.ttr,
    }
    for label, value in rest.items():
        shown.add_row(label, f"{value:.4f}", "")
    groups = table("titles by popularity", "in histories", "recommended", right=("in histories", "recommended"))
    for group, (before, after) in enumerate(zip(found.shares.history, found.shares.recommended, strict=True), 1):
        groups.add_row(f"eighth {group}", f"{before:.4f}", f"{after:.4f}")
    console().print(plain(f"{name}: {len(found.ranks):,} test examples, ten titles each"))
    console().print(shown)
    console().print(groups)
