"""Answers as JSON objects: the schemas that requests carry, and what is read from replies, obedient or not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.catalogue import one_line
from afl.data.domains import get_domain
from afl.types import Outcome, SessionView
from agents import RecommendationAgent, UserAgent, ZeroShot
from agents.reflection import ReflectionAgent
from agents.structured import (
    MAX_ENUM_CHARACTERS,
    MAX_ENUM_VALUES,
    decision_schema,
    item_schema,
    list_schema,
    parse_structured_decision,
    parse_structured_item,
    parse_structured_list,
    parse_structured_same,
    parse_structured_sentences,
    same_schema,
    sentences_schema,
)

BANDS = ("Muse", "Earth, Wind & Fire", "Morcheeba", "Air")
LONG = tuple(str(number) for number in range(1_500, 1_500 + MAX_ENUM_VALUES + 1))
"""A list that is too long for an enumeration, of titles that are numbers themselves."""
wild = st.text(min_size=1, max_size=40).map(one_line).filter(bool)
titles = st.lists(wild, min_size=2, max_size=8, unique=True)


def replied(**answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False)


@pytest.mark.parametrize(
    ("schema", "keys"),
    [
        (item_schema(BANDS), ["reason", "item"]),
        (item_schema(BANDS, with_reason=False), ["item"]),
        (list_schema(BANDS, 2), ["reason", "items"]),
        (decision_schema(), ["reason", "decision"]),
        (sentences_schema("hints"), ["hints"]),
        (same_schema(), ["same"]),
    ],
)
def test_a_schema_is_what_strict_modes_want_with_the_reason_first(schema: Any, keys: list[str]) -> None:
    assert list(schema["properties"]) == schema["required"] == keys
    assert schema["additionalProperties"] is False
    assert "reason" not in keys or schema["properties"]["reason"]["maxLength"] == 300


def test_the_item_is_one_of_the_candidates_as_listed() -> None:
    assert item_schema(BANDS)["properties"]["item"] == {"type": "string", "enum": list(BANDS)}
    entries = list_schema(BANDS, 3)["properties"]["items"]
    assert (entries["items"]["enum"], entries["minItems"], entries["maxItems"]) == (list(BANDS), 3, 3)


@pytest.mark.parametrize("listed", [LONG, ["x" * 60 + str(number) for number in range(300)]])
def test_a_list_beyond_the_limits_of_strict_modes_is_asked_by_number(listed: list[str]) -> None:
    assert len(listed) > MAX_ENUM_VALUES or sum(map(len, listed)) > MAX_ENUM_CHARACTERS
    expected = {"type": "integer", "minimum": 1, "maximum": len(listed)}
    assert item_schema(listed)["properties"]["item"] == expected
    parsed = parse_structured_item(replied(reason="r", item=7), listed)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, listed[6], "r")
    ranked = parse_structured_list(replied(reason="r", items=[3, 1]), listed, top=2)
    assert ranked.value == (listed[2], listed[0])


def test_a_number_beyond_the_list_is_no_title_that_looks_like_it() -> None:
    assert "1502" in LONG
    parsed = parse_structured_item(replied(reason="r", item=1502), LONG)
    assert (parsed.outcome, parsed.value) == (Outcome.OFF_LIST, None)
    assert "1 to 1001" in parsed.problem


@given(titles, st.integers(0, 99), st.text(max_size=80))
def test_whatever_titles_and_reasons_hold_the_object_is_read_exactly(
    listed: list[str], index: int, reason: str
) -> None:
    title = listed[index % len(listed)]
    parsed = parse_structured_item(replied(reason=reason, item=title), listed)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, title, one_line(reason))
    ranked = parse_structured_list(replied(reason=reason, items=listed), listed, top=len(listed))
    assert (ranked.outcome, ranked.value) == (Outcome.OK, tuple(listed))
    decided = parse_structured_decision(replied(reason=reason, decision="no"), listed)
    assert (decided.outcome, decided.value) == (Outcome.OK, False)


@given(st.text(max_size=200), titles)
def test_any_text_has_an_outcome(text: str, listed: list[str]) -> None:
    assert parse_structured_item(text, listed).value in (None, *listed)
    assert parse_structured_decision(text, listed).value in (None, True, False)
    assert parse_structured_list(text, listed, top=2).outcome in Outcome
    assert parse_structured_sentences(text, "hints").outcome in Outcome
    assert parse_structured_same(text).outcome in Outcome


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"reason": "slow", "item": "Air"}\n```',
        'Sure!\n{"reason": "slow", "item": "air"}',
        "Reason: slow\nItem: Air",
        '<think>{"item": "Muse"}</think>{"reason": "slow", "item": "Air"}',
    ],
)
def test_an_endpoint_that_ignores_the_schema_is_read_like_any_other(text: str) -> None:
    parsed = parse_structured_item(text, BANDS)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, "Air", "slow")


def test_the_problem_is_told_in_terms_of_the_object() -> None:
    assert '"reason" and "item"' in parse_structured_item("Air, I think", BANDS).problem
    assert 'the key "item"' in parse_structured_item("Air, I think", BANDS, with_reason=False).problem
    twice = parse_structured_list(replied(reason="", items=["Air", "Air"]), BANDS, top=2)
    assert "listed more than once" in twice.problem
    assert "Entry 1" in parse_structured_list(replied(reason="", items=["Abba", "Air"]), BANDS, top=2).problem


def test_sentences_and_sameness() -> None:
    assert parse_structured_sentences(replied(hints=["Look\nback.", ""]), "hints").value == ("Look back.",)
    assert [parse_structured_same(replied(same=value)).value for value in (1, 0)] == [True, False]


async def test_each_question_carries_its_schema_and_asks_for_json(view: SessionView, says: Any) -> None:
    said = replied(reason="slow", item="Air")
    chat = says(
        said,
        replied(reason="slow", items=["Air", "Muse"]),
        replied(reason="no", decision="no"),
        said,
        replied(item="Air"),
        structured=True,
    )
    agent, user = RecommendationAgent(chat), UserAgent(chat)
    assert (await agent.recommend(view, round=1, advice=(), memory=())).item == 13
    assert (await agent.rank(view, top=2)).ranking == (13, 10)
    turn = await user.respond(view, round=1, item=13, reason="slow", score=None, memory=())
    assert turn.decision is False
    assert (await user.choose(view, items=(13, 10))).item == 13
    assert (await ZeroShot(chat).recommend(view)).item == 13
    assert [schema["title"] for schema in chat.schemas] == ["item", "items", "decision", "item", "item"]
    assert chat.schemas[3]["properties"]["item"]["enum"] == ["Air", "Muse"]
    for _, messages in chat.requests:
        assert messages[-1]["content"].splitlines()[-1].startswith("{")


async def test_a_repair_repeats_the_json_format_and_the_schema(view: SessionView, says: Any) -> None:
    chat = says("Air!", replied(reason="slow", item="Air"), structured=True)
    turn = await RecommendationAgent(chat).recommend(view, round=1, advice=(), memory=())
    assert (turn.item, len(turn.attempts)) == (13, 2)
    assert chat.schemas[0] == chat.schemas[1]
    repair = chat.requests[1][1][-1]["content"]
    assert "There is no JSON object with the keys" in repair
    assert repair.endswith('"item": "<one title, exactly as listed>"}')


async def test_a_reflection_is_asked_for_json_too(view: SessionView, says: Any) -> None:
    chat = says(
        replied(reason="", items=["Air", "Muse"]),
        replied(mistakes=["I forgot."]),
        replied(causes=["Haste."]),
        replied(hints=["Take time."]),
        replied(same=0),
        structured=True,
    )
    turn = await RecommendationAgent(chat).rank(view, top=2)
    agent = ReflectionAgent(chat)
    reflection = await agent.reflect(view, turn, target=12)
    assert (reflection.mistakes, reflection.hints) == (("I forgot.",), ("Take time.",))
    same = await agent.repeats("a", ["b"], domain=get_domain("music"), session="7", number=1)
    assert same.same is False
    assert [schema["title"] for schema in chat.schemas[1:]] == ["mistakes", "causes", "hints", "same"]


async def test_without_it_no_request_carries_a_schema(view: SessionView, says: Any) -> None:
    chat = says("Reason: slow\nItem: Air")
    await RecommendationAgent(chat).recommend(view, round=1, advice=(), memory=())
    assert chat.schemas == [None]
