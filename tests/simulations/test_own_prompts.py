"""`--prompts DIR`: which texts a run sends, what of them identifies it, and all that is read out of it later."""

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.hints.knowledge_base import Hint, KnowledgeBase
from afl.llm.canned_answers import canned_answer, refusing_answer, under_schema
from afl.llm.language_model import PerRole
from afl.prompt_headings import Headings
from afl.testing.server import running_server
from afl.types import CallKey, JsonSchema, Message, Outcome, Reply
from agents import Prompts, RecommendationAgent, UserAgent, ZeroShot
from agents.prompts.texts import BUILTIN_HEADINGS, BY_NAME, TEXTS, Use, names_in_use
from memory.knowledge_bases import KnowledgeBaseRecord
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.agent_prompts import prompts_in_use
from simulations.execution.assembly import build_task_graph
from simulations.execution.identity import prompt_groups
from simulations.hints.exploration import base_configuration
from simulations.hints.reward_tables import table_options
from simulations.options.run_options import RunOptions, run_uses, texts_in_use
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task
from tests.simulations.conftest import Afl, Finished

MODELS = {"recommender": "popularity", "reward": "popularity"}
NO_MODELS = {"recommender": "none", "reward": "none"}
ALONE = {"user": False, "rounds": 1}
RUNS: Mapping[str, Mapping[str, Any]] = {
    "dialogue": MODELS,
    "dialogue without models": NO_MODELS,
    "dialogue about the item alone": {**MODELS, "user_sees_candidates": False},
    "one round": {**MODELS, "rounds": 1},
    "no user agent": {**MODELS, **ALONE},
    "judging": {**MODELS, "ratios": ("1:1",), "items": 2},
    "judging alone": {**NO_MODELS, "ratios": ("1:1",), "items": 2, "loop": False},
    "zero-shot": {**NO_MODELS, **ALONE, "protocol": "zero-shot"},
    "choice": {**MODELS, "recommender": "none", "protocol": "choice", "rounds": 1},
    "choice without scores": {**NO_MODELS, "protocol": "choice", "rounds": 1},
    "shortlist": {**MODELS, "protocol": "shortlist", "rounds": 1},
    "ranking": {**MODELS, **ALONE, "reward": "none", "protocol": "ranking"},
    "hints": {**NO_MODELS, **ALONE, "protocol": "hints", "hints": "h"},
}
BASE = KnowledgeBase("h", "small", "openai:m", (Hint(1, "Look at the tempo."),))


def marked(name: str) -> str:
    """The built-in text with its name in brackets."""
    text = Prompts.load().texts[name]
    return f"{text[:-1]} ({name}):" if name in BUILTIN_HEADINGS else f"{text} ({name})"


ALL_MARKED = Prompts.replacing({text.name: marked(text.name) for text in TEXTS})


class UnreadableOnce:
    """A chat whose first reply is about nothing, and which then never accepts."""

    def __init__(self, headings: Headings, *, structured: bool) -> None:
        self.headings = headings
        self.structured = structured
        self.requests: list[str] = []

    async def ask(self, key: CallKey, messages: Sequence[Message], *, schema: JsonSchema | None = None) -> Reply:
        self.requests += [message["content"] for message in messages]
        if len(self.requests) == len(messages):
            return Reply(Outcome.OK, "")
        answer = refusing_answer(messages, self.headings)
        return Reply(
            Outcome.OK, answer if schema is None else under_schema(answer, messages, schema, self.headings)
        )


def options_of(run: str, **more: Any) -> RunOptions:
    return RunOptions.resolve({"dataset": "small", "llm": "openai:m", "split": "all", **RUNS[run], **more})


def outputs_of(task: Task) -> ModelOutputs:
    """The first candidate as the suggestion, and scores of zero."""
    suggestions = None if task.options.recommender == "none" else task.candidates[:, 0].astype(np.int64)
    if task.options.reward == "none":
        return ModelOutputs(suggestions, None)
    judged = None if task.judged is None else np.zeros(task.judged.items.shape, np.float32)
    return ModelOutputs(suggestions, np.zeros(task.candidates.shape, np.float32), judged)


