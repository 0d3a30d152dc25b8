"""The accuracy above which guessing is no longer a plausible explanation."""

from typing import Any, NamedTuple

from scipy.stats import binomtest

IMPLAUSIBLE = 0.8
"""Share of the way from chance to certainty. At 20 candidates the best published accuracy is below .6."""


class Accuracy(NamedTuple):
    """A proportion with its exact interval, and the proportion expected by chance."""

    hits: int
    n: int
    low: float
    high: float
    chance: float

    @classmethod
    def of(cls, hits: int, n: int, *, chance: float) -> "Accuracy":
        """The interval is Clopper and Pearson's, 95 % (Biometrika 26, 1934); n = 0 gives [0, 1]."""
        if n == 0:
            return cls(0, 0, 0.0, 1.0, chance)
        interval = binomtest(hits, n).proportion_ci(method="exact")
        return cls(hits, n, float(interval.low), float(interval.high), chance)

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def implausible(self) -> bool:
        """The whole interval lies beyond `IMPLAUSIBLE` of the way from chance to certainty."""
        return self.low > self.chance + IMPLAUSIBLE * (1 - self.chance)

    def to_json(self) -> dict[str, Any]:
        return {
            "hits": self.hits,
            "n": self.n,
            "accuracy": self.value,
            "ci95": [self.low, self.high],
            "chance": self.chance,
        }
