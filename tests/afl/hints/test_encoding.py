"""Sessions as feature vectors."""

import numpy as np
import pytest

from afl.data.dataset import Dataset
from afl.errors import NotFoundError, UsageError
from afl.hints.attribute_encoder import AttributeEncoder
from afl.hints.encoding import CLIP, Encoding
from afl.hints.text_encoder import TextEncoder
from afl.models.text_features import item_text
from tests.afl.hints.conftest import view


def encoded(dataset: Dataset, *history: int) -> dict[str, float]:
    """The features of a history under an encoder fitted to two sessions, by name."""
    encoder = AttributeEncoder.fit(dataset, [view(dataset, 0, 1, 2), view(dataset, 3, 4)])
    return dict(zip(encoder.features, encoder.encode([view(dataset, *history)])[0].tolist(), strict=True))


def test_values_are_shares_of_the_history(films: Dataset) -> None:
    numbers = encoded(films, 0, 3, 1)
    assert numbers["genre: Crime"] == pytest.approx(2 / 3)
    assert numbers["genre: Horror"] == pytest.approx(1 / 3)
    assert numbers["genre: Action"] == 0


def test_an_attribute_of_years_gives_decades_and_a_mean(films: Dataset) -> None:
    numbers = encoded(films, 0, 1)
    assert (numbers["year: 1990s"], numbers["year: 1970s"], numbers["year"]) == (0.5, 0.5, 1987)
    assert numbers["standard deviation of year"] == 8


def test_the_largest_share_measures_how_uniform_a_history_is(films: Dataset) -> None:
    assert encoded(films, 1, 2)["largest share of a genre"] == 1
    assert encoded(films, 0, 1)["largest share of a genre"] == 0.5


def test_popularity_counts_training_sequences(films: Dataset) -> None:
    assert encoded(films, 1)["popularity"] == pytest.approx(np.log1p(2))
    assert encoded(films, 3)["popularity"] == 0


def test_frequent_words_of_titles_are_features(films: Dataset) -> None:
    assert encoded(films, 1, 2)["title: aliens"] == 0.5


def test_an_item_without_attributes_has_the_mean_year_and_no_value(films: Dataset) -> None:
    numbers = encoded(films, 4)
    assert numbers["year"] == pytest.approx(1989.5)
    assert numbers["largest share of a genre"] == 0


def test_candidates_and_session_id_do_not_matter(films: Dataset) -> None:
    encoder = AttributeEncoder.fit(films, [view(films, 0, 1)])
    first, other = view(films, 0, 2), view(films, 0, 2)
    other = type(other)("other", films.domain, other.history, other.history_titles, (3, 4), ("Ronin", "Untitled"))
    assert np.array_equal(*encoder.encode([first, other]))


def test_an_encoder_is_restored_from_json(films: Dataset) -> None:
    encoder = AttributeEncoder.fit(films, [view(films, 0, 1, 2)])
    again = AttributeEncoder.restore(films, encoder.to_json())
    views = [view(films, 0, 4), view(films, 3)]
    assert np.array_equal(again.encode(views), encoder.encode(views))
    assert again.features == encoder.features


def test_states_have_mean_0_and_deviation_1_over_the_sessions_they_were_fitted_to(films: Dataset) -> None:
    views = [view(films, 0, 1), view(films, 2, 3), view(films, 1), view(films, 4, 0, 1)]
    states = Encoding.fit("attributes", films, views).states(views)
    varying = states.std(axis=0) > 0
    assert states.mean(axis=0) == pytest.approx(np.zeros(states.shape[1]), abs=1e-5)
    assert states.std(axis=0)[varying] == pytest.approx(np.ones(varying.sum()), abs=1e-4)


def test_a_session_far_from_all_others_is_still_within_bounds(films: Dataset) -> None:
    encoding = Encoding.fit("attributes", films, [view(films, 0, 1), view(films, 0, 1), view(films, 1, 0)])
    assert np.abs(encoding.states([view(films, 4, 4, 4)])).max() <= CLIP


def test_an_unknown_encoder_is_refused_with_the_available_ones(films: Dataset) -> None:
    with pytest.raises(NotFoundError, match="attributes, sentence-transformers"):
        Encoding.fit("bert", films, [view(films, 0)])


def test_attributes_take_no_argument(films: Dataset) -> None:
    with pytest.raises(UsageError, match="expected attributes alone"):
        Encoding.fit("attributes:x", films, [view(films, 0)])


def test_a_text_is_the_title_and_every_attribute(films: Dataset) -> None:
    assert item_text(films.catalogue, 0) == "Heat. genre: Crime, Thriller. year: 1995"


def test_item_texts_are_embedded_once_and_averaged(films: Dataset) -> None:
    batches: list[list[str]] = []

    def lengths(texts: list[str]) -> np.ndarray:
        batches.append(texts)
        return np.array([[len(text)] for text in texts], np.float32)

    encoder = TextEncoder(films.catalogue, "model", lengths)
    numbers = encoder.encode([view(films, 1, 2, 1), view(films, 2)])
    first, second = (len(item_text(films.catalogue, item)) for item in (1, 2))
    assert numbers[:, 0] == pytest.approx([(2 * first + second) / 3, second])
    assert [len(texts) for texts in batches] == [2]


def test_a_missing_model_is_named(films: Dataset) -> None:
    with pytest.raises(UsageError, match="got 'nowhere', expected sentence-transformers:PATH"):
        Encoding.fit("sentence-transformers:nowhere", films, [view(films, 0)])
