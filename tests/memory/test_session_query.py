"""Sessions a page at a time, and every way to choose among them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afl.errors import UsageError
from afl.types import Advice, CallKey, Outcome, Role
from memory.records import SessionRecord, TurnRecord
from memory.session_query import MAX_PAGE_SIZE, AdjacentSessions, Result, SessionFilter

TARGET = "Heat"


def session(
    name, position, items, *, accepted=True, suggestion="Alien", target=TARGET, reason="", tool="", end=None
):
    """One round per item, the last one accepted or not, or without an answer."""
    turns = []
    for round, item in enumerate(items, start=1):
        last = round == len(items)
        advice = (Advice(tool, "take it"),) if tool else ()
        outcome = end or Outcome.OK if last else Outcome.OK
        recommended = CallKey(name, "loop", round, Role.RECOMMENDATION, 0)
        turns.append(
            TurnRecord(key=recommended, outcome=Outcome.OK, item=item, reason=f"{reason} {item}", advice=advice)
        )
        answered = None if outcome is not Outcome.OK else last and accepted
        turns.append(
            TurnRecord(
                key=CallKey(name, "loop", round, Role.USER, 0), outcome=outcome, decision=answered, reason="well"
            )
        )
    return SessionRecord(name, position, target, suggestion, tuple(turns))


SESSIONS = (
    session("hit", 0, ["Heat"], suggestion="Heat", reason="A tense thriller."),
    session("won", 1, ["Alien", "Heat"], reason="Sigur Rós would agree", tool="hint"),
    session("lost", 2, ["Heat", "Alien"], accepted=False, suggestion="Heat"),
    session("wrong", 3, ["Alien"], reason="寿司と映画"),
    session("failed", 4, ["Alien", "Heat"], end=Outcome.UNPARSED),
    session("late", 5, ["Alien", "Ran", "Heat"], reason="thrills, of a kind"),
)


@pytest.fixture
async def run(store, lists):
    run = await store.begin_run("x", {}, lists)
    for record in reversed(SESSIONS):
        await run.record_session(record)
    return run


async def names(run, **conditions):
    page = await run.session_page(SessionFilter(**conditions))
    assert page.total == len(page.rows)
    return [row.session for row in page.rows]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result.HIT, ["hit", "won", "late"]),
        (Result.MISS, ["lost", "wrong"]),
        (Result.FAILED, ["failed"]),
        (Result.WON, ["won", "late"]),
        (Result.LOST, ["lost"]),
        (Result.WRONG, ["wrong"]),
        (Result.GAINED, ["won", "late"]),
        (Result.DROPPED, ["lost"]),
    ],
)
async def test_sessions_are_chosen_by_what_came_of_them(run, result, expected):
    assert await names(run, result=result) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"outcome": "unparsed"}, ["failed"]),
        ({"rounds": 2}, ["won", "lost", "failed"]),
        ({"least_rounds": 2, "result": Result.HIT}, ["won", "late"]),
        ({"hit_after": 1}, ["hit", "lost"]),
        ({"hit_after": 2}, ["hit", "won"]),
        ({"hit_after": 3}, ["hit", "won", "late"]),
        ({"accepted_in": 1}, ["hit", "wrong"]),
        ({"accepted_in": 3}, ["late"]),
        ({"item": "Ran"}, ["late"]),
        ({"item": "Heat", "item_round": 2}, ["won", "failed"]),
        ({"tool": "hint"}, ["won"]),
        ({"tool": "%"}, []),
    ],
)
async def test_sessions_are_chosen_by_how_they_went(run, conditions, expected):
    assert await names(run, **conditions) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("thriller", ["hit"]),
        ("TENSE thriller!", ["hit"]),
        ("thrill*", ["hit", "late"]),
        ("thrill", []),
        ("ros agree", ["won"]),
        ("RÓS", ["won"]),
        ("映画", ["wrong"]),
        ("映楽", []),
        ("well alien", ["won", "lost", "wrong", "failed", "late"]),
        ("...", []),
        ("tense " + "x" * 100, []),
    ],
)
async def test_sessions_are_chosen_by_words_of_their_reasons(run, words, expected):
    assert await names(run, words=words) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_categories=()), max_size=40) | st.text('"*()^:-+{} ANDORTNEaw', max_size=40)
)
async def test_nothing_that_can_be_typed_is_a_mistake(run, text):
    assert (await run.session_page(SessionFilter(words=text, text=text, tool=text, item=text))).total >= 0


async def test_more_words_than_anybody_types_are_refused(run):
    with pytest.raises(UsageError, match="got 51 words, expected at most 50"):
        await run.session_page(SessionFilter(words=" ".join(f"w{number}" for number in range(51))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WO", ["won"]),
        ("ran", ["late"]),
        ("thriller", []),
        ("ete", ["accents"]),
        ("ÉT", ["accents"]),
        ("heat 50", []),
        ("50% l", ["accents"]),
        ("%", []),
        ("e" * 2000, []),
    ],
)
async def test_sessions_are_chosen_by_words_of_their_id_and_titles(run, text, expected):
    await run.record_session(session("accents", 6, ["L'Été à 50% \\o/"], target="L'Été à 50% \\o/"))
    assert await names(run, text=text) == expected


async def test_a_title_without_words_is_found_as_it_is(run):
    await run.record_session(session("odd", 6, ["(!)"]))
    assert await names(run, item="(!)", item_round=1) == ["odd"]


async def test_a_page_is_a_part_of_what_is_wanted_in_the_order_of_the_run(run):
    page = await run.session_page(SessionFilter(result=Result.HIT), offset=1, limit=1)
    assert ([row.session for row in page.rows], page.total, page.offset) == (["won"], 3, 1)
    assert page.rows[0].tools == ("hint",)


async def test_a_page_beyond_the_last_is_empty(run):
    assert await run.session_page(offset=100) == ((), 6, 100)


@pytest.mark.parametrize(
    "requested", [{"offset": -1}, {"limit": 0}, {"limit": MAX_PAGE_SIZE + 1}, {"offset": 1 << 63}]
)
async def test_a_page_that_cannot_be_is_refused(run, requested):
    with pytest.raises(UsageError, match="expected a page of 1 to 1000 sessions"):
        await run.session_page(**requested)


@pytest.mark.parametrize("requested", [{"hit_after": 0}, {"rounds": -1}, {"accepted_in": 1 << 40}])
async def test_a_round_that_cannot_be_is_refused(requested):
    with pytest.raises(UsageError, match="expected a number from"):
        SessionFilter(**requested)


async def test_neighbours_are_the_next_ones_among_the_wanted(run):
    assert await run.adjacent_sessions("lost") == AdjacentSessions("won", "wrong")
    assert await run.adjacent_sessions("lost", SessionFilter(result=Result.HIT)) == AdjacentSessions("won", "late")
    assert await run.adjacent_sessions("hit") == AdjacentSessions(None, "won")
    assert await run.adjacent_sessions("nobody") == AdjacentSessions(None, None)


async def test_words_of_another_run_are_not_found(store, run, lists):
    other = await store.begin_run("y", {}, lists)
    await other.record_session(session("elsewhere", 0, ["Ran"], reason="samurai"))
    assert (await names(run, words="samurai"), await names(other, words="samurai")) == ([], ["elsewhere"])


async def test_a_session_that_is_finished_again_is_found_by_its_new_words(run):
    await run.record_session(session("failed", 4, ["Alien", "Ran"], reason="samurai"))
    assert (await names(run, words="samurai"), await names(run, result=Result.FAILED)) == (["failed"], [])
