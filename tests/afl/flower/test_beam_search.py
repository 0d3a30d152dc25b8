import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.flower.beam_search import DecodingConfig, beam_search
from afl.flower.language_model import LanguageModel
from afl.flower.prefix_tree import PrefixTree
from afl.flower.title_scoring import title_log_probabilities

PROMPTS = ["played:\nDoom\n", "played:\nZelda\nTetris\nPong\n", "played:\n"]


def every_title(model: LanguageModel, tree: PrefixTree, prompts: list[str]) -> np.ndarray:
    """(B, K) log probability of each title after each prompt, one title at a time, without a cache."""
    result = np.empty((len(prompts), len(tree.titles)))
    for row, text in enumerate(prompts):
        for title in range(len(tree.titles)):
            tokens = torch.from_numpy(tree.tokens([title], padding=model.padding_token))
            with torch.no_grad():
                result[row, title] = float(model.log_probabilities(model.encode_prompts([text]), tokens).sum())
    return result


@pytest.fixture(scope="module")
def exact(model: LanguageModel, tree: PrefixTree) -> np.ndarray:
    return every_title(model, tree, PROMPTS)


def test_titles_are_scored_as_if_one_by_one(model: LanguageModel, tree: PrefixTree, exact: np.ndarray) -> None:
    titles = np.tile(np.arange(len(tree.titles)), (3, 1))
    result = title_log_probabilities(model, tree, model.encode_prompts(PROMPTS), titles)
    np.testing.assert_allclose(result, exact, atol=1e-4)


def test_a_title_listed_twice_has_one_score(model: LanguageModel, tree: PrefixTree, exact: np.ndarray) -> None:
    result = title_log_probabilities(model, tree, model.encode_prompts(PROMPTS[:1]), [[3, 0, 3]])
    np.testing.assert_allclose(result[0], exact[0, [3, 0, 3]], atol=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 0.6])
def test_as_many_beams_as_titles_find_the_best_titles_in_order(
    model: LanguageModel, tree: PrefixTree, exact: np.ndarray, penalty: float
) -> None:
    wanted = exact / tree.length**penalty
    beams = beam_search(
        model, tree, model.encode_prompts(PROMPTS), DecodingConfig(beams=9, length_penalty=penalty)
    )
    np.testing.assert_allclose(beams.scores, -np.sort(-wanted, axis=1), atol=1e-4)
    np.testing.assert_array_equal(beams.titles, np.argsort(-wanted, axis=1))


@settings(deadline=None, max_examples=6)
@given(st.integers(1, 12), st.floats(0, 2), st.floats(0.5, 3))
def test_every_beam_is_a_distinct_title(
    model: LanguageModel, tree: PrefixTree, beams: int, penalty: float, temperature: float
) -> None:
    decoding = DecodingConfig(beams=beams, length_penalty=penalty, temperature=temperature)
    result = beam_search(model, tree, model.encode_prompts(PROMPTS), decoding)
    assert result.titles.shape == (3, min(beams, len(tree.titles)))
    assert [len(set(row)) for row in result.titles.tolist()] == [result.titles.shape[1]] * 3
    assert (np.diff(result.scores, axis=1) <= 0).all()


def test_a_prompt_has_the_same_beams_alone_and_among_others(model: LanguageModel, tree: PrefixTree) -> None:
    together = beam_search(model, tree, model.encode_prompts(PROMPTS), DecodingConfig(beams=4))
    alone = beam_search(model, tree, model.encode_prompts(PROMPTS[1:2]), DecodingConfig(beams=4))
    np.testing.assert_array_equal(together.titles[1], alone.titles[0])
    np.testing.assert_allclose(together.scores[1], alone.scores[0], atol=1e-4)


def test_temperature_divides_the_logits(model: LanguageModel, tree: PrefixTree) -> None:
    hot = beam_search(
        model, tree, model.encode_prompts(PROMPTS), DecodingConfig(beams=9, temperature=1e6, length_penalty=1.0)
    )
    uniform = -np.log(len(model.tokenizer))
    np.testing.assert_allclose(hot.scores, uniform, atol=1e-3)


def test_a_guide_with_weight_1_decides_alone(model: LanguageModel, tree: PrefixTree) -> None:
    shares = np.arange(1.0, 10.0)
    guide = np.tile(tree.log_process_rewards(tree.flows(shares)), (3, 1))
    result = beam_search(
        model,
        tree,
        model.encode_prompts(PROMPTS),
        DecodingConfig(beams=9, guidance=1.0, length_penalty=0.0),
        guide=guide,
    )
    assert result.titles.tolist() == [list(range(8, -1, -1))] * 3
    np.testing.assert_allclose(np.exp(result.scores[0]), shares[::-1] / shares.sum())


def test_a_guide_is_mixed_in_by_its_weight(model: LanguageModel, tree: PrefixTree, exact: np.ndarray) -> None:
    log_shares = tree.log_process_rewards(tree.flows(np.arange(1.0, 10.0)))
    wanted = 0.7 * exact + 0.3 * tree.log_probabilities(log_shares)
    decoding = DecodingConfig(beams=9, guidance=0.3, length_penalty=0.0)
    result = beam_search(model, tree, model.encode_prompts(PROMPTS), decoding, guide=np.tile(log_shares, (3, 1)))
    np.testing.assert_array_equal(result.titles, np.argsort(-wanted, axis=1))
