"""Flower models as training and evaluation leave them, their weights apart: numbers that can be counted by hand."""

import json
from pathlib import Path
from typing import Any

from afl.flower.model_store import Destination, StoredModel
from afl.flower.stored_evaluation import Evaluation, GroupShares, TitleShares, store_evaluation

FITTED = {"task": "distribution", "draws": 8, "js": 0.01, "kl_result_target": 0.03, "off_catalogue": 0.00002}
RECOMMENDED = {
    "task": "next-item",
    "n": 4,
    "ndcg_at_5": {"value": 0.05, "ci95": [0.03, 0.08]},
    "dgu_at_10": 0.3,
    "mgu_at_10": 0.15,
}
CURVE = [{"step": 20, "loss": 2.5, "validation": 1.5}, [40, 0.5, 1.75]]
"""As a record of a finished training has it, and as one of a training under way does."""
LOG = {"steps": 40, "best_step": 20, "curve": CURVE, "seconds": 3.0}


def fill(root: Path) -> Path:
    """A folder of models: one of each task, one that was never evaluated, and what is none."""
    fitted = store_model(root, "fitted", "distribution", {"target": "films.json", "objective": "flower"}, LOG)
    titles = TitleShares(("Up", "Alien", "Heat"), (0.25, 0.5, 0.25), (3, 4, 0), (0.3, 0.45, 0.25))
    store_evaluation(fitted, Evaluation(FITTED, {"seed": 0}, titles))
    for name, recommended in {"flowers": (0.6, 0.4), "imitates": (0.8, 0.2)}.items():
        model = store_model(
            root, name, "next-item", {"dataset": "films", "objective": "flower", "dataset_hash": "f"}, LOG
        )
        store_evaluation(model, Evaluation(RECOMMENDED, {"beams": 10}, GroupShares((0.5, 0.5), recommended)))
    store_model(root, "begun", "next-item", {"dataset": "films", "training": {"sft": 1.0, "flow": 0.0}}, None)
    (root / "odd").mkdir()
    (root / "odd" / "flower.json").write_text("[]")
    return root


def store_model(
    root: Path, name: str, task: str, config: dict[str, Any], log: dict[str, Any] | None
) -> StoredModel:
    begun = StoredModel.begin(Destination(root, name), task, config)
    record = {"version": 1, "task": task, "config": config, "log": log}
    (begun.folder / "flower.json").write_text(json.dumps(record))
    return StoredModel.read(root, name)
