"""One thread for small networks: faster on a busy machine, and the same numbers whatever the number of cores."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_threaded() -> Iterator[None]:
    """Runs torch on one thread inside, and on as many as before afterwards.

    The networks here are too small to share out: on two cores that something else keeps busy, two threads that
    wait for each other took seven times the CPU time of one. And the order of additions, so the last digits of
    a score, would depend on how many there are.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
