"""The paper's numbers, as printed."""

from collections import Counter

import pytest

from afl.errors import UsageError
from simulations.reproduction.manifest import TARGETS, Manifest, Row, datasets_of, published_data

TABLES = ("table4", "table6", "table7")
DATASETS = ("lastfm", "steam", "movielens")


def rows(target: str, dataset: str = "lastfm") -> tuple[Row, ...]:
    return Manifest.of(target, dataset).rows


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_its_manifest(target: str) -> None:
    manifest = Manifest.of(target, "lastfm")
    assert manifest.target == target
    assert manifest.source.startswith("AFL (arXiv 2410.20027v2), ")
    assert {row.arm["study"] for row in manifest.rows} == set(manifest.studies)


@pytest.mark.parametrize(("target", "count"), [("table4", 21), ("table5", 27), ("table6", 6), ("table7", 4)])
def test_no_row_of_the_paper_is_left_out(target: str, count: int) -> None:
    assert len(rows(target)) == count


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("target", TABLES)
def test_hits_out_of_n_give_the_printed_value(target: str, dataset: str) -> None:
    printed = [row.published for row in rows(target, dataset) if row.published]
    off = [abs(one.hits / one.n - one.value) for one in printed if one.hits is not None]
    # Table 4 prints 38 of 122 = .31148 as .3114: it is cut off, not rounded.
    assert max(off) < 1e-4
    assert len(off) == len(rows(target, dataset))


def test_printed_f1_are_those_of_printed_precision_and_recall() -> None:
    printed = {(row.row, row.column): row.published.value for row in rows("table5") if row.published}
    pairs = [(printed[name, "Precision"], printed[name, "Recall"], printed[name, "F1"]) for name, _ in printed]
    assert [f1 for _, _, f1 in pairs] == pytest.approx([2 * p * r / (p + r) for p, r, _ in pairs], abs=2e-4)


def test_only_base_models_and_the_reward_model_ask_no_language_model() -> None:
    silent = [row for target in TARGETS for row in rows(target) if not row.asks_language_model]
    assert Counter(row.column for row in silent) == {
        "Base Model": 5,
        "HitRatio@1": 1,
        "Precision": 3,
        "Recall": 3,
        "F1": 3,
        "top 20 %": 1,
        "20 to 50 %": 1,
        "bottom 50 %": 1,
    }


def test_claims_are_about_arms_that_have_a_row() -> None:
    every = [Manifest.of(target, "lastfm") for target in TARGETS]
    arms = [row.arm for manifest in every for row in manifest.rows]
    claimed = [arm for manifest in every for claim in manifest.claims for _, arm in claim.contrast]
    assert len(claimed) > 20
    assert [arm for arm in claimed if arm not in arms] == []


def test_weights_of_a_claim_cancel() -> None:
    sums = [
        sum(weight for weight, _ in claim.contrast)
        for target in TARGETS
        for claim in Manifest.of(target, "lastfm").claims
    ]
    assert set(sums) == {0}


def test_tables_have_numbers_for_other_data_sets() -> None:
    assert [target for target in TARGETS if "steam" in datasets_of(target)] == list(TABLES)
    assert all("lastfm" in datasets_of(target) for target in TARGETS)


def test_a_data_set_the_paper_does_not_use_is_an_error_that_lists_the_others() -> None:
    with pytest.raises(UsageError, match="got 'demo', but the paper is about: lastfm, steam, movielens"):
        published_data("demo")
    with pytest.raises(UsageError, match=r"got 'steam', but .*Table 5 is about: lastfm"):
        Manifest.of("table5", "steam")
