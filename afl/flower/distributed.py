"""Several GPUs through `accelerate launch`: each process takes its share of a batch. Alone, it is not even loaded."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # lists of models are read without it
    from torch import Tensor


def is_main_process() -> bool:
    """Whether this is the process that writes and reports; alone, a process is the first."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def main_process_first() -> Iterator[None]:
    """The first process runs what is inside, and the others when it has: they find what it left."""
    processes = ProcessGroup()
    if not processes.is_main:
        processes.wait()
    try:
        yield
    finally:
        if processes.is_main:
            processes.wait()


class ProcessGroup:
    """This process among those that train together."""

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
        """Whether it is this one that writes and reports."""
        return self.rank == 0

    def average_gradients(self, weights: "Iterable[Tensor]") -> None:
        """Gives the gradients of these weights, in all processes, their mean over the processes."""
        if self._state is None:
            return
        import torch
        from accelerate.utils import reduce  # type: ignore[import-untyped]

        every = list(weights)
        flat = [torch.zeros_like(one) if one.grad is None else one.grad for one in every]
        mean = reduce(torch.cat([one.flatten() for one in flat]), reduction="mean")
        for one, part in zip(every, mean.split([one.numel() for one in every]), strict=True):
            one.grad = part.view_as(one)

    def broadcast(self, value: float) -> float:
        """The first process's value, in all of them: what is decided by it is decided everywhere."""
        if self._state is None:
            return value
        import torch
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor(value, dtype=torch.float64, device=self._state.device)))

    def wait(self) -> None:
        """Returns when all have come here."""
        if self._state is not None:
            self._state.wait_for_everyone()
