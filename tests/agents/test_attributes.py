"""Attributes below titles: whatever they are, titles stay what they were to agents and to all that reads requests."""

from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from afl.data.catalogue import Catalogue
from afl.data.domains import get_domain
from afl.data.shown_attributes import LENGTH, attributes_text, require_attributes
from afl.errors import UsageError
from afl.llm.offline.request_parser import Utterance, parse_request
from afl.prompt_headings import HEADINGS
from afl.types import Answer, CallKey, Message, Outcome, Reply, SessionView
from agents import RecommendationAgent, UserAgent
from agents.reparsing import ReplyParser
from agents.sections import (
    listed_titles,
    numbered,
    offer_section,
    scored,
    titles_shown,
    without_attributes,
)

WILD = st.text(min_size=1, max_size=40) | st.sampled_from(
    [
        "Item: B", "Decision: yes", "1. B", "2. ", "Candidates:", "Heat (1995)", "[x]", "A [genre: B]", "$item", "{b}",
        "a\nReason: b", "Recommendation: B", "Dr. Strange", "7", "- Round 1: A", "a\u2028Items:", "]", "M. Night. 3. B",
    ]
)  # fmt: skip
VALUES = st.dictionaries(WILD, st.lists(WILD, max_size=3).map(tuple), max_size=3)
ITEMS = st.lists(st.tuples(WILD, VALUES), min_size=1, max_size=6)
QUICK = settings(max_examples=40, deadline=None, derandomize=True)


def catalogue(items: list[tuple[str, dict[str, tuple[str, ...]]]]) -> tuple[list[str], dict[str, str]]:
    """The titles as data sets have them, and what is shown below each."""
    built = Catalogue.build(
        [str(n) for n in range(len(items))], [title for title, _ in items], [a for _, a in items]
    )
    shown = {
        title: attributes_text(attributes, sorted(attributes))
        for title, attributes in zip(built.titles, built.attributes, strict=True)
    }
    return list(built.titles), {title: text for title, text in shown.items() if text}


@QUICK
@given(ITEMS)
def test_titles_are_read_out_of_a_list_with_attributes_as_without(items):
    titles, shown = catalogue(items)
    listed = numbered(HEADINGS.candidates, titles, shown)
    assert listed_titles(listed, HEADINGS.candidates) == titles
    assert (
        listed_titles(scored(HEADINGS.candidates, titles, [0.5] * len(titles), HEADINGS, shown), "Candidates:")
        == titles
    )
    assert len(listed.splitlines()) == 1 + len(titles) + len(shown)
    assert parse_request([Utterance("user", listed)]).candidates == tuple(titles)


@QUICK
@given(ITEMS)
def test_the_stand_in_reads_scores_beside_attributes(items):
    titles, shown = catalogue(items)
    scores = [number / 4 for number in range(len(titles))]
    request = parse_request([Utterance("user", scored("Candidates:", titles, scores, HEADINGS, shown))])
    assert request.scores == dict(zip(titles, scores, strict=True))


@QUICK
@given(ITEMS)
def test_an_offer_with_attributes_is_the_same_offer(items):
    titles, shown = catalogue(items)
    section = offer_section(titles[0], "why", 0.25, "scale", HEADINGS, shown)
    offer = parse_request([Utterance("user", section)]).offer
    assert (offer.title, offer.reason, offer.score) == (titles[0], "why", 0.25)
    assert titles_shown(section) == [titles[0]]


class Lines(NamedTuple):
    """A reply in lines, by itself and with attributes copied."""

    plain: str
    copied: str


def recorded(section: str, text: str, **kind: Any) -> Answer[str]:
    """The answer in a recorded reply to a request for one of these candidates, or for a list of them."""
    parser = ReplyParser(attributes=True, listed=kind.get("listed", 1), lists="listed" in kind)
    messages: list[Message] = [{"role": "user", "content": f"{section}\n\nAnswer."}]
    return parser.read(CallKey("1", "loop", 1, "recommendation", 0), messages, Reply(Outcome.OK, text))


@QUICK
@given(ITEMS, st.sampled_from([" {}", "\n{}", "\n   {}"]))
def test_a_reply_that_copies_attributes_names_the_same_title(items, copied):
    titles, shown = catalogue(items)
    assume(not any(title.endswith(text) for title in titles for text in shown.values()))
    reply = Lines(
        *(f"Reason: why\nItem: {titles[0]}{end}" for end in ("", copied.format(shown.get(titles[0], ""))))
    )
    listed = numbered(HEADINGS.candidates, titles, shown)
    assert recorded(listed, reply.copied) == recorded(listed, reply.plain)


