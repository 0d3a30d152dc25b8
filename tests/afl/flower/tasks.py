"""A small task that is learned in seconds: five titles, one of them a beginning of another, one far from ASCII."""

from afl.flower.distribution import DistributionTask, TargetDistribution, flow_task
from afl.flower.embedded_model import EmbeddedConfig, build_embedded_model
from afl.flower.language_model import LanguageModel
from afl.flower.prefix_tree import PrefixTree
from afl.flower.training import TrainingConfig

FIVE = TargetDistribution(("Heat", "Heat 2", "Amélie", "日本", "Alien"), (50, 25, 15, 7, 3))
SHARES = (0.5, 0.25, 0.15, 0.07, 0.03)
SMALL = EmbeddedConfig(vocabulary=300, hidden=32, layers=1, heads=2, prompt_length=16)
FLOWER = TrainingConfig(
    legal=1.0, steps=90, batch_size=15, warm_up=5, learning_rate=1e-2, validate_every=15, patience=0
)


def untrained(seed: int = 1) -> LanguageModel:
    return build_embedded_model(FIVE.titles, config=SMALL, seed=seed)


def tree_of(model: LanguageModel) -> PrefixTree:
    return PrefixTree.build(FIVE.titles, model.encode, model.end_token)


def five_titles(model: LanguageModel) -> DistributionTask:
    tree = tree_of(model)
    return flow_task(tree, tree.sum_by_title(SHARES), prompt="")
