"""What every backend of the store promises; a backend is a subclass that says where its database is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afl.errors import ConflictError, NotFoundError, UsageError
from afl.types import CallKey, Outcome
from memory.export import export
from memory.records import CandidateRecord
from memory.store import Store

CONFIG = {"rounds": 4, "models": {"recommender": "sasrec", "llm": "offline"}, "seeds": [303]}
WILD = st.text(st.characters(exclude_categories=()), max_size=60)


class StoreContract:
    """Subclasses give the fixture `url`."""

    @pytest.fixture
    async def store(self, url: str) -> AsyncIterator[Store]:
        async with await Store.open(url) as store:
            yield store

    @pytest.fixture
    async def run(self, store, lists):
        return await store.begin_run("x", CONFIG, lists)

    async def test_the_same_name_and_configuration_continue_a_run(self, store, lists, run):
        again = await store.begin_run("x", CONFIG, lists)
        assert (again.id, again.config, await again.candidates()) == (run.id, CONFIG, lists)

    async def test_a_different_configuration_is_refused_naming_the_first_difference(self, store, lists, run):
        changed = {**CONFIG, "models": {"recommender": "sasrec", "llm": "openai:gpt"}}
        with pytest.raises(ConflictError, match=r'has models.llm="offline", got models.llm="openai:gpt"; choose'):
            await store.begin_run("x", changed, lists)

    async def test_a_missing_key_is_a_difference(self, store, lists, run):
        with pytest.raises(ConflictError, match=r"has rounds=4, got rounds=nothing"):
            await store.begin_run("x", {key: CONFIG[key] for key in ("models", "seeds")}, lists)

    async def test_different_candidates_are_refused(self, store, lists, run):
        with pytest.raises(ConflictError, match='candidates_hash="c0ffee"'):
            await store.begin_run("x", CONFIG, replace(lists, hash="other"))

    async def test_an_unknown_run_is_not_found_among_those_there_are(self, store, run):
        with pytest.raises(NotFoundError, match=r"no run is called 'y'; available: x"):
            await store.run("y")

    async def test_a_list_of_items_comes_back_in_order_and_others_as_they_were(self, run, record):
        listed, *others = record().turns
        stored = replace(record(), turns=(replace(listed, ranking=("Alien", "Heat")), *others))
        await run.record_session(stored)
        assert (await run.transcript("7")).record == stored

    async def test_candidate_lists_keep_their_order(self, run):
        assert list((await run.candidates()).lists) == ["7", "8", "10"]

    async def test_only_a_run_without_replies_is_discarded(self, store, run, lists, entry):
        other = await store.begin_run("y", CONFIG, lists)
        await run.journal().record(entry())
        assert (await store.discard_if_empty(run), await store.discard_if_empty(other)) == (False, True)
        assert [summary.name for summary in await store.runs()] == ["x"]

    async def test_an_entry_is_found_as_it_was_recorded(self, run, entry):
        recorded = entry(finish_reason="stop", prompt_tokens=90, completion_tokens=9, cost_usd=0.01, latency=0.5)
        await run.journal().record(recorded)
        assert await run.journal().find(recorded.key) == recorded

    async def test_an_entry_is_found_after_reopening(self, store, run, entry, url):
        entries = [entry(round=round, role=role) for round in (1, 2, 3) for role in ("recommendation", "user")]
        await asyncio.gather(*(run.journal().record(recorded) for recorded in entries))
        async with await Store.open(url) as reopened:
            journal = (await reopened.run("x")).journal()
            results = [await journal.find(recorded.key) for recorded in entries]
        assert results == [
            replace(recorded, reply=replace(recorded.reply, journaled=True)) for recorded in entries
        ]

    async def test_what_a_cache_had_of_a_prompt_comes_back(self, store, run, entry, url):
        await run.journal().record(entry(prompt_tokens=100, cached_tokens=64, cache_write_tokens=30))
        await run.journal().record(entry(round=2, prompt_tokens=100))
        async with await Store.open(url) as later:
            journal = (await later.run("x")).journal()
            replies = [(await journal.find(entry(round=round).key)).reply for round in (1, 2)]
        assert [(reply.cached_tokens, reply.cache_write_tokens) for reply in replies] == [(64, 30), (None, None)]

    async def test_the_lists_of_prices_in_use_are_recorded_once_in_order(self, store, run):
        for names in ([], ["list 1"], ["list 1"], ["list 2", "list 1"]):
            await run.record_price_lists(names)
        assert (await store.run("x")).price_lists == ["list 1", "list 2"]

    async def test_what_was_never_recorded_is_not_found(self, run, entry):
        await run.journal().record(entry("7"))
        assert await run.journal().find(CallKey("8", "loop", 1, "user", 0)) is None

    async def test_a_forgotten_subject_is_found_again(self, run, entry):
        await run.journal().record(entry())
        run.journal().forget("7")
        assert await run.journal().find(entry().key) == replace(
            entry(), reply=replace(entry().reply, journaled=True)
        )

    async def test_a_reply_replaces_a_failure_and_keeps_its_retries(self, run, entry):
        await run.journal().record(entry(outcome=Outcome.FAILED, text="", error="timeout", retries=3))
        await run.journal().record(entry(round=2))
        await run.journal().record(entry(retries=1))
        run.journal().forget("7")
        results = [await run.journal().find(entry(round=round).key) for round in (1, 2)]
        assert [(stored.reply.outcome, stored.reply.retries) for stored in results] == [("ok", 4), ("ok", 0)]

    @pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.DECLINED, Outcome.TRUNCATED])
    async def test_a_reply_is_never_replaced(self, run, entry, outcome):
        await run.journal().record(entry(outcome=outcome))
        with pytest.raises(ConflictError, match="the journal has a reply for"):
            await run.journal().record(entry(text="another"))

    async def test_a_session_comes_back_as_it_was_finished(self, run, record, entry):
        await run.journal().record(entry())
        await run.record_session(record())
        transcript = await run.transcript("7")
        assert transcript.record == record()
        assert [exchange.entry is not None for exchange in transcript.exchanges] == [True, False, False, False]

    async def test_an_unknown_session_is_not_found(self, run):
        with pytest.raises(NotFoundError, match="no recorded session '7'"):
            await run.transcript("7")

    async def test_each_agent_keeps_its_memory(self, run, record):
        await run.record_session(record())
        assert (await run.transcript("7")).record.memories == record().memories

    async def test_sessions_that_want_of_a_reply_failed_run_again(self, run, record):
        await run.record_session(record("7"))
        await run.record_session(record("8", outcome=Outcome.OVER_BUDGET))
        await run.record_session(record("10", outcome=Outcome.OFF_LIST))
        assert await run.finished_sessions() == {"7", "10"}

    async def test_finishing_again_replaces_the_session(self, run, record):
        failed = record(outcome=Outcome.FAILED)
        await run.record_session(replace(failed, turns=failed.turns[:1] + failed.turns[3:]))
        await run.record_session(record())
        assert (await run.transcript("7")).record == record()

    async def test_a_run_is_summed_up_in_numbers(self, run, record, entry):
        await run.record_session(record("7"))
        await run.record_session(record("8", target="Alien"))
        await run.record_session(record("10", outcome=Outcome.FAILED))
        totals = await run.totals()
        assert (totals.sessions, totals.done, totals.completed, totals.failed) == (3, 2, 2, 1)
        assert (totals.hits, totals.by_round) == (1, ((1, 0), (1, 2)))
        assert totals.outcomes == {"ok": 11, "failed": 1}

    async def test_calls_are_summed_up(self, run, entry):
        await run.journal().record(entry(prompt_tokens=100, completion_tokens=10, cost_usd=0.5, retries=2))
        await run.journal().record(entry(attempt=1, prompt_tokens=120, completion_tokens=11, cost_usd=0.25))
        await run.journal().record(entry(round=2, outcome=Outcome.OVER_BUDGET, text=""))
        calls = (await run.totals()).calls
        assert (calls.calls, calls.retries, calls.repairs) == (2, 2, 1)
        assert (calls.prompt_tokens, calls.completion_tokens, calls.cost_usd) == (220, 21, 0.75)

    async def test_a_reused_reply_is_no_call_and_comes_back_as_reused(self, run, entry):
        await run.journal().record(entry(prompt_tokens=100))
        await run.journal().record(entry(attempt=1, reused=True))
        calls = (await run.totals()).calls
        assert (calls.calls, calls.repairs, calls.prompt_tokens) == (1, 0, 100)
        assert [asked.entry.reply.reused for asked in await run.recorded_requests(["7"])] == [False, True]

    async def test_a_run_is_complete_when_nothing_is_left_to_do(self, store, run, record):
        before = (await run.summary()).status
        await asyncio.gather(*(run.record_session(record(session)) for session in ("7", "8", "10")))
        assert [before] + [summary.status for summary in await store.runs()] == ["incomplete", "complete"]

    async def test_a_held_run_is_running(self, run):
        async with run.hold():
            held = (await run.summary()).status
        assert (held, (await run.summary()).status) == ("running", "incomplete")

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(subject=WILD, prompt=WILD, text=WILD, title=WILD)
    async def test_any_text_comes_back_unchanged(self, url, entry, record, subject, prompt, text, title):
        recorded = entry(subject, prompt=prompt, text=text, error=text, finish_reason=text)
        async with await Store.open(url) as store:
            run = await store.begin_run(f"run {[subject, prompt, text, title]!r}", {}, CandidateRecord("h", {}))
            await run.journal().record(recorded)
            await run.record_session(record(subject, target=title))
            transcript = await run.transcript(subject)
            lines = [line async for line in export(run)]
        assert transcript.record == record(subject, target=title)
        assert transcript.exchanges[0].entry == replace(recorded, reply=replace(recorded.reply, journaled=True))
        assert len("".join(lines).encode("utf-8").splitlines()) == 4


class TestSQLiteFile(StoreContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'a folder' / 'afl.db'}"


class TestPostgreSQL(StoreContract):
    @pytest.fixture
    def url(self, postgresql_url: str) -> str:
        return postgresql_url


async def test_an_unreadable_url_is_a_users_mistake():
    with pytest.raises(UsageError, match=r"expected e\.g\. sqlite:///path"):
        await Store.open("my database")


async def test_a_driver_that_is_not_installed_is_named():
    with pytest.raises(UsageError, match="'nosuch' databases are not supported"):
        await Store.open("nosuch://host/name")
