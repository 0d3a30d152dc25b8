"""What it costs to ask for admission: a call in this process, and a call at a desk that is a process of its own.

`python -m benchmarks.desks`: calls that take no time, 64 under way, so that nothing but asking is measured.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic, process_time
from typing import NamedTuple

from afl.llm.limiter import AdaptiveLimiter
from afl.ports import Limiter
from afl.types import CallKey, Outcome, Reply
from simulations.engines.ray.cluster import Cluster
from simulations.engines.ray.service_actors import LimiterActor, RayLimiterClient
from simulations.engines.shared_limits import SharedLimiter

CALLS, AT_ONCE = 5_000, 64


class Cost(NamedTuple):
    """Of a call."""

    here: float
    """CPU of the asking process, in milliseconds."""
    there: float
    """CPU of the desk's, in milliseconds."""
    rate: float
    """Calls a second."""


class MeasuredActor(LimiterActor):
    """A desk that knows how long it has worked."""

    async def cpu(self) -> float:
        return process_time()


def main() -> int:
    """Prints what a call costs here and there."""
    asyncio.run(_local())
    cluster = Cluster.connect(None, 1, print)
    try:
        asyncio.run(_shared(cluster))
    finally:
        cluster.close()
    return 0


async def _local() -> None:
    _show("in this process", await _cost(AdaptiveLimiter(AT_ONCE), _nothing))


async def _shared(cluster: Cluster) -> None:
    actor = cluster.ray.remote(MeasuredActor).options(num_cpus=0).remote(None, None)
    await actor.begin.remote(AT_ONCE)
    limiter = SharedLimiter(RayLimiterClient(actor), "w", counts_tokens=False)
    await _asked(limiter, AT_ONCE)  # the actor has started
    _show("at a desk", await _cost(limiter, actor.cpu.remote))


async def _cost(limiter: Limiter, there: Callable[[], Awaitable[float]]) -> Cost:
    before, began, cpu = await there(), monotonic(), process_time()
    await _asked(limiter, CALLS)
    here, seconds = process_time() - cpu, monotonic() - began
    return Cost(1e3 * here / CALLS, 1e3 * (await there() - before) / CALLS, CALLS / seconds)


async def _asked(limiter: Limiter, calls: int) -> None:
    left = iter(range(calls))

    async def lane() -> None:
        for number in left:
            async with limiter.slot(CallKey(str(number), "loop", 1, "user", 0), []) as slot:
                slot.answered(Reply(Outcome.OK))

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))


async def _nothing() -> float:
    return 0.0


def _show(where: str, cost: Cost) -> None:
    print(f"{where:16} {cost.here:.3f} ms of CPU here, {cost.there:.3f} ms there, {cost.rate:,.0f} calls/s")


if __name__ == "__main__":
    raise SystemExit(main())
