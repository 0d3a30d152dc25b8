from collections import Counter

import numpy as np
import pytest
import torch

from afl.data.dataset import Dataset, Split
from afl.data.sessions import next_item_examples
from afl.errors import ModelError
from afl.flower.language_model import LanguageModel
from afl.flower.loss import subtb_loss
from afl.flower.next_item import NextItemConfig, NextItemTask, build_prompt, title_counts
from afl.flower.personalisation import PersonalisedReward
from afl.flower.prefix_tree import OFF_TREE, UNSEEN_LOG_REWARD, PrefixTree
from afl.models.popularity import Popularity
from afl.models.scoring import TrainedModel

PLAIN = NextItemConfig(personal=PersonalisedReward.NONE)


def next_item_task(
    games: Dataset, tree: PrefixTree, config: NextItemConfig = PLAIN, **options: float
) -> NextItemTask:
    return NextItemTask(games, tree, config, **{"flow": 0.1, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def popular(games: Dataset) -> TrainedModel:
    network = Popularity.untrained(games)
    network.count(games.splits[Split.TRAIN])
    return TrainedModel(network, key="popular")


def test_a_prompt_has_a_title_a_line_and_is_continued_by_the_next_title(games: Dataset) -> None:
    assert build_prompt(games, [0, 9]) == "played:\nDoom\nŌkami\n"
    assert build_prompt(games, [0, 9, 5]) == build_prompt(games, [0, 9]) + "Doom\n"


def test_rewards_are_occurrences_in_the_histories_of_training_examples(games: Dataset, tree: PrefixTree) -> None:
    titles = games.catalogue.plain_titles
    counted = Counter(
        titles[item] for example in next_item_examples(games, Split.TRAIN) for item in example.history
    )
    assert title_counts(games, tree).tolist() == [counted[title] for title in tree.titles]
    assert next_item_task(games, tree).rewards.tolist() == [counted[title] for title in tree.titles]


def test_deviation_1_a_title_that_is_only_a_target_has_the_reward_one(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree)
    task.__dict__["counts"] = np.array([5, 0, 3, 0, 0, 0, 0, 0, 0])
    assert task.rewards.tolist() == [5, 1, 3, 1, 1, 1, 1, 1, 1]


def test_deviation_2_items_of_one_title_are_one_title(games: Dataset, tree: PrefixTree) -> None:
    assert len(tree.titles) == 9
    assert title_counts(games, tree).sum() == sum(
        len(example.history) for example in next_item_examples(games, Split.TRAIN)
    )


def test_deviation_3_a_batch_is_made_of_runs_that_continue_each_other(games: Dataset, tree: PrefixTree) -> None:
    batch = next_item_task(games, tree).sample_batch(np.random.default_rng(0), 40)
    assert np.diff(batch.rows[:16]).tolist() == [1] * 15
    continues = [later.startswith(prompt) for prompt, later in zip(batch.prompts, batch.prompts[1:], strict=False)]
    assert sum(continues) > 20


def test_deviation_4_long_histories_begin_at_every_fifth_title(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree)
    twelve_items = task.batch_of(np.arange(52, 63)).prompts
    assert [text.count("\n") - 1 for text in twelve_items] == [*range(1, 11), 6]
    assert twelve_items[-1].startswith("played:\nZelda: Ocarina\n")


def test_every_example_is_drawn(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree)
    rows = [task.sample_batch(np.random.default_rng(seed), 64).rows for seed in range(40)]
    assert set(np.concatenate(rows).tolist()) == set(range(len(next_item_examples(games, Split.TRAIN))))


def test_fewer_examples_are_spaced_over_the_split(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree, NextItemConfig(personal=PersonalisedReward.NONE, examples=48))
    assert task.sample_batch(np.random.default_rng(0), 480).rows.max() == 47


def test_process_rewards_of_a_target_s_path_multiply_to_its_share(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree)
    batch = task.batch_of(np.arange(9))
    nodes = tree.nodes(batch.titles)
    result = np.where(nodes == OFF_TREE, 0, task.log_rewards(batch, nodes)).sum(axis=1)
    np.testing.assert_allclose(np.exp(result), task.rewards[batch.titles] / task.rewards.sum())


def test_steps_off_the_tree_have_the_published_reward(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree)
    assert task.log_rewards(task.batch_of(np.array([0])), np.array([[OFF_TREE, OFF_TREE]])).tolist() == [
        [UNSEEN_LOG_REWARD] * 2
    ]


def test_a_favourite_is_rewarded_more(games: Dataset, tree: PrefixTree, popular: TrainedModel) -> None:
    task = next_item_task(games, tree, NextItemConfig(), base=popular)  # type: ignore[arg-type]
    batch = task.batch_of(np.arange(9))
    nodes = tree.nodes(batch.titles)
    shared = next_item_task(games, tree).log_rewards(batch, nodes)
    ratio = shared[shared < 0] / task.log_rewards(batch, nodes)[shared < 0]
    assert 0.8 < ratio.min() < ratio.max() <= 2 + 1e-9


def test_paths_that_left_the_tree_are_not_personalised(
    games: Dataset, tree: PrefixTree, popular: TrainedModel
) -> None:
    task = next_item_task(games, tree, NextItemConfig(), base=popular)  # type: ignore[arg-type]
    cut = tree.nodes([3])[:, :2]
    result = task.log_rewards(task.batch_of(np.array([0])), cut)
    np.testing.assert_allclose(result, next_item_task(games, tree).log_rewards(task.batch_of(np.array([0])), cut))


def test_personal_rewards_need_a_base_model(games: Dataset, tree: PrefixTree) -> None:
    with pytest.raises(ModelError, match="personalised rewards need a base model"):
        next_item_task(games, tree, NextItemConfig())


def test_weights_give_target_groups_their_share_of_histories(games: Dataset, tree: PrefixTree) -> None:
    task = next_item_task(games, tree, NextItemConfig(personal=PersonalisedReward.NONE, reweighted=True))
    weights = task.batch_of(np.arange(len(next_item_examples(games, Split.TRAIN)))).weights
    assert weights.mean() == pytest.approx(1.0)
    assert weights.std() > 0


def test_without_reweighting_examples_have_equal_weights(games: Dataset, tree: PrefixTree) -> None:
    assert set(next_item_task(games, tree).batch_of(np.arange(9)).weights.tolist()) == {1.0}


def test_validation_is_the_training_loss_on_validation_examples(
    games: Dataset, tree: PrefixTree, model: LanguageModel
) -> None:
    task = next_item_task(games, tree, sft=1.0, flow=0.5)
    valid = next_item_examples(games, Split.VALID)
    titles = tree.title_of_item[[example.target for example in valid]]
    nodes = tree.nodes(titles)
    mask = torch.from_numpy(nodes != OFF_TREE)
    with torch.no_grad():
        log_pi = model.log_probabilities(
            model.encode_prompts([build_prompt(games, example.history) for example in valid]),
            torch.from_numpy(tree.tokens(titles, padding=model.padding_token)),
        )
    flow = subtb_loss(log_pi, torch.from_numpy(task.log_process_rewards[nodes]), mask)
    with torch.no_grad():
        assert task.validate(model) == pytest.approx(float(-log_pi[mask].mean() + 0.5 * flow), rel=1e-4)
