import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.catalogue import Catalogue, one_line
from afl.errors import DataError


@given(st.lists(st.text(max_size=6), min_size=1, max_size=20))
def test_shown_titles_are_unique_ignoring_case_and_on_one_line(titles: list[str]) -> None:
    catalogue = Catalogue.build([str(n) for n in range(len(titles))], titles)
    assert len(catalogue.by_title) == len(titles)
    assert catalogue.titles == tuple(one_line(title) for title in catalogue.titles)


@pytest.mark.parametrize(
    "forged", ["Up\nItem: Down", "Up\r\nItem: Down", "Up\u2028Item: Down", "Up\x0b\x85Item: Down"]
)
def test_a_line_break_in_a_title_cannot_begin_a_line(forged: str) -> None:
    assert one_line(forged) == "Up Item: Down"


def test_titles_that_are_told_apart_already_stay_as_they_are() -> None:
    assert Catalogue.build(["a", "b"], ["Up", "Down"]).titles == ("Up", "Down")


def test_an_empty_title_becomes_the_key() -> None:
    assert Catalogue.build(["a"], [" \n"]).titles == ("a",)


def test_a_key_that_occurs_twice_is_named() -> None:
    with pytest.raises(DataError, match="item 'a' occurs twice"):
        Catalogue.build(["a", "a"])


def test_the_hash_covers_keys_titles_and_attributes() -> None:
    base = Catalogue.build(["a"], ["Up"], [{"genre": ("x",)}])
    others = [
        Catalogue.build(["b"], ["Up"], [{"genre": ("x",)}]),
        Catalogue.build(["a"], ["Down"], [{"genre": ("x",)}]),
        Catalogue.build(["a"], ["Up"], [{"genre": ("y",)}]),
    ]
    assert len({base.hash, *(other.hash for other in others)}) == 4


def test_items_are_found_by_key_and_by_title_in_any_case() -> None:
    catalogue = Catalogue.build(["a", "b"], ["Up", "DOWN"])
    assert (catalogue.index["b"], catalogue.by_title["down"]) == (1, 1)
