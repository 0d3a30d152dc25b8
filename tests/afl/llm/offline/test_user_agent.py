"""The user agent: accepts what it would pick itself, names what a refused offer lacks."""

from collections.abc import Callable

Ask = Callable[[str], str]

HISTORY = "History, oldest first:\n1. Jazz 01\n2. Jazz 02\n3. Jazz 03\n\n"
LISTED = "Candidates:\n1. Metal 04\n2. Jazz 05\n3. Techno 06\n\n"
FORMAT = "Is it the one?\n\nAnswer in exactly two lines:\nReason: <why>\nDecision: <yes or no>"


def offer(title: str, score: float | None = None) -> str:
    stated = "" if score is None else f"\nReward score: {score:.2f} (0 is an average artist of the catalogue)"
    return f"Recommendation: {title}\nRecommended because: It is nice.{stated}\n\n"


def decision(reply: str) -> str:
    return reply.rpartition("\nDecision: ")[2]


def test_the_best_of_the_list_is_accepted(ask: Ask) -> None:
    assert decision(ask(HISTORY + LISTED + offer("Jazz 05", 2.5) + FORMAT)) == "yes"


def test_a_lesser_candidate_is_refused_with_what_it_lacks_and_its_score(ask: Ask) -> None:
    reply = ask(HISTORY + LISTED + offer("Metal 04", -0.4) + FORMAT)
    assert decision(reply) == "no"
    assert "I would rather listen to Jazz 05" in reply
    assert "a score of -0.40" in reply.casefold()


def test_a_low_score_turns_it_against_an_offer_it_would_take(ask: Ask) -> None:
    listed = "Candidates:\n1. Jazz 04\n2. Jazz 05\n\n"
    high = [decision(ask(HISTORY + listed + offer(f"Jazz 0{n}", 4.0) + FORMAT)) for n in (4, 5)]
    low = [decision(ask(HISTORY + listed + offer(f"Jazz 0{n}", -4.0) + FORMAT)) for n in (4, 5)]
    assert high == ["yes", "yes"]
    assert low == ["no", "no"]


def test_it_remembers_the_scores_of_what_it_refused(ask: Ask) -> None:
    listed = "Candidates:\n1. Jazz 04\n2. Jazz 05\n\n"
    memory = (
        "Refused so far:\n- Round 1: Jazz 04\n  Recommended because: It is nice.\n"
        "  Refused because: A score of 5.00 is more than I expected.\n\n"
    )
    assert decision(ask(HISTORY + listed + memory + offer("Jazz 05", 0.5) + FORMAT)) == "no"


def test_without_a_list_it_compares_with_what_comes_to_mind(ask: Ask) -> None:
    assert decision(ask(HISTORY + offer("Jazz 05", 4.0) + FORMAT)) == "yes"
    assert decision(ask(HISTORY + offer("Metal 04", -4.0) + FORMAT)) == "no"


def test_after_a_repair_request_the_question_is_answered_again(ask: Ask) -> None:
    repaired = HISTORY + LISTED + offer("Jazz 05", 2.5) + "That answer could not be used.\n\n" + FORMAT
    assert decision(ask(repaired)) == "yes"


def test_the_agent_s_words_tell_it_what_a_model_suggested(ask: Ask) -> None:
    listed = "Candidates:\n1. New one\n2. New two\n\n"
    praised = "Recommendation: New one\nRecommended because: {}\n\n"
    own = praised.format("The model suggests it as well.")
    other = praised.format("It is nice. I prefer it to New two, which was suggested.")
    assert decision(ask(HISTORY + listed + own + FORMAT)) == "yes"
    assert decision(ask(HISTORY + listed + other + FORMAT)) == "no"
