"""One simulation in this process, and what it took: `python -m benchmarks.one_run HOME DATASET SESSIONS [URL]`."""

import json
import resource
import sys
from pathlib import Path

from afl.settings import Settings
from simulations import simulate

ROUNDS = 4


def main(home: str, dataset: str, sessions: str, url: str | None = None) -> None:
    """Prints what it took: seconds, CPU seconds with imports, peak memory in MB, bytes of database."""
    settings = Settings.model_validate({"AFL_HOME": Path(home), "AFL_DB": None, "OPENAI_API_KEY": None})
    database = Path(home) / f"{dataset}-{sessions}.db"
    report = simulate(
        dataset=dataset,
        llm="offline" if url is None else "openai:bench",
        base_url=url,
        split="all",
        rounds=ROUNDS,
        sessions=int(sessions),
        concurrency=64 if url is None else int(sessions),
        recommender="none",
        reward="none",
        run="bench",
        db=f"sqlite:///{database}",
        settings=settings,
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "sessions": report.sessions,
        "failed": report.failed,
        "calls": report.llm["calls"],
        "seconds": report.seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "mb": used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "bytes": sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*")),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
