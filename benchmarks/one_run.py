"""One simulation in this process, and what it took: `python -m benchmarks.one_run HOME DATASET SESSIONS [URL]`."""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time

from afl.ports import Progress
from afl.settings import Settings
from simulations import simulate

ROUNDS = 4
OFFLINE_AT_ONCE = 256
"""Sessions under way without an endpoint: as many replies go to disk together."""


class CpuWatch:
    """A watch that notes the CPU seconds used so far whenever another tenth of the sessions is done."""

    def __init__(self) -> None:
        self.tenths: list[float] = []

    def say(self, line: str) -> None: ...

    @contextmanager
    def bar(self, label: str) -> Iterator[Progress]:
        self.tenths = []

        def update(done: int, total: int, text: str = "") -> None:
            while len(self.tenths) <= 10 * done // total:
                self.tenths.append(process_time())

        yield update

    def milliseconds(self, sessions: int) -> list[float]:
        """CPU per session in each tenth of the run."""
        return [
            10_000 * (after - before) / sessions
            for before, after in zip(self.tenths, self.tenths[1:], strict=False)
        ]


def main(home: str, dataset: str, sessions: str, url: str | None = None) -> None:
    """Prints what it took: seconds, CPU milliseconds a session by tenths, peak memory in MB, bytes of database."""
    settings = Settings.model_validate({"AFL_HOME": Path(home), "AFL_DB": None, "OPENAI_API_KEY": None})
    database = Path(home) / f"{dataset}-{sessions}.db"
    watch = CpuWatch()
    report = simulate(
        dataset=dataset,
        llm="offline" if url is None else "openai:bench",
        base_url=url,
        split="all",
        rounds=ROUNDS,
        sessions=int(sessions),
        concurrency=OFFLINE_AT_ONCE if url is None else int(sessions),
        recommender="none",
        reward="none",
        run="bench",
        db=f"sqlite:///{database}",
        settings=settings,
        watch=watch,
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "sessions": report.sessions,
        "failed": report.failed,
        "calls": report.llm["calls"],
        "seconds": report.seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "cpu_ms": watch.milliseconds(report.sessions),
        "mb": used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "bytes": sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*")),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
