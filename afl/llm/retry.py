"""How often, and after which delay, a request is sent again after a transport error."""

from dataclasses import dataclass

from afl.draws import generator
from afl.types import CallKey


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter; the endpoint's Retry-After takes precedence."""

    tries: int = 4
    """Requests in total, the first included."""
    first_wait: float = 1.0
    """Seconds before the second attempt, without jitter; doubled for each further one."""
    longest_wait: float = 600.0
    """Seconds; a longer Retry-After is cut to these."""

    def wait(self, key: CallKey, retry: int, retry_after: float | None = None) -> float:
        """Seconds to wait before retry number `retry` (0 is the first).

        The jitter, between half and all of the backoff, is derived from the call's key: calls that fail together
        are not sent again together, and no random generator is shared.
        """
        jitter = generator("retry", *key, retry).uniform(0.5, 1.0)
        backoff = self.first_wait * 2**retry * jitter
        if retry_after is not None:
            backoff = retry_after + self.first_wait * (jitter - 0.5)
        return float(min(backoff, self.longest_wait))
