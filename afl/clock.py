"""The clock of the machine; tests use a fake one."""

import asyncio
import time


class SystemClock:
    """Real seconds and real waiting."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
