"""Whether ours differs significantly from a published number, and whether a claim holds here.

**Hit rates.** The paper gives hits out of n users and no interval. Ours differ from them when Newcombe's 95 %
interval of the difference of the two proportions excludes 0: the paper's 122 users are a sample like ours. They are
the same users, but the paper does not say which of them were hits, so the two count as independent: the interval is
wider than a paired one, which makes a verdict `not consistent` safer.

**Means** (precision, recall, F1). The paper gives neither n nor spread. Its spread is taken to be ours and its n the
number in the manifest: the standard error of the difference is √(1 + n / n_paper) times ours, bootstrapped over users.

Several verdicts at 5 % each: of twenty rows that truly agree, one is expected to come out as `not consistent`.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from afl.metrics.intervals import Estimate, bootstrap_mean, newcombe
from simulations.reproduction.manifest import Published


class Verdict(StrEnum):
    """The verdict on a row; the values are those of the JSON."""

    CONSISTENT = "consistent"
    """The published value and ours do not differ significantly."""
    NOT_CONSISTENT = "not consistent"
    OFFLINE = "not comparable: offline model"
    """The row depends on a language model, and the one here is the offline stand-in."""
    OTHER_LLM = "not comparable: another language model"
    """The row is about a language model by itself, and the one here is another."""
    OTHER_DATA = "not comparable: other data"
    """The data set is not the paper's."""
    NOT_IMPLEMENTED = "not built"
    """The base model or study does not exist here yet."""
    NO_NUMBER = "no published number"
    """The paper shows it in a figure only."""

    @property
    def label(self) -> str:
        """As shown to people."""
        return "not implemented" if self is Verdict.NOT_IMPLEMENTED else self.value


class ClaimVerdict(StrEnum):
    """Whether a claim holds here; the values are those of the JSON."""

    YES = "holds"
    NO = "does not hold"
    INCONCLUSIVE = "cannot be told"
    """The interval includes 0."""

    @property
    def label(self) -> str:
        """As shown to people."""
        return "inconclusive" if self is ClaimVerdict.INCONCLUSIVE else self.value


def difference(ours: Estimate, published: Published, draws: NDArray[np.float64] | None = None) -> Estimate:
    """Ours minus the published value with its 95 % interval; `draws` are our bootstrapped values, of means.

    A hit rate is one of hits out of n on both sides; anything else is a mean and needs `draws`.
    """
    if published.hits is not None:
        return newcombe(round(ours.value * ours.n), ours.n, published.hits, published.n)
    if draws is None:
        raise ValueError("a mean is compared by its bootstrapped values: expected draws, got none")
    # Resampled means of U users spread by sqrt((U - 1) / U) too little, and their t distribution is not the normal.
    error = float(draws.std()) * (ours.n / (ours.n - 1)) ** 0.5 if ours.n > 1 else float("inf")
    half = float(stdtrit(max(ours.n - 1, 1), 0.975)) * error * (1 + ours.n / published.n) ** 0.5
    value = ours.value - published.value
    return Estimate(value, (value - half, value + half), min(ours.n, published.n))


def verdict_of(delta: Estimate) -> Verdict:
    """`consistent` where the interval of the difference includes 0."""
    low, high = delta.ci95
    return Verdict.CONSISTENT if low <= 0 <= high else Verdict.NOT_CONSISTENT


def check_claim(contrast: NDArray[np.float64], *, at_least: bool = False) -> tuple[Estimate, ClaimVerdict]:
    """The mean of a claim's sums, (U,) per user; the claim holds if its interval is above 0 (`at_least`: not below)."""
    mean = bootstrap_mean(contrast)
    low, high = mean.ci95
    if low > 0 or (at_least and low >= 0):
        return mean, ClaimVerdict.YES
    # No user differs at all: the claim does not hold.
    all_zero = low == high == 0
    return mean, ClaimVerdict.NO if high < 0 or all_zero else ClaimVerdict.INCONCLUSIVE
