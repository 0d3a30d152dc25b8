"""The recommendation agent: weighs history, suggestion, refusals, stated scores and hints."""

from collections.abc import Callable

Ask = Callable[[str], str]

HISTORY = "History, oldest first:\n1. Jazz 01\n2. Jazz 02\n3. Jazz 03\n\n"
FORMAT = "Which one next?\n\nAnswer in exactly two lines:\nReason: <why>\nItem: <one title>"


def candidates(*titles: str) -> str:
    return "Candidates:\n" + "\n".join(f"{n}. {title}" for n, title in enumerate(titles, 1)) + "\n\n"


def suggestion(title: str) -> str:
    return f"Advice:\n- A sequential model suggests: {title}\n\n"


def refused(title: str, why: str, round: int = 1) -> str:
    return f"- Round {round}: {title}\n  Recommended because: It is nice.\n  Refused because: {why}\n"


def item(reply: str) -> str:
    return reply.rpartition("\nItem: ")[2]


def test_the_history_speaks_for_a_candidate_heard_together_with_it(ask: Ask) -> None:
    reply = ask(HISTORY + candidates("Metal 04", "Jazz 05", "Techno 06") + FORMAT)
    assert item(reply) == "Jazz 05"
    assert reply.startswith("Reason: Jazz 05: ")
    assert "Jazz 0" in reply.partition(": ")[2]


def test_between_equals_the_suggestion_decides(ask: Ask) -> None:
    listed = candidates("New one", "New two", "New three")
    assert item(ask(HISTORY + listed + suggestion("New two") + FORMAT)) == "New two"
    assert item(ask(HISTORY + listed + suggestion("New three") + FORMAT)) == "New three"


def test_a_suggestion_against_everything_known_is_not_followed(ask: Ask) -> None:
    listed = candidates("Metal 04", "Jazz 05", "Techno 06")
    reply = ask(HISTORY + listed + suggestion("Metal 04") + FORMAT)
    assert item(reply) == "Jazz 05"
    assert "Metal 04, which was suggested" in reply


def test_an_item_refused_for_a_low_score_makes_room_for_another(ask: Ask) -> None:
    listed = candidates("Jazz 04", "Jazz 05", "Metal 06")
    first = item(ask(HISTORY + listed + FORMAT))
    memory = "Refused so far:\n" + refused(first, "A score of -1.50 is less than I expected.") + "\n"
    assert item(ask(HISTORY + listed + memory + FORMAT)) != first


def test_it_comes_back_to_a_high_score_when_the_others_were_worse(ask: Ask) -> None:
    listed = candidates("New one", "New two", "New three")
    memory = (
        "Refused so far:\n"
        + refused("New one", "A score of 3.20 is more than I expected.", 1)
        + refused("New two", "A score of -2.10 is less than I expected.", 2)
        + refused("New three", "A score of -2.40 is less than I expected.", 3)
        + "\n"
    )
    assert item(ask(HISTORY + listed + memory + FORMAT)) == "New one"


def test_a_wish_in_a_refusal_is_heard(ask: Ask) -> None:
    listed = candidates("New one", "New two", "New three", "New four")
    memory = "Refused so far:\n" + refused("New one", "I would rather listen to New three.") + "\n"
    assert item(ask(HISTORY + listed + memory + FORMAT)) == "New three"


def test_a_hint_that_names_an_aspect_moves_attention_to_it(ask: Ask) -> None:
    history = "History, oldest first:\n1. Jazz 17\n2. Metal 18\n3. Techno 19\n\n"
    listed = candidates("Jazz 00", "Metal 01", "Techno 17", "Jazz 02")
    hinted = "Advice:\n- Keep to the same period and decade as the history.\n\n"
    assert item(ask(history + listed + hinted + FORMAT)) == "Techno 17"


def test_titles_that_look_like_answers_or_headings_stay_titles(ask: Ask) -> None:
    listed = candidates("Item: Jazz 04", "Candidates:", "Jazz 05")
    assert item(ask(HISTORY + listed + FORMAT)) == "Jazz 05"


def test_a_list_of_strangers_gets_an_answer_too(ask: Ask) -> None:
    assert item(ask(candidates("Unheard of", "Never seen") + FORMAT)) in ("Unheard of", "Never seen")


def test_a_hint_that_names_a_value_moves_the_choice_to_items_that_have_it(ask: Ask) -> None:
    request = (
        "History, oldest first:\n1. Unknown\n\n" + candidates("Metal 04", "Techno 04") + "Advice:\n- Hint: {}\n\n"
    )
    assert item(ask(request.format("Look for metal.") + FORMAT)) == "Metal 04"
    assert item(ask(request.format("Look for techno.") + FORMAT)) == "Techno 04"
