"""`--structured json-schema` through the command line: every question, every form of schemas, and what stays of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from afl.llm.canned_answers import canned_answer
from afl.llm.response_format import SchemaForm, form_of
from afl.testing.faults import Completion
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, loop_arguments

JSON = ("--structured", "json-schema")


def configuration(afl: Afl, name: str) -> Mapping[str, Any]:
    (run,) = [run for run in afl("runs", "--json").json["runs"] if run["name"] == name]
    config: Mapping[str, Any] = run["config"]
    return config


def answers(export: bytes) -> list[tuple[Any, ...]]:
    """What was decided, without requests and replies."""
    rows = map(json.loads, export.splitlines())
    return [(row["session"], row["round"], row["role"], row["item"], row["decision"]) for row in rows]


def test_every_request_of_a_dialogue_carries_its_schema_and_a_length_limit(
    loop: Afl, server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    loop(server, "--run", "text", "--sessions", 3)
    before = len(server.requests)
    run = loop(server, "--run", "x", "--sessions", 3, *JSON)
    assert (run.code, run.json["completed"]) == (0, 3)
    assert {name for name, number in run.json["outcomes"].items() if number} == {"ok"}
    new = server.requests[before:]
    assert {form_of(request["response_format"]) for request in new} == {SchemaForm.JSON_SCHEMA}
    assert {request["max_tokens"] for request in new} == {512}
    assert all("response_format" not in request for request in server.requests[:before])
    replies = [json.loads(line)["reply"] for line in exported("x").splitlines()]
    assert all(next(iter(json.loads(reply))) == "reason" for reply in replies)


def test_it_is_part_of_the_identity_and_leaves_no_trace_where_it_is_off(
    loop: Afl, server: FakeServer, afl: Afl
) -> None:
    loop(server, "--run", "off", "--sessions", 1, "--structured", "off")
    loop(server, "--run", "on", "--sessions", 1, *JSON)
    off, on = configuration(afl, "off"), configuration(afl, "on")
    assert "structured" not in json.dumps(off)
    assert (on["structured"], on["llm_parameters"]["structured"]) == ("json-schema", "json-schema")
    assert off["prompts"] != on["prompts"]
    refused = loop(server, "--run", "off", "--sessions", 1, *JSON)
    assert refused.code == 2
    assert "structured" in refused.err


@pytest.mark.parametrize(
    ("forms", "line"),
    [
        ([SchemaForm.JSON_SCHEMA_UNBOUNDED], "takes a JSON schema without lengths and ranges"),
        ([SchemaForm.JSON_OBJECT_SCHEMA], "takes a JSON schema as json_object"),
        ([SchemaForm.JSON_OBJECT], "takes JSON without a schema"),
        ([], "takes no response_format"),
    ],
)
def test_the_form_that_an_endpoint_takes_is_found_out_once(
    loop: Afl, afl: Afl, exported: Callable[[str], bytes], forms: Sequence[SchemaForm], line: str
) -> None:
    def options(server: FakeServer, name: str) -> tuple[object, ...]:
        return (server, "--run", name, "--sessions", 2, "--concurrency", 1, *JSON)

    with running_server(schema_forms=forms) as server:
        run = loop(*options(server, "x"))
        refused = [request for request in server.requests if _form(request) not in [*forms, SchemaForm.NONE]]
        assert run.code == 0
        assert [text for text in run.err.splitlines() if " takes " in text] == [f"afl: openai:m {line}"]
        assert len(refused) <= 4
        before = server.counters.chat
        loop(server, "--run", "y", "--replay", "x", "--sessions", 2, *JSON)
        assert server.counters.chat == before
    assert exported("x") == exported("y")


def _form(request: Mapping[str, Any]) -> SchemaForm:
    return form_of(request.get("response_format"))


LLAMA_CPP_PYTHON = {
    "message": "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': "
    "\"Input should be 'text' or 'json_object'\", 'input': 'json_schema', 'ctx': {'expected': \"'text' or "
    '\'json_object\'"}}\n\n  File "app.py", line 376, in create_chat_completion\n    POST /v1/chat/completions',
    "type": "internal_server_error",
    "param": None,
    "code": None,
}
"""Recorded from llama-cpp-python 0.3.36's server, which answers so with status 500."""


async def llama_cpp_python(request: web.Request, completion: Completion) -> web.StreamResponse:
    """That server: one form of schemas, and JSON with the spaces that its grammar allows."""
    if (await request.json())["response_format"]["type"] != "json_object":
        return web.json_response({"error": LLAMA_CPP_PYTHON}, status=500)
    message = completion["choices"][0]["message"]
    written = (
        json.dumps(json.loads(message["content"]), separators=(" ,", ": ")).replace("{", "{ ").replace("}", "} ")
    )
    message["content"] = written
    return web.json_response(completion)


def test_llama_cpp_python_takes_schemas_in_its_own_form(loop: Afl) -> None:
    with running_server(faults=dict.fromkeys(range(1, 99), llama_cpp_python)) as server:
        run = loop(server, "--run", "x", "--sessions", 2, "--concurrency", 1, *JSON)
    assert (run.code, run.json["completed"], run.json["llm"]["retries"]) == (0, 2, 0)
    forms = [_form(request) for request in server.requests]
    assert forms[:2] == [SchemaForm.JSON_SCHEMA, SchemaForm.JSON_SCHEMA_UNBOUNDED]
    assert set(forms[2:]) == {SchemaForm.JSON_OBJECT_SCHEMA}


