"""A run that is ended again and again, continued to its end, and held against an undisturbed one."""

import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.torture.arena import Arena, Process
from tests.torture.remains import Remains, remains
from tests.torture.ways import WAYS, Way, in_the_report

KILLED = -signal.SIGKILL
ENDED_IN_A_WRITE = -signal.SIGXFSZ
ENOUGH = 0.15
"""The share of replies that are to come: with fewer, a run would be done before it is ended."""


class TortureError(AssertionError):
    """Something was lost, paid twice, or came out differently."""


@dataclass
class Series:
    """One run, from its first start to its export; `deaths` counts what happened, by way."""

    arena: Arena
    concurrency: int
    random: Random
    deaths: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    half_written: int = 0
    before: Remains | None = None

    @property
    def kills(self) -> int:
        """How often it was killed with -9."""
        return sum(count for said, count in self.deaths.items() if said.endswith("killed"))

    @property
    def _under_way(self) -> int:
        """The most requests at once."""
        return min(self.concurrency, self.arena.sessions)

    def torture(self, kills: int, *, first: Sequence[Way] = ()) -> None:
        """Ends the run so often, the last time in its report, then completes and checks it.

        `first` are the ways to begin with; a fast machine may be done before any other is tried.
        """
        self.arena.begin()
        self.before = remains(self.arena.database)
        for way in first:
            self.end(way)
        while self.kills < kills - 2 and len(self.before.fingerprints) < (1 - ENOUGH) * len(self.arena.expected):
            self.end(self.random.choice(WAYS))
        if len(self.before.fingerprints) < len(self.arena.expected):
            self.end(in_the_report)
        self.complete()

    def end(self, way: Way) -> None:
        """Ends the run in this way and looks at what is left of it."""
        start = len(self.arena.endpoint.asked)
        process = way(self.arena, self.random, self.concurrency)
        code = process.wait()
        self._settle()
        self.deaths[f"{way.__name__.replace('_', ' ')}: {self._said(code, process)}"] += 1
        self._look(start)

    def complete(self) -> None:
        """Nothing disturbs it any more; then its export is killed once, and made."""
        start = len(self.arena.endpoint.asked)
        process = self.arena.run(self.concurrency)
        self._expect(process.wait() == 0, process.complaint)
        report = json.loads((self.arena.folder / "out").read_text("utf-8"))
        self._expect(report["failed"] == 0, f"sessions failed: {report}")
        self._look(start)
        asked = Counter(self.arena.endpoint.asked)
        self._expect(set(asked) == self.arena.expected, "other requests were sent than in an undisturbed run")
        self.repeated = asked.total() - len(asked)
        most = self.deaths.total() * self._under_way
        self._expect(
            self.repeated <= most, f"{self.repeated} requests were repeated, {most} can have been under way"
        )
        self._kill_export()
        self._expect(self.arena.export("tortured").wait() == 0, "the export failed")
        self._expect(self._exported("tortured") == self._exported("undisturbed"), "the exports differ")

    def _kill_export(self) -> None:
        """An export that is killed leaves a whole file or none."""
        path = self.arena.folder / "killed"
        path.unlink(missing_ok=True)
        process = self.arena.export("killed")
        time.sleep(self.random.uniform(0.0, 0.3))
        process.kill()
        self.deaths[f"in an export: {self._said(process.wait(), process)}"] += 1
        whole = not path.exists() or self._exported("killed") == self._exported("undisturbed")
        self._expect(whole, "half an export was left")

    def _look(self, start: int) -> None:
        """Nothing that was there is gone, and nothing that was there was asked again."""
        assert self.before is not None
        now, asked = remains(self.arena.database), set(self.arena.endpoint.asked[start:])
        self._expect(now.sound, "the database is damaged")
        self._expect(self.before.replies <= now.replies, "a reply was lost")
        self._expect(self.before.sessions <= now.sessions, "a session was lost")
        self._expect(not asked & self.before.fingerprints, "a reply that was in the journal was asked for again")
        unkept = len(asked - now.fingerprints)
        self._expect(unkept <= self._under_way, f"{unkept} requests got lost on their way")
        self.half_written += now.half_written
        self.before = now

    def _said(self, code: int, process: Process) -> str:
        """What became of the process; whatever ends by itself does so in order."""
        if code == KILLED:
            return "killed"
        if code == ENDED_IN_A_WRITE:
            return "ended in a write"
        if code == 2:
            self._expect(process.complaint.startswith("afl: database "), f"no clear line: {process.complaint!r}")
            return "gave up in one line"
        self._expect(code == 0, f"ended with {code}: {process.complaint}")
        return "was done before"

    def _settle(self) -> None:
        """Returns when the endpoint has seen all that the dead process sent."""
        seen = -1
        while seen != len(self.arena.endpoint.asked) or self.arena.server.counters.in_flight:
            seen = len(self.arena.endpoint.asked)
            time.sleep(0.01)

    def _exported(self, file: str) -> bytes:
        return (self.arena.folder / file).read_bytes()

    def _expect(self, held: bool, otherwise: str) -> None:
        if not held:
            raise TortureError(f"at concurrency {self.concurrency}, after {dict(self.deaths)}: {otherwise}")
