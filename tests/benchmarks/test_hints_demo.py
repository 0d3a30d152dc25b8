"""How choices are held against tastes: counted, and dealt out at random."""

import pytest

from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers.demo import import_demo
from afl.testing.policies import constant_policy
from benchmarks.hints_demo import COLUMNS, NONE, Fit, as_table, fit_of


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return import_demo(None, ImportOptions("demo"), users=300)


def fit(demo: Dataset, hint: str, *, choose: int = 1) -> Fit:
    return fit_of(constant_policy(demo, [hint], choose=choose, probability=0.9), demo)


@pytest.mark.parametrize(
    ("hint", "column"),
    [
        ("Prefer older movies.", "era"),
        ("Look for movies of the 1960s.", "era"),
        ("Prefer Thriller movies.", "genre"),
        ("Look for movies by Akira Kurosawa.", "director"),
        ("Include movies from France.", "country"),
        ("Prefer less popular movies.", "popularity"),
        ("Mind the mood.", "another"),
    ],
)
def test_a_hint_is_counted_under_the_aspect_that_it_speaks_of(demo: Dataset, hint: str, column: str) -> None:
    counts = fit(demo, hint).counts
    assert counts[:, COLUMNS.index(column)].sum() == counts.sum()


def test_a_policy_that_always_says_the_same_fits_as_chance_would(demo: Dataset) -> None:
    found = fit(demo, "Prefer older movies.")
    assert found.fitting == pytest.approx(found.chance)
    assert found.p == 1


def test_no_hint_fits_nobody(demo: Dataset) -> None:
    found = fit(demo, "Prefer older movies.", choose=0)
    assert (found.fitting, found.counts[:, COLUMNS.index(NONE)].sum()) == (0, found.counts.sum())
    assert "| **0** |" in as_table(found)
