"""What a subject's entries are stored against, and that what earlier versions wrote can be read."""

import hashlib
from typing import Any

from afl.types import CallKey, JournalEntry, Outcome, Phase, Reply, Role
from memory.codec import compress, shared_dictionary
from memory.journal_codec import SubjectEntries


def entry(round: int, role: Role = Role.USER, outcome: Outcome = Outcome.OK) -> JournalEntry:
    messages = ({"role": "user", "content": f"round {round}: " + "what was said before and is said again. " * 20},)
    key = CallKey("7", Phase.LOOP, round, role, 0)
    return JournalEntry(key, f"{round:064x}", messages, Reply(outcome, text="yes"))  # type: ignore[arg-type]


def row(encoded: Any, **changed: Any) -> Any:
    return {**encoded, **changed}


def test_an_entry_comes_back_as_it_was_recorded() -> None:
    writing, reading = SubjectEntries(), SubjectEntries()
    for round in (1, 2, 3):
        reading.decode(row(writing.encode(entry(round))))
    assert [stored.messages for stored in reading.entries.values()] == [
        entry(round).messages for round in (1, 2, 3)
    ]


def test_entries_of_earlier_versions_are_read() -> None:
    text = b'[["user"],[5,3]]\nhello' + b"yes"
    old = row(SubjectEntries().encode(entry(1)), content=compress(text))
    later = row(SubjectEntries().encode(entry(2)), content=compress(text, text), position=2)
    subject = SubjectEntries()
    subject.decode(old)
    subject.decode(later)
    assert [stored.messages[0]["content"] for stored in subject.entries.values()] == ["hello", "hello"]


def test_a_failure_is_nothing_to_store_against() -> None:
    subject = SubjectEntries()
    subject.encode(entry(1))
    before = subject.dictionary()
    subject.encode(entry(2, outcome=Outcome.FAILED))
    assert subject.dictionary() == before
    assert subject.position == 2


def test_words_up_to_a_position_stay_the_same_when_more_is_said() -> None:
    subject = SubjectEntries()
    subject.encode(entry(1))
    then = subject.dictionary()
    subject.encode(entry(2))
    assert subject.dictionary(1) == then != subject.dictionary()


def test_the_words_that_all_requests_share_never_change() -> None:
    """What was stored against them could not be read any more."""
    assert hashlib.sha256(shared_dictionary()).hexdigest() == DIGEST


DIGEST = "224f4a15482820968d9ddf00f16eea18cb003807e9926041ba3b71129c36c3d6"
"""Of memory/words_1.txt, for ever."""
