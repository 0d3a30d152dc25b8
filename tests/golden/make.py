"""The golden database, made anew: `python -m tests.golden.make FOLDER`. What lies here was made by commit cf7c5f5."""

import gzip
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from sqlite3 import connect
from tempfile import TemporaryDirectory
from typing import Any

from afl.llm.canned_answers import canned_answer
from afl.testing.faults import filtered, rate_limited, refusal, status, truncated
from afl.testing.server import running_server
from simulations.cli.main import run

MODELS = "--recommender popularity --reward popularity"
PRICED = f"--dataset demo --llm openai:gpt-4o-mini --concurrency 1 {MODELS}"
STAND_IN = "--dataset demo --llm offline --concurrency 1 --sessions 8"

FAILING = f"simulate {PRICED} --split all --sessions 16 --candidates 8 --rounds 3 --run failures"
CONTENT_FAULTS = {
    5: truncated,
    9: rate_limited("1"),
    14: refusal,
    18: filtered,
    22: status(503),
    27: truncated,
}
INTERRUPTED = f"simulate {PRICED} --split all --sessions 10 --rounds 2 --run interrupted --budget-tokens 15000"
OUTAGE = {number: status(500, "out of service") for number in range(3, 7)}
CARELESS = [
    f"simulate {PRICED} --split all --sessions 8 --candidates 8 --rounds 3 --run cached --cache",
    f"evaluate user {PRICED} --split all --sessions 6 --rounds 2 --ratio 1:1 --ratio 1:3 --items 4 --run judged",
    "rank --dataset demo --llm openai:gpt-4o-mini --concurrency 1 --split all --sessions 20 --candidates 12 --top 5"
    " --run lists",
]
OFFLINE = [
    f"study ablation {STAND_IN} --rounds 2 --run ablation",
    f"study rankers {STAND_IN} --rounds 2 --run rankers",
    f"evaluate recommendation {STAND_IN} --base llm --arm base --seeds 2 --run zero-shot",
    "hints explore --dataset demo --llm offline --concurrency 1 --candidates 20 --top 5 --size 3 --max-sessions 30"
    " --run hints",
    "hints train hints --concurrency 1 --sessions 30",
    "hints evaluate hints --concurrency 1 --sessions 8",
    f"simulate {STAND_IN} --split all {MODELS} --rounds 2 --tool re2llm:hints --run tool",
    f"simulate {STAND_IN} --split all {MODELS} --candidates-from reference --user-sees-item-only --run reference",
    f"simulate {STAND_IN} --split all {MODELS} --target-position first --no-user --run alone",
]


def careless_answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """A canned answer, or one that fails: for some prompts until one or two repairs, for some whatever is said."""
    right = canned_answer(messages)
    repairs = len(messages) // 2 - 1
    match sha256(str(messages[1]["content"]).encode()).digest()[0] % 16:
        case 0:
            return _off_list(right)
        case 1:
            return "I would rather talk about the weather."
        case 2 if repairs < 2:
            return _off_list(right)
        case 3 if repairs < 1:
            return _off_list(right)
        case 4 if repairs < 1:
            return "I would rather talk about the weather."
        case 5 if repairs < 1:
            return ""
    return right


def _off_list(answer: str) -> str:
    if answer.endswith(("Decision: yes", "Decision: no")):
        return "Reason: hard to say.\nDecision: perhaps"
    *_, heading = [line for line in answer.splitlines() if line.startswith("Item")]
    return f"Reason: why not.\n{heading.partition(':')[0]}: A Film That Never Was"


def make(folder: Path) -> None:
    """Writes into `folder` the database, what lies beside it, and the export of every run."""
    with TemporaryDirectory() as name:
        home = Path(name)
        os.environ["AFL_HOME"] = name
        _run("data import demo --name demo --users 80")
        with running_server(careless_answer, faults=CONTENT_FAULTS) as server:
            _run(FAILING, "--base-url", server.url)
        with running_server(faults=OUTAGE) as server:
            _run(INTERRUPTED, "--base-url", server.url)
        with running_server(careless_answer) as server:
            for command in CARELESS:
                _run(command, "--base-url", server.url)
        for command in OFFLINE:
            _run(command)
        _export(home, folder / "exports")
        for beside in ("data", "policies"):
            copytree(home / beside, folder / beside)
        _compress(home / "afl.db", folder / "afl.db.gz")


def _run(command: str, *more: str) -> None:
    run([*command.split(), *more])


def _export(home: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    with closing(connect(home / "afl.db")) as database:
        names = [name for (name,) in database.execute("SELECT name FROM runs")]
    for name in names:
        run(["export", name, "--out", str(home / "export.jsonl")])
        _compress(home / "export.jsonl", folder / f"{name}.jsonl.gz")


def _compress(file: Path, target: Path) -> None:
    target.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
