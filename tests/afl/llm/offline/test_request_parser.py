"""What is read out of a request, and what is not."""

from hypothesis import given
from hypothesis import strategies as st

from afl.llm.offline.request_parser import (
    Offer,
    PastOffer,
    Task,
    Utterance,
    find_title,
    parse_request,
    suggestion_in_reason,
)

REQUEST = """History, oldest first:
1. Air
2. Muse, The

Candidates:
1. Item: Muse
2. 10. Neu!

Advice:
- A sequential model suggests: 10. Neu!
- Hint: keep to the genre.

Refused so far:
- Round 1: Item: Muse
  Recommended because: It is popular: a score of 9.99.
  Refused because: A score of -0.25 is less than I expected.

Recommendation: Item: Muse
Recommended because: It comes next.
Reward score: 1.20 (0 is average)

Well?

Reason: <why>
Decision: <yes or no>"""


def test_every_section_is_read() -> None:
    request = parse_request([Utterance("system", "You are."), Utterance("user", REQUEST)])
    assert request.task is Task.JUDGE
    assert request.history == ("Air", "Muse, The")
    assert request.candidates == ("Item: Muse", "10. Neu!")
    assert request.suggestion == "10. Neu!"
    assert request.hints == "- Hint: keep to the genre."
    assert request.refused == (PastOffer("Item: Muse", "A score of -0.25 is less than I expected.", -0.25),)
    assert request.offer == Offer("Item: Muse", "It comes next.", 1.2)


def test_the_task_is_that_of_the_last_message() -> None:
    repaired = [
        Utterance("user", REQUEST),
        Utterance("assistant", "Item: Muse"),
        Utterance("user", "Again.\n\nItem: <title>"),
    ]
    assert parse_request(repaired).task is Task.RECOMMEND
    assert parse_request(repaired).offer is not None


def test_a_title_inside_a_longer_word_is_not_named() -> None:
    assert find_title("Queensryche or Air", ("Queen", "Air")) == "Air"
    assert find_title("Airs", ("Air",)) is None


def test_the_longest_title_is_the_one_meant() -> None:
    assert find_title("I would rather watch Alien 3.", ("Alien", "Alien 3")) == "Alien 3"


def test_silence_about_a_model_is_no_suggestion() -> None:
    assert suggestion_in_reason(Offer("Air", "It is nice.", None), ("Air", "Muse")) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()).map(lambda said: Utterance(*said))
    )
)
def test_any_messages_are_read_without_complaint(messages: list[Utterance]) -> None:
    assert isinstance(parse_request(messages).task, Task)
