"""What a run of very many sessions takes, on paper: from measured figures of one session, checked at 100,000.

`python -m benchmarks.scale_model --sessions 10000000 --workers 64`; `docs/scale.md` says where each figure comes from.
"""

import argparse
from dataclasses import dataclass

HOUR, GB = 3600.0, 1e9


@dataclass(frozen=True)
class PerSession:
    """What one session takes."""

    calls: float
    cpu: float
    """Seconds of one processor in a worker."""
    bytes: float
    """In the database, indexes and lists included."""
    prompt_tokens: float = 0.0
    completion_tokens: float = 0.0


OFFLINE = PerSession(calls=3.6, cpu=1 / 146.1, bytes=2_122)
"""`benchmarks.scale --sessions 100000`."""
ENDPOINT = PerSession(
    calls=8, cpu=8 / 591, bytes=4_809 + 225, prompt_tokens=623_890 / 122, completion_tokens=78_080 / 122
)
"""Four rounds that nobody accepts: `benchmarks.loop_calls`, `benchmarks.storage`, `afl estimate` on Last.fm."""


@dataclass(frozen=True)
class Ceilings:
    """What one process or database does at most, a second."""

    journal: float = 2_863.0
    """Calls into SQLite by two workers (`benchmarks.databases --workers 2`)."""
    desk: float = 6_907.0
    """Calls admitted for all workers (`benchmarks.desks`)."""
    given_out: float = 7_100.0
    """Sessions given out and counted: 0.14 ms of CPU each in the process that holds the run."""


@dataclass(frozen=True)
class Memory:
    """Bytes."""

    base: float = 235e6
    """A process over 2,000 users, language model included."""
    holder: float = 3_400.0
    """For each user, in the process that holds the run."""
    worker: float = 1_560.0
    """For each session, in each worker."""
    store: float = 646.0
    """For each session, once per machine."""


@dataclass(frozen=True)
class Paper:
    """A run of so many sessions by so many workers, one processor each."""

    sessions: int
    workers: int
    per: PerSession
    efficiency: float = 0.9
    """Of two workers on two processors: 1.8 times one process."""
    price: tuple[float, float] = (0.15, 0.6)
    """US dollars per million prompt and completion tokens."""

    @property
    def calls(self) -> float:
        return self.sessions * self.per.calls

    @property
    def cpu_hours(self) -> float:
        return self.sessions * self.per.cpu / HOUR

    @property
    def hours_of_workers(self) -> float:
        """Were the workers all that bounds it."""
        return self.cpu_hours / (self.workers if self.workers == 1 else self.workers * self.efficiency)

    def hours_at(self, calls_a_second: float) -> float:
        """Were so many calls a second all that bounds it."""
        return self.calls / calls_a_second / HOUR

    @property
    def database_gb(self) -> float:
        return self.sessions * self.per.bytes / GB

    @property
    def usd(self) -> float:
        prompt, completion = self.per.prompt_tokens, self.per.completion_tokens
        return self.sessions * (prompt * self.price[0] + completion * self.price[1]) / 1e6


def main(arguments: list[str] | None = None) -> int:
    """Prints the model; exit code 1 where it is more than a fifth off what 100,000 sessions took."""
    options = _parser().parse_args(arguments)
    for name, per in (("offline", OFFLINE), ("endpoint", ENDPOINT)):
        _show(name, Paper(options.sessions, options.workers, per))
    memory = Memory()
    print(f"memory GB   holder {(memory.base + memory.holder * options.sessions) / GB:.1f}, ", end="")
    print(f"a worker {(memory.base + memory.worker * options.sessions) / GB:.1f}, ", end="")
    print(f"object store of a machine {memory.store * options.sessions / GB:.1f}")
    return 0 if _checked() else 1


def _show(name: str, paper: Paper) -> None:
    ceilings = Ceilings()
    print(
        f"{name}: {paper.calls:,.0f} calls, {paper.cpu_hours:,.1f} h of CPU, {paper.database_gb:,.1f} GB", end=""
    )
    print(f", ${paper.usd:,.0f}" if paper.usd else "")
    print(f"  hours, were it for {paper.workers} workers {paper.hours_of_workers:.2f}, ", end="")
    print(
        f"the journal {paper.hours_at(ceilings.journal):.2f}, the desk {paper.hours_at(ceilings.desk):.2f}, ",
        end="",
    )
    print(f"giving out {paper.sessions / ceilings.given_out / HOUR:.2f}, 50 calls/s {paper.hours_at(50):,.0f}")


def _checked() -> bool:
    """What 1,000 sessions foretell of 100,000 against what those took, on the same day."""
    seconds, room = 100_000 / 164.4, 100_000 * 2_331
    taken, used = 100_000 / 146.1, 100_000 * 2_122
    print(
        f"check at 100,000: {seconds:.0f} s foretold, {taken:.0f} s taken ({taken / seconds - 1:+.0%}); ", end=""
    )
    print(f"{room / 1e6:.0f} MB foretold, {used / 1e6:.0f} MB used ({used / room - 1:+.0%})")
    return abs(taken / seconds - 1) < 0.2 and abs(used / room - 1) < 0.2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=64, help="one processor each")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
