"""One simulation by some engine: `python -m benchmarks.engine_run HOME DATASET SESSIONS RUN DB ENGINE [WORKERS]`."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from statistics import mean
from time import monotonic

from afl.settings import Settings
from benchmarks.one_run import OFFLINE_AT_ONCE, ROUNDS, CpuWatch
from simulations import export, simulate


def main(
    home: str, dataset: str, sessions: str, run: str, db: str, engine: str, workers: str | None = None
) -> None:
    """Prints what it took: seconds of the run and around it, CPU of this process a session in ms, the export's hash."""
    settings = Settings.model_validate({"AFL_HOME": Path(home), "AFL_DB": None, "OPENAI_API_KEY": None})
    watch, began = CpuWatch(), monotonic()
    report = simulate(
        dataset=dataset,
        llm="offline",
        split="all",
        rounds=ROUNDS,
        sessions=int(sessions),
        concurrency=OFFLINE_AT_ONCE,
        recommender="none",
        reward="none",
        run=run,
        db=db,
        settings=settings,
        watch=watch,
        engine=engine,
        workers=None if workers is None else int(workers),
    )
    altogether = monotonic() - began
    out = Path(home) / f"{run}.jsonl"
    export(run, out=out, db=db, settings=settings)
    found = {
        "sessions": report.sessions,
        "failed": report.failed,
        "seconds": report.seconds,
        "around": altogether - report.seconds,
        "cpu_ms": mean(watch.milliseconds(report.sessions)),
        "export": sha256(out.read_bytes()).hexdigest(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
