"""Looking back on a list that missed: what the conversation shows is all it knows."""

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from afl.llm.language_model import LanguageModel

HISTORY = "History, oldest first:\n1. Jazz 01\n2. Jazz 02\n3. Jazz 03\n\n"
LISTED = ("Metal 04", "Techno 06", "Metal 08")
CANDIDATES = "Candidates:\n" + "\n".join(
    f"{place}. {title}" for place, title in enumerate((*LISTED, "Jazz 05", "Jazz 06"), start=1)
)
ASKED = HISTORY + CANDIDATES + "\n\nList the 3 best.\n\nReason: <why>\nItems:\n1. <title>"
GIVEN = "Reason: They are fine.\nItems:\n" + "\n".join(f"{n}. {title}" for n, title in enumerate(LISTED, start=1))


def asked_for(heading: str, shown: str = "") -> HumanMessage:
    return HumanMessage(f"{shown}Look back.\n\nAnswer with a list:\n{heading}\n1. <one>\n2. <another>")


def reflected(model: LanguageModel, *questions: BaseMessage) -> list[str]:
    return str(model.chat.invoke([HumanMessage(ASKED), AIMessage(GIVEN), *questions]).text).split("\n")


def causes(chosen: str) -> tuple[BaseMessage, ...]:
    return (
        asked_for("Mistakes:"),
        AIMessage("Mistakes:\n1. Haste."),
        asked_for("Causes:", f"Chosen next:\n{chosen}\n\n"),
    )


def hints(chosen: str) -> tuple[BaseMessage, ...]:
    return *causes(chosen), AIMessage("Causes:\n1. Haste."), asked_for("Hints:")


def same(model: LanguageModel, new: str, *so_far: str) -> str:
    collected = "\n".join(f"{number}. {hint}" for number, hint in enumerate(so_far, start=1))
    question = f"Hints so far:\n{collected}\n\nNew hint:\n{new}\n\nThe same?\n\nSame: <1 or 0>"
    return str(model.chat.invoke(question).text)


def test_its_mistakes_are_what_it_went_by_and_what_the_history_has_more_of(model: LanguageModel) -> None:
    heading, *mistakes = reflected(model, asked_for("Mistakes:"))
    assert heading == "Mistakes:"
    assert mistakes[0].startswith("1. I went by ")
    assert "2. As to genre, Jazz is more common in the history than in my list." in mistakes


def test_the_causes_are_what_the_item_chosen_has_and_the_list_lacks(model: LanguageModel) -> None:
    assert reflected(model, *causes("Jazz 05"))[:2] == [
        "Causes:",
        "1. The artist chosen shares its genre (Jazz) with the history; most of my list does not.",
    ]


def test_the_hints_are_one_for_each_cause_and_name_no_item(model: LanguageModel) -> None:
    said = reflected(model, *causes("Jazz 05"))
    advice = reflected(model, *hints("Jazz 05"))
    assert advice[0] == "Hints:"
    assert len(advice) == len(said)
    assert any("Jazz artists" in hint for hint in advice)
    assert not any("Jazz 0" in hint for hint in advice)


def test_what_spoke_for_another_item_makes_other_hints(model: LanguageModel) -> None:
    assert reflected(model, *hints("Jazz 05")) != reflected(model, *hints("Metal 08"))


def test_it_says_when_it_is_not_told_what_was_chosen(model: LanguageModel) -> None:
    assert reflected(model, asked_for("Hints:"))[1:] == ["1. I do not see what was chosen."]


def test_without_a_list_of_its_own_it_says_so(model: LanguageModel) -> None:
    reply = str(model.chat.invoke([HumanMessage(ASKED), asked_for("Mistakes:")]).text)
    assert reply == "Mistakes:\n1. I see no list of mine to look back on."


@pytest.mark.parametrize(
    ("new", "so_far", "answer"),
    [
        ("Prefer Jazz artists.", "Look for Jazz artists.", "Same: 1"),
        ("Prefer Jazz artists.", "Avoid Jazz artists.", "Same: 0"),
        ("Mind the genre.", "Pay attention to the genre of the history.", "Same: 1"),
        ("Mind the genre.", "Prefer less popular artists.", "Same: 0"),
        ("Mind the mood.", "Mind the mood.", "Same: 1"),
        ("Mind the mood.", "Mind the weather.", "Same: 0"),
    ],
)
def test_a_hint_repeats_another_that_asks_for_the_same(
    model: LanguageModel, new: str, so_far: str, answer: str
) -> None:
    assert same(model, new, "Prefer newer artists.", so_far) == answer