@pytest.mark.parametrize("structured", ["off", "json-schema"])
@pytest.mark.parametrize("run", RUNS)
async def test_the_texts_that_a_run_sends_are_those_it_says_it_uses(
    run: str, structured: str, dataset: Dataset, small: Path
) -> None:
    options = options_of(run, sessions=1, structured=structured, prompt_texts=ALL_MARKED.replaced)
    task = Task.of(dataset, options, None, BASE if run == "hints" else None)
    chat = UnreadableOnce(ALL_MARKED.headings, structured=structured != "off")
    recommender = ZeroShot if run == "zero-shot" else RecommendationAgent
    agents = AgentFactory(
        lambda chat: recommender(chat, prompts=ALL_MARKED),
        (lambda chat: UserAgent(chat, prompts=ALL_MARKED, see_candidates=options.user_sees_candidates))
        if options.user
        else None,
    )
    graph = build_task_graph(task, outputs_of(task), agents, PerRole.shared(chat))
    await graph.ainvoke({"view": task.session(0).view})
    sent = {name for name in BY_NAME if any(f"({name})" in request for request in chat.requests)}
    # Which form a list has in JSON depends on its length, which only titles tell.
    assert sent == {name for name in texts_in_use(options) if not name.endswith("_json_number")}


@pytest.mark.parametrize("structured", ["off", "json-schema"])
@pytest.mark.parametrize("run", [*RUNS, "exploration"])
def test_a_byte_of_any_text_in_use_is_another_run_and_of_any_other_the_same(run: str, structured: str) -> None:
    more = {**NO_MODELS, **ALONE, "protocol": "exploration"} if run == "exploration" else RUNS[run]
    stated = {"dataset": "small", "llm": "openai:m", "structured": structured, **more}
    options = RunOptions.resolve(stated)
    flag = structured != "off"
    expected = names_in_use(run_uses(options), PerRole.shared(flag))

    def identity(texts: Mapping[str, str]) -> tuple[Any, str]:
        changed = RunOptions.resolve({**stated, "prompt_texts": texts})
        agents = AgentFactory().complete(changed, None, None)  # type: ignore[arg-type]
        groups = (*prompt_groups(changed), *(["structured"] if flag else []))
        return changed.configuration(), prompts_in_use(agents, *groups)

    plain = identity({})
    texts = Prompts.load().texts
    changed = {name: identity({name: texts[name] + "."}) for name in BY_NAME}
    assert {name for name, other in changed.items() if other[0] != plain[0]} == expected
    assert {name for name, other in changed.items() if other[1] != plain[1]} == expected
    assert len({json.dumps(changed[name]) for name in expected}) == len(expected)


def test_every_use_is_of_some_run() -> None:
    uses = {use for run in RUNS for use in run_uses(options_of(run))}
    assert uses | {Use.REFLECT} == {*Use}


def test_a_text_that_equals_the_built_in_one_leaves_no_trace() -> None:
    texts = {"repair": Prompts.load().texts["repair"]}
    assert options_of("dialogue", prompt_texts=texts) == options_of("dialogue")
    assert "prompt_texts" not in options_of("dialogue", prompt_texts=texts).configuration()


def test_processes_that_play_sessions_get_the_texts() -> None:
    options = pickle.loads(pickle.dumps(options_of("dialogue", prompt_texts={"heading.history": "Seen:"})))
    assert options.headings.history == options.prompts.headings.history == "Seen:"


