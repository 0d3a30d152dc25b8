"""Whether ours differs significantly from a published number, and whether a claim holds here.

**Hit rates.** The paper gives hits out of n users and no interval. Ours differ from them when Newcombe's 95 %
interval of the difference of the two proportions leaves 0 out: the paper's 122 users are a sample like ours. They are
the same users, but who was hit in the paper is not known, so the two count as independent: the interval is wider than
a paired one, and a verdict `not consistent` is the safer for it.

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
    """What can be said about a row; the values are those of the JSON."""

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
        """As people read it."""
        return "not implemented" if self is Verdict.NOT_IMPLEMENTED else self.value


class ClaimVerdict(StrEnum):
    """Whether a claim holds here; the values are those of the JSON."""

    YES = "holds"
    NO = "does not hold"
    INCONCLUSIVE = "cannot be told"
    """The interval has room for both."""

    @property
    def label(self) -> str:
        """As people read it."""
        return "inconclusive" if self is ClaimVerdict.INCONCLUSIVE else self.value


def difference(ours: Estimate, published: Published, draws: NDArray[np.float64] | None = None) -> Estimate:
    """Ours minus the published value with its 95 % interval; `draws` are our bootstrapped values, of means.

    A hit rate is one of hits out of n on both sides; anything else is a mean and needs `draws`.
    """
    if published.hits is not None:
        return newcombe(round(ours.value * ours.n), ours.n, published.hits, published.n)
    if draws is None:
        raise ValueError("a mean is compared by its bootstrapped values, and there are none")
    # Resampled means of U users spread by sqrt((U - 1) / U) too little, and their t distribution is not the normal.
    error = float(draws.std()) * (ours.n / (ours.n - 1)) ** 0.5 if ours.n > 1 else float("inf")
    half = float(stdtrit(max(ours.n - 1, 1), 0.975)) * error * (1 + ours.n / published.n) ** 0.5
    value = ours.value - published.value
    return Estimate(value, (value - half, value + half), min(ours.n, published.n))


def verdict_of(found: Estimate) -> Verdict:
    """`consistent` where the interval of the difference has room for 0."""
    low, high = found.ci95
    return Verdict.CONSISTENT if low <= 0 <= high else Verdict.NOT_CONSISTENT


def check_claim(contrast: NDArray[np.float64], *, at_least: bool = False) -> tuple[Estimate, ClaimVerdict]:
    """A claim's sum, (U,) user by user: it holds where its mean is above 0 beyond doubt (`at_least`: not below)."""
    found = bootstrap_mean(contrast)
    low, high = found.ci95
    if low > 0 or (at_least and low >= 0):
        return found, ClaimVerdict.YES
    # No user at all on either side: nothing is left to doubt.
    nothing = low == high == 0
    return found, ClaimVerdict.NO if high < 0 or nothing else ClaimVerdict.INCONCLUSIVE
