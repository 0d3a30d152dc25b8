"""Sends equal requests that are under way at the same time only once."""

import asyncio
from collections.abc import Awaitable

from afl.types import Outcome, Reply


class SingleFlight:
    """The requests under way, by fingerprint: an equal request waits for the reply to the first.

    Only an `OK` reply is shared. Where the first request gets none, all that waited are sent at once: a request that
    was declined may well be declined again, and each would have to wait for all before it.
    """

    def __init__(self) -> None:
        self._in_flight: dict[str, asyncio.Future[Reply | None]] = {}

    async def join(self, fingerprint: str) -> Reply | None:
        """The reply to the equal request under way; None where there is none or it gets no reply to share."""
        shared_reply = self._in_flight.get(fingerprint)
        # Shielded: a caller that is cancelled must not cancel the others' reply.
        return None if shared_reply is None else await asyncio.shield(shared_reply)

    async def lead(self, fingerprint: str, request: Awaitable[Reply]) -> Reply:
        """The reply to this request, which equal ones can join until it is there."""
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
