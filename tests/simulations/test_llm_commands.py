"""`afl llm list` and `afl llm check`: what is configured, and what an endpoint takes."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from afl.llm.price_list import list_version, listed_price
from afl.testing.faults import Completion, Fault, error_response
from afl.testing.server import running_server
from tests.simulations.conftest import Afl

Answers = Callable[[Mapping[str, Any], Completion], web.StreamResponse]


def every(respond: Answers) -> dict[int, Fault]:
    """Each request is answered by this function of its body and of the usual completion."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        return respond(await request.json(), completion)

    return dict.fromkeys(range(1, 100), fault)


def says(completion: Completion, text: str, model: str = "m-2026") -> web.StreamResponse:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return web.json_response({**completion, "model": model, "choices": [choice]})


def able(body: Mapping[str, Any], completion: Completion) -> web.StreamResponse:
    """Takes everything; schemas in the usual dialect."""
    is_schema = body.get("response_format", {}).get("type") == "json_schema"
    return says(completion, json.dumps({"answer": "yes"}) if is_schema else "Yes.")


def unable(body: Mapping[str, Any], completion: Completion) -> web.StreamResponse:
    """Takes no temperature and no system role; ignores schemas."""
    if "temperature" in body:
        return error_response(400, "`temperature` is deprecated for this model.")
    if body["messages"][0]["role"] == "system":
        return error_response(400, "System role not supported")
    return says(completion, "Yes.")


def old(body: Mapping[str, Any], completion: Completion) -> web.StreamResponse:
    """Refuses schemas in the usual dialect, takes llama-cpp-python's."""
    if "response_format" not in body:
        return says(completion, "Yes.")
    if body["response_format"]["type"] == "json_schema":
        return error_response(400, "response_format: Input should be 'text' or 'json_object'")
    return says(completion, '{"answer": "no"}')


@pytest.mark.parametrize(
    ("respond", "temperature", "system_role", "schema"),
    [(able, True, True, "json_schema"), (unable, False, False, None), (old, True, True, "json_object")],
)
def test_a_check_tells_what_answers_and_what_is_taken(
    afl: Afl, respond: Answers, temperature: bool, system_role: bool, schema: str | None
) -> None:
    with running_server(faults=every(respond)) as server:
        checked = afl("llm", "check", "openai:m", "--base-url", server.url, "--json")
    assert checked.code == 0
    found = checked.json
    assert (found["name"], found["model"], found["answered_by"]) == ("openai:m", "openai:m", "m-2026")
    assert (found["reply"], found["latency"] >= 0) == ("Yes.", True)
    taken = (found["temperature"], found["system_role"], found["schema"])
    assert taken == (temperature, system_role, schema)
    assert server.counters.chat <= 6


def test_a_check_for_people_is_a_few_lines(afl: Afl, tmp_path: Path) -> None:
    with running_server(faults=every(unable)) as server:
        profile = f'[llm.mine]\nmodel = "openai:m"\nbase_url = "{server.url}"\ntemperature = "none"\n'
        (tmp_path / "models.toml").write_text(profile)
        checked = afl("llm", "check", "mine", "--config", tmp_path / "models.toml")
    assert checked.code == 0
    lines = dict(line.strip().split(None, 1) for line in checked.out.splitlines() if line.strip())
    assert lines["model"].strip() == "openai:m"
    assert lines["temperature"].strip() == "not asked"
    assert "goes into the user's message" in lines["system"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("offline", "offline: the built-in stand-in has no endpoint to check"),
        ("gpt-4o", "no llm is called 'gpt-4o'; .*openai:gpt-4o"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_line(afl: Afl, name: str, message: str) -> None:
    refused = afl("llm", "check", name)
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)
    assert re.search(message, refused.err)


def test_an_endpoint_that_cannot_be_used_ends_the_check(afl: Afl) -> None:
    with running_server(authorization="Bearer other") as server:
        refused = afl("llm", "check", "openai:m", "--base-url", server.url)
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)
    assert "wrong key" in refused.err


