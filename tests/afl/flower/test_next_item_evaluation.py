import numpy as np
import pytest

from afl.data.dataset import Dataset, Split
from afl.data.sessions import next_item_examples
from afl.flower.beam_search import DecodingConfig
from afl.flower.language_model import LanguageModel
from afl.flower.next_item_evaluation import build_report, recommend_by_base_model, recommend_by_beam_search
from afl.flower.personalisation import title_probabilities
from afl.flower.prefix_tree import PrefixTree
from afl.models.popularity import Popularity
from afl.models.scoring import TrainedModel
from afl.ports import no_progress


@pytest.fixture(scope="module")
def popular(games: Dataset) -> TrainedModel:
    network = Popularity.untrained(games)
    network.count(games.splits[Split.TRAIN])
    return TrainedModel(network, key="popular")


def test_numbers_worked_by_hand() -> None:
    result = build_report(
        np.array([[0, 1], [2, 1]]), np.array([1, 3]), np.array([3, 2, 2, 1]), ["a", "a b", "c", "d"]
    )
    assert result.ranks.tolist() == [1, 10]
    assert (result.ndcg_at_5.value, result.hr_at_5.value) == pytest.approx((0.5 / np.log2(3), 0.5))
    assert result.ttr == pytest.approx(3 / 6)


def test_the_json_has_the_documented_keys() -> None:
    result = build_report(
        np.array([[0, 1]] * 3), np.array([0, 1, 2]), np.array([3, 2, 2]), ["a", "b", "c"]
    ).to_json()
    assert list(result) == ["task", "n", "ndcg_at_5", "hr_at_5", "dgu_at_10", "mgu_at_10", "entropy_bits", "ttr"]
    assert (result["task"], result["n"], result["entropy_bits"]) == ("next-item", 3, 1.0)
    assert set(result["ndcg_at_5"]) == {"value", "ci95", "n"}


def test_recommending_as_histories_were_is_fair() -> None:
    result = build_report(np.array([[0, 1], [0, 2]]), np.array([0, 0]), np.array([2, 1, 1]), ["a", "b", "c"])
    assert (result.dgu_at_10, result.mgu_at_10) == (0, 0)


def test_a_search_gives_each_user_their_own_titles_whatever_the_order(
    games: Dataset, tree: PrefixTree, model: LanguageModel
) -> None:
    examples = next_item_examples(games, Split.TEST)
    result = recommend_by_beam_search(model, tree, games, examples, DecodingConfig(beams=3), progress=no_progress)
    backwards = recommend_by_beam_search(
        model, tree, games, examples[::-1], DecodingConfig(beams=3), progress=no_progress
    )
    assert result.shape == (5, 3)
    np.testing.assert_array_equal(result, backwards[::-1])


def test_a_base_model_with_weight_1_decides_the_search(
    games: Dataset, tree: PrefixTree, model: LanguageModel, popular: TrainedModel
) -> None:
    examples = next_item_examples(games, Split.TEST)
    decoding = DecodingConfig(beams=9, guidance=1.0, length_penalty=0.0)
    result = recommend_by_beam_search(model, tree, games, examples, decoding, base=popular, progress=no_progress)
    q = title_probabilities(tree, popular.score_catalogue([[0]]))[0]
    np.testing.assert_allclose(q[result], np.tile(np.sort(q)[::-1], (5, 1)))


def test_guidance_needs_a_base_model(games: Dataset, tree: PrefixTree, model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="expected one to guide it"):
        recommend_by_beam_search(
            model,
            tree,
            games,
            next_item_examples(games, Split.TEST),
            DecodingConfig(guidance=0.5),
            progress=no_progress,
        )


def test_a_base_model_ranks_titles_by_their_best_item(
    games: Dataset, tree: PrefixTree, popular: TrainedModel
) -> None:
    scores = popular.score_catalogue([[0]])[0]
    of_titles = [max(scores[tree.title_of_item == title]) for title in range(9)]
    result = recommend_by_base_model(popular, tree, next_item_examples(games, Split.TEST)[:1])
    assert [of_titles[title] for title in result[0]] == sorted(of_titles, reverse=True)
