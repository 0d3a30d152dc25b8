"""Which candidate a model means, in the spellings models use."""

import pytest

from agents.matching import match_title

TITLES = (
    "Muse",
    "Air",
    "Air Supply",
    "Björk",
    "AC/DC",
    "10 Years",
    "Years",
    "Wham!",
    "Don't Look Back",
    "Earth, Wind & Fire",
    "Mr. Mister",
    "Simon - Garfunkel",
    '"Heroes"',
    "!!!",
    "Toy Story (1995)",
    "Psycho (1960)",
    "Matrix, The (1999)",
    "Star Trek",
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Muse", "Muse"),
        ("muse.", "Muse"),
        ("**Muse**", "Muse"),
        ("*Muse*.", "Muse"),
        ("`Muse`", "Muse"),
        ('"Muse"', "Muse"),
        ("“Muse.”", "Muse"),
        ("«Muse»", "Muse"),
        ("<Muse>", "Muse"),
        ("ＭＵＳＥ", "Muse"),
        ("3. Muse", "Muse"),
        ("3) **Muse**", "Muse"),
        ("**3. Muse**", "Muse"),
        ("#3 Muse", "Muse"),
        ("[3] Muse", "Muse"),
        ("No. 3: Muse", "Muse"),
        ("Muse (a British band)", "Muse"),
        ("Muse [candidate 1]", "Muse"),
        ("Muse (1994)", "Muse"),
        ("Muse because they are loud", "Muse"),
        ("Muse - a loud trio", "Muse"),
        ("Muse, as they are close to what came before", "Muse"),
        ("Muse. This band is close to the history.", "Muse"),
        ("I would go with **Muse** here", "Muse"),
        ("Air", "Air"),
        ("Air Supply", "Air Supply"),
        ("Air Supply - a soft rock duo", "Air Supply"),
        ("BJORK", "Björk"),
        ("ac/dc", "AC/DC"),
        ("ACDC", "AC/DC"),
        ("10 years", "10 Years"),
        ("10. Years", "Years"),
        ("Wham", "Wham!"),
        ("Wham!.", "Wham!"),
        ("“Don’t look back”", "Don't Look Back"),
        ("Earth, Wind & Fire", "Earth, Wind & Fire"),
        ("6. Mr. Mister.", "Mr. Mister"),
        ("Simon – Garfunkel", "Simon - Garfunkel"),
        ('"Heroes"', '"Heroes"'),
        ("Heroes", '"Heroes"'),
        ("!!!", "!!!"),
        ("**!!!**", "!!!"),
        ("Toy Story", "Toy Story (1995)"),
        ("The Matrix", "Matrix, The (1999)"),
        ("The Matrix (1999)", "Matrix, The (1999)"),
        ("2", "Air"),
        ("#2", "Air"),
        ("Candidate 2", "Air"),
    ],
)
def test_a_decorated_title_is_found(written, meant):
    assert match_title(written, TITLES).title == meant


@pytest.mark.parametrize(
    "written",
    [
        "Radiohead",
        "Air France",
        "Airs",
        "Earth",
        "Earth, wind and water",
        "Star Trek: First Contact",
        "Star Trek - Insurrection",
        "Psycho (1998)",
        "Mr.",
        "99",
        "0",
        "none of them",
        "",
        "***",
    ],
)
def test_what_is_not_on_the_list_is_not_guessed(written):
    match = match_title(written, TITLES)
    assert match.title is None
    assert "not on the list" in match.problem


@pytest.mark.parametrize("written", ["Muse or Air", "Muse, as loud as Air Supply", "**Muse** and **Air**"])
def test_two_candidates_in_one_answer_are_no_choice(written):
    match = match_title(written, TITLES)
    assert match.title is None
    assert "names several candidates" in match.problem


def test_a_title_without_its_mark_fits_all_that_share_it():
    match = match_title("Hurt", ["Hurt [12]", "Hurt [15]", "Muse"])
    assert match.title is None
    assert "fits several candidates (Hurt [12]; Hurt [15])" in match.problem


def test_the_exact_spelling_decides_between_titles_that_differ_by_an_accent():
    titles = ["Bjork", "Björk"]
    assert [match_title(f"**{title}**", titles).title for title in titles] == titles


def test_a_bare_number_is_the_title_where_a_title_is_that_number():
    assert match_title("4.", ["a", "b", "4", "d"]).title == "4"


def test_a_number_before_a_title_does_not_outweigh_the_title():
    assert match_title("1. Air", TITLES).title == "Air"
