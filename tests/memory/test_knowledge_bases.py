"""Knowledge bases in the store."""

from dataclasses import replace

import pytest

from afl.errors import ConflictError, NotFoundError
from afl.hints.knowledge_base import Effect, Hint, HintOrigin, HintRecord, HintStatus
from memory.knowledge_bases import KnowledgeBaseRecord


@pytest.fixture
def base() -> KnowledgeBaseRecord:
    origin = HintOrigin(("took what is known",), ("the era",), Effect("7", None, 3), (Effect("8", 4, 2),))
    trials = (
        HintRecord("Watch Heat.", HintStatus.LEAK, reason="it names 'Heat'", session="7"),
        HintRecord("Look at eras.", HintStatus.ACCEPTED, 1, session="7", origin=origin),
    )
    return KnowledgeBaseRecord("films", {"dataset": "demo", "llm": "offline", "size": 20}, trials)


async def test_a_base_comes_back_with_everything_about_its_hints(store, base):
    await store.knowledge_bases.save(base)
    assert await store.knowledge_bases.load("films") == base
    assert base.base.hints == (Hint(1, "Look at eras."),)


async def test_a_base_names_the_run_that_explored_it(store, base, lists):
    await store.begin_run("films", {}, lists)
    await store.knowledge_bases.save(replace(base, run="films"))
    assert (await store.knowledge_bases.load("films")).run == "films"


async def test_saving_the_same_again_changes_nothing(store, base):
    await store.knowledge_bases.save(base)
    await store.knowledge_bases.save(replace(base, created=0.0))
    assert (await store.knowledge_bases.load("films")).created == base.created


async def test_another_base_under_the_same_name_is_refused(store, base):
    await store.knowledge_bases.save(base)
    with pytest.raises(ConflictError, match="'films' exists with other hints"):
        await store.knowledge_bases.save(replace(base, trials=()))
    assert await store.knowledge_bases.load("films") == base


async def test_a_base_can_be_replaced(store, base):
    await store.knowledge_bases.save(base)
    await store.knowledge_bases.save(replace(base, trials=base.trials[1:]), replace=True)
    assert len((await store.knowledge_bases.load("films")).trials) == 1


async def test_a_base_that_is_not_there_is_told_with_those_that_are(store, base):
    await store.knowledge_bases.save(base)
    assert await store.knowledge_bases.find("songs") is None
    with pytest.raises(NotFoundError, match="'songs'; available: films"):
        await store.knowledge_bases.load("songs")


async def test_bases_are_listed_with_how_many_hints_were_tried(store, base):
    await store.knowledge_bases.save(base)
    (line,) = await store.knowledge_bases.summaries()
    assert (line.name, line.dataset, line.llm, line.hints, line.trials) == ("films", "demo", "offline", 1, 2)
