"""Runs small networks on one thread: faster on a busy machine, and the same results on any number of cores."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limits torch to one thread inside, and restores the number of threads afterwards.

    The networks here are too small to parallelise: on two busy cores, two threads waiting for each other took seven
    times the CPU time of one. And the order of additions, hence the last digits of a score, would depend on the
    number of threads.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
