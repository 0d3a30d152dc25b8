"""Titles of candidate lists: stored once, looked up by item."""

from dataclasses import replace

import pytest
from sqlalchemy import create_engine, func, select

from memory.records import CandidateRecord
from memory.schema import titles
from memory.store import Store

TITLES = {1: "Heat", 2: "Alien", 3: "Ran\ud800", 4: "\x00", 5: "Up", 6: 'a "quoted" title'}


async def test_titles_come_back_by_item(store: Store, lists: CandidateRecord) -> None:
    run = await store.begin_run("x", {}, replace(lists, titles=TITLES))
    assert await run.titles() == TITLES
    assert await (await store.run("x")).candidates() == replace(lists, titles=TITLES)


async def test_a_run_without_stored_titles_says_so(store: Store, lists: CandidateRecord) -> None:
    run = await store.begin_run("x", {}, lists)
    assert await run.titles() is None
    assert (await run.candidates()).titles is None


async def test_runs_that_show_the_same_titles_share_them(store: Store, url: str, lists: CandidateRecord) -> None:
    for name, by_item in (("x", TITLES), ("y", dict(reversed(TITLES.items()))), ("z", {1: "Heat"})):
        await store.begin_run(name, {}, replace(lists, titles=by_item))
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(titles)).scalar() == 2
    engine.dispose()


NAMES = ("7", "17", "1", '7"', ',"7":[', "ü\x00", "\ud800")


@pytest.mark.parametrize("name", NAMES)
async def test_the_list_of_one_session_is_found_among_all(store: Store, name: str) -> None:
    lists = {session: (number, 10 * number) for number, session in enumerate(NAMES)}
    run = await store.begin_run("x", {}, CandidateRecord("hash", lists))
    assert await run.session_candidates(name) == lists[name]
    assert await run.session_candidates(name + "?") == ()
