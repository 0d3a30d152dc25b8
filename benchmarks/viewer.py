"""How long the viewer takes for each page of a very large run, and how large the page is.

`python -m benchmarks.viewer`: the offline model over 2,000 sessions, or `--sessions 100000`, which the aims speak of
and which takes half an hour to play; `--home` keeps it, and finds it again. Plotly's own script is not counted.
"""

import argparse
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from starlette.testclient import TestClient

from afl.settings import Settings
from benchmarks.fresh import measured
from benchmarks.scale import USERS
from simulations import import_data
from simulations.viewer.app import create_app
from simulations.viewer.urls import ServedUrls

SESSIONS, TIMES = 2_000, 5
MOST_MS, MOST_KB = 300, 300
TWIN = "twin"
LARGEST = "SELECT name, run, count(*) FROM sessions JOIN runs ON runs.id = run GROUP BY run ORDER BY 3 DESC, run"


class Measured(NamedTuple):
    """A page."""

    name: str
    first: float
    """Milliseconds, the first time it is asked for."""
    again: float
    """Milliseconds, the median of later times."""
    kilobytes: float

    @property
    def kept(self) -> bool:
        return max(self.first, self.again) < MOST_MS and self.kilobytes < MOST_KB


def main(arguments: list[str] | None = None) -> int:
    """Prints milliseconds and kilobytes of every page; exit code 1 if one is too slow or too large."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder:
        home = Path(options.home or folder)
        database = home / f"demo-{options.sessions}.db"
        if not database.exists():
            settings = Settings.model_validate({"AFL_HOME": home, "AFL_DB": None, "OPENAI_API_KEY": None})
            import_data("demo", name="demo", users=USERS, settings=settings)
            measured("benchmarks.one_run", home, "demo", options.sessions)
        _add_twin(database)
        app = create_app(f"sqlite:///{database}", datasets=home / "data", hosts=["testserver"])
        with TestClient(app) as client:
            pages = [_measured(client, name, address) for name, address in addresses(database)]
    print(f"{'page':44} {'first':>8} {'again':>8} {'size':>8}   {len(pages)} pages, {options.sessions:,} sessions")
    for page in pages:
        print(f"{page.name:44} {page.first:5.0f} ms {page.again:5.0f} ms {page.kilobytes:5.0f} kB")
    slowest, largest = max(max(page.first, page.again) for page in pages), max(page.kilobytes for page in pages)
    print(f"slowest {slowest:.0f} ms (under {MOST_MS}), largest {largest:.0f} kB (under {MOST_KB})")
    return 0 if all(page.kept for page in pages) else 1


def _add_twin(database: Path) -> None:
    """A second run over the same sessions: every seventh went otherwise, and of one of them all is kept."""
    with closing(sqlite3.connect(database)) as connection, connection:
        if connection.execute("SELECT 1 FROM runs WHERE name = ?", (TWIN,)).fetchone():
            return
        _, number, _ = connection.execute(LARGEST).fetchone()
        twin = _copied(connection, "runs", f"id = {number}", id="NULL", name=f"'{TWIN}'")
        _copied(connection, "sessions", f"run = {number}", run=twin, hit="(position % 7 = 0) <> hit")
        said = f"SELECT session FROM sessions WHERE run = {number} ORDER BY position LIMIT 1"
        _copied(connection, "turns", f"run = {number} AND session = ({said})", run=twin)
        _copied(connection, "journal", f"run = {number} AND subject = ({said})", run=twin)


def _copied(connection: sqlite3.Connection, table: str, which: str, **changed: object) -> int | None:
    """The last new row; `changed` says what these rows have otherwise, in SQL."""
    columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(str(changed.get(column, column)) for column in columns)
    return connection.execute(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {which}").lastrowid


def addresses(database: Path) -> Iterator[tuple[str, str]]:
    """Every page of the largest run, and of its list under every kind of filter."""
    urls = ServedUrls()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        run, number, recorded = connection.execute(LARGEST).fetchone()
        at = "SELECT session, item FROM sessions WHERE run = ? AND position >= ? AND item IS NOT NULL ORDER BY position"
        first, item = connection.execute(at, (number, 0)).fetchone()
        middle, _ = connection.execute(at, (number, recorded // 2)).fetchone()
    yield "runs", urls.runs()
    yield "run", urls.run(run)
    yield "sessions", urls.sessions(run)
    yield "sessions, the last page", urls.sessions(run, {"page": -(-recorded // 50)})
    for result in ("hit", "miss", "failed", "won", "lost", "wrong", "gained", "dropped"):
        yield f"sessions, {result}", urls.sessions(run, {"result": result})
    yield "sessions, won, page 20", urls.sessions(run, {"result": "won", "page": 20})
    yield "sessions, four rounds", urls.sessions(run, {"rounds": 4})
    yield "sessions, hit after round 2", urls.sessions(run, {"hit_after": 2})
    yield "sessions, accepted in round 3", urls.sessions(run, {"accepted_in": 3})
    yield "sessions, a title recommended", urls.sessions(run, {"item": item})
    yield "sessions, a title recommended in round 2", urls.sessions(run, {"item": item, "item_round": 2})
    yield "sessions, a title's words", urls.sessions(run, {"text": item})
    yield "sessions, a session's id", urls.sessions(run, {"text": middle})
    yield "sessions, a word of most reasons", urls.sessions(run, {"words": "the"})
    yield "sessions, beginnings of words", urls.sessions(run, {"words": "direct* thrill*"})
    yield "sessions, a word that nobody said", urls.sessions(run, {"words": "zzyzx"})
    yield "dialogue", urls.dialogue(run, first)
    yield "dialogue in the middle", urls.dialogue(run, middle)
    yield "dialogue, among those won", urls.dialogue(run, middle, query={"result": "won"})
    yield "dialogue, among those that say a word", urls.dialogue(run, middle, query={"words": "director"})
    yield "what it can be compared with", urls.compare([run])
    yield "two runs compared", urls.compare([run, TWIN])
    yield "two runs compared, all sessions", urls.compare([run, TWIN], {"show": "all", "page": 20})
    yield "two runs, a session side by side", urls.side_by_side([run, TWIN], first)
    yield "bases of hints", urls.hints()


def _measured(client: TestClient, name: str, address: str) -> Measured:
    times = []
    for _ in range(1 + TIMES):
        begun = perf_counter()
        answer = client.get(address).raise_for_status()
        times.append(1000 * (perf_counter() - begun))
    return Measured(name, times[0], median(times[1:]), len(answer.content) / 1000)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"of the run ({SESSIONS:,})")
    parser.add_argument("--home", help="keep data and databases here (default: a temporary folder)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
