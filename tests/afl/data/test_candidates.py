import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from afl.data.candidates import candidate_lists, with_target_at
from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.llara import import_llara
from afl.data.sessions import Row, session_rows
from afl.errors import UsageError


@pytest.fixture
def test_rows(small: Dataset) -> list[Row]:
    return session_rows(small, Split.TEST)


@pytest.fixture(scope="module")
def lastfm(shared_data: Path) -> Dataset:
    return import_llara(shared_data / "lastfm", ImportOptions("lastfm"))


def published_answers_on_lists(dataset: Dataset, shared_data: Path, seed: int) -> int:
    """How many of the published SASRec answers are on the reference lists of this seed."""
    with (shared_data / "prior_lastfm" / "SASRec.csv").open(encoding="utf-8") as file:
        answers = {line["id"]: line["generate"].strip().casefold() for line in csv.DictReader(file)}
    sessions = session_rows(dataset, Split.TEST)
    lists = candidate_lists(dataset, sessions, seed=seed, method="reference").items
    said = np.array([dataset.catalogue.by_title[answers[row.id]] for row in sessions])
    return int((lists == said[:, None]).any(axis=1).sum())


def test_all_122_published_answers_are_on_the_reference_lists_at_seed_303(
    lastfm: Dataset, shared_data: Path
) -> None:
    assert published_answers_on_lists(lastfm, shared_data, 303) == 122


def test_only_35_published_answers_are_on_the_reference_lists_at_seed_333(
    lastfm: Dataset, shared_data: Path
) -> None:
    assert published_answers_on_lists(lastfm, shared_data, 333) == 35


@pytest.mark.parametrize("method", ["seeded", "reference"])
def test_a_list_holds_the_target_once_and_no_item_twice(small: Dataset, test_rows: list[Row], method: str) -> None:
    lists = candidate_lists(small, test_rows, method=method).items  # type: ignore[arg-type]
    assert lists.shape == (3, 20)
    assert [len(set(chosen)) for chosen in lists.tolist()] == [20, 20, 20]
    assert [row.target in chosen for row, chosen in zip(test_rows, lists.tolist(), strict=True)] == [True] * 3


def test_seeded_lists_offer_no_other_item_that_the_user_touched(small: Dataset, test_rows: list[Row]) -> None:
    lists = candidate_lists(small, test_rows).items.tolist()
    assert [row.seen_items & set(chosen) for row, chosen in zip(test_rows, lists, strict=True)] == [
        {row.target} for row in test_rows
    ]


def test_held_out_items_and_other_touched_ones_are_known_too(small: Dataset, test_rows: list[Row]) -> None:
    assert test_rows[2].seen_items == {1, 2, 3, 4, 5, 6}


def test_a_subset_of_rows_gets_the_same_seeded_lists(small: Dataset, test_rows: list[Row]) -> None:
    alone = candidate_lists(small, test_rows[1:2]).items
    np.testing.assert_array_equal(alone, candidate_lists(small, test_rows).items[1:2])


def test_another_seed_gives_other_lists_and_another_hash(small: Dataset, test_rows: list[Row]) -> None:
    assert candidate_lists(small, test_rows, seed=1).hash != candidate_lists(small, test_rows, seed=2).hash


def test_equal_lists_have_equal_hashes(small: Dataset, test_rows: list[Row]) -> None:
    assert candidate_lists(small, test_rows).hash == candidate_lists(small, test_rows).hash


def test_every_untouched_item_is_drawn_about_equally_often(small: Dataset, test_rows: list[Row]) -> None:
    drawn = np.concatenate([candidate_lists(small, test_rows[:1], size=2, seed=n).items[0] for n in range(4200)])
    counts = np.bincount(drawn, minlength=50)[[i for i in range(50) if i not in test_rows[0].seen_items]]
    assert len(counts) == 42
    assert counts.sum() == 4200
    assert counts.min() > 60
    assert counts.max() < 140


def test_the_target_stands_anywhere_in_the_list(small: Dataset, test_rows: list[Row]) -> None:
    lists = np.concatenate([candidate_lists(small, test_rows[:1], size=4, seed=n).items for n in range(400)])
    places = np.bincount((lists == test_rows[0].target).argmax(axis=1), minlength=4)
    assert places.min() > 60


def test_a_list_may_take_every_untouched_item(small: Dataset, test_rows: list[Row]) -> None:
    chosen = candidate_lists(small, test_rows[:1], size=43).items[0].tolist()
    assert set(chosen) == set(range(50)) - test_rows[0].seen_items | {test_rows[0].target}


def test_a_user_who_touched_too_much_is_named(small: Dataset, test_rows: list[Row]) -> None:
    with pytest.raises(UsageError, match=r"session 'u9': 8 of 50 items are excluded, 42 are left .* at least 43"):
        candidate_lists(small, test_rows, size=44)


def test_a_list_of_one_is_refused(small: Dataset, test_rows: list[Row]) -> None:
    with pytest.raises(UsageError, match="expected at least 2"):
        candidate_lists(small, test_rows, size=1)


def test_an_unknown_method_is_refused(small: Dataset, test_rows: list[Row]) -> None:
    with pytest.raises(UsageError, match="expected 'seeded', 'reference' or 'source'"):
        candidate_lists(small, test_rows, method="random")  # type: ignore[arg-type]


def test_no_rows_give_no_lists(small: Dataset) -> None:
    assert candidate_lists(small, []).items.shape == (0, 20)


@pytest.mark.parametrize(("position", "place"), [("first", 0), ("last", 19)])
def test_a_target_moved_to_one_end_leaves_the_others_in_their_order(
    small: Dataset, test_rows: list[Row], position: str, place: int
) -> None:
    lists = candidate_lists(small, test_rows).items
    targets = [row.target for row in test_rows]
    moved = with_target_at(lists, targets, position)  # type: ignore[arg-type]
    assert moved[:, place].tolist() == targets
    assert [[i for i in one if i != t] for one, t in zip(moved.tolist(), targets, strict=True)] == [
        [i for i in one if i != t] for one, t in zip(lists.tolist(), targets, strict=True)
    ]


def test_at_random_a_list_stays_as_it_was_shuffled(small: Dataset, test_rows: list[Row]) -> None:
    lists = candidate_lists(small, test_rows).items
    assert with_target_at(lists, [row.target for row in test_rows], "random") is lists


def test_lists_of_the_source_are_taken_as_they_are(small: Dataset, test_rows: list[Row]) -> None:
    brought = [replace(row, candidates=(row.target, 48, 49)) for row in test_rows]
    lists = candidate_lists(small, brought, size=3, method="source").items
    assert lists.tolist() == [[row.target, 48, 49] for row in test_rows]


def test_a_row_without_a_list_of_its_own_or_with_one_of_another_length_is_told_the_way_out(
    small: Dataset, test_rows: list[Row]
) -> None:
    with pytest.raises(
        UsageError, match=r"'u9' has no candidate list from its source; .* --candidates-from seeded"
    ):
        candidate_lists(small, test_rows, method="source")
    brought = [replace(test_rows[0], candidates=(16, 48, 49))]
    with pytest.raises(
        UsageError, match="'u9' has a list of 3 candidates from its source, got 20; use --candidates 3"
    ):
        candidate_lists(small, brought, method="source")
