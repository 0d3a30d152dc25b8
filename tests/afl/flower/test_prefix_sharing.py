import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.flower.language_model import LanguageModel
from afl.flower.prefix_sharing import plan_shared_prefixes, with_prefix_sharing
from afl.flower.prefix_tree import OFF_TREE, PrefixTree

GROWING = ["played:\n", "played:\nDoom\n", "played:\nDoom\nZelda\n", "played:\nPong\n"]


@settings(deadline=None, max_examples=6)
@given(st.lists(st.tuples(st.sampled_from(GROWING), st.integers(0, 8)), min_size=1, max_size=12))
def test_log_probabilities_are_those_of_every_row_by_itself(
    model: LanguageModel, tree: PrefixTree, rows: list[tuple[str, int]]
) -> None:
    titles = [title for _, title in rows]
    tokens = model.to_tensor(tree.tokens(titles, padding=model.padding_token))
    inside = model.to_tensor(tree.nodes(titles) != OFF_TREE)
    prompts = model.encode_prompts([text for text, _ in rows])
    with torch.no_grad():
        together = with_prefix_sharing(model).log_probabilities(prompts, tokens)
        apart = model.log_probabilities(prompts, tokens)
    torch.testing.assert_close(together[inside], apart[inside], atol=1e-4, rtol=1e-4)
    assert (together[~inside] == 0).all()


def test_gradients_are_those_of_every_row_by_itself(model: LanguageModel, tree: PrefixTree) -> None:
    tokens = model.to_tensor(tree.tokens([0, 2, 6], padding=model.padding_token))
    inside = model.to_tensor(tree.nodes([0, 2, 6]) != OFF_TREE)
    weights = list(model.network.parameters())
    together, apart = (
        torch.autograd.grad(
            each.log_probabilities(model.encode_prompts(GROWING[:3]), tokens)[inside].sum(), weights
        )
        for each in (with_prefix_sharing(model), model)
    )
    assert max(float((shared - single).abs().max()) for shared, single in zip(together, apart, strict=True)) < 1e-4


def test_a_row_that_is_a_prefix_of_another_is_not_computed() -> None:
    plan = plan_shared_prefixes([(1, 2), (1, 2, 3), (1, 3), (1,), (1, 2)])
    assert sorted(plan.maximal) == [(1, 2, 3), (1, 3)]
    assert [plan.maximal[row][1] for row in plan.maximal_of.tolist()] == [2, 2, 3, 2, 2]


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=5).map(tuple), min_size=1, max_size=20))
def test_every_row_is_a_prefix_of_its_maximal_row_and_no_maximal_row_of_another(
    rows: list[tuple[int, ...]],
) -> None:
    plan = plan_shared_prefixes(rows)
    contained = [plan.maximal[index][: len(row)] == row for row, index in zip(rows, plan.maximal_of, strict=True)]
    prefixes = [row for row in plan.maximal for other in plan.maximal if row != other and other[: len(row)] == row]
    assert all(contained)
    assert prefixes == []
    assert len(set(plan.maximal)) == len(plan.maximal)


def test_continuing_examples_of_a_user_are_computed_in_one_row(model: LanguageModel) -> None:
    begin = model.tokenizer.bos_token_id
    titles = ["Doom", "Zelda", "Pong"]
    rows = [
        (begin, *model.encode(text), *model.encode(title)) for text, title in zip(GROWING, titles, strict=False)
    ]
    assert len(plan_shared_prefixes(rows).maximal) == 1


@pytest.mark.parametrize("kind", [torch.nn.Linear(1, 1)])
def test_networks_of_other_kinds_are_left_alone(model: LanguageModel, kind: torch.nn.Module) -> None:
    other = LanguageModel(kind, model.tokenizer)
    assert with_prefix_sharing(other) is other
    assert np.isfinite(other.parameter_count)
