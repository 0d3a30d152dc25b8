"""Equal requests of earlier runs may answer, when asked for."""

from collections.abc import Awaitable, Callable

from afl.llm.reply_sources import ReplySource, Request
from afl.types import Reply

CacheLookup = Callable[[str], Awaitable[Reply | None]]
"""From a request's fingerprint to a usable reply that any run recorded, or None."""


class CachedSource:
    """A source in front of another: what is recalled costs nothing and is not sent.

    Only `OK` replies are ever recalled; failures, declined and truncated ones never answer.
    """

    def __init__(self, recall: CacheLookup, otherwise: ReplySource) -> None:
        self._recall = recall
        self._otherwise = otherwise

    async def answer(self, request: Request) -> Reply:
        """The recalled reply, else what the other source says."""
        reply = await self._recall(request.fingerprint)
        if reply is None:
            return await self._otherwise.answer(request)
        return reply.again()
