"""Agreement of the user agent with the reward score it is shown, and with the labels it is not."""

from collections.abc import Sequence

from simulations.analysis.agreement import AgreementReport, ArmAgreement
from simulations.document.formats import decimal, progress, rate, short_estimate
from simulations.document.page import Column, Page, Section, Table
from simulations.sections import comparisons, costs, notes

_QUARTERS = ("lowest scores", "second quarter", "third quarter", "highest scores")
_RATES = (Column("ratio"), Column("arm"), Column("all items", rate), *(Column(name, rate) for name in _QUARTERS))
_AGREEMENT = (
    Column("ratio"),
    Column("arm"),
    Column("yes ~ score", short_estimate),
    Column("yes ~ label", short_estimate),
    Column("score ~ label", short_estimate),
    Column("correlation", decimal(3)),
    Column("all yes or all no", progress),
)


def page(report: AgreementReport) -> Page:
    """The page of `afl study agreement`."""
    results = _by_ratio(report.results)
    tests = comparisons.blocks(report.tests)
    missing = sum(result.failures for result in results)
    failed = f"{missing} items without an answer are left out." if report.exit_code else ""
    sections = (
        Section("Yes-rate by reward score", (_yes_rates(results),)),
        Section("Agreement (AUC)", (_agreement(results),)),
        Section("Comparisons", tests) if tests else None,
        costs.of_study(report.costs),
        Section("", tuple(notes.runs_note(report.runs))),
    )
    return Page(
        "Agreement of the user agent with the reward model",
        notes.warnings(stand_in=report.stand_in, audit=report.audit, failed=failed),
        tuple(section for section in sections if section and section.blocks),
    )


def _yes_rates(results: Sequence[ArmAgreement]) -> Table:
    rows = []
    for result in results:
        rates = (result.agreement.yes_rate, *result.agreement.bands)
        rows.append([result.ratio, result.arm, *(value.value for value in rates)])
    return Table.of("", _RATES, rows)


def _agreement(results: Sequence[ArmAgreement]) -> Table:
    rows = []
    for result in results:
        agreement = result.agreement
        aucs = (agreement.auc_score, agreement.auc_label, agreement.auc_reward)
        constant = (agreement.undivided, agreement.users)
        rows.append([result.ratio, result.arm, *aucs, agreement.correlation.value, constant])
    return Table.of("", _AGREEMENT, rows)


def _by_ratio(results: Sequence[ArmAgreement]) -> list[ArmAgreement]:
    ratios = list(dict.fromkeys(result.ratio for result in results))
    return sorted(results, key=lambda result: ratios.index(result.ratio))
