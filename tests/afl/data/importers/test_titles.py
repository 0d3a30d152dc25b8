import pytest

from afl.data.importers._titles import article_first, film


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", "1995"),
        ("Matrix, The (1999)", "The Matrix", "1999"),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", "1966"),
        ("Beautiful Mind, A (2001) ", "A Beautiful Mind", "2001"),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", "1975"),
        ("Shameless (2011– )", "Shameless", "2011"),
        ("unknown", "unknown", None),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", "2009"),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", "1968"),
        ("Ran, Lola (1998)", "Ran, Lola", "1998"),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
         "The City of Lost Children (La Cité des enfants perdus)", "1995"),
        ("Avventura, L' (a.k.a. Adventure, The) (1960)", "L'Avventura (a.k.a. The Adventure)", "1960"),
    ],
)  # fmt: skip
def test_a_title_reads_as_people_say_it(written: str, title: str, year: str | None) -> None:
    assert film(written) == (title, year)


def test_a_title_without_a_trailing_article_stays_as_it_is() -> None:
    assert article_first("The Lion, the Witch and the Wardrobe") == "The Lion, the Witch and the Wardrobe"