OWN = {
    "user.system": "You play one $person who has $$5 and {braces}.",
    "recommendation.question": "Which item comes next?\nMind the refusals.",
    "heading.history": "Seen before:",
    "heading.candidates": "## On offer",
    "heading.refused": "No to:",
    "heading.recommendation": "Offer",
    "heading.recommended_because": "Why:",
    "heading.refused_because": "Why not:",
    "heading.reward_score": "Points",
    "heading.advice": "Tips",
}
HEADINGS = Prompts.replacing(OWN).headings
Run = Callable[..., Finished]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with these texts."""
    for name, text in OWN.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(afl: Afl, small: Path) -> Run:
    """`run("--run", "x")`: three short sessions of `small` with the offline model, or another one."""
    fixed = "--dataset small --split all --sessions 3 --rounds 2 --recommender none --reward none --json"

    def call(*more: object, command: Sequence[str] = ("simulate",)) -> Finished:
        model = () if "--llm" in more else ("--llm", "offline")
        return afl(*command, *fixed.split(), *model, *more)

    return call


def configuration(afl: Afl, name: str) -> Mapping[str, Any]:
    (config,) = [run["config"] for run in afl("runs", "--json").json["runs"] if run["name"] == name]
    return config  # type: ignore[no-any-return]


def test_a_run_with_own_prompts_is_recorded_continued_replayed_audited_and_read_again(
    run: Run, afl: Afl, own: Path, exported: Callable[[str], bytes], page: Callable[[str], str]
) -> None:
    first = run("--prompts", own, "--run", "x")
    assert (first.code, first.json["completed"]) == (0, 3)
    request = json.loads(exported("x").splitlines()[0])["messages"][1]["content"]
    assert "\n\n## On offer\n1. Band" in request
    assert request.startswith("Seen before:\n1. Band")
    unused = {"heading.advice", "heading.reward_score"}  # there is no base model
    assert configuration(afl, "x")["prompt_texts"] == {name: OWN[name] for name in {*OWN} - unused}
    again = run("--prompts", own, "--run", "x")
    assert (again.code, again.json["llm"]["calls"]) == (0, 0)
    assert afl("simulate", "--replay", "x", "--run", "y", "--json").json["completed"] == 3
    assert exported("y") == exported("x")
    rescored = afl("rescore", "x", "--json")
    assert (rescored.code, rescored.json["changed"], rescored.json["unread"]) == (0, False, 0)
    checks = {check["name"]: check["verdict"] for check in afl("audit", "x", "--json").json["checks"]}
    assert (checks["prompts"], checks["dialogue"], checks["lists"]) == ("ok", "ok", "ok")
    assert "history     Band" in afl("inspect", "x").out
    session = json.loads(exported("x").splitlines()[0])["session"]
    assert page(f"/runs/x/sessions/{session}").count("Band") > 20


@pytest.mark.parametrize("stated", ["none", "a byte more", "built-in"])
def test_a_run_is_not_continued_with_other_texts(run: Run, own: Path, tmp_path: Path, stated: str) -> None:
    run("--prompts", own, "--run", "x")
    if stated == "a byte more":
        (own / "user.system.txt").write_text(OWN["user.system"] + "!", encoding="utf-8")
    other = [] if stated == "none" else ["--prompts", own]
    if stated == "built-in":
        for name in OWN:
            (own / f"{name}.txt").write_text(Prompts.load().texts[name], encoding="utf-8")
    refused = run(*other, "--run", "x")
    assert refused.code == 2
    assert "run 'x' has prompt_texts" in refused.complaint
    assert len(refused.complaint) < 400


def test_a_text_of_another_task_and_a_copy_of_a_built_in_one_are_the_same_run(run: Run, tmp_path: Path) -> None:
    first = run().json
    (tmp_path / "ranking.system.txt").write_text("Rank!", encoding="utf-8")
    (tmp_path / "repair.txt").write_text(Prompts.load().texts["repair"] + "\n", encoding="utf-8")
    second = run("--prompts", tmp_path).json
    assert (second["run"], second["llm"]["calls"]) == (first["run"], 0)


def answer(messages: Sequence[Mapping[str, Any]]) -> str:
    return canned_answer(messages, HEADINGS)


@pytest.mark.parametrize("structured", [(), ("--structured", "json-schema")])
def test_an_endpoint_is_sent_own_prompts_and_a_broken_off_run_goes_on_with_them(
    run: Run, afl: Afl, own: Path, structured: Sequence[str], exported: Callable[[str], bytes]
) -> None:
    if structured:
        (own / "recommendation.answer_json.txt").write_text('One JSON object, with "item":', encoding="utf-8")
    with running_server(answer) as server:
        model = ("--llm", "openai:m", "--base-url", server.url, "--prompts", own, *structured)
        stopped = run(*model, "--run", "x", "--concurrency", 1, "--budget-tokens", 3300 if structured else 2500)
        asked = server.counters.chat
        whole = run(*model, "--run", "x")
        apart = run(*model, "--run", "y")
    replayed = afl("simulate", "--replay", "x", "--run", "z", "--json")
    assert (replayed.code, exported("z")) == (0, exported("x"))
    assert stopped.json["completed"] < whole.json["completed"] == apart.json["completed"] == 3
    assert 0 < asked < server.counters.chat
    assert exported("x") == exported("y")
    sent = [message["content"] for request in server.requests for message in request["messages"]]
    assert "You play one listener who has $5 and {braces}." in sent
    assert any(text.endswith('One JSON object, with "item":') for text in sent) == bool(structured)
    assert not any(heading in text for text in sent for heading in ("History, oldest first:", "Candidates:"))
    assert afl("rescore", "x", "--json").json["changed"] is False


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("rank", "--recommender none --top 3"),
        ("estimate", "--recommender none --reward none"),
        ("evaluate recommendation", "--base llm --reward none"),
        ("evaluate user", "--recommender none --reward none --arm agent --items 2 --ratio 1:1"),
    ],
)
def test_every_command_that_asks_takes_own_prompts(
    afl: Afl, small: Path, own: Path, command: str, more: str
) -> None:
    fixed = "--dataset small --llm offline --split all --sessions 2 --candidates 10 --json"
    finished = afl(*command.split(), *fixed.split(), *more.split(), "--prompts", own)
    assert (finished.code, finished.err.count("Error")) == (0, 0)
    stored = [run["config"] for run in afl("runs", "--json").json["runs"]]
    assert all(config["prompt_texts"]["heading.history"] == "Seen before:" for config in stored)
    assert bool(stored) == (command != "estimate")


def test_an_exploration_has_own_prompts_and_so_have_the_tables_of_its_hints(
    afl: Afl, small: Path, own: Path
) -> None:
    (own / "reflection.mistakes.txt").write_text("What of the $count went wrong?", encoding="utf-8")
    lists = "--candidates 20 --top 2 --size 1 --max-sessions 4 --others 1"
    with running_server(answer) as server:
        endpoint = ("--llm", "openai:m", "--base-url", server.url, "--prompts", own)
        explored = afl("hints", "explore", "--dataset", "small", "--run", "h", *lists.split(), *endpoint)
    assert explored.code == 0
    asked = [request["messages"][-1]["content"] for request in server.requests]
    assert any("What of the 2 went wrong?" in text for text in asked)
    assert not any("Candidates:" in text for text in asked)
    record = KnowledgeBaseRecord("h", base_configuration(configuration(afl, "h")), (), "h")
    table = RunOptions.resolve({**table_options(record, {}), "split": "train"})
    assert table.configuration()["prompt_texts"] == {
        name: text
        for name, text in OWN.items()
        if name in ("heading.history", "heading.candidates", "heading.advice")
    }


MISTAKES = [
    ({"user.system.txt": b"$problem"}, r"user.system.txt: got $problem, expected only $domain, $item"),
    ({"user.system.txt": b"$titel"}, "user.system.txt: got $titel, expected only"),
    ({"user.sytem.txt": b"x"}, "got prompt user.sytem.txt; did you mean user.system.txt?"),
    ({"user.system.txt": b"\xff"}, "user.system.txt: got bytes that are not UTF-8"),
    ({"README.md": b"x"}, "got no prompt file, expected some"),
    ({"heading.history.txt": b"Advice:"}, "expected another heading than heading.advice"),
]


@pytest.mark.parametrize(("files", "complaint"), MISTAKES)
def test_a_mistake_in_a_text_is_one_line_before_anything_is_asked(
    run: Run, afl: Afl, tmp_path: Path, files: Mapping[str, bytes], complaint: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    refused = run("--prompts", tmp_path)
    assert refused.code == 2
    assert complaint in refused.complaint
    assert afl("runs", "--json").json["runs"] == []


def test_stored_answers_are_to_requests_of_their_own(afl: Afl, small: Path, own: Path) -> None:
    refused = afl("rank", "--dataset", "small", "--answers", "a.json", "--prompts", own)
    assert (refused.code, "--answers: got --prompts" in refused.complaint) == (2, True)


def test_python_takes_texts_as_they_are(small: Path) -> None:
    from simulations import simulate

    with pytest.raises(UsageError, match=r"prompt user\.system: got \$count"):
        simulate(dataset="small", llm="offline", prompt_texts={"user.system": "$count"})
