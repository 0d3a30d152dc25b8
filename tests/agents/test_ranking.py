"""Ranked lists, as models really write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.types import Outcome
from agents.ranking import parse_ranking

TITLES = ("Muse", "Air", "Item: Air", "Air Supply", "10. Neu!", "Items: live", "!!!")


@pytest.mark.parametrize(
    "text",
    [
        "Reason: loud\nItems:\n1. Muse\n2. Air",
        "**Reason:** loud\n\n**Items:**\n1. **Muse**\n2. **Air**",
        "### Reason\nloud\n### Items\n1) Muse\n2) Air",
        "Reason: loud\nItems:\n- Muse\n- Air",
        "Reason: loud\nItems:\nMuse\nAir",
        "Reason: loud\nItems:\n1. Muse - a loud trio\n2. Air (a duo)",
        "Reason: loud\nItems:\n1. Muse\n   - theatrical\n2. Air\n   - soft",
        "Reason: loud\nItems:\n1. Muse\n   Reason: theatrical\n2. Air\n   Reason: soft",
        "Reason: loud\nItems:\n1. Muse\n2. Air\n\nI hope this helps!",
        "Reason: loud\nItems: 1. Muse\n2. Air",
        "Reason: loud\nItems: Muse, Air",
        "Reason: loud\nTop 2 items:\n1. Muse\n2. Air",
        "Reason: loud\nRanking:\n1. Muse\n2. Air",
        "Reason: loud\nItem 1: Muse\nItem 2: Air",
        "Reason: loud\n1. Muse\n2. Air",
        "Items:\n1. Muse\n2. Air\n\nReason: loud",
        "Items:\nMuse\nAir\nReason: loud",
        "<think>Items:\n1. Air\n2. Muse</think>Reason: loud\nItems:\n1. Muse\n2. Air",
        "Reason: soft\nItems:\n1. Air\n2. Muse\nNo:\nReason: loud\nItems:\n1. Muse\n2. Air",
        "1. Reason: loud\n2. Items:\n   1. Muse\n   2. Air",
        "Reason: loud\nItems:\n1. Muse\n2. Air\n3. Air Supply",
        '{\n  "reason": "loud",\n  "items": [\n    "Muse",\n    "Air"\n  ]\n}',
    ],
)
def test_a_list_is_read_in_whatever_dress(text):
    parsed = parse_ranking(text, TITLES, top=2)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, ("Muse", "Air"), "loud")


def test_titles_that_look_like_labels_or_numbers_stay_titles():
    text = "Reason: odd\nItems:\n1. Item: Air\n2. 10. Neu!\n3. Items: live\n4. !!!"
    assert parse_ranking(text, TITLES, top=4).value == ("Item: Air", "10. Neu!", "Items: live", "!!!")


def test_numbers_of_candidates_are_entries_too():
    assert parse_ranking("Items:\n1. #4\n2. candidate 1", TITLES, top=2).value == ("Air Supply", "Muse")


def test_an_entry_that_is_not_listed_is_off_list_and_says_which():
    parsed = parse_ranking("Reason: loud\nItems:\n1. Muse\n2. Radiohead", TITLES, top=2)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OFF_LIST, None, "loud")
    assert parsed.problem.startswith('Entry 2: "Radiohead" is not on the list of candidates')


def test_every_wrong_entry_is_told_so_that_one_repair_can_help():
    parsed = parse_ranking("Items:\n1. Blur\n2. Muse\n3. Low", TITLES, top=3)
    assert parsed.problem.startswith('Entry 1: "Blur" is not on the list')
    assert 'Entry 3: "Low" is not on the list' in parsed.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The reply is empty"),
        ("I would take Muse and Air.", 'no line that says "Items:"'),
        ("Reason: loud\nItems:", "The list has 0 of 2 titles"),
        ("Reason: loud\nItems:\n1. Muse", "The list has 1 of 2 titles"),
        ("Reason: loud\nItem: Muse", 'no line that says "Items:"'),
        ("Items:\n1. Muse\n2. muse", '"Muse" is listed more than once; list 2 different titles'),
        ("Reason: they share\n1. a beat\n2. a country", 'no line that says "Items:"'),
    ],
)
def test_what_is_no_whole_list_is_unparsed_and_not_completed(text, problem):
    parsed = parse_ranking(text, TITLES, top=2)
    assert (parsed.outcome, parsed.value) == (Outcome.UNPARSED, None)
    assert problem in parsed.problem


@pytest.mark.parametrize("text", ["Items: Muse, Radiohead", "Items: Muse Air", "Items:\n1.\n2. Air"])
def test_what_could_only_be_guessed_is_off_list(text):
    assert parse_ranking(text, TITLES, top=2).outcome is Outcome.OFF_LIST


def test_a_plain_refusal_to_take_part_is_declined():
    assert parse_ranking("I'm sorry, but I can't help with that.", TITLES, top=2).outcome is Outcome.DECLINED


@settings(deadline=None)
@given(
    text=st.text(alphabet=st.sampled_from('Items:\n123. Reason-*#"[]MuseAir'), max_size=60), top=st.integers(1, 4)
)
def test_no_text_breaks_the_parser(text, top):
    parsed = parse_ranking(text, TITLES, top=top)
    assert (parsed.outcome is Outcome.OK) == (parsed.value is not None) == (not parsed.problem)
    assert len(set(parsed.value or ())) == (top if parsed.value else 0)


@settings(deadline=None)
@given(st.permutations(TITLES), st.sampled_from(["{n}. {t}", "{n}) {t}", "- {t}", "{n}. **{t}**"]))
def test_any_order_comes_back_as_written(order, line):
    written = [line.replace("{n}", str(n)).replace("{t}", title) for n, title in enumerate(order[:3], start=1)]
    parsed = parse_ranking("\n".join(["Reason: so", "Items:", *written]), TITLES, top=3)
    assert parsed.value == tuple(order[:3])
