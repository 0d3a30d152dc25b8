"""The labelled replies of tests/agents/replies as the agents read them: how many right, refused, wrong and guessed.

`python -m benchmarks.replies`, with `--beside FOLDER` also as another checkout reads them (with its own `.venv`).

right     outcome and value are those of the label
refused   the label has a value, the agents found none
misnamed  neither has a value, but the outcome is another, `off_list` for `unparsed` say
wrong     both have a value, and they differ
guessed   the agents found a value where there is none
"""

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

# Nothing of AFL is imported here: `--beside` runs this file in a checkout whose modules have other names.

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "agents" / "replies"
MOVIES = ROOT.parent / "shared" / "data" / "re2llm" / "movie"
SOURCES = ("re2llm", "smollm2", "written")
VERDICTS = ("right", "refused", "misnamed", "wrong", "guessed")

LabelledReply = dict[str, Any]
"""One line of the corpus; its README names the fields."""


class Reading(NamedTuple):
    """What the agents made of one reply."""

    outcome: str
    value: Any
    """A title, True or False, a list of titles; None without an answer."""
    ms: float
    """CPU time of asking and reading, in milliseconds; the shorter of two, without imports and pauses."""


def main(arguments: list[str] | None = None) -> int:
    """Prints the counts, and with `--failures` every reply that was not read right."""
    options = _parser().parse_args(arguments)
    if options.read:
        print(json.dumps(asyncio.run(read_all(json.load(sys.stdin)))))
        return 0
    replies = load_corpus()
    readings = {"here": [Reading(*one) for one in asyncio.run(read_all(replies))]}
    if options.beside:
        readings["beside"] = read_beside(options.beside, replies)
    if options.json:
        print(json.dumps({name: _report(replies, found) for name, found in readings.items()}, ensure_ascii=False))
        return 0
    for name, found in readings.items():
        _print_table(name if name == "here" else str(options.beside), replies, found)
        if options.failures:
            _print_failures(replies, found)
    return 0


def load_corpus(folder: Path = CORPUS, movies: Path = MOVIES) -> list[LabelledReply]:
    """Every labelled reply with its text and titles; those of `re2llm` only where the movie data is in place.

    Raises `ValueError` where a text is not the one that was labelled.
    """
    lines = {source: _read_lines(folder / f"{source}.jsonl") for source in SOURCES}
    lines["re2llm"] = _with_texts(lines["re2llm"], movies) if movies.is_dir() else []
    return [line for source in SOURCES for line in lines[source]]


def _read_lines(file: Path) -> list[LabelledReply]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _with_texts(lines: Sequence[LabelledReply], movies: Path) -> list[LabelledReply]:
    """The replies to the movie requests, whose texts are not ours: labels hold places in the candidate list."""
    requests = json.loads((movies / "example_train_text.json").read_text(encoding="utf-8"))
    records = (movies / "example_train_base.txt").read_text(encoding="iso-8859-1").split("\n\n\n\n")
    whole = []
    for line in lines:
        text = records[line["index"]].split("Output: ", 1)[1]
        if hashlib.sha256(text.encode()).hexdigest() != line["sha256"]:
            raise ValueError(f"{line['id']}: got another text than the one labelled")
        listed = requests[line["index"]]["prompt"].split("candidate set: ", 1)[1].split(".Please")[0].split("; ")
        titles = list(dict.fromkeys(listed))
        places = line["right"]["value"]
        value = places and [titles[place - 1] for place in places]
        whole.append({**line, "text": text, "titles": titles, "right": {**line["right"], "value": value}})
    return whole


async def read_all(replies: Sequence[LabelledReply]) -> list[Reading]:
    """What the agents of the checkout on the path make of each reply, at its first attempt."""
    return [min([await _read(reply), await _read(reply)], key=lambda one: one.ms) for reply in replies]


async def _read(reply: LabelledReply) -> Reading:
    begin = process_time()
    turn = await _ask(reply)
    ms = (process_time() - begin) * 1000
    attempt = turn.attempts[0]
    titles = reply["titles"]
    value = {
        "decision": attempt.decision,
        "ranking": [titles[item] for item in attempt.ranking] or None,
    }.get(reply["kind"], None if attempt.item is None else titles[attempt.item])
    return Reading(attempt.outcome.value, value, round(ms, 1))


