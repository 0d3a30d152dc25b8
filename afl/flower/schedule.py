"""The learning rate over a training: up, along, and down to nothing. Without the last part mass stays off the tree."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Schedule:
    """Linear warm-up, a plateau, linear decay to 0; a plateau cut short by early stopping makes the decay shorter."""

    steps: int
    """At most."""
    warm_up: int
    decay: float
    """Share of the steps that are decay, above 0."""

    @property
    def latest_turn(self) -> int:
        """The last step of the plateau where nothing stops it before."""
        return max(1, self.steps - ceil(self.steps * self.decay))

    def end(self, turn: int | None) -> int:
        """The last step, given the last one of the plateau (None as long as it goes on)."""
        if turn is None or turn >= self.latest_turn:
            return self.steps
        return min(self.steps, max(turn + 1, ceil(turn * self.steps / self.latest_turn)))

    def share(self, step: int, turn: int | None) -> float:
        """The share of the full learning rate at a step, counted from 1."""
        last = self.latest_turn if turn is None else turn
        up = min(1.0, step / max(self.warm_up, 1))
        if step <= last:
            return up
        end = self.end(turn)
        return up * (end + 1 - step) / (end + 1 - last)