@QUICK
@given(ITEMS, st.sampled_from([" {}", "\n   {}"]))
def test_a_list_that_copies_attributes_names_the_same_titles(items, copied):
    titles, shown = catalogue(items)
    assume(not any(title.endswith(text) for title in titles for text in shown.values()))
    plain, more = (
        "\n".join(f"{n}. {title}{end.format(shown.get(title, ''))}" for n, title in enumerate(titles, start=1))
        for end in ("", copied)
    )
    listed = numbered(HEADINGS.candidates, titles, shown)
    first, second = (recorded(listed, f"Items:\n{text}", listed=len(titles)) for text in (plain, more))
    assert second == first


@QUICK
@given(VALUES)
def test_attributes_are_one_bounded_line_in_brackets(attributes):
    text = attributes_text(attributes, sorted(attributes))
    assert len(text) <= LENGTH
    assert len(text.splitlines()) == (1 if text else 0)
    assert not text or (text[0], text[-1], text.count("["), text.count("]")) == ("[", "]", 1, 1)


def test_a_line_says_what_is_there_in_the_order_asked_for():
    film = {"year": ("1995",), "genre": ("Crime", "Drama"), "cast": ()}
    assert attributes_text(film, ["genre", "cast", "country", "year"]) == "[genre: Crime, Drama; year: 1995]"
    assert attributes_text(film, ["country"]) == ""
    assert attributes_text({"plot": ("x" * 300,)}, ["plot"]) == f"[plot: {'x' * 188} ...]"


def test_an_unknown_attribute_is_answered_with_those_there_are():
    films = Catalogue.build(["1"], ["Heat"], [{"genre": ("Crime",), "year": ("1995",)}])
    with pytest.raises(UsageError, match="data set 'films' has no attribute 'gnere'; available: genre, year"):
        require_attributes(films, ["year", "gnere"], "films")
    with pytest.raises(UsageError, match="available: no attributes at all"):
        require_attributes(Catalogue.build(["1"]), ["year"], "bare")


@pytest.fixture
def view():
    return SessionView(
        session="1",
        domain=get_domain("movie"),
        history=(0,),
        history_titles=("Heat",),
        candidates=(1, 2),
        candidate_titles=("Alien", "Ran"),
        attributes={"Heat": "[year: 1995]", "Alien": "[year: 1979]"},
    )


def test_history_candidates_and_offer_show_them_and_nothing_where_there_is_none(view):
    question = UserAgent(None).question(view, title="Alien", reason="why", score=0.5, memory=())
    assert "oldest first:\n1. Heat\n   [year: 1995]\n\n" in question.request
    assert "Candidates:\n1. Alien\n   [year: 1979]\n2. Ran\n\n" in question.request
    assert (
        "Recommendation: Alien\n   [year: 1979]\nRecommended because: why\nReward score: 0.50 ("
        in question.request
    )
    ranking = RecommendationAgent(None).ranking_question(view, top=1, advice=())
    assert "Candidates:\n1. Alien\n   [year: 1979]\n2. Ran\n\n" in ranking.request
    chosen = UserAgent(None).choice_question(view, titles=["Alien", "Ran"], scores=[1, 0], reason="")
    assert "1. Alien\n   Reward score: 1.00\n   [year: 1979]\n2. Ran\n   Reward score: 0.00\n\n" in chosen.request


@pytest.mark.parametrize("end", [" [year: 1979]", "\n   [year: 1979]"])
async def test_agents_take_a_copied_line_for_the_title(view, end, says):
    chat = says(f"Reason: old\nItem: Alien{end}", f"Reason: Alien{end}\nDecision: yes")
    turn = await RecommendationAgent(chat).recommend(view, round=1, advice=(), memory=())
    answer = await UserAgent(chat).respond(view, round=1, item=1, reason="old", score=None, memory=())
    assert (turn.item, turn.answer.outcome, answer.decision) == (1, Outcome.OK, True)


def test_a_title_that_ends_like_its_attributes_stays_whole():
    titles = ["Alien [year: 1979]", "Alien"]
    assert without_attributes("Item: Alien [year: 1979]", ["[year: 1979]"], titles) == "Item: Alien [year: 1979]"
