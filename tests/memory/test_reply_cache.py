"""Any run may have asked the same before."""

from pathlib import Path

from afl.types import CallKey, JournalEntry, Outcome, Reply
from memory.records import CandidateRecord
from memory.store import Store

EQUAL, OTHER = "ab" * 32, "cd" * 32


def entry(fingerprint: str, outcome: Outcome, text: str, *, attempt: int = 0) -> JournalEntry:
    key = CallKey("7", "loop", 1, "user", attempt)
    return JournalEntry(key, fingerprint, ({"role": "user", "content": "Which?"},), Reply(outcome, text))


async def test_an_answer_of_any_run_is_found_by_its_fingerprint(tmp_path: Path) -> None:
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        run = await store.begin_run("old", {}, CandidateRecord("h", {"7": [1, 2]}))
        await run.journal().record(entry(OTHER, Outcome.OK, "no"))
        await run.journal().record(entry(EQUAL, Outcome.OK, "yes", attempt=1))
        matches = await store.reply_cache(EQUAL)
        assert matches is not None
        assert matches.text == "yes"


async def test_declined_truncated_and_failed_replies_never_answer(tmp_path: Path) -> None:
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        run = await store.begin_run("old", {}, CandidateRecord("h", {"7": [1, 2]}))
        await run.journal().record(entry(EQUAL, Outcome.DECLINED, "I would rather not"))
        await run.journal().record(entry(EQUAL, Outcome.TRUNCATED, "Reas", attempt=1))
        await run.journal().record(entry(EQUAL, Outcome.FAILED, "", attempt=2))
        assert await store.reply_cache(EQUAL) is None


async def test_an_answer_nobody_got_is_not_found(tmp_path: Path) -> None:
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        assert await store.reply_cache(EQUAL) is None
