"""The user agent before several items: weighs its own taste, the scores beside them, and what the agent says."""

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from afl.data.domains import get_domain
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.testing import MemoryJournal, scripted_model
from afl.types import SessionView
from agents import RecommendationAgent, UserAgent
from agents.parsing import parse_recommendation
from agents.ranking import parse_ranking
from agents.repair import Question

LISTED = ("Metal 04", "Jazz 05", "Techno 06", "Jazz 07", "New one", "New two")
VIEW = SessionView(
    session="7",
    domain=get_domain("music"),
    history=(1, 2, 3),
    history_titles=("Jazz 01", "Jazz 02", "Jazz 03"),
    candidates=tuple(range(len(LISTED))),
    candidate_titles=LISTED,
)

NOBODY = JournaledChat.live(scripted_model([]), MemoryJournal())
"""The agents only word their questions here."""


def asked(model: LanguageModel, question: Question) -> str:
    messages = [SystemMessage(question.system), HumanMessage(question.request)]
    return str(model.chat.invoke(messages).text)


def chosen(model: LanguageModel, *titles: str, scores: list[float] | None = None, reason: str = "") -> str | None:
    question = UserAgent(NOBODY).choice_question(VIEW, titles=titles, scores=scores, reason=reason)
    return parse_recommendation(asked(model, question), titles).value


def test_the_history_speaks_for_an_item(model: LanguageModel) -> None:
    assert chosen(model, "Metal 04", "Jazz 05", "Techno 06") == "Jazz 05"


@pytest.mark.parametrize("high", ["New one", "New two"])
def test_between_equals_the_score_decides(model: LanguageModel, high: str) -> None:
    scores = [3.0 if title == high else -1.0 for title in ("New one", "New two")]
    assert chosen(model, "New one", "New two", scores=scores) == high


@pytest.mark.parametrize("named", ["New one", "New two"])
def test_between_equals_the_models_suggestion_that_the_agent_tells_of_decides(
    model: LanguageModel, named: str
) -> None:
    reason = f"They all fit. I prefer the first to {named}, which was suggested."
    assert chosen(model, "New one", "New two", reason=reason) == named


def test_the_reason_speaks_of_the_score(model: LanguageModel) -> None:
    question = UserAgent(NOBODY).choice_question(VIEW, titles=["Jazz 05"], scores=[1.25], reason="")
    assert "a score of 1.25 is" in asked(model, question).lower()


@pytest.mark.parametrize("top", [1, 3, 6])
def test_a_list_of_any_length_begins_with_what_it_would_recommend_alone(model: LanguageModel, top: int) -> None:
    agent = RecommendationAgent(NOBODY)
    alone = asked(model, agent.question(VIEW, advice=[], memory=[]))
    ranked = parse_ranking(asked(model, agent.ranking_question(VIEW, top=top, advice=[])), LISTED, top=top)
    assert ranked.value is not None
    assert len(ranked.value) == top
    assert ranked.value[0] == parse_recommendation(alone, LISTED).value
    assert ranked.reason


def test_without_anything_listed_nothing_is_named(model: LanguageModel) -> None:
    messages = [SystemMessage("You play one listener."), HumanMessage("Well?\n\nItem: <title>")]
    assert str(model.chat.invoke(messages).text).endswith("Item: none")