async def _ask(reply: LabelledReply) -> Any:
    """The agent's turn when it is answered with this reply."""
    from afl.types import Domain, SessionView
    from agents import RecommendationAgent, UserAgent

    titles = tuple(reply["titles"] or ["Heat"])
    items = tuple(range(len(titles)))
    domain = Domain("movie", "movie", "movies", "watch", "watched", "viewer")
    view = SessionView("1", domain, (len(titles),), ("Ran",), items, titles)
    chat = _OneReply(reply)
    if reply["kind"] == "decision":
        return await UserAgent(chat).respond(view, round=1, item=0, reason="so", score=None, memory=())
    if reply["kind"] == "choice":
        return await UserAgent(chat).choose(view, items=items)
    if reply["kind"] == "ranking":
        return await RecommendationAgent(chat).rank(view, top=reply["top"])
    return await RecommendationAgent(chat).recommend(view, round=1, advice=(), memory=())


class _OneReply:
    """A chat that has one reply to give and then fails, so that nothing is repaired."""

    def __init__(self, reply: LabelledReply) -> None:
        self.reply: LabelledReply | None = reply

    async def ask(self, key: Any, messages: Any) -> Any:
        from afl.types import Outcome, Reply

        reply, self.reply = self.reply, None
        return Reply(Outcome.FAILED) if reply is None else _to_reply(reply)


def _to_reply(reply: LabelledReply) -> Any:
    """As it comes from LangChain: the reasoning and the finish reason beside the text."""
    from langchain_core.messages import AIMessage

    module = next(name for name in ("afl.llm.langchain_chat", "afl.llm.replies") if find_spec(name))
    reasoning = {"reasoning_content": reply["reasoning"]} if "reasoning" in reply else {}
    message = AIMessage(
        reply["text"],
        additional_kwargs=reasoning,
        response_metadata={"finish_reason": reply.get("finish_reason", "stop")},
    )
    return import_module(module).to_reply(message, price=None, latency=0.0)


def read_beside(folder: Path, replies: Sequence[LabelledReply]) -> list[Reading]:
    """The same replies as read by another checkout, in a process with its Python and its modules."""
    folder = folder.resolve()
    finished = subprocess.run(
        # -P: the folder of this file is not where that checkout's modules are.
        [folder / ".venv" / "bin" / "python", "-P", __file__, "--read"],
        input=json.dumps(replies),
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Reading(*one) for one in json.loads(finished.stdout)]


def verdict(right: Mapping[str, Any], found: Reading) -> str:
    """One of `VERDICTS`."""
    if found.outcome == right["outcome"] and found.value == right["value"]:
        return "right"
    if right["outcome"] == "ok":
        return "wrong" if found.outcome == "ok" else "refused"
    return "guessed" if found.outcome == "ok" else "misnamed"


def _counts(replies: Sequence[LabelledReply], readings: Sequence[Reading]) -> dict[str, dict[str, int]]:
    """Source -> verdict -> how many; `all` sums them up."""
    pairs = [(reply["source"], verdict(reply["right"], one)) for reply, one in zip(replies, readings, strict=True)]
    counts = {source: Counter(one for of, one in pairs if source in (of, "all")) for source in (*SOURCES, "all")}
    return {
        source: {"replies": found.total(), **{one: found[one] for one in VERDICTS}}
        for source, found in counts.items()
    }


def _failures(replies: Sequence[LabelledReply], readings: Sequence[Reading]) -> list[dict[str, Any]]:
    return [
        {
            "id": reply["id"],
            "verdict": one,
            "right": reply["right"],
            "outcome": found.outcome,
            "value": found.value,
        }
        for reply, found in zip(replies, readings, strict=True)
        if (one := verdict(reply["right"], found)) != "right"
    ]


def _report(replies: Sequence[LabelledReply], readings: Sequence[Reading]) -> dict[str, Any]:
    return {
        "counts": _counts(replies, readings),
        "slowest_ms": max(found.ms for found in readings),
        "failures": _failures(replies, readings),
    }


def _print_table(name: str, replies: Sequence[LabelledReply], readings: Sequence[Reading]) -> None:
    print(f"{name}; the slowest reply took {max(found.ms for found in readings):.1f} ms of CPU")
    print(f"{'':10}{'replies':>9}" + "".join(f"{one:>10}" for one in VERDICTS))
    for source, found in _counts(replies, readings).items():
        print(
            f"{source:10}" + "".join(f"{count:>{9 if one == 'replies' else 10}}" for one, count in found.items())
        )


def _print_failures(replies: Sequence[LabelledReply], readings: Sequence[Reading]) -> None:
    for failure in _failures(replies, readings):
        right = failure["right"]
        print(
            f"  {failure['verdict']:9} {failure['id']}: {failure['outcome']} {failure['value']!r}, "
            f"right is {right['outcome']} {right['value']!r}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout, with its own .venv")
    parser.add_argument("--failures", action="store_true", help="every reply that was not read right")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
