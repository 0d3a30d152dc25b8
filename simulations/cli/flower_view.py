"""Trainings, evaluations and titles of Flower models, for people."""

from typing import TYPE_CHECKING, Any

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afl.flower.distribution import DistributionFit
    from afl.flower.next_item_evaluation import NextItemReport
    from simulations.commands.flower_next_item import Written
    from simulations.commands.flower_train import FlowerTrainReport


def show_evaluation(found: "DistributionFit | NextItemReport", *, name: str) -> None:
    """Prints how near a model comes to its target, or how good and fair its recommendations are."""
    from afl.flower.next_item_evaluation import NextItemReport

    _show_next_item(name, found) if isinstance(found, NextItemReport) else _show_fit(name, found)


def show_titles(titles: "Sequence[Written]") -> None:
    """Prints a title a line."""
    for written in titles:
        line = written.title if written.in_catalogue else f"{written.title}   (not in the catalogue)"
        console().print(plain(line))


def titles_json(titles: "Sequence[Written]", *, name: str) -> dict[str, Any]:
    """The object of `flower sample --json`."""
    return {"name": name, "draws": [written._asdict() for written in titles]}


def _show_next_item(name: str, found: "NextItemReport") -> None:
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


def show_training(report: "FlowerTrainReport") -> None:
    """Prints how long a model was trained, and where it is stored."""
    training = report.to_json()
    trained = (
        f"{training['steps']} steps in {training['seconds']:.1f} s ({training['cpu_seconds']:.1f} s of CPU time)"
    )
    size = f"{training['parameters']:,} parameters, best at step {training['best_step']}"
    console().print(plain(f"{training['name']} ({training['task']}, {training['objective']}): {trained}; {size}"))
    console().print(plain(f"stored in {training['path']}; next: afl flower evaluate {training['name']}"))


def _show_fit(name: str, found: "DistributionFit") -> None:
    shown = table("", "drawn", "exact", right=("drawn", "exact"))
    rows = {
        "JS": (found.js, found.exact_js),
        "KL(result || target)": (found.kl_result_target, None),
        "KL(target || result)": (found.kl_target_result, None),
        "off the catalogue": (found.off_catalogue, found.exact_off_catalogue),
    }
    for label, values in rows.items():
        shown.add_row(label, *("-" if value is None else f"{value:.5f}" for value in values))
    console().print(plain(f"{name}: {found.draws:,} draws, nats over the titles of the catalogue"))
    console().print(shown)
