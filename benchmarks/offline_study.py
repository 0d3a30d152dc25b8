"""What the loop gains over its base model with the offline model, over twenty candidate seeds.

For every data set and every seed, the same test sessions are played three ways: the base model's suggestion alone,
one round of the recommendation agent, and the whole loop. A user's hits are averaged over the seeds before anything
is compared, so twenty lists of one user never pass for twenty users. Run it with `make bench` (on `demo`), or

    python -m benchmarks.offline_study lastfm=llara:PATH ml-100k=recbole:PATH demo
"""

import argparse
import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset_store import DatasetStore
from afl.llm.langchain_chat import to_langchain, to_reply
from afl.llm.language_model import LanguageModel, PerRole, load_model
from afl.metrics.intervals import bootstrap_mean
from afl.metrics.significance import mcnemar, paired_bootstrap
from afl.settings import Settings
from afl.types import CallKey, Message, Reply, Role
from simulations import import_data
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.assembly import build_task_graph
from simulations.graphs.dialogue import DialogueState
from simulations.options.run_options import RunOptions
from simulations.progress import Unwatched
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

FIRST_SEED = 303
SEEDS = 20
ROUNDS = 4
LEAST_REFUSED, LEAST_DEPARTED = 0.2, 0.1
"""A loop below these repeats the suggestion and says yes: it has missed the point."""

SURE = 0.01
"""Above this p, an interval that just misses 0 is not called a win: several data sets are looked at."""

Hits = NDArray[np.float64]


class Played(NamedTuple):
    """One session of one seed."""

    base: bool
    by_round: tuple[bool, ...]
    """Whether the last recommendation up to each round is the target."""
    offers: tuple[bool, ...]
    """For every recommendation made: whether it departs from the suggestion."""
    answers: tuple[bool, ...]
    """For every answer of the user agent: whether it refuses."""


