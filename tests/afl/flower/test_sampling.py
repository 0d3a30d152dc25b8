"""Titles sampled from the model: equal with and without a cache, in proportion, and within the tree on request."""

import numpy as np
import pytest
import torch

from afl.flower.distribution import catalogue_log_probabilities
from afl.flower.language_model import LanguageModel
from afl.flower.sampling import sample_titles, sample_tokens
from tests.afl.flower.tasks import tree_of, untrained


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return untrained()


def test_the_cache_changes_nothing(model: LanguageModel) -> None:
    prompts = model.encode_prompts(["Heat, Alien", "", "Heat"])
    tokens = torch.tensor([[3, 9, 270], [4, 8, 280], [5, 7, 2]])
    mask, cache, positions, read = prompts.mask, None, (prompts.mask.cumsum(1) - 1).clamp(min=0), prompts.tokens
    result = []
    for column in tokens.T:
        logits, cache = model.next_token_logits(read, mask=mask, positions=positions, cache=cache)
        result.append(logits)
        read, positions = column[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(read)], dim=1)
    assert torch.allclose(torch.stack(result, dim=1), model.logits(prompts, tokens), atol=1e-5)


def test_a_seed_gives_the_same_titles(model: LanguageModel) -> None:
    first, again, other = ([*sample_titles(model, "", 20, max_tokens=6, seed=seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 20


def test_a_title_cut_off_before_its_terminator_is_marked(model: LanguageModel) -> None:
    samples = [*sample_titles(model, "", 200, max_tokens=1, seed=1)]
    assert {sample.text for sample in samples if sample.ended} <= {""}
    assert not all(sample.ended for sample in samples)


def test_tokens_after_the_terminator_are_padding(model: LanguageModel) -> None:
    tokens = sample_tokens(
        model, model.encode_prompts([""] * 300), max_tokens=40, generator=torch.Generator().manual_seed(0)
    )
    ended = (tokens == model.end_token).cumsum(dim=1) - (tokens == model.end_token).long()
    assert ended.any()
    assert (tokens[ended > 0] == model.padding_token).all()


def test_every_sample_within_the_tree_is_a_title(model: LanguageModel) -> None:
    tree = tree_of(model)
    prompts = model.encode_prompts([""] * 400)
    tokens = sample_tokens(
        model, prompts, max_tokens=tree.path.shape[1], generator=torch.Generator().manual_seed(0), tree=tree
    )
    nodes = tree.walk(tokens.numpy())
    ends = nodes[np.arange(400), (nodes >= 0).sum(axis=1) - 1]
    counts = np.bincount(tree.title_of_node[ends], minlength=5)
    assert counts.sum() == 400
    assert (counts > 0).sum() > 1


def test_samples_are_proportional_to_the_model_s_probabilities(model: LanguageModel) -> None:
    tree = tree_of(model)
    first = np.exp(catalogue_log_probabilities(model, tree, ""))
    assert (first > 0).all()
    tokens = sample_tokens(
        model, model.encode_prompts([""] * 20_000), max_tokens=1, generator=torch.Generator().manual_seed(0)
    )
    shares = np.bincount(tokens[:, 0].numpy(), minlength=len(model.tokenizer)) / 20_000
    expected = model.logits(model.encode_prompts([""]), torch.tensor([[0]]))[0, 0].softmax(0).detach().numpy()
    assert np.abs(shares - expected).sum() == pytest.approx(0, abs=0.12)
