"""Long lists: what is seen at a glance, what a hint makes it see, what stays out of sight."""

from collections.abc import Callable

import pytest
from langchain_core.messages import HumanMessage

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.draws import generator
from afl.llm.language_model import LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.offline import offline_model
from afl.settings import Settings

FILMS = 120
GENRES = ("Drama", "Comedy", "Horror")
COUNTRIES = ("USA", "France", "Japan", "Italy")
HISTORY = "History, oldest first:\n1. Film 101\n2. Film 104\n3. Film 107\n\n"
FORMAT = "List the 10 best, the most likely first.\n\nAnswer with your list:\nReason: <why>\nItems:\n1. <title>"

Ask = Callable[..., list[int]]


def film(number: int) -> dict[str, tuple[str, ...]]:
    return {
        "genre": (GENRES[number % 3],),
        "country": (COUNTRIES[number % 4],),
        "year": (str(1930 + 10 * (number % 8)),),
    }


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """Films of all kinds; the lower a film's number, the more people watched it."""
    titles = [f"Film {number:03d}" for number in range(FILMS)]
    films = Catalogue.build(titles, attributes=[film(number) for number in range(FILMS)])
    viewers = [generator("skimming tests", viewer) for viewer in range(300)]
    watched = [tuple(dict.fromkeys(int(FILMS * draws.random() ** 3) for _ in range(12))) for draws in viewers]
    none = Sequences.of([])
    train = Sequences.of([Sequence(f"u{number}", items) for number, items in enumerate(watched)])
    splits = {Split.TRAIN: train, Split.VALID: none, Split.TEST: none}
    dataset = Dataset("films", "test", get_domain("movie"), films, splits)
    return offline_model(LanguageModelContext(LanguageModelSpec("offline"), dataset, Settings(_env_file=None)))


@pytest.fixture(scope="module")
def ranked(model: LanguageModel) -> Ask:
    def answer(hint: str = "", candidates: range = range(50)) -> list[int]:
        listed = "\n".join(f"{place}. Film {number:03d}" for place, number in enumerate(candidates, start=1))
        advice = f"Advice:\n- Hint: {hint}\n\n" if hint else ""
        reply = str(model.chat.invoke([HumanMessage(f"{HISTORY}Candidates:\n{listed}\n\n{advice}{FORMAT}")]).text)
        return [int(line.rpartition(" ")[2]) for line in reply.partition("Items:\n")[2].splitlines()]

    return answer


def share(numbers: list[int], key: str, value: str) -> float:
    return sum(film(number)[key] == (value,) for number in numbers) / len(numbers)


def test_without_a_hint_what_is_well_known_comes_first(ranked: Ask) -> None:
    assert sum(ranked()) / 10 < 20


@pytest.mark.parametrize(
    ("hint", "key", "value"),
    [
        ("Prefer Horror movies.", "genre", "Horror"),
        ("Look for movies from Japan.", "country", "Japan"),
        ("Expand to cinema from Asia.", "country", "Japan"),
        ("Look for movies of the 1970s.", "year", "1970"),
    ],
)
def test_a_value_named_in_a_hint_comes_to_the_front(ranked: Ask, hint: str, key: str, value: str) -> None:
    assert share(ranked(hint), key, value) > share(ranked(), key, value) + 0.2


def test_a_direction_named_in_a_hint_turns_the_list(ranked: Ask) -> None:
    years = [
        [int(film(number)["year"][0]) for number in ranked(f"Prefer {kind} movies.")]
        for kind in ("older", "newer")
    ]
    assert sum(years[0]) < sum(years[1]) - 100
    assert sum(ranked("Prefer less popular movies.")) > sum(ranked("Prefer popular movies."))


def test_a_hint_that_asks_for_nothing_it_sees_changes_nothing(ranked: Ask) -> None:
    assert ranked("Recommend movies with exceptional cinematography.") == ranked()
    assert ranked("Choose what is often watched together with the history.") == ranked()


def test_a_hint_is_a_hint_whatever_it_names(ranked: Ask) -> None:
    assert ranked("Film 049 is one to avoid") == ranked()


def test_a_short_list_is_weighed_in_full(ranked: Ask) -> None:
    short = range(20)
    assert ranked("Choose what is often watched together with the history.", short) != ranked("", short)
