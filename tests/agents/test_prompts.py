"""The prompt files: worded per domain, filled once, hashed, replaceable."""

import hashlib

import pytest

from afl.data.domains import DOMAINS, get_domain
from afl.errors import UsageError
from agents import Prompts, prompts_hash
from agents.prompts.texts import TEXTS


@pytest.mark.parametrize("name", sorted(Prompts.load().texts))
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_every_piece_can_be_worded_for_every_domain(name, domain):
    assert "$" not in Prompts.load().fill(name, domain, problem="none", count="5", entries="1.")


def test_a_domain_speaks_its_own_words():
    system = Prompts.load().fill("user.system", get_domain("movie"))
    assert "one viewer of a service for movies" in system
    assert "the movies you have watched" in system


FIRST = {text.name for text in TEXTS if not (text.is_heading or "_json" in text.name)}
"""The texts without headings and JSON formats."""
RENDERED = {
    "music": "5e856280fd416f1320dd937c1f09dea25533a512fed99d0c2765c586964bdc3f",
    "movie": "d364918edbb6be5f1e99e9876d93e811317945fa7e7eec6ebfe5a89ef35433cf",
    "game": "f484da69bd317a9ac32cb077ce00670adb134cc5d2913e360ce04d27d73ca28d",
}


@pytest.mark.parametrize("name", RENDERED)
def test_every_byte_of_the_prompts_about_music_films_and_games_is_as_it_was(name):
    assert rendered(name) == RENDERED[name]


def test_the_default_domain_is_worded_in_correct_english():
    prompts, item = Prompts.load(), get_domain("item")
    texts = {name: prompts.fill(name, item, problem="none", count="5", entries="1.") for name in prompts.texts}
    having = [text for text in texts.values() if " have cho" in text]
    assert len(having) == 4
    assert all("the items you have chosen" in text or "the items they have chosen" in text for text in having)
    assert "this user chose next" in texts["reflection.causes"]
    assert "this user chose next" in texts["reflection.mistakes"]


def rendered(domain: str) -> str:
    """SHA-256 over all texts in the wording of a domain."""
    prompts = Prompts.load()
    texts = (
        name + prompts.fill(name, get_domain(domain), problem="P", count="5", entries="E")
        for name in sorted(FIRST)
    )
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def test_what_is_filled_in_is_never_expanded_again():
    text = Prompts.load().fill("repair", get_domain("music"), problem="$item ${verb} $$")
    assert "$item ${verb} $$" in text


def test_the_hash_covers_what_a_dialogue_asks_with(tmp_path):
    (tmp_path / "repair.txt").write_text("No: $problem", encoding="utf-8")
    changed = Prompts.load(tmp_path)
    assert prompts_hash() == Prompts.load().hash() == prompts_hash(prompts=Prompts.load())
    assert changed.hash() != prompts_hash()
    assert changed.fill("repair", get_domain("music"), problem="x") == "No: x"


def test_other_pieces_enter_the_hash_where_they_are_used(tmp_path):
    (tmp_path / "ranking.system.txt").write_text("Rank!", encoding="utf-8")
    changed = Prompts.load(tmp_path)
    assert changed.hash() == prompts_hash()
    assert changed.hash("ranking") != prompts_hash("ranking") != prompts_hash()
    assert changed.hash("choice") == prompts_hash("choice") != prompts_hash("ranking")


def test_a_run_begun_before_there_were_rankings_goes_on():
    assert prompts_hash() == "96ff28f70033707c22c229be51eb4f482baa1ea75c4d7c55df6430aed7e66358"


def test_runs_begun_before_the_past_tense_had_a_field_go_on():
    expected = "2ff8afd5004c3877202b6f9b2dd9402a171033542a6064a33934088608cb1c7e"
    assert prompts_hash("ranking", "choice", "reflection") == expected


def test_a_folder_may_be_named_by_a_string(tmp_path):
    (tmp_path / "repair.txt").write_text("No: $problem", encoding="utf-8")
    assert Prompts.load(str(tmp_path)) == Prompts.load(tmp_path)


def test_a_folder_that_is_not_there_is_the_users_mistake():
    with pytest.raises(UsageError, match="nowhere: not a folder; expected a folder of prompt files"):
        Prompts.load("nowhere")


def test_a_file_that_replaces_nothing_is_named(tmp_path):
    (tmp_path / "fantasy.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"got prompt fantasy\.txt, expected one of: choice\.answer"):
        Prompts.load(tmp_path)


@pytest.mark.parametrize(("text", "got"), [("$target", r"got \$target"), ("5 $ a piece", r"got a single \$")])
def test_a_field_that_nobody_fills_is_named(tmp_path, text, got):
    (tmp_path / "repair.txt").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=got):
        Prompts.load(tmp_path)
