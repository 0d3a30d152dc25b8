"""Comparisons of arms: a row per test, and a sentence that says which are significant."""

from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare
from simulations.document.page import Table
from simulations.sections.comparisons import blocks, table, verdict


def arm(name: str, hits: int) -> ArmResult:
    values = {str(user): float(user < hits) for user in range(100)}
    return ArmResult(
        arm=name, rounds=0, group={"base": "sasrec"}, seeds=(SeedValues(seed=303, run=None, values=values),)
    )


def cells(tests: list[PairedTest]) -> dict[str, str]:
    """The first row, by heading."""
    shown = table(tests)
    return dict(zip((column.heading for column in shown.columns), shown.cells[0], strict=True))


def test_a_significant_difference_has_all_its_numbers_in_a_row_and_is_named_below() -> None:
    tests = compare([arm("base", 20), arm("afl", 30)])
    row = cells(tests)
    assert (row["base model"], row["arms"], row["n"], row["difference"]) == (
        "sasrec",
        "afl − base",
        "100",
        "+0.1000",
    )
    assert (row["won"], row["lost"], row["p"], row["p (Holm)"]) == ("10", "0", "0.002", "0.002")
    assert verdict(tests).text == (
        "Significant at the 5 % level after Holm's adjustment: afl − base (sasrec): +0.1000."
    )


def test_a_worse_arm_has_a_negative_difference() -> None:
    tests = compare([arm("base", 30), arm("afl", 20)])
    row = cells(tests)
    assert (row["difference"], row["won"], row["lost"]) == ("−0.1000", "0", "10")
    assert verdict(tests).text.endswith("afl − base (sasrec): −0.1000.")


def test_a_difference_is_shown_with_the_minimum_detectable_effect() -> None:
    test = PairedTest(
        a="base",
        b="afl",
        group={},
        metric="hit_rate_at_1",
        n=122,
        difference=0.02,
        ci95=(-0.04, 0.08),
        won=8,
        lost=6,
        p=0.6,
        p_holm=1.0,
        detectable=0.09,
    )
    row = cells([test])
    assert (row["95 % interval"], row["p"], row["p (Holm)"]) == ("−0.0400 to +0.0800", "0.600", "1.000")
    assert row["minimum detectable effect (power .8)"] == "0.0900"
    assert (
        verdict([test]).text
        == "The difference of HR@1 is not significant at the 5 % level after Holm's adjustment."
    )


def test_of_several_only_the_significant_ones_are_named() -> None:
    tests = compare([arm("base", 20), arm("agent", 21), arm("afl", 40)])
    assert verdict(tests).text == (
        "Significant at the 5 % level after Holm's adjustment: afl − base (sasrec): +0.2000, "
        "afl − agent (sasrec): +0.1900; the other 1 difference is not."
    )


def test_without_comparisons_there_is_nothing_to_show() -> None:
    assert blocks([]) == ()


def test_too_few_users_have_no_minimum_detectable_effect() -> None:
    test = PairedTest.of_hits("base", "afl", won=1, lost=1, n=2)
    (shown, _) = blocks([test])
    assert isinstance(shown, Table)
    assert shown.cells[0][-1] == "–"
