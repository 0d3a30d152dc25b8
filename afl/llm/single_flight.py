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
        self._in_flight: dict[str, asyncio.Future[Reply | None]] = {}

    async def join(self, fingerprint: str) -> Reply | None:
        """The reply of the equal request under way; None where there is none, or it gets nothing to share."""
        shared_reply = self._in_flight.get(fingerprint)
        # Shielded: one who gives up waiting must not take the others' reply away.
        return None if shared_reply is None else await asyncio.shield(shared_reply)

    async def lead(self, fingerprint: str, request: Awaitable[Reply]) -> Reply:
        """What `asking` gives; until it does, others may wait for it."""
        if fingerprint in self._in_flight:
            return await request
        shared_reply = self._in_flight[fingerprint] = asyncio.get_running_loop().create_future()
        shared = None
        try:
            reply = await request
            shared = reply if reply.outcome is Outcome.OK else None
        finally:
            del self._in_flight[fingerprint]
            shared_reply.set_result(shared)
        return reply
