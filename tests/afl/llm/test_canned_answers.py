"""The built-in answers of the fake server."""

from afl.llm.canned_answers import canned_answer, refusing_answer, section

RECOMMEND = """History, oldest first:
1. Blur

Candidates:
1. Muse
2. Air, The
3. 1. Item: Zero

Refused so far:
- Round 1: {refused}
  Refused because: too loud

Answer in exactly two lines:
Reason: <why>
Item: <one title, exactly as listed>"""
RESPOND = "Recommendation: Muse {number}\n\nAnswer:\nReason: <why>\nDecision: <yes or no>"


def ask(text: str) -> str:
    return canned_answer([{"role": "system", "content": "Item: no"}, {"role": "user", "content": text}])


def test_an_item_is_one_of_the_list() -> None:
    assert ask(RECOMMEND).partition("\nItem: ")[2] in {"Muse", "Air, The", "1. Item: Zero"}


def test_what_was_refused_is_not_offered_again() -> None:
    first = ask(RECOMMEND).partition("\nItem: ")[2]
    second = ask(RECOMMEND.format(refused=first)).partition("\nItem: ")[2]
    assert second != first


def test_equal_prompts_get_equal_answers() -> None:
    assert ask(RECOMMEND) == ask(RECOMMEND)


def test_about_a_third_of_the_offers_are_accepted() -> None:
    yes = sum(ask(RESPOND.format(number=n)).endswith("Decision: yes") for n in range(300))
    assert 70 <= yes <= 130


def test_a_repair_is_answered_from_the_list_shown_before() -> None:
    repair = {"role": "user", "content": "That could not be used.\n\nReason: <why>\nItem: <one title>"}
    answer = canned_answer([{"role": "user", "content": RECOMMEND}, {"role": "assistant", "content": "?"}, repair])
    assert answer == ask(RECOMMEND)


def test_the_refusing_answerer_never_accepts() -> None:
    offers = [[{"content": RESPOND.format(number=n)}] for n in range(30)]
    assert {refusing_answer(offer).rpartition("\n")[2] for offer in offers} == {"Decision: no"}


def test_a_question_of_another_kind_gets_an_answer_too() -> None:
    assert ask("Hello?") == "I have nothing to say."


def test_a_section_ends_at_the_blank_line() -> None:
    assert section("A:\n1. x\n\n2. y", "A:") == ["1. x"]
    assert section("A:\n1. x", "B:") == []


def test_a_list_has_as_many_candidates_as_are_asked_for() -> None:
    asked = RECOMMEND.replace("Item: <one title, exactly as listed>", "Items:\n1. <title>\n2. <title>")
    listed = ask(asked).partition("Items:\n")[2].splitlines()
    assert len({line.partition(". ")[2] for line in listed} & {"Muse", "Air, The", "1. Item: Zero"}) == 2
