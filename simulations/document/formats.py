"""Numbers as pages say them."""

from afl.metrics.intervals import Estimate


def rate(value: float) -> str:
    """`0.4016`"""
    return f"{value:.4f}"


def signed(value: float) -> str:
    """`+0.0082`, `-0.0164`, with a minus sign that is one."""
    return f"{value:+.4f}".replace("-", "−")


def interval(ci95: tuple[float, float]) -> str:
    """`0.3189 to 0.4903`"""
    return f"{rate(ci95[0])} to {rate(ci95[1])}"


def signed_interval(ci95: tuple[float, float]) -> str:
    """`−0.0164 to +0.0738`"""
    return f"{signed(ci95[0])} to {signed(ci95[1])}"


def estimate(found: Estimate) -> str:
    """`0.4016 (0.3189 to 0.4903)`"""
    return f"{rate(found.value)} ({interval(found.ci95)})"


def p_value(p: float) -> str:
    """`0.134`, or `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def share(part: int, whole: int) -> str:
    """`12 (9.8 %)`"""
    return f"{part:,} ({100 * part / whole:.1f} %)" if whole else f"{part:,}"


def dollars(cost: float | None) -> str:
    """`$1.2345`, or `unknown`."""
    return "unknown" if cost is None else f"${cost:,.4f}"
