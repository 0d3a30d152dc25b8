"""The prompt files: worded per domain, filled once, hashed, replaceable."""

import pytest

from afl.data.domains import DOMAINS, get_domain
from afl.errors import UsageError
from agents import Prompts, prompts_hash


@pytest.mark.parametrize("name", sorted(Prompts.load().texts))
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_every_piece_can_be_worded_for_every_domain(name, domain):
    assert "$" not in Prompts.load().fill(name, domain, problem="none", count="5", entries="1.")


def test_a_domain_speaks_its_own_words():
    system = Prompts.load().fill("user.system", get_domain("movie"))
    assert "one viewer of a service for movies" in system
    assert "the movies you have watched" in system


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


def test_a_file_that_replaces_nothing_is_named(tmp_path):
    (tmp_path / "fantasy.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"got prompt fantasy\.txt, expected one of: choice\.answer"):
        Prompts.load(tmp_path)


@pytest.mark.parametrize(("text", "got"), [("$target", r"got \$target"), ("5 $ a piece", r"got a lone \$")])
def test_a_field_that_nobody_fills_is_named(tmp_path, text, got):
    (tmp_path / "repair.txt").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=got):
        Prompts.load(tmp_path)
