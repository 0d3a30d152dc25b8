"""What a training step on next items costs: rows read apart or shared, imitation alone or with flows.

    python -m benchmarks.flower_steps --home HOME --dataset games

CPU seconds of one thread, forward and backward, the least of several steps on the same batches: other work on the
machine only adds. Prints one JSON line.
"""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
import torch

from afl.data.dataset_store import DatasetStore
from afl.flower.embedded_model import build_embedded_model
from afl.flower.language_model import LanguageModel
from afl.flower.loss import subtb_loss
from afl.flower.next_item import NextItemConfig, NextItemTask, title_tree, tokenizer_texts
from afl.flower.next_item_training import SMALL
from afl.flower.prefix_sharing import with_prefix_sharing
from afl.flower.prefix_tree import OFF_TREE
from afl.flower.sampling import sample_tokens
from afl.flower.training_task import Examples
from afl.models.registry import load_or_train

BATCH = 128


def step(model: LanguageModel, lesson: NextItemTask, examples: Examples, *, flow: float) -> float:
    """CPU seconds of a step on these examples."""
    before = process_time()
    tree = lesson.tree
    nodes = tree.nodes(examples.titles)
    mask = model.to_tensor(nodes != OFF_TREE)
    tokens = model.to_tensor(tree.tokens(examples.titles, padding=model.padding_token))
    log_pi = model.log_probabilities(model.encode_prompts(examples.prompts), tokens)
    loss = -log_pi[mask].mean()
    if flow:
        loss = loss + flow * subtb_loss(log_pi, model.to_tensor(lesson.log_rewards(examples, nodes)), mask)
    loss.backward()  # type: ignore[no-untyped-call]
    return process_time() - before


def drawing(model: LanguageModel, lesson: NextItemTask, examples: Examples) -> float:
    """CPU seconds of drawing a title of the tree per example, which on-policy steps add to those of the loss."""
    before = process_time()
    longest = lesson.tree.path.shape[1]
    prompts = model.encode_prompts(examples.prompts)
    sample_tokens(model, prompts, longest=longest, draws=torch.Generator().manual_seed(0), tree=lesson.tree)
    return process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", default="games")
    parser.add_argument("--times", type=int, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    dataset = DatasetStore(asked.home / "data").load(asked.dataset)
    base = load_or_train(
        "sasrec", dataset, seed=1, models_dir=asked.home / "models", progress=lambda done, total, text="": None
    )
    plain = build_embedded_model(tokenizer_texts(dataset), config=SMALL, seed=1)
    lesson = NextItemTask(dataset, title_tree(dataset, plain), NextItemConfig(), flow=0.05, base=base)
    batch = lesson.examples(np.random.default_rng(0), BATCH)
    one = with_prefix_sharing(plain)
    arms = {"apart": (plain, 0.0), "shared": (one, 0.0), "shared with flows": (one, 0.05)}
    times: dict[str, list[float]] = {name: [] for name in arms} | {"drawing titles": []}
    for _ in range(asked.times):
        for name, (model, flow) in arms.items():
            times[name].append(step(model, lesson, batch, flow=flow))
        times["drawing titles"].append(drawing(one, lesson, batch))
    least = {name: round(min(found), 4) for name, found in times.items()}
    ratio = least["shared with flows"] / least["shared"]
    print(json.dumps({"examples": BATCH, "cpu_seconds": least, "flows_to_imitation": round(ratio, 3)}))


if __name__ == "__main__":
    main()
