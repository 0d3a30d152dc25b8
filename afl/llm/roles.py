"""One value for each role: the specification of its language model, the model, the chat it asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from afl.types import Role

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class PerRole(Generic[T]):
    """A value for the recommendation agent and one for the user agent."""

    recommendation: T
    user: T

    @classmethod
    def shared(cls, value: T) -> "PerRole[T]":
        """The same value for both."""
        return cls(value, value)

    @property
    def distinct(self) -> tuple[T, ...]:
        """Each value once: to check, to close, to sum up."""
        return (self.recommendation,) if self._is_shared else (self.recommendation, self.user)

    def of(self, role: Role | str) -> T:
        """The value of a role."""
        return self.recommendation if role == Role.RECOMMENDATION else self.user

    def map(self, function: Callable[[T], U]) -> "PerRole[U]":
        """What `function` makes of each value; called once where both are equal, so that the result is shared too."""
        recommendation = function(self.recommendation)
        return PerRole(recommendation, recommendation if self._is_shared else function(self.user))

    @property
    def _is_shared(self) -> bool:
        return self.recommendation is self.user or self.recommendation == self.user
