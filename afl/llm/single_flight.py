"""Equal requests that are under way at the same time are sent once."""

import asyncio
from collections.abc import Awaitable

from afl.types import Outcome, Reply


class SingleFlight:
    """The requests under way, by fingerprint: whoever asks the same meanwhile waits for what the first one gets.

    Only an `OK` reply is shared. Where the first one gets none, those who waited ask themselves, all at once: a
    request that is declined once may well be declined again, and each would have to wait for all before it.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[Reply | None]] = {}

    async def join(self, fingerprint: str) -> Reply | None:
        """The reply of the equal request under way; None where there is none, or it gets nothing to share."""
        flight = self._under_way.get(fingerprint)
        # Shielded: one who gives up waiting must not take the others' reply away.
        return None if flight is None else await asyncio.shield(flight)

    async def lead(self, fingerprint: str, asking: Awaitable[Reply]) -> Reply:
        """What `asking` gives; until it does, others may wait for it."""
        if fingerprint in self._under_way:
            return await asking
        flight = self._under_way[fingerprint] = asyncio.get_running_loop().create_future()
        shared = None
        try:
            reply = await asking
            shared = reply if reply.outcome is Outcome.OK else None
        finally:
            del self._under_way[fingerprint]
            flight.set_result(shared)
        return reply
