"""What reasoning models think is kept and shown, and is never read as the answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from afl.testing.faults import Completion, Fault
from afl.testing.server import running_server
from tests.simulations.conftest import Afl

THOUGHTS = "Item: The first one? No, better the second.\nDecision: yes"


def thinking(
    finish_reason: str = "stop", *, field: str = "reasoning_content", answers: bool = False
) -> dict[int, Fault]:
    """Every reply thinks in a field of its own; it answers only if it is to."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        (choice,) = completion["choices"]
        content = choice["message"]["content"] if answers else None
        message = {"role": "assistant", "content": content, field: THOUGHTS}
        details = {"completion_tokens_details": {"reasoning_tokens": 40}}
        body = {
            **completion,
            "choices": [{**choice, "message": message, "finish_reason": finish_reason}],
            "usage": completion["usage"] | details,
        }
        return web.json_response(body)

    return dict.fromkeys(range(1, 500), fault)


def lines(exported: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported.splitlines()]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thinking_beside_an_answer_is_exported_apart(
    field: str, loop: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server(faults=thinking(field=field, answers=True)) as server:
        assert loop(server, "--run", "x", "--sessions", 2).code == 0
    found = lines(exported("x"))
    assert {line["outcome"] for line in found} == {"ok"}
    assert {line["reasoning"] for line in found} == {THOUGHTS}
    assert not any(THOUGHTS in line["reply"] for line in found)


def test_thinking_without_an_answer_is_unparsed_and_repaired(loop: Afl, exported: Callable[[str], bytes]) -> None:
    with running_server(faults=thinking()) as server:
        run = loop(server, "--run", "x", "--sessions", 1)
    assert (run.code, run.json["outcomes"]["unparsed"]) == (1, 1)
    assert [line["outcome"] for line in lines(exported("x"))] == ["unparsed"] * 3
    assert run.json["llm"]["repairs"] == 2


def test_thinking_that_was_cut_off_is_truncated_and_says_what_to_raise(
    loop: Afl, exported: Callable[[str], bytes], afl: Afl
) -> None:
    with running_server(faults=thinking("length")) as server:
        loop(server, "--run", "x", "--sessions", 1)
    (line,) = lines(exported("x"))
    assert (line["outcome"], line["item"]) == ("truncated", None)
    assert "raise --max-tokens" in afl("inspect", "x").out


def test_a_replay_and_a_continuation_hold_the_same_thoughts(loop: Afl, exported: Callable[[str], bytes]) -> None:
    with running_server(faults=thinking(answers=True)) as server:
        loop(server, "--run", "x", "--sessions", 2)
        assert loop(server, "--run", "x", "--sessions", 2).json["llm"]["calls"] == 0
    loop(server, "--run", "y", "--sessions", 2, "--replay", "x")
    assert exported("y") == exported("x")


def test_reasoning_is_counted_by_agent_apart_from_other_tokens(loop: Afl) -> None:
    with running_server(faults=thinking(answers=True)) as server:
        run = loop(server, "--run", "x", "--sessions", 2)
    for usage in run.json["llm"]["by_role"].values():
        assert usage["reasoning_tokens"] == 40 * usage["calls"]
    with running_server() as server:
        run = loop(server, "--run", "y", "--sessions", 2)
    assert {usage["reasoning_tokens"] for usage in run.json["llm"]["by_role"].values()} == {None}


def test_reasoning_is_shown_apart_from_the_reply(
    loop: Afl, afl: Afl, page: Callable[[str], str], tmp_path: Path
) -> None:
    with running_server(faults=thinking(answers=True)) as server:
        loop(server, "--run", "x", "--sessions", 2)
    shown = afl("inspect", "x", "--prompts").out
    assert "[reasoning]" in shown
    assert "(40 reasoning)" in shown
    turns = afl("inspect", "x", "--prompts", "--json").json["dialogue"]["turns"]
    assert {turn["reasoning"] for turn in turns} == {THOUGHTS}
    assert afl("report", "x", "--out", tmp_path / "page").code == 0
    assert "Tokens that models reasoned with" in (tmp_path / "page" / "report.md").read_text()
    (session, *_) = afl("inspect", "x", "--json").json["sessions"]
    dialogue = page(f"/runs/x/sessions/{session['session']}")
    assert '<details class="reasoning"><summary>Reasoning, apart from the reply</summary>' in dialogue
    assert "of which 40 reasoning" in dialogue
    assert "Reasoning tokens, part of the completion tokens" in page("/runs/x")


def test_pages_about_a_model_that_thinks_not_speak_of_no_reasoning(loop: Afl, afl: Afl, tmp_path: Path) -> None:
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 2)
    assert "reasoning" not in afl("inspect", "x", "--prompts").out
    afl("report", "x", "--out", tmp_path / "page")
    assert "reason" not in (tmp_path / "page" / "report.md").read_text().split("## Configuration")[0]


def test_a_model_that_thinks_not_leaves_no_trace_of_it_in_an_export(
    loop: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 1)
    assert all("reasoning" not in line for line in lines(exported("x")))
