"""Admission to the endpoint: how many requests are under way at once."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from afl.errors import UsageError
from afl.types import CallKey, Message


class ConcurrencyLimiter:
    """At most `limit` requests under way; the others wait in the order they came."""

    def __init__(self, limit: int = 64) -> None:
        if limit < 1:
            raise UsageError(f"got concurrency {limit}, expected at least 1")
        self._semaphore = asyncio.Semaphore(limit)

    def slot(self, key: CallKey, messages: Sequence[Message]) -> AbstractAsyncContextManager[None]:
        return self._semaphore