def test_what_is_found_out_is_used_by_the_continuation(loop: Afl) -> None:
    with running_server(schema_forms=[SchemaForm.JSON_OBJECT_SCHEMA]) as server:
        loop(server, "--run", "x", "--sessions", 2, "--budget-tokens", 3000, "--max-tokens", 100, *JSON)
        before = len(server.requests)
        assert loop(server, "--run", "x", "--sessions", 2, *JSON).json["completed"] == 2
    assert {_form(request) for request in server.requests[before:]} == {SchemaForm.JSON_OBJECT_SCHEMA}


@pytest.mark.parametrize(
    ("stated", "sent"), [((), 512), (("--max-tokens", 90), 90), (("--budget-tokens", 9**9), 1024)]
)
def test_a_structured_reply_always_has_a_limit(
    loop: Afl, server: FakeServer, stated: tuple[object, ...], sent: int
) -> None:
    loop(server, "--run", "x", "--sessions", 1, *JSON, *stated)
    assert {request["max_tokens"] for request in server.requests} == {sent}


@pytest.mark.parametrize(
    "command",
    [
        ("rank", "--top", 5, "--candidates", 10),
        ("evaluate", "user", "--arm", "afl", "--recommender", "none", "--ratio", "1:1", "--items", 2),
        ("study", "rankers", "--listed", 3, "--rounds", 1, "--candidates", 10),
        ("hints", "explore", "--candidates", 20, "--top", 5, "--size", 2, "--max-sessions", 3, "--run", "kb"),
        ("evaluate", "recommendation", "--base", "llm", "--reward", "none"),
    ],
    ids=lambda command: " ".join(map(str, command[:2])),
)
def test_every_question_can_be_asked_for_json(afl: Afl, untrained: None, command: tuple[object, ...]) -> None:
    with running_server() as server:
        fixed = ("--dataset", "small", "--llm", "openai:m", "--base-url", server.url, "--json", *JSON)
        which = () if command[0] == "hints" else ("--split", "all", "--sessions", 3)
        run = afl(*command, *fixed, *which)
    assert run.code == 0, run.err
    assert server.requests
    assert all(_form(request) is not SchemaForm.NONE for request in server.requests)


def test_the_stand_in_follows_schemas_too(afl: Afl, small: Path, exported: Callable[[str], bytes]) -> None:
    fixed = (
        "simulate --dataset small --split all --llm offline --recommender none --reward none --sessions 5 --json"
    )
    for name, more in (("text", ()), ("x", JSON)):
        assert afl(*fixed.split(), "--run", name, *more).code == 0
    assert answers(exported("x")) == answers(exported("text"))
    assert exported("x") != exported("text")
    assert afl("rescore", "x", "--json").json["changed"] is False


def test_each_agent_may_have_its_own(loop: Afl, afl: Afl, server: FakeServer, tmp_path: Path) -> None:
    profile = f'[llm.plain]\nmodel = "openai:other"\nbase_url = "{server.url}"\nstructured = "off"\n'
    (tmp_path / "models.toml").write_text(profile)
    more = ("--user-llm", "plain", "--config", tmp_path / "models.toml")
    assert loop(server, "--run", "x", "--sessions", 1, *JSON, *more).code == 0
    forms = {(request["model"], _form(request)) for request in server.requests}
    assert forms == {("m", SchemaForm.JSON_SCHEMA), ("other", SchemaForm.NONE)}
    assert "takes" not in afl("rescore", "x").err


def test_a_user_agent_s_model_is_asked_for_json_like_the_other(loop: Afl, server: FakeServer) -> None:
    loop(server, "--run", "x", "--sessions", 1, *JSON, "--user-llm", "openai:other")
    assert {_form(request) for request in server.requests} == {SchemaForm.JSON_SCHEMA}


def test_the_report_says_that_it_exists_where_text_is_not_read(loop: Afl, afl: Afl, small: Path) -> None:
    def rambles(messages: Sequence[Mapping[str, Any]]) -> str:
        return "I like music." if "Decision:" in messages[-1]["content"] else canned_answer(messages)

    with running_server(rambles) as server:
        arguments = ["--run", "x", "--sessions", 2]
        shown = afl(*(part for part in loop_arguments(server, *arguments) if part != "--json"))
    text = " ".join(shown.out.split())
    assert "2 (50.0 %) turns had no answer that could be read. With --structured json-schema" in text


def test_the_report_says_where_schemas_are_taken_and_not_followed(loop: Afl, small: Path, afl: Afl) -> None:
    async def ignores(request: web.Request, completion: Completion) -> web.StreamResponse:
        completion["choices"][0]["message"]["content"] = "I like music."
        return web.json_response(completion)

    with running_server(faults=dict.fromkeys(range(1, 99), ignores)) as server:
        arguments = loop_arguments(server, "--run", "x", "--sessions", 1, *JSON)
        shown = afl(*(part for part in arguments if part != "--json"))
    assert "does not make replies follow their JSON schema" in " ".join(shown.out.split())


def test_an_unknown_word_is_the_user_s_mistake(loop: Afl, server: FakeServer) -> None:
    refused = loop(server, "--run", "x", "--structured", "yaml")
    assert refused.code == 2
    assert "off" in refused.err
    assert "json-schema" in refused.err


def test_an_estimate_counts_the_schema(afl: Afl, small: Path) -> None:
    fixed = ("estimate", "--dataset", "small", "--llm", "openai:m", "--recommender", "none", "--json")
    plain, structured = afl(*fixed).json, afl(*fixed, *JSON).json
    assert structured["prompt_tokens"]["most"] > plain["prompt_tokens"]["most"]
    assert structured["calls"] == plain["calls"]
