"""A small world: three tastes that never mix, sixty listeners, titles anyone can follow."""

from collections.abc import Callable

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.draws import generator
from afl.llm.language_model import LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.offline import offline_model
from afl.settings import Settings

TASTES = ("Jazz", "Metal", "Techno")
SIZE = 20

Ask = Callable[[str], str]


def title(taste: str, number: int) -> str:
    return f"{taste} {number:02d}"


def listener(number: int) -> Sequence:
    taste = number % len(TASTES)
    draws = generator("offline tests", number)
    items = draws.sample(range(taste * SIZE, (taste + 1) * SIZE), 12)
    return Sequence(f"u{number}", tuple(items))


@pytest.fixture(scope="session")
def world() -> Dataset:
    titles = [title(taste, number) for taste in TASTES for number in range(SIZE)]
    attributes = [
        {"class": (taste,), "release_year": (str(1960 + number),), "label": (f"L{number % 4}",)}
        for taste in TASTES
        for number in range(SIZE)
    ]
    sequences = [listener(number) for number in range(60)]
    return Dataset(
        name="world",
        format="test",
        domain=get_domain("music"),
        catalogue=Catalogue.build(titles, titles, attributes),
        splits={
            Split.TRAIN: Sequences.of(sequences[:48]),
            Split.VALID: Sequences.of(sequences[48:54]),
            Split.TEST: Sequences.of(sequences[54:]),
        },
    )


@pytest.fixture(scope="session")
def model(world: Dataset) -> LanguageModel:
    return offline_model(context(world))


def context(dataset: Dataset, argument: str | None = None) -> LanguageModelContext:
    spec = LanguageModelSpec("offline" if argument is None else f"offline:{argument}")
    return LanguageModelContext(spec, dataset, Settings(_env_file=None))


@pytest.fixture(scope="session")
def ask(model: LanguageModel) -> Ask:
    def answer(request: str) -> str:
        return str(model.chat.invoke([SystemMessage("You speak for one listener."), HumanMessage(request)]).text)

    return answer
