"""Training on several GPUs with `accelerate launch`: each process takes its share of a batch.

A single process never imports `accelerate`.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # listing models must not load torch
    from torch import Tensor


def is_main_process() -> bool:
    """Whether this process writes files and reports progress; a single process does."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def main_process_first() -> Iterator[None]:
    """The main process runs the block first, then the others, which find the files it wrote."""
    processes = ProcessGroup()
    if not processes.is_main:
        processes.wait()
    try:
        yield
    finally:
        if processes.is_main:
            processes.wait()


class ProcessGroup:
    """The processes of a training, seen from this one."""

    def __init__(self) -> None:
        self._state: Any = None
        self.rank, self.count = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            import torch
            from accelerate import PartialState  # type: ignore[import-untyped]

            self._state = PartialState(cpu=not torch.cuda.is_available())
            self.rank, self.count = self._state.process_index, self._state.num_processes

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def average_gradients(self, weights: "Iterable[Tensor]") -> None:
        """Replaces the gradients of these weights, in every process, by their mean over the processes."""
        if self._state is None:
            return
        import torch
        from accelerate.utils import reduce  # type: ignore[import-untyped]

        parameters = list(weights)
        gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in parameters]
        mean = reduce(torch.cat([gradient.flatten() for gradient in gradients]), reduction="mean")
        sizes = [weight.numel() for weight in parameters]
        for weight, gradient in zip(parameters, mean.split(sizes), strict=True):
            weight.grad = gradient.view_as(weight)

    def broadcast(self, value: float) -> float:
        """The main process's value, in every process, so that all take the same decisions."""
        if self._state is None:
            return value
        import torch
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor(value, dtype=torch.float64, device=self._state.device)))

    def wait(self) -> None:
        """Waits until every process has called it."""
        if self._state is not None:
            self._state.wait_for_everyone()
