"""The prefix tree: every title a path, flows that add up, and unusual titles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.errors import DataError, UsageError
from afl.flower.prefix_tree import OFF_TREE, ROOT, UNSEEN_LOG_REWARD, PrefixTree

END = 0
TITLES = ["ab", "a", "ac", "b", "a"]
"""As trees go: a is a prefix of ab and ac, and occurs twice."""


def letters(text: str) -> list[int]:
    """Characters as tokens; 0 is free for the terminator."""
    return [ord(one) + 1 for one in text]


@pytest.fixture
def tree() -> PrefixTree:
    return PrefixTree.build(TITLES, letters, END)


def test_items_of_equal_titles_share_a_title(tree: PrefixTree) -> None:
    assert tree.titles == ("ab", "a", "ac", "b")
    assert tree.title_of_item.tolist() == [0, 1, 2, 3, 1]
    assert tree.sum_by_title([1, 2, 3, 4, 5]).tolist() == [1, 7, 3, 4]


def test_a_title_that_is_a_prefix_of_another_ends_in_a_separate_leaf(tree: PrefixTree) -> None:
    (node,) = tree.transition([ROOT], letters("a"))
    steps = tree.children([node])
    assert steps.tokens.tolist() == [END, *letters("bc")]
    assert tree.title_of_node[steps.nodes].tolist() == [1, OFF_TREE, OFF_TREE]


def test_nodes_are_numbered_by_level_and_children_consecutively(tree: PrefixTree) -> None:
    assert len(tree) == 9
    assert tree.depth.tolist() == [0, 1, 1, 2, 2, 2, 2, 3, 3]
    assert tree.parent.tolist() == [-1, 0, 0, 1, 1, 1, 2, 4, 5]
    assert tree.first_child.tolist() == [1, 3, 6, 7, 7, 8, 9, 9, 9, 9]


def test_flows_add_up_and_rewards_are_shares_of_the_parent(tree: PrefixTree) -> None:
    flows = tree.flows([1, 2, 3, 4])
    assert flows.tolist() == [10, 6, 4, 2, 1, 3, 4, 1, 3]
    shares = np.exp(tree.log_process_rewards(flows))
    assert shares == pytest.approx([1, 0.6, 0.4, 1 / 3, 1 / 6, 1 / 2, 1, 1, 1])


def test_along_a_path_the_rewards_multiply_to_the_title_s_share(tree: PrefixTree) -> None:
    steps = tree.log_process_rewards(tree.flows([1, 2, 3, 4]))
    assert np.exp(tree.log_probabilities(steps)) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_title_without_reward_has_a_finite_log_reward(tree: PrefixTree) -> None:
    rewards = tree.log_process_rewards(tree.flows([0, 2, 3, 4]))
    assert rewards[tree.nodes([0])].tolist() == [[np.log(5 / 9), UNSEEN_LOG_REWARD, UNSEEN_LOG_REWARD]]


def test_a_walk_stops_where_it_leaves_the_tree(tree: PrefixTree) -> None:
    rows = [
        [*letters("ac"), END, END],
        [*letters("a"), END, *letters("a"), END],
        [*letters("axb"), END],
        [-1, 99, 7, 0],
    ]
    nodes = tree.walk(rows)
    assert (nodes == OFF_TREE).tolist() == [
        [False, False, False, True],
        [False, False, True, True],
        [False, True, True, True],
        [True, True, True, True],
    ]
    assert tree.title_of_node[nodes[0, 2]] == 2


def test_steps_of_several_nodes_name_the_row_they_start_from(tree: PrefixTree) -> None:
    steps = tree.children([tree.leaf[0], ROOT, OFF_TREE, ROOT])
    assert steps.rows.tolist() == [1, 1, 3, 3]
    assert steps.tokens.tolist() == letters("abab")


def test_tokens_of_titles_end_with_the_terminator_and_are_padded(tree: PrefixTree) -> None:
    assert tree.tokens([0, 3], padding=7).tolist() == [[*letters("ab"), END], [*letters("b"), END, 7]]


def test_a_title_with_the_terminator_inside_is_refused() -> None:
    with pytest.raises(DataError, match="contains the terminator"):
        PrefixTree.build(["a", "ab"], letters, letters("b")[0])


def test_no_titles_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        PrefixTree.build([], letters, END)


@pytest.mark.parametrize("rewards", [[1, 2, 3], [1, 2, 3, -1], [1, 2, 3, np.nan]])
def test_invalid_rewards_are_refused(tree: PrefixTree, rewards: list[float]) -> None:
    with pytest.raises(UsageError, match="each of 4 titles"):
        tree.flows(rewards)


def test_rewards_that_are_all_0_are_refused(tree: PrefixTree) -> None:
    with pytest.raises(UsageError, match="every reward is 0"):
        tree.flows([0, 0, 0, 0])


wild = st.lists(st.text(max_size=6), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(titles=wild, data=st.data())
def test_any_titles_keep_their_shares(titles: list[str], data: st.DataObject) -> None:
    tree = PrefixTree.build(titles, letters, END)
    counts = data.draw(st.lists(st.integers(1, 1000), min_size=len(titles), max_size=len(titles)))
    rewards = tree.sum_by_title(counts)
    shares = np.exp(tree.log_probabilities(tree.log_process_rewards(tree.flows(rewards))))
    assert shares == pytest.approx(rewards / rewards.sum())
    assert [tree.titles[number] for number in tree.title_of_item] == titles


@settings(max_examples=60, deadline=None)
@given(titles=wild)
def test_any_title_s_tokens_walk_to_its_leaf(titles: list[str]) -> None:
    tree = PrefixTree.build(titles, letters, END)
    every = np.arange(len(tree.titles))
    nodes = tree.walk(tree.tokens(every, padding=-1))
    assert np.array_equal(nodes, tree.path)
    steps = tree.children(np.arange(len(tree)))
    assert sorted(steps.nodes.tolist()) == list(range(1, len(tree)))
    assert np.array_equal(tree.parent[steps.nodes], steps.rows)
