"""How numbers are written, each kind in one form: whoever shows a number to people writes it with one of these.

A column of a table names one of them (`simulations.document.page.Column`), so that all its cells have the same digits.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from afl.metrics.intervals import Estimate

MISSING = "–"
"""What a cell shows where there is no number."""

SCALED = {"hit_rate_at_1": "HR@1", "f1": "F1", "auc_score": "AUC (score)", "auc_label": "AUC (label)"}
"""Metrics as keys of the JSON -> as tables name them, where `hr_at_10` -> `HR@10` does not say it."""


def text(value: object) -> str:
    """Words as they are."""
    return str(value)


def count(value: int) -> str:
    """`1,234`"""
    return f"{value:,}"


def rate(value: float) -> str:
    """`0.4016`: a rate, a mean of a metric, a share."""
    return f"{value:.4f}"


def signed(value: float) -> str:
    """`+0.0082`, `−0.0164`: a difference, with the typographic minus."""
    return f"{value:+.4f}".replace("-", "−")


def interval(ci95: tuple[float, float]) -> str:
    """`0.3189 to 0.4903`"""
    return f"{rate(ci95[0])} to {rate(ci95[1])}"


def signed_interval(ci95: tuple[float, float]) -> str:
    """`−0.0164 to +0.0738`"""
    return f"{signed(ci95[0])} to {signed(ci95[1])}"


def estimate(value: Estimate) -> str:
    """`0.4016 (0.3189 to 0.4903)`"""
    return f"{rate(value.value)} ({interval(value.ci95)})"


def short_estimate(value: Estimate) -> str:
    """`0.402 (0.319 to 0.490)`: several side by side in one row."""
    low, high = value.ci95
    return f"{value.value:.3f} ({low:.3f} to {high:.3f})" if value.n else MISSING


def estimate_with_n(value: Estimate) -> str:
    """`0.4016 (0.3189 to 0.4903), n = 122`"""
    return f"{estimate(value)}, n = {count(value.n)}"


def signed_estimate(value: Estimate) -> str:
    """`+0.0082 (−0.0164 to +0.0738)`"""
    return f"{signed(value.value)} ({signed_interval(value.ci95)})"


def p_value(p: float) -> str:
    """`0.134`, or `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def percent(value: float) -> str:
    """`9.8 %` of 0.098."""
    return f"{100 * value:.1f} %"


def part(of: tuple[int, int]) -> str:
    """`12 (9.8 %)` of 12 out of 122."""
    some, whole = of
    return f"{count(some)} ({percent(some / whole)})" if whole else count(some)


def progress(of: tuple[int, int]) -> str:
    """`12 of 122`"""
    return f"{count(of[0])} of {count(of[1])}"


def dollars(cost: float | None) -> str:
    """`$1.2345`, or `unknown` where no price is known."""
    return "unknown" if cost is None else f"${cost:,.4f}"


def price(prompt: float, completion: float, source: str | None) -> str:
    """`$0.15 prompt, $0.6 completion (profile)`, of dollars per million tokens and where the price is from."""
    return f"${prompt:g} prompt, ${completion:g} completion" + (f" ({source})" if source else "")


def small_dollars(cost: float) -> str:
    """`$0.000125`: the cost of one call, one session."""
    return f"${cost:,.6f}"


def seconds(value: float) -> str:
    """`12.3 s`"""
    return f"{value:,.1f} s"


def duration(value: float) -> str:
    """`1:02:03`, from seconds."""
    return str(timedelta(seconds=round(value)))


def date(value: datetime) -> str:
    """`2026-11-30 19:20`"""
    return value.strftime("%Y-%m-%d %H:%M")


def latency(value: float) -> str:
    """`0.84 s`: the time to one reply."""
    return f"{value:,.2f} s"


@cache
def decimal(digits: int) -> Callable[[float], str]:
    """A format with so many digits after the point: scores, means per session."""

    def write(value: float) -> str:
        return f"{value:,.{digits}f}"

    return write


def metric(name: str) -> str:
    """`HR@10` for `hr_at_10`: a metric's key in the JSON as the field writes it."""
    kind, at, k = name.partition("_at_")
    return SCALED.get(name) or (f"{kind.upper()}@{k}" if at else name)


def plural(number: int, noun: str, several: str = "") -> str:
    """`1 round`, `2 rounds`; `several` where an s is not enough."""
    return f"{count(number)} {noun if number == 1 else several or f'{noun}s'}"
