"""Wild inputs: no decoration hides a title, no junk breaks the parser, no reason forges an answer."""

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from afl.data.catalogue import Catalogue
from afl.types import Outcome
from agents.matching import letters_and_digits
from agents.parsing import parse_decision, parse_recommendation

# A busy machine is no failure of the parser.
WILD = settings(deadline=None)

# Titles full of what answers are made of: stops, quotes, commas, dashes, colons, numbers, labels, accents.
WORDS = st.one_of(
    st.sampled_from(["Air", "Supply", "Muse", "the", "Björk", "A", "II", "yes", "東京", "ﬁsh", "ﷺ", "don't"]),
    st.sampled_from(["Item:", "Decision:", "Reason:", "Dr.", "No.", "10", "#1", "#", "(1995)", "100%"]),
    st.sampled_from(["Fire,", "-", "&", '"Live"', "*star*"]),
)
TITLE = st.one_of(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), st.text(min_size=1, max_size=12))
LISTS = st.lists(TITLE, min_size=1, max_size=20).map(
    lambda titles: Catalogue.build([str(key) for key in range(len(titles))], titles).titles
)
WRAPPERS = st.sampled_from(["{}", "**{}**", "*{}*", '"{}"', "“{}”", "'{}'", "`{}`", "<{}>", "**“{}”**"])
AFTER = st.sampled_from(["{}", "{}.", "{},", " {} ", "{}!", "{} (a good fit)"])
LABELS = st.sampled_from(["Item: {}", "**Item:** {}", "**Item**: {}", "- item: {}", "> Item: {}", "2. Item: {}"])


@WILD
@given(titles=LISTS, label=LABELS, data=st.data())
def test_the_title_as_listed_is_found_under_any_label(titles, label, data):
    title = data.draw(st.sampled_from(titles))
    parsed = parse_recommendation("Reason: it fits\n" + label.replace("{}", title), titles)
    assert (parsed.outcome, parsed.value) == (Outcome.OK, title)


@WILD
@given(titles=LISTS, wrapper=WRAPPERS, after=AFTER, number=st.booleans(), label=LABELS, data=st.data())
def test_any_decoration_leads_back_to_the_title(titles, wrapper, after, number, label, data):
    at = data.draw(st.integers(0, len(titles) - 1))
    title = titles[at]
    inner = f"{at + 1}. {title}" if number else title
    written = after.replace("{}", wrapper.replace("{}", inner))
    # A list on which decorating one title spells another one leaves nothing to tell them apart by.
    others = [letters_and_digits(other) for other in titles if other != title]
    assume(
        letters_and_digits(title) and not any(other and other in letters_and_digits(written) for other in others)
    )
    assume(not title.isdigit())
    parsed = parse_recommendation("Reason: it fits\n" + label.replace("{}", written), titles)
    assert (parsed.outcome, parsed.value) == (Outcome.OK, title)


@WILD
@given(text=st.text(), titles=LISTS)
def test_no_text_breaks_the_parser(text, titles):
    parsed = parse_recommendation(text, titles)
    assert parse_decision(text).outcome in Outcome
    assert (parsed.outcome is Outcome.OK) == (parsed.value in titles)
    assert (parsed.outcome is Outcome.OK) != bool(parsed.problem)


PIECES = st.sampled_from(
    ["Item", ":", "-", "Reason", "**", "Muse", "Air", "\n", " ", "3.", "#", "<think>", "</think>", "`"]
)


@WILD
@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_heap_of_labels_and_marks_breaks_the_parser(text):
    parsed = parse_recommendation(text, ["Muse", "Air"])
    assert (parsed.outcome is Outcome.OK) == (parsed.value is not None)


@WILD
@given(reason=st.lists(WORDS | st.just("Item: Muse") | st.just("Decision: yes"), max_size=12).map(" ".join))
def test_no_reason_wins_over_the_answer_line(reason):
    assert parse_recommendation(f"Reason: {reason}\nItem: Air", ["Muse", "Air"]).value == "Air"
    assert parse_decision(f"Reason: {reason}\nDecision: no").value is False


@pytest.mark.parametrize("junk", ["*", "( ", "**a", "1 ", '"', "a, the ", "<think>", "reason\n", "Item"])
def test_a_hostile_reply_is_read_in_no_time(junk):
    started = time.perf_counter()
    parse_recommendation("Item: " + junk * 20_000, ["Muse", "Air"])
    parse_recommendation(junk * 20_000, ["Muse", "Air"])
    assert time.perf_counter() - started < 5
