"""One value for each role: the specification of its language model, the model, the chat it asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from afl.types import Role

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class PerRole(Generic[T_co]):
    """A value for the recommendation agent and one for the user agent."""

    recommendation: T_co
    user: T_co

    @classmethod
    def shared(cls, value: U) -> "PerRole[U]":
        """The same value for both."""
        return PerRole(value, value)

    @property
    def distinct(self) -> tuple[T_co, ...]:
        """Each value once: to check, to close, to sum up."""
        return (self.recommendation,) if self._is_shared else (self.recommendation, self.user)

    def of(self, role: Role | str) -> T_co:
        """The value of a role."""
        return self.recommendation if role == Role.RECOMMENDATION else self.user

    def map(self, function: Callable[[T_co], U]) -> "PerRole[U]":
        """What `function` makes of each value; called once where both are equal, so that the result is shared too."""
        recommendation = function(self.recommendation)
        return PerRole(recommendation, recommendation if self._is_shared else function(self.user))

    @property
    def _is_shared(self) -> bool:
        return self.recommendation is self.user or self.recommendation == self.user
