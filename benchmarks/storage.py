"""The room a session takes: eight calls, replies of sixty words, every request kept. By table, and in sum.

The index of words, with which the viewer searches, is counted apart: it could be made again from the rest.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from afl.settings import Settings
from afl.testing.server import running_server
from benchmarks.wordy import wordy_answer
from simulations import import_data, simulate

SESSIONS, USERS, MOST_BYTES = 1_000, 10_000, 5_000
INDEX = "session_words"


def main() -> int:
    """Prints bytes a session by table and the ratio of what was said to the room it takes; 1 if it is too much."""
    with TemporaryDirectory() as folder, running_server(wordy_answer, keep_requests=False) as server:
        settings = Settings.model_validate({"AFL_HOME": folder, "AFL_DB": None, "OPENAI_API_KEY": None})
        import_data("demo", name="bench", users=USERS, settings=settings)
        report = simulate(
            dataset="bench",
            llm="openai:bench",
            base_url=server.url,
            sessions=SESSIONS,
            recommender="none",
            reward="none",
            run="bench",
            settings=settings,
        )
        tables = by_table(Path(folder) / "afl.db")
    index = sum(size for name, size in tables.items() if name.startswith(INDEX))
    total = sum(tables.values()) - index
    said = 4 * (report.llm["prompt_tokens"] + report.llm["completion_tokens"]) / SESSIONS
    for name, size in tables.items():
        print(f"  {name:32} {size:7.0f} bytes a session")
    print(f"bytes a session                   {total:7.0f} (under {MOST_BYTES})")
    print(f"index of words, apart             {index:7.0f}")
    print(f"ratio to what was sent and said   {total / said:7.2f} (of about {said:.0f} characters)")
    return 0 if total < MOST_BYTES else 1


def by_table(database: Path) -> dict[str, float]:
    """Bytes a session of every table and index, the largest first."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC"
        return {name: size / SESSIONS for name, size in connection.execute(query)}


if __name__ == "__main__":
    raise SystemExit(main())
