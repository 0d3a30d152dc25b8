from afl.data.domains import get_domain
from afl.llm.journaled_chat import JournaledChat
from afl.testing import MemoryJournal, scripted_model
from afl.types import UNLISTED, Answer, Message, Outcome, Reply, SessionView, Turn
from agents.ranking import numbered_entries
from agents.reparsing import ReplyParser
from agents.stored_requests import StoredRequests, stored_list, titles_in_request

TITLES = ("Ran", "Heat", "Crash", "Sunset Blvd.")
PROMPT = (
    "I watched following movies in order: M; Big. Based on these interactions, recommend a movie for me to watch next "
    "from a candidate set: Ran; Heat; Crash; Crash; Sunset Blvd..Please recommend from the candidate set."
)
ASKED: tuple[Message, ...] = ({"role": "user", "content": PROMPT},)
VIEW = SessionView(
    session="train-3",
    domain=get_domain("movie"),
    history=(7, 8),
    history_titles=("M", "Big"),
    candidates=(1, 2, 3, 4, 5),
    candidate_titles=("Ran [12]", "Heat", "Crash [3]", "Crash [4]", "Sunset Blvd."),
)


async def turn_of(reply: str) -> Turn:
    chat = JournaledChat.live(scripted_model([reply]), MemoryJournal())
    return await StoredRequests(chat, requests={"train-3": ASKED}).rank(VIEW, top=3)


def test_the_candidates_of_a_stored_request_are_read_out_of_its_sentence() -> None:
    assert titles_in_request(ASKED) == ["Ran", "Heat", "Crash", "Crash", "Sunset Blvd."]
    assert titles_in_request(({"role": "user", "content": "Hello"},)) == []


async def test_an_entry_that_is_no_candidate_takes_its_place() -> None:
    turn = await turn_of("1. The Ring\n2. Sunset Blvd.\n3. Ran")
    assert (turn.outcome, turn.item, turn.ranking) == (Outcome.OK, None, (UNLISTED, 5, 1))


async def test_a_title_that_several_candidates_carry_names_none_of_them() -> None:
    assert (await turn_of("1. Crash\n2. Heat")).ranking == (UNLISTED, 2)


async def test_a_reply_without_any_candidate_is_not_repaired() -> None:
    turn = await turn_of("I would rather not.")
    assert (turn.outcome, len(turn.attempts)) == (Outcome.UNPARSED, 1)


async def test_the_request_is_sent_as_it_was() -> None:
    assert (await turn_of("1. Ran")).answer.messages == ASKED


def test_an_exact_line_is_the_title_letter_by_letter() -> None:
    reply = '1. "Ran"\n2. Heat\n3. sunset blvd.\n4. 10. Heat'
    assert numbered_entries(reply, TITLES, top=4, exact=True) == (None, "Heat", None, None)
    assert numbered_entries(reply, TITLES, top=4) == ("Ran", "Heat", "Sunset Blvd.", None)


def test_a_title_counts_where_it_is_named_first() -> None:
    assert numbered_entries("1. Ran\n2. Ran\n3. Heat", TITLES, top=3) == ("Ran", None, "Heat")


def test_more_lines_than_were_asked_for_are_left_out() -> None:
    assert stored_list(Reply(Outcome.OK, "1. Ran\n2. Heat\n3. Crash"), ASKED, top=2) == ("Ran", "Heat")


async def test_a_stored_reply_reads_again_as_it_was_recorded() -> None:
    turn = await turn_of("1. Crash\n2. Ran\n3. The Ring")
    recorded = ["" if item == UNLISTED else VIEW.title(item) for item in turn.ranking]
    reader = ReplyParser(lists=True, listed=3, stored=True)
    again = reader.read(turn.answer.key, ASKED, turn.answer.reply, run_titles=["Heat", *filter(None, recorded)])
    assert again == Answer(Outcome.OK, ranking=("", "Ran [12]", ""))
