"""What tokens cost: US dollars per million, for those that a provider's cache holds too."""

from dataclasses import dataclass, field
from typing import NamedTuple


class CacheTokens(NamedTuple):
    """The part of a prompt that a provider's cache had, or got: charged at rates of its own by many providers."""

    read: int = 0
    written: int = 0
    """For minutes, as caches do unless asked otherwise."""
    written_1h: int = 0
    """For an hour, where the request asks for that."""


NO_CACHE = CacheTokens()


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, whether a cache has them or not."""

    prompt: float
    completion: float
    source: str = field(default="", compare=False)
    """Where it is stated, for display; empty where a plug-in knows its price itself."""

    @property
    def price_list(self) -> str:
        """Name and version of the list of prices that it is from; empty for a price that somebody stated."""
        return ""

    @property
    def is_free(self) -> bool:
        return self.prompt == self.completion == 0

    def of(
        self, prompt: float, completion: float, *, cache: CacheTokens = NO_CACHE, at: float | None = None
    ) -> float:
        """US dollars for a request with this many tokens, averages included.

        `cache` is part of the prompt. `at`: when the request was sent, in seconds since 1970; None is now.
        """
        return (self.prompt * prompt + self.completion * completion) / 1e6

    def most(self, prompt: float, completion: float, *, at: float | None = None) -> float:
        """An upper bound in US dollars for a request of at most this many tokens, whatever a cache does."""
        return self.of(prompt, completion, at=at)