def test_the_list_has_profiles_and_plugins_and_whether_keys_are_there_but_no_key(
    afl: Afl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_KEY", "sk-secret-of-mine")
    (tmp_path / "models.toml").write_text(
        """
        [llm.mine]
        model = "openai:m"
        base_url = "http://me:sk-password@somewhere:8000/v1"
        api_key_env = "MINE_KEY"
        top_p = 0.9
        [llm.other]
        model = "openai:n"
        api_key_env = "NO_SUCH_KEY"
        """
    )
    listed = afl("llm", "list", "--config", tmp_path / "models.toml", "--json")
    rows = {row["name"]: row for row in listed.json["models"]}
    assert listed.json["config"] == str(tmp_path / "models.toml")
    assert (rows["mine"]["kind"], rows["mine"]["model"]) == ("profile", "openai:m")
    assert (rows["mine"]["endpoint"], rows["mine"]["options"]) == ("somewhere:8000", {"top_p": 0.9})
    assert (rows["mine"]["key"], rows["mine"]["key_found"]) == ("MINE_KEY", True)
    assert (rows["other"]["key"], rows["other"]["key_found"]) == ("NO_SUCH_KEY", False)
    assert (rows["offline"]["kind"], rows["offline"]["key"]) == ("plug-in", None)
    people = afl("llm", "list", "--config", tmp_path / "models.toml")
    assert "NO_SUCH_KEY, not found" in " ".join(people.out.split())
    assert "sk-" not in listed.out + people.out + listed.err + people.err


def test_the_list_says_what_tokens_cost_and_where_that_is_from(
    afl: Afl, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    (small / "prices.json").write_text('{"models": {"llama3": [0.05, 0.2]}}')
    (tmp_path / "models.toml").write_text(
        """
        [llm.listed]
        model = "openai:gpt-4o-mini"
        [llm.claude]
        model = "langchain:anthropic:claude-opus-5"
        [llm.stated]
        model = "openai:gpt-4o-mini"
        price_prompt = 1
        price_completion = 2
        [llm.filed]
        model = "openai:llama3"
        base_url = "http://localhost:11434/v1"
        [llm.local]
        model = "openai:gpt-4o-mini"
        base_url = "http://localhost:4000/v1"
        [llm.incomplete]
        model = "langchain:anthropic"
        """
    )
    listed = afl("llm", "list", "--config", tmp_path / "models.toml", "--json")
    prices = {row["name"]: (row["price"], row.get("price_source")) for row in listed.json["models"]}
    openai = listed_price("gpt-4o-mini", provider="openai")
    claude = listed_price("claude-opus-5", provider="anthropic")
    assert openai is not None
    assert claude is not None
    assert prices["listed"] == ([openai.prompt, openai.completion], list_version())
    assert prices["claude"] == ([claude.prompt, claude.completion], list_version())
    assert prices["stated"] == ([1.0, 2.0], "profile")
    assert prices["filed"] == ([0.05, 0.2], str(small / "prices.json"))
    assert prices["local"] == prices["incomplete"] == prices["openai"] == (None, None)
    assert not any("price_source" in row for row in listed.json["models"] if row["price"] is None)
    people = afl("llm", "list", "--config", tmp_path / "models.toml").out
    assert all(part in people for part in ("$1 prompt", "(profile)", f"({list_version()})"))


def test_a_check_says_what_tokens_cost(afl: Afl, small: Path) -> None:
    with running_server(faults=every(able)) as server:
        checked = ("llm", "check", "openai:m", "--base-url", server.url)
        assert "price" not in afl(*checked, "--json").json
        assert "not known" in afl(*checked).out
        (small / "prices.json").write_text('{"models": {"m": [0.05, 0.2]}}')
        assert "$0.05 prompt, $0.2 completion" in afl(*checked).out
        found = afl(*checked, "--json").json
    assert (found["price"], found["price_source"]) == ([0.05, 0.2], str(small / "prices.json"))


def test_without_a_file_the_list_says_so(afl: Afl) -> None:
    assert afl("llm", "list", "--json").json["config"] is None
    assert "no afl.toml here or in AFL_HOME" in afl("llm", "list").out