class Asked:
    """A chat that asks the model and keeps nothing."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    async def ask(self, key: CallKey, messages: Sequence[Message]) -> Reply:
        answer = await self.model.chat.ainvoke(to_langchain(messages))
        return to_reply(answer, price=None, latency=0.0)


@dataclass(frozen=True)
class Bench:
    """One data set with its models, played seed by seed."""

    dataset: str
    settings: Settings
    split: str

    def play(self, seeds: Iterable[int]) -> list[list[Played]]:
        """Per seed, every session in the order of the split."""
        dataset = DatasetStore(self.settings.data_dir).load(self.dataset)
        model = load_model("offline", dataset=dataset, settings=self.settings)
        return [self._seed(Asked(model), seed) for seed in seeds]

    def _seed(self, chat: Asked, seed: int) -> list[Played]:
        options = RunOptions(dataset=self.dataset, llm="offline", seed=seed, rounds=ROUNDS, split=self.split)
        task = Task.of(DatasetStore(self.settings.data_dir).load(self.dataset), options)
        outputs = ModelOutputs.of(task, self.settings, Unwatched())
        agents = AgentFactory().complete(options, task.dataset, self.settings)
        graph = build_task_graph(task, outputs, agents, PerRole.shared(chat))

        async def dialogues() -> list[Played]:
            played = []
            for index in range(len(task)):
                session = task.session(index)
                state = await graph.ainvoke({"view": session.view})
                suggestion = outputs.suggestion_at(index)
                assert suggestion is not None, "the study has a recommender"
                played.append(_played(state, target=session.target, suggestion=suggestion))
            return played

        return asyncio.run(dialogues())


def _played(state: DialogueState, *, target: int, suggestion: int) -> Played:
    offers = [turn.item for turn in state["turns"] if turn.role is Role.RECOMMENDATION]
    answers = [turn.decision is False for turn in state["turns"] if turn.role is Role.USER]
    last = [offers[min(round, len(offers)) - 1] for round in range(1, ROUNDS + 1)]
    return Played(
        base=suggestion == target,
        by_round=tuple(item == target for item in last),
        offers=tuple(item != suggestion for item in offers),
        answers=tuple(answers),
    )


def summary(dataset: str, played: list[list[Played]]) -> dict[str, Any]:
    """The figures of one data set; hit rates are means over users of their means over seeds."""
    base = np.array([[entry.base for entry in seed] for seed in played], dtype=np.float64)  # (K, U)
    rounds = np.array([[entry.by_round for entry in seed] for seed in played], dtype=np.float64)  # (K, U, R)
    loop = rounds[:, :, -1]
    sessions = [entry for seed in played for entry in seed]
    first = mcnemar(base[0], loop[0])
    return {
        "dataset": dataset,
        "users": base.shape[1],
        "seeds": len(played),
        "base": _estimate(base),
        "one_round": _estimate(rounds[:, :, 0]),
        "loop": _estimate(loop),
        "by_round": [round(float(value), 4) for value in rounds.mean(axis=(0, 1))],
        "loop_minus_base": _difference(base, loop),
        "loop_minus_one_round": _difference(rounds[:, :, 0], loop),
        "won_per_seed": float((loop > base).sum() / len(played)),
        "lost_per_seed": float((loop < base).sum() / len(played)),
        "mcnemar_first_seed": {"won": first.won, "lost": first.lost, "p": round(first.p, 4)},
        "refused_first": _share(entry.answers[0] for entry in sessions),
        "refused": _share(answer for one in sessions for answer in one.answers),
        "departed_first": _share(one.offers[0] for one in sessions),
        "departed_last": _share(one.offers[-1] for one in sessions),
        "departed": _share(offer for one in sessions for offer in one.offers),
    }


def _estimate(hits: Hits) -> dict[str, Any]:
    estimate = bootstrap_mean(hits.mean(axis=0))
    return {"value": round(estimate.value, 4), "ci95": [round(end, 4) for end in estimate.ci95]}


def _difference(first: Hits, second: Hits) -> dict[str, Any]:
    difference = paired_bootstrap(first.mean(axis=0), second.mean(axis=0), resamples=10_000)
    return {
        "value": round(difference.value, 4),
        "ci95": [round(end, 4) for end in difference.ci95],
        "p": round(difference.p, 4),
    }


def _share(said: Iterable[bool]) -> float:
    return round(float(np.mean(list(said))), 4)


def describe(result: dict[str, Any]) -> str:
    """The figures for people, with the plain verdict last."""
    gain, over_one = result["loop_minus_base"], result["loop_minus_one_round"]
    first = result["mcnemar_first_seed"]
    return "\n".join(
        [
            f"{result['dataset']}: {result['users']} users, {result['seeds']} candidate seeds, offline stand-in",
            *(f"  {arm:10} {_interval(result[key])}" for arm, key in ARMS.items()),
            f"  by round   {'  '.join(f'{value:.3f}' for value in result['by_round'])}",
            f"  loop - base       {_interval(gain, sign='+')}  p = {gain['p']:.4f} (paired bootstrap by user)",
            f"  loop - one round  {_interval(over_one, sign='+')}  p = {over_one['p']:.4f}",
            f"  hits per seed: {result['won_per_seed']:.1f} won, {result['lost_per_seed']:.1f} lost; "
            f"seed {FIRST_SEED}: {first['won']} won, {first['lost']} lost, McNemar p = {first['p']:.4f}",
            f"  user agent refuses {result['refused_first']:.1%} of first offers, {result['refused']:.1%} of all",
            f"  recommendation agent departs from the suggestion in {result['departed_first']:.1%} of first offers, "
            f"{result['departed']:.1%} of all, {result['departed_last']:.1%} of last ones",
            f"  {_verdict(gain)}",
        ]
    )


def _verdict(gain: dict[str, Any]) -> str:
    if gain["ci95"][0] <= 0:
        return "the loop does NOT beat its base model beyond chance"
    return (
        "the loop beats its base model"
        if gain["p"] < SURE
        else "the loop is ahead of its base model, but narrowly"
    )


ARMS = {"base": "base", "one round": "one_round", "loop": "loop"}


def _interval(estimate: dict[str, Any], *, sign: str = "") -> str:
    low, high = estimate["ci95"]
    return f"{estimate['value']:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the study; exit code 1 if the agents only repeat the suggestion and say yes."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder:
        home = options.home or Path(folder)
        settings = Settings.model_validate({"AFL_HOME": home, "AFL_DB": None, "OPENAI_API_KEY": None})
        results = []
        for said in options.data:
            name = prepare(said, settings)
            seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
            results.append(summary(name, Bench(name, settings, options.split).play(seeds)))
            if not options.json:
                print(describe(results[-1]), flush=True)
        if options.json:
            print(json.dumps(results))
    alive = all(entry["refused"] >= LEAST_REFUSED and entry["departed"] >= LEAST_DEPARTED for entry in results)
    return 0 if alive else 1


def prepare(said: str, settings: Settings) -> str:
    """Imports `NAME=FORMAT:PATH`, or `demo`, unless it is there already; its name."""
    name, _, source = said.partition("=")
    kind, _, path = (source or name).partition(":")
    if name not in DatasetStore(settings.data_dir).names():
        import_data(kind, path or None, name=name, settings=settings)
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=["demo"], metavar="NAME=FORMAT:PATH")
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, help=f"candidate seeds, from {FIRST_SEED} on ({SEEDS})"
    )
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--home", type=Path, help="keep data and models here (default: a temporary folder)")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
