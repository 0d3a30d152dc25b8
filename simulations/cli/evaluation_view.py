"""An evaluation as people read it: a table of arms, and what the tests say in plain words."""

import re
from collections.abc import Sequence

from rich.console import Console

from afl.metrics.intervals import Estimate
from simulations.cli.output import console, plain, table
from simulations.cli.simulation_view import STAND_IN
from simulations.evaluation import ArmHits, ArmTest, EvaluationReport


def show(report: EvaluationReport, out: Console | None = None) -> None:
    """Prints hit rates by base model and arm with intervals, then one sentence per test."""
    out = out or console()
    numbers = ("rounds", "hit rate @1", "n", "failed")
    arms = table("base model", "arm", "rounds", "hit rate @1", "95 % interval", "n", "failed", right=numbers)
    shown = _shortened([result.base for result in report.results])
    for result in report.results:
        arms.add_row(plain(shown[result.base]), result.arm, *_numbers(result))
    out.print(arms)
    if report.tests:
        tests = table("base model", "comparison")
        for test in report.tests:
            tests.add_row(plain(shown[test.base]), plain(in_words(test)))
        out.print()
        out.print(tests)
        out.print()
    if report.runs:
        out.print(plain(f"runs: {', '.join(report.runs)}"), style="dim")
    if report.exit_code:
        out.print(plain(_failures(report)), style="yellow")
    if report.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def in_words(test: ArmTest) -> str:
    """The test in a sentence; where nothing was found, how large a difference would have been."""
    low, high = test.ci95
    p = f"p {_p(test.p)} (Holm {_p(test.p_holm).removeprefix('= ')})"
    if test.found and test.difference > 0:
        return f"{test.b} beats {test.a} by {_short(test.difference)} [{_short(low)}, {_short(high)}], {p}"
    if test.found:
        return f"{test.a} beats {test.b} by {_short(-test.difference)} [{_short(-high)}, {_short(-low)}], {p}"
    measured = f"{test.b} against {test.a}: {_short(test.difference)} [{_short(low)}, {_short(high)}], {p}"
    return f"no difference can be told: n = {test.n} {_detectable(test)}; {measured}"


def _detectable(test: ArmTest) -> str:
    if test.detectable is None:
        return "is too few to show any"
    return f"could have shown {_short(test.detectable)}"


def _shortened(bases: Sequence[str]) -> dict[str, str]:
    """Base models as a table has room for them: a path by its last part, where that tells them apart."""
    short = {base: re.sub(r":.*[/\\]", ":", base) for base in bases}
    return short if len(set(short.values())) == len(short) else {base: base for base in bases}


def _numbers(result: ArmHits) -> tuple[str, ...]:
    rate = result.hit_rate_at_1
    return (str(result.rounds), f"{rate.value:.4f}", _interval(rate), str(rate.n), str(result.failures))


def _interval(rate: Estimate) -> str:
    return f"{rate.ci95[0]:.4f} to {rate.ci95[1]:.4f}"


def _failures(report: EvaluationReport) -> str:
    rates = [
        f"{result.base} {result.arm} {rate.value:.4f} (n = {rate.n})"
        for result in report.results
        if result.failures and (rate := result.hit_rate_at_1_completed)
    ]
    return f"Failed sessions count as misses. Without them: {', '.join(rates) or 'no session is left'}"


def _short(number: float) -> str:
    """`.08`: two digits, more where they would all be zero."""
    digits = 2 if number == 0 or abs(number) >= 0.005 else 4
    return f"{number:.{digits}f}".replace("0.", ".", 1) if abs(number) < 1 else f"{number:.{digits}f}"


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("= 0.", "= .")
