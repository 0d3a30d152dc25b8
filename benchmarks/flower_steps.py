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
from afl.flower.training import Examples
from afl.models.registry import load_or_train

BATCH = 128


def step(model: LanguageModel, task: NextItemTask, examples: Examples, *, flow: float) -> float:
    """CPU seconds of a step on these examples."""
    before = process_time()
    tree = task.tree
    nodes = tree.nodes(examples.titles)
    mask = model.to_tensor(nodes != OFF_TREE)
    tokens = model.to_tensor(tree.tokens(examples.titles, padding=model.padding_token))
    log_pi = model.log_probabilities(model.encode_prompts(examples.prompts), tokens)
    loss = -log_pi[mask].mean()
    if flow:
        loss = loss + flow * subtb_loss(log_pi, model.to_tensor(task.log_rewards(examples, nodes)), mask)
    loss.backward()  # type: ignore[no-untyped-call]
    return process_time() - before


def sampling(model: LanguageModel, task: NextItemTask, examples: Examples) -> float:
    """CPU seconds of sampling a title of the tree per example, which on-policy steps add to those of the loss."""
    before = process_time()
    max_tokens = task.tree.path.shape[1]
    prompts = model.encode_prompts(examples.prompts)
    generator = torch.Generator().manual_seed(0)
    sample_tokens(model, prompts, max_tokens=max_tokens, generator=generator, tree=task.tree)
    return process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", default="games")
    parser.add_argument("--times", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset = DatasetStore(options.home / "data").load(options.dataset)
    base = load_or_train(
        "sasrec", dataset, seed=1, models_dir=options.home / "models", progress=lambda done, total, text="": None
    )
    plain = build_embedded_model(tokenizer_texts(dataset), config=SMALL, seed=1)
    task = NextItemTask(dataset, title_tree(dataset, plain), NextItemConfig(), flow=0.05, base=base)
    batch = task.sample_batch(np.random.default_rng(0), BATCH)
    sharing = with_prefix_sharing(plain)
    arms = {"apart": (plain, 0.0), "shared": (sharing, 0.0), "shared with flows": (sharing, 0.05)}
    times: dict[str, list[float]] = {name: [] for name in arms} | {"drawing titles": []}
    for _ in range(options.times):
        for name, (model, flow) in arms.items():
            times[name].append(step(model, task, batch, flow=flow))
        times["drawing titles"].append(sampling(sharing, task, batch))
    least = {name: round(min(seconds), 4) for name, seconds in times.items()}
    ratio = least["shared with flows"] / least["shared"]
    print(json.dumps({"examples": BATCH, "cpu_seconds": least, "flows_to_imitation": round(ratio, 3)}))


if __name__ == "__main__":
    main()
