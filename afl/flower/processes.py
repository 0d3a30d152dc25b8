"""Several GPUs through `accelerate launch`: each process takes its share of a batch. Alone, it is not even loaded."""

import os
from typing import Any

import torch
from torch import Tensor, nn


class Processes:
    """This process among those that train together."""

    def __init__(self) -> None:
        self._accelerator: Any = None
        self.rank, self.count = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import Accelerator  # type: ignore[import-untyped]

            self._accelerator = Accelerator(cpu=not torch.cuda.is_available())
            self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes

    @property
    def first(self) -> bool:
        """Whether it is this one that writes and reports."""
        return self.rank == 0

    def prepared(
        self, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The network whose gradients are averaged over all processes, and its optimizer."""
        if self._accelerator is None:
            return network, optimizer
        network = self._accelerator.prepare_model(network)
        return network, optimizer

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of this loss."""
        if self._accelerator is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self._accelerator.backward(loss)

    def shared(self, value: float) -> float:
        """The first process's value, in all of them: what is decided by it is decided everywhere."""
        if self._accelerator is None:
            return value
        from accelerate.utils import broadcast  # type: ignore[import-untyped]

        return float(broadcast(torch.tensor(value, dtype=torch.float64, device=self._accelerator.device)))

    def wait(self) -> None:
        """Returns when all have come here."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()
