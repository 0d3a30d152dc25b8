"""The tallies are what counting would find, whatever happens to a run."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from afl.types import Advice, Outcome, Role
from memory.aggregates import LATENCY_BORDERS, ItemAggregate
from memory.records import CandidateRecord
from memory.store import Store

BUCKET = " + ".join(f"CASE WHEN latency < {border} THEN 0 ELSE 1 END" for border in LATENCY_BORDERS)
COUNTED = {
    "call_tallies": """
        SELECT run, phase, round, role, outcome,
            NOT reused AND (outcome <> 'over_budget' OR finish_reason IS NOT NULL),
            attempt > 0, cost_usd IS NOT NULL, {bucket},
            count(*), sum(retries), sum(prompt_tokens), sum(completion_tokens),
            round(CAST(coalesce(sum(cost_usd), 0) AS numeric), 9), round(CAST(sum(latency) AS numeric), 9)
        FROM journal GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9""",
    "turn_tallies": """
        SELECT run, phase, round, role, outcome,
            attempt = (SELECT max(attempt) FROM turns AS one
                WHERE (one.run, one.session, one.phase, one.round, one.role)
                = (turns.run, turns.session, turns.phase, turns.round, turns.role)), count(*)
        FROM turns GROUP BY 1, 2, 3, 4, 5, 6""",
    "session_tallies": """
        SELECT run, outcome, completed, accepted, hit, coalesce(suggestion = target, false), rounds, by_round, tools,
            count(*)
        FROM sessions GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9""",
    "item_tallies": """
        SELECT turns.run, round, turns.item, round = rounds, count(*)
        FROM turns JOIN sessions USING (run, session)
        WHERE completed AND phase = 'loop' AND role = 'recommendation' AND turns.outcome = 'ok'
            AND turns.item IS NOT NULL
        GROUP BY 1, 2, 3, 4""",
}
KEPT = {
    "call_tallies": """
        SELECT run, phase, round, role, outcome, sent, repair, priced, bucket, entries, retries, prompt_tokens,
            completion_tokens, round(CAST(cost_usd AS numeric), 9), round(CAST(latency AS numeric), 9)
        FROM call_tallies""",
    "session_tallies": """
        SELECT run, outcome, completed, accepted, hit, base_hit, rounds, by_round, tools, sessions
        FROM session_tallies""",
}


@pytest.fixture
def differences(url):
    """Tables whose tallies are not what counting finds."""

    def look():
        engine = create_engine(url)
        with engine.connect() as connection:

            def rows(query):
                return sorted(map(tuple, connection.execute(text(query.format(bucket=BUCKET)))), key=repr)

            results = [
                table
                for table, query in COUNTED.items()
                if rows(KEPT.get(table, f"SELECT * FROM {table}")) != rows(query)
            ]
        engine.dispose()
        return results

    return look


def said(record, changes):
    """A record some of whose turns were attempted twice, with advice and other items."""
    turns = []
    for turn, (again, item) in zip(record.turns, changes, strict=True):
        if again:
            turns.append(replace(turn, outcome=Outcome.UNPARSED, item=None, decision=None))
            turn = replace(turn, key=turn.key._replace(attempt=1))
        named = turn.item and turn.outcome is Outcome.OK
        turns.append(replace(turn, item=item if named else turn.item, advice=(Advice("suggestion", "x"),) * again))
    return replace(record, turns=tuple(turns))


ENTRIES = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(["7", "8"]),
        "round": st.integers(1, 2),
        "role": st.sampled_from(list(Role)),
        "attempt": st.integers(0, 1),
        "outcome": st.sampled_from([Outcome.OK, Outcome.FAILED, Outcome.OVER_BUDGET, Outcome.TRUNCATED]),
        "finish_reason": st.sampled_from([None, "stop"]),
        "reused": st.booleans(),
        "retries": st.integers(0, 3),
        "prompt_tokens": st.integers(0, 100),
        "cost_usd": st.sampled_from([None, 0.0, 0.1, 0.7]),
        "latency": st.floats(0, 600) | st.sampled_from(LATENCY_BORDERS),
    }
)
SESSIONS = st.tuples(
    st.sampled_from(["7", "8"]),
    st.sampled_from([Outcome.OK, Outcome.FAILED, Outcome.OFF_LIST]),
    st.lists(st.tuples(st.booleans(), st.sampled_from(["Heat", "Alien"])), min_size=4, max_size=4),
)


class TestKept:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(entries=st.lists(ENTRIES, max_size=12), sessions=st.lists(SESSIONS, max_size=4))
    async def test_after_failures_continuations_and_repairs(
        self, url, lists, entry, record, differences, entries, sessions
    ):
        async with await Store.open(url) as store:
            run = await store.begin_run(f"run {entries} {sessions}", {}, lists)
            for recorded in entries:
                await self._record(run, entry(**recorded))
            for session, outcome, changes in sessions:
                await run.record_session(said(record(session, outcome=outcome), changes))
        assert differences() == []

    async def _record(self, run, recorded):
        """As a gate does: what has a reply is not asked again."""
        stored = await run.journal().find(recorded.key)
        if stored is None or stored.reply.outcome.retried_on_continuation:
            await run.journal().record(recorded)

    async def test_when_a_run_goes(self, store, lists, entry, differences):
        run = await store.begin_run("x", {}, lists)
        await run.journal().record(entry(outcome=Outcome.FAILED))
        assert await run.call_aggregates()
        await store.discard_if_empty(run)
        assert (await run.call_aggregates(), differences()) == ((), [])


async def test_latencies_are_counted_between_borders(store, lists, entry):
    run = await store.begin_run("x", {}, lists)
    for round, latency in enumerate((0.0, 0.01, 499.0, 501.0)):
        await run.journal().record(entry(round=round, latency=latency))
    assert [tally.bucket for tally in await run.call_aggregates()] == [0, 1, 14, 15]


async def test_recommendations_are_counted_by_round_and_whether_they_were_the_last(store, lists, record):
    run = await store.begin_run("x", {}, lists)
    await run.record_session(record("7"))
    await run.record_session(record("8", position=1, outcome=Outcome.FAILED))
    assert await run.item_aggregates() == (ItemAggregate(1, "Alien", False, 1), ItemAggregate(2, "Heat", True, 1))


async def test_sessions_are_counted_by_the_way_they_went(store, lists, record):
    run = await store.begin_run("x", {}, lists)
    for position, session in enumerate(("7", "8")):
        await run.record_session(record(session, position=position))
    (tally,) = await run.session_aggregates()
    assert (tally.sessions, tally.hit, tally.base_hit, tally.by_round) == (
        2,
        True,
        False,
        ((False, False), (True, True)),
    )
    assert tally.ended == (await run.totals()).ended


async def test_runs_are_summed_up_together_as_one_by_one(store, lists, record, entry):
    for name in ("x", "y", "z"):
        run = await store.begin_run(name, {}, lists)
        await run.journal().record(entry(cost_usd=0.5))
        await run.record_session(record("7"))
    await store.begin_run("empty", {}, CandidateRecord("h", {}))
    one_by_one = [await (await store.run(name)).summary() for name in ("empty", "z", "y", "x")]
    assert await store.runs() == one_by_one
