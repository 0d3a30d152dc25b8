"""Where the CPU time of a session with the offline model goes: `python -m benchmarks.where --home HOME`.

Every few milliseconds of CPU time the stack is looked at; what was running belongs to the innermost part that it is
in. Much kinder to small functions than a profiler that counts every call.
"""

import argparse
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from types import FrameType

from afl.ports import Progress
from afl.settings import Settings
from simulations import import_data, simulate

PARTS = (
    ("afl/llm/offline/", "offline model"),
    ("afl/llm/", "journaled chat: fingerprint, limits, messages"),
    ("agents/", "agents: prompts, parsing"),
    ("memory/", "memory: journal and sessions, compression"),
    ("sqlalchemy/", "SQLAlchemy, driver"),
    ("aiosqlite/", "SQLAlchemy, driver"),
    ("langgraph/", "LangGraph"),
    ("langchain_core/", "LangChain"),
    ("langsmith/", "LangChain"),
    ("asyncio/", "asyncio"),
    ("afl/", "the rest of AFL"),
    ("simulations/", "the rest of AFL"),
)
"""Where a file lies -> the part it belongs to; the first that fits. Frames that fit none belong to their caller."""
USERS, SESSIONS, EVERY = 100_000, 2_000, 0.004


class Sampler:
    """Counts the parts that are at work while `simulate` runs its sessions."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.cpu = 0.0

    def say(self, line: str) -> None: ...

    @contextmanager
    def bar(self, label: str) -> Iterator[Progress]:
        began = process_time()
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        try:
            yield lambda done, total, text="": None
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.cpu = process_time() - began

    def _sample(self, number: int, frame: FrameType | None) -> None:
        self.found[_part(frame)] += 1


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        for place, part in PARTS:
            if place in frame.f_code.co_filename:
                return part
        frame = frame.f_back
    return "Python"


def main(arguments: list[str] | None = None) -> int:
    """Prints every part with its milliseconds of CPU a session and its share."""
    options = _parser().parse_args(arguments)
    sampler = Sampler()
    with TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {"AFL_HOME": options.home or folder, "AFL_DB": None, "OPENAI_API_KEY": None}
        )
        import_data("demo", name="demo", users=USERS, settings=settings)
        simulate(
            dataset="demo",
            llm="offline",
            split="all",
            sessions=options.sessions,
            concurrency=256,
            recommender="none",
            reward="none",
            db=f"sqlite:///{Path(folder) / 'where.db'}",
            settings=settings,
            watch=sampler,
        )
    samples, each = sampler.found.total(), 1000 * sampler.cpu / options.sessions
    for part, count in sampler.found.most_common():
        print(f"{part:44} {each * count / samples:6.2f} ms {count / samples:6.1%}")
    print(f"{'a session':44} {each:6.2f} ms")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"to be looked at ({SESSIONS:,})")
    parser.add_argument("--home", help="where the data set is or will be kept (default: a temporary folder)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
