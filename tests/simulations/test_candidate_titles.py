"""Titles of candidate lists: stored with the run, else from the data set, else from the prompts, else unknown."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import create_engine, text

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.testing.server import FakeServer
from memory.records import Transcript
from memory.run import Run
from memory.store import Store
from simulations import inspect
from simulations.cli.transcript import dialogue
from simulations.task.candidate_titles import candidate_titles, titles_of_dataset
from tests.simulations.conftest import Afl


@pytest.fixture
def listed(loop: Afl, server: FakeServer) -> tuple[str, ...]:
    """The candidates of a session of the run `x`, as its agents were shown them."""
    loop(server, "--run", "x", "--sessions", "2", "--rounds", "1")
    return shown()


def shown() -> tuple[str, ...]:
    titles = inspect("x").candidates
    assert titles is not None
    return tuple(titles)


def forget(small: Path) -> None:
    """What runs begun before titles were stored look like."""
    engine = create_engine(f"sqlite:///{small / 'afl.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE runs SET titles = NULL"))
    engine.dispose()


async def nothing() -> Sequence[str] | None:
    return None


async def loaded(small: Path) -> tuple[Store, Run, Transcript]:
    store = await Store.open(f"sqlite:///{small / 'afl.db'}")
    run = await store.run("x")
    transcript = await anext(run.transcripts_by_id())
    return store, run, transcript


async def test_stored_titles_need_neither_data_set_nor_prompts(listed: tuple[str, ...], small: Path) -> None:
    store, run, transcript = await loaded(small)
    async with store:
        titles = await candidate_titles(run, replace(transcript, exchanges=()), nothing)
    assert titles is not None
    assert len(titles) == len(set(titles)) == len(listed) == 20


async def test_titles_that_are_not_stored_come_from_the_data_set(
    listed: tuple[str, ...], small: Path, dataset: Dataset
) -> None:
    store, run, transcript = await loaded(small)
    async with store:
        stored = await candidate_titles(run, transcript, nothing)
        forget(small)
        datasets = DatasetStore(small / "data")
        silent = replace(transcript, exchanges=())
        assert await candidate_titles(run, silent, lambda: titles_of_dataset(run.config, datasets)) == stored


def test_without_the_data_set_they_come_from_the_prompts(listed: tuple[str, ...], small: Path) -> None:
    forget(small)
    DatasetStore(small / "data").remove("small")
    assert shown() == listed


async def test_a_data_set_that_has_changed_has_other_titles(listed: tuple[str, ...], small: Path) -> None:
    datasets = DatasetStore(small / "data")
    assert await titles_of_dataset({"dataset": "small", "dataset_hash": "another"}, datasets) is None


async def test_with_none_of_them_they_are_unknown_and_the_terminal_says_so(
    listed: tuple[str, ...], small: Path
) -> None:
    store, run, transcript = await loaded(small)
    async with store:
        forget(small)
        silent = replace(transcript, exchanges=())
        assert await candidate_titles(run, silent, nothing) is None
    out = Console(record=True, width=100)
    out.print(dialogue(silent, None))
    assert "titles unknown: the data set is gone or changed" in out.export_text()
